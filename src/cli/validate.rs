//! `validate`: every mistake of the manifests; no network, no state.

use super::context::Context;
use super::exit::{Exit, Failure};
use super::stack;
use crate::address::Kind;
use crate::desired::Desired;
use crate::manifest::Sources;
use crate::render::{diagnostics_json, safe};

/// Flags of `validate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints one JSON document, in the shape of `terraform validate -json`
    #[arg(long)]
    json: bool,
}

/// Runs `validate`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (sources, checked, diagnostics) = stack::check(context);
    if args.json {
        let document = diagnostics_json::validation(&sources.map, &diagnostics);
        context.ui.result(&format!("{document:#}\n"));
        return Ok(if diagnostics.has_errors() {
            Exit::Error
        } else {
            Exit::Done
        });
    }
    stack::show(context, &sources, &diagnostics)?;
    if let Some((desired, _)) = checked {
        context.ui.result(&summary(&sources, &desired));
    }
    Ok(Exit::Done)
}

/// What a sound stack has.
fn summary(sources: &Sources, desired: &Desired) -> String {
    let counts: Vec<String> = Kind::ALL
        .into_iter()
        .filter_map(|kind| {
            let of = desired.resources.keys().filter(|a| a.kind == kind).count();
            match (of, kind) {
                (0, _) => None,
                (1, _) => Some(format!("1 {}", kind.noun())),
                (n, Kind::DdlPolicy) => Some(format!("{n} DDL policies")),
                (n, _) => Some(format!("{n} {}s", kind.noun())),
            }
        })
        .collect();
    let counts = if counts.is_empty() {
        "no resources".to_owned()
    } else {
        counts.join(", ")
    };
    let environment = match &desired.stack.environment {
        Some(environment) => format!(", environment `{}`,", safe::line(environment)),
        None => String::new(),
    };
    let files = match sources.manifests.len() {
        1 => "1 manifest".to_owned(),
        n => format!("{n} manifests"),
    };
    format!(
        "The stack `{}`{environment} is sound: {counts}; in {files}.\n",
        safe::line(&desired.stack.name)
    )
}
