//! Table sets for people: per database, sorted, and folded where there are thousands.

use std::collections::{BTreeMap, BTreeSet};

use super::safe;
use crate::diff::{Change, TableDelta};
use crate::resource::{SourceTables, Spec};

/// How many names are shown before the rest is counted: enough to see what kind of tables they are.
pub(super) const SHOWN: usize = 10;

/// The tables of one database that come and go.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Group<'a> {
    /// The database; `None` in single-database form.
    pub(super) database: Option<&'a str>,
    /// Tables that come, without the database.
    pub(super) added: Vec<&'a str>,
    /// Tables that go, without the database.
    pub(super) removed: Vec<&'a str>,
}

/// A change's tables by database.
pub(super) fn groups(change: &Change) -> Vec<Group<'_>> {
    let databases: BTreeSet<&str> = [&change.before, &change.after]
        .into_iter()
        .flatten()
        .filter_map(|spec| match spec {
            Spec::Task(task) => match &task.tables {
                SourceTables::ByDatabase(databases) => Some(databases.keys().map(String::as_str)),
                SourceTables::Own(_) => None,
            },
            Spec::Datasource(_) => None,
        })
        .flatten()
        .collect();
    let mut groups = BTreeMap::<Option<&str>, Group<'_>>::new();
    let TableDelta { added, removed } = &change.tables;
    let directions = added.iter().map(|name| (name, true));
    for (name, comes) in directions.chain(removed.iter().map(|name| (name, false))) {
        let (database, table) = split(name, &databases);
        let group = groups.entry(database).or_default();
        group.database = database;
        let direction = if comes {
            &mut group.added
        } else {
            &mut group.removed
        };
        direction.push(table);
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().collect();
    for group in &mut groups {
        group.added.sort_unstable();
        group.removed.sort_unstable();
    }
    groups
}

/// `shop.orders` apart, if one of the databases is its own; both parts of a name may hold dots.
fn split<'a>(name: &'a str, databases: &BTreeSet<&'a str>) -> (Option<&'a str>, &'a str) {
    databases
        .iter()
        .filter_map(|database| {
            let table = name.strip_prefix(database)?.strip_prefix('.')?;
            Some((Some(*database), table))
        })
        .max_by_key(|(database, _)| database.map(str::len))
        .unwrap_or((None, name))
}

/// The first names, each safe and with its sign, and how many more there are.
pub(super) fn folded(sign: &str, names: &[&str]) -> Vec<String> {
    // One more name is no longer than saying that there is one more.
    let shown = if names.len() <= SHOWN + 1 {
        names.len()
    } else {
        SHOWN
    };
    let mut items: Vec<String> = names[..shown]
        .iter()
        .map(|name| format!("{sign}{}", safe::line(name)))
        .collect();
    if shown < names.len() {
        items.push(format!("… and {} more", names.len() - shown));
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_database_that_fits_is_the_one() {
        let databases = BTreeSet::from(["shop", "shop.eu"]);
        assert_eq!(
            split("shop.eu.orders", &databases),
            (Some("shop.eu"), "orders")
        );
        assert_eq!(split("shop.orders", &databases), (Some("shop"), "orders"));
        assert_eq!(split("orders", &databases), (None, "orders"));
    }

    #[test]
    fn many_names_fold_and_one_more_does_not() {
        let names: Vec<String> = (10..22).map(|i| format!("t{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(folded("+ ", &names[..11]).len(), 11);
        assert_eq!(
            folded("+ ", &names).last().map(String::as_str),
            Some("… and 2 more")
        );
    }
}
