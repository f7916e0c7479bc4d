//! From blocks to resources: one function per kind, references resolved, every rule of a single block checked.
//!
//! Kinds are read in the order in which data flows through them, so that a block finds what it refers to already read.

mod datasource;
mod ddl_policy;
mod fit;
mod secret;
mod start;
mod table_set;
mod task;

use std::collections::{BTreeMap, BTreeSet};

use super::Declared;
use super::fields::{self, Fields};
use super::instances::Instance;
use super::interpolate::{Scope, variables_of};
use super::references::References;
use crate::address::{Address, Kind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::{Node, Table, Value};
use crate::resource::{ProjectId, Resource, Workspace};
use crate::source::{Span, Spanned};

/// What every block may look at.
pub(super) struct Context<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) references: &'a References,
    /// What has been read so far.
    pub(super) declared: BTreeMap<Address, Declared>,
}

/// One block on its way to a resource.
struct Source<'a> {
    address: &'a Address,
    /// As written.
    written: &'a Table,
    /// With every string evaluated.
    table: &'a Table,
}

/// Reads every instance. What has mistakes is reported and left out.
pub(super) fn lower(
    instances: &BTreeMap<Address, Instance<'_>>,
    scope: Scope<'_>,
    references: &References,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<Address, Declared> {
    let mut context = Context {
        scope,
        references,
        declared: BTreeMap::new(),
    };
    // The order of addresses is the order of kinds.
    for (address, instance) in instances {
        let node = &instance.block.entry.node;
        let Some(written) = fields::table(node, diagnostics) else {
            continue;
        };
        let scope = Scope {
            each: instance.each.as_ref(),
            ..scope
        };
        let mut found = Diagnostics::default();
        // Without `for_each`, which grows with the number of instances that come by here.
        let own = written
            .entries
            .iter()
            .filter(|entry| entry.key != "for_each");
        let table = scope.table(own, &mut found);
        let source = Source {
            address,
            written,
            table: &table,
        };
        let mut depends_on = BTreeSet::new();
        // Of the block, so that a mistake in it is told once and not for every instance.
        let owner = format!("`{}`", address.block());
        let mut fields = Fields::new(&table, node.span, &owner, &mut found);
        let resource = match address.kind {
            Kind::Workspace => workspace(&mut fields).map(Resource::Workspace),
            Kind::Datasource => {
                datasource::lower(&context, &source, &mut fields).map(Resource::Datasource)
            }
            Kind::Table => table_set::lower(&context, &mut fields).map(Resource::Table),
            Kind::DdlPolicy => ddl_policy::lower(&mut fields).map(Resource::DdlPolicy),
            Kind::Task => {
                depends_on = self::depends_on(&context, &mut fields);
                task::lower(&context, &source, &mut fields)
                    .map(|task| Resource::Task(Box::new(task)))
            }
        };
        fields.finish();
        diagnostics.extend(found.of(address));
        if let Some(resource) = resource {
            let declared = Declared {
                resource,
                depends_on,
                span: node.span,
                fields: source.spans(),
            };
            context.declared.insert(address.clone(), declared);
        }
    }
    context.declared
}

impl Source<'_> {
    /// The name that the resource has remotely unless it is given one: the label, with the key of `for_each`.
    fn default_name(&self) -> String {
        match &self.address.key {
            Some(key) => format!("{}_{key}", self.address.label),
            None => self.address.label.clone(),
        }
    }

    /// The place of each field's value, of each item of a list, and of each value of a table.
    fn spans(&self) -> BTreeMap<String, Span> {
        let mut spans = BTreeMap::new();
        for entry in &self.written.entries {
            spans.insert(entry.key.clone(), entry.node.span);
        }
        for entry in &self.table.entries {
            match &entry.node.value {
                Value::Array(items) => {
                    for (i, item) in items.iter().enumerate() {
                        spans.insert(format!("{}[{i}]", entry.key), item.span);
                    }
                }
                Value::Table(table) => {
                    for inner in &table.entries {
                        spans.insert(format!("{}.{}", entry.key, inner.key), inner.node.span);
                    }
                }
                _ => {}
            }
        }
        spans
    }
}

impl Context<'_> {
    /// Reads a field that names a resource of a kind.
    fn reference(&self, kind: Kind) -> impl Fn(&Node, &mut Diagnostics) -> Option<Address> + '_ {
        move |node, diagnostics| {
            let text = fields::string(node, diagnostics)?;
            let name = Spanned {
                value: text.as_str(),
                span: node.span,
            };
            self.references.resolve(kind, name, diagnostics)
        }
    }

    /// The number of a workspace, if the workspace is sound.
    fn project_id(&self, workspace: &Address) -> Option<ProjectId> {
        match &self.declared.get(workspace)?.resource {
            Resource::Workspace(workspace) => Some(workspace.project_id),
            _ => None,
        }
    }

    /// Where values were written of the variables that a string refers to.
    fn origins(&self, written: &Value) -> Vec<Span> {
        let (Value::String(text), Some(variables)) = (written, self.scope.variables) else {
            return Vec::new();
        };
        variables_of(text)
            .flat_map(|name| variables.written(name))
            .copied()
            .collect()
    }
}

/// Workspace numbers end here (API facts 3.0).
const MAX_PROJECT_ID: i64 = 10_000_000_000;

fn workspace(fields: &mut Fields<'_>) -> Option<Workspace> {
    let project_id = fields.required("project_id", fields::integer(1..=MAX_PROJECT_ID))?;
    Some(Workspace {
        project_id: ProjectId(project_id.value),
    })
}

fn depends_on(context: &Context<'_>, fields: &mut Fields<'_>) -> BTreeSet<Address> {
    let Some(names) = fields.optional("depends_on", fields::possibly_empty_list(fields::string))
    else {
        return BTreeSet::new();
    };
    names
        .value
        .iter()
        .flat_map(|name| {
            let name = name.as_ref().map(String::as_str);
            context
                .references
                .resolve_address(name, fields.diagnostics())
        })
        .collect()
}

/// Reads a path that must stay below the stack's root.
pub(super) fn path_below_stack(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = fields::string(node, diagnostics)?;
    let path = text.strip_prefix("./").unwrap_or(&text);
    if leaves_stack(path) {
        diagnostics.push(
            Diagnostic::error(
                Code::OutsideStack,
                node.span,
                format!("`{text}` leads outside the stack"),
            )
            .help("give a path relative to the stack's root, without `..`"),
        );
        return None;
    }
    Some(path.to_owned())
}

/// Judged by the text, with the separators of every system, so that a stack means the same everywhere.
fn leaves_stack(path: &str) -> bool {
    path.starts_with(['/', '\\'])
        || path.get(1..2) == Some(":")
        || path.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::leaves_stack;

    #[test]
    fn only_paths_below_the_root_stay_in_the_stack() {
        for path in ["secret", "secrets/a.txt", "a..b/c", ".hidden/x"] {
            assert!(!leaves_stack(path), "{path}");
        }
        for path in [
            "/etc/x",
            "..",
            "a/../../b",
            "C:\\x",
            "c:x",
            "\\\\host\\share",
            "a\\..\\b",
        ] {
            assert!(leaves_stack(path), "{path}");
        }
    }
}
