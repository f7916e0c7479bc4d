//! The journal: what was about to be sent, and what came of it.
//!
//! An intent is durable before its call is sent; an outcome is committed together with the state that it explains. A step's
//! status is a fold over its events, so that recovery reads the same record that a running apply writes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod fold;

pub use fold::{CorruptJournal, StepStatus, fold};

use crate::address::Address;
use crate::api::{ApiFault, ClientToken};
use crate::resource::{DatasourceId, FileId, ProcessId};

/// One run of apply: its plan is kept with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

/// A step of the run's plan, by its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The step.
    pub step: StepId,
    /// Whose step it is.
    pub address: Address,
    /// The API operation, for people.
    pub operation: String,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What a journal line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The call is about to be sent. Sent again under the same token, it is the same intent and not written again.
    Intent {
        /// The client token, where the operation takes one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        token: Option<ClientToken>,
        /// Hash of what is asked, without secrets.
        digest: String,
    },
    /// The call took effect.
    Applied {
        /// What it gave.
        output: Output,
    },
    /// The call did not take effect, and will not.
    Refused {
        /// Why.
        fault: ApiFault,
    },
    /// Whether the call took effect need not be known any more: the next plan sees what is there, and whoever needs the call
    /// repeats it under the same token.
    Released,
}

/// What later steps may need of an applied one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Nothing.
    None,
    /// A generation.
    Process(ProcessId),
    /// A task.
    File(FileId),
    /// A data source.
    Datasource(DatasourceId),
}
