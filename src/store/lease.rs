//! The lock: who may write, until when, and how that is enforced.
//!
//! The lock is one row. Holding it is a *lease*: it runs out unless its holder renews it, so that a holder that was
//! lost with its host does not keep it. Whoever takes it gets a *fence*, a number larger than any before it. Each
//! writing transaction checks that the row still carries the writer's own owner and fence, so a process that slept
//! through a take-over finds its writes refused, whatever it believes about the time. The row decides; clocks only say
//! when somebody else may take it.
//!
//! # Clocks
//!
//! `expires` is wall-clock time, written by one host and read by others, and such clocks jump. Nothing written depends
//! on that:
//! - Forward: a lease seems to have run out early. If nobody took it, the next heartbeat renews it; if somebody did,
//!   the fence refuses the old holder.
//! - Back: a lease lasts longer than meant. That costs waiting, and `unlock --force` ends it.
//! - Back and forward again: a heartbeat in between must not bring the end nearer than it was, or the lease would be
//!   lost under a live holder. So `expires` only ever grows while a lease is held.
//!
//! What a fence cannot do is recall a call that was already sent: `still_mine` before each call, and a [`Watch`] after
//! the call has waited for its turn, make that window one call wide, and the call's client token or its read-back
//! (journal) covers what falls into it.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Row, named_params};

use super::db::Db;
use super::error::StoreError;
use super::process::Process;

/// How long a lease lasts without a heartbeat: as long as others wait for a holder that was lost with its host. A
/// holder that renews it each third of that has two chances to be late.
pub const LEASE_TTL: Duration = Duration::from_secs(60);

/// Who asks for the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Unique to this acquisition.
    pub owner: String,
    /// The process.
    pub process: Process,
    /// What it does: `syncform apply`.
    pub command: String,
}

impl Holder {
    /// This process, under an owner id that nobody else has.
    pub fn current(command: impl Into<String>) -> Self {
        Self {
            owner: uuid::Uuid::new_v4().to_string(),
            process: Process::current(),
            command: command.into(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Process { host, pid, .. } = &self.process;
        write!(f, "`{}` (process {pid} on {host})", self.command)
    }
}

/// Counts acquisitions of the lock; the larger one is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// The lock while it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// By whom.
    pub holder: Holder,
    /// The number of this acquisition.
    pub fence: Fence,
    /// Since when.
    pub acquired: Timestamp,
    /// When it was last renewed.
    pub heartbeat: Timestamp,
    /// When it runs out.
    pub expires: Timestamp,
}

/// Whether a held lock can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its holder lives, as far as can be told.
    Live,
    /// Its holder's process is gone.
    Gone,
    /// It was not renewed in time.
    Expired,
}

impl Lock {
    /// Whether it can be taken at this time.
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.holder.process.is_gone() {
            Standing::Gone
        } else if now >= self.expires {
            Standing::Expired
        } else {
            Standing::Live
        }
    }
}

/// What to do about a holder that lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contest {
    /// Leave it the lock.
    Yield,
    /// Take the lock from it.
    Force,
}

/// Our hold of the lock.
#[derive(Debug)]
pub(super) struct Lease {
    owner: String,
    fence: Fence,
    ttl: Duration,
    expires: Timestamp,
}

impl Lease {
    /// The number of this acquisition.
    pub(super) fn fence(&self) -> Fence {
        self.fence
    }

    /// Takes the lock if it is free, its holder is gone, or its time has run out; from anybody under `Contest::Force`.
    pub(super) fn acquire(
        db: &Db,
        holder: &Holder,
        now: Timestamp,
        ttl: Duration,
        contest: Contest,
    ) -> Result<Self, StoreError> {
        db.write(|db| {
            // Force does not even read the row: it also mends one that is damaged.
            if contest == Contest::Yield
                && let Some(lock) = read(db)?
                && lock.standing(now) == Standing::Live
            {
                return Err(StoreError::Locked(Box::new(lock)));
            }
            let expires = after(now, ttl);
            let Process { host, machine, pid, started } = &holder.process;
            let fence = db.row(
                "UPDATE lock SET fence = fence + 1, owner = :owner, host = :host, machine = :machine, pid = :pid,
                    started = :started, command = :command, acquired = :now, heartbeat = :now, expires = :expires
                 RETURNING fence",
                named_params! {
                    ":owner": holder.owner,
                    ":host": host,
                    ":machine": machine,
                    ":pid": pid,
                    ":started": started,
                    ":command": holder.command,
                    ":now": now.to_string(),
                    ":expires": expires.to_string(),
                },
                |row| row.get(0),
            )?;
            let fence = Fence(fence.ok_or_else(|| db.corrupt("table lock is empty"))?);
            Ok(Self { owner: holder.owner.clone(), fence, ttl, expires })
        })
    }

    /// Inside a writing transaction: the lock is still ours. An owner that let its time run out may go on as long as
    /// nobody took the lock, since the row, not the clock, decides.
    pub(super) fn check(&self, db: &Db) -> Result<Lock, StoreError> {
        check(db, &self.owner, self.fence)
    }

    /// Whether a call may be sent now: our time has not run out, and the lock is still ours.
    pub(super) fn still_mine(&self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        db.check_same_file()?;
        self.check(db)?;
        if now >= self.expires {
            return Err(StoreError::LeaseExpired { at: self.expires });
        }
        Ok(())
    }

    /// Renews the lease, also one that ran out, unless somebody took it.
    pub(super) fn heartbeat(&mut self, db: &Db, now: Timestamp) -> Result<(), StoreError> {
        let expires = db.write(|db| {
            let lock = self.check(db)?;
            let expires = lock.expires.max(after(now, self.ttl));
            db.execute(
                "UPDATE lock SET heartbeat = :now, expires = :expires",
                named_params! { ":now": now.to_string(), ":expires": expires.to_string() },
            )?;
            Ok(expires)
        })?;
        self.expires = expires;
        Ok(())
    }

    /// Gives the lock back.
    pub(super) fn release(self, db: &Db) -> Result<(), StoreError> {
        db.write(|db| {
            self.check(db)?;
            db.execute(
                "UPDATE lock SET owner = NULL, host = NULL, machine = NULL, pid = NULL, started = NULL, command = NULL,
                    acquired = NULL, heartbeat = NULL, expires = NULL",
                (),
            )?;
            Ok(())
        })
    }
}

/// Looks at a lease through a connection of its own, from whatever thread.
#[derive(Debug)]
pub struct Watch {
    db: Mutex<Db>,
    owner: String,
    fence: Fence,
}

impl Watch {
    pub(super) fn new(lease: &Lease, db: Db) -> Self {
        Self {
            db: Mutex::new(db),
            owner: lease.owner.clone(),
            fence: lease.fence,
        }
    }

    /// Whether the lock was taken by nobody else. Its time may have run out: the row decides.
    pub fn still_held(&self) -> Result<(), StoreError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        db.check_same_file()?;
        check(&db, &self.owner, self.fence).map(drop)
    }
}

/// Whether the lock is held by this owner under this fence.
fn check(db: &Db, owner: &str, fence: Fence) -> Result<Lock, StoreError> {
    match read(db)? {
        Some(lock) if lock.holder.owner == owner && lock.fence == fence => Ok(lock),
        other => Err(StoreError::LeaseLost {
            by: other.map(Box::new),
        }),
    }
}

/// Who holds the lock, if anybody.
pub(super) fn read(db: &Db) -> Result<Option<Lock>, StoreError> {
    db.row(
        "SELECT fence, owner, host, machine, pid, started, command, acquired, heartbeat, expires FROM lock
         WHERE owner IS NOT NULL",
        (),
        lock_of,
    )
}

fn lock_of(row: &Row<'_>) -> rusqlite::Result<Lock> {
    Ok(Lock {
        holder: Holder {
            owner: row.get("owner")?,
            process: Process {
                host: row.get("host")?,
                machine: row.get("machine")?,
                pid: row.get("pid")?,
                started: row.get("started")?,
            },
            command: row.get("command")?,
        },
        fence: Fence(row.get("fence")?),
        acquired: timestamp(row, "acquired")?,
        heartbeat: timestamp(row, "heartbeat")?,
        expires: timestamp(row, "expires")?,
    })
}

/// A time as we write it.
pub(super) fn timestamp(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: jiff::Error| {
        let index = row.as_ref().column_index(column).unwrap_or_default();
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, error.into())
    })
}

fn after(now: Timestamp, ttl: Duration) -> Timestamp {
    now.checked_add(ttl).unwrap_or(Timestamp::MAX)
}
