//! `syncform apply`, `plan --out FILE` and `apply FILE`, as the commands compose them: lock, settle, refresh, compare, plan,
//! carry out, unlock.

use std::fmt;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use syncform::api::ApiFault;
use syncform::clock::Clock;
use syncform::desired;
use syncform::diff;
use syncform::execute::{
    CutOff, Failure, Outcome, Pacing, Progress, Settings, Surroundings, Unsettled, carry_out,
    settle,
};
use syncform::plan::{self, Base, Mode, Op, Plan, Request};
use syncform::refresh::refresh;
use syncform::remote::Retrying;
use syncform::state::State;
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
    /// The plan was made from an older state.
    Stale,
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
            Self::Stale => f.write_str("the plan is stale"),
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

/// `syncform apply`: plans and carries out. Runs until it ends or is killed.
pub(crate) async fn apply(sim: &Arc<Sim>, stack: &Stack) -> End {
    live(sim, async |process, interrupts| {
        let mut store = process.lease()?;
        let end = async {
            process.settle(&mut store).await?;
            let plan = process.plan(stack).await?;
            refuse(&plan)?;
            if plan.changes.iter().all(|planned| planned.steps.is_empty()) {
                return Ok(End::Nothing);
            }
            store.heartbeat(process.clock.now()).map_err(End::Store)?;
            process.carry_out(&plan, &mut store, interrupts).await
        }
        .await;
        release(store, end.unwrap_or_else(|end| end))
    })
    .await
}

/// `syncform plan --out FILE`: the plan, if it came to one.
pub(crate) async fn save_plan(sim: &Arc<Sim>, stack: &Stack) -> Result<Plan, End> {
    let mut saved = None;
    let end = live(sim, async |process, _| {
        if sim.file().open_entries().is_some() {
            match process.lease() {
                Ok(mut store) => {
                    let settled = process.settle(&mut store).await;
                    release(store, End::Nothing)?;
                    settled?;
                }
                // Somebody is at work: the plan may be stale soon.
                Err(End::Locked) => {}
                Err(end) => return Err(end),
            }
        }
        let plan = process.plan(stack).await?;
        refuse(&plan)?;
        saved = Some(plan);
        Ok(End::Nothing)
    })
    .await;
    saved.ok_or(end)
}

/// `syncform apply FILE`: carries out exactly a plan that was saved, unless the state has moved on.
pub(crate) async fn apply_saved(sim: &Arc<Sim>, plan: &Plan) -> End {
    live(sim, async |process, interrupts| {
        let mut store = process.lease()?;
        let end = async {
            process.settle(&mut store).await?;
            let state = store.state().map_err(End::Store)?;
            if (&state.lineage, state.serial) != (&plan.base.lineage, plan.base.serial) {
                return Ok(End::Stale);
            }
            process.carry_out(plan, &mut store, interrupts).await
        }
        .await;
        release(store, end.unwrap_or_else(|end| end))
    })
    .await
}

/// One process, until it ends or is killed.
async fn live(
    sim: &Arc<Sim>,
    work: impl AsyncFnOnce(&Living, &mut UnboundedReceiver<()>) -> Result<End, End>,
) -> End {
    let (owner, killed, mut interrupts) = sim.spawn();
    let process = Living::new(sim, owner);
    let end = tokio::select! {
        biased;
        () = killed.notified() => End::Crashed,
        end = work(&process, &mut interrupts) => end.unwrap_or_else(|end| end),
    };
    // Killed while it did the last thing that it had to do.
    if sim.is_dead(owner) {
        End::Crashed
    } else {
        end
    }
}

/// Gives the lock back. That it is lost already, the work itself has noticed.
fn release(store: SimStore, end: End) -> Result<End, End> {
    Ok(match store.release() {
        Ok(()) | Err(Refusal::Lost) => end,
        Err(error) => match end {
            End::Ran(_) | End::Nothing | End::Stale => End::Store(error),
            end => end,
        },
    })
}

/// What a living process works with.
struct Living {
    sim: Arc<Sim>,
    owner: Owner,
    clock: SimClock,
    remote: Arc<SimRemote>,
    seed: u64,
}

impl Living {
    fn new(sim: &Arc<Sim>, owner: Owner) -> Self {
        let sim = Arc::clone(sim);
        Self {
            owner,
            clock: SimClock {
                sim: Arc::clone(&sim),
                owner,
            },
            remote: Arc::new(SimRemote {
                sim: Arc::clone(&sim),
                owner,
            }),
            seed: sim.script.seed ^ (u64::from(owner) << 32),
            sim,
        }
    }

    fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }

    fn surroundings<'s>(
        &self,
        store: &'s mut SimStore,
    ) -> Surroundings<'s, SimStore, SimRemote, SimClock> {
        Surroundings {
            store,
            remote: Arc::clone(&self.remote),
            clock: self.clock.clone(),
        }
    }

    fn lease(&self) -> Result<SimStore, End> {
        SimStore::lease(&self.sim, self.owner).map_err(|error| match error {
            Refusal::Locked => End::Locked,
            error => End::Store(error),
        })
    }

    async fn settle(&self, store: &mut SimStore) -> Result<(), End> {
        let surroundings = self.surroundings(store);
        match settle(surroundings, Pacing::SERVICE, self.rng()).await {
            Ok(_) => Ok(()),
            Err(Unsettled::Store(error)) => Err(End::Store(error)),
            Err(other) => Err(End::Unsettled(other)),
        }
    }

    async fn plan(&self, stack: &Stack) -> Result<Plan, End> {
        let (remote, clock) = (Arc::clone(&self.remote), self.clock.clone());
        let reads = Arc::new(Retrying::new(remote, clock, self.seed));
        self.sim.inner().oracle.planning.insert(self.owner);
        let prior = self.sim.file().state();
        let plan = make_plan(stack, &prior, &reads).await;
        self.sim.inner().oracle.planning.remove(&self.owner);
        plan
    }

    async fn carry_out(
        &self,
        plan: &Plan,
        store: &mut SimStore,
        interrupts: &mut UnboundedReceiver<()>,
    ) -> Result<End, End> {
        let (sim, owner) = (&self.sim, self.owner);
        sim.planned(owner, plan);
        let settings = Settings {
            parallelism: sim.script.parallelism,
            pacing: Pacing::SERVICE,
            rng: self.rng(),
        };
        let surroundings = self.surroundings(store);
        let mut said = String::new();
        let outcome = carry_out(plan, surroundings, settings, interrupts, |progress| {
            said.push_str(&format!("{progress:?}"));
            if let Progress::Complete { address, .. } = progress {
                sim.inner().oracle.complete(owner, address);
            }
        })
        .await;
        let saved = plan::file::write(plan);
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
}

/// The plan of what is to be done now.
async fn make_plan<R: syncform::remote::Remote + 'static>(
    stack: &Stack,
    prior: &State,
    remote: &Arc<R>,
) -> Result<Plan, End> {
    let parallelism = stack.desired.provider.parallelism;
    let observed = refresh(remote, Some(&stack.desired), prior, parallelism)
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
    let comparison = diff::changes(&wanted, prior, &observed.actual);
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
