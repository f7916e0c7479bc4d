//! `show`: a saved plan, or what the state knows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::files;
use super::plan::Format;
use crate::plan::Plan;
use crate::render::{json_text, plan_json, plan_markdown, plan_text, state_json, state_text};
use crate::state::State;
use crate::store::SqliteStore;

/// Flags of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan that `syncform plan --out` saved; without it, the state
    #[arg(value_name = "PLAN")]
    saved: Option<PathBuf>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The longest text to print, as a comment's size is limited; Markdown only
    #[arg(long, value_name = "N")]
    max_bytes: Option<usize>,
}

/// Runs `show`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let format = if args.json { Format::Json } else { args.format };
    if args.max_bytes.is_some() && format != Format::Markdown {
        return Err(Failure::new(
            Exit::Usage,
            "--max-bytes goes with --format markdown",
        ));
    }
    let color = context.ui.color_out();
    let text = match &args.saved {
        Some(file) => {
            let plan = files::read_plan(file, "shown")?;
            match format {
                Format::Text => plan_text::plan(&plan, color),
                Format::Markdown => plan_markdown::plan(&plan, args.max_bytes),
                Format::Json => {
                    json_text::document(&plan_json::plan(&plan, &prior_of(&plan, context)))
                }
            }
        }
        None => {
            let state = SqliteStore::open_read_only(&context.state_path())?.state()?;
            match format {
                Format::Text => state_text::state(&state),
                Format::Json => json_text::document(&state_json::state(&state)),
                Format::Markdown => {
                    let message = "--format markdown goes with a saved plan";
                    return Err(Failure::new(Exit::Usage, message));
                }
            }
        }
    };
    context.ui.result(&text);
    Ok(Exit::Done)
}

/// The state that the plan was made from, where it is at hand and has not moved on. A plan is published without it.
fn prior_of(plan: &Plan, context: &Context) -> State {
    let path = context.state_path_of(plan.environment.as_deref());
    let at_hand = SqliteStore::open_read_only(&path)
        .and_then(|store| store.state())
        .ok();
    at_hand
        .filter(|state| state.lineage == plan.base.lineage && state.serial == plan.base.serial)
        .unwrap_or_else(|| State {
            lineage: plan.base.lineage.clone(),
            serial: plan.base.serial,
            resources: BTreeMap::new(),
            generations: BTreeMap::new(),
        })
}
