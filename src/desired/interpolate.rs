//! `${...}`: the one expression there is.
//!
//! A string that is one reference becomes the value referred to, of whatever type; a reference within a longer string
//! becomes part of its text. `$${` is a literal `${`.

use super::fields::listed;
use super::variables::Variables;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::manifest::{Entry, Node, Table, Value};
use crate::source::{SourceMap, Span};

/// What references may refer to at some place of a manifest.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) sources: &'a SourceMap,
    /// `${env}`.
    pub(super) environment: &'a str,
    /// `${var.…}`; `None` where variables get their values.
    pub(super) variables: Option<&'a Variables>,
    /// `${each.…}`; `None` outside a block with `for_each`.
    pub(super) each: Option<&'a Each>,
}

/// One turn of a `for_each`.
#[derive(Debug, Clone)]
pub(super) struct Each {
    pub(super) key: String,
    pub(super) value: Node,
}

/// One of the parts of a string.
enum Part<'t> {
    Text(&'t str),
    /// `$${`
    Escape,
    /// What stands between `${` and `}`, and where the `${` begins.
    Reference(&'t str, usize),
    /// A `${` that nothing closes, and where it begins.
    Unclosed(usize),
}

impl Scope<'_> {
    /// The value with every string in it evaluated. What cannot be is reported and becomes [`Value::Unusable`].
    pub(super) fn evaluate(&self, node: &Node, diagnostics: &mut Diagnostics) -> Node {
        let value = match &node.value {
            Value::String(text) if text.contains("${") => self.string(text, node.span, diagnostics),
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.evaluate(item, diagnostics))
                    .collect(),
            ),
            Value::Table(table) => Value::Table(self.table(&table.entries, diagnostics)),
            plain => plain.clone(),
        };
        Node {
            span: node.span,
            value,
        }
    }

    /// The same for every value of a table; keys are left as they are.
    pub(super) fn table<'m>(
        &self,
        entries: impl IntoIterator<Item = &'m Entry>,
        diagnostics: &mut Diagnostics,
    ) -> Table {
        Table {
            entries: entries
                .into_iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    key_span: entry.key_span,
                    node: self.evaluate(&entry.node, diagnostics),
                })
                .collect(),
        }
    }

    fn string(&self, text: &str, span: Span, diagnostics: &mut Diagnostics) -> Value {
        let parts = split(text);
        if let [Part::Reference(name, at)] = parts.as_slice() {
            let spot = self.spot(text, span, *at, name.len() + 3);
            return self.look_up(name, spot, diagnostics);
        }
        let mut out = Some(String::with_capacity(text.len()));
        for part in parts {
            let piece = match part {
                Part::Text(text) => Some(text.to_owned()),
                Part::Escape => Some("${".to_owned()),
                Part::Reference(name, at) => {
                    let spot = self.spot(text, span, at, name.len() + 3);
                    match self.look_up(name, spot, diagnostics) {
                        Value::String(text) => Some(text),
                        Value::Integer(integer) => Some(integer.to_string()),
                        Value::Float(float) => Some(float.to_string()),
                        Value::Boolean(boolean) => Some(boolean.to_string()),
                        Value::Unusable => None,
                        other => {
                            diagnostics.push(
                                Diagnostic::error(
                                    Code::Interpolation,
                                    spot,
                                    format!(
                                        "`{name}` is {}, which cannot be part of a text",
                                        other.describe()
                                    ),
                                )
                                .help(format!("use it alone: \"${{{name}}}\"")),
                            );
                            None
                        }
                    }
                }
                Part::Unclosed(at) => {
                    let spot = self.spot(text, span, at, 2);
                    diagnostics.push(
                        Diagnostic::error(Code::Interpolation, spot, "`${` without its `}`")
                            .help("write `$${` for a literal `${`"),
                    );
                    None
                }
            };
            out = out.zip(piece).map(|(out, piece)| out + &piece);
        }
        out.map_or(Value::Unusable, Value::String)
    }

    /// The value that a reference stands for.
    fn look_up(&self, name: &str, spot: Span, diagnostics: &mut Diagnostics) -> Value {
        match (name, self.each) {
            ("env", _) => return Value::String(self.environment.to_owned()),
            ("each.key", Some(each)) => return Value::String(each.key.clone()),
            ("each.value", Some(each)) => return each.value.value.clone(),
            ("each.key" | "each.value", None) => {
                diagnostics.push(
                    Diagnostic::error(
                        Code::Interpolation,
                        spot,
                        format!("`{name}` has a value only within a block with `for_each`"),
                    )
                    .help("give the block a `for_each`, or use a variable"),
                );
                return Value::Unusable;
            }
            _ => {}
        }
        match (name.strip_prefix("var."), self.variables) {
            (Some(variable), Some(variables)) => {
                if let Some(value) = variables.get(variable) {
                    return value.clone();
                }
                let diagnostic = Diagnostic::error(
                    Code::UnknownVariable,
                    spot,
                    format!("no variable is named `{variable}`"),
                );
                diagnostics.push(match did_you_mean(variable, variables.names()) {
                    Some(near) => diagnostic.help(format!("did you mean `var.{near}`?")),
                    None => diagnostic.help(format!(
                        "declare it: [variables.{}]",
                        variable.escape_debug()
                    )),
                });
            }
            (Some(_), None) => diagnostics.push(
                Diagnostic::error(
                    Code::Interpolation,
                    spot,
                    "variables have no values yet at this place",
                )
                .help("only `${env}` can be used here"),
            ),
            (None, _) => {
                let known = ["var.NAME", "each.key", "each.value", "env"];
                let diagnostic = Diagnostic::error(
                    Code::Interpolation,
                    spot,
                    format!("`{name}` is none of {}", listed(known)),
                );
                diagnostics.push(
                    match did_you_mean(name, ["each.key", "each.value", "env"]) {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                        None => diagnostic.help("write `$${` for a literal `${`"),
                    },
                );
            }
        }
        Value::Unusable
    }

    /// The place of `len` bytes at `at` of a string's value: within its quotes, if the text between them is the value.
    /// Escapes and values from elsewhere have no such place, and the whole string is shown.
    fn spot(&self, value: &str, span: Span, at: usize, len: usize) -> Span {
        let written = self.sources.slice(span);
        [1, 3]
            .into_iter()
            .find(|quotes| {
                written
                    .get(*quotes..written.len().saturating_sub(*quotes))
                    .is_some_and(|inner| inner == value)
            })
            .map_or(span, |quotes| Span {
                start: span.start + quotes + at,
                end: span.start + quotes + at + len,
                ..span
            })
    }
}

/// The names of the variables that a string refers to.
pub(super) fn variables_of(text: &str) -> impl Iterator<Item = &str> {
    split(text).into_iter().filter_map(|part| match part {
        Part::Reference(name, _) => name.strip_prefix("var."),
        _ => None,
    })
}

fn split(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find("${") {
        let at = text.len() - rest.len() + dollar;
        if rest[..dollar].ends_with('$') {
            parts.push(Part::Text(&rest[..dollar - 1]));
            parts.push(Part::Escape);
            rest = &rest[dollar + 2..];
            continue;
        }
        if dollar > 0 {
            parts.push(Part::Text(&rest[..dollar]));
        }
        let inner = &rest[dollar + 2..];
        match inner.find('}') {
            Some(end) => {
                parts.push(Part::Reference(&inner[..end], at));
                rest = &inner[end + 1..];
            }
            None => {
                parts.push(Part::Unclosed(at));
                rest = "";
            }
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{Part, split, variables_of};

    /// The parts of a text, references in brackets.
    fn parts(text: &str) -> String {
        split(text)
            .iter()
            .map(|part| match part {
                Part::Text(text) => (*text).to_owned(),
                Part::Escape => "<escape>".to_owned(),
                Part::Reference(name, at) => format!("<{name} at {at}>"),
                Part::Unclosed(at) => format!("<unclosed at {at}>"),
            })
            .collect()
    }

    #[test]
    fn texts_are_split_at_references() {
        for (text, expected) in [
            ("plain $ {text}", "plain $ {text}"),
            ("${env}", "<env at 0>"),
            ("a${env}b${var.x}", "a<env at 1>b<var.x at 8>"),
            ("$${env}", "<escape>env}"),
            ("a$$${env}", "a$<escape>env}"),
            ("a${", "a<unclosed at 1>"),
            ("é${}", "é< at 2>"),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn only_variables_are_told_apart() {
        let names: Vec<_> = variables_of("${var.a}-${each.key}-$${var.b}-${var.c}").collect();
        assert_eq!(names, ["a", "c"]);
    }
}
