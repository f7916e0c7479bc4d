//! Steps: the API calls of a change, and which calls each action takes.

use serde::{Deserialize, Serialize};

use crate::api::RunStatus;
use crate::diff::{Action, Change};
use crate::journal::StepId;
use crate::resource::{Run, Spec, TaskType};

/// One step of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its place in the plan.
    pub id: StepId,
    /// What it does.
    pub op: Op,
}

/// What a step asks of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallKind {
    /// Something that may change the remote.
    Write,
    /// Something that only looks.
    Read,
    /// Nothing.
    None,
}

macro_rules! ops {
    ($($(#[$doc:meta])* $variant:ident $word:literal $kind:ident;)*) => {
        /// What a step does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Op { $($(#[$doc])* $variant,)* }

        impl Op {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that plans and progress show.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it asks of the API.
            pub fn call_kind(self) -> CallKind {
                match self { $(Self::$variant => CallKind::$kind,)* }
            }
        }
    };
}

ops! {
    /// Begins the generation of a task's script, under a token.
    Generate "generate" Write;
    /// Goes on with a generation that an earlier run began.
    ResumeGeneration "resume generation" None;
    /// Asks until the script is there.
    Poll "poll" Read;
    /// Creates the task, under a token.
    Create "create" Write;
    /// Commits and deploys it.
    Deploy "deploy" Write;
    /// Starts it.
    Start "start" Write;
    /// Asks until it runs.
    AwaitRunning "await_running" Read;
    /// Reads its status back.
    ReadTask "read" Read;
    /// Stops it.
    Stop "stop" Write;
    /// Asks until it stands still.
    AwaitStopped "await_stopped" Read;
    /// Takes it offline.
    Terminate "terminate" Write;
    /// Deletes it.
    Delete "delete" Write;
    /// Asks until it is gone.
    AwaitGone "await_gone" Read;
    /// Creates a data source.
    CreateDatasource "create_datasource" Write;
    /// Writes a data source's content.
    UpdateDatasource "update_datasource" Write;
    /// Reads a data source back.
    ReadDatasource "read_datasource" Read;
    /// Deletes a data source.
    DeleteDatasource "delete_datasource" Write;
    /// Asks until a data source is gone.
    AwaitDatasourceGone "await_datasource_gone" Read;
    /// Writes to state what was seen or decided.
    Record "record" None;
    /// Drops the address from state.
    Forget "forget" None;
}

/// The operations of a change, in order; none for a change that is withheld.
pub(super) fn ops(change: &Change) -> Vec<Op> {
    if change.withheld.is_some() {
        return Vec::new();
    }
    match change.after.as_ref().or(change.before.as_ref()) {
        Some(Spec::Task(_)) => task_ops(change),
        Some(Spec::Datasource(_)) | None => datasource_ops(change),
    }
}

fn datasource_ops(change: &Change) -> Vec<Op> {
    let bookkeeping = !change.fields.is_empty()
        && change
            .fields
            .iter()
            .all(|f| matches!(f.field.as_str(), "protect" | "depends_on"));
    match change.action {
        Action::Create => vec![Op::CreateDatasource, Op::ReadDatasource],
        Action::Update if bookkeeping => vec![Op::Record],
        Action::Adopt | Action::Update => vec![Op::UpdateDatasource, Op::ReadDatasource],
        Action::Delete => vec![Op::DeleteDatasource, Op::AwaitDatasourceGone],
        // Looked at once more: a listing that is behind must not make state lose what is there.
        Action::Forget => vec![Op::AwaitDatasourceGone],
        Action::Replace | Action::Restart | Action::Start | Action::Stop => Vec::new(),
    }
}

fn task_ops(change: &Change) -> Vec<Op> {
    let target = &change.target;
    let mut ops = Vec::new();
    match change.action {
        Action::Create | Action::Adopt => {
            match (target.file, target.process) {
                (Some(_), _) => ops.push(Op::Record),
                (None, Some(_)) => ops.extend([Op::ResumeGeneration, Op::Poll, Op::Create]),
                (None, None) => ops.extend([Op::Generate, Op::Poll, Op::Create]),
            }
            if !target.deployed {
                ops.push(Op::Deploy);
            }
            ops.extend(run_ops(change));
            if ops == [Op::Record] {
                ops.insert(0, Op::ReadTask);
            }
        }
        Action::Start | Action::Stop => ops.extend(run_ops(change)),
        Action::Update => ops.push(Op::Record),
        // Looked at once more: a read that is behind must not make state lose what is there.
        Action::Forget if target.file.is_some() => ops.push(Op::AwaitGone),
        Action::Forget => ops.push(Op::Forget),
        Action::Delete => {
            match &target.run {
                Some(RunStatus::Run | RunStatus::Wait) => {
                    ops.extend([Op::Stop, Op::AwaitStopped]);
                }
                Some(RunStatus::Killing) => ops.push(Op::AwaitStopped),
                _ => {}
            }
            if target.deployed {
                ops.push(Op::Terminate);
            }
            ops.extend([Op::Delete, Op::AwaitGone]);
        }
        Action::Replace | Action::Restart => {}
    }
    ops
}

/// What brings a deployed task to the wanted run status, and reads it back.
fn run_ops(change: &Change) -> Vec<Op> {
    let Some(Spec::Task(spec)) = &change.after else {
        return Vec::new();
    };
    let made_now = change.target.file.is_none();
    match (&spec.run, &change.target.run) {
        (Run::Started, Some(RunStatus::Run | RunStatus::Wait)) => vec![Op::AwaitRunning],
        (Run::Started, Some(RunStatus::Killing)) => {
            vec![Op::AwaitStopped, Op::Start, Op::AwaitRunning]
        }
        // A solution that has been started goes its own way; only one that stands still is started.
        (Run::Started, Some(status))
            if spec.task_type == TaskType::Solution
                && !matches!(status, RunStatus::NoRun | RunStatus::Pause)
                && !status.is_failure() =>
        {
            vec![Op::ReadTask]
        }
        // Nothing shows whether a task that never ran was taken offline in the console; deploying it again is harmless.
        (Run::Started, Some(RunStatus::NoRun))
            if change.target.deployed && spec.task_type == TaskType::Realtime =>
        {
            vec![Op::Deploy, Op::Start, Op::AwaitRunning]
        }
        (Run::Started, _) => vec![Op::Start, Op::AwaitRunning],
        (Run::Stopped, Some(RunStatus::Run | RunStatus::Wait)) => {
            vec![Op::Stop, Op::AwaitStopped]
        }
        (Run::Stopped, Some(RunStatus::Killing)) => vec![Op::AwaitStopped],
        (Run::Stopped | Run::Unmanaged, _) if made_now || !change.target.deployed => {
            vec![Op::ReadTask]
        }
        (Run::Stopped | Run::Unmanaged, _) => Vec::new(),
    }
}
