//! Secrets in manifests: `{ env = "…" }`, `{ file = "…" }` or `{ command = […] }`, never a literal.

use super::path_below_stack;
use crate::desired::fields::{self, Fields};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::{Entry, Node, Table, Value};
use crate::secret::SecretRef;
use crate::source::Span;

const HELP: &str = "refer to it: { env = \"NAME\" }, { file = \"path\" } or { command = [\"program\", \"argument\"] }";

/// Reads a secret. A literal is reported without being shown: its own place is masked, and so are the `origins` of the
/// variables it came through.
pub(super) fn lower(
    entry: &Entry,
    origins: &[Span],
    diagnostics: &mut Diagnostics,
) -> Option<SecretRef> {
    match &entry.node.value {
        Value::Table(table) => reference(&entry.key, table, entry.node.span, diagnostics),
        Value::Unusable => None,
        _ => {
            let mut diagnostic = Diagnostic::error(
                Code::SecretLiteral,
                entry.node.span,
                format!("`{}` is a secret, and manifests hold none", entry.key),
            )
            .help(HELP);
            diagnostic.hidden = written(&entry.node);
            diagnostic.hidden.extend(origins);
            diagnostics.push(diagnostic);
            None
        }
    }
}

/// Where a value is written: of a table that is every value in it, since its own place may be no more than a header.
pub(super) fn written(node: &Node) -> Vec<Span> {
    match &node.value {
        Value::Table(table) => table
            .entries
            .iter()
            .flat_map(|entry| written(&entry.node))
            .collect(),
        _ => vec![node.span],
    }
}

fn reference(
    key: &str,
    table: &Table,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Option<SecretRef> {
    for entry in &table.entries {
        if !matches!(entry.key.as_str(), "env" | "file" | "command") {
            // Whatever it is called, it may be the secret itself.
            let mut diagnostic = Diagnostic::error(
                Code::UnknownField,
                entry.key_span,
                format!("a secret has no field `{}`", entry.key),
            )
            .help(HELP);
            diagnostic.hidden = written(&entry.node);
            diagnostics.push(diagnostic);
        }
    }
    let owner = format!("`{key}`");
    let mut fields = Fields::new(table, span, &owner, diagnostics);
    let env = fields.optional("env", |node, diagnostics| {
        environment_variable(node, diagnostics).map(SecretRef::Env)
    });
    let file = fields.optional("file", |node, diagnostics| {
        path_below_stack(node, diagnostics).map(SecretRef::File)
    });
    let command = fields.optional("command", |node, diagnostics| {
        let words = fields::list(fields::string)(node, diagnostics)?;
        Some(SecretRef::Command(
            words.into_iter().map(|word| word.value).collect(),
        ))
    });
    let ways = ["env", "file", "command"]
        .into_iter()
        .filter(|way| table.get(way).is_some())
        .count();
    if ways != 1 && table.entries.len() == ways {
        let detail = match ways {
            0 => "nothing says where the secret is",
            _ => "a secret comes from one place only",
        };
        diagnostics.push(Diagnostic::error(Code::InvalidValue, span, detail).help(HELP));
        return None;
    }
    env.or(file).or(command).map(|found| found.value)
}

/// Reads the name of an environment variable.
fn environment_variable(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let name = fields::string(node, diagnostics)?;
    if name.starts_with(|first: char| first.is_ascii_digit())
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        // Not repeated: whoever misunderstood the field has put the secret here.
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidValue,
                node.span,
                "this is not the name of an environment variable",
            )
            .hide(node.span)
            .help("names have letters, digits and `_`, such as MYSQL_PASSWORD"),
        );
        return None;
    }
    Some(name)
}
