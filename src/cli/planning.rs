//! Making a plan, as `plan` and `apply` share it: settle, refresh, compare, select, build.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::connect::Connection;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::secrets::StackSecrets;
use super::stack::{self, Stack};
use crate::address::Address;
use crate::api::{ApiFault, endpoint_of_region};
use crate::clock::SystemClock;
use crate::desired::{self, Metas};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::diff::{self, Actual};
use crate::execute::{self, Surroundings, Unsettled};
use crate::plan::{self, Base, Mode, Plan, Request, Selection, Service, UnknownTarget};
use crate::refresh;
use crate::resource::{ContentValue, Resource};
use crate::secret::{Fingerprint, FingerprintKey, SecretRef, SecretSource};
use crate::state::{Lineage, State};
use crate::store::{FileProblem, LeasedStore, Minted, SqliteStore, Store};

/// Flags of every command that makes a plan.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PlanArgs {
    /// Plans to delete everything that the state knows
    #[arg(long)]
    pub destroy: bool,
    /// Plans only what ADDRESS and what it needs take; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<Address>,
    /// Leaves out ADDRESS and what needs it; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<Address>,
}

/// What to plan, besides what the manifests say.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// What the plan is for.
    pub(super) mode: Mode,
    /// Which part of the stack.
    pub(super) selection: Selection,
}

impl PlanArgs {
    /// What the flags ask for.
    pub(super) fn wish(&self) -> Wish {
        Wish {
            mode: if self.destroy {
                Mode::Destroy
            } else {
                Mode::Apply
            },
            selection: Selection {
                targets: self.target.iter().cloned().collect::<BTreeSet<_>>(),
                excludes: self.exclude.iter().cloned().collect(),
            },
        }
    }
}

/// Opens the stack's state file, and makes it first when there is none: its lineage is what a first plan is bound to.
pub(super) fn open_store(path: &Path, stack: &str) -> Result<SqliteStore, Failure> {
    // A plan only looks, also where it may not write.
    let store = match SqliteStore::open_read_only(path) {
        Err(error)
            if matches!(
                error.problem(),
                Some(FileProblem::Missing | FileProblem::Older { .. })
            ) =>
        {
            SqliteStore::open_or_create(path, &mint(stack))?
        }
        opened => opened?,
    };
    Ok(store)
}

/// A new state's identity.
pub(super) fn mint(stack: &str) -> Minted {
    Minted {
        lineage: Lineage(uuid::Uuid::new_v4().to_string()),
        stack: stack.to_owned(),
        fingerprint_key: FingerprintKey::new(rand::random::<[u8; 32]>().to_vec()),
    }
}

/// Where a plan's facts come from.
pub(super) enum Source<'c> {
    /// The API.
    Api(&'c Connection),
    /// State alone.
    Offline,
}

/// Makes the plan.
pub(super) async fn make(
    context: &Context,
    stack: &Stack,
    prior: &State,
    key: &FingerprintKey,
    secrets: &StackSecrets,
    source: Source<'_>,
    wish: &Wish,
) -> Result<Plan, Failure> {
    let desired = &stack.desired;
    let wanted_at_all = (wish.mode != Mode::Destroy).then_some(desired);
    let mut problems = Diagnostics::default();
    let mut fingerprints = BTreeMap::new();
    if wanted_at_all.is_some() {
        fingerprints = read_secrets(stack, key, secrets, &mut problems);
        stack::show(context, &stack.sources, &problems)?;
    }
    let (actual, metas, offline) = match source {
        Source::Api(connection) => {
            let parallelism = desired.provider.parallelism;
            let seen = refresh::refresh(&connection.reads, wanted_at_all, prior, parallelism)
                .await
                .map_err(|fault| api_failure(&fault))?;
            stack::show(context, &stack.sources, &seen.problems)?;
            (seen.actual, seen.metas, false)
        }
        Source::Offline => {
            let metas = wanted_at_all.map_or_else(Metas::default, |d| refresh::offline(d, prior));
            (Actual::default(), metas, true)
        }
    };
    let wanted = match wanted_at_all {
        None => BTreeMap::new(),
        Some(desired) => {
            let (tasks, problems) = desired::specs(desired, &metas);
            stack::show(context, &stack.sources, &problems)?;
            diff::wanted(
                desired,
                &stack.graph,
                tasks,
                &fingerprints,
                &stack.sources.map,
            )
        }
    };
    // A destroy wants nothing; what the manifests protect now is protected from it all the same.
    let protecting = (wish.mode == Mode::Destroy).then(|| with_declared_protection(stack, prior));
    let prior = protecting.as_ref().unwrap_or(prior);
    let mut comparison = diff::changes(&wanted, prior, &actual);
    wish.selection
        .apply(&mut comparison)
        .map_err(|unknown: UnknownTarget| {
            Failure::of(&unknown)
                .exit(Exit::Usage)
                .hint("`syncform state list` and the manifests have the addresses")
        })?;
    let request = Request {
        stack: desired.stack.name.clone(),
        environment: desired.stack.environment.clone(),
        mode: wish.mode,
        base: Base {
            lineage: prior.lineage.clone(),
            serial: prior.serial,
        },
        service: stack::service(desired),
        offline,
    };
    plan::build(request, comparison).map_err(|cycle| {
        Failure::new(
            Exit::Error,
            format!("the state's objects depend on each other in a circle: {cycle}"),
        )
    })
}

/// State, with `protect` as the manifests have it now: what a manifest declares, it also decides about.
fn with_declared_protection(stack: &Stack, prior: &State) -> State {
    let mut prior = prior.clone();
    for (address, tracked) in &mut prior.resources {
        match stack
            .desired
            .resources
            .get(address)
            .map(|declared| &declared.resource)
        {
            Some(Resource::Task(task)) if task.protect => tracked.protect = true,
            Some(Resource::Datasource(datasource)) if datasource.protect => tracked.protect = true,
            _ => {}
        }
    }
    prior
}

/// The fingerprint of every secret that the stack refers to.
fn read_secrets(
    stack: &Stack,
    key: &FingerprintKey,
    secrets: &StackSecrets,
    problems: &mut Diagnostics,
) -> BTreeMap<SecretRef, Fingerprint> {
    let mut fingerprints = BTreeMap::new();
    for (address, declared, datasource) in stack.desired.datasources() {
        for (field, value) in datasource.content.iter().flatten() {
            let ContentValue::Secret(reference) = value else {
                continue;
            };
            match secrets.resolve(reference) {
                Ok(secret) => {
                    fingerprints.insert(reference.clone(), secret.fingerprint(key));
                }
                Err(error) => {
                    let span = declared.field(&format!("content.{field}"));
                    problems.push(
                        Diagnostic::error(Code::SecretUnavailable, span, error.to_string())
                            .address(address.clone()),
                    );
                }
            }
        }
    }
    fingerprints
}

/// An API fault as the end of a command.
pub(super) fn api_failure(fault: &ApiFault) -> Failure {
    let failure = Failure::of(fault);
    match &fault.hint {
        Some(hint) => failure.hint(hint.clone()),
        None => failure,
    }
}

/// Finds out what an interrupted run left in doubt, and closes it. Reads only; what is found is committed to state. `service` is
/// where the connection leads.
pub(super) async fn settle(
    store: &mut LeasedStore,
    connection: &Connection,
    service: &Service,
) -> Result<Option<usize>, Failure> {
    check_same_service(store, service)?;
    let surroundings = Surroundings {
        store,
        remote: Arc::clone(&connection.api),
        clock: SystemClock,
    };
    let rng = ChaCha8Rng::seed_from_u64(rand::random());
    execute::settle(surroundings, connection.pacing, rng)
        .await
        .map_err(|error| match error {
            Unsettled::Store(error) => error.into(),
            Unsettled::Doubt(_) => {
                Failure::of(&error).hint("nothing was changed; try again when the API answers")
            }
            other => Failure::of(&other),
        })
}

/// Another service knows nothing of what a run did: asked there, everything would seem not to have happened.
fn check_same_service(store: &LeasedStore, service: &Service) -> Result<(), Failure> {
    let Some(open) = Store::open_run(store)? else {
        return Ok(());
    };
    // One that cannot be read is told by whoever settles it.
    let Ok(plan) = plan::file::read(&open.plan) else {
        return Ok(());
    };
    let place = |service: &Service| match (service.endpoint.as_str(), &service.region) {
        ("region", Some(region)) => endpoint_of_region(region),
        (endpoint, _) => endpoint.to_owned(),
    };
    let (then, now) = (place(&plan.service), place(service));
    if then == now {
        return Ok(());
    }
    let message = format!(
        "an apply to {then} did not finish, and what it left in doubt cannot be found out at {now}"
    );
    Err(Failure::new(Exit::Error, message).hint(format!(
        "nothing was changed; settle it first where it was: syncform --endpoint {then} plan"
    )))
}
