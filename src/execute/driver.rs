//! The driver: performs the machine's instructions and feeds back what happened. It decides nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::machine::{Event, Instruction, Machine};
use super::outcome::{Outcome, Progress};
use crate::clock::Clock;
use crate::journal::RunId;
use crate::remote::Remote;
use crate::store::Store;

/// How often the lock is renewed while a run works: a third of the time after which others may take it.
pub const HEARTBEAT: Duration = Duration::from_secs(20);

/// What a driver works with.
#[derive(Debug)]
pub struct Surroundings<'s, S, R, C> {
    /// State and journal, under a lock that is ours.
    pub store: &'s mut S,
    /// Where calls go.
    pub remote: Arc<R>,
    /// What time it is.
    pub clock: C,
}

/// Why a run was cut off. What was on its way is in doubt; the journal knows it, and the next run settles it.
#[derive(Debug, thiserror::Error)]
pub enum CutOff<E: std::error::Error + 'static> {
    /// State or journal could not be written, or the lock was lost: nothing was sent after that.
    #[error("the run stopped, because its record could not be kept; no call was sent without one")]
    Store(#[source] E),
    /// The user asked twice.
    #[error("the run was stopped at once; what was on its way is settled by the next apply")]
    Interrupted,
}

/// Runs a machine to its end; its journal lines belong to `run`. The first interrupt lets the calls on their way finish, the
/// second does not.
pub(super) async fn drive<S, R, C>(
    mut machine: Machine<'_>,
    run: RunId,
    surroundings: Surroundings<'_, S, R, C>,
    interrupts: &mut UnboundedReceiver<()>,
    mut report: impl FnMut(Progress),
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
    let mut underway: JoinSet<Event> = JoinSet::new();
    let mut heartbeat = JoinSet::new();
    let mut interrupted = false;
    let mut listening = true;
    let mut events = vec![Event::Begin];
    loop {
        let now = clock.now();
        let mut rest = Vec::new();
        let (mut entries, mut changes) = (Vec::new(), Vec::new());
        // What happened at the same time is written in one transaction: a durable commit costs more than what is in it.
        for event in events.drain(..) {
            for instruction in machine.handle(event, now) {
                match instruction {
                    Instruction::Persist(more_entries, more_changes) => {
                        entries.extend(more_entries);
                        changes.extend(more_changes);
                    }
                    other => rest.push(other),
                }
            }
        }
        if !entries.is_empty() || !changes.is_empty() {
            store
                .commit(run, &entries, &changes)
                .map_err(CutOff::Store)?;
        }
        let mut done = None;
        for instruction in rest {
            match instruction {
                Instruction::Persist(..) => unreachable!("taken out above"),
                Instruction::Report(progress) => report(progress),
                Instruction::Send(step, call) => {
                    store.still_mine(clock.now()).map_err(CutOff::Store)?;
                    let remote = Arc::clone(&remote);
                    underway.spawn(async move {
                        Event::Replied(step, Box::new(remote.send(&call).await))
                    });
                }
                Instruction::Wait(step, duration) => {
                    let clock = clock.clone();
                    underway.spawn(async move {
                        clock.sleep(duration).await;
                        Event::Woke(step)
                    });
                }
                Instruction::Done(outcome) => done = Some(outcome),
            }
        }
        if let Some(outcome) = done {
            return Ok(outcome);
        }
        if heartbeat.is_empty() {
            let clock = clock.clone();
            heartbeat.spawn(async move { clock.sleep(HEARTBEAT).await });
        }
        // In this order: an interrupt is not kept waiting by answers, and a lock that ran out while this process stood still is
        // noticed before an answer is acted upon.
        tokio::select! {
            biased;
            interrupt = interrupts.recv(), if listening => match interrupt {
                Some(()) if interrupted => return Err(CutOff::Interrupted),
                Some(()) => {
                    interrupted = true;
                    report(Progress::Stopping);
                    events.push(Event::Interrupt);
                }
                None => listening = false,
            },
            Some(_) = heartbeat.join_next() => {
                store.heartbeat(clock.now()).map_err(CutOff::Store)?;
            }
            Some(event) = underway.join_next() => {
                events.push(event.expect("a call neither panics nor is cancelled"));
                while let Some(event) = underway.try_join_next() {
                    events.push(event.expect("a call neither panics nor is cancelled"));
                }
            }
        }
    }
}
