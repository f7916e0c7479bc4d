//! From declared tasks to specs: the globs of table sets meet the tables that the sources really have.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobSet, GlobSetBuilder};

use super::fields::listed as list;
use super::{Declared, Desired};
use crate::address::Address;
use crate::api::SourceDatabases;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::resource::{Datasource, Pattern, SourceTables, TableSet, Task, TaskSpec};
use crate::source::Span;

/// What the remote says about the tables of data sources, by address.
#[derive(Debug, Clone, Default)]
pub struct Metas(pub BTreeMap<Address, DatasourceMeta>);

/// The tables of one data source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatasourceMeta {
    /// The database that the data source's own row names.
    pub own_database: Option<String>,
    /// Every database and its tables.
    pub databases: SourceDatabases,
}

/// The data sources whose tables must be listed before [`specs`] can answer: those with a glob in a set that is used.
pub fn needed_meta(desired: &Desired) -> BTreeSet<Address> {
    desired
        .tasks()
        .flat_map(|(_, _, task)| &task.tables)
        .filter_map(|address| desired.table_set(address))
        .filter(|(_, set)| set.include.iter().any(Pattern::is_glob))
        .map(|(_, set)| set.datasource.clone())
        .collect()
}

/// Every task in the remote's terms. Names stand for themselves; globs stand for what `metas` lists.
pub fn specs(desired: &Desired, metas: &Metas) -> (BTreeMap<Address, TaskSpec>, Diagnostics) {
    let mut expansion = Expansion {
        desired,
        metas,
        sets: BTreeMap::new(),
        diagnostics: Diagnostics::default(),
    };
    let mut specs = BTreeMap::new();
    for (address, _, task) in desired.tasks() {
        if let Some(spec) = expansion.spec(task) {
            specs.insert(address.clone(), spec);
        }
    }
    (specs, expansion.diagnostics)
}

struct Expansion<'d> {
    desired: &'d Desired,
    metas: &'d Metas,
    /// Each set is expanded, and its mistakes are reported, once; `None` if it has any.
    sets: BTreeMap<&'d Address, Option<BTreeSet<String>>>,
    diagnostics: Diagnostics,
}

impl<'d> Expansion<'d> {
    fn spec(&mut self, task: &'d Task) -> Option<TaskSpec> {
        let source = self.desired.datasource(&task.source)?;
        let destination = self.desired.datasource(&task.destination)?;
        Some(TaskSpec {
            project_id: task.project_id,
            name: task.name.clone(),
            task_type: task.task_type,
            source: source.name.clone(),
            destination: destination.name.clone(),
            destination_type: task.destination_type,
            tables: self.tables(task, source)?,
            resource_group: task.resource_group.clone(),
            schedule_resource_group: task.schedule_resource_group,
            folder: task.folder.clone(),
            half_cus: task.half_cus,
            start: task.start.clone(),
            run: task.run,
        })
    }

    /// The tables of all of a task's sets: by database as soon as one set names its database.
    fn tables(&mut self, task: &'d Task, source: &Datasource) -> Option<SourceTables> {
        let mut sound = true;
        let mut by_database = BTreeMap::<Option<&str>, BTreeSet<String>>::new();
        for address in &task.tables {
            let (declared, set) = self.desired.table_set(address)?;
            let tables = match self.sets.get(address) {
                Some(known) => known.clone(),
                None => {
                    let tables = self.expand(declared, set);
                    self.sets.insert(address, tables.clone());
                    tables
                }
            };
            match tables {
                Some(tables) => by_database
                    .entry(set.database.as_deref())
                    .or_default()
                    .extend(tables),
                None => sound = false,
            }
        }
        if !sound {
            return None;
        }
        if by_database.keys().all(Option::is_none) {
            return Some(SourceTables::Own(
                by_database.into_values().flatten().collect(),
            ));
        }
        let mut databases = BTreeMap::<String, BTreeSet<String>>::new();
        for (database, tables) in by_database {
            let database = database
                .or_else(|| source.own_database())
                .expect("a task that mixes both forms has a source that names its database");
            databases
                .entry(database.to_owned())
                .or_default()
                .extend(tables);
        }
        Some(SourceTables::ByDatabase(databases))
    }

    /// The tables of one set; `None` if some cannot be told.
    fn expand(&mut self, declared: &Declared, set: &TableSet) -> Option<BTreeSet<String>> {
        let (globs, names): (Vec<_>, Vec<_>) = set
            .include
            .iter()
            .enumerate()
            .partition(|(_, pattern)| pattern.is_glob());
        let mut tables: BTreeSet<String> = names
            .into_iter()
            .map(|(_, pattern)| pattern.0.clone())
            .collect();
        if !globs.is_empty() {
            let listed = self.listed(declared, set)?;
            let mut sound = true;
            for (i, pattern) in globs {
                let glob = matcher([pattern]);
                let matched = || listed.iter().filter(|table| glob.is_match(table.as_str()));
                if matched().next().is_none() {
                    sound = false;
                    let span = declared.item("include", i);
                    self.diagnostics.push(no_match(set, pattern, span, listed));
                }
                tables.extend(matched().cloned());
            }
            if !sound {
                return None;
            }
        }
        let exclude = matcher(&set.exclude);
        tables.retain(|table| !exclude.is_match(table.as_str()));
        if tables.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::NoMatch,
                    declared.field("exclude"),
                    "`exclude` leaves no table of the set",
                )
                .label(declared.field("include"), "what was included"),
            );
            return None;
        }
        Some(tables)
    }

    /// The tables among which a set's globs choose.
    fn listed(&mut self, declared: &Declared, set: &TableSet) -> Option<&'d BTreeSet<String>> {
        let unknown =
            |span: Span, detail: String| Diagnostic::error(Code::TablesUnknown, span, detail);
        let Some(meta) = self.metas.0.get(&set.datasource) else {
            self.diagnostics.push(
                unknown(
                    declared.field("include"),
                    format!("the tables of `{}` are not known", set.datasource),
                )
                .help("name the tables instead of using globs, or mend what keeps the service from listing them"),
            );
            return None;
        };
        let own = || {
            let declared = self.desired.datasource(&set.datasource)?;
            declared
                .own_database()
                .or(meta.own_database.as_deref())
                .or_else(|| {
                    let mut names = meta.databases.keys();
                    names
                        .next()
                        .filter(|_| names.next().is_none())
                        .map(String::as_str)
                })
        };
        let Some(database) = set.database.as_deref().or_else(own) else {
            self.diagnostics.push(
                unknown(
                    declared.field("include"),
                    format!(
                        "`{}` has several databases, and nothing says which one is meant",
                        set.datasource
                    ),
                )
                .help("give the table set a `database`"),
            );
            return None;
        };
        let tables = meta.databases.get(database);
        if tables.is_none() {
            let diagnostic = Diagnostic::error(
                Code::NoMatch,
                declared.field("database"),
                format!("`{}` has no database `{database}`", set.datasource),
            );
            let names = meta.databases.keys().map(String::as_str);
            self.diagnostics.push(match did_you_mean(database, names) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
        }
        tables
    }
}

/// The patterns as one matcher of whole names.
fn matcher<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = pattern.glob().expect("patterns were checked when read");
        set.add(glob);
    }
    set.build()
        .expect("patterns that build alone build together")
}

/// A glob that no table answers to, with the names that come nearest.
fn no_match(
    set: &TableSet,
    pattern: &Pattern,
    span: Span,
    listed: &BTreeSet<String>,
) -> Diagnostic {
    /// Enough to see what was mistyped, few enough to read.
    const NEAR: usize = 3;
    let diagnostic = Diagnostic::error(
        Code::NoMatch,
        span,
        format!("no table of `{}` matches `{}`", set.datasource, pattern.0),
    );
    let plain: String = pattern
        .0
        .chars()
        .filter(|c| !matches!(c, '*' | '?' | '[' | ']'))
        .collect();
    let length = plain.chars().count();
    // A glob gives a part of the name, most often how it begins.
    let distance = |table: &str| {
        let beginning: String = table.chars().take(length).collect();
        strsim::damerau_levenshtein(&plain, table)
            .min(strsim::damerau_levenshtein(&plain, &beginning))
    };
    let mut near: Vec<(usize, &str)> = listed
        .iter()
        .map(|table| (distance(table), table.as_str()))
        .collect();
    near.sort_unstable();
    let nearest = near.first().map_or(0, |(distance, _)| *distance);
    let names = list(near.into_iter().take(NEAR).map(|(_, table)| table));
    diagnostic.help(match listed.len() {
        0 => "the database has no tables at all".to_owned(),
        _ if nearest <= length / 2 => format!("the nearest names are {names}"),
        tables => format!("it has {tables} tables, such as {names}"),
    })
}
