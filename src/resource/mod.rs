//! What a stack is made of: typed, valid, references resolved.
//!
//! A [`Resource`] is what a manifest declares. A *spec* ([`TaskSpec`], [`DatasourceSpec`]) is the same in the remote's
//! terms, after globs are expanded and secrets are fingerprinted: what state records and what plans compare.

mod datasource;
mod ddl_policy;
mod table;
mod task;

pub use datasource::{
    Content, ContentField, ContentValue, Datasource, DatasourceSpec, DatasourceType, EnvType,
};
pub use ddl_policy::{DdlAction, DdlEvent, DdlPolicy};
pub use table::{Pattern, SourceTables, TableSet};
pub use task::{
    DestinationType, ErrorLimit, FailoverLimit, Run, StartSettings, Task, TaskSpec, TaskType,
};

use serde::{Deserialize, Serialize};

use crate::address::Kind;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub i64);

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }
        )*
    };
}

ids! {
    /// A workspace's number (`ProjectId`), 1..=10^10.
    ProjectId;
    /// A task's number (`FileId`; `TaskId` in generate-for-updating); for a solution the solution's id.
    FileId;
    /// An asynchronous generation's number (`ProcessId` in one reply, `AsyncProcessId` in the next request).
    ProcessId;
    /// A data source row's number (`DataSourceId`): one per name and environment.
    DatasourceId;
}

/// A workspace that exists: looked up, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its number.
    pub project_id: ProjectId,
}

/// One declared resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Resource {
    /// `[workspace.…]`
    Workspace(Workspace),
    /// `[datasource.…]`
    Datasource(Datasource),
    /// `[table.…]`
    Table(TableSet),
    /// `[ddl_policy.…]`
    DdlPolicy(DdlPolicy),
    /// `[task.…]`
    Task(Box<Task>),
}

impl Resource {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Workspace(_) => Kind::Workspace,
            Self::Datasource(_) => Kind::Datasource,
            Self::Table(_) => Kind::Table,
            Self::DdlPolicy(_) => Kind::DdlPolicy,
            Self::Task(_) => Kind::Task,
        }
    }
}

/// What may be asked of the remote, and what state records of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Spec {
    /// A managed data source.
    Datasource(DatasourceSpec),
    /// A task.
    Task(TaskSpec),
}

impl Spec {
    /// The workspace that holds the object.
    pub fn project_id(&self) -> ProjectId {
        match self {
            Self::Datasource(spec) => spec.project_id,
            Self::Task(spec) => spec.project_id,
        }
    }

    /// The object's remote name.
    pub fn name(&self) -> &str {
        match self {
            Self::Datasource(spec) => &spec.name,
            Self::Task(spec) => &spec.name,
        }
    }
}
