//! Everything the world keeps, table by table, and what can be done to all of them at once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::fault::Armed;
use super::limit::Usage;
use super::object::{
    AlarmRule, Content, Datasource, Deployment, DiJob, File, Instance, Moment, Process,
    ProjectConfig, ResourceGroup, Solution, Token, Workspace,
};
use super::request::Request;
use super::script::Script;
use super::settings::Settings;
use super::table::{DamagedRow, Shared, Table};

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $value:ty,)*) => {
        /// Every table of the world.
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        pub(crate) struct Tables {
            $($(#[$doc])* pub(crate) $name: Table<$key, $value>,)*
        }

        /// The rows that something touched, with their values from before.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Before {
            $($name: BTreeMap<$key, Option<$value>>,)*
        }

        impl Before {
            pub(crate) fn is_empty(&self) -> bool {
                true $(&& self.$name.is_empty())*
            }

            /// The rows by table and key, as text.
            pub(crate) fn keys(&self) -> impl Iterator<Item = (&'static str, String)> {
                let keys = std::iter::empty();
                $(let keys = keys.chain(
                    self.$name.keys().map(|key| (stringify!($name), key.to_string())),
                );)*
                keys
            }
        }

        impl Tables {
            /// What was touched since the last time.
            pub(crate) fn take_before(&mut self) -> Before {
                Before { $($name: self.$name.take_before(),)* }
            }

            /// Gives every row of `before` the value it had.
            pub(crate) fn rewind(&mut self, before: &Before) {
                $(self.$name.rewind(&before.$name);)*
            }

            /// One row as JSON, or none if it is not there.
            pub(crate) fn row(&self, table: &str, key: &str) -> Option<String> {
                match table {
                    $(stringify!($name) => self.$name.row(&key.parse().ok()?),)*
                    _ => None,
                }
            }

            /// Every row: its table, its key, and itself as JSON.
            pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, String, String)> {
                let rows = std::iter::empty();
                $(let rows = rows.chain(
                    self.$name.rows().map(|(key, row)| (stringify!($name), key, row)),
                );)*
                rows
            }

            /// Puts a row that was read from a database.
            pub(crate) fn load(
                &mut self,
                table: &str,
                key: &str,
                value: &str,
            ) -> Result<(), DamagedRow> {
                match table {
                    $(stringify!($name) => self.$name.load(table, key, value),)*
                    _ => Err(DamagedRow::unknown_table(table, key)),
                }
            }
        }
    };
}

tables! {
    /// One row, under [`ONLY`].
    settings: String => Settings,
    /// One row, under [`ONLY`].
    counters: String => Counters,
    workspaces: u64 => Workspace,
    /// By identifier.
    resource_groups: String => ResourceGroup,
    datasources: u64 => Datasource,
    instances: String => Shared<Instance>,
    contents: u64 => Shared<Content>,
    files: u64 => File,
    solutions: u64 => Solution,
    processes: u64 => Process,
    deployments: u64 => Deployment,
    dijobs: u64 => DiJob,
    alarm_rules: u64 => AlarmRule,
    /// By workspace, destination and source.
    project_configs: String => ProjectConfig,
    /// By operation and token.
    tokens: String => Token,
    /// Data sources that a seed has put here once, by workspace, environment and name.
    seeded: String => (),
    /// By the minute of its arrival and its hash: see [`super::nonce`].
    nonces: u128 => (),
    faults: u64 => Armed,
    late_calls: u64 => LateCall,
    /// By operation: how often each outcome came.
    calls: String => BTreeMap<String, u64>,
}

/// The key of a table's only row.
const ONLY: &str = "world";

/// A call that was cut off and is yet to take effect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LateCall {
    pub(crate) due: Moment,
    pub(crate) request: Request,
}

/// What counts up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// What request ids are drawn from.
    pub(crate) seed: u64,
    pub(crate) requests: u64,
    pub(crate) usage: Usage,
    /// When old rows were last cleared away.
    pub(crate) swept: Moment,
    next: BTreeMap<Sequence, u64>,
}

/// What ids are numbered apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sequence {
    Project,
    ResourceGroup,
    Datasource,
    Content,
    File,
    Node,
    Solution,
    Process,
    Deployment,
    DiJob,
    AlarmRule,
    Fault,
    LateCall,
}

impl Sequence {
    /// The first id, chosen so that one kind is never mistaken for another.
    fn first(self) -> u64 {
        match self {
            Self::Process => 10,
            Self::Solution => 5_001,
            Self::DiJob => 11_501,
            Self::Datasource => 20_001,
            Self::Deployment => 30_001,
            Self::AlarmRule => 45_001,
            Self::Project => 100_001,
            Self::File => 1_000_001,
            Self::ResourceGroup => 30_000_001,
            Self::Node => 700_000_001,
            Self::Content | Self::Fault | Self::LateCall => 1,
        }
    }
}

impl Tables {
    /// Tables with nothing in them but the settings and the counters.
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        let mut tables = Self::default();
        tables.settings.insert(ONLY.to_owned(), settings);
        let counters = Counters {
            seed,
            requests: 0,
            usage: Usage::default(),
            swept: Moment(0),
            next: BTreeMap::new(),
        };
        tables.counters.insert(ONLY.to_owned(), counters);
        tables
    }

    /// Whether the two rows that every world has are there.
    pub(crate) fn is_whole(&self) -> bool {
        self.settings.contains_key(ONLY) && self.counters.contains_key(ONLY)
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.settings
            .get(ONLY)
            .expect("a world has settings from its first moment")
    }

    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        self.settings
            .edit(&ONLY.to_owned())
            .expect("a world has settings from its first moment")
    }

    pub(crate) fn counters(&self) -> &Counters {
        self.counters
            .get(ONLY)
            .expect("a world has counters from its first moment")
    }

    pub(crate) fn counters_mut(&mut self) -> &mut Counters {
        self.counters
            .edit(&ONLY.to_owned())
            .expect("a world has counters from its first moment")
    }

    /// The next id of a kind.
    pub(crate) fn next_id(&mut self, sequence: Sequence) -> u64 {
        let next = self
            .counters_mut()
            .next
            .entry(sequence)
            .or_insert_with(|| sequence.first());
        let id = *next;
        *next += 1;
        id
    }

    /// Keeps a script and says under which id.
    pub(crate) fn keep_content(&mut self, text: String) -> u64 {
        let id = self.next_id(Sequence::Content);
        self.contents.insert(id, Shared::new(Content::new(text)));
        id
    }

    /// What a script says that some object refers to.
    pub(crate) fn script(&self, id: u64) -> &Script {
        static NONE: LazyLock<Script> = LazyLock::new(Script::default);
        self.contents
            .get(&id)
            .map_or(&NONE, |content| content.script())
    }

    /// The text of a script that some object refers to.
    pub(crate) fn content(&self, id: u64) -> &str {
        self.contents
            .get(&id)
            .map_or("", |content| content.text.as_str())
    }
}
