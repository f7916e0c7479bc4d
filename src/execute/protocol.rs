//! The protocol: what each step sends, and what each answer to it means. Data and one `match`, no memory.

use crate::api::wire::PAGE_SIZE;
use crate::api::{ApiFault, Call, DatasourceRow, FaultClass, Page, Reply, RunStatus, TaskScript};
use crate::diff;
use crate::journal::Output;
use crate::plan::Op;
use crate::resource::{DatasourceSpec, Run, TaskType};

use super::change_run::{ChangeRun, Sending};
use super::token::{self, Intent};

/// The status of a solution that was deleted in the console (API facts 7.3).
const DELETED: &str = "9";

/// How a call that may have taken effect is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settle {
    /// It is sent again: under its token, or because twice is the same as once.
    Repeat,
    /// What it should have changed is read, and it is sent again only if that did not change.
    ReadThenAct,
    /// It only reads.
    Read,
}

/// How an operation is settled (API facts 2.7, 3.0).
pub(super) fn settle(op: Op) -> Settle {
    match op {
        Op::Generate | Op::Create | Op::UpdateDatasource => Settle::Repeat,
        // Without a token, and unique by name.
        Op::CreateDatasource
        | Op::Deploy
        | Op::Start
        | Op::Stop
        | Op::Terminate
        | Op::Delete
        | Op::DeleteDatasource => Settle::ReadThenAct,
        Op::Poll
        | Op::AwaitRunning
        | Op::ReadTask
        | Op::AwaitStopped
        | Op::AwaitGone
        | Op::ReadDatasource
        | Op::AwaitDatasourceGone
        | Op::ResumeGeneration
        | Op::Record
        | Op::Forget => Settle::Read,
    }
}

/// The call of the change's current step.
pub(super) fn call(run: &ChangeRun<'_>, sending: &Sending, intent: Intent<'_>) -> Call {
    match sending {
        Sending::Main => main_call(run, intent),
        Sending::ReadBack => read_back(run),
        Sending::Script(file) => {
            let spec = run.task();
            Call::GetTask {
                project: spec.project_id,
                task_type: spec.task_type,
                file: *file,
            }
        }
    }
}

fn main_call(run: &ChangeRun<'_>, intent: Intent<'_>) -> Call {
    let op = run.op();
    match op {
        Op::CreateDatasource => Call::CreateDatasource {
            spec: Box::new(run.source().clone()),
        },
        Op::UpdateDatasource => Call::UpdateDatasource {
            id: run.datasource(),
            spec: Box::new(run.source().clone()),
        },
        Op::DeleteDatasource => Call::DeleteDatasource {
            id: run.datasource(),
        },
        Op::ReadDatasource | Op::AwaitDatasourceGone => list_datasource(run),
        _ => {
            let spec = run.task();
            let (project, task_type) = (spec.project_id, spec.task_type);
            match op {
                Op::Generate => Call::Generate {
                    spec: Box::new(spec.clone()),
                    token: token::generate(intent, spec),
                },
                Op::Poll => Call::Poll {
                    project,
                    task_type,
                    process: run.process.expect("a poll comes after its generation"),
                },
                Op::Create => Call::CreateTask {
                    spec: Box::new(spec.clone()),
                    content: run.content.clone().expect("a create comes after its poll"),
                    token: token::create(intent, spec),
                },
                Op::Deploy => Call::Deploy {
                    project,
                    task_type,
                    file: run.file(),
                },
                Op::Start => Call::Start {
                    project,
                    task_type,
                    file: run.file(),
                    settings: spec.start.clone(),
                },
                Op::Stop => Call::Stop {
                    project,
                    file: run.file(),
                },
                Op::Terminate => Call::Terminate {
                    project,
                    file: run.file(),
                },
                Op::Delete => Call::DeleteTask {
                    project,
                    file: run.file(),
                },
                Op::AwaitGone => Call::GetTask {
                    project,
                    task_type,
                    file: run.file(),
                },
                Op::AwaitRunning | Op::ReadTask | Op::AwaitStopped => Call::GetInstance {
                    project,
                    task_type,
                    file: run.file(),
                },
                Op::ResumeGeneration | Op::Record | Op::Forget => {
                    unreachable!("`{}` sends nothing", op.as_str())
                }
                Op::CreateDatasource
                | Op::UpdateDatasource
                | Op::DeleteDatasource
                | Op::ReadDatasource
                | Op::AwaitDatasourceGone => unreachable!("handled above"),
            }
        }
    }
}

fn list_datasource(run: &ChangeRun<'_>) -> Call {
    let spec = run.source();
    Call::ListDatasources {
        project: spec.project_id,
        name: spec.name.clone(),
        env: spec.env,
        page: run.page,
    }
}

/// Whether the data source may be on a later page: the service lists by a part of the name.
pub(super) fn is_on_a_later_page(run: &ChangeRun<'_>, page: &Page<DatasourceRow>) -> bool {
    let is_it = |row: &DatasourceRow| match run.op() {
        Op::CreateDatasource => is_row_of(run.source(), row),
        _ => Some(row.id) == run.datasource,
    };
    let shown = u64::from(run.page) * u64::from(PAGE_SIZE);
    !page.rows.iter().any(is_it) && !page.rows.is_empty() && shown < page.total
}

/// The read that shows whether the current call took effect.
fn read_back(run: &ChangeRun<'_>) -> Call {
    match run.op() {
        Op::CreateDatasource | Op::DeleteDatasource => list_datasource(run),
        op => {
            let spec = run.task();
            let (project, task_type) = (spec.project_id, spec.task_type);
            match op {
                Op::Deploy if task_type == TaskType::Realtime => by_name(run),
                Op::Deploy | Op::Delete => Call::GetTask {
                    project,
                    task_type,
                    file: run.file(),
                },
                Op::Start | Op::Stop | Op::Terminate => Call::GetInstance {
                    project,
                    task_type,
                    file: run.file(),
                },
                _ => by_name(run),
            }
        }
    }
}

fn by_name(run: &ChangeRun<'_>) -> Call {
    let spec = run.task();
    Call::ListRealtimeFiles {
        project: spec.project_id,
        name: Some(spec.name.clone()),
        page: 1,
    }
}

/// What an answer to the step's own call means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// The call took effect.
    Applied(Output),
    /// What was waited for is there.
    Seen(Seen),
    /// Not yet: what was seen instead.
    NotYet(String),
    /// It will not come: the task died.
    Died(String),
}

/// What a read showed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    /// The generated script.
    Content(String),
    /// A run status.
    Run(RunStatus),
    /// The object is there and as it should be.
    There,
    /// The object is gone.
    Gone,
}

/// Reads an answer of the step's own call. `Err` is an answer of another call's shape, which no decoder gives.
pub(super) fn answer(run: &ChangeRun<'_>, reply: Reply) -> Result<Answer, Reply> {
    Ok(match (run.op(), reply) {
        (Op::Generate, Reply::Process(process)) => Answer::Applied(Output::Process(process)),
        (Op::Create, Reply::File(file)) => Answer::Applied(Output::File(file)),
        (Op::CreateDatasource, Reply::Datasource(id)) => Answer::Applied(Output::Datasource(id)),
        (
            Op::Deploy
            | Op::Start
            | Op::Stop
            | Op::Terminate
            | Op::Delete
            | Op::UpdateDatasource
            | Op::DeleteDatasource,
            Reply::Done,
        ) => Answer::Applied(Output::None),
        (Op::Poll, Reply::Content(Some(content))) => Answer::Seen(Seen::Content(content)),
        (Op::Poll, Reply::Content(None)) => {
            Answer::NotYet("the script is not generated".to_owned())
        }
        (Op::ReadTask, Reply::Instance { status, .. }) => Answer::Seen(Seen::Run(status)),
        (Op::AwaitRunning, Reply::Instance { status, message }) => {
            match (is_running(run.task().task_type, &status), message) {
                (true, _) => Answer::Seen(Seen::Run(status)),
                (false, message) if status.is_failure() => {
                    Answer::Died(message.unwrap_or_else(|| status.as_str().to_owned()))
                }
                (false, Some(message)) if stands_still(&status) => Answer::Died(message),
                (false, _) => Answer::NotYet(format!("the task is {}", status.as_str())),
            }
        }
        (Op::AwaitStopped, Reply::Instance { status, .. }) => {
            if stands_still(&status) {
                Answer::Seen(Seen::Run(status))
            } else {
                Answer::NotYet(format!("the task is {}", status.as_str()))
            }
        }
        (Op::AwaitGone, Reply::Solution { status, .. }) if status == DELETED => {
            Answer::Seen(Seen::Gone)
        }
        (Op::AwaitGone, Reply::Script(_) | Reply::Solution { .. }) => {
            Answer::NotYet("the task still exists".to_owned())
        }
        (Op::ReadDatasource, Reply::Datasources(page)) => {
            let row = page.rows.iter().find(|row| Some(row.id) == run.datasource);
            match row.map(|row| diff::datasource_differences(run.source(), row)) {
                None => Answer::NotYet("the data source is not listed".to_owned()),
                Some(differs) if differs.is_empty() => Answer::Seen(Seen::There),
                Some(differs) => Answer::NotYet(format!(
                    "the data source reads back otherwise than it was written: {}",
                    differs.join("; ")
                )),
            }
        }
        (Op::AwaitDatasourceGone, Reply::Datasources(page)) => {
            if page.rows.iter().any(|row| Some(row.id) == run.datasource) {
                Answer::NotYet("the data source still exists".to_owned())
            } else {
                Answer::Seen(Seen::Gone)
            }
        }
        (_, other) => return Err(other),
    })
}

/// Whether the last look at a task that is to stand still shows one that runs: somebody started it since the plan was made, or it
/// was made and started by a run that nobody knew of.
pub(super) fn runs_unasked(run: &ChangeRun<'_>, status: &RunStatus) -> bool {
    run.op() == Op::ReadTask
        && run.task().task_type == TaskType::Realtime
        && run.task().run == Run::Stopped
        && matches!(status, RunStatus::Run | RunStatus::Wait)
}

/// Whether a fault of the step's own call says that what it wants is so already.
pub(super) fn already_so(op: Op, fault: &ApiFault) -> Option<Answer> {
    if fault.class != FaultClass::NotFound {
        return None;
    }
    match op {
        Op::AwaitGone => Some(Answer::Seen(Seen::Gone)),
        // What is to be deleted is gone: the steps before have nothing left to do.
        Op::Terminate | Op::Delete | Op::DeleteDatasource => Some(Answer::Applied(Output::None)),
        _ => None,
    }
}

/// What a read-back shows of the step's call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReadBack {
    /// It took effect.
    Applied(Output),
    /// It did not, or not yet.
    NotApplied,
    /// Nothing shows it: whether a task that stands still is offline, the delete that follows finds out. Its status is seen.
    Untold(RunStatus),
    /// The object it works on does not exist.
    Ghost,
    /// A task has the name: its script tells whether it is ours.
    Candidate(crate::resource::FileId),
    /// The name belongs to something else.
    Conflict(String),
}

/// Reads an answer of [`Sending::ReadBack`].
pub(super) fn read_back_answer(
    run: &ChangeRun<'_>,
    reply: Result<Reply, ApiFault>,
) -> Result<ReadBack, ApiFault> {
    let applied = ReadBack::Applied(Output::None);
    let reply = match reply {
        Ok(reply) => reply,
        Err(fault) if fault.class == FaultClass::NotFound => {
            return Ok(
                if matches!(run.op(), Op::Delete | Op::Stop | Op::Terminate) {
                    applied
                } else {
                    ReadBack::Ghost
                },
            );
        }
        Err(fault) => return Err(fault),
    };
    Ok(match (run.op(), reply) {
        (Op::Generate | Op::Create, Reply::Files(page)) => page
            .rows
            .iter()
            .find(|row| row.name == run.task().name)
            .map_or(ReadBack::NotApplied, |row| ReadBack::Candidate(row.file)),
        (Op::Deploy, Reply::Files(page)) => {
            match page.rows.iter().find(|row| Some(row.file) == run.file) {
                None => ReadBack::Ghost,
                Some(row) if row.committed => applied,
                Some(_) => ReadBack::NotApplied,
            }
        }
        // A solution that was deployed or started has left the status "not running" (API facts 7.3).
        (Op::Deploy, Reply::Solution { status, .. }) if status != "1" => applied,
        (Op::Start, Reply::Instance { status, .. })
            if is_running(run.task().task_type, &status) || status == RunStatus::Wait =>
        {
            applied
        }
        (Op::Stop, Reply::Instance { status, .. })
            if stands_still(&status) || status == RunStatus::Killing =>
        {
            applied
        }
        (Op::Terminate, Reply::Instance { status, .. }) if stands_still(&status) => {
            ReadBack::Untold(status)
        }
        (Op::CreateDatasource, Reply::Datasources(page)) => {
            let spec = run.source();
            match page.rows.iter().find(|row| is_row_of(spec, row)) {
                None => ReadBack::NotApplied,
                Some(row) => {
                    let differs = diff::datasource_differences(spec, row);
                    if differs.is_empty() {
                        ReadBack::Applied(Output::Datasource(row.id))
                    } else {
                        ReadBack::Conflict(format!(
                            "data source {} has the name `{}` and another content: {}",
                            row.id,
                            spec.name,
                            differs.join("; ")
                        ))
                    }
                }
            }
        }
        (Op::DeleteDatasource, Reply::Datasources(page))
            if !page.rows.iter().any(|row| Some(row.id) == run.datasource) =>
        {
            applied
        }
        _ => ReadBack::NotApplied,
    })
}

/// What the script of the task that has the name says: ours, or somebody else's.
pub(super) fn script_answer(
    run: &ChangeRun<'_>,
    file: crate::resource::FileId,
    script: &TaskScript,
) -> ReadBack {
    let differs = diff::task_differences(run.task(), script);
    if differs.is_empty() {
        ReadBack::Applied(Output::File(file))
    } else {
        ReadBack::Conflict(format!(
            "task {file} has the name `{}` and another content: {}",
            run.task().name,
            differs.join("; ")
        ))
    }
}

fn is_row_of(spec: &DatasourceSpec, row: &DatasourceRow) -> bool {
    row.name == spec.name && row.env == spec.env
}

/// Whether a task does what a start is for. A solution goes through words of its own while it works.
fn is_running(task_type: TaskType, status: &RunStatus) -> bool {
    match task_type {
        TaskType::Realtime => *status == RunStatus::Run,
        TaskType::Solution => {
            !stands_still(status) && !status.is_failure() && *status != RunStatus::Wait
        }
    }
}

fn stands_still(status: &RunStatus) -> bool {
    matches!(status, RunStatus::NoRun | RunStatus::Pause)
}
