//! A state file under simulation: the model, or the real store in memory; and the store that a simulated process holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use syncform::address::Address;
use syncform::journal::{Entry, RunId};
use syncform::secret::FingerprintKey;
use syncform::state::{Lineage, Serial, State, StateChange};
use syncform::store::{
    Holder, LEASE_TTL, LeasedStore, Minted, OpenRun, Process, RunEnd, SqliteStore, Store,
    StoreError,
};

use super::defect::Defect;
use super::disk::{Disk, Lease, Owner, key};
use super::script::StoreFault;
use super::stage::Sim;

/// Why a store under simulation did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the process is dead")]
    Dead,
    #[error("a scripted failure: {0}")]
    Scripted(&'static str),
    #[error("somebody else holds the lock")]
    Locked,
    #[error("the lock was lost")]
    Lost,
    #[error("the lock has run out")]
    Expired,
    #[error("the state has moved on")]
    Stale,
    #[error("a run is open")]
    RunOpen,
    #[error("the run is not open")]
    RunNotOpen,
    #[error(transparent)]
    Real(#[from] StoreError),
}

/// A state file.
pub(crate) enum File {
    /// Copies are kept of it as it was after each commit.
    Model {
        disk: Disk,
        history: Vec<Disk>,
        /// How many of them are older than what the user wants now.
        settled: usize,
    },
    /// Kept open so that it lasts.
    Real { keeper: SqliteStore, name: String },
}

impl File {
    /// A new one.
    pub(crate) fn new(lineage: &str, real: bool) -> Self {
        if real {
            // Stores in memory are shared by name within this process: no two simulations may have the same.
            static FILES: AtomicU64 = AtomicU64::new(0);
            let name = format!("simulated-{}", FILES.fetch_add(1, Ordering::Relaxed));
            let keeper = SqliteStore::in_memory(&name, &minted(lineage)).unwrap();
            return Self::Real { keeper, name };
        }
        Self::Model {
            disk: Disk::new(lineage),
            history: Vec::new(),
            settled: 0,
        }
    }

    /// The user wants something else from now on.
    pub(crate) fn begin_chapter(&mut self) {
        if let Self::Model {
            history, settled, ..
        } = self
        {
            *settled = history.len();
        }
    }

    /// Its state.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Model { disk, .. } => disk.state.clone(),
            Self::Real { keeper, .. } => keeper.state().unwrap(),
        }
    }

    /// The lines of the run that is open.
    pub(crate) fn open_entries(&self) -> Option<Vec<Entry>> {
        match self {
            Self::Model { disk, .. } => disk.open_entries().map(<[Entry]>::to_vec),
            Self::Real { keeper, .. } => keeper.open_run().unwrap().map(|run| run.entries),
        }
    }

    /// Who holds the lock.
    pub(crate) fn owner(&self) -> Option<Owner> {
        match self {
            Self::Model { disk, .. } => disk.owner(),
            Self::Real { keeper, .. } => keeper
                .lock()
                .unwrap()
                .map(|lock| lock.holder.owner.parse().unwrap()),
        }
    }

    /// Takes the last `count` commits back, as a disk does that said too early that they are durable.
    pub(crate) fn roll_back(&mut self, count: usize) {
        if let Self::Model {
            history, settled, ..
        } = self
        {
            let count = count.min(history.len() - *settled);
            self.go_back(count);
        }
    }

    fn go_back(&mut self, count: usize) {
        if let Self::Model { disk, history, .. } = self {
            for _ in 0..count {
                if let Some(before) = history.pop() {
                    *disk = before;
                }
            }
        }
    }

    /// Puts a copy back that was made `count` commits ago. Whoever puts a copy back takes no lock along.
    pub(crate) fn restore(&mut self, count: usize) {
        self.go_back(count);
        if let Self::Model { disk, .. } = self {
            disk.unlock();
        }
    }

    /// What `syncform unlock --force` does: a holder whose clock was ahead left a lock that lasts for hours.
    pub(crate) fn force_unlock(&mut self, now: Timestamp) {
        match self {
            Self::Model { disk, .. } => disk.unlock(),
            Self::Real { name, .. } => {
                let store = SqliteStore::in_memory(name, &minted(name)).unwrap();
                let held = store.force_lease(&holder(0), now, LEASE_TTL).unwrap();
                held.release().unwrap();
            }
        }
    }

    /// Drops an address, past every rule.
    pub(crate) fn forget(&mut self, address: &Address) {
        if let Self::Model { disk, .. } = self {
            disk.state.resources.remove(address);
        }
    }

    fn acquire(&mut self, owner: Owner, now: Timestamp) -> Result<Hold, Refusal> {
        match self {
            Self::Model { disk, .. } => disk.acquire(owner, now).map(Hold::Model),
            Self::Real { name, .. } => {
                let store = SqliteStore::in_memory(name, &minted(name))?;
                match store.lease(&holder(owner), now, LEASE_TTL) {
                    Ok(store) => Ok(Hold::Real(Box::new(store))),
                    Err(StoreError::Locked(_)) => Err(Refusal::Locked),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

/// A process of another host, so that nobody looks for it among this one's.
fn holder(owner: Owner) -> Holder {
    Holder {
        owner: owner.to_string(),
        process: Process {
            host: "elsewhere".to_owned(),
            machine: "elsewhere".to_owned(),
            pid: 1,
            started: None,
        },
        command: "syncform apply".to_owned(),
    }
}

fn minted(name: &str) -> Minted {
    Minted {
        lineage: Lineage(name.to_owned()),
        stack: "shop".to_owned(),
        fingerprint_key: key(),
    }
}

enum Hold {
    Model(Lease),
    Real(Box<LeasedStore>),
}

/// What a simulated process writes with: every write passes the script of faults and the oracle.
pub(crate) struct SimStore {
    sim: Arc<Sim>,
    owner: Owner,
    hold: Hold,
    /// What a defective store holds back.
    withheld: (Vec<Entry>, Vec<StateChange>),
}

impl SimStore {
    /// Takes the lock of the simulation's state file.
    pub(crate) fn lease(sim: &Arc<Sim>, owner: Owner) -> Result<Self, Refusal> {
        let now = sim.now(owner);
        let hold = sim.write(owner, |file| file.acquire(owner, now))?;
        Ok(Self {
            sim: Arc::clone(sim),
            owner,
            hold,
            withheld: Default::default(),
        })
    }

    /// Gives the lock back.
    pub(crate) fn release(self) -> Result<(), Refusal> {
        let Self {
            sim, owner, hold, ..
        } = self;
        sim.write(owner, |file| match (hold, file) {
            (Hold::Model(lease), File::Model { disk, .. }) => disk.release(&lease),
            (Hold::Real(store), _) => Ok(store.release().map(drop)?),
            (Hold::Model(_), File::Real { .. }) => unreachable!("a file keeps its kind"),
        })
    }

    /// One write.
    fn write<T>(
        &mut self,
        on_model: impl FnOnce(&mut Disk) -> Result<T, Refusal>,
        on_real: impl FnOnce(&mut LeasedStore) -> Result<T, StoreError>,
    ) -> Result<T, Refusal> {
        self.write_then(on_model, on_real, |_, _| ())
    }

    /// One write, and what is to be checked once it is on the disk: who held the lock before it, and the file after it.
    fn write_then<T>(
        &mut self,
        on_model: impl FnOnce(&mut Disk) -> Result<T, Refusal>,
        on_real: impl FnOnce(&mut LeasedStore) -> Result<T, StoreError>,
        check: impl FnOnce(Option<Owner>, &File),
    ) -> Result<T, Refusal> {
        let fenced = !self.sim.has(Defect::FenceIgnored);
        let hold = &mut self.hold;
        self.sim.write(self.owner, |file| {
            let holder = file.owner();
            let done = on_file(hold, file, fenced, on_model, on_real)?;
            check(holder, file);
            Ok(done)
        })
    }
}

fn on_file<T>(
    hold: &mut Hold,
    file: &mut File,
    fenced: bool,
    on_model: impl FnOnce(&mut Disk) -> Result<T, Refusal>,
    on_real: impl FnOnce(&mut LeasedStore) -> Result<T, StoreError>,
) -> Result<T, Refusal> {
    match (hold, file) {
        (Hold::Model(lease), File::Model { disk, history, .. }) => {
            if fenced {
                disk.check(lease)?;
            }
            let before = disk.clone();
            let done = on_model(disk);
            if done.is_ok() {
                history.push(before);
            } else {
                *disk = before;
            }
            done
        }
        (Hold::Real(store), _) => Ok(on_real(store)?),
        (Hold::Model(_), File::Real { .. }) => unreachable!("a file keeps its kind"),
    }
}

impl Store for SimStore {
    type Error = Refusal;

    fn state(&self) -> Result<State, Refusal> {
        Ok(self.sim.file().state())
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, Refusal> {
        Ok(key())
    }

    fn open_run(&self) -> Result<Option<OpenRun>, Refusal> {
        Ok(match &*self.sim.file() {
            File::Model { disk, .. } => disk.open_run(),
            File::Real { keeper, .. } => keeper.open_run()?,
        })
    }

    fn still_mine(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.sim.has(Defect::LeaseNotChecked) {
            return Ok(());
        }
        match (&self.hold, &*self.sim.file()) {
            (Hold::Model(lease), File::Model { .. }) if self.sim.has(Defect::FenceIgnored) => {
                lease.check_time(now)
            }
            (Hold::Model(lease), File::Model { disk, .. }) => disk.still_mine(lease, now),
            (Hold::Real(store), _) => Ok(store.still_mine(now)?),
            (Hold::Model(_), File::Real { .. }) => unreachable!("a file keeps its kind"),
        }
    }

    fn heartbeat(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.sim.has(Defect::HeartbeatForgotten) || self.sim.has(Defect::LeaseNotChecked) {
            return Ok(());
        }
        let fenced = !self.sim.has(Defect::FenceIgnored);
        let hold = &mut self.hold;
        self.sim.write(self.owner, |file| match (hold, file) {
            (Hold::Model(lease), File::Model { .. }) if !fenced => {
                lease.renew(now);
                Ok(())
            }
            (Hold::Model(lease), File::Model { disk, .. }) => disk.heartbeat(lease, now),
            (Hold::Real(store), _) => Ok(store.heartbeat(now)?),
            (Hold::Model(_), File::Real { .. }) => unreachable!("a file keeps its kind"),
        })
    }

    fn begin(&mut self, base: Serial, plan: &str, now: Timestamp) -> Result<RunId, Refusal> {
        self.write(
            |disk| disk.begin(base, plan, now),
            |store| store.begin(base, plan, now),
        )
    }

    fn append(&mut self, run: RunId, entries: &[Entry]) -> Result<(), Refusal> {
        self.commit(run, entries, &[])
    }

    fn commit(
        &mut self,
        run: RunId,
        entries: &[Entry],
        changes: &[StateChange],
    ) -> Result<(), Refusal> {
        let (entries, changes) = self.sim.spoil(&mut self.withheld, entries, changes);
        let (sim, owner) = (Arc::clone(&self.sim), self.owner);
        self.write_then(
            |disk| disk.commit(run, &entries, &changes),
            |store| store.commit(run, &entries, &changes),
            |before, file| sim.committed(owner, before, file, &entries, &changes),
        )
    }

    fn finish(&mut self, run: RunId, end: RunEnd, now: Timestamp) -> Result<(), Refusal> {
        let sim = Arc::clone(&self.sim);
        self.write_then(
            |disk| disk.finish(run, end),
            |store| store.finish(run, end, now),
            |_, file| sim.finished(file),
        )
    }
}

impl StoreFault {
    /// The failure that it stands for.
    pub(crate) fn refusal(self) -> Refusal {
        Refusal::Scripted(match self {
            Self::Full => "no space is left",
            Self::Busy => "another process kept the file busy",
            Self::ReadOnly => "the file can be read only",
            Self::Io => "input/output error",
        })
    }
}
