//! One `syncform apply`, as the command composes it: lock, settle, refresh, compare, plan, carry out, unlock.

use std::fmt;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use syncform::api::ApiFault;
use syncform::desired;
use syncform::diff;
use syncform::execute::{
    CutOff, Failure, Outcome, Pacing, Progress, Settings, Surroundings, Unsettled, carry_out,
    settle,
};
use syncform::plan::{self, Base, Mode, Op, Plan, Request};
use syncform::refresh::refresh;
use syncform::remote::Retrying;
use syncform::store::Store;
use tokio::sync::mpsc::UnboundedReceiver;

use super::backend::{Refusal, SimStore};
use super::defect::Defect;
use super::disk::{Owner, key};
use super::network::SimRemote;
use super::stack::{PASSWORD, Stack, fingerprints};
use super::stage::{Sim, SimClock};

/// How a process ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It was killed.
    Crashed,
    /// Somebody else held the lock.
    Locked,
    /// The state file could not be read or written.
    Store(Refusal),
    /// What an earlier run left in doubt could not be found out.
    Unsettled(Unsettled<Refusal>),
    /// The API could not be asked what is there.
    Blind(ApiFault),
    /// What the manifests refer to is not there.
    Missing,
    /// A change cannot be carried out.
    Refused(Vec<String>),
    /// There was nothing to do.
    Nothing,
    /// It was stopped while it worked.
    CutOff(CutOff<Refusal>),
    /// It worked to the end.
    Ran(Outcome),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crashed => f.write_str("killed"),
            Self::Locked => f.write_str("locked out"),
            Self::Store(error) => write!(f, "the store: {error}"),
            Self::Unsettled(error) => write!(f, "not settled: {error}"),
            Self::Blind(fault) => write!(f, "not refreshed: {fault}"),
            Self::Missing => f.write_str("something that is referred to is missing"),
            Self::Refused(reasons) => write!(f, "refused: {}", reasons.join("; ")),
            Self::Nothing => f.write_str("nothing to do"),
            Self::CutOff(error) => write!(f, "cut off: {error}"),
            Self::Ran(outcome) => {
                write!(f, "{:?}", outcome.ended)?;
                for (address, action) in &outcome.complete {
                    write!(f, "; {} {address}", action.as_str())?;
                }
                for (address, op, failure) in &outcome.failed {
                    write!(f, "; {address} failed at {}: {failure}", op.as_str())?;
                }
                for address in &outcome.left {
                    write!(f, "; {address} is left")?;
                }
                Ok(())
            }
        }
    }
}

/// Runs one until it ends or is killed.
pub(crate) async fn apply(sim: &Arc<Sim>, stack: &Stack) -> End {
    let (owner, killed, mut interrupts) = sim.spawn();
    let end = tokio::select! {
        biased;
        () = killed.notified() => End::Crashed,
        end = run(sim, owner, stack, &mut interrupts) => end,
    };
    // Killed while it did the last thing that it had to do.
    if sim.is_dead(owner) {
        End::Crashed
    } else {
        end
    }
}

async fn run(
    sim: &Arc<Sim>,
    owner: Owner,
    stack: &Stack,
    interrupts: &mut UnboundedReceiver<()>,
) -> End {
    let mut store = match SimStore::lease(sim, owner) {
        Ok(store) => store,
        Err(Refusal::Locked) => return End::Locked,
        Err(error) => return End::Store(error),
    };
    let end = match work(sim, owner, stack, &mut store, interrupts).await {
        Ok(end) | Err(end) => end,
    };
    match store.release() {
        Ok(()) | Err(Refusal::Lost) => end,
        Err(error) => match end {
            End::Ran(_) | End::Nothing => End::Store(error),
            end => end,
        },
    }
}

async fn work(
    sim: &Arc<Sim>,
    owner: Owner,
    stack: &Stack,
    store: &mut SimStore,
    interrupts: &mut UnboundedReceiver<()>,
) -> Result<End, End> {
    let clock = SimClock {
        sim: Arc::clone(sim),
        owner,
    };
    let remote = SimRemote {
        sim: Arc::clone(sim),
        owner,
    };
    let seed = sim.script.seed ^ (u64::from(owner) << 32);
    let remote = Arc::new(remote);
    let reads = Arc::new(Retrying::new(Arc::clone(&remote), clock.clone(), seed));
    let rng = ChaCha8Rng::seed_from_u64(seed);
    let surroundings = Surroundings {
        store: &mut *store,
        remote: Arc::clone(&remote),
        clock: clock.clone(),
    };
    settle(surroundings, Pacing::SERVICE, rng.clone())
        .await
        .map_err(|error| match error {
            Unsettled::Store(error) => End::Store(error),
            other => End::Unsettled(other),
        })?;
    sim.inner().oracle.planning.insert(owner);
    let plan = make_plan(stack, store, &reads).await?;
    sim.inner().oracle.planning.remove(&owner);
    refuse(&plan)?;
    if plan.changes.iter().all(|planned| planned.steps.is_empty()) {
        return Ok(End::Nothing);
    }
    let now = sim.now(owner);
    store.heartbeat(now).map_err(End::Store)?;
    sim.planned(owner, &plan);
    let settings = Settings {
        parallelism: plan.service.parallelism,
        pacing: Pacing::SERVICE,
        rng,
    };
    let surroundings = Surroundings {
        store: &mut *store,
        remote,
        clock,
    };
    let mut said = String::new();
    let outcome = carry_out(&plan, surroundings, settings, interrupts, |progress| {
        said.push_str(&format!("{progress:?}"));
        if let Progress::Complete { address, .. } = progress {
            sim.inner().oracle.complete(owner, address);
        }
    })
    .await;
    let saved = plan::file::write(&plan);
    if [&said, &saved].iter().any(|text| text.contains(PASSWORD)) {
        sim.inner().oracle.violation = Some("a secret is shown".to_owned());
    }
    let outcome = outcome.map_err(End::CutOff)?;
    if sim.has(Defect::DeadlineBeginsAnew) {
        for (address, op, failure) in &outcome.failed {
            if (*op, matches!(failure, Failure::Deadline { .. })) == (Op::Poll, true) {
                sim.file().forget(address);
            }
        }
    }
    Ok(End::Ran(outcome))
}

/// The plan of what is to be done now.
pub(crate) async fn make_plan<R: syncform::remote::Remote + 'static>(
    stack: &Stack,
    store: &SimStore,
    remote: &Arc<R>,
) -> Result<Plan, End> {
    let prior = store.state().map_err(End::Store)?;
    let parallelism = stack.desired.provider.parallelism;
    let observed = refresh(remote, Some(&stack.desired), &prior, parallelism)
        .await
        .map_err(End::Blind)?;
    if observed.problems.has_errors() {
        return Err(End::Missing);
    }
    let (specs, problems) = desired::specs(&stack.desired, &observed.metas);
    assert!(!problems.has_errors(), "the stacks have no globs");
    let wanted = diff::wanted(
        &stack.desired,
        &stack.graph,
        specs,
        &fingerprints(&key()),
        &stack.sources.map,
    );
    let comparison = diff::changes(&wanted, &prior, &observed.actual);
    let request = Request {
        stack: stack.desired.stack.name.clone(),
        environment: None,
        mode: Mode::Apply,
        base: Base {
            lineage: prior.lineage.clone(),
            serial: prior.serial,
        },
        service: stack.service(),
        offline: false,
    };
    Ok(plan::build(request, comparison).expect("the stacks have no circles"))
}

fn refuse(plan: &Plan) -> Result<(), End> {
    let reasons: Vec<String> = plan
        .refusals()
        .filter_map(|planned| {
            let withheld = planned.change.withheld.as_ref()?;
            Some(format!("{}: {}", planned.change.address, withheld.why))
        })
        .collect();
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(End::Refused(reasons))
    }
}
