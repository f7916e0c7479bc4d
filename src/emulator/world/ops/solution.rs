//! Solutions as a reader sees them: steps that follow one another, and two alphabets for one status.

use serde_json::{Value, json};

use super::instance::see;
use super::task::clock_time;
use crate::emulator::world::object::{Moment, Passing, Solution, SolutionState};
use crate::emulator::world::operation::Context;
use crate::emulator::world::script::Script;
use crate::emulator::world::settings::Settings;
use crate::emulator::world::tables::Tables;

/// The steps of every solution; the last one goes on for ever.
const STEPS: [&str; 3] = [
    "Create a base table",
    "Full batch synchronization",
    "Real-time synchronization",
];

/// A solution that the call has found before.
pub(super) fn edit<'a>(call: &'a mut Context<'_>, id: u64) -> &'a mut Solution {
    call.tables
        .solutions
        .edit(&id)
        .expect("the call has found the solution")
}

fn passing(settings: &Settings, now: Moment) -> Passing {
    Passing {
        reads_left: settings.wait_reads,
        until: now.plus(settings.wait_ms),
    }
}

/// What a solution is in when it was just started.
pub(super) fn first_step(settings: &Settings, now: Moment) -> SolutionState {
    SolutionState::Step(1, passing(settings, now))
}

/// `SolutionInfo`, and what the look at it does to the solution.
pub(super) fn observe(solution: &mut Solution, settings: &Settings, now: Moment) -> Value {
    if let SolutionState::Step(step, current) = &mut solution.state
        && see(current, now)
    {
        let next = *step + 1;
        solution.state = if next < STEPS.len() as u32 {
            SolutionState::Step(next, passing(settings, now))
        } else {
            SolutionState::Running
        };
    }
    let status = match &solution.state {
        SolutionState::NotRun => "norun",
        SolutionState::Step(..) => "wait",
        SolutionState::Running => "run",
        SolutionState::Failed(_) => "fail",
    };
    let steps: Vec<Value> = (1..)
        .zip(STEPS)
        .map(|(step, name)| step_detail(solution, step, name))
        .collect();
    json!({
        "Id": solution.id,
        "CreatorName": solution.creator,
        "Status": status,
        "StepDetail": steps,
    })
}

fn step_detail(solution: &Solution, step: u32, name: &str) -> Value {
    let status = match &solution.state {
        SolutionState::NotRun => "norun",
        SolutionState::Step(current, _) if step < *current => "success",
        SolutionState::Step(current, _) if step == *current => "running",
        SolutionState::Step(..) => "wait",
        SolutionState::Running if step < STEPS.len() as u32 => "success",
        SolutionState::Running => "running",
        SolutionState::Failed(_) => "fail",
    };
    let info = json!({
        "componentName": "Table",
        "fusionProps": {
            "dataSource": [{ "fileName": solution.name, "status": status.to_ascii_uppercase() }],
        },
        "customProps": {
            "showSN": true,
            "columns": [
                { "dataIndex": "fileName", "title": "Real-time synchronization name", "width": 0.8 },
                { "dataIndex": "status", "title": "Status", "width": 0.2 },
            ],
        },
    });
    json!({ "StepId": step, "StepName": name, "Status": status, "Info": info.to_string() })
}

/// `SolutionDetail`.
pub(super) fn detail(tables: &Tables, solution: &Solution) -> Value {
    let script = tables.script(solution.saved.content);
    let text = tables.content(solution.saved.content);
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let status = match (&solution.state, solution.deployed) {
        (SolutionState::NotRun, None) => "1",
        (SolutionState::NotRun, Some(_)) => "4",
        (SolutionState::Step(..), _) => "8",
        (SolutionState::Running, _) => "2",
        (SolutionState::Failed(_), _) => "3",
    };
    let extra = json!({ "processType": "new", "tableNum": script.tables.len() });
    json!({
        "Id": solution.id,
        "Name": solution.name,
        "Type": script.destination_kind,
        "SourceType": script.source_kind,
        "Status": status,
        "CreatorName": solution.creator,
        "SubmitTime": solution.submitted.map(clock_time),
        "StartTime": solution.started.map(clock_time),
        "ProcessContent": process_content(solution, script, &document).to_string(),
        "ProcessExtra": extra.to_string(),
        "ProjectId": solution.project_id,
    })
}

/// The configuration that the console shows: the script in another wrapping.
fn process_content(solution: &Solution, script: &Script, document: &Value) -> Value {
    let rules = &document["steps"][1]["parameter"]["tableMappingRule"]["datasource"];
    let mut content = json!({
        "srcType": script.source_kind,
        "processRuleId": 1007,
        "readerConcurrent": 10,
        "offlineSyncConfig": {
            "nodeNameRule": format!(
                "oneclick_{}_di_${{db_table_name_src}}_to_${{db_table_name_dest}}",
                script.destination_kind
            ),
            "resourceGroup": solution.resource_group,
        },
        "realtimeSyncConfig": {
            "content": {
                "order": document["order"],
                "setting": { "speed": { "readerConcurrent": 10 } },
                "steps": document["steps"],
            },
            "extend": document["extend"],
        },
        "setting": { "autoCreateWorkflow": true, "userDefinedFileNameExpression": "oneclick" },
        "tableMappingRuleFromRealtimeSyncConfig": { "datasource": rules },
    });
    content[format!("{}Datasource", script.destination_kind)] = script.destination.clone().into();
    content
}
