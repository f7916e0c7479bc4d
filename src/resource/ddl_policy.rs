//! What happens to each kind of DDL event that a running task meets (API facts 5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $word:literal $wire:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The manifest's word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The wire's word.
            pub fn wire(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }
        }
    };
}

words! {
    /// A kind of DDL event.
    DdlEvent {
        /// A table appears.
        CreateTable "create_table" "CREATETABLE";
        /// A table is dropped.
        DropTable "drop_table" "DROPTABLE";
        /// A table is emptied.
        TruncateTable "truncate_table" "TRUNCATETABLE";
        /// A table gets another name.
        RenameTable "rename_table" "RENAMETABLE";
        /// A column appears.
        AddColumn "add_column" "ADDCOLUMN";
        /// A column is dropped.
        DropColumn "drop_column" "DROPCOLUMN";
        /// A column gets another name.
        RenameColumn "rename_column" "RENAMECOLUMN";
        /// A column gets another type.
        ModifyColumn "modify_column" "MODIFYCOLUMN";
    }
}

words! {
    /// What to do with an event.
    DdlAction {
        /// Forward it to the destination.
        Normal "normal" "NORMAL";
        /// Drop it silently.
        Ignore "ignore" "IGNORE";
        /// Drop it and log an alert.
        Warning "warning" "WARNING";
        /// Stop the task as failed.
        Critical "critical" "CRITICAL";
    }
}

/// A total policy: an action for each event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DdlPolicy(BTreeMap<DdlEvent, DdlAction>);

impl DdlPolicy {
    /// The policy that answers every event by `action`.
    pub fn total(action: impl Fn(DdlEvent) -> DdlAction) -> Self {
        Self(
            DdlEvent::ALL
                .iter()
                .map(|event| (*event, action(*event)))
                .collect(),
        )
    }

    /// Every event with its action, in the order of [`DdlEvent::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (DdlEvent, DdlAction)> {
        self.0.iter().map(|(event, action)| (*event, *action))
    }
}
