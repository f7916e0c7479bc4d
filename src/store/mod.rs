//! Where state and journal are kept.
//!
//! [`Store`] is what apply needs; [`SqliteStore`] and [`LeasedStore`] keep it in one file, described in
//! `schema/state/`.

mod db;
mod digest;
mod error;
mod files;
mod lease;
mod migrate;
mod process;
mod resources;
mod runs;
mod sqlite;

pub use error::{FileProblem, StoreError};
pub use lease::{Fence, Holder, LEASE_TTL, Lock, Standing, Watch};
pub use process::Process;
pub use runs::RunRecord;
pub use sqlite::{LeasedStore, Minted, SqliteStore};

use jiff::Timestamp;

use crate::journal::{Entry, RunId};
use crate::secret::FingerprintKey;
use crate::state::{Serial, State, StateChange};

/// A run that began and was not finished: its process died, or it still works.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRun {
    /// The run.
    pub id: RunId,
    /// When it began.
    pub began: Timestamp,
    /// Its plan, in the saved form.
    pub plan: String,
    /// What it wrote, oldest first.
    pub entries: Vec<Entry>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Every step was applied.
    Complete,
    /// Some steps failed or were skipped; nothing is in doubt.
    Partial,
    /// It died; a later run settled what it left in doubt.
    Recovered,
}

/// State and journal, as apply needs them. Every method that writes checks the lease first, is one transaction, and is
/// durable when it returns.
pub trait Store {
    /// Why it did not work.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The whole state.
    fn state(&self) -> Result<State, Self::Error>;

    /// The key of this state's fingerprints.
    fn fingerprint_key(&self) -> Result<FingerprintKey, Self::Error>;

    /// The run that was not finished, if there is one; there is never more than one.
    fn open_run(&self) -> Result<Option<OpenRun>, Self::Error>;

    /// Whether a call may be sent now: the lock is still ours and its time has not run out. Asked before each call.
    fn still_mine(&self, now: Timestamp) -> Result<(), Self::Error>;

    /// Keeps the lock from running out; also revives it when it did and nobody took it.
    fn heartbeat(&mut self, now: Timestamp) -> Result<(), Self::Error>;

    /// Begins a run of a plan made from the state of `base`: refused when the state has moved on. Raises the serial, so
    /// that the same plan cannot begin twice.
    fn begin(&mut self, base: Serial, plan: &str, now: Timestamp) -> Result<RunId, Self::Error>;

    /// Writes journal lines of the run; durable when it returns.
    fn append(&mut self, run: RunId, entries: &[Entry]) -> Result<(), Self::Error>;

    /// Writes journal lines together with the state that they explain.
    fn commit(
        &mut self,
        run: RunId,
        entries: &[Entry],
        changes: &[StateChange],
    ) -> Result<(), Self::Error>;

    /// Closes the run.
    fn finish(&mut self, run: RunId, end: RunEnd, now: Timestamp) -> Result<(), Self::Error>;
}
