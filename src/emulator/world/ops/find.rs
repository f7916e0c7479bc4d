//! Finding files: by name, by folder, by data source, by node.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::emulator::world::object::{File, TaskType};
use crate::emulator::world::operation::{
    Args, Context, Operation, PAGE_NUMBER, PAGE_SIZE, PROJECT_ID, Param, Style, page_of,
};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail_with};
use crate::emulator::world::tables::Tables;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::read(
        "ListRefDISyncTasks",
        Style::Refusing,
        &[
            PROJECT_ID.required(),
            Param::text("DatasourceName").required(),
            Param::one_of("TaskType", &["DI_OFFLINE", "DI_REALTIME"]).required(),
            Param::one_of("RefType", &["from", "to"]).required(),
            Param::integer("PageNumber", 1, 100),
            Param::integer("PageSize", 1, 100_000),
        ],
        list_references,
    ),
    Operation::read(
        "ListFiles",
        Style::Envelope,
        &[
            PROJECT_ID,
            Param::text("ProjectIdentifier"),
            Param::text("FileTypes"),
            Param::text("Keyword"),
            Param::text("ExactFileName"),
            Param::text("FileFolderPath"),
            Param::text("FileIdIn"),
            Param::id("NodeId"),
            Param::text("Owner"),
            Param::text("LastEditUser"),
            Param::one_of("UseType", USE_TYPES),
            Param::bool("NeedContent"),
            Param::bool("NeedAbsoluteFolderPath"),
            PAGE_NUMBER,
            PAGE_SIZE,
        ],
        list_files,
    ),
    Operation::read(
        "GetFile",
        Style::Envelope,
        &[
            PROJECT_ID,
            Param::text("ProjectIdentifier"),
            Param::id("FileId"),
            Param::id("NodeId"),
        ],
        get_file,
    ),
];

const USE_TYPES: &[&str] = &[
    "NORMAL",
    "MANUAL",
    "MANUAL_BIZ",
    "SKIP",
    "ADHOCQUERY",
    "COMPONENT",
];
const MAX_IDS: usize = 50;

fn list_references(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let args = call.args;
    let (project_id, name) = (args.project_id(), args.required("DatasourceName"));
    let (task_type, reads) = (args.task_type(), args.required("RefType") == "from");
    let mut found = Vec::new();
    for file in call.tables.files.values() {
        // Only what was published has a node to be listed by.
        let (Some(node_id), Some(version)) = (file.node_id, file.deployed.or(file.committed))
        else {
            continue;
        };
        if file.project_id != project_id || file.task_type != task_type || !file.is_alive() {
            continue;
        }
        let script = call.tables.script(version.content);
        let refers = if reads {
            script.sources.contains(name)
        } else {
            script.destination == name
        };
        if refers {
            let names = |names: &BTreeSet<String>| json!(names).to_string();
            found.push(json!({
                "NodeId": node_id,
                "NodeName": file.name,
                "TaskType": task_type.word(),
                "DiSourceDatasource": names(&script.sources),
                "DiDestinationDatasource": names(&BTreeSet::from([script.destination.clone()])),
            }));
        }
    }
    Ok(Reply::data(
        json!({ "DISyncTasks": page_of(found, args.page()) }),
    ))
}

/// The workspace that a file operation names one way or the other.
pub(super) fn project_of(call: &Context<'_>) -> Result<u64, Failure> {
    let args = call.args;
    match (args.integer("ProjectId"), args.text("ProjectIdentifier")) {
        (None, None) => Err(Refusal::missing("ProjectId").into()),
        (id, name) => call
            .tables
            .workspaces
            .values()
            .find(|workspace| {
                id.is_none_or(|id| workspace.project_id == id)
                    && name.is_none_or(|name| workspace.name == name)
            })
            .map(|workspace| workspace.project_id)
            .ok_or_else(|| Refusal::forbidden().into()),
    }
}

/// The type number of a file.
pub(super) fn file_type(task_type: TaskType) -> u64 {
    match task_type {
        TaskType::Offline => 23,
        TaskType::Realtime | TaskType::Solution => 900,
    }
}

fn numbers(text: &str) -> Result<Vec<u64>, ()> {
    text.split(',')
        .map(|part| part.trim().parse().map_err(|_| ()))
        .collect()
}

fn list_files(call: &mut Context<'_>) -> Answer {
    let project_id = project_of(call)?;
    let args = call.args;
    let list = |name: &str| {
        args.text(name)
            .map(numbers)
            .transpose()
            .map_err(|()| Refusal::invalid(name))
    };
    let types = list("FileTypes")?;
    let ids = list("FileIdIn")?;
    if ids.as_ref().is_some_and(|ids| ids.len() > MAX_IDS) {
        return Err(Refusal::invalid("FileIdIn").into());
    }
    let matching = matching(
        call.tables,
        args,
        project_id,
        types.as_deref(),
        ids.as_deref(),
    );
    let total = matching.len();
    let (number, size) = args.page();
    let (content, path) = (
        args.bool("NeedContent"),
        args.bool("NeedAbsoluteFolderPath"),
    );
    let files: Vec<Value> = page_of(matching, (number, size))
        .into_iter()
        .map(|file| {
            let mut row = row(file);
            if content == Some(true) {
                row["Content"] = call.tables.content(file.saved.content).into();
            }
            if path == Some(true) {
                row["AbsoluteFolderPath"] = file.folder.as_str().into();
            }
            row
        })
        .collect();
    Ok(Reply::envelope(json!({
        "PageNumber": number, "PageSize": size, "TotalCount": total, "Files": files,
    })))
}

/// The files that pass every filter of the call.
fn matching<'a>(
    tables: &'a Tables,
    args: Args<'_>,
    project_id: u64,
    types: Option<&[u64]>,
    ids: Option<&[u64]>,
) -> Vec<&'a File> {
    if args
        .text("UseType")
        .is_some_and(|wanted| wanted != "NORMAL")
    {
        return Vec::new();
    }
    // Looked up once, because a workspace has thousands of files.
    let (keyword, node) = (args.text("Keyword"), args.integer("NodeId"));
    let (name, folder) = (args.text("ExactFileName"), args.text("FileFolderPath"));
    let (owner, editor) = (args.text("Owner"), args.text("LastEditUser"));
    let is = |wanted: Option<&str>, value: &str| wanted.is_none_or(|wanted| wanted == value);
    tables
        .files
        .values()
        .filter(|file| file.project_id == project_id && file.is_alive())
        .filter(|file| types.is_none_or(|types| types.contains(&file_type(file.task_type))))
        .filter(|file| ids.is_none_or(|ids| ids.contains(&file.id)))
        .filter(|file| keyword.is_none_or(|word| file.name.contains(word)))
        .filter(|file| is(name, &file.name) && is(folder, &file.folder))
        .filter(|file| is(owner, &file.owner) && is(editor, &file.owner))
        .filter(|file| node.is_none_or(|node| file.node_id == Some(node)))
        .collect()
}

fn row(file: &File) -> Value {
    let committed = file.committed.is_some_and(|version| version == file.saved);
    json!({
        "FileId": file.id,
        "FileName": file.name,
        "FileType": file_type(file.task_type),
        "FileFolderId": format!("{:x}", file.project_id),
        "NodeId": file.node_id,
        "CommitStatus": u8::from(committed),
        "CurrentVersion": file.committed.map_or(0, |version| version.number),
        "CreateTime": file.created.0,
        "LastEditTime": file.modified.0,
        "CreateUser": file.owner,
        "LastEditUser": file.owner,
        "Owner": file.owner,
        "BusinessId": 1,
        "UseType": "NORMAL",
        "ConnectionName": "",
        "AutoParsing": false,
        "ParentId": -1,
        "FileDescription": "",
    })
}

/// A file by id or by node, in the recycle bin or not.
fn file_named<'a>(
    tables: &'a Tables,
    call: &Context<'_>,
    project_id: u64,
) -> Result<&'a File, Failure> {
    let args = call.args;
    let found = match (args.integer("FileId"), args.integer("NodeId")) {
        (None, None) => return Err(Refusal::missing("FileId").into()),
        (Some(id), _) => tables.files.get(&id),
        (None, node) => tables.files.values().find(|file| file.node_id == node),
    };
    found
        .filter(|file| file.project_id == project_id)
        .ok_or_else(|| fail_with("Invalid.File.NotExists", "The file does not exist."))
}

fn get_file(call: &mut Context<'_>) -> Answer {
    let project_id = project_of(call)?;
    let file = file_named(call.tables, call, project_id)?;
    let mut row = row(file);
    row["Content"] = call.tables.content(file.saved.content).into();
    row["DeletedStatus"] = if file.is_alive() {
        "NORMAL"
    } else {
        "RECYCLE_BIN"
    }
    .into();
    row["AdvancedSettings"] = "".into();
    Ok(Reply::envelope(json!({
        "File": row,
        "NodeConfiguration": node_configuration(call.tables, file),
        "ResourceDownloadLink": { "downloadLink": "" },
    })))
}

/// The schedule of a file, which is written in one way and read in another.
fn node_configuration(tables: &Tables, file: &File) -> Value {
    let mut configuration = json!({ "SchedulerType": "NORMAL", "RerunMode": "ALL_ALLOWED" });
    let mut group = file.resource_group.as_deref();
    for (name, value) in &file.schedule {
        match name.as_str() {
            "ResourceGroupIdentifier" => group = value.as_str(),
            "InputList" => {
                configuration["InputList"] =
                    listed(value, |one| json!({ "Input": one, "ParseType": "MANUAL" }));
            }
            "OutputList" => {
                configuration["OutputList"] = listed(value, |one| json!({ "Output": one }))
            }
            "ApplyScheduleImmediately" => configuration[name] = value.to_string().into(),
            _ => configuration[name] = value.clone(),
        }
    }
    configuration["ResourceGroupId"] = group
        .and_then(|group| tables.resource_groups.get(group))
        .map(|group| group.id)
        .into();
    configuration
}

/// A comma-separated list as a list of objects.
fn listed(text: &Value, object: fn(&str) -> Value) -> Value {
    let text = text.as_str().unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(object)
        .collect()
}
