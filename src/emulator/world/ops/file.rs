//! Batch tasks as DataStudio files: schedule, submit, deploy, delete, take offline.
//!
//! Publishing is asynchronous. What a deployment does happens when somebody sees it done, so a caller that goes on
//! without looking finds that nothing has happened yet.

use serde_json::{Map, Value, json};

use super::find::project_of;
use super::lookup::{check_folder, datasource_in};
use super::task::{edit_file, read_script};
use crate::emulator::world::object::{
    Deployment, DeploymentKind, DeploymentOutcome, Env, File, Mode, Moment, TaskType, Version,
};
use crate::emulator::world::operation::{Context, Operation, PROJECT_ID, Param, Style};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail, fail_with};
use crate::emulator::world::tables::{Sequence, Tables};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::write(
        "UpdateFile",
        Style::Envelope,
        &[
            PROJECT_ID,
            Param::text("ProjectIdentifier"),
            Param::id("FileId").required(),
            Param::text("FileName"),
            Param::text("FileFolderPath"),
            Param::text("Content"),
            Param::text("Owner"),
            Param::text("CronExpress"),
            Param::one_of("CycleType", &["DAY", "NOT_DAY"]),
            Param::one_of("SchedulerType", &["NORMAL", "MANUAL", "PAUSE", "SKIP"]),
            Param::one_of(
                "RerunMode",
                &["ALL_ALLOWED", "FAILURE_ALLOWED", "ALL_DENIED"],
            ),
            Param::integer("AutoRerunTimes", 0, 10),
            Param::integer("AutoRerunIntervalMillis", 0, 1_800_000),
            Param::one_of("DependentType", &["SELF", "CHILD", "USER_DEFINE", "NONE"]),
            Param::integer("StartEffectDate", 0, i64::MAX as u64),
            Param::integer("EndEffectDate", 0, i64::MAX as u64),
            Param::bool("Stop"),
            Param::integer("Timeout", 0, 168),
            Param::bool("ApplyScheduleImmediately"),
        ],
        update,
    ),
    Operation::write(
        "SubmitFile",
        Style::Envelope,
        &[
            PROJECT_ID,
            Param::text("ProjectIdentifier"),
            Param::id("FileId").required(),
            Param::text("Comment"),
            Param::bool("SkipAllDeployFileExtensions"),
        ],
        submit,
    ),
    Operation::write(
        "DeployFile",
        Style::Envelope,
        &[
            PROJECT_ID,
            Param::text("ProjectIdentifier"),
            Param::id("FileId"),
            Param::id("NodeId"),
            Param::text("Comment"),
        ],
        deploy,
    ),
    Operation::read(
        "GetDeployment",
        Style::Envelope,
        &[
            PROJECT_ID,
            Param::text("ProjectIdentifier"),
            Param::id("DeploymentId").required(),
        ],
        get_deployment,
    ),
    Operation::write(
        "DeleteFile",
        Style::Envelope,
        &[
            PROJECT_ID,
            Param::text("ProjectIdentifier"),
            Param::id("FileId").required(),
        ],
        delete,
    ),
    Operation::write(
        "OfflineNode",
        Style::TextSuccess,
        &[PROJECT_ID.required(), Param::id("NodeId").required()],
        take_offline,
    ),
];

/// Parameters of `UpdateFile` that are kept as they come; `GetFile` has them under the same names.
const SCHEDULE: [&str; 17] = [
    "CronExpress",
    "CycleType",
    "SchedulerType",
    "RerunMode",
    "AutoRerunTimes",
    "AutoRerunIntervalMillis",
    "InputList",
    "OutputList",
    "ParaValue",
    "ResourceGroupIdentifier",
    "DependentType",
    "DependentNodeIdList",
    "StartEffectDate",
    "EndEffectDate",
    "Stop",
    "Timeout",
    "ApplyScheduleImmediately",
];

/// Those of them that are numbers, and those that are flags.
const NUMBERS: [&str; 5] = [
    "AutoRerunTimes",
    "AutoRerunIntervalMillis",
    "StartEffectDate",
    "EndEffectDate",
    "Timeout",
];
const FLAGS: [&str; 2] = ["Stop", "ApplyScheduleImmediately"];

fn not_there() -> Failure {
    fail_with("Invalid.File.NotExists", "The file does not exist.")
}

/// The batch task that the call names by its file or by its node.
fn batch_file<'a>(call: &'a Context<'_>) -> Result<&'a File, Failure> {
    let project_id = project_of(call)?;
    let files = &call.tables.files;
    let found = match (call.args.integer("FileId"), call.args.integer("NodeId")) {
        (Some(id), _) => files.get(&id),
        (None, Some(node)) => files.values().find(|file| file.node_id == Some(node)),
        (None, None) => return Err(Refusal::missing("FileId").into()),
    };
    let file = found
        .filter(|file| file.project_id == project_id && file.is_alive())
        .ok_or_else(not_there)?;
    if file.task_type != TaskType::Offline {
        return Err(fail_with(
            "Invalid.File.Type",
            format!("The file {} is no batch task.", file.id),
        ));
    }
    Ok(file)
}

fn update(call: &mut Context<'_>) -> Answer {
    let file = batch_file(call)?;
    let (id, project_id, args) = (file.id, file.project_id, call.args);
    if let Some(name) = args.text("FileName").filter(|name| *name != file.name) {
        call.check_name(name)?;
        call.check_name_is_free_in(project_id, name)?;
    }
    if let Some(path) = args.text("FileFolderPath") {
        check_folder(&call.tables.workspaces[&project_id], path)?;
    }
    // A batch task is scheduled on either kind of group.
    if let Some(group) = args.text("ResourceGroupIdentifier")
        && !call.tables.resource_groups.contains_key(group)
    {
        return Err(fail(format!("ResourceGroup:[{group}] is invalid.")));
    }
    let content = match args.text("Content") {
        Some(text) => {
            let (_, text) = read_script(text)?;
            Some(call.tables.keep_content(text))
        }
        None => None,
    };
    let now = call.now;
    let file = edit_file(call, id);
    if let Some(content) = content {
        file.saved = Version {
            number: file.saved.number + 1,
            content,
        };
    }
    file.name = args.text("FileName").unwrap_or(&file.name).to_owned();
    file.folder = args
        .text("FileFolderPath")
        .unwrap_or(&file.folder)
        .to_owned();
    file.owner = args.text("Owner").unwrap_or(&file.owner).to_owned();
    for name in SCHEDULE {
        let value: Option<Value> = if NUMBERS.contains(&name) {
            args.integer(name).map(Into::into)
        } else if FLAGS.contains(&name) {
            args.bool(name).map(Into::into)
        } else {
            args.text(name).map(Into::into)
        };
        if let Some(value) = value {
            file.schedule.insert(name.to_owned(), value);
        }
    }
    file.modified = now;
    Ok(Reply::new(
        json!({ "Success": true, "HttpStatusCode": 200 }),
    ))
}

fn begin(call: &mut Context<'_>, file_id: u64, kind: DeploymentKind, version: Version) -> u64 {
    let id = call.tables.next_id(Sequence::Deployment);
    let deployment = Deployment {
        id,
        project_id: call.tables.files[&file_id].project_id,
        file_id,
        version,
        kind,
        reads_left: call.settings.deployment_reads,
        outcome: DeploymentOutcome::Pending,
        comment: call.args.text("Comment").unwrap_or_default().to_owned(),
        created: call.now,
        executed: None,
    };
    call.tables.deployments.insert(id, deployment);
    id
}

fn submit(call: &mut Context<'_>) -> Answer {
    let file = batch_file(call)?;
    let (id, saved) = (file.id, file.saved);
    let deployment = begin(call, id, DeploymentKind::Submit, saved);
    Ok(Reply::envelope(deployment.into()))
}

fn deploy(call: &mut Context<'_>) -> Answer {
    let file = batch_file(call)?;
    let id = file.id;
    if call.tables.workspaces[&file.project_id].mode == Mode::Basic {
        return Err(fail_with(
            "Invalid.Project.Mode",
            "A workspace in basic mode has no production environment to deploy to.",
        ));
    }
    let Some(committed) = file.committed else {
        return Err(fail_with(
            "Invalid.File.NotCommitted",
            "The file is not submitted.",
        ));
    };
    let deployment = begin(call, id, DeploymentKind::Deploy, committed);
    Ok(Reply::envelope(deployment.into()))
}

fn delete(call: &mut Context<'_>) -> Answer {
    let file = batch_file(call)?;
    let (id, saved, committed) = (file.id, file.saved, file.committed);
    let mut body = json!({ "Success": true, "HttpStatusCode": 200 });
    if committed.is_some() {
        body["DeploymentId"] = begin(call, id, DeploymentKind::Delete, saved).into();
    } else {
        let now = call.now;
        edit_file(call, id).deleted = Some(now);
    }
    Ok(Reply::new(body))
}

fn take_offline(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let file = batch_file(call)?;
    let id = file.id;
    if file.deployed.is_none() {
        return Err(fail(format!(
            "The node of the file {id} is not in production."
        )));
    }
    edit_file(call, id).deployed = None;
    Ok(Reply::new(json!({ "Success": "true" })))
}

fn get_deployment(call: &mut Context<'_>) -> Answer {
    let project_id = project_of(call)?;
    let (id, now) = (call.args.id("DeploymentId"), call.now);
    let deployment = call
        .tables
        .deployments
        .edit(&id)
        .filter(|deployment| deployment.project_id == project_id)
        .ok_or_else(|| {
            fail_with(
                "Invalid.Deployment.NotExists",
                "There is no such deployment.",
            )
        })?;
    if deployment.outcome == DeploymentOutcome::Pending {
        if deployment.reads_left > 0 {
            deployment.reads_left -= 1;
        } else {
            let deployment = deployment.clone();
            let outcome = finish(call.tables, &deployment, now);
            let deployment = call
                .tables
                .deployments
                .edit(&id)
                .expect("it was found before");
            deployment.outcome = outcome;
            deployment.executed = Some(now);
        }
    }
    let standard = call.tables.workspaces[&project_id].mode == Mode::Standard;
    Ok(Reply::envelope(row(
        &call.tables.deployments[&id],
        standard,
    )))
}

/// Does what a deployment is for.
fn finish(tables: &mut Tables, deployment: &Deployment, now: Moment) -> DeploymentOutcome {
    let failed = |message: &str| DeploymentOutcome::Failed(message.to_owned());
    let Some(file) = tables
        .files
        .get(&deployment.file_id)
        .filter(|file| file.is_alive())
    else {
        return failed("the file does not exist");
    };
    if deployment.kind != DeploymentKind::Delete {
        let script = tables.script(deployment.version.content);
        let known = |name: &String| {
            [Env::Prod, Env::Dev]
                .into_iter()
                .any(|env| datasource_in(tables, file.project_id, env, name).is_some())
        };
        if !script
            .sources
            .iter()
            .chain([&script.destination])
            .all(known)
        {
            return failed("a data source of the file does not exist");
        }
    }
    let basic = tables.workspaces[&deployment.project_id].mode == Mode::Basic;
    let node_id = match file.node_id {
        Some(node_id) => node_id,
        None => tables.next_id(Sequence::Node),
    };
    let file = tables
        .files
        .edit(&deployment.file_id)
        .expect("it was found before");
    match deployment.kind {
        DeploymentKind::Submit => {
            file.node_id = Some(node_id);
            file.committed = Some(deployment.version);
            if basic {
                file.deployed = Some(deployment.version);
            }
        }
        DeploymentKind::Deploy => file.deployed = Some(deployment.version),
        DeploymentKind::Delete => {
            file.deployed = None;
            file.deleted = Some(now);
        }
    }
    file.modified = now;
    DeploymentOutcome::Done
}

fn row(deployment: &Deployment, standard: bool) -> Value {
    let (status, item_status, message) = match &deployment.outcome {
        DeploymentOutcome::Pending => (0, 0, ""),
        DeploymentOutcome::Done => (1, 1, ""),
        DeploymentOutcome::Failed(message) => (2, 2, message.as_str()),
    };
    let (from, to) = match deployment.kind {
        DeploymentKind::Submit if standard => (0, 1),
        DeploymentKind::Submit => (0, 2),
        DeploymentKind::Deploy | DeploymentKind::Delete => (1, 2),
    };
    let mut row = Map::new();
    row.insert("Status".into(), status.into());
    row.insert("CheckingStatus".into(), Value::Null);
    row.insert("ErrorMessage".into(), message.into());
    row.insert("FromEnvironment".into(), from.into());
    row.insert("ToEnvironment".into(), to.into());
    row.insert("Name".into(), deployment.comment.as_str().into());
    row.insert("CreateTime".into(), deployment.created.0.into());
    row.insert(
        "ExecuteTime".into(),
        deployment.executed.map(|at| at.0).into(),
    );
    row.insert("CreatorId".into(), "1".into());
    row.insert("HandlerId".into(), "1".into());
    json!({
        "Deployment": row,
        "DeployedItems": [{
            "FileId": deployment.file_id,
            "FileVersion": deployment.version.number,
            "Status": item_status,
        }],
    })
}
