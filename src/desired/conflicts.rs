//! Two resources under one remote name would overwrite each other.

use std::collections::BTreeMap;

use super::Declared;
use crate::address::Address;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::{EnvType, ProjectId, Resource};

/// Where a remote name must be unique (API facts 3.14, 10.6).
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Namespace {
    /// Per workspace and environment.
    Datasources(ProjectId, EnvType),
    /// Per workspace, real-time tasks and solutions together.
    Tasks(ProjectId),
}

pub(super) fn check(declared: &BTreeMap<Address, Declared>, diagnostics: &mut Diagnostics) {
    let mut names = BTreeMap::<(Namespace, &str), (&Address, &Declared)>::new();
    for (address, resource) in declared {
        let key = match &resource.resource {
            Resource::Datasource(datasource) => (
                Namespace::Datasources(datasource.project_id, datasource.env),
                datasource.name.as_str(),
            ),
            Resource::Task(task) => (Namespace::Tasks(task.project_id), task.name.as_str()),
            Resource::Workspace(_) | Resource::Table(_) | Resource::DdlPolicy(_) => continue,
        };
        let name = key.1;
        let Some((other, first)) = names.get(&key) else {
            names.insert(key, (address, resource));
            continue;
        };
        let mut diagnostic = Diagnostic::error(
            Code::NameConflict,
            resource.field("name"),
            format!("`{address}` is `{name}` in its workspace, and so is `{other}`"),
        )
        .help(if address.block() == other.block() {
            "put `${each.key}` into the `name`"
        } else {
            "give one of them another `name`"
        })
        .address(address.clone());
        // Instances of one block share its text.
        if first.field("name") != resource.field("name") {
            diagnostic = diagnostic.label(first.field("name"), "the first of that name");
        }
        diagnostics.push(diagnostic);
    }
}
