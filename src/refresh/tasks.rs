//! Which of the tasks that a stack wants or has are there, and what they are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asking, pages};
use crate::address::Address;
use crate::api::{ApiFault, Call, FileRow, Reply};
use crate::desired::Desired;
use crate::diff::SeenTask;
use crate::remote::Remote;
use crate::resource::{FileId, ProjectId, TaskType};
use crate::state::{Object, Stage, State};

impl<R: Remote + 'static> Asking<'_, R> {
    /// Every task that is declared or known, as far as it exists.
    pub(super) async fn tasks(
        &self,
        desired: Option<&Desired>,
        prior: &State,
    ) -> Result<BTreeMap<Address, Option<SeenTask>>, ApiFault> {
        let mut sought: BTreeMap<Address, Sought> = BTreeMap::new();
        for (address, tracked) in &prior.resources {
            if let Object::Task(task) = &tracked.object {
                let file = task.stage.file();
                let name = task.spec.name.clone();
                let project = task.spec.project_id;
                let task_type = task.spec.task_type;
                let deployed = Some(matches!(task.stage, Stage::Deployed { .. }));
                let sought_task = Sought {
                    project,
                    name,
                    task_type,
                    file,
                    deployed,
                };
                sought.insert(address.clone(), sought_task);
            }
        }
        for (address, _, task) in desired.iter().flat_map(|d| d.tasks()) {
            sought.entry(address.clone()).or_insert_with(|| Sought {
                project: task.project_id,
                name: task.name.clone(),
                task_type: task.task_type,
                file: None,
                deployed: None,
            });
        }
        let listings = self.listings(sought.values()).await?;
        let listing_of = |sought: &Sought| {
            let rows = listings.get(&sought.project)?;
            sought.is_listed().then_some(rows)
        };
        let mut open = Vec::new();
        let mut tasks = BTreeMap::new();
        for (address, sought) in &sought {
            let rows = listing_of(sought);
            let row = rows.and_then(|rows| match sought.file {
                Some(file) => rows.by_file.get(&file),
                None => rows.by_name.get(&sought.name),
            });
            // A listing may be behind: what state knows is asked for by its id before it is said to be gone.
            match row.map(|row| row.file).or(sought.file) {
                Some(file) => open.push((address, sought, file, row)),
                None => {
                    tasks.insert(address.clone(), None);
                }
            }
        }
        tasks.extend(self.look_into(open).await?);
        // What is gone may have been made again, by a run that this state is older than.
        let known: BTreeSet<FileId> = sought.values().filter_map(|sought| sought.file).collect();
        let again = sought
            .iter()
            .filter(|(address, sought)| tasks[*address].is_none() && sought.file.is_some())
            .filter_map(|(address, sought)| {
                let row = listing_of(sought)?.by_name.get(&sought.name)?;
                (!known.contains(&row.file)).then_some((address, sought, row.file, Some(row)))
            })
            .collect();
        tasks.extend(self.look_into(again).await?);
        Ok(tasks)
    }

    /// Script and status of each of these, under the id that it has or may have.
    async fn look_into(
        &self,
        open: Vec<(&Address, &Sought, FileId, Option<&FileRow>)>,
    ) -> Result<BTreeMap<Address, Option<SeenTask>>, ApiFault> {
        let mut calls = Vec::with_capacity(open.len() * 2);
        for (_, sought, file, _) in &open {
            let (project, task_type, file) = (sought.project, sought.task_type, *file);
            calls.push(Call::GetTask {
                project,
                task_type,
                file,
            });
            calls.push(Call::GetInstance {
                project,
                task_type,
                file,
            });
        }
        let mut replies = self.send(calls).await?.into_iter();
        let mut tasks = BTreeMap::new();
        for (address, sought, file, row) in open {
            let (task, instance) = (replies.next().flatten(), replies.next().flatten());
            let seen = seen_task(sought, file, row, task, instance);
            tasks.insert(address.clone(), seen);
        }
        Ok(tasks)
    }

    /// The real-time tasks of every workspace in which one is sought.
    async fn listings<'s>(
        &self,
        sought: impl Iterator<Item = &'s Sought>,
    ) -> Result<BTreeMap<ProjectId, Listing>, ApiFault> {
        let projects: BTreeSet<ProjectId> = sought
            .filter(|s| s.is_listed())
            .map(|s| s.project)
            .collect();
        let mut listings = BTreeMap::new();
        for project in projects {
            let page = |page| Call::ListRealtimeFiles {
                project,
                name: None,
                page,
            };
            let Reply::Files(first) = self.remote.send(&page(1)).await? else {
                continue;
            };
            let mut listing = Listing::default();
            let last = pages(&first);
            listing.add(first.rows);
            for reply in self.send((2..=last).map(page).collect()).await? {
                if let Some(Reply::Files(next)) = reply {
                    listing.add(next.rows);
                }
            }
            listings.insert(project, listing);
        }
        Ok(listings)
    }
}

/// A task that is looked for.
struct Sought {
    project: ProjectId,
    name: String,
    task_type: TaskType,
    file: Option<FileId>,
    /// Whether state says that it was deployed; `None` where state does not know it.
    deployed: Option<bool>,
}

impl Sought {
    /// Whether a listing can show it: this API lists no solutions.
    fn is_listed(&self) -> bool {
        self.task_type == TaskType::Realtime
    }
}

/// The real-time tasks of one workspace.
#[derive(Default)]
struct Listing {
    by_file: BTreeMap<FileId, FileRow>,
    by_name: BTreeMap<String, FileRow>,
}

impl Listing {
    fn add(&mut self, rows: Vec<FileRow>) {
        for row in rows {
            self.by_name.insert(row.name.clone(), row.clone());
            self.by_file.insert(row.file, row);
        }
    }
}

/// What the two answers about a task come to; `None`: it does not exist.
fn seen_task(
    sought: &Sought,
    file: FileId,
    row: Option<&FileRow>,
    task: Option<Reply>,
    instance: Option<Reply>,
) -> Option<SeenTask> {
    let Some(Reply::Instance {
        status: run,
        message,
    }) = instance
    else {
        return None;
    };
    let (script, deployed) = match task? {
        Reply::Script(script) => {
            // A commit outlives a terminate, and a listing may be behind: of a task that state knows, state's word and the
            // listing's have to agree; of any other, the listing's is all there is.
            let committed = row.map(|row| row.committed);
            let is_known = sought.file.is_none_or(|known| known == file);
            let deployed = match sought.deployed.filter(|_| is_known) {
                Some(known) => known && committed != Some(false),
                None => committed == Some(true),
            };
            (Some(script), deployed)
        }
        // 9 is "deleted"; 1 is "not running": created, and neither deployed nor started yet (API facts 7.3).
        Reply::Solution { status, .. } if status == "9" => return None,
        Reply::Solution { status, .. } => (None, status != "1"),
        _ => return None,
    };
    Some(SeenTask {
        file,
        deployed,
        committed: row.is_none_or(|row| row.committed),
        script,
        run,
        message,
        name: row.map(|row| row.name.clone()),
    })
}
