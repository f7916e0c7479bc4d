//! The two uses of a machine: carrying a plan out as a run, and settling the run of a process that died.
//!
//! A run is open from before its first call until nothing of it is in doubt. A run that is open when a process begins is
//! one that another process left behind, and is settled before anything else happens.

use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::driver::{CutOff, Surroundings, drive};
use super::machine::{Machine, Settings};
use super::outcome::{Ended, Outcome, Progress};
use super::pacing::Pacing;
use crate::clock::Clock;
use crate::journal::CorruptJournal;
use crate::plan::Plan;
use crate::plan::file::{self, InvalidPlan};
use crate::remote::Remote;
use crate::store::{RunEnd, Store};

/// Why what an interrupted run left in doubt was not settled. Nothing was changed on the remote.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled<E: std::error::Error + 'static> {
    /// State or journal could not be read.
    #[error(transparent)]
    Store(E),
    /// The plan kept with the run is none.
    #[error("the plan of the interrupted run cannot be read")]
    Plan(#[source] InvalidPlan),
    /// The run's lines contradict each other.
    #[error(transparent)]
    Journal(#[from] CorruptJournal),
    /// State or journal could not be written.
    #[error(transparent)]
    CutOff(#[from] CutOff<E>),
    /// The reads that would have shown it failed: of this change, for this reason.
    #[error("what an interrupted run left in doubt could not be found out{}", .0.as_deref().map(|first| format!(": {first}")).unwrap_or_default())]
    Doubt(Option<String>),
}

/// Finds out what an interrupted run left in doubt, and closes it. Only reads are sent; what they show is committed to
/// state. Says how many changes it settled, or `None` when no run was open.
pub async fn settle<S, R, C>(
    surroundings: Surroundings<'_, S, R, C>,
    pacing: Pacing,
    rng: ChaCha8Rng,
) -> Result<Option<usize>, Unsettled<S::Error>>
where
    S: Store,
    R: Remote + 'static,
    C: Clock + Clone + 'static,
{
    let Surroundings {
        store,
        remote,
        clock,
    } = surroundings;
    let Some(open) = store.open_run().map_err(Unsettled::Store)? else {
        return Ok(None);
    };
    let plan = file::read(&open.plan).map_err(Unsettled::Plan)?;
    let generations = store.state().map_err(Unsettled::Store)?.generations;
    let settings = Settings {
        parallelism: plan.service.parallelism,
        pacing,
        rng,
    };
    let machine = Machine::settle(&plan, &open.entries, &generations, settings)?;
    let surroundings = Surroundings {
        store: &mut *store,
        remote,
        clock: clock.clone(),
    };
    // Nobody listens for interrupts: it takes a few reads for each step that was on its way.
    let (_sender, mut interrupts) = unbounded_channel();
    let outcome = drive(machine, open.id, surroundings, &mut interrupts, |_| {}).await?;
    if !outcome.in_doubt.is_empty() {
        let first = outcome.failed.first();
        return Err(Unsettled::Doubt(
            first.map(|(address, _, failure)| format!("{address}: {failure}")),
        ));
    }
    store
        .finish(open.id, RunEnd::Recovered, clock.now())
        .map_err(Unsettled::Store)?;
    Ok(Some(outcome.complete.len()))
}

/// Carries a plan out. The run stays open when something of it is in doubt, or when it was cut off; the next process
/// settles it.
pub async fn carry_out<S, R, C>(
    plan: &Plan,
    surroundings: Surroundings<'_, S, R, C>,
    settings: Settings,
    interrupts: &mut UnboundedReceiver<()>,
    report: impl FnMut(Progress),
) -> Result<Outcome, CutOff<S::Error>>
where
    S: Store,
    R: Remote + 'static,
    C: Clock + Clone + 'static,
{
    let Surroundings {
        store,
        remote,
        clock,
    } = surroundings;
    let generations = store.state().map_err(CutOff::Store)?.generations;
    let run = store
        .begin(plan.base.serial, &file::write(plan), clock.now())
        .map_err(CutOff::Store)?;
    let machine = Machine::apply(plan, &generations, settings);
    let surroundings = Surroundings {
        store: &mut *store,
        remote,
        clock: clock.clone(),
    };
    let outcome = drive(machine, run, surroundings, interrupts, report).await?;
    if outcome.in_doubt.is_empty() {
        let end = match outcome.ended {
            Ended::Complete => RunEnd::Complete,
            Ended::Partial | Ended::QuotaSpent | Ended::Interrupted => RunEnd::Partial,
        };
        store.finish(run, end, clock.now()).map_err(CutOff::Store)?;
    }
    Ok(outcome)
}
