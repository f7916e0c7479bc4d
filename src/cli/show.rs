//! `show`: a saved plan, or what the state knows.

use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::files;
use super::plan::Format;
use crate::plan;
use crate::render::{plan_json, plan_markdown, plan_text, state_json, state_text};
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
        return Err(Failure::new(Exit::Usage, "--max-bytes goes with --format markdown"));
    }
    let text = match &args.saved {
        Some(file) => {
            let plan = plan::file::read(&files::read(file)?).map_err(|error| {
                Failure::of(&error).context(format!("{} cannot be shown", file.display()))
            })?;
            match format {
                Format::Text => plan_text::plan(&plan, context.ui.color_out()),
                Format::Markdown => plan_markdown::plan(&plan, args.max_bytes),
                Format::Json => pretty(&plan_json::saved(&plan)),
            }
        }
        None => {
            let state = SqliteStore::open_read_only(&context.state_path())?.state()?;
            match format {
                Format::Text => state_text::state(&state),
                Format::Json => pretty(&state_json::state(&state)),
                Format::Markdown => {
                    return Err(Failure::new(Exit::Usage, "--format markdown goes with a saved plan"));
                }
            }
        }
    };
    context.ui.result(&text);
    Ok(Exit::Done)
}

fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("JSON values have a text form");
    text.push('\n');
    text
}
