//! The DIJob operations as version 2020-05-18 has them: MySQL to Hologres, and MySQL to Hive for creating only.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::instance::see;
use crate::emulator::world::object::{DiJob, Env, JobState, Moment, Passing, TaskType};
use crate::emulator::world::operation::{
    Context, Operation, PAGE_NUMBER, PAGE_SIZE, PROJECT_ID, Param, Style, page_of,
};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail};
use crate::emulator::world::settings::Edition;
use crate::emulator::world::tables::Sequence;

const JOB_ID: Param = Param::id("DIJobId").required();

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::write(
        "CreateDIJob",
        Style::Refusing,
        &[
            PROJECT_ID.required(),
            Param::text("JobName").required(),
            Param::one_of("MigrationType", MIGRATION_TYPES).required(),
            Param::text("SourceDataSourceType").required(),
            Param::text("DestinationDataSourceType").required(),
            Param::json_array("SourceDataSourceSettings").required(),
            Param::json_array("DestinationDataSourceSettings").required(),
            Param::json_object("ResourceSettings").required(),
            Param::json_array("TableMappings"),
            Param::json_array("TransformationRules"),
            Param::json_object("JobSettings"),
            Param::text("Description"),
            Param::bool("SystemDebug"),
        ],
        create,
    ),
    Operation::write(
        "UpdateDIJob",
        Style::Refusing,
        &[
            JOB_ID,
            Param::text("Description"),
            Param::json_object("JobSettings"),
            Param::json_object("ResourceSettings"),
            Param::json_array("TableMappings"),
            Param::json_array("TransformationRules"),
        ],
        update,
    ),
    Operation::write(
        "StartDIJob",
        Style::Refusing,
        &[
            JOB_ID,
            Param::bool("ForceToRerun"),
            Param::json_object("RealtimeStartSettings"),
        ],
        start,
    ),
    Operation::write("StopDIJob", Style::Refusing, &[JOB_ID], stop),
    Operation::write("DeleteDIJob", Style::Refusing, &[JOB_ID], delete),
    Operation::read(
        "GetDIJob",
        Style::Refusing,
        &[JOB_ID, Param::bool("WithDetails")],
        get,
    ),
    Operation::read(
        "ListDIJobs",
        Style::Refusing,
        &[
            PROJECT_ID.required(),
            Param::text("JobName"),
            Param::text("SourceDataSourceType"),
            Param::text("DestinationDataSourceType"),
            PAGE_NUMBER,
            PAGE_SIZE,
        ],
        list,
    ),
];

const MIGRATION_TYPES: &[&str] = &[
    "FullAndRealtimeIncremental",
    "RealtimeIncremental",
    "Full",
    "OfflineIncremental",
    "FullAndOfflineIncremental",
];

/// Parameters that are kept as they come, structured ones as JSON.
const TEXTS: [&str; 5] = [
    "JobName",
    "Description",
    "MigrationType",
    "SourceDataSourceType",
    "DestinationDataSourceType",
];
const DOCUMENTS: [&str; 6] = [
    "SourceDataSourceSettings",
    "DestinationDataSourceSettings",
    "ResourceSettings",
    "TableMappings",
    "TransformationRules",
    "JobSettings",
];

/// These operations come with the larger editions only.
pub(super) fn check_edition(call: &Context<'_>) -> Result<(), Refusal> {
    match call.settings.edition {
        Edition::Unlimited | Edition::Enterprise => Ok(()),
        Edition::Basic | Edition::Standard | Edition::Professional => Err(Refusal::new(
            403,
            "Forbidden.Access",
            "Access is forbidden. Please activate DataWorks Enterprise Edition or Flagship Edition.",
        )),
    }
}

fn same_word(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

fn spec_of(call: &Context<'_>) -> Map<String, Value> {
    let texts = TEXTS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), Value::from(call.args.text(name)?))));
    let documents = DOCUMENTS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), call.args.json(name)?)));
    texts.chain(documents).collect()
}

fn create(call: &mut Context<'_>) -> Answer {
    check_edition(call)?;
    call.workspace()?;
    let args = call.args;
    let name = args.required("JobName");
    call.check_name(name)?;
    let project_id = args.project_id();
    if call
        .tables
        .dijobs
        .values()
        .any(|job| job.project_id == project_id && job.name == name)
    {
        return Err(fail(format!("JobName:[{name}] already exists.")));
    }
    let (source, destination) = (
        args.required("SourceDataSourceType"),
        args.required("DestinationDataSourceType"),
    );
    let migration = args.required("MigrationType");
    if !same_word(source, "MySQL") {
        return Err(fail(format!("SourceDataSourceType:[{source}] is invalid.")));
    }
    let realtime = migration.ends_with("RealtimeIncremental");
    match (
        same_word(destination, "Hologres"),
        same_word(destination, "Hive"),
    ) {
        (true, _) if realtime => {}
        (_, true) if !realtime => {}
        (false, false) => {
            return Err(fail(format!(
                "DestinationDataSourceType:[{destination}] is invalid."
            )));
        }
        _ => return Err(fail(format!("MigrationType:[{migration}] is invalid."))),
    }
    let spec = spec_of(call);
    check_spec(call, project_id, &spec)?;
    for (setting, kinds) in [
        ("SourceDataSourceSettings", &["mysql"][..]),
        (
            "DestinationDataSourceSettings",
            &["holo", "hive", "emr"][..],
        ),
    ] {
        check_datasource(call, &spec[setting], kinds)
            .map_err(|()| fail(format!("{setting} is invalid.")))?;
    }
    if !spec.contains_key("TableMappings") && imported_file(&spec).is_none() {
        return Err(Refusal::missing("TableMappings").into());
    }
    let id = call.tables.next_id(Sequence::DiJob);
    let job = DiJob {
        id,
        project_id,
        name: name.to_owned(),
        spec,
        state: JobState::Initialized,
        created: call.now,
        updated: call.now,
        started: None,
    };
    call.tables.dijobs.insert(id, job);
    Ok(Reply::new(json!({ "DIJobId": id })))
}

/// One data source, by name, of the production environment.
fn check_datasource(call: &Context<'_>, settings: &Value, kinds: &[&str]) -> Result<(), ()> {
    let [only] = settings.as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(());
    };
    let name = only["DataSourceName"].as_str().ok_or(())?;
    let found = call.datasource(Env::Prod, name).ok_or(())?;
    if kinds.contains(&found.kind.as_str()) {
        Ok(())
    } else {
        Err(())
    }
}

fn imported_file(spec: &Map<String, Value>) -> Option<u64> {
    let rules = &spec.get("JobSettings")?["ImportRuleSettings"];
    let id = &rules["FileId"];
    // The SDKs declare the id as text.
    let id = id.as_u64().or_else(|| id.as_str()?.parse().ok());
    id.filter(|_| rules["Source"] == "Datastudio")
}

/// The name, action and target by which a mapping refers to a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleName {
    rule_name: String,
    rule_action_type: String,
    rule_target_type: String,
}

fn rule_names(list: Option<&Value>) -> Result<Vec<RuleName>, Failure> {
    let list = list.cloned().unwrap_or_else(|| json!([]));
    serde_json::from_value(list).map_err(|_| fail("TransformationRules is invalid."))
}

/// What creation and update have in common: groups that exist, rules that are defined once and referred to by name.
fn check_spec(
    call: &Context<'_>,
    project_id: u64,
    spec: &Map<String, Value>,
) -> Result<(), Failure> {
    for kind in ["OfflineResourceSettings", "RealtimeResourceSettings"] {
        let group = spec
            .get("ResourceSettings")
            .map(|all| &all[kind]["ResourceGroupIdentifier"]);
        if let Some(identifier) = group.and_then(Value::as_str) {
            call.integration_group(identifier)?;
        }
    }
    if let Some(file_id) = imported_file(spec) {
        let found = call.tables.files.get(&file_id).filter(|file| {
            file.project_id == project_id && file.is_alive() && file.task_type == TaskType::Realtime
        });
        if found.is_none() {
            return Err(fail(format!("fileId:[{file_id}] is invalid.")));
        }
    }
    let mut rules = rule_names(spec.get("TransformationRules"))?;
    let count = rules.len();
    rules.sort_unstable();
    rules.dedup();
    if rules.len() < count || rules.iter().any(|rule| rule.rule_name.chars().count() > 50) {
        return Err(fail("TransformationRules is invalid."));
    }
    let mappings = spec.get("TableMappings").and_then(Value::as_array);
    for mapping in mappings.into_iter().flatten() {
        if mapping["SourceObjectSelectionRules"]
            .as_array()
            .is_none_or(Vec::is_empty)
        {
            return Err(fail("TableMappings is invalid."));
        }
        for reference in rule_names(mapping.get("TransformationRules"))? {
            if !rules.contains(&reference) {
                let name = reference.rule_name;
                return Err(fail(format!("TransformationRules:[{name}] is invalid.")));
            }
        }
    }
    Ok(())
}

fn unknown(id: u64) -> Failure {
    fail(format!("DIJobId:[{id}] is invalid."))
}

/// A job that the operations beside create and list have: one to Hologres.
fn job<'a>(call: &'a Context<'_>) -> Result<&'a DiJob, Failure> {
    check_edition(call)?;
    let id = call.args.id("DIJobId");
    call.tables
        .dijobs
        .get(&id)
        .filter(|job| {
            let destination = job.spec["DestinationDataSourceType"].as_str();
            destination.is_some_and(|word| same_word(word, "Hologres"))
        })
        .ok_or_else(|| unknown(id))
}

fn edit<'a>(call: &'a mut Context<'_>, id: u64) -> &'a mut DiJob {
    call.tables
        .dijobs
        .edit(&id)
        .expect("the call has found the job")
}

fn update(call: &mut Context<'_>) -> Answer {
    let job = job(call)?;
    let (id, project_id) = (job.id, job.project_id);
    if matches!(job.state, JobState::Stopping(_)) {
        return Err(fail(format!("DIJobId:[{id}] is being stopped.")));
    }
    let mut spec = job.spec.clone();
    // Everything else was fixed when the job was created.
    for fixed in [
        "Description",
        "JobSettings",
        "ResourceSettings",
        "TableMappings",
        "TransformationRules",
    ] {
        if let Some(value) = spec_of(call).remove(fixed) {
            spec.insert(fixed.to_owned(), value);
        }
    }
    check_spec(call, project_id, &spec)?;
    let now = call.now;
    let job = edit(call, id);
    job.spec = spec;
    job.updated = now;
    Ok(Reply::new(json!({})))
}

/// Where a start begins, and what it puts up with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RealtimeStartSettings {
    #[serde(rename = "StartTime")]
    _start_time: Option<i64>,
    #[serde(rename = "FailoverSettings")]
    _failover_settings: Option<FailoverSettings>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct FailoverSettings {
    #[serde(rename = "Interval")]
    _interval: Option<u64>,
    #[serde(rename = "UpperLimit")]
    _upper_limit: Option<u64>,
}

fn start(call: &mut Context<'_>) -> Answer {
    let job = job(call)?;
    let id = job.id;
    match job.state {
        JobState::Initialized | JobState::Stopped | JobState::Failed(_) => {}
        JobState::Running => return Err(fail(format!("DIJobId:[{id}] is running."))),
        JobState::Stopping(_) => {
            return Err(fail(format!("DIJobId:[{id}] is being stopped.")));
        }
    }
    let settings = call.args.json("RealtimeStartSettings");
    if let Some(settings) = &settings
        && RealtimeStartSettings::deserialize(settings).is_err()
    {
        return Err(Refusal::invalid("RealtimeStartSettings").into());
    }
    let (now, again) = (call.now, call.args.bool("ForceToRerun").unwrap_or(false));
    let job = edit(call, id);
    job.state = JobState::Running;
    job.started = Some(now);
    job.spec.insert(
        "RealtimeStartSettings".to_owned(),
        settings.unwrap_or_default(),
    );
    job.spec.insert("ForceToRerun".to_owned(), again.into());
    Ok(Reply::new(json!({})))
}

fn stop(call: &mut Context<'_>) -> Answer {
    let job = job(call)?;
    let id = job.id;
    if job.state != JobState::Running {
        return Err(fail(format!("DIJobId:[{id}] is not running.")));
    }
    let stopping = JobState::Stopping(Passing {
        reads_left: call.settings.kill_reads,
        until: call.now.plus(call.settings.kill_ms),
    });
    edit(call, id).state = stopping;
    Ok(Reply::new(json!({})))
}

fn delete(call: &mut Context<'_>) -> Answer {
    let job = job(call)?;
    let id = job.id;
    if matches!(job.state, JobState::Running | JobState::Stopping(_)) {
        return Err(fail(format!("DIJobId:[{id}] is running.")));
    }
    call.tables.dijobs.remove(&id);
    call.tables.alarm_rules.retain(|_, rule| rule.job_id != id);
    Ok(Reply::new(json!({})))
}

fn status_word(state: &JobState) -> &'static str {
    match state {
        JobState::Initialized => "Initialized",
        JobState::Running => "Running",
        JobState::Stopping(_) => "Stopping",
        JobState::Stopped => "Stopped",
        JobState::Failed(_) => "Failed",
    }
}

fn get(call: &mut Context<'_>) -> Answer {
    let id = job(call)?.id;
    let (now, details) = (call.now, call.args.bool("WithDetails").unwrap_or(true));
    let job = edit(call, id);
    if let JobState::Stopping(passing) = &mut job.state
        && see(passing, now)
    {
        job.state = JobState::Stopped;
    }
    let message = match &job.state {
        JobState::Failed(message) => Some(message),
        _ => None,
    };
    let mut data = json!({
        "DIJobId": job.id,
        "ProjectId": job.project_id,
        "JobStatus": status_word(&job.state),
        "ErrorMessage": message,
        "RunStats": {},
        "CreatedTime": job.created.seconds(),
        "UpdatedTime": job.updated.seconds(),
        "StartedTime": job.started.map(Moment::seconds),
        "CreatedUid": "1",
        "UpdatedUid": "1",
        "StartedUid": job.started.map(|_| "1"),
    });
    for name in TEXTS {
        data[name] = job.spec.get(name).cloned().unwrap_or_default();
    }
    for name in DOCUMENTS.iter().filter(|_| details) {
        data[*name] = job.spec.get(*name).cloned().unwrap_or_default();
    }
    // Where a job came from is nothing of what it is.
    if let Some(settings) = data["JobSettings"].as_object_mut() {
        settings.remove("ImportRuleSettings");
    }
    Ok(Reply::new(json!({ "Data": data })))
}

fn list(call: &mut Context<'_>) -> Answer {
    check_edition(call)?;
    call.workspace()?;
    let (args, project_id) = (call.args, call.args.project_id());
    let is = |job: &DiJob, name: &str| {
        args.text(name).is_none_or(|wanted| {
            job.spec
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|word| same_word(word, wanted))
        })
    };
    let jobs: Vec<&DiJob> = call
        .tables
        .dijobs
        .values()
        .filter(|job| job.project_id == project_id)
        .filter(|job| {
            args.text("JobName")
                .is_none_or(|word| job.name.contains(word))
        })
        .filter(|job| is(job, "SourceDataSourceType") && is(job, "DestinationDataSourceType"))
        .collect();
    let total = jobs.len();
    let (number, size) = args.page();
    let rows: Vec<Value> = page_of(jobs, (number, size))
        .into_iter()
        .map(|job| {
            json!({
                "DIJobId": job.id,
                "JobName": job.name,
                "JobStatus": status_word(&job.state),
                "MigrationType": job.spec["MigrationType"],
                "ProjectId": job.project_id,
                "SourceDataSourceType": job.spec["SourceDataSourceType"],
                "DestinationDataSourceType": job.spec["DestinationDataSourceType"],
            })
        })
        .collect();
    Ok(Reply::new(json!({ "DIJobPaging": {
        "PageNumber": number, "PageSize": size, "TotalCount": total, "DIJobs": rows,
    } })))
}
