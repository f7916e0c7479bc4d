//! From an answer to a reply or a fault, operation by operation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::{Answer, WireResponse, says_missing};
use super::encode::PAGE_SIZE;
use super::lenient::{Verdict, document, integer, member, text, verdict, word};
use super::script::{parse_meta, parse_script};
use crate::api::{ApiFault, Call, DatasourceRow, FileRow, Page, Reply, RunStatus};
use crate::resource::{DatasourceId, DatasourceType, EnvType, FileId, ProcessId, TaskType};

/// Understands an answer. Whatever it is, what is not clearly a success is a fault, and what is not clearly a failure is
/// of the class `Unknown`: the call may have taken effect.
pub fn decode(call: &Call, response: &WireResponse<'_>) -> Result<Reply, ApiFault> {
    let answer = &Answer::open(call, response)?;
    match call {
        Call::GetProject { .. } => project(answer),
        Call::ListDatasources { env, page, .. } => datasources(answer, *env, *page),
        Call::GetDatasourceMeta { .. } => {
            let meta = document(answer.settled_data()?, "Meta");
            let databases = meta.as_ref().and_then(parse_meta);
            databases
                .map(Reply::Meta)
                .ok_or_else(|| answer.unreadable("`Data.Meta` is no list of tables"))
        }
        Call::ListRealtimeFiles { page, .. } => files(answer, *page),
        Call::GetTask {
            task_type: TaskType::Realtime,
            ..
        } => {
            let code = document(answer.settled_data()?, "Code");
            let script = code.as_ref().and_then(parse_script);
            script
                .map(Reply::Script)
                .ok_or_else(|| answer.unreadable("`Data.Code` is no task script"))
        }
        Call::GetTask {
            task_type: TaskType::Solution,
            ..
        } => solution(answer),
        Call::GetInstance {
            task_type: TaskType::Realtime,
            ..
        } => instance(answer),
        Call::GetInstance {
            task_type: TaskType::Solution,
            ..
        } => solution_instance(answer),
        Call::Poll { .. } => content(answer),
        Call::Generate { .. } => id_in(answer, "ProcessId").map(|id| Reply::Process(ProcessId(id))),
        Call::CreateTask { .. } => id_in(answer, "FileId").map(|id| Reply::File(FileId(id))),
        Call::CreateDatasource { .. } => match integer(&answer.json, "Data") {
            Some(id) if id > 0 => Ok(Reply::Datasource(DatasourceId(id))),
            _ => Err(answer.unreadable("`Data` is no data source id")),
        },
        Call::UpdateDatasource { .. } | Call::DeleteDatasource { .. } => flag(answer),
        Call::Deploy { .. }
        | Call::Start { .. }
        | Call::Stop { .. }
        | Call::Terminate { .. }
        | Call::DeleteTask { .. } => answer.settled_data().map(|_| Reply::Done),
    }
}

fn project(answer: &Answer<'_>) -> Result<Reply, ApiFault> {
    let name = word(answer.data()?, "ProjectIdentifier");
    name.map(|name| Reply::Project { name })
        .ok_or_else(|| answer.unreadable("`Data.ProjectIdentifier` is missing"))
}

/// An id that a successful write answers with. A failing status comes without an id, or with 0.
fn id_in(answer: &Answer<'_>, name: &str) -> Result<i64, ApiFault> {
    match integer(answer.settled_data()?, name) {
        Some(id) if id > 0 => Ok(id),
        _ => Err(answer.unreadable(&format!("`Data.{name}` is no id"))),
    }
}

/// `Data` as a boolean: whether it was done.
fn flag(answer: &Answer<'_>) -> Result<Reply, ApiFault> {
    match verdict(&answer.json, "Data") {
        Some(Verdict::Yes) => Ok(Reply::Done),
        Some(Verdict::No) => Err(answer.failed(&answer.json)),
        Some(Verdict::Neither) | None => Err(answer.unreadable("`Data` is no boolean")),
    }
}

/// `QueryDISyncTaskConfigProcessResult`, for which no word says "still running" (API facts 3.3). It is ready when there is
/// content, and failed only if it says both that and why; a reason that speaks of progress is none.
fn content(answer: &Answer<'_>) -> Result<Reply, ApiFault> {
    let data = answer.data()?;
    if let Some(content) = text(data, "TaskContent") {
        return Ok(Reply::Content(Some(content.to_owned())));
    }
    if member(data, "TaskContent").is_some_and(|content| !content.is_string()) {
        return Err(answer.unreadable("`Data.TaskContent` is no text"));
    }
    let reason = word(data, "Message").map(|message| message.to_ascii_lowercase());
    let failed = reason
        .is_some_and(|reason| !reason.contains("in process") && !reason.contains("in progress"));
    if verdict(data, "Status") == Some(Verdict::No) && failed {
        return Err(answer.failed(data));
    }
    Ok(Reply::Content(None))
}

/// A real-time task's run status. The operation has no word for "there is no such task": the message says it, beside a
/// status that a task that is not there could have (API facts 6).
fn instance(answer: &Answer<'_>) -> Result<Reply, ApiFault> {
    let data = answer.data()?;
    let status = word(data, "Status").map(run_status);
    let message = word(data, "Message");
    let active = matches!(
        status,
        Some(RunStatus::Run | RunStatus::Wait | RunStatus::Killing)
    );
    if let Some(message) = &message
        && !active
        && says_missing(answer.call, message)
    {
        return Err(answer.missing(message));
    }
    match status {
        None => Err(answer.unreadable("`Data.Status` is missing")),
        Some(RunStatus::Other(_)) if verdict(data, "Status") == Some(Verdict::No) => {
            Err(answer.failed(data))
        }
        Some(status) => Ok(Reply::Instance {
            status,
            message: message.map(|message| answer.legible(&message)),
        }),
    }
}

/// A solution's run status: `Data.Status` is that of the query, `SolutionInfo.Status` the solution's.
fn solution_instance(answer: &Answer<'_>) -> Result<Reply, ApiFault> {
    let data = answer.settled_data()?;
    let info = member(data, "SolutionInfo")
        .ok_or_else(|| answer.unreadable("`Data.SolutionInfo` is missing"))?;
    let status = word(info, "Status")
        .ok_or_else(|| answer.unreadable("`Data.SolutionInfo.Status` is missing"))?;
    Ok(Reply::Instance {
        status: run_status(status),
        message: None,
    })
}

fn solution(answer: &Answer<'_>) -> Result<Reply, ApiFault> {
    let data = answer.settled_data()?;
    let detail = member(data, "SolutionDetail")
        .ok_or_else(|| answer.unreadable("`Data.SolutionDetail` is missing"))?;
    match (word(detail, "Name"), word(detail, "Status")) {
        (Some(name), Some(status)) => Ok(Reply::Solution { name, status }),
        _ => Err(answer.unreadable("`Data.SolutionDetail` has no name or no status")),
    }
}

/// Reads a run status in any case; solutions say `run` (API facts 7.1, 7.2).
fn run_status(word: String) -> RunStatus {
    match word.to_ascii_uppercase().as_str() {
        "NORUN" => RunStatus::NoRun,
        "WAIT" => RunStatus::Wait,
        "RUN" => RunStatus::Run,
        "KILLING" => RunStatus::Killing,
        "PAUSE" => RunStatus::Pause,
        _ => RunStatus::Other(word),
    }
}

/// A page of a list whose rows all have to be understood: a row left out would look like an object that is gone.
fn page<T>(
    answer: &Answer<'_>,
    rows: &str,
    number: u32,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Page<T>, ApiFault> {
    let data = answer.data()?;
    let total = integer(data, "TotalCount").and_then(|total| u64::try_from(total).ok());
    let listed = match member(data, rows) {
        Some(Value::Array(listed)) => listed.as_slice(),
        None if total == Some(0) => &[],
        Some(_) | None => return Err(answer.unreadable(&format!("`Data.{rows}` is no list"))),
    };
    let read: Option<Vec<T>> = listed.iter().map(read).collect();
    let rows = read.ok_or_else(|| answer.unreadable(&format!("a row of `Data.{rows}` is odd")))?;
    let seen = u64::from(number.saturating_sub(1)) * u64::from(PAGE_SIZE) + rows.len() as u64;
    Ok(Page {
        rows,
        total: total.unwrap_or(seen),
    })
}

fn files(answer: &Answer<'_>, number: u32) -> Result<Reply, ApiFault> {
    let row = |row: &Value| {
        Some(FileRow {
            file: FileId(integer(row, "FileId")?),
            name: text(row, "FileName")?.to_owned(),
            committed: integer(row, "CommitStatus") == Some(1),
            last_edit_time: integer(row, "LastEditTime"),
        })
    };
    page(answer, "Files", number, row).map(Reply::Files)
}

fn datasources(answer: &Answer<'_>, env: EnvType, number: u32) -> Result<Reply, ApiFault> {
    let row = |row: &Value| {
        let datasource_type = text(row, "DataSourceType")?.to_owned();
        Some(DatasourceRow {
            id: DatasourceId(integer(row, "Id")?),
            name: text(row, "Name")?.to_owned(),
            env: match integer(row, "EnvType") {
                Some(0) => EnvType::Dev,
                Some(1) => EnvType::Prod,
                // The list was asked for one environment.
                Some(_) | None => env,
            },
            content: shown_content(row, &datasource_type),
            datasource_type,
            description: text(row, "Description").map(str::to_owned),
        })
    };
    page(answer, "DataSources", number, row).map(Reply::Datasources)
}

/// `Content` without the keys that hold secrets: the service masks them, and nobody is to depend on that.
fn shown_content(row: &Value, datasource_type: &str) -> BTreeMap<String, Value> {
    let Some(Value::Object(content)) = document(row, "Content") else {
        return BTreeMap::new();
    };
    let secret = |key: &str| {
        DatasourceType::ALL
            .iter()
            .filter(|known| known.as_str().eq_ignore_ascii_case(datasource_type))
            .flat_map(|known| known.content_fields())
            .any(|field| field.secret && field.name == key)
            || ["password", "accessKey"].contains(&key)
    };
    content
        .into_iter()
        .filter(|(key, _)| !secret(key))
        .collect()
}
