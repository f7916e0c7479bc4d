//! `state`: what is known of the stack's remote objects. It looks only, and neither waits for a running apply nor stops
//! one.

pub(super) mod text;

use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::exit::{Exit, Failure};
use crate::address::Address;
use crate::journal::RunId;
use crate::render::safe;
use crate::state::{State, Tracked};
use crate::store::{FileProblem, RunRecord, SqliteStore};

/// Flags of `state`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists every object in state
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows one object: what was last applied, what was last seen
    Show {
        /// The object, such as task.orders or 'task.orders["00"]'
        address: Address,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows what the last run, or another, was about to send and what came of it
    Journal {
        /// The run; without it, the last one
        #[arg(long, value_name = "N")]
        run: Option<i64>,
        /// Prints JSON: every run, or the one that was asked for
        #[arg(long)]
        json: bool,
    },
}

/// Runs `state`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let shown = match &args.command {
        Command::List { json } => list(context, *json)?,
        Command::Show { address, json } => show(context, address, *json)?,
        Command::Journal { run, json } => journal(context, run.map(RunId), *json)?,
    };
    if !shown.is_empty() {
        context.ui.result(&shown);
    }
    Ok(Exit::Done)
}

/// The store, or `None` with a note when nothing was applied yet.
fn open(context: &Context) -> Result<Option<SqliteStore>, Failure> {
    let path = context.state_path();
    match SqliteStore::open_read_only(&path) {
        Ok(store) => Ok(Some(store)),
        Err(error) if error.problem() == Some(&FileProblem::Missing) => {
            let path = path.display().to_string();
            let note = format!(
                "Nothing was applied yet: there is no {}.",
                safe::line(&path)
            );
            context.ui.note(&note);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn list(context: &Context, json: bool) -> Result<String, Failure> {
    let state = match open(context)? {
        Some(store) => Some(store.state()?),
        None => None,
    };
    Ok(match state {
        _ if json => {
            let rows = state.iter().flat_map(|state| &state.resources);
            pretty(
                &rows
                    .map(|(address, tracked)| row(address, tracked))
                    .collect(),
            )
        }
        Some(state) if state.resources.is_empty() => {
            context.ui.note("State holds no objects.");
            String::new()
        }
        Some(state) => text::list(&state),
        None => String::new(),
    })
}

fn row(address: &Address, Tracked { object, .. }: &Tracked) -> Value {
    json!({
        "address": address,
        "kind": address.kind.as_str(),
        "id": text::remote_id(object),
        "name": text::name(object),
        "status": text::status(object),
    })
}

fn show(context: &Context, address: &Address, json: bool) -> Result<String, Failure> {
    let store = open(context)?;
    let state = match &store {
        Some(store) => store.state()?,
        None => return Err(unknown(address, None)),
    };
    let tracked = state
        .resources
        .get(address)
        .ok_or_else(|| unknown(address, Some(&state)))?;
    let generation = state.generations.get(address).copied().unwrap_or(0);
    let seen = match &store {
        Some(store) => store.actual(address)?,
        None => None,
    };
    if json {
        let seen = seen.map(|(object, at)| json!({ "at": at, "object": object }));
        return Ok(pretty(&json!({
            "address": address,
            "object": tracked.object,
            "depends_on": tracked.depends_on,
            "protect": tracked.protect,
            "generation": generation,
            "seen": seen,
        })));
    }
    Ok(text::show(address, tracked, generation, seen.as_ref()))
}

fn unknown(address: &Address, state: Option<&State>) -> Failure {
    let failure = Failure::new(Exit::Error, format!("`{address}` is not in state"));
    let near = state.into_iter().flat_map(|state| state.resources.keys());
    let near = near
        .map(|known| {
            (
                strsim::damerau_levenshtein(&known.to_string(), &address.to_string()),
                known,
            )
        })
        .min();
    match near {
        Some((distance, known)) if distance <= 3 => {
            failure.hint(format!("did you mean `{known}`?"))
        }
        _ => failure.hint("`syncform state list` lists what is"),
    }
}

fn journal(context: &Context, asked: Option<RunId>, json: bool) -> Result<String, Failure> {
    let Some(store) = open(context)? else {
        return Ok(if json {
            pretty(&json!([]))
        } else {
            String::new()
        });
    };
    let mut runs = store.runs()?;
    if let Some(asked) = asked
        && !runs.iter().any(|run| run.id == asked)
    {
        return Err(
            Failure::new(Exit::Error, format!("there is no run {}", asked.0))
                .hint("`syncform state journal` lists the runs that are kept"),
        );
    }
    if json {
        runs.retain(|run| asked.is_none_or(|asked| run.id == asked));
        let runs: Result<Value, Failure> = runs.iter().map(|run| run_json(&store, run)).collect();
        return Ok(pretty(&runs?));
    }
    let Some(shown) = asked.or_else(|| runs.last().map(|run| run.id)) else {
        context.ui.note("Nothing was applied yet.");
        return Ok(String::new());
    };
    let (shown, others): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.id == shown);
    let mut text = String::new();
    for run in &shown {
        text.push_str(&text::journal(run, &store.journal(run.id)?, &others));
    }
    Ok(text)
}

fn run_json(store: &SqliteStore, run: &RunRecord) -> Result<Value, Failure> {
    let (ended, outcome) = run.ended.map(|(at, end)| (at, end.as_str())).unzip();
    Ok(json!({
        "run": run.id,
        "began": run.began,
        "ended": ended,
        "outcome": outcome,
        "entries": store.journal(run.id)?,
    }))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}
