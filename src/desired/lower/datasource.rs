//! `[datasource.…]`: looked up, or managed when it has `content`.

use super::{Context, Source, secret};
use crate::address::Kind;
use crate::desired::fields::{self, Fields, listed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::manifest::{Entry, Value};
use crate::resource::{Content, ContentField, ContentValue, Datasource, DatasourceType, EnvType};

pub(super) fn lower(
    context: &Context<'_>,
    source: &Source<'_>,
    fields: &mut Fields<'_>,
) -> Option<Datasource> {
    let workspace = fields.required("workspace", context.reference(Kind::Workspace));
    let datasource_type = fields.required(
        "type",
        fields::word(DatasourceType::ALL, DatasourceType::as_str),
    );
    let name = fields.optional("name", fields::string);
    let env = fields.optional("env", fields::word(&EnvType::ALL, EnvType::as_str));
    let managed = fields.entry("content").is_some();
    if let Some(found) = datasource_type
        && managed
        && found.value == DatasourceType::Rds
    {
        // CreateDataSource wants a SubType for this type alone (API facts 3.14).
        fields.push(
            Diagnostic::error(
                Code::Unsupported,
                found.span,
                "data sources of type `rds` cannot be managed by this version of syncform",
            )
            .help("use `mysql` or `postgresql`, or make it in the console and remove `content`"),
        );
    }
    let (content, description, protect) = if managed {
        let content = content(context, source, datasource_type.map(|t| t.value), fields);
        let description = fields.optional("description", fields::string);
        let protect = fields.optional("protect", fields::boolean);
        (Some(content?), description, protect)
    } else {
        for name in ["description", "protect"] {
            fields.no_effect(
                name,
                "a data source without `content` is looked up, never changed",
                "remove the field, or manage the data source by giving its `content`",
            );
        }
        (None, None, None)
    };
    let workspace = workspace?.value;
    Some(Datasource {
        project_id: context.project_id(&workspace)?,
        workspace,
        name: name.map_or_else(|| source.default_name(), |name| name.value),
        datasource_type: datasource_type?.value,
        env: env.map_or(EnvType::Prod, |env| env.value),
        content,
        description: description.map(|description| description.value),
        protect: protect.is_some_and(|protect| protect.value),
    })
}

/// Reads `content`, whose keys depend on the type.
fn content(
    context: &Context<'_>,
    source: &Source<'_>,
    datasource_type: Option<DatasourceType>,
    fields: &mut Fields<'_>,
) -> Option<Content> {
    let node = &source.table.get("content")?.node;
    let table = fields::table(node, fields.diagnostics())?;
    // Without a type it cannot be told which keys are meant.
    let datasource_type = datasource_type?;
    let mut content = Content::new();
    let mut sound = true;
    for entry in &table.entries {
        let known = datasource_type
            .content_fields()
            .iter()
            .find(|field| field.name == entry.key);
        let value = match known {
            None => {
                fields.push(unknown(entry, datasource_type));
                None
            }
            Some(ContentField { secret: true, .. }) => {
                let written = source.written.get("content").map(|entry| &entry.node.value);
                let origins = match written {
                    Some(Value::Table(table)) => table
                        .get(&entry.key)
                        .map(|entry| context.origins(&entry.node.value)),
                    Some(whole) => Some(context.origins(whole)),
                    None => None,
                };
                secret::lower(entry, &origins.unwrap_or_default(), fields.diagnostics())
                    .map(ContentValue::Secret)
            }
            Some(_) => plain(entry, fields.diagnostics()).map(ContentValue::Plain),
        };
        match value {
            Some(value) => {
                content.insert(entry.key.clone(), value);
            }
            None => sound = false,
        }
    }
    if table.entries.is_empty() {
        fields.push(
            Diagnostic::error(Code::InvalidValue, node.span, "the content is empty")
                .help("remove it to look the data source up instead of managing it"),
        );
        return None;
    }
    sound.then_some(content)
}

fn unknown(entry: &Entry, datasource_type: DatasourceType) -> Diagnostic {
    let names = || {
        datasource_type
            .content_fields()
            .iter()
            .map(|field| field.name)
    };
    let mut diagnostic = Diagnostic::error(
        Code::UnknownField,
        entry.key_span,
        format!(
            "the content of type `{}` has no `{}`",
            datasource_type.as_str(),
            entry.key
        ),
    )
    .help(match did_you_mean(&entry.key, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", listed(names())),
    });
    // It may be the mistyped name of a secret.
    diagnostic.hidden = secret::written(&entry.node);
    diagnostic
}

/// Reads a value that is sent as it is.
fn plain(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<serde_json::Value> {
    match &entry.node.value {
        Value::String(text) => Some(text.clone().into()),
        Value::Integer(integer) => Some((*integer).into()),
        Value::Boolean(boolean) => Some((*boolean).into()),
        Value::Unusable => None,
        other => {
            diagnostics.push(Diagnostic::error(
                Code::WrongType,
                entry.node.span,
                format!(
                    "expected a string, an integer or a boolean, found {}",
                    other.describe()
                ),
            ));
            None
        }
    }
}
