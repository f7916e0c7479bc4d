//! An apply for people: a line for what happens, and what it all came to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use super::paint::Paint;
use super::{phrase, safe};
use crate::address::Address;
use crate::execute::{Ended, Outcome, Progress};
use crate::journal::StepId;
use crate::plan::{Op, Plan};

/// So many addresses that share a reason are named; the next plan names the rest.
const NAMED: usize = 20;

/// What an interrupt is answered with.
const STOPPING: &str = "Interrupted: the calls on their way are finished first, nothing new begins. Once more stops at once.";

/// What a terminal without a cursor shows of one thing that happened. Steps are shown from `verbose` 1.
pub fn progress_line(progress: &Progress, verbose: u8) -> Option<String> {
    let (address, what) = match progress {
        Progress::Stopping => return Some(STOPPING.to_owned()),
        Progress::Started { address, action } => (address, format!("{}…", phrase::doing(*action))),
        Progress::Step { .. } if verbose == 0 => return None,
        Progress::Step {
            address,
            op,
            attempt,
        } => {
            let again = match attempt {
                0 => String::new(),
                again => format!(" (again, {again})"),
            };
            (address, format!("{}{again}", op.as_str()))
        }
        Progress::Complete { address, action } => (address, phrase::done(*action).to_owned()),
        Progress::Failed {
            address,
            op,
            failure,
        } => {
            let failure = failure.to_string();
            (
                address,
                format!("failed at {}: {}", op.as_str(), safe::line(&failure)),
            )
        }
        Progress::Skipped { address, because } => (
            address,
            format!("skipped, since `{}` failed", phrase::address(because)),
        ),
    };
    Some(format!("{}: {what}", phrase::address(address)))
}

/// What the run came to, and what to do next.
pub fn summary(outcome: &Outcome, plan: &Plan, color: bool) -> String {
    let mut out = String::new();
    write(&mut out, outcome, plan, Paint::new(color)).expect("a string takes all");
    out
}

fn write(out: &mut String, outcome: &Outcome, plan: &Plan, paint: Paint) -> fmt::Result {
    headline(out, outcome, plan, paint)?;
    failed(out, outcome, paint)?;
    left(out, outcome, plan, paint)?;
    in_doubt(out, outcome, plan, paint)?;
    left_behind(out, plan, paint)?;
    hints(out, outcome, paint)
}

fn headline(out: &mut String, outcome: &Outcome, plan: &Plan, paint: Paint) -> fmt::Result {
    let did = paint
        .bold(format_args!("{}:", phrase::did(plan.mode)))
        .to_string();
    writeln!(out, "{did} {}.", phrase::outcome_counts(outcome))?;
    match outcome.ended {
        Ended::Complete | Ended::Partial => Ok(()),
        Ended::QuotaSpent => writeln!(
            out,
            "The run ended early: the account has no API calls left for now."
        ),
        Ended::Interrupted => writeln!(out, "The run ended early: it was interrupted."),
    }
}

fn failed(out: &mut String, outcome: &Outcome, paint: Paint) -> fmt::Result {
    if outcome.failed.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.bold(paint.red("Failed:")))?;
    for (address, op, failure) in &outcome.failed {
        writeln!(out, "  {} at {}", phrase::address(address), op.as_str())?;
        writeln!(out, "      {}", safe::line(&failure.to_string()))?;
    }
    Ok(())
}

fn left(out: &mut String, outcome: &Outcome, plan: &Plan, paint: Paint) -> fmt::Result {
    if outcome.left.is_empty() {
        return Ok(());
    }
    let mut by_cause = BTreeMap::<Option<&Address>, Vec<String>>::new();
    let causes = causes(outcome, plan);
    for address in &outcome.left {
        let cause = causes.get(address).copied();
        by_cause
            .entry(cause)
            .or_default()
            .push(phrase::address(address));
    }
    writeln!(out, "\n{}", paint.bold("Left to do:"))?;
    for (cause, addresses) in by_cause {
        let why = match cause {
            Some(failed) => format!("since `{}` failed", phrase::address(failed)),
            None => "not finished".to_owned(),
        };
        writeln!(out, "  {why}: {}", phrase::folded(&addresses, NAMED))?;
    }
    Ok(())
}

/// For each change that waits for a failed one, directly or not, which one that is. The plan's order is the graph's, so that
/// what is waited for is known before who waits.
fn causes<'a>(outcome: &'a Outcome, plan: &'a Plan) -> BTreeMap<&'a Address, &'a Address> {
    let failed: BTreeSet<&Address> = outcome.failed.iter().map(|(address, ..)| address).collect();
    let mut causes = BTreeMap::<&Address, &Address>::new();
    for planned in &plan.changes {
        let cause = planned.waits_for.iter().find_map(|needed| {
            let itself = failed.get(needed).copied();
            itself.or_else(|| causes.get(needed).copied())
        });
        if let Some(cause) = cause {
            causes.insert(&planned.change.address, cause);
        }
    }
    causes
}

/// Steps in doubt of changes that did not fail: a failure says so itself.
fn in_doubt(out: &mut String, outcome: &Outcome, plan: &Plan, paint: Paint) -> fmt::Result {
    let told: BTreeSet<&Address> = outcome.failed.iter().map(|(address, ..)| address).collect();
    let doubts: Vec<String> = outcome
        .in_doubt
        .iter()
        .filter_map(|step| step_of(plan, *step))
        .filter(|(address, _)| !told.contains(address))
        .map(|(address, op)| format!("{} ({})", phrase::address(address), op.as_str()))
        .collect();
    if doubts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.bold("Not known whether it took effect:"))?;
    writeln!(out, "  {}", phrase::folded(&doubts, NAMED))
}

fn step_of(plan: &Plan, id: StepId) -> Option<(&Address, Op)> {
    plan.changes.iter().find_map(|planned| {
        let step = planned.steps.iter().find(|step| step.id == id)?;
        Some((&planned.change.address, step.op))
    })
}

fn left_behind(out: &mut String, plan: &Plan, paint: Paint) -> fmt::Result {
    if phrase::left_behind(plan).next().is_none() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.bold("Left behind:"))?;
    for planned in phrase::left_behind(plan) {
        if let Some(withheld) = &planned.change.withheld {
            let address = phrase::address(&planned.change.address);
            writeln!(out, "  {address}: {}", safe::line(&withheld.why))?;
            writeln!(out, "      to remove it: {}", safe::line(&withheld.instead))?;
        }
    }
    Ok(())
}

/// What to do next, each piece of advice once.
fn hints(out: &mut String, outcome: &Outcome, paint: Paint) -> fmt::Result {
    let mut hints: Vec<String> = Vec::new();
    let of_failures = outcome
        .failed
        .iter()
        .filter_map(|(.., failure)| failure.hint());
    let begun = of_failures
        .clone()
        .any(|hint| hint.starts_with("apply again"));
    let of_end = match outcome.ended {
        Ended::Partial if begun => None,
        Ended::Complete => None,
        Ended::Partial => Some("apply again: it goes on where this run stopped"),
        Ended::QuotaSpent => {
            Some("apply again once the account has calls: it goes on where this run stopped")
        }
        Ended::Interrupted => Some("apply again: it settles what was on its way, and goes on"),
    };
    for hint in of_failures.chain(of_end.map(str::to_owned)) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if !hints.is_empty() {
        out.write_char('\n')?;
    }
    for hint in hints {
        writeln!(out, "{} {}", paint.bold("hint:"), safe::line(&hint))?;
    }
    Ok(())
}
