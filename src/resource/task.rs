//! Sync tasks: real-time tasks and solutions.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{DatasourceType, DdlPolicy, ProjectId, SourceTables};
use crate::address::Address;

/// What kind of task (API facts 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskType {
    /// A long-running real-time task.
    Realtime,
    /// A solution: table creation, full load and real-time part together. This API can create, deploy and start one,
    /// and neither change, stop nor delete it (API facts 1.3).
    Solution,
}

impl TaskType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Realtime, Self::Solution];

    /// The manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::Solution => "solution",
        }
    }

    /// The wire's `TaskType`.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Realtime => "DI_REALTIME",
            Self::Solution => "DI_SOLUTION",
        }
    }
}

/// Whether the task is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// Started, and started again when it stopped.
    Started,
    /// Stopped, and stopped again when it runs.
    Stopped,
    /// Left as it is.
    Unmanaged,
}

impl Run {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Started, Self::Stopped, Self::Unmanaged];

    /// The manifest's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// How many restarts within how many minutes a task survives (API facts 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailoverLimit {
    /// Restarts.
    pub count: u32,
    /// Minutes.
    pub interval: u32,
}

/// How many dirty records a task tolerates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLimit {
    /// Records; 0 tolerates none.
    pub record: u64,
}

/// The destinations that the API documents for a MySQL source (API facts 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationType {
    /// MaxCompute.
    Odps,
    /// Kafka.
    Kafka,
    /// Hologres.
    Holo,
}

impl DestinationType {
    /// Every destination.
    pub const ALL: [Self; 3] = [Self::Odps, Self::Kafka, Self::Holo];

    /// The destination that a data source of this type can be.
    pub fn of(datasource: DatasourceType) -> Option<Self> {
        match datasource {
            DatasourceType::Odps => Some(Self::Odps),
            DatasourceType::Kafka => Some(Self::Kafka),
            DatasourceType::Holo => Some(Self::Holo),
            _ => None,
        }
    }

    /// The writer's `stepType`.
    pub fn step_type(self) -> &'static str {
        match self {
            Self::Odps => "odps",
            Self::Kafka => "kafka",
            Self::Holo => "holo",
        }
    }

    /// The wire's `setting.taskType`.
    pub fn task_type(self) -> &'static str {
        match self {
            Self::Odps => "oneclick_to_odps",
            Self::Kafka => "oneclick_to_kafka",
            Self::Holo => "oneclick_to_holo",
        }
    }
}

/// What is told to a real-time task when it starts (`StartParam`); what is absent is left to the service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StartSettings {
    /// Restarts survived.
    pub failover_limit: Option<FailoverLimit>,
    /// Dirty records tolerated.
    pub error_limit: Option<ErrorLimit>,
    /// Actions for DDL events.
    pub ddl_policy: Option<DdlPolicy>,
}

/// A declared task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The workspace's address.
    pub workspace: Address,
    /// The workspace's number.
    pub project_id: ProjectId,
    /// The remote name: `name`, or the label (with `_` and the key, under for_each).
    pub name: String,
    /// Real-time task or solution.
    pub task_type: TaskType,
    /// The source data source.
    pub source: Address,
    /// The destination data source.
    pub destination: Address,
    /// What the destination is.
    pub destination_type: DestinationType,
    /// The table sets.
    pub tables: Vec<Address>,
    /// Identifier of the Data Integration resource group.
    pub resource_group: String,
    /// Number of the scheduling resource group; solutions need it.
    pub schedule_resource_group: Option<i64>,
    /// `FileFolderPath`.
    pub folder: Option<String>,
    /// Compute units in halves: `Cu` × 2.
    pub half_cus: Option<u32>,
    /// The named DDL policy.
    pub ddl_policy: Option<Address>,
    /// What is told at start.
    pub start: StartSettings,
    /// Whether it is to run.
    pub run: Run,
    /// Never deleted or replaced.
    pub protect: bool,
}

/// A task in the remote's terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The workspace.
    pub project_id: ProjectId,
    /// The remote name.
    pub name: String,
    /// Real-time task or solution.
    pub task_type: TaskType,
    /// The source data source's remote name.
    pub source: String,
    /// The destination data source's remote name.
    pub destination: String,
    /// What the destination is.
    pub destination_type: DestinationType,
    /// The source tables.
    pub tables: SourceTables,
    /// Identifier of the Data Integration resource group.
    pub resource_group: String,
    /// Number of the scheduling resource group.
    pub schedule_resource_group: Option<i64>,
    /// `FileFolderPath`.
    pub folder: Option<String>,
    /// Compute units in halves.
    pub half_cus: Option<u32>,
    /// What is told at start.
    pub start: StartSettings,
    /// Whether it is to run.
    pub run: Run,
}

impl TaskSpec {
    /// What plans and documents show of a task under the manifest's words, in a fixed order; `run` and the tables come on their
    /// own.
    pub fn field_values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", json!(self.name)),
            ("type", json!(self.task_type)),
            ("workspace", json!(self.project_id)),
            ("source", json!(self.source)),
            ("destination", json!(self.destination)),
            ("destination_type", json!(self.destination_type)),
            ("resource_group", json!(self.resource_group)),
            (
                "schedule_resource_group",
                json!(self.schedule_resource_group),
            ),
            ("folder", json!(self.folder)),
            (
                "cu",
                json!(self.half_cus.map(|halves| f64::from(halves) / 2.0)),
            ),
            ("failover_limit", json!(self.start.failover_limit)),
            ("error_limit", json!(self.start.error_limit)),
            ("ddl_policy", json!(self.start.ddl_policy)),
        ]
    }
}
