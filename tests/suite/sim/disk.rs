//! The state file of a simulation: a model of it that can be copied, rolled back and broken, with the rules of the real one.
//!
//! A share of the seeds runs on the real store in memory instead ([`super::backend`]), so that the model cannot drift from it
//! unseen.

use std::sync::Arc;

use jiff::Timestamp;
use syncform::journal::{Entry, RunId};
use syncform::secret::FingerprintKey;
use syncform::state::{Lineage, Serial, State, StateChange};
use syncform::store::{LEASE_TTL, OpenRun, RunEnd};

use super::backend::Refusal;

/// Which acquisition of the lock; every process has its own.
pub(crate) type Owner = u32;

/// A state file.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) state: State,
    runs: Vec<Run>,
    lock: Option<Lock>,
    fence: u64,
}

#[derive(Debug, Clone)]
struct Run {
    began: Timestamp,
    plan: Arc<str>,
    entries: Vec<Entry>,
    open: bool,
}

#[derive(Debug, Clone, Copy)]
struct Lock {
    owner: Owner,
    fence: u64,
    expires: Timestamp,
}

/// A process's hold of the lock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    owner: Owner,
    fence: u64,
    expires: Timestamp,
}

impl Lease {
    /// It has not run out.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        if now >= self.expires {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    /// Takes it for renewed, whatever the file says: what only a defective program does.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        self.expires = now + LEASE_TTL;
    }
}

/// The key of every model's fingerprints.
pub(crate) fn key() -> FingerprintKey {
    FingerprintKey::new(vec![7; 32])
}

impl Disk {
    /// A new state.
    pub(crate) fn new(lineage: &str) -> Self {
        Self {
            state: State {
                lineage: Lineage(lineage.to_owned()),
                serial: Serial(0),
                resources: Default::default(),
                generations: Default::default(),
            },
            runs: Vec::new(),
            lock: None,
            fence: 0,
        }
    }

    /// Who holds the lock, run out or not.
    pub(crate) fn owner(&self) -> Option<Owner> {
        self.lock.map(|lock| lock.owner)
    }

    /// Forgets the lock: what a copy of the file that comes from elsewhere does not need.
    pub(crate) fn unlock(&mut self) {
        self.lock = None;
    }

    /// Takes the lock.
    pub(crate) fn acquire(&mut self, owner: Owner, now: Timestamp) -> Result<Lease, Refusal> {
        if self.lock.is_some_and(|lock| now < lock.expires) {
            return Err(Refusal::Locked);
        }
        self.fence += 1;
        let expires = now + LEASE_TTL;
        self.lock = Some(Lock {
            owner,
            fence: self.fence,
            expires,
        });
        Ok(Lease {
            owner,
            fence: self.fence,
            expires,
        })
    }

    /// The lock is still this holder's.
    pub(crate) fn check(&self, lease: &Lease) -> Result<(), Refusal> {
        match self.lock {
            Some(lock) if lock.owner == lease.owner && lock.fence == lease.fence => Ok(()),
            _ => Err(Refusal::Lost),
        }
    }

    /// A call may be sent now.
    pub(crate) fn still_mine(&self, lease: &Lease, now: Timestamp) -> Result<(), Refusal> {
        self.check(lease)?;
        lease.check_time(now)
    }

    /// Renews the lease.
    pub(crate) fn heartbeat(&mut self, lease: &mut Lease, now: Timestamp) -> Result<(), Refusal> {
        self.check(lease)?;
        let lock = self.lock.as_mut().expect("the lock was checked");
        lock.expires = lock.expires.max(now + LEASE_TTL);
        lease.expires = lock.expires;
        Ok(())
    }

    /// Gives the lock back.
    pub(crate) fn release(&mut self, lease: &Lease) -> Result<(), Refusal> {
        self.check(lease)?;
        self.lock = None;
        Ok(())
    }

    /// The run that was not finished.
    pub(crate) fn open_run(&self) -> Option<OpenRun> {
        let (index, run) = self.runs.iter().enumerate().find(|(_, run)| run.open)?;
        Some(OpenRun {
            id: RunId(i64::try_from(index).unwrap()),
            began: run.began,
            plan: run.plan.to_string(),
            entries: run.entries.clone(),
        })
    }

    /// The lines of the run that was not finished.
    pub(crate) fn open_entries(&self) -> Option<&[Entry]> {
        self.runs
            .iter()
            .find(|run| run.open)
            .map(|run| &*run.entries)
    }

    /// Begins a run.
    pub(crate) fn begin(
        &mut self,
        base: Serial,
        plan: &str,
        now: Timestamp,
    ) -> Result<RunId, Refusal> {
        if self.open_entries().is_some() {
            return Err(Refusal::RunOpen);
        }
        if self.state.serial != base {
            return Err(Refusal::Stale);
        }
        self.state.serial.0 += 1;
        self.runs.push(Run {
            began: now,
            plan: plan.into(),
            entries: Vec::new(),
            open: true,
        });
        Ok(RunId(i64::try_from(self.runs.len() - 1).unwrap()))
    }

    /// Writes lines and what they explain.
    pub(crate) fn commit(
        &mut self,
        run: RunId,
        entries: &[Entry],
        changes: &[StateChange],
    ) -> Result<(), Refusal> {
        self.run(run)?.entries.extend_from_slice(entries);
        if !changes.is_empty() {
            self.state.serial.0 += 1;
        }
        for change in changes {
            match change {
                StateChange::Put(address, tracked) => {
                    self.state
                        .resources
                        .insert(address.clone(), (**tracked).clone());
                }
                StateChange::Remove(address) => {
                    self.state.resources.remove(address);
                }
                StateChange::NextGeneration(address) => {
                    *self.state.generations.entry(address.clone()).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    /// Closes a run.
    pub(crate) fn finish(&mut self, run: RunId, _: RunEnd) -> Result<(), Refusal> {
        self.run(run)?.open = false;
        Ok(())
    }

    fn run(&mut self, run: RunId) -> Result<&mut Run, Refusal> {
        usize::try_from(run.0)
            .ok()
            .and_then(|index| self.runs.get_mut(index))
            .filter(|run| run.open)
            .ok_or(Refusal::RunNotOpen)
    }
}
