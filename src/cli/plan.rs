//! `plan`: what apply would do, why, and what it costs the data.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use super::connect::{Connection, connect};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files;
use super::planning::{self, PlanArgs, Source};
use super::runtime;
use super::secrets::StackSecrets;
use super::stack::{self, Stack};
use crate::clock::{Clock, SystemClock};
use crate::plan::{self, Mode, Plan, Service};
use crate::render::events::Events;
use crate::render::{json_text, plan_json, plan_markdown, plan_text};
use crate::state::State;
use crate::store::{Holder, LEASE_TTL, SqliteStore};

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// Saves the plan, for `syncform apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Shows what was changed outside of syncform, and plans nothing
    #[arg(long, conflicts_with_all = ["destroy", "target", "exclude", "offline"])]
    refresh_only: bool,
    /// Asks the API nothing: compares the manifests with the state alone
    #[arg(long)]
    offline: bool,
    /// Ends with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Prints the plan as events, one JSON object a line
    #[arg(long, conflicts_with_all = ["json", "format"])]
    json_events: bool,
    /// How to print the plan
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How to print a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For a pull request
    Markdown,
}

/// Runs `plan`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.json_events {
        context.ui.tell_events();
    }
    let stack = stack::read(context)?;
    let path = context.state_path();
    let store = planning::open_store(&path, &stack.desired.stack.name)?;
    let secrets = Arc::new(StackSecrets::new(&context.root, &context.variables));
    let mut wish = args.plan.wish();
    if args.refresh_only {
        wish.mode = Mode::RefreshOnly;
    }
    let (plan, prior) = runtime::block_on(async {
        if args.offline {
            let (prior, key) = (store.state()?, store.fingerprint_key()?);
            let source = Source::Offline;
            let plan =
                planning::make(context, &stack, &prior, &key, &secrets, source, &wish).await?;
            return Ok((plan, prior));
        }
        let service = stack::service(&stack.desired);
        let connection = connect(context, &service, &path, Arc::clone(&secrets), None).await?;
        let store = settle_first(context, store, &connection, &service).await?;
        let planned = online(context, &stack, &store, &secrets, &connection, &wish).await;
        let calls = connection.calls();
        tracing::info!(
            reads = calls.read,
            writes = calls.write,
            "API calls while planning"
        );
        connection.close().await?;
        planned
    })?;
    if let Some(out) = &args.out {
        files::save_plan(out, plan::file::write(&plan).as_bytes())?;
    }
    let format = if args.json { Format::Json } else { args.format };
    let text = if args.json_events {
        Events::of(&plan).planned(Some(SystemClock.now()))
    } else {
        show(&plan, &prior, format, context.ui.color_out())
    };
    context.ui.result(&text);
    if let (Some(out), Format::Text) = (&args.out, format) {
        context.ui.note(&format!(
            "Saved. To do exactly this: syncform apply {}",
            out.display()
        ));
    }
    Ok(if args.detailed_exitcode && plan.tells_something() {
        Exit::Changes
    } else {
        Exit::Done
    })
}

async fn online(
    context: &Context,
    stack: &Stack,
    store: &SqliteStore,
    secrets: &StackSecrets,
    connection: &Connection,
    wish: &planning::Wish,
) -> Result<(Plan, State), Failure> {
    let (prior, key) = (store.state()?, store.fingerprint_key()?);
    let source = Source::Api(connection);
    let plan = planning::make(context, stack, &prior, &key, secrets, source, wish).await?;
    Ok((plan, prior))
}

/// A plan made while a step is in doubt could not be applied: applying settles the step, and the state moves on. So the plan
/// settles it, unless somebody is at work or nothing can be written.
async fn settle_first(
    context: &Context,
    store: SqliteStore,
    connection: &Connection,
    service: &Service,
) -> Result<SqliteStore, Failure> {
    if store.open_run()?.is_none() {
        return Ok(store);
    }
    let path = store.path().to_owned();
    drop(store);
    let holder = Holder::current("syncform plan");
    let leased = SqliteStore::open(&path)
        .and_then(|store| store.lease(&holder, SystemClock.now(), LEASE_TTL));
    match leased {
        Ok(mut leased) => {
            let settled = planning::settle(&mut leased, connection, service).await;
            let store = leased.release()?;
            let steps = settled?.unwrap_or(0);
            context.ui.note(&format!(
                "An earlier apply did not finish. What it left in doubt is settled now ({steps} steps)."
            ));
            Ok(store)
        }
        Err(error) => {
            let exit = Failure::from(error);
            context.ui.note(&format!(
                "warning: this plan may be stale soon: {}",
                exit.message
            ));
            Ok(SqliteStore::open_read_only(&path)?)
        }
    }
}

/// The plan in the format that is asked for.
pub(super) fn show(plan: &Plan, prior: &State, format: Format, color: bool) -> String {
    match format {
        Format::Text => plan_text::plan(plan, color),
        Format::Json => json_text::document(&plan_json::plan(plan, prior)),
        Format::Markdown => plan_markdown::plan(plan, None),
    }
}
