//! Tasks: what has to be done with one, and what that costs the data (the table of costs is [`cost`]).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::change::{
    Action, Change, Effect, FieldChange, Reason, ReasonCode, TableDelta, Target, WithheldKind,
};
use super::{Seen, SeenTask, Wanted};
use crate::address::Address;
use crate::api::{RunStatus, TaskScript, wire};
use crate::resource::{FileId, ProcessId, Run, Spec, TaskSpec, TaskType};
use crate::source::Location;
use crate::state::{Stage, TaskObject};

/// What it costs to change a field of a task that exists: one table for plans, manuals and tests.
pub(super) fn cost(field: &str) -> (Action, Effect) {
    match field {
        "ddl_policy" | "failover_limit" | "error_limit" => (Action::Restart, Effect::Restart),
        "tables" => (Action::Update, Effect::InitTables),
        _ => (Action::Replace, Effect::Resync),
    }
}

/// The change of one task; `files` says which address holds which remote task.
pub(super) fn change(
    address: &Address,
    wanted: Option<&Wanted>,
    prior: Option<&TaskObject>,
    seen: Seen<'_, SeenTask>,
    files: &BTreeMap<FileId, &Address>,
) -> Option<Change> {
    match (wanted, prior) {
        (None, None) => None,
        (None, Some(prior)) => Some(delete(address, prior, seen)),
        (Some(wanted), None) => Some(match seen {
            Seen::Unread | Seen::Absent => create(
                address,
                wanted,
                ReasonCode::NotThere,
                "it does not exist yet",
                Target::default(),
            ),
            // The name is taken by a task of ours that goes or gets another name: the plan orders the two.
            Seen::Present(task)
                if files
                    .get(&task.file)
                    .is_some_and(|holder| *holder != address) =>
            {
                create(
                    address,
                    wanted,
                    ReasonCode::NotThere,
                    "it does not exist yet",
                    Target::default(),
                )
            }
            Seen::Present(task) => adopt(address, wanted, task),
        }),
        (Some(wanted), Some(prior)) => existing(address, wanted, prior, seen),
    }
}

fn spec_of(wanted: &Wanted) -> &TaskSpec {
    match &wanted.spec {
        Spec::Task(spec) => spec,
        Spec::Datasource(_) => unreachable!("a task's address has a task's spec"),
    }
}

fn reason(code: ReasonCode, text: impl Into<String>, location: Option<Location>) -> Reason {
    Reason {
        code,
        text: text.into(),
        location,
    }
}

fn create(
    address: &Address,
    wanted: &Wanted,
    code: ReasonCode,
    why: &str,
    target: Target,
) -> Change {
    let spec = spec_of(wanted);
    let mut change = Change::new(
        address,
        Action::Create,
        reason(code, why, Some(wanted.location.clone())),
    );
    change.tables.added = spec.tables.names().into_iter().collect();
    change.fields = spec
        .field_values()
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(field, after)| FieldChange {
            field: field.to_owned(),
            before: Value::Null,
            after,
            actual: None,
            sensitive: false,
        })
        .collect();
    change.after = Some(wanted.spec.clone());
    change.target = target;
    change
}

fn adopt(address: &Address, wanted: &Wanted, task: &SeenTask) -> Change {
    let spec = spec_of(wanted);
    let differs = task.script.as_ref().map_or_else(
        || vec!["its script cannot be read".to_owned()],
        |script| differences(spec, script),
    );
    let location = Some(wanted.location.clone());
    let mut change = if differs.is_empty() {
        Change::new(
            address,
            Action::Adopt,
            reason(
                ReasonCode::Untracked,
                format!(
                    "task {} exists with this name and content, and state does not know it; its start settings cannot \
                     be read back and are taken to be as declared",
                    task.file
                ),
                location,
            ),
        )
    } else {
        Change::new(
            address,
            Action::Create,
            reason(
                ReasonCode::Conflict,
                format!(
                    "task {} has the name `{}` and another content: {}",
                    task.file,
                    spec.name,
                    differs.join("; ")
                ),
                location,
            ),
        )
        .withhold(
            WithheldKind::Conflict,
            format!(
                "the name is taken by task {}, which this stack did not make",
                task.file
            ),
            "give this task another `name`, or rename or delete the other one in the console"
                .to_owned(),
        )
    };
    change.after = Some(wanted.spec.clone());
    change.target = target_of(task);
    change
}

fn target_of(task: &SeenTask) -> Target {
    Target {
        file: Some(task.file),
        deployed: task.deployed,
        run: Some(task.run.clone()),
        ..Target::default()
    }
}

fn delete(address: &Address, prior: &TaskObject, seen: Seen<'_, SeenTask>) -> Change {
    let why = |code, text: &str| reason(code, text, None);
    let target = match (seen, prior.stage) {
        // Found by its name alone: unless its content is ours too, somebody else made it.
        (Seen::Present(task), Stage::Generating { .. }) if !is_of(&prior.spec, task) => None,
        (Seen::Present(task), stage) if is_another(stage, task) => None,
        // A task that may be deployed is taken offline first; one that is offline already only says so.
        (Seen::Present(task), _) => Some(Target {
            deployed: task.deployed || task.committed,
            ..target_of(task)
        }),
        (Seen::Absent, _) | (Seen::Unread, Stage::Generating { .. }) => None,
        (Seen::Unread, stage) => Some(Target {
            file: stage.file(),
            deployed: true,
            run: prior.run.clone(),
            ..Target::default()
        }),
    };
    let mut change = match target {
        None => {
            let text = match prior.stage {
                Stage::Generating {
                    create_in_doubt: true,
                    ..
                } => {
                    "no manifest declares it; whether an interrupted run created it is not known, look for it in the console"
                }
                _ => "no manifest declares it, and it does not exist any more",
            };
            let mut change =
                Change::new(address, Action::Forget, why(ReasonCode::NotDeclared, text));
            change.target.file = prior.stage.file();
            change
        }
        Some(target) => {
            let text = "no manifest declares it any more";
            let mut change =
                Change::new(address, Action::Delete, why(ReasonCode::NotDeclared, text));
            change.effect = Effect::Resync;
            change.tables.removed = prior.spec.tables.names().into_iter().collect();
            change.target = target;
            if prior.spec.task_type == TaskType::Solution {
                change.effect = Effect::Impossible;
                change = change.withhold(
                    WithheldKind::Impossible,
                    "this API can neither stop nor delete a solution".to_owned(),
                    format!(
                        "stop and delete solution {} (`{}`) in the console; the next plan sees that it is gone",
                        change_file(prior),
                        prior.spec.name
                    ),
                );
            }
            change
        }
    };
    change.before = Some(Spec::Task(prior.spec.clone()));
    change
}

/// Whether the task that has the name is not the one that state knows, which is gone then.
pub(super) fn is_another(stage: Stage, task: &SeenTask) -> bool {
    stage.file().is_some_and(|known| known != task.file)
}

/// Whether a task has the content that was asked for.
fn is_of(spec: &TaskSpec, task: &SeenTask) -> bool {
    let script = task.script.as_ref();
    script.is_some_and(|script| differences(spec, script).is_empty())
}

fn change_file(prior: &TaskObject) -> String {
    prior
        .stage
        .file()
        .map_or_else(|| "without an id".to_owned(), |file| file.to_string())
}

fn existing(
    address: &Address,
    wanted: &Wanted,
    prior: &TaskObject,
    seen: Seen<'_, SeenTask>,
) -> Option<Change> {
    let spec = spec_of(wanted);
    let known;
    let task = match (seen, prior.stage) {
        (
            Seen::Absent | Seen::Unread,
            Stage::Generating {
                process,
                create_in_doubt,
            },
        ) => {
            return Some(unfinished(address, wanted, prior, process, create_in_doubt));
        }
        // It was looked for by the name and in the workspace that were asked for once.
        (Seen::Present(task), Stage::Generating { process, .. })
            if !same_place(&prior.spec, spec) =>
        {
            return if is_of(&prior.spec, task) {
                reshape(address, wanted, prior, task)
            } else {
                Some(unfinished(address, wanted, prior, process, false))
            };
        }
        (Seen::Present(task), Stage::Generating { .. }) => {
            return Some(adopt(address, wanted, task));
        }
        (Seen::Present(task), stage) if is_another(stage, task) => {
            return Some(adopt(address, wanted, task));
        }
        (Seen::Absent, stage) => {
            let gone = format!(
                "task {} was deleted outside of syncform",
                stage.file().expect("only a generation has no file")
            );
            return Some(create(
                address,
                wanted,
                ReasonCode::Vanished,
                &gone,
                Target::default(),
            ));
        }
        (Seen::Present(task), _) => task,
        (Seen::Unread, stage) => {
            known = SeenTask {
                file: stage.file().expect("only a generation has no file"),
                deployed: matches!(stage, Stage::Deployed { .. }),
                committed: true,
                script: None,
                run: prior.run.clone().unwrap_or(RunStatus::NoRun),
                message: None,
                name: None,
            };
            &known
        }
    };
    reshape(address, wanted, prior, task).or_else(|| finish_or_run(address, wanted, prior, task))
}

/// A task of which only a generation is known.
fn unfinished(
    address: &Address,
    wanted: &Wanted,
    prior: &TaskObject,
    process: ProcessId,
    create_in_doubt: bool,
) -> Change {
    let spec = spec_of(wanted);
    let goes_on = same_script(&prior.spec, spec);
    let target = Target {
        process: goes_on.then_some(process),
        create_in_doubt: goes_on && create_in_doubt,
        ..Target::default()
    };
    let why = if goes_on {
        "an earlier run began to generate it"
    } else {
        "an earlier run began to generate it, and the manifest changed since"
    };
    let change = create(address, wanted, ReasonCode::Unfinished, why, target);
    let same_request = goes_on && wire::create_param(&prior.spec) == wire::create_param(spec);
    if create_in_doubt && !same_request {
        // Another request has another token, and by its token alone a solution is found again.
        return change.withhold(
            WithheldKind::Impossible,
            format!(
                "an interrupted run may have created solution `{}`, and only the same request finds it again",
                prior.spec.name
            ),
            "undo the change in the manifest and apply, then change it".to_owned(),
        );
    }
    change
}

/// Whether a task is looked for where the other one is.
fn same_place(asked: &TaskSpec, wanted: &TaskSpec) -> bool {
    (asked.project_id, asked.task_type, &asked.name)
        == (wanted.project_id, wanted.task_type, &wanted.name)
}

/// Whether what was asked for once generates the script that is wanted now: `run` and the start settings take no part in it.
fn same_script(asked: &TaskSpec, wanted: &TaskSpec) -> bool {
    (asked.project_id, asked.task_type) == (wanted.project_id, wanted.task_type)
        && wire::task_param(asked) == wire::task_param(wanted)
}

/// The change of what a task is: tables, settings, identity. This version shows them and carries none of them out.
fn reshape(
    address: &Address,
    wanted: &Wanted,
    prior: &TaskObject,
    task: &SeenTask,
) -> Option<Change> {
    let spec = spec_of(wanted);
    let running = matches!(task.run, RunStatus::Run | RunStatus::Wait);
    let before: BTreeMap<_, _> = prior.spec.field_values().into_iter().collect();
    let mut changed: Vec<FieldChange> = Vec::new();
    for (field, after) in spec.field_values() {
        let (action, _) = cost(field);
        // A start setting reaches the task when it is next started; until then there is nothing to change.
        let later = action == Action::Restart && !(running && spec.run != Run::Stopped);
        let before = before.get(field).cloned().unwrap_or(Value::Null);
        if field != "tables" && before != after && !later {
            changed.push(FieldChange {
                field: field.to_owned(),
                before,
                after,
                actual: None,
                sensitive: false,
            });
        }
    }
    let actual_tables = task.script.as_ref().map(|script| &script.tables);
    let delta = TableDelta::between(actual_tables.unwrap_or(&prior.spec.tables), &spec.tables);
    let drifted = drifted(&prior.spec, task);
    if changed.is_empty() && delta.is_empty() && drifted.is_empty() {
        return None;
    }
    let mut fields: Vec<&str> = changed.iter().map(|change| change.field.as_str()).collect();
    if !delta.is_empty() {
        fields.push("tables");
    }
    let (action, effect) = fields
        .iter()
        .map(|field| cost(field))
        .max_by_key(|(_, effect)| *effect)
        // Nothing of the manifest differs from what was applied: what differs is what somebody else changed.
        .unwrap_or(cost("source"));
    let manifest_changed =
        !changed.is_empty() || !TableDelta::between(&prior.spec.tables, &spec.tables).is_empty();
    let why = if manifest_changed {
        let what: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
        reason(
            ReasonCode::Changed,
            format!("the manifest changed {}", what.join(", ")),
            Some(
                fields
                    .first()
                    .map_or_else(|| wanted.location.clone(), |f| wanted.field(f)),
            ),
        )
    } else {
        reason(
            ReasonCode::Drifted,
            format!("it was changed outside of syncform: {}", drifted.join("; ")),
            Some(wanted.location.clone()),
        )
    };
    let mut change = Change::new(address, action, why);
    change.effect = effect;
    change.fields = changed;
    change.tables = delta;
    change.before = Some(Spec::Task(prior.spec.clone()));
    change.after = Some(wanted.spec.clone());
    change.target = target_of(task);
    Some(withhold_reshape(change, wanted, spec, prior))
}

fn withhold_reshape(
    mut change: Change,
    wanted: &Wanted,
    spec: &TaskSpec,
    prior: &TaskObject,
) -> Change {
    if prior.spec.task_type == TaskType::Solution {
        change.effect = Effect::Impossible;
        return change.withhold(
            WithheldKind::Impossible,
            "this API cannot change a solution once it exists".to_owned(),
            "undo the change in the manifest, make the change in the console, or declare a solution with another `name`"
                .to_owned(),
        );
    }
    if change.action == Action::Replace && wanted.protect {
        return change.withhold(
            WithheldKind::Protected,
            "`protect = true` forbids to replace it".to_owned(),
            "undo the change, or take `protect` out in a change of its own".to_owned(),
        );
    }
    let (why, instead) = match change.action {
        Action::Restart => (
            "this version cannot restart a task with new settings",
            "set `run = \"stopped\"`, apply, set it back to \"started\", and apply again: the start takes the new settings",
        ),
        Action::Update => (
            "this version cannot change the tables of a task that exists",
            "declare a second task for the new tables, or remove this task, apply, and declare it again",
        ),
        _ => (
            "this version cannot replace a task in one run",
            "remove the task, apply, declare it again, and apply: its tables are then loaded from the beginning",
        ),
    };
    let subject = format!("{why} (`{}`)", spec.name);
    change.withhold(WithheldKind::Unsupported, subject, instead.to_owned())
}

/// What is left of making the task, or starting or stopping it.
fn finish_or_run(
    address: &Address,
    wanted: &Wanted,
    prior: &TaskObject,
    task: &SeenTask,
) -> Option<Change> {
    let spec = spec_of(wanted);
    let location = |field: &str| Some(wanted.field(field));
    let mut change = if !task.deployed {
        Change::new(
            address,
            Action::Create,
            reason(
                ReasonCode::Unfinished,
                format!("task {} exists and is not known to be deployed", task.file),
                location("type"),
            ),
        )
    } else if must_start(spec, &task.run) {
        let why = match (&task.message, &task.run) {
            (Some(message), _) => format!("it is not running: {message}"),
            (None, status) => format!("it is {} and should be running", status.as_str()),
        };
        Change::new(
            address,
            Action::Start,
            reason(ReasonCode::NotRunning, why, location("run")),
        )
    } else if spec.run == Run::Started
        && task.run == RunStatus::Wait
        && prior.run != Some(RunStatus::Run)
    {
        let why = "it was started, and nobody saw it run yet";
        Change::new(
            address,
            Action::Start,
            reason(ReasonCode::Unfinished, why, location("run")),
        )
    } else if spec.run == Run::Stopped && matches!(task.run, RunStatus::Run | RunStatus::Wait) {
        let why = format!("it is {} and should be stopped", task.run.as_str());
        Change::new(
            address,
            Action::Stop,
            reason(ReasonCode::Running, why, location("run")),
        )
    } else {
        return None;
    };
    if prior.spec.run != spec.run {
        change.fields.push(FieldChange {
            field: "run".to_owned(),
            before: json!(prior.spec.run),
            after: json!(spec.run),
            actual: Some(json!(task.run)),
            sensitive: false,
        });
    }
    if change.action == Action::Start {
        change.fields.extend(new_start_settings(&prior.spec, spec));
    }
    change.before = Some(Spec::Task(prior.spec.clone()));
    change.after = Some(wanted.spec.clone());
    change.target = target_of(task);
    Some(change)
}

/// What a start tells the task that it was not told before.
fn new_start_settings(told: &TaskSpec, wanted: &TaskSpec) -> Vec<FieldChange> {
    let before = told.field_values();
    let after = wanted.field_values();
    before
        .into_iter()
        .zip(after)
        .filter(|((field, before), (_, after))| cost(field).0 == Action::Restart && before != after)
        .map(|((field, before), (_, after))| FieldChange {
            field: field.to_owned(),
            before,
            after,
            actual: None,
            sensitive: false,
        })
        .collect()
}

/// In what a task is not what was last applied, in words.
pub(super) fn drifted(applied: &TaskSpec, task: &SeenTask) -> Vec<String> {
    let mut differs = task
        .script
        .as_ref()
        .map_or_else(Vec::new, |script| differences(applied, script));
    if let Some(name) = task.name.as_ref().filter(|name| **name != applied.name) {
        differs.push(format!("its name is `{name}`, not `{}`", applied.name));
    }
    differs
}

/// Whether a deployed task has to be started. A solution goes through statuses of its own while it works, so that only the
/// statuses of a task that does nothing count.
pub(super) fn must_start(spec: &TaskSpec, run: &RunStatus) -> bool {
    spec.run == Run::Started
        && match spec.task_type {
            TaskType::Realtime => !matches!(run, RunStatus::Run | RunStatus::Wait),
            TaskType::Solution => {
                matches!(run, RunStatus::NoRun | RunStatus::Pause) || run.is_failure()
            }
        }
}

/// In what a task's script is not what the spec asks for, in words.
pub(crate) fn differences(spec: &TaskSpec, script: &TaskScript) -> Vec<String> {
    let mut differs = Vec::new();
    let mut compare = |what: &str, wanted: &str, found: &str| {
        if wanted != found {
            differs.push(format!("{what} is `{found}`, not `{wanted}`"));
        }
    };
    compare("its source", &spec.source, &script.source);
    compare("its destination", &spec.destination, &script.destination);
    compare(
        "its writer",
        spec.destination_type.step_type(),
        &script.destination_type,
    );
    if let Some(group) = &script.resource_group {
        compare("its resource group", &spec.resource_group, group);
    }
    let delta = TableDelta::between(&script.tables, &spec.tables);
    if !delta.is_empty() {
        differs.push(format!(
            "its tables differ ({} more, {} fewer)",
            delta.removed.len(),
            delta.added.len()
        ));
    }
    differs
}
