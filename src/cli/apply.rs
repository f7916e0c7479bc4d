//! `apply` and `destroy`: carry out a plan, saved or made now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::args::Global;
use super::connect::{Connection, connect};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files;
use super::plan::{Format, show};
use super::planning::{self, PlanArgs, Source, Wish};
use super::progress::Progress;
use super::runtime;
use super::secrets::StackSecrets;
use super::stack;
use crate::clock::{Clock, SystemClock};
use crate::diff::WithheldKind;
use crate::execute::{self, CutOff, Ended, Outcome, Settings, Surroundings};
use crate::plan::{Mode, Plan, Service};
use crate::remote::Permission;
use crate::render::{apply_text, events::Events};
use crate::resource::Spec;
use crate::secret::SecretSource;
use crate::store::{Holder, LEASE_TTL, LeasedStore, SqliteStore, Store, StoreError};

/// Flags of `apply`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan that `syncform plan --out` saved
    #[arg(value_name = "PLAN", conflicts_with_all = ["destroy", "target", "exclude"])]
    saved: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// Flags of `destroy`.
#[derive(Debug, clap::Args)]
pub struct DestroyArgs {
    /// Deletes only ADDRESS and what needs it; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    target: Vec<crate::address::Address>,
    /// Leaves ADDRESS and what it needs; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    exclude: Vec<crate::address::Address>,
    #[command(flatten)]
    run: RunArgs,
}

/// Flags of both.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// Does not ask before it begins
    #[arg(long)]
    auto_approve: bool,
    /// Applies only a plan with this hash
    #[arg(long, value_name = "HASH")]
    expect: Option<String>,
    /// Prints one JSON object a line
    #[arg(long)]
    json: bool,
    /// Resources side by side, instead of what the manifests say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    parallelism: Option<u16>,
}

/// Runs `apply`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.run.json {
        context.ui.tell_events();
    }
    match &args.saved {
        Some(file) => runtime::block_on(apply_saved(file, &args.run, context)),
        None => runtime::block_on(plan_and_apply(&args.plan.wish(), &args.run, context)),
    }
}

/// Runs `destroy`.
pub fn run_destroy(args: &DestroyArgs, context: &Context) -> Result<Exit, Failure> {
    if args.run.json {
        context.ui.tell_events();
    }
    let plan = PlanArgs {
        destroy: true,
        target: args.target.clone(),
        exclude: args.exclude.clone(),
    };
    runtime::block_on(plan_and_apply(&plan.wish(), &args.run, context))
}

async fn plan_and_apply(wish: &Wish, args: &RunArgs, context: &Context) -> Result<Exit, Failure> {
    let stack = stack::read(context)?;
    let path = context.state_path();
    let secrets = Arc::new(StackSecrets::new(&context.root, &context.variables));
    let store = SqliteStore::open_or_create(&path, &planning::mint(&stack.desired.stack.name))?;
    let mut store = lease(store, "syncform apply")?;
    let service = stack::service(&stack.desired);
    let connection = connect(
        context,
        &service,
        &path,
        Arc::clone(&secrets),
        while_locked(&store)?,
    )
    .await?;
    let ended = async {
        settle(context, &mut store, &connection, &service).await?;
        let (prior, key) = (Store::state(&store)?, Store::fingerprint_key(&store)?);
        let source = Source::Api(&connection);
        let plan = planning::make(context, &stack, &prior, &key, &secrets, source, wish).await?;
        if !args.json {
            let color = context.ui.color_out();
            context.ui.result(&show(&plan, &prior, Format::Text, color));
        }
        check_hash(&plan, args)?;
        refuse(&plan)?;
        if nothing_to_do(&plan) {
            return Ok(Exit::Done);
        }
        approve(&plan, args, context)?;
        // The lock was not renewed while a person thought about it.
        Store::heartbeat(&mut store, SystemClock.now())?;
        carry_out(&plan, args, context, &mut store, &connection).await
    }
    .await;
    finish(store, connection, ended).await
}

async fn apply_saved(file: &Path, args: &RunArgs, context: &Context) -> Result<Exit, Failure> {
    let Global {
        variables,
        endpoint,
        ..
    } = &context.global;
    if !variables.is_empty() || endpoint.is_some() {
        let message = "--var and --endpoint are settled by a saved plan";
        return Err(Failure::new(Exit::Usage, message).hint("give them to `syncform plan --out`"));
    }
    let plan = files::read_plan(file, "applied")?;
    if let Some(asked) = &context.global.environment
        && plan.environment.as_ref() != Some(asked)
    {
        let made = plan.environment.as_deref().unwrap_or("default");
        let message = format!("the plan was made for the environment `{made}`, not for `{asked}`");
        return Err(Failure::new(Exit::Usage, message));
    }
    check_hash(&plan, args)?;
    refuse(&plan)?;
    let path = context.state_path_of(plan.environment.as_deref());
    let secrets = Arc::new(StackSecrets::new(&context.root, &context.variables));
    let store = SqliteStore::open(&path).map_err(|error| {
        Failure::from(error).context("the state that the plan was made from cannot be opened")
    })?;
    check_base(&plan, &store)?;
    let mut store = lease(store, "syncform apply")?;
    let connection = connect(
        context,
        &plan.service,
        &path,
        Arc::clone(&secrets),
        while_locked(&store)?,
    )
    .await?;
    let ended = async {
        settle(context, &mut store, &connection, &plan.service).await?;
        check_base(&plan, store.store())?;
        check_secrets(&plan, store.store(), &*secrets)?;
        carry_out(&plan, args, context, &mut store, &connection).await
    }
    .await;
    finish(store, connection, ended).await
}

/// Gives the lock back and ends the embedded endpoint, however the run ended.
async fn finish(
    store: LeasedStore,
    connection: Connection,
    ended: Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let released = store.release();
    let closed = connection.close().await;
    let exit = ended?;
    // A lock that was lost meanwhile is told by the run itself; after a whole run there is nothing left to protect.
    match released {
        Ok(_) | Err(StoreError::LeaseLost { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    closed?;
    Ok(exit)
}

fn lease(store: SqliteStore, command: &str) -> Result<LeasedStore, Failure> {
    // To a file that is damaged not even the lock is written.
    store.state()?;
    store.open_run()?;
    Ok(store.lease(&Holder::current(command), SystemClock.now(), LEASE_TTL)?)
}

/// Leave to send, for as long as nobody else takes the lock.
fn while_locked(store: &LeasedStore) -> Result<Option<Permission>, Failure> {
    let watch = store.watch()?;
    Ok(Some(Box::new(move || Ok(watch.still_held()?))))
}

async fn settle(
    context: &Context,
    store: &mut LeasedStore,
    connection: &Connection,
    service: &Service,
) -> Result<(), Failure> {
    if let Some(steps) = planning::settle(store, connection, service).await? {
        context.ui.note(&format!(
            "An earlier apply did not finish. What it left in doubt is settled now ({steps} steps)."
        ));
    }
    Ok(())
}

fn check_hash(plan: &Plan, args: &RunArgs) -> Result<(), Failure> {
    match &args.expect {
        Some(expected) if *expected != plan.hash => Err(Failure::new(
            Exit::Refused,
            format!(
                "the plan has the hash {}, and {expected} was expected",
                plan.hash
            ),
        )
        .hint("nothing was changed; review this plan and expect its hash")),
        _ => Ok(()),
    }
}

fn check_base(plan: &Plan, store: &SqliteStore) -> Result<(), Failure> {
    let state = store.state()?;
    let stale = |message: String| {
        Err(Failure::new(Exit::Stale, message)
            .hint("nothing was changed; make the plan again: syncform plan --out FILE"))
    };
    if state.lineage != plan.base.lineage {
        return stale("the plan was made from another state".to_owned());
    }
    if state.serial != plan.base.serial {
        return stale(format!(
            "the plan is stale: it was made from serial {} of the state, which is at {} now",
            plan.base.serial.0, state.serial.0
        ));
    }
    Ok(())
}

/// A secret that is another one than when the plan was made would be written without having been planned.
fn check_secrets(
    plan: &Plan,
    store: &SqliteStore,
    secrets: &dyn SecretSource,
) -> Result<(), Failure> {
    let key = store.fingerprint_key()?;
    for planned in &plan.changes {
        let Some(Spec::Datasource(spec)) = &planned.change.after else {
            continue;
        };
        for (field, reference) in &spec.secrets {
            let secret = secrets
                .resolve(reference)
                .map_err(|error| Failure::of(&error))?;
            if spec.fingerprints.get(field) != Some(&secret.fingerprint(&key)) {
                let address = &planned.change.address;
                return Err(Failure::new(
                    Exit::Stale,
                    format!("the plan is stale: `{field}` of `{address}` is another secret now"),
                )
                .hint("nothing was changed; make the plan again: syncform plan --out FILE"));
            }
        }
    }
    Ok(())
}

/// What is withheld stands in the way of everything: an apply that does half of a reviewed plan is nobody's wish.
fn refuse(plan: &Plan) -> Result<(), Failure> {
    let refused: BTreeSet<WithheldKind> = plan
        .refusals()
        .filter_map(|p| p.change.withheld.as_ref().map(|w| w.kind))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(
        Exit::Refused,
        match plan.refusals().count() {
            1 => "a change of this plan cannot be carried out; nothing was changed".to_owned(),
            count => {
                format!("{count} changes of this plan cannot be carried out; nothing was changed")
            }
        },
    );
    failure.causes = plan
        .refusals()
        .filter_map(|p| {
            let withheld = p.change.withheld.as_ref()?;
            Some(format!(
                "`{}`: {}; {}",
                p.change.address, withheld.why, withheld.instead
            ))
        })
        .collect();
    Err(failure.hint("mend these, or apply the rest with `--exclude ADDRESS`"))
}

fn nothing_to_do(plan: &Plan) -> bool {
    plan.changes.iter().all(|planned| planned.steps.is_empty())
}

fn approve(plan: &Plan, args: &RunArgs, context: &Context) -> Result<(), Failure> {
    if args.auto_approve {
        return Ok(());
    }
    let verb = if plan.mode == Mode::Destroy {
        "Destroy"
    } else {
        "Apply"
    };
    match context
        .ui
        .confirm(&format!("\n{verb} this? Only `yes` will do: "))
    {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(
            Exit::Error,
            "not approved; nothing was changed",
        )),
        None => Err(Failure::new(
            Exit::Error,
            "there is no terminal to ask for approval; nothing was changed",
        )
        .hint("give --auto-approve, or save the plan with `plan --out` and apply that")),
    }
}

async fn carry_out(
    plan: &Plan,
    args: &RunArgs,
    context: &Context,
    store: &mut LeasedStore,
    connection: &Connection,
) -> Result<Exit, Failure> {
    let settings = Settings {
        parallelism: args
            .parallelism
            .map_or(plan.service.parallelism, usize::from),
        pacing: connection.pacing,
        rng: ChaCha8Rng::seed_from_u64(rand::random()),
    };
    let surroundings = Surroundings {
        store,
        remote: Arc::clone(&connection.api),
        clock: SystemClock,
    };
    let mut interrupts = runtime::interrupts()?;
    let mut progress = Progress::new(context, plan, args.json);
    let mut complete = 0;
    let outcome = execute::carry_out(plan, surroundings, settings, &mut interrupts, |what| {
        complete += usize::from(matches!(what, execute::Progress::Complete { .. }));
        progress.show(&what);
    })
    .await;
    progress.end();
    let calls = connection.calls();
    let outcome = outcome.map_err(|error| cut_off(error, complete, plan, calls.write > 0))?;
    tracing::info!(reads = calls.read, writes = calls.write, "API calls");
    if args.json {
        context
            .ui
            .result(&Events::of(plan).outcome(&outcome, Some(SystemClock.now())));
    } else {
        context
            .ui
            .result(&apply_text::summary(&outcome, plan, context.ui.color_out()));
    }
    Ok(exit_of(&outcome, calls.write > 0))
}

/// Why a run has no outcome, and how far it came.
fn cut_off(error: CutOff<StoreError>, complete: usize, plan: &Plan, wrote: bool) -> Failure {
    let all = plan
        .changes
        .iter()
        .filter(|planned| !planned.steps.is_empty())
        .count();
    let so_far = format!("the run stopped after {complete} of {all} changes");
    let CutOff::Store(error) = error else {
        return Failure::new(
            Exit::Partial,
            format!("{so_far}, because it was interrupted twice"),
        )
        .hint("what was on its way is settled by the next apply, which then goes on");
    };
    let because = match error {
        StoreError::LeaseLost { .. } | StoreError::LeaseExpired { .. } => {
            "it no longer has the lock"
        }
        _ => "its record could not be kept",
    };
    let failure = Failure::from(error).context(format!("{so_far}, because {because}"));
    match failure.exit {
        Exit::Error if wrote => failure.exit(Exit::Partial),
        _ => failure,
    }
}

/// What was written and did not come to a whole change is a part of one.
fn exit_of(outcome: &Outcome, wrote: bool) -> Exit {
    match outcome.ended {
        Ended::Complete => Exit::Done,
        Ended::Partial if outcome.complete.is_empty() && !wrote => Exit::Error,
        Ended::Partial | Ended::QuotaSpent | Ended::Interrupted => Exit::Partial,
    }
}
