//! Tasks as documents: create, update, read back.

use jiff::tz::Offset;
use serde::Deserialize;
use serde_json::{Value, json};

use super::lookup::check_folder;
use super::solution;
use crate::emulator::world::object::{
    Env, File, Moment, RunState, Solution, SolutionState, TaskType, Version,
};
use crate::emulator::world::operation::{Context, Operation, PROJECT_ID, Param, Style, TASK_TYPE};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail};
use crate::emulator::world::script::Script;
use crate::emulator::world::tables::Sequence;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::write(
        "CreateDISyncTask",
        Style::Data,
        &[
            PROJECT_ID.required(),
            TASK_TYPE.required(),
            Param::text("TaskContent").required(),
            Param::text("TaskParam"),
            Param::text("TaskName"),
        ],
        create,
    )
    .with_token(),
    Operation::write(
        "UpdateDISyncTask",
        Style::Data,
        &[
            PROJECT_ID.required(),
            TASK_TYPE.required(),
            Param::id("FileId").required(),
            Param::text("TaskContent"),
            Param::text("TaskParam"),
        ],
        update,
    ),
    Operation::read(
        "GetDISyncTask",
        Style::Data,
        &[
            PROJECT_ID.required(),
            TASK_TYPE.required(),
            Param::id("FileId").required(),
        ],
        get,
    ),
];

/// `TaskParam` of create and update.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Placement {
    file_folder_path: Option<String>,
    resource_group: Option<String>,
    cu: Option<Cu>,
}

/// Seen as a number and as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Cu {
    Number(f64),
    Text(String),
}

impl Placement {
    fn parse(call: &Context<'_>) -> Result<Self, Failure> {
        let Some(text) = call.args.text("TaskParam") else {
            return Ok(Self::default());
        };
        let value: Value = serde_json::from_str(text).map_err(|_| Refusal::di_parameter())?;
        Self::deserialize(value).map_err(|error| fail(format!("TaskParam is invalid: {error}.")))
    }

    /// The compute units, which only a serverless group has, in halves.
    fn units(&self, call: &Context<'_>, group: Option<&str>) -> Result<Option<f64>, Failure> {
        let units = match &self.cu {
            None => return Ok(None),
            Some(Cu::Number(units)) => Some(*units),
            Some(Cu::Text(text)) => text.parse().ok(),
        };
        let units = units
            .filter(|units: &f64| units.is_finite() && *units > 0.0 && (units * 2.0).fract() == 0.0)
            .ok_or_else(|| fail("Cu is invalid."))?;
        let serverless = group
            .and_then(|group| call.tables.resource_groups.get(group))
            .is_some_and(|group| group.is_serverless());
        if serverless {
            Ok(Some(units))
        } else {
            Err(fail("Cu is invalid: the resource group is not serverless."))
        }
    }
}

fn create(call: &mut Context<'_>) -> Answer {
    let workspace = call.workspace()?;
    let task_type = call.args.task_type();
    let placement = Placement::parse(call)?;
    if let Some(path) = &placement.file_folder_path {
        check_folder(workspace, path)?;
    }
    let (script, text) = read_script(call.args.required("TaskContent"))?;
    check_script(call, &script, task_type)?;
    let name = call
        .args
        .text("TaskName")
        .map(str::to_owned)
        .or(script.name.clone().filter(|name| !name.is_empty()))
        .ok_or_else(|| fail("TaskName is invalid: it is empty."))?;
    call.check_name(&name)?;
    call.check_name_is_free(&name)?;
    let group = placement
        .resource_group
        .clone()
        .or(script.resource_group.clone());
    match &group {
        Some(group) => {
            call.integration_group(group)?;
        }
        None => return Err(fail("ResourceGroup:[] is invalid.")),
    }
    let cu = placement.units(call, group.as_deref())?;
    let content = call.tables.keep_content(text);
    let saved = Version { number: 1, content };
    let id = if task_type == TaskType::Solution {
        insert_solution(call, name, saved, group)
    } else {
        insert_file(call, name, saved, group, cu, placement.file_folder_path)
    };
    Ok(Reply::data(
        json!({ "FileId": id, "Status": "success", "Message": null }),
    ))
}

fn insert_solution(
    call: &mut Context<'_>,
    name: String,
    saved: Version,
    resource_group: Option<String>,
) -> u64 {
    let id = call.tables.next_id(Sequence::Solution);
    let solution = Solution {
        id,
        project_id: call.args.project_id(),
        name,
        saved,
        deployed: None,
        resource_group,
        state: SolutionState::NotRun,
        creator: call.caller.to_owned(),
        created: call.now,
        submitted: None,
        started: None,
    };
    call.tables.solutions.insert(id, solution);
    id
}

fn insert_file(
    call: &mut Context<'_>,
    name: String,
    saved: Version,
    resource_group: Option<String>,
    cu: Option<f64>,
    folder: Option<String>,
) -> u64 {
    let id = call.tables.next_id(Sequence::File);
    let file = File {
        id,
        project_id: call.args.project_id(),
        name,
        task_type: call.args.task_type(),
        folder: folder.unwrap_or_default(),
        resource_group,
        cu,
        saved,
        committed: None,
        deployed: None,
        running: None,
        node_id: None,
        state: RunState::NotRun,
        start_param: None,
        failovers: 0,
        log: Vec::new(),
        schedule: serde_json::Map::new(),
        owner: call.caller.to_owned(),
        created: call.now,
        modified: call.now,
        deleted: None,
    };
    call.tables.files.insert(id, file);
    id
}

fn update(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let task_type = call.args.task_type();
    if task_type == TaskType::Solution {
        return Err(Refusal::param_invalid().into());
    }
    let id = call.args.id("FileId");
    let file = call.file(id, task_type)?;
    let placement = Placement::parse(call)?;
    if placement.file_folder_path.is_some() {
        return Err(fail(
            "TaskParam is invalid: FileFolderPath can not be changed.",
        ));
    }
    let group = placement
        .resource_group
        .clone()
        .or(file.resource_group.clone());
    if let Some(group) = &placement.resource_group {
        call.integration_group(group)?;
    }
    let cu = placement.units(call, group.as_deref())?;
    let content = match call.args.text("TaskContent") {
        Some(text) => {
            let (script, text) = read_script(text)?;
            check_script(call, &script, task_type)?;
            Some(call.tables.keep_content(text))
        }
        None => None,
    };
    let now = call.now;
    let file = edit_file(call, id);
    let number = file.saved.number + 1;
    file.saved = Version {
        number,
        content: content.unwrap_or(file.saved.content),
    };
    file.resource_group = group;
    file.cu = cu.or(file.cu);
    file.modified = now;
    Ok(Reply::done())
}

fn get(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let id = call.args.id("FileId");
    match call.args.task_type() {
        TaskType::Offline => Err(Refusal::param_invalid().into()),
        TaskType::Realtime => {
            let file = call.file(id, TaskType::Realtime)?;
            Ok(Reply::data(json!({
                "Status": "success",
                "Message": null,
                "Code": call.tables.content(file.saved.content),
                "SolutionDetail": null,
                "AlarmList": [],
            })))
        }
        TaskType::Solution => {
            let solution = call.solution(id)?;
            Ok(Reply::data(json!({
                "Status": "success",
                "Message": null,
                "Code": null,
                "SolutionDetail": solution::detail(call.tables, solution),
            })))
        }
    }
}

/// A file that the call has found before.
pub(super) fn edit_file<'a>(call: &'a mut Context<'_>, id: u64) -> &'a mut File {
    call.tables
        .files
        .edit(&id)
        .expect("the call has found the file")
}

/// The data sources of a script must be there, and a generated kind of task must be of a known pair.
fn check_script(call: &Context<'_>, script: &Script, task_type: TaskType) -> Result<(), Failure> {
    let usable = |name: &str, kind: &str| {
        let envs: &[Env] = match task_type {
            TaskType::Offline => &[Env::Prod, Env::Dev],
            TaskType::Realtime | TaskType::Solution => &[Env::Prod],
        };
        envs.iter()
            .filter_map(|env| call.datasource(*env, name))
            .any(|found| found.kind == kind)
    };
    for source in &script.sources {
        if !usable(source, &script.source_kind) {
            return Err(fail(format!("datasource:[{source}] is invalid.")));
        }
    }
    if !usable(&script.destination, &script.destination_kind) {
        return Err(fail(format!(
            "datasource:[{}] is invalid.",
            script.destination
        )));
    }
    if task_type != TaskType::Offline && script.tables.is_empty() {
        return Err(fail("TaskContent is invalid: it has no tables."));
    }
    Ok(())
}

/// Reads a script, and writes it as the service keeps it: what it says, not how it was written.
pub(super) fn read_script(text: &str) -> Result<(Script, String), Failure> {
    let mut document: Value =
        serde_json::from_str(text).map_err(|_| fail("TaskContent is not JSON."))?;
    let script = Script::read(&document).map_err(fail)?;
    document.sort_all_objects();
    Ok((script, document.to_string()))
}

/// A time as the solution operations print it, in UTC+8.
pub(super) fn clock_time(moment: Moment) -> String {
    let time = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Offset::constant(8)
        .to_datetime(time)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}
