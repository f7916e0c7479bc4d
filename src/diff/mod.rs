//! Desired × prior × actual: what has to change, and why.
//!
//! [`changes`] is a pure function. Drift is actual against prior, never against desired; what to do follows from desired
//! against both.

mod change;
mod datasource;
mod drift;
mod task;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

pub use change::{
    Action, Change, Effect, FieldChange, Reason, ReasonCode, TableDelta, Target, Withheld,
    WithheldKind,
};
pub(crate) use datasource::differences as datasource_differences;
pub use drift::Drift;
pub(crate) use task::differences as task_differences;
pub use wanted::wanted;

use serde_json::{Value, json};

use crate::address::Address;
use crate::api::{DatasourceRow, RunStatus, TaskScript};
use crate::resource::{DatasourceId, FileId, Spec};
use crate::source::Location;
use crate::state::{Object, State, Tracked};

/// A resource as wanted, in the remote's terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// What it is to be.
    pub spec: Spec,
    /// Never deleted or replaced.
    pub protect: bool,
    /// The objects that must be there before it.
    pub depends_on: BTreeSet<Address>,
    /// Where its block is.
    pub location: Location,
    /// Where each of its fields is.
    pub fields: BTreeMap<String, Location>,
}

impl Wanted {
    fn field(&self, name: &str) -> Location {
        self.fields.get(name).unwrap_or(&self.location).clone()
    }
}

/// What the API answered about the objects in question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Actual {
    /// The data sources, by the address that wants or has them. Absent from the map: not asked.
    pub datasources: BTreeMap<Address, Option<DatasourceRow>>,
    /// The tasks likewise.
    pub tasks: BTreeMap<Address, Option<SeenTask>>,
}

/// A task that the API showed.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenTask {
    /// Its id. Not the one that state knows, if that one is gone and the name belongs to another task.
    pub file: FileId,
    /// Whether it was deployed.
    pub deployed: bool,
    /// Whether its script was committed: then it may be deployed, whatever state takes it for.
    pub committed: bool,
    /// What its script says; `None` for a solution, whose script this API does not show.
    pub script: Option<TaskScript>,
    /// Its run status.
    pub run: RunStatus,
    /// What the service says about the status.
    pub message: Option<String>,
    /// Its name now, where a listing shows it.
    pub name: Option<String>,
}

/// What the whole comparison comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// What has to change, by address.
    pub changes: BTreeMap<Address, Change>,
    /// What is as it should be.
    pub unchanged: BTreeSet<Address>,
    /// What changed without us.
    pub drift: Vec<Drift>,
}

/// Compares every address that is wanted or known.
pub fn changes(wanted: &BTreeMap<Address, Wanted>, prior: &State, actual: &Actual) -> Comparison {
    let mut comparison = Comparison::default();
    let addresses: BTreeSet<&Address> = wanted.keys().chain(prior.resources.keys()).collect();
    let mut files: BTreeMap<FileId, &Address> = BTreeMap::new();
    let mut rows: BTreeMap<DatasourceId, &Address> = BTreeMap::new();
    for (address, tracked) in &prior.resources {
        match &tracked.object {
            Object::Task(task) => files.extend(task.stage.file().map(|file| (file, address))),
            Object::Datasource(datasource) => rows.extend([(datasource.id, address)]),
        }
    }
    for address in addresses {
        let want = wanted.get(address);
        let known = prior.resources.get(address);
        if let Some(drift) = known.and_then(|k| drift::of(address, &k.object, actual)) {
            comparison.drift.push(drift);
        }
        let change = match (want.map(|w| &w.spec), known.map(|k| &k.object)) {
            (Some(Spec::Task(_)), _) | (None, Some(Object::Task(_))) => {
                let known_task = known.and_then(|k| match &k.object {
                    Object::Task(task) => Some(task),
                    Object::Datasource(_) => None,
                });
                task::change(
                    address,
                    want,
                    known_task,
                    seen(&actual.tasks, address),
                    &files,
                )
            }
            (Some(Spec::Datasource(_)), _) | (None, Some(Object::Datasource(_))) => {
                let known_row = known.and_then(|k| match &k.object {
                    Object::Datasource(datasource) => Some(datasource),
                    Object::Task(_) => None,
                });
                datasource::change(
                    address,
                    want,
                    known_row,
                    seen(&actual.datasources, address),
                    &rows,
                )
            }
            (None, None) => unreachable!("the address is wanted or known"),
        };
        match change.or_else(|| bookkeeping(address, want?, known?)) {
            Some(change) => {
                comparison
                    .changes
                    .insert(address.clone(), settle(change, want, known));
            }
            None => {
                comparison.unchanged.insert(address.clone());
            }
        }
    }
    comparison
}

/// What holds for every kind of object: what it depends on, and that `protect` stands before a delete.
fn settle(mut change: Change, want: Option<&Wanted>, known: Option<&Tracked>) -> Change {
    let (depends_on, protect) = match (want, known) {
        (Some(want), _) => (want.depends_on.clone(), want.protect),
        (None, Some(known)) => (known.depends_on.clone(), known.protect),
        (None, None) => (BTreeSet::new(), false),
    };
    change.depends_on = depends_on;
    change.protect = protect;
    if change.action == Action::Delete && protect {
        change = change.withhold(
            WithheldKind::Protected,
            "`protect = true` forbids to delete it".to_owned(),
            "set `protect = false` and apply that first".to_owned(),
        );
    }
    change
}

/// A change of what only state keeps: it costs no call.
fn bookkeeping(address: &Address, want: &Wanted, known: &Tracked) -> Option<Change> {
    let mut fields = Vec::new();
    let mut compare = |field: &str, before: Value, after: Value| {
        if before != after {
            let field = field.to_owned();
            fields.push(FieldChange {
                field,
                before,
                after,
                actual: None,
                sensitive: false,
            });
        }
    };
    compare("protect", known.protect.into(), want.protect.into());
    compare(
        "depends_on",
        json!(known.depends_on),
        json!(want.depends_on),
    );
    let first = fields.first()?;
    let reason = Reason {
        code: ReasonCode::Changed,
        text: format!(
            "the manifest changed `{}`, which only state keeps",
            first.field
        ),
        location: Some(want.field(&first.field)),
    };
    let mut change = Change::new(address, Action::Update, reason);
    change.before = Some(known.object.spec());
    change.after = Some(want.spec.clone());
    change.target = known.object.target();
    change.fields = fields;
    Some(change)
}

/// What was seen of an object.
#[derive(Debug, Clone, Copy)]
enum Seen<'a, T> {
    /// Nobody looked: prior stands for it.
    Unread,
    /// It is not there.
    Absent,
    /// It is there.
    Present(&'a T),
}

fn seen<'a, T>(map: &'a BTreeMap<Address, Option<T>>, address: &Address) -> Seen<'a, T> {
    match map.get(address) {
        None => Seen::Unread,
        Some(None) => Seen::Absent,
        Some(Some(object)) => Seen::Present(object),
    }
}
