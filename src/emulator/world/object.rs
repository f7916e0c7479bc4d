//! The things the service keeps: workspaces, resource groups, data sources, files, solutions and the rest.
//!
//! Plain data. What may happen to an object is decided by the operations; what a reader sees of it is said there
//! too. Times are in milliseconds since 1970, as [`Moment`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::script::Script;

/// A point in time, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    pub(crate) fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// How many milliseconds have passed since `earlier`; none if it is yet to come.
    pub(crate) fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    pub(crate) fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl From<jiff::Timestamp> for Moment {
    fn from(time: jiff::Timestamp) -> Self {
        Self(time.as_millisecond())
    }
}

/// `ProjectMode` of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Basic,
    Standard,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) project_id: u64,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) mode: Mode,
    /// The workflows that `FileFolderPath` may name.
    pub(crate) workflows: BTreeSet<String>,
    pub(crate) created: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupKind {
    DataIntegration,
    Scheduling,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ResourceGroup {
    pub(crate) id: u64,
    pub(crate) identifier: String,
    pub(crate) name: String,
    pub(crate) kind: GroupKind,
    pub(crate) created: Moment,
}

impl ResourceGroup {
    /// Serverless groups are the ones that `Cu` applies to.
    pub(crate) fn is_serverless(&self) -> bool {
        self.identifier.starts_with("Serverless_res_group_")
    }
}

/// `EnvType` of a data source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Env {
    Dev,
    Prod,
}

impl Env {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Dev => 0,
            Self::Prod => 1,
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Dev),
            1 => Some(Self::Prod),
            _ => None,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dev => "DEV",
            Self::Prod => "PROD",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Datasource {
    pub(crate) id: u64,
    pub(crate) project_id: u64,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) sub_type: Option<String>,
    pub(crate) env: Env,
    pub(crate) description: String,
    /// The connection, every secret in it masked.
    pub(crate) content: Map<String, Value>,
    /// What tells whether a secret changed: its key and a hash.
    pub(crate) secrets: BTreeMap<String, String>,
    /// The database server behind it: a key of the instances.
    pub(crate) instance: Option<String>,
    pub(crate) reachable: bool,
    /// Workspaces that may use it, with their permission.
    pub(crate) shares: BTreeMap<u64, String>,
    pub(crate) created: Moment,
    pub(crate) modified: Moment,
}

/// A database server, which data sources of several workspaces may point to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// In the order of the seed: the first is the one a data source without its own database reads.
    pub(crate) databases: Vec<Database>,
}

impl Instance {
    pub(crate) fn database(&self, name: &str) -> Option<&Database> {
        self.databases.iter().find(|database| database.name == name)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) tables: BTreeMap<String, SourceTable>,
    /// Tables that were dropped since they were seeded, so that the seed does not bring them back.
    pub(crate) dropped: BTreeSet<String>,
}

impl Database {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            tables: BTreeMap::new(),
            dropped: BTreeSet::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceTable {
    pub(crate) columns: Vec<Column>,
    pub(crate) primary_key: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) comment: String,
}

/// The script of a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) text: String,
    /// Read once: a script may have thousands of tables, and every deploy and start asks for its data sources.
    #[serde(skip)]
    script: OnceLock<Script>,
}

impl Content {
    pub(crate) fn new(text: String) -> Self {
        Self {
            text,
            script: OnceLock::new(),
        }
    }

    /// What the script says. Only what reads as one is ever kept.
    pub(crate) fn script(&self) -> &Script {
        self.script
            .get_or_init(|| Script::parse(&self.text).unwrap_or_default())
    }
}

/// `TaskType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskType {
    Offline,
    Realtime,
    Solution,
}

impl TaskType {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Offline => "DI_OFFLINE",
            Self::Realtime => "DI_REALTIME",
            Self::Solution => "DI_SOLUTION",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Offline, Self::Realtime, Self::Solution]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// An asynchronous generation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) id: u64,
    pub(crate) project_id: u64,
    pub(crate) task_type: TaskType,
    /// The file that the result is meant for, if it exists already.
    pub(crate) updates: Option<u64>,
    pub(crate) started: Moment,
    pub(crate) polls: u32,
    /// A scripted fault: it will never end.
    pub(crate) endless: bool,
    pub(crate) result: Generated,
}

/// How a generation ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Generated {
    Content(u64),
    Failed(String),
}

/// Something that is over when it has been seen often enough and has lasted long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passing {
    pub(crate) reads_left: u32,
    pub(crate) until: Moment,
}

impl Passing {
    pub(crate) fn is_over(self, now: Moment) -> bool {
        self.reads_left == 0 && now >= self.until
    }
}

/// What a real-time task is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunState {
    NotRun,
    Waiting(Passing),
    Running,
    Killing(Passing),
    Paused,
    Failed(String),
}

/// One version of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) content: u64,
}

/// A DataStudio file: a real-time or a batch task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) id: u64,
    pub(crate) project_id: u64,
    pub(crate) name: String,
    /// Never [`TaskType::Solution`].
    pub(crate) task_type: TaskType,
    pub(crate) folder: String,
    pub(crate) resource_group: Option<String>,
    pub(crate) cu: Option<f64>,
    /// What was saved last.
    pub(crate) saved: Version,
    /// What was submitted last.
    pub(crate) committed: Option<Version>,
    /// What production has.
    pub(crate) deployed: Option<Version>,
    /// What the instance was started with; it keeps this until it is started again.
    pub(crate) running: Option<Version>,
    pub(crate) node_id: Option<u64>,
    pub(crate) state: RunState,
    pub(crate) start_param: Option<Map<String, Value>>,
    pub(crate) failovers: u32,
    pub(crate) log: Vec<String>,
    pub(crate) schedule: Map<String, Value>,
    pub(crate) owner: String,
    pub(crate) created: Moment,
    pub(crate) modified: Moment,
    pub(crate) deleted: Option<Moment>,
}

impl File {
    pub(crate) fn is_alive(&self) -> bool {
        self.deleted.is_none()
    }
}

/// A sync solution.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Solution {
    pub(crate) id: u64,
    pub(crate) project_id: u64,
    pub(crate) name: String,
    pub(crate) saved: Version,
    pub(crate) deployed: Option<Version>,
    pub(crate) resource_group: Option<String>,
    pub(crate) state: SolutionState,
    pub(crate) creator: String,
    pub(crate) created: Moment,
    pub(crate) submitted: Option<Moment>,
    pub(crate) started: Option<Moment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SolutionState {
    NotRun,
    /// The step (from 1) that is at work; the steps before it are done.
    Step(u32, Passing),
    /// Every step is done but the last, which goes on for ever.
    Running,
    Failed(String),
}

/// A publication of a batch task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    pub(crate) project_id: u64,
    pub(crate) file_id: u64,
    pub(crate) version: Version,
    pub(crate) kind: DeploymentKind,
    pub(crate) reads_left: u32,
    pub(crate) outcome: DeploymentOutcome,
    pub(crate) comment: String,
    pub(crate) created: Moment,
    pub(crate) executed: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeploymentKind {
    Submit,
    Deploy,
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeploymentOutcome {
    Pending,
    Done,
    Failed(String),
}

/// `JobStatus` of a DIJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum JobState {
    Initialized,
    Running,
    Stopping(Passing),
    Stopped,
    Failed(String),
}

/// A DIJob of API version 2020-05-18.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DiJob {
    pub(crate) id: u64,
    pub(crate) project_id: u64,
    pub(crate) name: String,
    /// The parameters it was made of, structured ones as JSON.
    pub(crate) spec: Map<String, Value>,
    pub(crate) state: JobState,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    pub(crate) started: Option<Moment>,
}

/// An alarm rule of a DIJob.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AlarmRule {
    pub(crate) id: u64,
    pub(crate) job_id: u64,
    pub(crate) spec: Map<String, Value>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
}

/// The DDL rules of a workspace for one kind of destination, and perhaps of one kind of source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProjectConfig {
    pub(crate) project_id: u64,
    pub(crate) destination_type: String,
    pub(crate) source_type: Option<String>,
    pub(crate) rules: Map<String, Value>,
}

/// What a client token stands for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    /// A hash of the other parameters.
    pub(crate) digest: String,
    /// The answer, without its request id.
    pub(crate) body: Value,
    pub(crate) at: Moment,
}
