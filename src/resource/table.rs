//! Sets of source tables: as declared, with globs, and as expanded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// A table name or a glob (`*`, `?`, `[…]`), matched against whole names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether it has to be matched against the source's tables.
    pub fn is_glob(&self) -> bool {
        self.0.contains(['*', '?', '['])
    }

    /// The matcher of whole names; a name matches itself.
    pub fn glob(&self) -> Result<globset::Glob, globset::Error> {
        // Said here, since the default differs between systems and a stack means the same everywhere.
        globset::GlobBuilder::new(&self.0)
            .backslash_escape(true)
            .build()
    }
}

/// A declared table set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSet {
    /// The data source's address.
    pub datasource: Address,
    /// The database; without it, the data source's own.
    pub database: Option<String>,
    /// What belongs to the set; never empty.
    pub include: Vec<Pattern>,
    /// What does not, even if included.
    pub exclude: Vec<Pattern>,
}

/// The tables of one task, expanded, in one of the two forms of the API (API facts 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceTables {
    /// Single-database form (`table`): tables of the data source's own database.
    Own(BTreeSet<String>),
    /// Multi-database form (`selectedTables`): tables by database.
    ByDatabase(BTreeMap<String, BTreeSet<String>>),
}

impl SourceTables {
    /// How many tables there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Own(tables) => tables.len(),
            Self::ByDatabase(databases) => databases.values().map(BTreeSet::len).sum(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every table as people write it: `orders`, or `shop.orders` in multi-database form.
    pub fn names(&self) -> BTreeSet<String> {
        match self {
            Self::Own(tables) => tables.clone(),
            Self::ByDatabase(databases) => databases
                .iter()
                .flat_map(|(database, tables)| {
                    tables.iter().map(move |t| format!("{database}.{t}"))
                })
                .collect(),
        }
    }
}
