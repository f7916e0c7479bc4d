//! `[table.…]`: a set of source tables by names and globs.

use super::Context;
use crate::address::Kind;
use crate::desired::fields::{self, Fields};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::Node;
use crate::resource::{Pattern, TableSet};

pub(super) fn lower(context: &Context<'_>, fields: &mut Fields<'_>) -> Option<TableSet> {
    let datasource = fields.required("datasource", context.reference(Kind::Datasource));
    let database = fields.optional("database", fields::string);
    let include = fields.required("include", fields::list(pattern));
    let exclude = fields.optional("exclude", fields::possibly_empty_list(pattern));
    Some(TableSet {
        datasource: datasource?.value,
        database: database.map(|database| database.value),
        include: include?.value.into_iter().map(|item| item.value).collect(),
        exclude: exclude
            .into_iter()
            .flat_map(|exclude| exclude.value)
            .map(|item| item.value)
            .collect(),
    })
}

/// Reads a table's name or a glob.
fn pattern(node: &Node, diagnostics: &mut Diagnostics) -> Option<Pattern> {
    let pattern = Pattern(fields::string(node, diagnostics)?);
    if pattern.0.contains(['{', '}']) {
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidPattern,
                node.span,
                format!("`{}`: braces are not part of globs", pattern.0),
            )
            .help("list each name or glob on its own"),
        );
        return None;
    }
    if let Err(error) = pattern.glob() {
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidPattern,
                node.span,
                format!("`{}`: {}", pattern.0, error.kind()),
            )
            .help("a glob has `*` for any text, `?` for one character, `[ab]` for one of some"),
        );
        return None;
    }
    Some(pattern)
}
