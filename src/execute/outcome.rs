//! What a run reports while it works, and what it comes to.

use std::time::Duration;

use crate::address::Address;
use crate::api::ApiFault;
use crate::diff::Action;
use crate::journal::StepId;
use crate::plan::Op;

/// Why a change stopped.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The API refused a call.
    #[error("{0}")]
    Refused(ApiFault),
    /// It is not known whether a call took effect; the next run settles that first.
    #[error("it is not known whether the call took effect: {0}")]
    InDoubt(ApiFault),
    /// What was waited for did not come.
    #[error("{what} after {} s of waiting", .waited.as_secs())]
    Deadline {
        /// What was seen last.
        what: String,
        /// For how long.
        waited: Duration,
    },
    /// The name belongs to an object that this stack did not make.
    #[error("{what}")]
    Conflict {
        /// Which object, and how it differs.
        what: String,
    },
    /// Everything was done, and what is there is not what was asked for.
    #[error("{0}")]
    NotAsAsked(String),
    /// The task ran and stopped by itself.
    #[error("the task started and stopped by itself: {0}")]
    Died(String),
}

impl Failure {
    /// What to do next, where that is more than to apply again.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(fault) => fault.hint.clone(),
            Self::InDoubt(_) => {
                Some("apply again: it first finds out what happened, and then goes on".to_owned())
            }
            Self::Deadline { .. } => {
                Some("apply again: it goes on where this run stopped waiting".to_owned())
            }
            Self::Conflict { .. } => Some(
                "give this one another `name`, or rename or delete the other one in the console"
                    .to_owned(),
            ),
            Self::NotAsAsked(_) => Some("apply again: it plans from what is there now".to_owned()),
            Self::Died(_) => Some("mend what the message names, then apply again".to_owned()),
        }
    }
}

/// What happens, as it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A change began.
    Started {
        /// Whose.
        address: Address,
        /// Which.
        action: Action,
    },
    /// A step of it began.
    Step {
        /// Whose.
        address: Address,
        /// Which.
        op: Op,
        /// How often it was asked or tried before.
        attempt: u32,
    },
    /// A change was carried out, and seen.
    Complete {
        /// Whose.
        address: Address,
        /// Which.
        action: Action,
    },
    /// A change stopped.
    Failed {
        /// Whose.
        address: Address,
        /// At which step.
        op: Op,
        /// Why.
        failure: Failure,
    },
    /// The run was asked to end: the calls on their way are still answered, nothing new begins.
    Stopping,
    /// A change was not begun.
    Skipped {
        /// Whose.
        address: Address,
        /// What it would have had to wait for.
        because: Address,
    },
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every change was carried out.
    Complete,
    /// Some were not.
    Partial,
    /// The account has no calls left.
    QuotaSpent,
    /// It was asked to stop.
    Interrupted,
}

/// What a run comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub ended: Ended,
    /// Carried out.
    pub complete: Vec<(Address, Action)>,
    /// Stopped, at which step and why.
    pub failed: Vec<(Address, Op, Failure)>,
    /// Not begun, or stopped between two steps.
    pub left: Vec<Address>,
    /// Steps of which it is not known whether they took effect.
    pub in_doubt: Vec<StepId>,
}
