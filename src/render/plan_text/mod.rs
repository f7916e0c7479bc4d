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
    for text in change_texts(plan, paint) {
        out.push_str(&text);
    }
    Ok(())
}

/// Every change of a plan by itself, in the plan's order: in full, or by what differs from an earlier instance of its block.
pub(super) fn change_texts(plan: &Plan, paint: Paint) -> impl Iterator<Item = String> {
    let mut first_of = BTreeMap::<(Address, Action), &Planned>::new();
    plan.changes.iter().map(move |planned| {
        let block = (planned.change.address.block(), planned.change.action);
        let first = *first_of.entry(block).or_insert(planned);
        let mut text = String::new();
        let written = if !std::ptr::eq(first, planned) && change::is_alike(first, planned) {
            change::short(&mut text, first, planned, paint)
        } else {
            change::full(&mut text, planned, paint)
        };
        written.expect("a string takes all");
        text
    })
}

/// What destroy leaves behind, once more and together: it is what stays when all is over.
fn left_behind(out: &mut String, plan: &Plan, paint: Paint) -> fmt::Result {
    let count = phrase::left_behind(plan).count();
    if count == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "{}\n",
        paint.bold(format_args!("{} left behind:", stays(count)))
    )?;
    for planned in phrase::left_behind(plan) {
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
