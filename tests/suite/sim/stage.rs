//! One simulation: a world, a state file, the processes that work on both, and the script that they are played by.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use syncform::clock::Clock;
use syncform::emulator::World;
use syncform::emulator::world::Drift;
use syncform::journal::Entry;
use syncform::plan::Plan;
use syncform::state::StateChange;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::backend::{File, Refusal};
use super::defect::Defect;
use super::disk::Owner;
use super::network;
use super::oracle::Oracle;
use super::script::{CallFault, Edit, Mishap, Script, WriteFault};
use super::stack::{MANAGED, PROJECT, TASKS, Variant, world};

/// See the module's documentation.
pub(crate) struct Sim {
    pub(crate) script: Script,
    defect: Option<Defect>,
    epoch: Instant,
    file: Mutex<File>,
    inner: Mutex<Inner>,
}

/// Everything but the state file. Whoever needs both locks the file first.
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) oracle: Oracle,
    pub(crate) counts: Counts,
    /// What happened, call by call and write by write, when somebody wants to know.
    pub(crate) story: Option<Vec<String>>,
    processes: BTreeMap<Owner, Process>,
    /// Until which call a storm goes on, and which.
    storm: Option<(u32, CallFault)>,
    calm: bool,
    /// Wakes whoever applies at the same time, with how long that takes.
    rival: Option<oneshot::Sender<Duration>>,
    files: u32,
}

/// How much happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: u32,
    pub(crate) writes: u32,
    pub(crate) waits: u32,
    pub(crate) processes: u32,
    pub(crate) crashes: u32,
}

struct Process {
    dead: bool,
    killed: Arc<Notify>,
    frozen_until: Option<Instant>,
    /// By how many seconds its clock is wrong.
    offset: i64,
    interrupts: UnboundedSender<()>,
}

impl Sim {
    /// The beginning of a script.
    pub(crate) fn new(script: &Script, defect: Option<Defect>) -> Arc<Self> {
        let mut world = world(script.seed);
        for (name, value) in &script.switches {
            world.set(name, value).unwrap();
        }
        Arc::new(Self {
            script: script.clone(),
            defect,
            epoch: Instant::now(),
            file: Mutex::new(File::new(&lineage(script.seed, 0), script.real_store)),
            inner: Mutex::new(Inner {
                world,
                oracle: Oracle::default(),
                counts: Counts::default(),
                story: None,
                processes: BTreeMap::new(),
                storm: None,
                calm: false,
                rival: None,
                files: 0,
            }),
        })
    }

    /// Whether the program has this defect.
    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// The defect that it has.
    pub(crate) fn defect(&self) -> Option<Defect> {
        self.defect
    }

    /// The state file.
    pub(crate) fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap()
    }

    /// Everything else.
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// The true time.
    pub(crate) fn true_now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        start + self.epoch.elapsed()
    }

    /// The time by a process's clock.
    pub(crate) fn now(&self, owner: Owner) -> Timestamp {
        let offset = self.inner().processes[&owner].offset;
        self.true_now() + jiff::SignedDuration::from_secs(offset)
    }

    /// From now on, nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        let mut inner = self.inner();
        inner.calm = true;
        inner.storm = None;
    }

    /// Notes what happened, when somebody wants to know.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        let at = self.epoch.elapsed();
        if let Some(story) = &mut self.inner().story {
            story.push(format!("{:>9.3} s  {}", at.as_secs_f64(), what()));
        }
    }

    // ----------------------------------------------------------------------------------------------- processes

    /// A new process: its number, what kills it, and the interrupts that it gets.
    pub(crate) fn spawn(&self) -> (Owner, Arc<Notify>, UnboundedReceiver<()>) {
        let mut inner = self.inner();
        inner.counts.processes += 1;
        let owner = inner.counts.processes;
        let killed = Arc::new(Notify::new());
        let (interrupts, receiver) = unbounded_channel();
        let process = Process {
            dead: false,
            killed: Arc::clone(&killed),
            frozen_until: None,
            offset: 0,
            interrupts,
        };
        inner.processes.insert(owner, process);
        drop(inner);
        self.tell(|| format!("process {owner} begins"));
        (owner, killed, receiver)
    }

    /// Whether a process has died, and only has not been told yet.
    pub(crate) fn is_dead(&self, owner: Owner) -> bool {
        self.inner().processes[&owner].dead
    }

    /// Kills a process.
    pub(crate) fn kill(&self, owner: Owner) {
        self.tell(|| format!("process {owner} is killed"));
        let mut inner = self.inner();
        let process = inner.processes.get_mut(&owner).unwrap();
        if !std::mem::replace(&mut process.dead, true) {
            process.killed.notify_one();
            inner.counts.crashes += 1;
        }
    }

    /// What happens when somebody else is to apply too. Dropped by [`Sim::no_rival`], it never does.
    pub(crate) fn on_rival(&self) -> oneshot::Receiver<Duration> {
        let (sender, receiver) = oneshot::channel();
        self.inner().rival = Some(sender);
        receiver
    }

    /// Nobody else applies any more.
    pub(crate) fn no_rival(&self) {
        self.inner().rival = None;
    }

    /// Waits, and longer if the process stands still meanwhile.
    pub(crate) async fn sleep(&self, owner: Owner, duration: Duration) {
        self.inner().counts.waits += 1;
        tokio::time::sleep(duration).await;
        loop {
            let until = self.inner().processes[&owner].frozen_until;
            match until {
                Some(until) if Instant::now() < until => tokio::time::sleep_until(until).await,
                _ => return,
            }
        }
    }

    // -------------------------------------------------------------------------------------------------- faults

    /// Counts a call, and says what is to happen to it.
    pub(crate) fn next_call(&self) -> Option<CallFault> {
        let mut inner = self.inner();
        let n = inner.counts.calls;
        inner.counts.calls += 1;
        if inner.calm {
            return None;
        }
        let fault = self.script.on_calls.iter().find(|(at, _)| *at == n);
        if let Some((_, fault)) = fault {
            if let CallFault::Throttled { calls }
            | CallFault::Unavailable { calls }
            | CallFault::Stale { calls, .. } = fault
            {
                inner.storm = Some((n + calls, *fault));
            }
            return Some(*fault);
        }
        inner
            .storm
            .filter(|(until, _)| n < *until)
            .map(|(_, fault)| fault)
    }

    /// What a fault does besides what it does to the call itself.
    pub(crate) fn strike(&self, owner: Owner, fault: CallFault) {
        if let CallFault::Console(edit) = fault {
            return self.edit(edit);
        }
        let mut inner = self.inner();
        let process = inner.processes.get_mut(&owner).unwrap();
        let rival_after = match fault {
            CallFault::Freeze(seconds) => {
                let asleep = Duration::from_secs(seconds.into());
                process.frozen_until = Some(Instant::now() + asleep);
                Some(Duration::from_secs(u64::from(seconds) * 3 / 4))
            }
            CallFault::Rival => Some(Duration::from_millis(100)),
            CallFault::ClockJumps(seconds) => {
                process.offset += i64::from(seconds);
                None
            }
            CallFault::Interrupt(times) => {
                for _ in 0..times {
                    // Nobody listens before the plan is made, or after the run ended.
                    process.interrupts.send(()).ok();
                }
                None
            }
            _ => None,
        };
        if let Some(after) = rival_after
            && let Some(rival) = inner.rival.take()
        {
            rival.send(after).ok();
        }
    }

    /// Somebody works in the console.
    pub(crate) fn edit(&self, edit: Edit) {
        self.tell(|| format!("somebody in the console: {edit:?}"));
        let now = self.true_now();
        let inner = &mut *self.inner();
        if let Edit::Impostor(task) = edit {
            let impostor = network::impostor(&mut inner.world, TASKS[task], now);
            inner.oracle.impostors.extend(impostor);
            return;
        }
        let task = |i: usize, set: serde_json::Value| {
            let mut edit = serde_json::json!({
                "kind": "task", "project_id": PROJECT, "name": TASKS[i],
            });
            edit.as_object_mut()
                .unwrap()
                .extend(set.as_object().unwrap().clone());
            edit
        };
        let set = |value: serde_json::Value| serde_json::json!({ "set": value });
        let datasource = |rest: serde_json::Value| {
            let mut edit = serde_json::json!({
                "kind": "datasource", "project_id": PROJECT, "name": MANAGED,
            });
            edit.as_object_mut()
                .unwrap()
                .extend(rest.as_object().unwrap().clone());
            edit
        };
        let delete = || serde_json::json!({ "delete": true });
        let drift = match edit {
            Edit::Delete(i) => task(i, delete()),
            Edit::Stop(i) => task(i, set(serde_json::json!({ "status": "PAUSE" }))),
            Edit::Start(i) => task(i, set(serde_json::json!({ "status": "RUN" }))),
            Edit::TakeOffline(i) => task(i, set(serde_json::json!({ "deployed": false }))),
            Edit::DeleteDatasource => datasource(delete()),
            Edit::ChangeDatasource => datasource(set(serde_json::json!({
                "content": {
                    "instanceName": "rm-billing", "database": "billing", "username": "somebody",
                    "password": "other",
                },
            }))),
            Edit::Impostor(_) => unreachable!("made above"),
        };
        let drift: Drift = serde_json::from_value(drift).unwrap();
        // A task without a deployment is nothing that a console starts or stops.
        if let Edit::Start(i) | Edit::Stop(i) = edit
            && !network::is_deployed(&inner.world, TASKS[i])
        {
            return;
        }
        // What is not there cannot be edited.
        drop(inner.world.drift(drift, now));
        inner.oracle.world_changed(&inner.world);
    }

    /// Ends what people made in the console under a name of ours.
    pub(crate) fn remove_impostors(&self) {
        let now = self.true_now();
        let inner = &mut *self.inner();
        for file in std::mem::take(&mut inner.oracle.impostors) {
            let drift = serde_json::json!({
                "kind": "task", "project_id": PROJECT, "file_id": file.0, "delete": true,
            });
            drop(
                inner
                    .world
                    .drift(serde_json::from_value(drift).unwrap(), now),
            );
        }
    }

    /// Somebody resolves the conflict over a data source that the state lost, in the console.
    pub(crate) fn console_agrees_with(&self, variant: Variant) {
        let Some(user) = variant.managed else { return };
        let drift = serde_json::json!({
            "kind": "datasource", "project_id": PROJECT, "name": MANAGED,
            "set": { "content": {
                "instanceName": "rm-billing", "database": "billing",
                "username": format!("sync{user}"), "password": "other",
            } },
        });
        let now = self.true_now();
        let drift: Drift = serde_json::from_value(drift).unwrap();
        let inner = &mut *self.inner();
        // There may be none.
        inner.world.drift(drift, now).ok();
        inner.oracle.resolved(&inner.world);
    }

    /// Whether something of ours is there that the variant does not ask for.
    pub(crate) fn has_more_than(&self, variant: Variant) -> bool {
        let world = self.inner().world.state();
        let wanted = |name: &str| {
            variant.realtime().any(|(label, _)| label == name)
                || (name == MANAGED && variant.managed.is_some())
        };
        let named = |kind: &str, key: &str| -> Vec<String> {
            let rows = world[kind].as_array().into_iter().flatten();
            rows.filter(|row| row["Deleted"] != true)
                .filter_map(|row| Some(row[key].as_str()?.to_owned()))
                .collect()
        };
        named("files", "FileName").iter().any(|name| !wanted(name))
            || named("datasources", "name")
                .iter()
                .any(|name| name == MANAGED && !wanted(name))
    }

    /// What happens to the state file between two runs.
    pub(crate) fn mishap(&self, mishap: Mishap) {
        let mut file = self.file();
        let mut inner = self.inner();
        match mishap {
            Mishap::Lost => {
                inner.files += 1;
                let lineage = lineage(self.script.seed, inner.files);
                *file = File::new(&lineage, self.script.real_store);
            }
            Mishap::Restored(commits) => file.restore(commits),
        }
        inner.oracle.forgive();
    }

    // ------------------------------------------------------------------------------------------ the state file

    /// One write of the state file.
    pub(crate) fn write<T>(
        &self,
        owner: Owner,
        write: impl FnOnce(&mut File) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.is_dead(owner) {
            return Err(Refusal::Dead);
        }
        let fault = {
            let mut inner = self.inner();
            let n = inner.counts.writes;
            inner.counts.writes += 1;
            let scripted = self.script.on_writes.iter().find(|(at, _)| *at == n);
            scripted.filter(|_| !inner.calm).map(|(_, fault)| *fault)
        };
        if let Some(fault) = fault {
            self.tell(|| format!("process {owner} writes, and meets {fault:?}"));
        }
        match fault {
            Some(WriteFault::CrashBefore) => {
                self.kill(owner);
                return Err(Refusal::Dead);
            }
            Some(WriteFault::Fails(failure)) => return Err(failure.refusal()),
            _ => {}
        }
        let done = write(&mut self.file())?;
        match fault {
            Some(WriteFault::CrashAfter) => {
                self.kill(owner);
                Err(Refusal::Dead)
            }
            Some(WriteFault::PowerLoss(commits)) => {
                self.file().roll_back(commits);
                let everybody: Vec<Owner> = {
                    let inner = &mut *self.inner();
                    inner.oracle.forgive();
                    inner.processes.keys().copied().collect()
                };
                // The machine goes, and whoever worked on it.
                for process in everybody {
                    self.kill(process);
                }
                Err(Refusal::Dead)
            }
            Some(WriteFault::FailsAfter(failure)) => Err(failure.refusal()),
            _ => Ok(done),
        }
    }

    /// What the program writes, given its defect.
    pub(crate) fn spoil(
        &self,
        withheld: &mut (Vec<Entry>, Vec<StateChange>),
        entries: &[Entry],
        changes: &[StateChange],
    ) -> (Vec<Entry>, Vec<StateChange>) {
        match self.defect {
            Some(defect) => defect.spoil(withheld, entries, changes),
            None => (entries.to_vec(), changes.to_vec()),
        }
    }

    /// A commit is on the disk.
    pub(crate) fn committed(
        &self,
        owner: Owner,
        holder: Option<Owner>,
        file: &File,
        entries: &[Entry],
        changes: &[StateChange],
    ) {
        for entry in entries {
            self.tell(|| format!("process {owner} writes {} {:?}", entry.address, entry.event));
        }
        let inner = &mut *self.inner();
        inner
            .oracle
            .committed(owner, holder, file, entries, changes);
    }

    /// A run is closed, and its lines are not read any more.
    pub(crate) fn finished(&self, file: &File) {
        self.inner().oracle.check_known(file);
    }

    /// A plan is about to be carried out.
    pub(crate) fn planned(&self, owner: Owner, plan: &Plan) {
        self.inner().oracle.planned(owner, plan);
    }
}

fn lineage(seed: u64, file: u32) -> String {
    format!("state-{seed}-{file}")
}

/// The clock of a process.
#[derive(Clone)]
pub(crate) struct SimClock {
    pub(crate) sim: Arc<Sim>,
    pub(crate) owner: Owner,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.sim.now(self.owner)
    }

    async fn sleep(&self, duration: Duration) {
        self.sim.sleep(self.owner, duration).await;
    }
}
