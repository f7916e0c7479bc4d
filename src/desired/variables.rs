//! Variables: declared in manifests, given values by `--var`, the environment, or their default, in this order.

use std::collections::BTreeMap;

use super::fields::{self, Fields, unknown};
use super::inputs::Inputs;
use super::interpolate::Scope;
use crate::address::Address;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::manifest::{Entry, Node, Table, Value, parse_value};
use crate::source::Span;

/// Every declared variable.
#[derive(Debug, Default)]
pub(super) struct Variables(BTreeMap<String, Variable>);

#[derive(Debug)]
struct Variable {
    /// The value; [`Value::Unusable`] if there is none, which has been reported.
    value: Value,
    /// Where values are written: to be masked if one turns out to be a secret.
    written: Vec<Span>,
}

impl Variables {
    /// The value of a variable; `None` if it is not declared.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|variable| &variable.value)
    }

    /// The name of every declared variable.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Where values of a variable are written.
    pub(super) fn written(&self, name: &str) -> &[Span] {
        self.0.get(name).map_or(&[], |variable| &variable.written)
    }

    /// Reads declarations and gives each its value.
    pub(super) fn read(
        declarations: &[&Entry],
        environment: Option<&Table>,
        inputs: &Inputs,
        scope: Scope<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut declared = BTreeMap::<&str, Declaration>::new();
        for entry in declarations {
            if let Some(first) = declared.get(entry.key.as_str()) {
                diagnostics.push(
                    Diagnostic::error(
                        Code::Duplicate,
                        entry.key_span,
                        format!("variable `{}` is declared again", entry.key),
                    )
                    .label(first.span, "first declared here"),
                );
                continue;
            }
            declared.insert(&entry.key, Declaration::read(entry, scope, diagnostics));
        }
        let given = Given {
            environment,
            inputs,
            scope,
        };
        given.report_unknown(&declared, diagnostics);
        Self(
            declared
                .into_iter()
                .map(|(name, declaration)| {
                    let value = given.value(name, &declaration, diagnostics);
                    let set = environment.and_then(|table| table.get(name));
                    let written = declaration.default.iter().map(|default| default.span);
                    let variable = Variable {
                        value,
                        written: written.chain(set.map(|entry| entry.node.span)).collect(),
                    };
                    (name.to_owned(), variable)
                })
                .collect(),
        )
    }
}

/// The types that `type` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Integer,
    Float,
    Boolean,
    List,
    Table,
}

impl Type {
    const ALL: [Self; 6] = [
        Self::String,
        Self::Integer,
        Self::Float,
        Self::Boolean,
        Self::List,
        Self::Table,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Table => "table",
        }
    }

    /// With an article.
    fn describe(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Boolean => "a boolean",
            Self::List => "a list",
            Self::Table => "a table",
        }
    }

    /// `None` of a value that no variable can have.
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) => Some(Self::String),
            Value::Integer(_) => Some(Self::Integer),
            Value::Float(_) => Some(Self::Float),
            Value::Boolean(_) => Some(Self::Boolean),
            Value::Array(_) => Some(Self::List),
            Value::Table(_) => Some(Self::Table),
            Value::Datetime | Value::Unusable => None,
        }
    }
}

/// One `[variables.…]`.
struct Declaration {
    span: Span,
    description: Option<String>,
    /// What values must be: as `type` says, else as the default is, else a string.
    value_type: Type,
    default: Option<Node>,
}

impl Declaration {
    fn read(entry: &Entry, scope: Scope<'_>, diagnostics: &mut Diagnostics) -> Self {
        let mut declaration = Self {
            span: entry.key_span,
            description: None,
            value_type: Type::String,
            default: None,
        };
        if !Address::is_label(&entry.key) {
            diagnostics.push(
                Diagnostic::error(
                    Code::InvalidLabel,
                    entry.key_span,
                    format!("`{}` cannot name a variable", entry.key.escape_debug()),
                )
                .help(super::collect::LABEL_RULE),
            );
        }
        let Some(table) = fields::table(&entry.node, diagnostics) else {
            declaration.default = Some(Node {
                span: entry.node.span,
                value: Value::Unusable,
            });
            return declaration;
        };
        let owner = format!("variable `{}`", entry.key);
        let mut fields = Fields::new(table, entry.node.span, &owner, diagnostics);
        declaration.description = fields
            .optional("description", fields::string)
            .map(|description| description.value);
        let explicit = fields.optional("type", fields::word(&Type::ALL, Type::as_str));
        let default = fields
            .entry("default")
            .map(|entry| scope.evaluate(&entry.node, fields.diagnostics()));
        declaration.value_type = explicit
            .map(|explicit| explicit.value)
            .or_else(|| default.as_ref().and_then(|node| Type::of(&node.value)))
            .unwrap_or(Type::String);
        declaration.default = default.map(|node| declaration.checked(node, fields.diagnostics()));
        fields.finish();
        declaration
    }

    /// The value if it has the variable's type.
    fn checked(&self, node: Node, diagnostics: &mut Diagnostics) -> Node {
        let value = match (Type::of(&node.value), node.value) {
            (Some(found), value) if found == self.value_type => value,
            (_, Value::Unusable) => Value::Unusable,
            // A whole number is a float too.
            (Some(Type::Integer), Value::Integer(integer)) if self.value_type == Type::Float => {
                Value::Float(integer as f64)
            }
            (_, other) => {
                diagnostics.push(Diagnostic::error(
                    Code::WrongType,
                    node.span,
                    format!(
                        "the variable is {}, this is {}",
                        self.value_type.describe(),
                        other.describe()
                    ),
                ));
                Value::Unusable
            }
        };
        Node {
            span: node.span,
            value,
        }
    }
}

/// The values given from outside the declarations.
struct Given<'a> {
    environment: Option<&'a Table>,
    inputs: &'a Inputs,
    scope: Scope<'a>,
}

impl Given<'_> {
    fn value(&self, name: &str, declaration: &Declaration, diagnostics: &mut Diagnostics) -> Value {
        // Every value is checked, also one that another overrides: a wrong one is wrong already.
        let set = self
            .environment
            .and_then(|table| table.get(name))
            .map(|entry| {
                let node = self.scope.evaluate(&entry.node, diagnostics);
                declaration.checked(node, diagnostics).value
            });
        if let Some(text) = self.inputs.variables.get(name) {
            return option(name, text, declaration, diagnostics);
        }
        let default = declaration.default.as_ref().map(|node| node.value.clone());
        set.or(default).unwrap_or_else(|| {
            let described = match &declaration.description {
                Some(description) => format!("variable `{name}` ({description})"),
                None => format!("variable `{name}`"),
            };
            diagnostics.push(
                Diagnostic::error(
                    Code::UnsetVariable,
                    declaration.span,
                    format!("{described} has neither a default nor a value"),
                )
                .help(match &self.inputs.environment {
                    Some(environment) => format!(
                        "give it a value in `env/{environment}.toml`, a `default`, or use `--var {name}=…`"
                    ),
                    None => format!(
                        "give it a `default`, choose an environment that has a value, or use `--var {name}=…`"
                    ),
                }),
            );
            Value::Unusable
        })
    }

    fn report_unknown(
        &self,
        declared: &BTreeMap<&str, Declaration>,
        diagnostics: &mut Diagnostics,
    ) {
        let mean =
            |name: &str, diagnostic: Diagnostic| match did_you_mean(name, declared.keys().copied())
            {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            };
        for entry in self.environment.iter().flat_map(|table| &table.entries) {
            if !declared.contains_key(entry.key.as_str()) {
                let detail = format!("no variable is named `{}`", entry.key);
                diagnostics.push(mean(
                    &entry.key,
                    Diagnostic::error(Code::UnknownVariable, entry.key_span, detail),
                ));
            }
        }
        for name in self.inputs.variables.keys() {
            if !declared.contains_key(name.as_str()) {
                let detail = format!("no variable is named `{name}`, as `--var` has it");
                diagnostics.push(mean(
                    name,
                    Diagnostic::unplaced(Code::UnknownVariable, detail),
                ));
            }
        }
    }
}

/// The value of a `--var`: its text for a string, else what the text means as TOML.
fn option(
    name: &str,
    text: &str,
    declaration: &Declaration,
    diagnostics: &mut Diagnostics,
) -> Value {
    if declaration.value_type == Type::String {
        return Value::String(text.to_owned());
    }
    let mut ignored = Diagnostics::default();
    let value = parse_value(text, declaration.span)
        .map(|node| declaration.checked(node, &mut ignored).value);
    match value {
        Some(value) if value != Value::Unusable => value,
        _ => {
            // The text itself is not repeated: it may be a secret that was meant for another variable.
            diagnostics.push(
                Diagnostic::error(
                    Code::WrongType,
                    declaration.span,
                    format!(
                        "the value that `--var {name}=…` gives is not {}",
                        declaration.value_type.describe()
                    ),
                )
                .help("write it as TOML would: `3`, `true`, `[\"a\", \"b\"]`"),
            );
            Value::Unusable
        }
    }
}

/// Reports what an environment's file has besides variables and provider settings.
pub(super) fn check_environment_file(table: &Table, diagnostics: &mut Diagnostics) {
    for entry in &table.entries {
        if !matches!(entry.key.as_str(), "variables" | "provider") {
            diagnostics.push(unknown(
                entry,
                "an environment",
                ["variables", "provider"].into_iter(),
            ));
        }
    }
}
