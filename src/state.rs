//! State: what was last applied and last seen, by address.
//!
//! The same type holds what state recorded (*prior*) and what the API answers now (*actual*).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::api::RunStatus;
use crate::resource::{DatasourceId, DatasourceSpec, FileId, ProcessId, TaskSpec};

/// A state's identity, minted once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lineage(pub String);

/// A counter raised by each write to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(pub u64);

/// What is known of a stack's remote objects.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The state's identity.
    pub lineage: Lineage,
    /// How often it was written.
    pub serial: Serial,
    /// Every object, by the address that made or adopted it.
    pub resources: BTreeMap<Address, Tracked>,
    /// How many objects each address has had: part of every client token, and kept when the object is gone, so that
    /// a second life never replays the first one's tokens.
    pub generations: BTreeMap<Address, u32>,
}

/// One remote object with what state keeps beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// The object.
    pub object: Object,
    /// What it must outlive: deletes go in the reverse of these.
    pub depends_on: BTreeSet<Address>,
    /// The manifest's `protect` when it was last applied: it holds on when the block is gone.
    #[serde(default)]
    pub protect: bool,
}

/// A remote object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Object {
    /// A managed data source.
    Datasource(DatasourceObject),
    /// A task, or the beginnings of one.
    Task(TaskObject),
}

/// A managed data source that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasourceObject {
    /// Its row.
    pub id: DatasourceId,
    /// What was last applied.
    pub spec: DatasourceSpec,
}

/// A task as far as it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskObject {
    /// What was last applied.
    pub spec: TaskSpec,
    /// How far it has come.
    pub stage: Stage,
    /// The run status last seen; `None` before anything was seen.
    pub run: Option<RunStatus>,
}

/// How far a task has come on generate → create → deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Its script is being generated; as far as is known, nothing exists yet.
    Generating {
        /// The generation.
        process: ProcessId,
        /// Whether a create was sent of which nobody can say what came: only its token finds again what it may have made.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        create_in_doubt: bool,
    },
    /// It exists and was never deployed, or was taken offline.
    Created {
        /// The task.
        file: FileId,
    },
    /// It is deployed and can be started.
    Deployed {
        /// The task.
        file: FileId,
    },
}

impl Stage {
    /// The task's id, once it exists.
    pub fn file(self) -> Option<FileId> {
        match self {
            Self::Generating { .. } => None,
            Self::Created { file } | Self::Deployed { file } => Some(file),
        }
    }
}

/// One change of state, committed together with the journal entry that explains it.
#[derive(Debug, Clone, PartialEq)]
pub enum StateChange {
    /// The address now has this object.
    Put(Address, Box<Tracked>),
    /// The address has no object any more.
    Remove(Address),
    /// The address begins another life: its next tokens are new ones.
    NextGeneration(Address),
}
