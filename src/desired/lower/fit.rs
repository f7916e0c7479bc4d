//! Whether a task's source, destination and tables fit together.

use std::collections::BTreeMap;

use super::Context;
use crate::address::Address;
use crate::desired::fields::Fields;
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::{Datasource, DatasourceType, DestinationType, ProjectId, Resource, TableSet};
use crate::source::{Span, Spanned};

/// A task and its data sources live in one workspace.
pub(super) fn check_workspace(
    context: &Context<'_>,
    project_id: Option<ProjectId>,
    reference: &Spanned<Address>,
    fields: &mut Fields<'_>,
) {
    let (Some(project_id), Some(datasource)) = (project_id, datasource(context, &reference.value))
    else {
        return;
    };
    if datasource.project_id != project_id {
        let declared = &context.declared[&reference.value];
        let mut diagnostic = Diagnostic::error(
            Code::Mismatch,
            reference.span,
            format!(
                "`{}` is in `{}`, not in the task's workspace",
                reference.value, datasource.workspace
            ),
        )
        .help("a task reaches only the data sources of its own workspace");
        if let Some(span) = declared.fields.get("workspace") {
            diagnostic = diagnostic.label(*span, "the data source's workspace");
        }
        fields.push(diagnostic);
    }
}

/// What the destination is, if the API documents this source with it.
pub(super) fn pair(
    context: &Context<'_>,
    from: Option<&Spanned<Address>>,
    to: Option<&Spanned<Address>>,
    fields: &mut Fields<'_>,
) -> Option<DestinationType> {
    let help = "the documented pairs are mysql → odps, mysql → kafka and mysql → holo";
    let source_type = from.and_then(|from| {
        let found = datasource(context, &from.value)?.datasource_type;
        if found != DatasourceType::Mysql {
            fields.push(
                Diagnostic::error(
                    Code::UnsupportedPair,
                    from.span,
                    format!(
                        "data sources of type `{}` cannot be a source",
                        found.as_str()
                    ),
                )
                .help(help),
            );
        }
        Some(found)
    });
    let to = to?;
    let found = datasource(context, &to.value)?.datasource_type;
    let destination = DestinationType::of(found);
    if destination.is_none() {
        let from = source_type.map_or("mysql", DatasourceType::as_str);
        fields.push(
            Diagnostic::error(
                Code::UnsupportedPair,
                to.span,
                format!("{from} → {} is not documented", found.as_str()),
            )
            .help(help),
        );
    }
    destination
}

/// Table sets must be of the task's source, and of one form: TaskParam has no way to mix them (API facts 4.2).
pub(super) fn check_tables(
    context: &Context<'_>,
    from: &Spanned<Address>,
    tables: &[Spanned<Address>],
    fields: &mut Fields<'_>,
) {
    let mut forms = BTreeMap::<bool, Span>::new();
    for reference in tables {
        let Some(set) = table_set(context, &reference.value) else {
            continue;
        };
        forms
            .entry(set.database.is_some())
            .or_insert(reference.span);
        if set.datasource != from.value {
            let declared = &context.declared[&reference.value];
            fields.push(
                Diagnostic::error(
                    Code::Mismatch,
                    reference.span,
                    format!(
                        "the tables of `{}` are of `{}`, not of the task's source",
                        reference.value, set.datasource
                    ),
                )
                .label(declared.field("datasource"), "the set's data source")
                .help(format!("this task reads from `{}`", from.value)),
            );
        }
    }
    let (Some(without), Some(with)) = (forms.get(&false), forms.get(&true)) else {
        return;
    };
    if datasource(context, &from.value).is_some_and(|source| source.own_database().is_none()) {
        fields.push(
            Diagnostic::error(
                Code::Mismatch,
                *without,
                "this set names no database, and another set of the task does",
            )
            .label(*with, "this one names its database")
            .help("give every table set of the task a `database`"),
        );
    }
}

fn datasource<'c>(context: &'c Context<'_>, address: &Address) -> Option<&'c Datasource> {
    match &context.declared.get(address)?.resource {
        Resource::Datasource(datasource) => Some(datasource),
        _ => None,
    }
}

fn table_set<'c>(context: &'c Context<'_>, address: &Address) -> Option<&'c TableSet> {
    match &context.declared.get(address)?.resource {
        Resource::Table(table) => Some(table),
        _ => None,
    }
}
