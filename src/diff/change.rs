//! The closed algebra of changes: what, why, and what it costs the data.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::api::RunStatus;
use crate::resource::{DatasourceId, FileId, ProcessId, SourceTables, Spec};
use crate::source::Location;
use crate::state::{Object, Stage};

macro_rules! closed {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that plans show.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

closed! {
    /// What is done to an object. Deletes come first, here and in plans.
    Action {
        /// Stopped, taken offline and deleted.
        Delete "delete",
        /// Dropped from state; the object stays, or is gone already.
        Forget "forget",
        /// Made.
        Create "create",
        /// Taken over: it exists and is what the manifest asks for.
        Adopt "adopt",
        /// Deleted and made anew.
        Replace "replace",
        /// Changed where it is.
        Update "update",
        /// Stopped and started with other settings.
        Restart "restart",
        /// Started.
        Start "start",
        /// Stopped.
        Stop "stop",
    }
}

closed! {
    /// What an action costs the data, from nothing to everything.
    Effect {
        /// Nothing.
        None "none",
        /// The object changes where it is; data goes on flowing.
        InPlace "in_place",
        /// The task stops for a moment and goes on where it was.
        Restart "restart",
        /// Added tables are loaded from the beginning.
        InitTables "init_tables",
        /// All tables are loaded from the beginning.
        Resync "resync",
        /// This API cannot do it.
        Impossible "impossible",
    }
}

closed! {
    /// Why, as a word that programs can rely on.
    ReasonCode {
        /// The manifest declares it and it does not exist.
        NotThere "not_there",
        /// An earlier run began to make it.
        Unfinished "unfinished",
        /// It was made, and somebody else deleted it.
        Vanished "vanished",
        /// No manifest declares it any more.
        NotDeclared "not_declared",
        /// The whole stack is to be destroyed.
        Destroy "destroy",
        /// The manifest changed.
        Changed "changed",
        /// The object was changed without us.
        Drifted "drifted",
        /// It is not running and should be.
        NotRunning "not_running",
        /// It is running and should not be.
        Running "running",
        /// It exists with the declared name and content, and state does not know it.
        Untracked "untracked",
        /// It exists with the declared name and another content, and state does not know it.
        Conflict "conflict",
    }
}

/// Why a change is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: ReasonCode,
    /// For people: a lowercase fragment.
    pub text: String,
    /// The manifest's line that asks for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<Location>,
}

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The manifest's name of it.
    pub field: String,
    /// What it was; null where it was not set.
    pub before: Value,
    /// What it will be; null where it will not be set.
    pub after: Value,
    /// What the API answers, where that differs from `before`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actual: Option<Value>,
    /// Whether the values are secrets, and therefore null here.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub sensitive: bool,
}

/// A table set's difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDelta {
    /// Tables that come.
    pub added: Vec<String>,
    /// Tables that go.
    pub removed: Vec<String>,
}

impl TableDelta {
    /// The difference from one set to another. When only one of them names databases, tables are compared without.
    pub fn between(from: &SourceTables, to: &SourceTables) -> Self {
        let same_form = std::mem::discriminant(from) == std::mem::discriminant(to);
        let names = |tables: &SourceTables| match tables {
            SourceTables::ByDatabase(databases) if !same_form => {
                databases.values().flatten().cloned().collect()
            }
            _ => tables.names(),
        };
        let (from, to): (BTreeSet<String>, BTreeSet<String>) = (names(from), names(to));
        Self {
            added: to.difference(&from).cloned().collect(),
            removed: from.difference(&to).cloned().collect(),
        }
    }

    /// Whether both sets are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What kind of no it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldKind {
    /// `protect` stands in the way.
    Protected,
    /// This API cannot do it.
    Impossible,
    /// This version of syncform cannot do it.
    Unsupported,
    /// Somebody else's object has the name.
    Conflict,
    /// Something that stays needs it.
    StillNeeded,
}

/// Why a change is shown and not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// What kind of no.
    pub kind: WithheldKind,
    /// What stands in the way: a lowercase fragment.
    pub why: String,
    /// What to do instead.
    pub instead: String,
}

/// What is known of the remote object when the plan is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<FileId>,
    /// A generation that an earlier run began for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub process: Option<ProcessId>,
    /// Whether a create from that generation may have taken effect.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub create_in_doubt: bool,
    /// The data source.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub datasource: Option<DatasourceId>,
    /// Whether the task is deployed.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub deployed: bool,
    /// The task's run status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunStatus>,
}

impl Object {
    /// What was last applied.
    pub(crate) fn spec(&self) -> Spec {
        match self {
            Self::Datasource(datasource) => Spec::Datasource(datasource.spec.clone()),
            Self::Task(task) => Spec::Task(task.spec.clone()),
        }
    }

    /// The remote object, as state knows it.
    pub(crate) fn target(&self) -> Target {
        match self {
            Self::Datasource(datasource) => Target {
                datasource: Some(datasource.id),
                ..Target::default()
            },
            Self::Task(task) => Target {
                file: task.stage.file(),
                deployed: matches!(task.stage, Stage::Deployed { .. }),
                run: task.run.clone(),
                ..Target::default()
            },
        }
    }
}

/// One row of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Whose change it is.
    pub address: Address,
    /// What is done.
    pub action: Action,
    /// What it costs the data.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
    /// What becomes different.
    pub fields: Vec<FieldChange>,
    /// Which tables come and go.
    #[serde(skip_serializing_if = "TableDelta::is_empty", default)]
    pub tables: TableDelta,
    /// What was last applied.
    pub before: Option<Spec>,
    /// What it will be.
    pub after: Option<Spec>,
    /// The remote object.
    pub target: Target,
    /// The objects that must be there before it (of a delete: that it must go before).
    pub depends_on: BTreeSet<Address>,
    /// What state keeps of the manifest's `protect`.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub protect: bool,
    /// Why it is not carried out, if it is not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub withheld: Option<Withheld>,
}

impl Change {
    /// A change that costs nothing, of an object of which nothing is known yet.
    pub(super) fn new(address: &Address, action: Action, reason: Reason) -> Self {
        Self {
            address: address.clone(),
            action,
            effect: Effect::None,
            reason,
            fields: Vec::new(),
            tables: TableDelta::default(),
            before: None,
            after: None,
            target: Target::default(),
            depends_on: BTreeSet::new(),
            protect: false,
            withheld: None,
        }
    }

    /// The same, shown and not carried out.
    pub(super) fn withhold(mut self, kind: WithheldKind, why: String, instead: String) -> Self {
        self.withheld = Some(Withheld { kind, why, instead });
        self
    }
}
