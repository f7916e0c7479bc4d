//! Calls and replies: what syncform asks of the API, typed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::resource::{
    DatasourceId, DatasourceSpec, EnvType, FileId, ProcessId, ProjectId, SourceTables,
    StartSettings, TaskSpec, TaskType,
};

/// The token that makes a repeated call the same call (API facts 3.0); at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientToken(pub String);

/// One API call. Secrets are references in here; they are read when the request is built.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `GetProject`.
    GetProject {
        /// The workspace.
        project: ProjectId,
    },
    /// `ListDataSources`, one page; the name filter may be fuzzy, so compare the rows' names.
    ListDatasources {
        /// The workspace.
        project: ProjectId,
        /// The name.
        name: String,
        /// Which environment's rows.
        env: EnvType,
        /// Page number, from 1.
        page: u32,
    },
    /// `GetDataSourceMeta`, one page: databases and tables of a source.
    GetDatasourceMeta {
        /// The workspace.
        project: ProjectId,
        /// The data source's name.
        name: String,
        /// Which environment's row.
        env: EnvType,
        /// Page number, from 1.
        page: u32,
    },
    /// `ListFiles` of real-time tasks (file type 900), one page of a workspace.
    ListRealtimeFiles {
        /// The workspace.
        project: ProjectId,
        /// Only the file of exactly this name.
        name: Option<String>,
        /// Page number, from 1.
        page: u32,
    },
    /// `GetDISyncTask`.
    GetTask {
        /// The workspace.
        project: ProjectId,
        /// Real-time task or solution.
        task_type: TaskType,
        /// The task.
        file: FileId,
    },
    /// `GetDISyncInstanceInfo`.
    GetInstance {
        /// The workspace.
        project: ProjectId,
        /// Real-time task or solution.
        task_type: TaskType,
        /// The task.
        file: FileId,
    },
    /// `GenerateDISyncTaskConfigForCreating`.
    Generate {
        /// What to generate for.
        spec: Box<TaskSpec>,
        /// Makes a repeat the same call.
        token: ClientToken,
    },
    /// `QueryDISyncTaskConfigProcessResult`.
    Poll {
        /// The workspace.
        project: ProjectId,
        /// As in the generate call.
        task_type: TaskType,
        /// The generation.
        process: ProcessId,
    },
    /// `CreateDISyncTask`.
    CreateTask {
        /// What to create.
        spec: Box<TaskSpec>,
        /// The generated script, passed on byte for byte.
        content: String,
        /// Makes a repeat the same call.
        token: ClientToken,
    },
    /// `DeployDISyncTask`.
    Deploy {
        /// The workspace.
        project: ProjectId,
        /// Real-time task or solution.
        task_type: TaskType,
        /// The task.
        file: FileId,
    },
    /// `StartDISyncInstance`.
    Start {
        /// The workspace.
        project: ProjectId,
        /// Real-time task or solution.
        task_type: TaskType,
        /// The task.
        file: FileId,
        /// `StartParam`; sent for real-time tasks only.
        settings: StartSettings,
    },
    /// `StopDISyncInstance` of a real-time task.
    Stop {
        /// The workspace.
        project: ProjectId,
        /// The task.
        file: FileId,
    },
    /// `TerminateDISyncInstance` of a real-time task: takes it offline.
    Terminate {
        /// The workspace.
        project: ProjectId,
        /// The task.
        file: FileId,
    },
    /// `DeleteDISyncTask` of a real-time task.
    DeleteTask {
        /// The workspace.
        project: ProjectId,
        /// The task.
        file: FileId,
    },
    /// `CreateDataSource`.
    CreateDatasource {
        /// What to create.
        spec: Box<DatasourceSpec>,
    },
    /// `UpdateDataSource`: content and description.
    UpdateDatasource {
        /// The row.
        id: DatasourceId,
        /// What it is to be.
        spec: Box<DatasourceSpec>,
    },
    /// `DeleteDataSource`.
    DeleteDatasource {
        /// The row.
        id: DatasourceId,
    },
}

/// The wire's name of a call's operation, and whether it changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The `Action`.
    pub name: &'static str,
    /// Whether it can change something on the remote.
    pub write: bool,
}

impl Call {
    /// The operation that the call is sent as.
    pub fn operation(&self) -> Operation {
        let (name, write) = match self {
            Self::GetProject { .. } => ("GetProject", false),
            Self::ListDatasources { .. } => ("ListDataSources", false),
            Self::GetDatasourceMeta { .. } => ("GetDataSourceMeta", false),
            Self::ListRealtimeFiles { .. } => ("ListFiles", false),
            Self::GetTask { .. } => ("GetDISyncTask", false),
            Self::GetInstance { .. } => ("GetDISyncInstanceInfo", false),
            Self::Generate { .. } => ("GenerateDISyncTaskConfigForCreating", true),
            Self::Poll { .. } => ("QueryDISyncTaskConfigProcessResult", false),
            Self::CreateTask { .. } => ("CreateDISyncTask", true),
            Self::Deploy { .. } => ("DeployDISyncTask", true),
            Self::Start { .. } => ("StartDISyncInstance", true),
            Self::Stop { .. } => ("StopDISyncInstance", true),
            Self::Terminate { .. } => ("TerminateDISyncInstance", true),
            Self::DeleteTask { .. } => ("DeleteDISyncTask", true),
            Self::CreateDatasource { .. } => ("CreateDataSource", true),
            Self::UpdateDatasource { .. } => ("UpdateDataSource", true),
            Self::DeleteDatasource { .. } => ("DeleteDataSource", true),
        };
        Operation { name, write }
    }
}

/// What a call answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To `GetProject`: the workspace's name.
    Project {
        /// `ProjectIdentifier`.
        name: String,
    },
    /// To `ListDataSources`.
    Datasources(Page<DatasourceRow>),
    /// To `GetDataSourceMeta`: what this page lists.
    Meta(SourceDatabases),
    /// To `ListFiles`.
    Files(Page<FileRow>),
    /// To `GetDISyncTask` of a real-time task: its script, understood.
    Script(TaskScript),
    /// To `GetDISyncTask` of a solution.
    Solution {
        /// Its name.
        name: String,
        /// `0`..`9` (API facts 7.3).
        status: String,
    },
    /// To `GetDISyncInstanceInfo`.
    Instance {
        /// The run status.
        status: RunStatus,
        /// What the service says about it; of a stopped task, why it stopped, when it failed.
        message: Option<String>,
    },
    /// To the generate operations.
    Process(ProcessId),
    /// To `QueryDISyncTaskConfigProcessResult`: the script, or `None` while it is not ready.
    Content(Option<String>),
    /// To `CreateDISyncTask`.
    File(FileId),
    /// To `CreateDataSource`.
    Datasource(DatasourceId),
    /// To every other call that changes something.
    Done,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many rows all pages have.
    pub total: u64,
}

/// A row of `ListDataSources`.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasourceRow {
    /// `Id`.
    pub id: DatasourceId,
    /// `Name`.
    pub name: String,
    /// `DataSourceType`, in the service's spelling.
    pub datasource_type: String,
    /// `EnvType`.
    pub env: EnvType,
    /// `Content`, parsed, without the keys that hold secrets: the service masks those.
    pub content: BTreeMap<String, serde_json::Value>,
    /// `Description`.
    pub description: Option<String>,
}

/// A row of `ListFiles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// `FileId`.
    pub file: FileId,
    /// `FileName`.
    pub name: String,
    /// `CommitStatus` 1: what is stored was committed.
    pub committed: bool,
    /// `LastEditTime`, milliseconds.
    pub last_edit_time: Option<i64>,
}

/// Databases and their tables, as far as a page of `GetDataSourceMeta` lists them.
pub type SourceDatabases = BTreeMap<String, BTreeSet<String>>;

/// What a real-time task's script says, as far as drift is judged by it (API facts 4.4, 4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskScript {
    /// The reader's data source.
    pub source: String,
    /// The writer's data source.
    pub destination: String,
    /// The writer's step type.
    pub destination_type: String,
    /// The source tables.
    pub tables: SourceTables,
    /// `extend.resourceGroup`.
    pub resource_group: Option<String>,
}

/// A real-time task's run status (API facts 7.1); a solution's is mapped onto it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// `NORUN`: never started.
    NoRun,
    /// `WAIT`: queued.
    Wait,
    /// `RUN`: running.
    Run,
    /// `KILLING`: being stopped.
    Killing,
    /// `PAUSE`: stopped.
    Pause,
    /// A word that the facts do not list.
    Other(String),
}

impl RunStatus {
    /// Whether it is a word of failure, as solutions have them.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Other(word) if word.to_ascii_lowercase().starts_with("fail"))
    }

    /// What a person reads.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NoRun => "not started",
            Self::Wait => "waiting",
            Self::Run => "running",
            Self::Killing => "stopping",
            Self::Pause => "stopped",
            Self::Other(word) => word,
        }
    }
}
