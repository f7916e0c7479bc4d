//! The oracle: what must hold after every event, judged from outside the program.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;
use syncform::address::{Address, Kind};
use syncform::api::{ApiFault, Call, Reply, RunStatus};
use syncform::diff::Action;
use syncform::emulator::World;
use syncform::journal::{Entry, Event, Output, StepStatus, fold};
use syncform::plan::{Op, Plan};
use syncform::resource::{DatasourceId, FileId, ProcessId, Run, Spec, TaskType};
use syncform::state::{Object, Stage, State, StateChange};

use super::backend::File;
use super::defect::process_of;
use super::disk::Owner;
use super::network::is_doubtful;
use super::stack::{MANAGED, PASSWORD};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    /// The first thing that must not be.
    pub(crate) violation: Option<String>,
    /// Tasks that somebody made in the console under a name of ours.
    pub(crate) impostors: BTreeSet<FileId>,
    /// How many different (state, journal) there were.
    pub(crate) states: BTreeSet<u64>,
    /// Which steps of which actions were planned.
    pub(crate) steps: BTreeSet<(Action, Op)>,
    /// Who only looks: a plan is made without the lock, too.
    pub(crate) planning: BTreeSet<Owner>,
    plans: BTreeMap<Owner, Planned>,
    /// What the service showed us of each task.
    seen: BTreeMap<FileId, Seen>,
    seen_rows: BTreeSet<DatasourceId>,
    /// Tasks that our calls made, by name.
    made: BTreeMap<FileId, String>,
    alive: BTreeMap<FileId, Alive>,
    /// The names of all tasks that were ever seen there.
    names: BTreeMap<FileId, String>,
    /// Tasks that a lost state knew: nobody can be blamed for not knowing them, until they are found again.
    forgiven: BTreeSet<FileId>,
    /// Data sources that are there with a content of ours.
    rows: BTreeSet<DatasourceId>,
    /// As [`Oracle::forgiven`]; and those that came late, when the run that had sent for them was settled.
    forgiven_rows: BTreeSet<DatasourceId>,
    /// Names of tasks whose create is still on its way, and will take effect when nobody waits for it any more.
    late_creates: BTreeSet<String>,
    /// Those of them that a lost state knew: as [`Oracle::forgiven`], before they are there.
    forgiven_creates: BTreeSet<String>,
    /// Calls without a token whose effect nobody has looked at yet.
    unseen: BTreeSet<(&'static str, String)>,
    /// Generations that the journal knows, and whose end nobody has seen.
    generating: BTreeMap<Address, ProcessId>,
    late: bool,
    /// Whether a state was lost since somebody asked.
    pub(crate) amnesia: bool,
}

#[derive(Debug, Default)]
struct Seen {
    deployed: bool,
    runs: BTreeSet<String>,
    /// Its run status when somebody looked last.
    last: Option<RunStatus>,
}

#[derive(Debug, Clone)]
struct Alive {
    name: String,
}

/// What a plan allows.
#[derive(Debug, Default)]
struct Planned {
    actions: BTreeMap<Address, Action>,
    waits_for: BTreeMap<Address, BTreeSet<Address>>,
    /// Real-time tasks that are to run or to stand still.
    runs: BTreeMap<Address, Run>,
    complete: BTreeSet<Address>,
}

impl Oracle {
    fn violate(&mut self, what: impl FnOnce() -> String) {
        self.violation.get_or_insert_with(what);
    }

    /// A plan is about to be carried out.
    pub(crate) fn planned(&mut self, owner: Owner, plan: &Plan) {
        let planned = Planned {
            actions: plan
                .changes
                .iter()
                .filter(|planned| planned.change.withheld.is_none())
                .map(|planned| (planned.change.address.clone(), planned.change.action))
                .collect(),
            waits_for: plan
                .changes
                .iter()
                .map(|planned| (planned.change.address.clone(), planned.waits_for.clone()))
                .collect(),
            runs: plan.changes.iter().filter_map(to_run).collect(),
            complete: BTreeSet::new(),
        };
        self.plans.insert(owner, planned);
        for planned in &plan.changes {
            let action = planned.change.action;
            self.steps
                .extend(planned.steps.iter().map(|step| (action, step.op)));
        }
    }

    /// Whether a process has not begun to plan or to carry out a plan: what it reads then is to settle a run before.
    pub(crate) fn is_settling(&self, owner: Owner) -> bool {
        !self.planning.contains(&owner) && !self.plans.contains_key(&owner)
    }

    /// The program reports that a change is carried out.
    pub(crate) fn complete(&mut self, owner: Owner, address: Address) {
        let wish = self
            .plans
            .get(&owner)
            .and_then(|plan| plan.runs.get(&address));
        let file = self.alive.iter().find(|(file, alive)| {
            !self.impostors.contains(file) && Address::new(Kind::Task, &alive.name) == address
        });
        if let (Some(wish), Some((file, _))) = (wish, file) {
            let last = self.seen.get(file).and_then(|seen| seen.last.as_ref());
            let runs = matches!(last, Some(RunStatus::Run | RunStatus::Wait));
            if runs != (*wish == Run::Started) {
                let said = format!("{address} is said to be done, and was last seen {last:?}");
                self.violate(|| said);
            }
        }
        self.plans
            .entry(owner)
            .or_default()
            .complete
            .insert(address);
    }

    /// What the state knew is lost, or the state is: from now on, nobody is blamed for not knowing it.
    pub(crate) fn forgive(&mut self) {
        self.forgiven.extend(self.alive.keys());
        self.forgiven_rows.extend(&self.rows);
        self.forgiven_creates.extend(self.late_creates.clone());
        self.generating.clear();
        self.amnesia = true;
    }

    /// Somebody made a data source in the console what ours would be: it is ours when state says so.
    pub(crate) fn resolved(&mut self, world: &World) {
        self.world_changed(world);
        self.forgiven_rows.extend(&self.rows);
    }

    // ---------------------------------------------------------------------------------------------------- calls

    /// A call is about to leave the process.
    pub(crate) fn sent(&mut self, owner: Owner, call: &Call, file: &File) {
        let name = call.operation().name;
        let only_looks = !call.operation().write && self.planning.contains(&owner);
        if file.owner() != Some(owner) && !only_looks {
            self.violate(|| format!("{name} is sent by process {owner}, which has lost the lock"));
        }
        if !call.operation().write {
            return;
        }
        let Some(address) = self.address_of(call) else {
            return self
                .violate(|| format!("{name} is sent about an object that is not ours: {call:?}"));
        };
        self.check_intent(call, &address, file);
        self.check_plan(owner, call, &address);
        let key = unseen_key(call);
        if let Some(key) = &key
            && self.unseen.contains(key)
        {
            self.violate(|| {
                format!("{name} of {address} is sent again, and nobody looked what the first did")
            });
        }
        self.unseen.extend(key);
        if let Call::Generate { .. } = call
            && let Some(process) = self.generating.get(&address).copied()
        {
            self.violate(|| {
                format!("{address} is generated again while generation {process} may still finish")
            });
        }
        if let Call::Start { file, .. } = call
            && !self.seen.get(file).is_some_and(|seen| seen.deployed)
        {
            self.violate(|| format!("task {file} is started, and it was never deployed"));
        }
    }

    /// The journal on the disk has the call's intent, with its token.
    fn check_intent(&mut self, call: &Call, address: &Address, file: &File) {
        let entries = file.open_entries().unwrap_or_default();
        let token = match call {
            Call::Generate { token, .. } | Call::CreateTask { token, .. } => Some(token),
            _ => None,
        };
        let folded = fold(&entries).unwrap_or_default();
        let intended = entries.iter().any(|entry| {
            entry.address == *address
                && folded.get(&entry.step) == Some(&StepStatus::InDoubt)
                && matches!(&entry.event, Event::Intent { token: kept, .. } if kept.as_ref() == token)
        });
        if !intended {
            let name = call.operation().name;
            self.violate(|| {
                format!("{name} of {address} is sent, and the journal does not say so")
            });
        }
    }

    fn check_plan(&mut self, owner: Owner, call: &Call, address: &Address) {
        let name = call.operation().name;
        let Some(planned) = self.plans.get(&owner) else {
            return self.violate(|| format!("{name} of {address} is sent, and there is no plan"));
        };
        let action = planned.actions.get(address).copied();
        let allowed = match call {
            Call::DeleteTask { .. } | Call::DeleteDatasource { .. } | Call::Terminate { .. } => {
                action == Some(Action::Delete)
            }
            Call::Stop { .. } => matches!(
                action,
                Some(Action::Delete | Action::Stop | Action::Adopt | Action::Create)
            ),
            _ => action.is_some_and(|action| action != Action::Delete),
        };
        let waits = planned.waits_for.get(address).cloned().unwrap_or_default();
        let waiting = waits.difference(&planned.complete).next().cloned();
        if !allowed {
            self.violate(|| format!("{name} of {address} is sent, and the plan says {action:?}"));
        }
        if let Some(before) = waiting {
            self.violate(|| format!("{name} of {address} is sent before {before} is done"));
        }
    }

    /// A call reached the world, and this is what really came of it.
    pub(crate) fn arrived(
        &mut self,
        call: &Call,
        truth: &Result<Reply, ApiFault>,
        took_effect: bool,
        world: &World,
        file: &File,
    ) {
        let write = call.operation().write;
        if write || self.late {
            self.world_changed(world);
            self.check_known(file);
        }
        if !took_effect {
            self.late = true;
            if let Call::CreateTask { spec, .. } = call {
                self.late_creates.insert(spec.name.clone());
            }
            return;
        }
        match (call, truth) {
            (Call::CreateTask { spec, .. }, Ok(Reply::File(file))) => {
                self.made.insert(*file, spec.name.clone());
            }
            (Call::Deploy { file, .. }, Ok(_)) => {
                self.seen.entry(*file).or_default().deployed = true;
            }
            _ => {}
        }
    }

    /// The world may have changed: which tasks are there now?
    pub(crate) fn world_changed(&mut self, world: &World) {
        let state = world.state();
        let rows = std::mem::replace(&mut self.rows, rows(&state));
        if self.late {
            self.forgiven_rows.extend(self.rows.difference(&rows));
        }
        // What somebody changes is a conflict while state does not know it.
        self.forgiven_rows.extend(rows.difference(&self.rows));
        self.late = !state["late_calls"].as_array().is_none_or(Vec::is_empty);
        let before = std::mem::replace(&mut self.alive, tasks(&state));
        for (file, alive) in &self.alive {
            self.names.insert(*file, alive.name.clone());
            if !before.contains_key(file) {
                self.late_creates.remove(&alive.name);
                if self.forgiven_creates.remove(&alive.name) {
                    self.forgiven.insert(*file);
                }
            }
        }
        let ours: Vec<&str> = self
            .alive
            .iter()
            .filter(|(file, _)| !self.impostors.contains(file))
            .map(|(_, alive)| alive.name.as_str())
            .collect();
        let distinct: BTreeSet<&str> = ours.iter().copied().collect();
        if distinct.len() < ours.len() {
            let twice = format!("there are two tasks of one name: {ours:?}");
            self.violate(|| twice);
        }
    }

    /// Every task and data source that is there is in state or in the journal.
    pub(crate) fn check_known(&mut self, file: &File) {
        let state = file.state();
        let entries = file.open_entries().unwrap_or_default();
        let is_known = |address: &Address| {
            state.resources.contains_key(address)
                || entries.iter().any(|entry| entry.address == *address)
        };
        let billing = Address::new(Kind::Datasource, MANAGED);
        if let Some(id) = self.rows.difference(&self.forgiven_rows).next().copied()
            && !is_known(&billing)
        {
            self.violate(|| format!("data source {id} ({billing}) is known to nobody"));
        }
        for (id, alive) in &self.alive {
            if self.impostors.contains(id) {
                continue;
            }
            let address = Address::new(Kind::Task, &alive.name);
            if is_known(&address) {
                continue;
            }
            if !self.forgiven.contains(id) {
                let id = *id;
                return self.violate(|| format!("task {id} ({address}) is known to nobody"));
            }
        }
    }

    /// An answer reached the process.
    pub(crate) fn answered(&mut self, call: &Call, answer: &Result<Reply, ApiFault>) {
        if call.operation().write {
            if !answer.as_ref().is_err_and(is_doubtful)
                && let Some(key) = unseen_key(call)
            {
                self.unseen.remove(&key);
            }
            return;
        }
        match (call, answer) {
            (Call::GetInstance { file, .. }, Ok(Reply::Instance { status, .. })) => {
                let seen = self.seen.entry(*file).or_default();
                seen.runs.insert(word(status));
                seen.last = Some(status.clone());
                self.looked_at(&file.to_string());
            }
            (Call::GetTask { file, .. }, Ok(reply)) => {
                let seen = self.seen.entry(*file).or_default();
                if let Reply::Solution { status, .. } = reply {
                    seen.deployed |= status != "1";
                }
                self.looked_at(&file.to_string());
            }
            (Call::ListRealtimeFiles { .. }, Ok(Reply::Files(page))) => {
                for row in &page.rows {
                    self.seen.entry(row.file).or_default().deployed |= row.committed;
                }
                // Of what it does not list it says that it is not there.
                self.unseen.retain(|(name, _)| *name != "DeployDISyncTask");
            }
            (Call::ListDatasources { name, .. }, Ok(Reply::Datasources(page))) => {
                for row in &page.rows {
                    self.seen_rows.insert(row.id);
                    self.looked_at(&row.id.to_string());
                }
                self.looked_at(name);
            }
            (Call::Poll { process, .. }, answer) => {
                let ended = match answer {
                    Ok(Reply::Content(content)) => content.is_some(),
                    Err(fault) => !is_doubtful(fault) && is_definite(fault),
                    Ok(_) => false,
                };
                if ended {
                    self.generating.retain(|_, known| known != process);
                }
            }
            (Call::GetInstance { file, .. } | Call::GetTask { file, .. }, Err(fault))
                if is_definite(fault) =>
            {
                self.looked_at(&file.to_string());
            }
            _ => {}
        }
    }

    fn looked_at(&mut self, object: &str) {
        self.unseen.retain(|(_, about)| about != object);
    }

    fn address_of(&self, call: &Call) -> Option<Address> {
        let task = |file: &FileId| {
            let name = self.made.get(file).or_else(|| self.names.get(file))?;
            (!self.impostors.contains(file)).then(|| Address::new(Kind::Task, name))
        };
        match call {
            Call::Generate { spec, .. } | Call::CreateTask { spec, .. } => {
                Some(Address::new(Kind::Task, &spec.name))
            }
            Call::CreateDatasource { spec } | Call::UpdateDatasource { spec, .. } => {
                Some(Address::new(Kind::Datasource, &spec.name))
            }
            Call::DeleteDatasource { .. } => Some(Address::new(Kind::Datasource, MANAGED)),
            Call::Deploy { file, .. }
            | Call::Start { file, .. }
            | Call::Stop { file, .. }
            | Call::Terminate { file, .. }
            | Call::DeleteTask { file, .. } => task(file),
            _ => None,
        }
    }

    // --------------------------------------------------------------------------------------------------- commits

    /// A commit is on the disk. `holder` had the lock before it.
    pub(crate) fn committed(
        &mut self,
        owner: Owner,
        holder: Option<Owner>,
        file: &File,
        entries: &[Entry],
        changes: &[StateChange],
    ) {
        if holder != Some(owner) {
            self.violate(|| format!("process {owner} writes while {holder:?} holds the lock"));
        }
        let state = file.state();
        let open = file.open_entries().unwrap_or_default();
        if let Err(error) = fold(&open) {
            self.violate(|| error.to_string());
        }
        for entry in entries {
            self.check_outcome(entry, &state);
        }
        if format!("{entries:?}{changes:?}").contains(PASSWORD) {
            self.violate(|| "a secret is written to the state file".to_owned());
        }
        for change in changes {
            self.check_change(change);
        }
        for tracked in state.resources.values() {
            match &tracked.object {
                Object::Datasource(datasource) => {
                    self.forgiven_rows.remove(&datasource.id);
                }
                Object::Task(task) => {
                    let Some(file) = task.stage.file() else {
                        continue;
                    };
                    self.forgiven.remove(&file);
                    if self.impostors.contains(&file) {
                        self.violate(|| {
                            format!("task {file}, which somebody else made, is taken over")
                        });
                    }
                }
            }
        }
        self.check_known(file);
        self.states.insert(digest(&state, &open));
    }

    /// What a call came to is in state as soon as it is in the journal.
    fn check_outcome(&mut self, entry: &Entry, state: &State) {
        let tracked = state.resources.get(&entry.address);
        if let Some(process) = process_of(&entry.event) {
            let known = tracked.is_some_and(|tracked| match &tracked.object {
                Object::Task(task) => match task.stage {
                    Stage::Generating { process: kept, .. } => kept == process,
                    Stage::Created { .. } | Stage::Deployed { .. } => true,
                },
                Object::Datasource(_) => false,
            });
            self.generating.insert(entry.address.clone(), process);
            if !known {
                let address = &entry.address;
                let lost =
                    format!("generation {process} of {address} is journalled and not in state");
                self.violate(|| lost);
            }
        }
        match entry.event {
            Event::Applied {
                output: Output::File(file),
            } => {
                self.generating.remove(&entry.address);
                let known = tracked.is_some_and(|tracked| match &tracked.object {
                    Object::Task(task) => task.stage.file() == Some(file),
                    Object::Datasource(_) => false,
                });
                if !known {
                    self.violate(|| format!("task {file} is journalled and not in state"));
                }
            }
            Event::Applied {
                output: Output::Datasource(id),
            } => {
                self.seen_rows.insert(id);
                let known = tracked.is_some_and(
                    |tracked| matches!(&tracked.object, Object::Datasource(kept) if kept.id == id),
                );
                if !known {
                    self.violate(|| format!("data source {id} is journalled and not in state"));
                }
            }
            _ => {}
        }
    }

    /// State says only what the service showed.
    fn check_change(&mut self, change: &StateChange) {
        let (address, tracked) = match change {
            StateChange::Put(address, tracked) => (address, tracked),
            StateChange::Remove(address) | StateChange::NextGeneration(address) => {
                self.generating.remove(address);
                return;
            }
        };
        match &tracked.object {
            Object::Datasource(datasource) => {
                let id = datasource.id;
                if !self.seen_rows.contains(&id) {
                    self.violate(|| format!("state says data source {id}, which nobody saw"));
                }
            }
            Object::Task(task) => {
                let Some(file) = task.stage.file() else {
                    return;
                };
                let nothing = Seen::default();
                let seen = self.seen.get(&file).unwrap_or(&nothing);
                let known = self.made.contains_key(&file) || self.seen.contains_key(&file);
                let deployed = !matches!(task.stage, Stage::Deployed { .. }) || seen.deployed;
                let runs = task
                    .run
                    .as_ref()
                    .is_none_or(|run| seen.runs.contains(&word(run)));
                if !known || !deployed || !runs {
                    let stage = task.stage;
                    let run = task.run.clone();
                    self.violate(|| {
                        format!("state says {stage:?}, {run:?} of {address}, which nobody saw")
                    });
                }
            }
        }
    }
}

/// What a change is to bring a real-time task to.
fn to_run(planned: &syncform::plan::Planned) -> Option<(Address, Run)> {
    let change = &planned.change;
    let acts = matches!(
        change.action,
        Action::Create | Action::Adopt | Action::Start | Action::Stop
    );
    match &change.after {
        Some(Spec::Task(spec))
            if acts && spec.task_type == TaskType::Realtime && spec.run != Run::Unmanaged =>
        {
            Some((change.address.clone(), spec.run))
        }
        _ => None,
    }
}

/// Whether a fault says for sure what is the case.
fn is_definite(fault: &ApiFault) -> bool {
    use syncform::api::FaultClass;
    matches!(fault.class, FaultClass::NotFound | FaultClass::Invalid)
}

fn word(status: &RunStatus) -> String {
    status.as_str().to_owned()
}

/// What a call without a token is about.
fn unseen_key(call: &Call) -> Option<(&'static str, String)> {
    let name = call.operation().name;
    match call {
        Call::Deploy { file, .. }
        | Call::Start { file, .. }
        | Call::Stop { file, .. }
        | Call::Terminate { file, .. }
        | Call::DeleteTask { file, .. } => Some((name, file.to_string())),
        Call::CreateDatasource { spec } => Some((name, spec.name.clone())),
        Call::DeleteDatasource { id } => Some((name, id.to_string())),
        _ => None,
    }
}

fn tasks(state: &Value) -> BTreeMap<FileId, Alive> {
    let files = state["files"].as_array().into_iter().flatten();
    let files = files.filter(|file| file["Deleted"] == false).map(|file| {
        let alive = Alive {
            name: file["FileName"].as_str().unwrap_or_default().to_owned(),
        };
        (file["FileId"].as_i64(), alive)
    });
    let solutions = state["solutions"].as_array().into_iter().flatten();
    let solutions = solutions.map(|solution| {
        let alive = Alive {
            name: solution["name"].as_str().unwrap_or_default().to_owned(),
        };
        (solution["id"].as_i64(), alive)
    });
    files
        .chain(solutions)
        .filter_map(|(id, alive)| Some((FileId(id?), alive)))
        .collect()
}

/// The managed data sources whose content nobody else wrote.
fn rows(state: &Value) -> BTreeSet<DatasourceId> {
    let rows = state["datasources"].as_array().into_iter().flatten();
    let ours = |row: &&Value| {
        let user = row["content"]["username"].as_str().unwrap_or_default();
        row["name"] == MANAGED && user.starts_with("sync")
    };
    rows.filter(ours)
        .filter_map(|row| Some(DatasourceId(row["id"].as_i64()?)))
        .collect()
}

fn digest(state: &State, open: &[Entry]) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{:?}", state.resources).hash(&mut hasher);
    for (step, status) in fold(open).unwrap_or_default() {
        step.hash(&mut hasher);
        std::mem::discriminant(&status).hash(&mut hasher);
    }
    hasher.finish()
}
