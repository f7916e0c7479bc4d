//! Refresh: asks the API what is there, as frugally as its operations allow.
//!
//! One listing per workspace says which real-time tasks exist; only those that the stack wants or has are looked into.

mod gather;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::Address;
use crate::api::wire::PAGE_SIZE;
use crate::api::{ApiFault, Call, DatasourceRow, FaultClass, Page, Reply};
use crate::desired::{DatasourceMeta, Desired, Metas, needed_meta};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::diff::Actual;
use crate::remote::Remote;
use crate::resource::{DatasourceType, EnvType, ProjectId, Resource, SourceTables};
use crate::state::{Object, State};
use gather::gather;

/// What the API showed.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The objects that the stack wants or has.
    pub actual: Actual,
    /// The tables of the sources whose table sets have globs.
    pub metas: Metas,
    /// What the manifests refer to and the API does not have.
    pub problems: Diagnostics,
}

/// Asks. `desired` is `None` when only what state knows is of interest (destroy). Any fault ends it: a plan made of half an
/// answer would be a wrong one.
pub async fn refresh<R: Remote + 'static>(
    remote: &Arc<R>,
    desired: Option<&Desired>,
    prior: &State,
    parallelism: usize,
) -> Result<Observed, ApiFault> {
    let asking = Asking {
        remote,
        parallelism,
    };
    let mut observed = Observed::default();
    if let Some(desired) = desired {
        asking.workspaces(desired, &mut observed.problems).await?;
    }
    let rows = asking.datasources(desired, prior).await?;
    if let Some(desired) = desired {
        check_rows(desired, &rows, &mut observed.problems);
        asking.metas(desired, &rows, &mut observed).await?;
    }
    observed.actual.tasks = asking.tasks(desired, prior).await?;
    observed.actual.datasources = rows
        .into_iter()
        .filter(|(address, _)| {
            let managed = desired
                .and_then(|d| d.datasource(address))
                .is_some_and(|datasource| datasource.content.is_some());
            managed || prior.resources.contains_key(address)
        })
        .collect();
    Ok(observed)
}

/// What stands in for an answer when nobody asks (`--offline`): the tables that state knows of each source.
pub fn offline(desired: &Desired, prior: &State) -> Metas {
    let mut metas = Metas::default();
    for address in needed_meta(desired) {
        let Some(datasource) = desired.datasource(&address) else {
            continue;
        };
        let mut meta = DatasourceMeta::default();
        let own = datasource.own_database().unwrap_or_default().to_owned();
        for tracked in prior.resources.values() {
            let Object::Task(task) = &tracked.object else {
                continue;
            };
            if task.spec.source != datasource.name || task.spec.project_id != datasource.project_id
            {
                continue;
            }
            match &task.spec.tables {
                SourceTables::Own(tables) => {
                    meta.own_database = Some(own.clone());
                    meta.databases
                        .entry(own.clone())
                        .or_default()
                        .extend(tables.iter().cloned());
                }
                SourceTables::ByDatabase(databases) => {
                    for (database, tables) in databases {
                        let known = meta.databases.entry(database.clone()).or_default();
                        known.extend(tables.iter().cloned());
                    }
                }
            }
        }
        if !meta.databases.is_empty() {
            metas.0.insert(address, meta);
        }
    }
    metas
}

struct Asking<'r, R> {
    remote: &'r Arc<R>,
    parallelism: usize,
}

/// Where a data source is looked for.
type RowKey = (ProjectId, String, EnvType);

impl<R: Remote + 'static> Asking<'_, R> {
    async fn send(&self, calls: Vec<Call>) -> Result<Vec<Option<Reply>>, ApiFault> {
        gather(self.remote, self.parallelism, calls).await
    }

    async fn workspaces(
        &self,
        desired: &Desired,
        problems: &mut Diagnostics,
    ) -> Result<(), ApiFault> {
        let declared: Vec<_> = desired
            .resources
            .iter()
            .filter_map(|(address, declared)| match &declared.resource {
                Resource::Workspace(workspace) => Some((address, declared, workspace.project_id)),
                _ => None,
            })
            .collect();
        for (address, block, project) in declared {
            let why = match self.remote.send(&Call::GetProject { project }).await {
                Ok(_) => continue,
                Err(fault) => match fault.class {
                    FaultClass::NotFound => format!("there is no workspace {project}"),
                    // The service does not tell a workspace that is not there from one that is not the key's (API facts 9.2).
                    FaultClass::Denied if fault.code.starts_with("Forbidden") => {
                        format!(
                            "workspace {project} does not exist, or this key may not see it: {fault}"
                        )
                    }
                    _ => return Err(fault),
                },
            };
            problems.push(
                Diagnostic::error(Code::NotThere, block.field("project_id"), why)
                    .address(address.clone())
                    .help("check the number, the region and the key's membership in the workspace"),
            );
        }
        Ok(())
    }

    /// The rows of every data source that is declared or known.
    async fn datasources(
        &self,
        desired: Option<&Desired>,
        prior: &State,
    ) -> Result<BTreeMap<Address, Option<DatasourceRow>>, ApiFault> {
        let mut keys: BTreeMap<Address, RowKey> = BTreeMap::new();
        for (address, tracked) in &prior.resources {
            if let Object::Datasource(known) = &tracked.object {
                let spec = &known.spec;
                keys.insert(
                    address.clone(),
                    (spec.project_id, spec.name.clone(), spec.env),
                );
            }
        }
        for (address, _, datasource) in desired.iter().flat_map(|d| d.datasources()) {
            keys.entry(address.clone()).or_insert_with(|| {
                (
                    datasource.project_id,
                    datasource.name.clone(),
                    datasource.env,
                )
            });
        }
        let calls = keys
            .values()
            .map(|(project, name, env)| Call::ListDatasources {
                project: *project,
                name: name.clone(),
                env: *env,
                page: 1,
            })
            .collect();
        let mut rows = BTreeMap::new();
        let replies = self.send(calls).await?;
        for ((address, (project, name, env)), reply) in keys.into_iter().zip(replies) {
            let Some(Reply::Datasources(mut page)) = reply else {
                rows.insert(address, None);
                continue;
            };
            let mut number = 1;
            // The name filter may be fuzzy: the row can be on a later page.
            let row = loop {
                let found = page
                    .rows
                    .iter()
                    .find(|row| row.name == name && row.env == env);
                if found.is_some() || page.rows.is_empty() || number >= pages(&page) {
                    break found.cloned();
                }
                number += 1;
                let call = Call::ListDatasources {
                    project,
                    name: name.clone(),
                    env,
                    page: number,
                };
                match self.remote.send(&call).await? {
                    Reply::Datasources(next) => page = next,
                    _ => break None,
                }
            };
            rows.insert(address, row);
        }
        Ok(rows)
    }

    async fn metas(
        &self,
        desired: &Desired,
        rows: &BTreeMap<Address, Option<DatasourceRow>>,
        observed: &mut Observed,
    ) -> Result<(), ApiFault> {
        for address in needed_meta(desired) {
            // One that does not exist is told of where its globs are.
            let (Some(datasource), Some(Some(row))) =
                (desired.datasource(&address), rows.get(&address))
            else {
                continue;
            };
            let mut meta = DatasourceMeta {
                own_database: row
                    .content
                    .get("database")
                    .and_then(|name| name.as_str())
                    .map(str::to_owned),
                ..DatasourceMeta::default()
            };
            for page in 1.. {
                let call = Call::GetDatasourceMeta {
                    project: datasource.project_id,
                    name: datasource.name.clone(),
                    env: datasource.env,
                    page,
                };
                let Reply::Meta(databases) = self.remote.send(&call).await? else {
                    break;
                };
                // The answer has no total: a page that is not full is the last.
                let listed: usize = databases.values().map(BTreeSet::len).sum();
                for (database, tables) in databases {
                    meta.databases.entry(database).or_default().extend(tables);
                }
                if listed < PAGE_SIZE as usize {
                    break;
                }
            }
            observed.metas.0.insert(address, meta);
        }
        Ok(())
    }
}

/// How many pages the list has.
fn pages<T>(page: &Page<T>) -> u32 {
    u32::try_from(page.total.div_ceil(u64::from(PAGE_SIZE))).unwrap_or(u32::MAX)
}

/// Data sources that are only referred to must exist and be what the manifest says.
fn check_rows(
    desired: &Desired,
    rows: &BTreeMap<Address, Option<DatasourceRow>>,
    problems: &mut Diagnostics,
) {
    for (address, block, datasource) in desired.datasources() {
        if datasource.content.is_some() {
            continue;
        }
        let wanted = datasource.datasource_type.as_str();
        let problem = match rows.get(address).and_then(Option::as_ref) {
            None => Diagnostic::error(
                Code::NotThere,
                block.span,
                format!(
                    "workspace {} has no data source `{}` in its {} environment",
                    datasource.project_id,
                    datasource.name,
                    datasource.env.as_str()
                ),
            )
            .help(
                "create it in the console, or give this block a `content` to have it managed here",
            ),
            Some(row) if !is_type(&row.datasource_type, datasource.datasource_type) => {
                Diagnostic::error(
                    Code::NotThere,
                    block.field("type"),
                    format!(
                        "data source `{}` is of the type `{}`, not `{wanted}`",
                        datasource.name, row.datasource_type
                    ),
                )
                .help(format!("say `type = \"{}\"`", row.datasource_type))
            }
            Some(_) => continue,
        };
        problems.push(problem.address(address.clone()));
    }
}

fn is_type(found: &str, wanted: DatasourceType) -> bool {
    found.eq_ignore_ascii_case(wanted.as_str())
}
