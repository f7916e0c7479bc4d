//! State and journal in one SQLite file: [`SqliteStore`] to look, [`LeasedStore`] to write.
//!
//! The lock is the only way to a store that writes: a `LeasedStore` is made by taking it, and each of its transactions
//! checks that it is still held. So a stale writer fails in the transaction itself, not in a check that somebody
//! forgot.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::db::Db;
use super::error::{FileProblem, StoreError};
use super::lease::{self, Contest, Fence, Holder, Lease, Lock, Watch};
use super::resources::{self, Meta};
use super::runs::{self, RunRecord};
use super::{OpenRun, RunEnd, Store, files, migrate};
use crate::address::Address;
use crate::journal::{Entry, RunId};
use crate::secret::FingerprintKey;
use crate::state::{Lineage, Object, Serial, State, StateChange};

/// What makes a new state itself: drawn by chance by whoever makes it, then kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// Its identity.
    pub lineage: Lineage,
    /// The name of its stack.
    pub stack: String,
    /// The key of its fingerprints.
    pub fingerprint_key: FingerprintKey,
}

/// A state file that is open to look at. Nothing it does waits for a writer.
#[derive(Debug)]
pub struct SqliteStore {
    db: Db,
}

impl SqliteStore {
    /// Opens a state file that exists, so that its lock can be taken.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let db = Db::open(path)?;
        let found = migrate::check(&db)?;
        files::check_private(path)?;
        if found < migrate::CURRENT {
            migrate::upgrade(&db)?;
        }
        Self::ready(db)
    }

    /// Opens a state file, and makes it first when there is none. Of two processes that make it at once, one makes it
    /// and both have it: whoever needs the lineage reads it from the store, not from what it minted.
    pub fn open_or_create(path: &Path, minted: &Minted) -> Result<Self, StoreError> {
        match Self::open(path) {
            Err(error) if error.problem() == Some(&FileProblem::Missing) => {
                files::create(path, |draft| fill(&Db::open_draft(draft)?, minted))?;
                Self::open(path)
            }
            opened => opened,
        }
    }

    /// Opens a state file that exists, to look only: also on a read-only file system, and while another process writes.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let db = Db::open_read_only(path)?;
        let found = migrate::check(&db)?;
        files::check_private(path)?;
        if found < migrate::CURRENT {
            let known = migrate::CURRENT;
            return Err(StoreError::file(path, FileProblem::Older { found, known }));
        }
        runs::check_orphans(&db)?;
        Ok(Self { db })
    }

    /// A state in memory. Every store of this process with the same name shares it, as processes share a file; it lasts
    /// as long as one of them.
    pub fn in_memory(name: &str, minted: &Minted) -> Result<Self, StoreError> {
        let db = Db::open_in_memory(name)?;
        fill(&db, minted)?;
        Self::ready(db)
    }

    fn ready(db: Db) -> Result<Self, StoreError> {
        db.make_durable()?;
        runs::check_orphans(&db)?;
        Ok(Self { db })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.db.path()
    }

    /// Takes the lock: when it is free, when its holder's process is gone, or when its time has run out.
    pub fn lease(
        self,
        holder: &Holder,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<LeasedStore, StoreError> {
        self.acquire(holder, now, ttl, Contest::Yield)
    }

    /// Takes the lock from whoever holds it: only at a person's word. The holder's next write is refused.
    pub fn force_lease(
        self,
        holder: &Holder,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<LeasedStore, StoreError> {
        self.acquire(holder, now, ttl, Contest::Force)
    }

    fn acquire(
        self,
        holder: &Holder,
        now: Timestamp,
        ttl: Duration,
        contest: Contest,
    ) -> Result<LeasedStore, StoreError> {
        let lease = Lease::acquire(&self.db, holder, now, ttl, contest)?;
        Ok(LeasedStore { store: self, lease })
    }

    /// Who holds the lock, if anybody.
    pub fn lock(&self) -> Result<Option<Lock>, StoreError> {
        lease::read(&self.db)
    }

    /// The whole state.
    pub fn state(&self) -> Result<State, StoreError> {
        self.db.read(resources::state)
    }

    /// The name of the stack that it is the state of.
    pub fn stack(&self) -> Result<String, StoreError> {
        Ok(resources::meta(&self.db)?.identity.stack)
    }

    /// The key of this state's fingerprints.
    pub fn fingerprint_key(&self) -> Result<FingerprintKey, StoreError> {
        Ok(resources::meta(&self.db)?.identity.fingerprint_key)
    }

    /// The run that was not finished.
    pub fn open_run(&self) -> Result<Option<OpenRun>, StoreError> {
        self.db.read(runs::open)
    }

    /// Every run that is kept, oldest first.
    pub fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.db.read(runs::all)
    }

    /// A run's journal, oldest line first; empty for a run that is not kept.
    pub fn journal(&self, run: RunId) -> Result<Vec<Entry>, StoreError> {
        self.db.read(|db| runs::entries(db, run))
    }

    /// What the last refresh saw of an object, and when; later than state, and never the base of a plan.
    pub fn actual(&self, address: &Address) -> Result<Option<(Object, Timestamp)>, StoreError> {
        self.db.read(|db| resources::actual(db, address))
    }
}

/// Makes the schema and the identity; in a database in memory that another connection filled, nothing.
fn fill(db: &Db, minted: &Minted) -> Result<(), StoreError> {
    migrate::initialize(db)?;
    db.write(|db| {
        if db.row("SELECT 1 FROM meta", (), |_| Ok(()))?.is_some() {
            return Ok(());
        }
        let meta = Meta {
            identity: minted.clone(),
            serial: Serial(0),
        };
        resources::put_meta(db, &meta)
    })?;
    db.make_durable()
}

/// A state file whose lock is ours. Dropped without [`LeasedStore::release`], it leaves the lock as a crash would: held
/// until the process is gone or the time has run out.
#[derive(Debug)]
pub struct LeasedStore {
    store: SqliteStore,
    lease: Lease,
}

impl LeasedStore {
    /// The same file, to look at.
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// The number of this acquisition of the lock.
    pub fn fence(&self) -> Fence {
        self.lease.fence()
    }

    /// A second look at the lock, for whoever is about to send a call.
    pub fn watch(&self) -> Result<Watch, StoreError> {
        // Not a copy, which would never show that the lock was taken.
        let db = Db::open(self.store.path())?;
        Ok(Watch::new(&self.lease, db))
    }

    /// Gives the lock back.
    pub fn release(self) -> Result<SqliteStore, StoreError> {
        self.lease.release(&self.store.db)?;
        Ok(self.store)
    }

    /// Keeps what a refresh saw of objects in state. It says nothing new of what was applied, so it raises no serial.
    pub fn record_actual(
        &mut self,
        seen: &BTreeMap<Address, Object>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|db| resources::put_actual(db, seen, at))
    }

    /// One transaction that only the lock's holder can commit.
    fn write<T>(&self, work: impl FnOnce(&Db) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.store.db.write(|db| {
            self.lease.check(db)?;
            work(db)
        })
    }
}

impl Store for LeasedStore {
    type Error = StoreError;

    fn state(&self) -> Result<State, StoreError> {
        self.store.state()
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StoreError> {
        self.store.fingerprint_key()
    }

    fn open_run(&self) -> Result<Option<OpenRun>, StoreError> {
        self.store.open_run()
    }

    fn still_mine(&self, now: Timestamp) -> Result<(), StoreError> {
        self.lease.still_mine(&self.store.db, now)
    }

    fn heartbeat(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.lease.heartbeat(&self.store.db, now)
    }

    fn begin(&mut self, base: Serial, plan: &str, now: Timestamp) -> Result<RunId, StoreError> {
        self.write(|db| {
            if let Some(run) = runs::open(db)? {
                return Err(StoreError::RunOpen(run.id));
            }
            let meta = resources::meta(db)?;
            if meta.serial != base {
                return Err(StoreError::Stale {
                    base,
                    found: meta.serial,
                });
            }
            resources::raise_serial(db, meta)?;
            runs::begin(db, base, plan, now)
        })
    }

    fn append(&mut self, run: RunId, entries: &[Entry]) -> Result<(), StoreError> {
        self.commit(run, entries, &[])
    }

    fn commit(
        &mut self,
        run: RunId,
        entries: &[Entry],
        changes: &[StateChange],
    ) -> Result<(), StoreError> {
        self.write(|db| {
            runs::check_open(db, run)?;
            runs::append(db, run, entries)?;
            if changes.is_empty() {
                return Ok(());
            }
            for change in changes {
                resources::apply(db, change)?;
            }
            resources::raise_serial(db, resources::meta(db)?)
        })
    }

    fn finish(&mut self, run: RunId, end: RunEnd, now: Timestamp) -> Result<(), StoreError> {
        self.write(|db| {
            runs::check_open(db, run)?;
            runs::finish(db, run, end, now)
        })
    }
}
