//! Generating a script: two operations that begin, and one that asks how far it is.

use serde_json::{Value, json};

use crate::emulator::world::content::{Blueprint, Destination, SourceTables};
use crate::emulator::world::fault::Fault;
use crate::emulator::world::object::{
    Env, Generated, GroupKind, Instance, Process, SourceTable, TaskType,
};
use crate::emulator::world::operation::{Context, Operation, PROJECT_ID, Param, Style, TASK_TYPE};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail};
use crate::emulator::world::script::{
    Script, Selected, Setting, Source, Step, TaskParam, Unreadable,
};
use crate::emulator::world::settings::{GenerateStatus, InProgress, UpdateTables};
use crate::emulator::world::tables::Sequence;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::write(
        "GenerateDISyncTaskConfigForCreating",
        Style::Data,
        &[
            PROJECT_ID.required(),
            TASK_TYPE.required(),
            Param::text("TaskParam").required(),
        ],
        for_creating,
    )
    .with_token(),
    Operation::write(
        "GenerateDISyncTaskConfigForUpdating",
        Style::Data,
        &[
            PROJECT_ID.required(),
            TASK_TYPE.required(),
            Param::id("TaskId").required(),
            Param::text("TaskParam").required(),
        ],
        for_updating,
    )
    .with_token(),
    Operation::read(
        "QueryDISyncTaskConfigProcessResult",
        Style::Data,
        &[
            PROJECT_ID.required(),
            TASK_TYPE.required(),
            Param::id("AsyncProcessId").required(),
        ],
        query,
    ),
];

fn for_creating(call: &mut Context<'_>) -> Answer {
    let task_type = begin(call)?;
    let param = parse(call)?;
    let (setting, reader, writer) = complete(&param)?;
    let destination = check_pair(setting, reader, writer)?;
    let group = setting
        .resource_group
        .as_deref()
        .ok_or_else(|| missing("resourceGroup"))?;
    call.integration_group(group)?;
    check_schedule_group(call, setting, task_type)?;
    let name = setting.name.as_deref().unwrap_or_default();
    if !name.is_empty() {
        call.check_name(name)?;
        call.check_name_is_free(name)?;
    }
    let sources = reader.sources(call.settings.both_tables).map_err(fail)?;
    check_sources(call, &sources)?;
    let writer = writer.destination().map_err(fail)?;
    check_datasource(call, &writer, destination.step_type())?;
    let selection: Vec<(&str, &[Selected])> = sources
        .iter()
        .map(|source| {
            (
                source.datasource.as_deref().unwrap_or_default(),
                &*source.tables,
            )
        })
        .collect();
    let result = generate(call, name, group, destination, &writer, &selection);
    Ok(start(call, task_type, None, result))
}

fn for_updating(call: &mut Context<'_>) -> Answer {
    let task_type = begin(call)?;
    if task_type == TaskType::Solution {
        return Err(fail("TaskType:[DI_SOLUTION] is invalid."));
    }
    let id = call.args.id("TaskId");
    let param = parse(call)?;
    let file = call.file(id, task_type)?;
    let script = call.tables.script(file.saved.content);
    check_unchanged(&param, script, &file.name)?;
    let reader = param
        .step("reader")
        .map_err(fail)?
        .ok_or_else(|| missing("reader"))?;
    let sources = reader.sources(call.settings.both_tables).map_err(fail)?;
    let mut selection = by_datasource(script, sources)?;
    if call.settings.update_tables == UpdateTables::Delta {
        add_present(script, &mut selection);
    }
    let destination = Destination::of_step_type(&script.destination_kind).ok_or_else(|| {
        fail(format!(
            "stepType:[{}] is invalid.",
            script.destination_kind
        ))
    })?;
    let group = file
        .resource_group
        .clone()
        .or(script.resource_group.clone())
        .unwrap_or_default();
    let borrowed: Vec<(&str, &[Selected])> = selection
        .iter()
        .map(|(datasource, tables)| (datasource.as_str(), &**tables))
        .collect();
    let result = generate(
        call,
        &file.name,
        &group,
        destination,
        &script.destination,
        &borrowed,
    );
    Ok(start(call, task_type, Some(id), result))
}

fn query(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let id = call.args.id("AsyncProcessId");
    let (project_id, task_type) = (call.args.project_id(), call.args.task_type());
    let (settings, now) = (call.settings, call.now);
    let process = call
        .tables
        .processes
        .edit(&id)
        .filter(|process| process.project_id == project_id && process.task_type == task_type)
        .filter(|process| settings.process_ttl.covers(now.since(process.started)))
        .ok_or_else(|| fail(format!("processId:[{id}] is invalid.")))?;
    process.polls = process.polls.saturating_add(1);
    let ready =
        process.polls >= settings.polls && now >= process.started.plus(settings.generate_ms);
    let process = process.clone();
    if process.endless || !ready || matches!(call.fault, Some(Fault::NeverFinish)) {
        return Ok(in_progress(settings.in_progress));
    }
    match process.result {
        Generated::Failed(message) => Ok(Reply::data(json!({
            "Status": "fail", "Message": message, "TaskContent": null,
        }))
        .into_failure()),
        Generated::Content(content) => Ok(Reply::data(json!({
            "Status": "success", "Message": null, "TaskContent": call.tables.content(content),
        }))),
    }
}

fn in_progress(word: InProgress) -> Reply {
    let (status, message) = match word {
        InProgress::Success => ("success", Value::Null),
        InProgress::Running => ("running", Value::Null),
        InProgress::FailWithMessage => ("fail", "The task is in process.".into()),
        InProgress::FailWithoutMessage => ("fail", Value::Null),
    };
    Reply::data(json!({ "Status": status, "Message": message, "TaskContent": null }))
}

/// What both generations check first.
fn begin(call: &Context<'_>) -> Result<TaskType, Failure> {
    if !call.tables.workspaces.contains_key(&call.args.project_id()) {
        return Err(Refusal::new(403, "Forbidden.DI.NoPrivilege", "No access.").into());
    }
    match call.args.task_type() {
        TaskType::Offline => Err(fail("TaskType:[DI_OFFLINE] is invalid.")),
        task_type => Ok(task_type),
    }
}

fn parse(call: &Context<'_>) -> Result<TaskParam, Failure> {
    TaskParam::parse(call.args.required("TaskParam")).map_err(|error| match error {
        Unreadable::NotJson => Refusal::di_parameter().into(),
        Unreadable::Shape(message) => fail(message),
    })
}

fn missing(what: &str) -> Failure {
    fail(format!("{what} is missing."))
}

/// The parts that a creation needs all of.
fn complete(param: &TaskParam) -> Result<(&Setting, &Step, &Step), Failure> {
    for (name, value, word) in [
        ("type", &param.kind, "realtime"),
        ("version", &param.version, "1.0"),
    ] {
        if value.as_deref() != Some(word) {
            let value = value.as_deref().unwrap_or_default();
            return Err(fail(format!("{name}:[{value}] is invalid.")));
        }
    }
    let setting = param.setting.as_ref().ok_or_else(|| missing("setting"))?;
    let reader = param
        .step("reader")
        .map_err(fail)?
        .ok_or_else(|| missing("reader"))?;
    let writer = param
        .step("writer")
        .map_err(fail)?
        .ok_or_else(|| missing("writer"))?;
    if param.steps.len() != 2 {
        return Err(fail("steps has something besides a reader and a writer."));
    }
    for (step, name) in [(reader, "Reader"), (writer, "Writer")] {
        if step.name != name {
            return Err(fail(format!("name:[{}] of a step is invalid.", step.name)));
        }
    }
    Ok((setting, reader, writer))
}

/// Only three pairs of source and destination are known to work.
fn check_pair(setting: &Setting, reader: &Step, writer: &Step) -> Result<Destination, Failure> {
    let word = setting.task_type.as_deref().unwrap_or_default();
    let destination = Destination::of_task_type(word)
        .ok_or_else(|| fail(format!("taskType:[{word}] is invalid.")))?;
    for (step, expected) in [(reader, "mysql"), (writer, destination.step_type())] {
        let given = step.step_type.as_deref().unwrap_or_default();
        if given != expected {
            return Err(fail(format!("stepType:[{given}] is invalid.")));
        }
    }
    Ok(destination)
}

/// A solution makes batch tasks, and those need a group to be scheduled on.
fn check_schedule_group(
    call: &Context<'_>,
    setting: &Setting,
    task_type: TaskType,
) -> Result<(), Failure> {
    let Some(id) = setting.schedule_resgroup_id else {
        return match task_type {
            TaskType::Solution => Err(missing("scheduleResgroupId")),
            TaskType::Realtime | TaskType::Offline => Ok(()),
        };
    };
    let exists = call
        .tables
        .resource_groups
        .values()
        .any(|group| group.id == id && group.kind == GroupKind::Scheduling);
    if exists {
        Ok(())
    } else {
        Err(fail(format!("scheduleResgroupId:[{id}] is invalid.")))
    }
}

fn check_datasource(call: &Context<'_>, name: &str, kind: &str) -> Result<(), Failure> {
    match call.datasource(Env::Prod, name) {
        Some(datasource) if datasource.kind == kind => Ok(()),
        _ => Err(fail(format!("datasource:[{name}] is invalid."))),
    }
}

fn check_sources(call: &Context<'_>, sources: &[Source]) -> Result<(), Failure> {
    for (index, source) in sources.iter().enumerate() {
        let kind = source.kind.as_deref().unwrap_or_default();
        if kind != "mysql" {
            return Err(fail(format!("datasourceType:[{kind}] is invalid.")));
        }
        let name = source
            .datasource
            .as_deref()
            .ok_or_else(|| missing("datasource"))?;
        check_datasource(call, name, "mysql")?;
        if sources[..index]
            .iter()
            .any(|other| other.datasource == source.datasource)
        {
            return Err(fail(format!("datasource:[{name}] is listed twice.")));
        }
    }
    Ok(())
}

/// An update may repeat what cannot change, as long as it does not change it.
fn check_unchanged(param: &TaskParam, script: &Script, name: &str) -> Result<(), Failure> {
    let same = |what: &str, given: Option<&str>, current: Option<&str>| match given {
        Some(given) if Some(given) != current => {
            Err(fail(format!("{what}:[{given}] can not be changed.")))
        }
        _ => Ok(()),
    };
    same("type", param.kind.as_deref(), Some("realtime"))?;
    same("version", param.version.as_deref(), Some("1.0"))?;
    if let Some(setting) = &param.setting {
        let task_type = format!("oneclick_to_{}", script.destination_kind);
        same("taskType", setting.task_type.as_deref(), Some(&task_type))?;
        same("name", setting.name.as_deref(), Some(name))?;
        let group = script.resource_group.as_deref();
        same("resourceGroup", setting.resource_group.as_deref(), group)?;
    }
    if let Some(writer) = param.step("writer").map_err(fail)? {
        let destination = writer.destination().map_err(fail)?;
        same("datasource", Some(&destination), Some(&script.destination))?;
    }
    Ok(())
}

/// The tables of an update under the data sources of the task; with only one, it need not be named.
fn by_datasource(
    script: &Script,
    sources: Vec<Source>,
) -> Result<Vec<(String, Vec<Selected>)>, Failure> {
    let only = match script.sources.iter().collect::<Vec<_>>()[..] {
        [only] => Some(only.clone()),
        _ => None,
    };
    sources
        .into_iter()
        .map(|source| {
            let datasource = source
                .datasource
                .or_else(|| only.clone())
                .ok_or_else(|| missing("datasource"))?;
            if !script.sources.contains(&datasource) {
                return Err(fail(format!(
                    "datasource:[{datasource}] can not be changed."
                )));
            }
            Ok((datasource, source.tables))
        })
        .collect()
}

fn add_present(script: &Script, selection: &mut [(String, Vec<Selected>)]) {
    for (datasource, tables) in selection {
        for present in script
            .tables
            .iter()
            .filter(|table| table.datasource == *datasource)
        {
            let named = |(database, table): &Selected| {
                *table == present.table
                    && database
                        .as_ref()
                        .is_none_or(|name| *name == present.database)
            };
            if !tables.iter().any(named) {
                tables.push((Some(present.database.clone()), present.table.clone()));
            }
        }
    }
}

/// Expands a selection into a script, or says what is wrong with it: that is found out only on the way.
fn generate(
    call: &Context<'_>,
    name: &str,
    resource_group: &str,
    destination: Destination,
    writer: &str,
    selection: &[(&str, &[Selected])],
) -> Result<String, String> {
    let mut sources = Vec::new();
    for (name, selected) in selection {
        let datasource = call
            .datasource(Env::Prod, name)
            .ok_or_else(|| format!("datasource:[{name}] is invalid."))?;
        let instance = datasource
            .instance
            .as_ref()
            .filter(|_| datasource.reachable)
            .and_then(|instance| call.tables.instances.get(instance))
            .ok_or("read datasource time out")?;
        let own = datasource
            .content
            .get("database")
            .and_then(Value::as_str)
            .or_else(|| {
                instance
                    .databases
                    .first()
                    .map(|database| database.name.as_str())
            });
        let tables = selected
            .iter()
            .map(|(database, table)| find_table(instance, database.as_deref().or(own), table))
            .collect::<Result<_, _>>()?;
        sources.push(SourceTables {
            datasource: &datasource.name,
            tables,
        });
    }
    Ok(Blueprint {
        name,
        resource_group,
        destination,
        writer,
        sources,
    }
    .build())
}

fn find_table<'a>(
    instance: &'a Instance,
    database: Option<&str>,
    table: &str,
) -> Result<(&'a str, &'a str, &'a SourceTable), String> {
    let database = database.unwrap_or_default();
    let found = instance
        .database(database)
        .ok_or_else(|| format!("database:[{database}] is invalid."))?;
    let (name, columns) = found
        .tables
        .get_key_value(table)
        .ok_or_else(|| format!("table:[{database}.{table}] is invalid."))?;
    Ok((&found.name, name, columns))
}

/// Keeps a generation whose end is known already but not told before its time.
fn start(
    call: &mut Context<'_>,
    task_type: TaskType,
    updates: Option<u64>,
    result: Result<String, String>,
) -> Reply {
    let result = match result {
        Ok(text) => Generated::Content(call.tables.keep_content(text)),
        Err(message) => Generated::Failed(message),
    };
    let id = call.tables.next_id(Sequence::Process);
    let process = Process {
        id,
        project_id: call.args.project_id(),
        task_type,
        updates,
        started: call.now,
        polls: 0,
        endless: matches!(call.fault, Some(Fault::NeverFinish)),
        result,
    };
    call.tables.processes.insert(id, process);
    let status = match call.settings.generate_status {
        GenerateStatus::True => "true",
        GenerateStatus::Success => "success",
    };
    Reply::data(json!({ "ProcessId": id, "Status": status, "Message": null }))
}
