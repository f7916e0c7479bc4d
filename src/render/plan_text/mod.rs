//! A plan for people: what will happen, why, and what it costs.

mod change;
mod fields;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::paint::Paint;
use super::{phrase, safe};
use crate::address::Address;
use crate::diff::Action;
use crate::plan::{Mode, Plan, Planned};

/// Lines are broken so that they fit beside an editor; names longer than that are not cut.
const WIDTH: usize = 100;

/// The whole plan.
pub fn plan(plan: &Plan, color: bool) -> String {
    let mut out = String::new();
    write(&mut out, plan, Paint::new(color)).expect("a string takes all");
    out
}

fn write(out: &mut String, plan: &Plan, paint: Paint) -> fmt::Result {
    head(out, plan)?;
    drift(out, plan, paint)?;
    changes(out, plan, paint)?;
    left_behind(out, plan, paint)?;
    end(out, plan, paint)
}

fn head(out: &mut String, plan: &Plan) -> fmt::Result {
    let service = match plan.service.endpoint.as_str() {
        "embedded" => {
            writeln!(
                out,
                "Embedded endpoint: an emulator inside this process; no cloud account is touched."
            )?;
            String::new()
        }
        "region" => plan
            .service
            .region
            .as_deref()
            .map_or_else(String::new, |region| {
                format!(", region {}", safe::line(region))
            }),
        url => format!(", endpoint {}", safe::line(url)),
    };
    let environment = plan
        .environment
        .as_deref()
        .map_or_else(String::new, |name| {
            format!(", environment {}", safe::line(name))
        });
    writeln!(
        out,
        "Stack {}{environment}{service}.",
        safe::line(&plan.stack)
    )?;
    if plan.offline {
        writeln!(
            out,
            "Offline: the API was not asked; the manifests are compared with the state alone."
        )?;
    }
    out.write_char('\n')
}

fn drift(out: &mut String, plan: &Plan, paint: Paint) -> fmt::Result {
    if plan.drift.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint.bold("Changed outside of syncform:"))?;
    out.write_char('\n')?;
    for drift in &plan.drift {
        writeln!(
            out,
            "  {} {}",
            paint.yellow('!'),
            phrase::address(&drift.address)
        )?;
        for difference in &drift.differences {
            writeln!(out, "      {}", safe::line(difference))?;
        }
    }
    out.write_char('\n')
}

fn changes(out: &mut String, plan: &Plan, paint: Paint) -> fmt::Result {
    if plan.changes.is_empty() {
        return Ok(());
    }
    let heading = match plan.mode {
        Mode::Destroy => "To destroy:",
        Mode::Apply | Mode::RefreshOnly => "Changes:",
    };
    writeln!(out, "{}\n", paint.bold(heading))?;
    let mut first_of = BTreeMap::<(Address, Action), &Planned>::new();
    for planned in &plan.changes {
        let change = &planned.change;
        let block = (change.address.block(), change.action);
        match first_of.get(&block) {
            Some(first) if change::is_alike(first, planned) => {
                change::short(out, first, planned, paint)?;
            }
            Some(_) => change::full(out, planned, paint)?,
            None => {
                change::full(out, planned, paint)?;
                first_of.insert(block, planned);
            }
        }
    }
    Ok(())
}

/// What destroy leaves behind, once more and together: it is what stays when all is over.
fn left_behind(out: &mut String, plan: &Plan, paint: Paint) -> fmt::Result {
    let count = plan.left_behind().count();
    if count == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "{}\n",
        paint.bold(format_args!("{} left behind:", stays(count)))
    )?;
    for planned in plan.left_behind() {
        let Some(withheld) = &planned.change.withheld else {
            continue;
        };
        writeln!(
            out,
            "    {}: {}",
            phrase::address(&planned.change.address),
            safe::line(&withheld.why)
        )?;
    }
    out.write_char('\n')
}

fn stays(count: usize) -> String {
    format!("{} will be", phrase::counted(count, "object"))
}

fn end(out: &mut String, plan: &Plan, paint: Paint) -> fmt::Result {
    if plan.is_empty() {
        writeln!(out, "{}", phrase::nothing(plan))?;
        return writeln!(out, "Plan hash: {}", safe::line(&plan.hash));
    }
    let summary = plan.summary();
    writeln!(
        out,
        "{} {}.",
        paint.bold("Plan:"),
        phrase::action_counts(plan)
    )?;
    for cost in phrase::cost_summary(plan) {
        writeln!(out, "{} {cost}.", paint.yellow("Effect:"))?;
    }
    let refused = plan.refusals().count();
    if refused > 0 {
        writeln!(
            out,
            "{} {}; apply refuses this plan until {}.",
            paint.yellow("Withheld:"),
            phrase::counted(refused, "change"),
            if refused == 1 {
                "it is settled"
            } else {
                "they are settled"
            }
        )?;
    }
    writeln!(out, "API calls: {}.", phrase::all_calls(&summary))?;
    writeln!(out, "Plan hash: {}", safe::line(&plan.hash))
}
