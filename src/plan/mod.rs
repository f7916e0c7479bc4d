//! The plan: exactly what apply will do, why, and what it costs. Immutable once built.

mod build;
pub mod file;
pub(crate) mod hash;
mod name;
mod select;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use build::{Request, build};
pub use select::{Selection, UnknownTarget};
pub use step::{CallKind, Op, Step};

use crate::address::Address;
use crate::diff::{Action, Change, Drift, WithheldKind};
use crate::state::{Lineage, Serial};

/// What the plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// To make the remote what the manifests say.
    Apply,
    /// To delete everything that state knows.
    Destroy,
    /// To see what somebody else changed, and change nothing.
    RefreshOnly,
}

/// The state that the plan was made from; apply refuses it when the state has moved on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The state's identity.
    pub lineage: Lineage,
    /// How often it had been written.
    pub serial: Serial,
}

/// Which service the plan is for: apply of a saved plan reads no manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The region's id.
    pub region: Option<String>,
    /// `embedded`, `region`, or a URL.
    pub endpoint: String,
    /// The seed of the embedded endpoint, below the stack's root.
    pub seed: Option<String>,
    /// The CLI profile.
    pub profile: Option<String>,
    /// `hmac-sha1` or `acs3-hmac-sha256`.
    pub signature: String,
    /// Requests per second.
    pub qps: u32,
    /// Resources side by side.
    pub parallelism: usize,
}

/// A change with the steps that carry it out; none, if it is withheld.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// Its steps, one after the other.
    pub steps: Vec<Step>,
    /// The addresses whose changes come first.
    pub waits_for: BTreeSet<Address>,
}

/// A whole plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: Option<String>,
    /// What it is for.
    pub mode: Mode,
    /// What it was made from.
    pub base: Base,
    /// Which service it is for.
    pub service: Service,
    /// Deletes first, then by the graph, then by address.
    pub changes: Vec<Planned>,
    /// What is as it should be.
    pub unchanged: BTreeSet<Address>,
    /// What somebody else changed.
    pub drift: Vec<Drift>,
    /// Whether the remote was not asked (`--offline`).
    pub offline: bool,
    /// `sha256:…` over the canonical JSON of what the plan does.
    pub hash: String,
}

/// How many of each, at the plan's end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Changes that will be carried out, by action.
    pub actions: BTreeMap<Action, usize>,
    /// Changes that are shown and not carried out.
    pub withheld: usize,
    /// API calls that change something: exactly as many, unless a call fails.
    pub writes: usize,
    /// API calls that read: at least as many, since what is waited for is asked for again.
    pub reads: usize,
}

impl Plan {
    /// Whether there is nothing to do and nothing to refuse.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether somebody should look at it: there are changes, or it only looks and saw what was changed elsewhere.
    pub fn tells_something(&self) -> bool {
        !self.is_empty() || (self.mode == Mode::RefreshOnly && !self.drift.is_empty())
    }

    /// Counts of everything.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for planned in &self.changes {
            if planned.change.withheld.is_some() {
                summary.withheld += 1;
                continue;
            }
            *summary.actions.entry(planned.change.action).or_default() += 1;
            summary.writes += planned.calls(CallKind::Write);
            summary.reads += planned.calls(CallKind::Read);
        }
        summary
    }

    /// The changes that stand in the way of an apply. What destroy must leave behind is not among them: it is told, and the
    /// rest goes.
    pub fn refusals(&self) -> impl Iterator<Item = &Planned> {
        self.changes.iter().filter(|planned| {
            planned.change.withheld.as_ref().is_some_and(|withheld| {
                self.mode != Mode::Destroy
                    || !matches!(
                        withheld.kind,
                        WithheldKind::Impossible | WithheldKind::StillNeeded
                    )
            })
        })
    }

    /// What destroy leaves behind.
    pub fn left_behind(&self) -> impl Iterator<Item = &Planned> {
        self.changes
            .iter()
            .filter(|planned| self.mode == Mode::Destroy && planned.change.withheld.is_some())
    }
}

impl Planned {
    /// How many of its steps are calls of a kind.
    pub fn calls(&self, kind: CallKind) -> usize {
        self.steps
            .iter()
            .filter(|step| step.op.call_kind() == kind)
            .count()
    }
}
