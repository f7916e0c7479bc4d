//! Drift: what somebody else changed since the last apply.

use serde::{Deserialize, Serialize};

use super::{Actual, Seen, seen, task};
use crate::address::Address;
use crate::api::RunStatus;
use crate::state::{Object, Stage};

/// One object that is not what state recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Whose object.
    pub address: Address,
    /// What is different: lowercase fragments.
    pub differences: Vec<String>,
}

/// The drift of one object, if there is any.
pub(super) fn of(address: &Address, prior: &Object, actual: &Actual) -> Option<Drift> {
    let differences = match prior {
        Object::Task(prior) => match seen(&actual.tasks, address) {
            Seen::Unread => Vec::new(),
            Seen::Present(now) if task::is_another(prior.stage, now) => gone(prior.stage),
            Seen::Absent => gone(prior.stage),
            Seen::Present(now) => {
                let mut differences = task::drifted(&prior.spec, now);
                if let Some(before) = &prior.run
                    && settled(before) != settled(&now.run)
                {
                    differences.push(format!(
                        "it was {} and is {}{}",
                        before.as_str(),
                        now.run.as_str(),
                        now.message
                            .as_deref()
                            .map(|m| format!(": {m}"))
                            .unwrap_or_default()
                    ));
                }
                differences
            }
        },
        Object::Datasource(prior) => match seen(&actual.datasources, address) {
            Seen::Unread => Vec::new(),
            Seen::Absent => vec![format!("data source {} does not exist any more", prior.id)],
            Seen::Present(row) => prior
                .spec
                .content
                .iter()
                .filter_map(|(key, before)| {
                    let now = row.content.get(key)?;
                    (now != before).then(|| format!("`{key}` was {before} and is {now}"))
                })
                .collect(),
        },
    };
    (!differences.is_empty()).then(|| Drift {
        address: address.clone(),
        differences,
    })
}

fn gone(stage: Stage) -> Vec<String> {
    stage
        .file()
        .map(|file| format!("task {file} does not exist any more"))
        .into_iter()
        .collect()
}

/// The status that a transitional one leads to, so that a task on its way is no drift.
fn settled(status: &RunStatus) -> &RunStatus {
    match status {
        RunStatus::Wait => &RunStatus::Run,
        RunStatus::Killing => &RunStatus::Pause,
        settled => settled,
    }
}
