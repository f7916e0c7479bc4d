//! A plan as a comment on a pull request: the headline first, then a row for each change, the rest folded.
//!
//! Comments have a size limit. What does not fit is cut from the end: details first, then rows. The headline and the hash
//! stay, and the comment says what was cut.

mod escape;

use std::fmt::Write;

use escape::{code, fence, prose};

use super::paint::Paint;
use super::{phrase, plan_text, safe};
use crate::diff::{Drift, Effect};
use crate::plan::{Plan, Planned};

const DRIFT: &str = "Changed outside of syncform";
const DETAILS: &str = "Details";

/// The comment, of at most `max_bytes` bytes.
pub fn plan(plan: &Plan, max_bytes: Option<usize>) -> String {
    let limit = max_bytes.unwrap_or(usize::MAX);
    let (headline, head, foot) = (headline(plan), head(plan), foot(plan));
    let frame = headline.len() + head.len() + foot.len();
    let body = limit.checked_sub(frame).and_then(|room| body(plan, room));
    if let Some(body) = body {
        return format!("{headline}{head}{body}{foot}");
    }
    let cut = "\n_All else is left out: it would not fit into the comment._\n";
    let shorter = [
        format!("{headline}{cut}{foot}"),
        format!("{headline}{foot}"),
        format!("{}\n", plan.hash),
    ];
    let fitting = shorter.iter().find(|text| text.len() <= limit);
    match fitting {
        Some(text) => text.clone(),
        // Not even the hash: what there is room for.
        None => plan.hash[..plan.hash.floor_char_boundary(limit)].to_owned(),
    }
}

fn headline(plan: &Plan) -> String {
    if plan.is_empty() {
        return format!("### {}\n", phrase::nothing(plan));
    }
    format!("### Plan: {}\n", phrase::action_counts(plan))
}

fn foot(plan: &Plan) -> String {
    format!("\nPlan hash: {}\n", code(&plan.hash))
}

/// What holds for the whole plan, a paragraph each.
fn head(plan: &Plan) -> String {
    let mut head = String::new();
    let mut line = |text: String| writeln!(head, "\n{text}").expect("a string takes all");
    if plan.service.endpoint == "embedded" {
        line("Embedded endpoint: an emulator; no cloud account is touched.".to_owned());
    }
    let environment = plan.environment.as_deref().map(code);
    let environment = environment.map_or_else(String::new, |name| format!(", environment {name}"));
    line(format!("Stack {}{environment}.", code(&plan.stack)));
    if plan.offline {
        line("Planned offline: the API was not asked.".to_owned());
    }
    if let Some(worst) = worst(plan) {
        line(format!("**Worst effect: {}.**", worst));
    }
    let refused = plan.refusals().count();
    if refused > 0 {
        let changes = phrase::counted(refused, "change");
        line(format!("**{changes} withheld: apply refuses this plan.**"));
    }
    let stays = phrase::left_behind(plan).count();
    if stays > 0 {
        line(format!(
            "**{} will be left behind.**",
            phrase::counted(stays, "object")
        ));
    }
    if !plan.drift.is_empty() {
        let objects = phrase::counted_was(plan.drift.len(), "object");
        line(format!("{objects} changed outside of syncform."));
    }
    if !plan.is_empty() {
        line(format!(
            "API calls: {}.",
            phrase::all_calls(&plan.summary())
        ));
    }
    head
}

/// The dearest effect of what is carried out, in words; nothing if no data pays for it.
fn worst(plan: &Plan) -> Option<&'static str> {
    let carried_out = plan.changes.iter().map(|planned| &planned.change);
    let costly =
        carried_out.filter(|change| change.withheld.is_none() && change.effect > Effect::InPlace);
    phrase::cost(costly.max_by_key(|change| change.effect)?)
}

/// The parts of the comment that may be cut: each text whole or not at all.
struct Parts {
    rows: Vec<String>,
    drift: Vec<String>,
    details: Vec<String>,
}

/// How many texts of each part are shown.
#[derive(Clone, Copy)]
struct Shown {
    rows: usize,
    drift: usize,
    details: usize,
}

/// As much of the parts as there is room for, with a note of what is missing; nothing if not even the note fits.
fn body(plan: &Plan, room: usize) -> Option<String> {
    let parts = Parts {
        rows: plan.changes.iter().map(row).collect(),
        drift: plan.drift.iter().map(drift_text).collect(),
        details: plan_text::change_texts(plan, Paint::new(false)).collect(),
    };
    let mut shown = Shown {
        rows: parts.rows.len(),
        drift: parts.drift.len(),
        details: parts.details.len(),
    };
    let whole = parts.write(shown);
    if whole.len() <= room {
        return Some(whole);
    }
    // No note is longer than one that everything is missing.
    let mut left = room.checked_sub(
        parts
            .missing(Shown {
                rows: 0,
                drift: 0,
                details: 0,
            })
            .len(),
    )?;
    shown.rows = fitting(&parts.rows, &mut left, table(&[]).len());
    let wrapping = |title, texts: &[String]| section(title, &fence(texts), &[]).len();
    let (drift, details) = (
        wrapping(DRIFT, &parts.drift),
        wrapping(DETAILS, &parts.details),
    );
    shown.drift = fitting(&parts.drift, &mut left, drift);
    shown.details = match shown.rows == parts.rows.len() {
        true => fitting(&parts.details, &mut left, details),
        false => 0,
    };
    Some(parts.write(shown) + &parts.missing(shown))
}

impl Parts {
    fn write(&self, shown: Shown) -> String {
        let mut body = String::new();
        if shown.rows > 0 {
            body.push_str(&table(&self.rows[..shown.rows]));
        }
        if shown.drift > 0 {
            let fence = fence(&self.drift);
            body.push_str(&section(DRIFT, &fence, &self.drift[..shown.drift]));
        }
        if shown.details > 0 {
            let fence = fence(&self.details);
            body.push_str(&section(DETAILS, &fence, &self.details[..shown.details]));
        }
        body
    }

    /// The note of what is not shown.
    fn missing(&self, shown: Shown) -> String {
        let missing: Vec<String> = [
            (self.rows.len() - shown.rows, "change"),
            (self.drift.len() - shown.drift, "drifted object"),
            (self.details.len() - shown.details, "detail"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| phrase::counted(count, what))
        .collect();
        let missing = missing.join(", ");
        format!("\n_Left out, since they would not fit into the comment: {missing}._\n")
    }
}

/// How many of the first texts fit beside what wraps them; takes their room.
fn fitting(texts: &[String], left: &mut usize, wrapping: usize) -> usize {
    let Some(mut rest) = left.checked_sub(wrapping) else {
        return 0;
    };
    let mut count = 0;
    for text in texts {
        let Some(after) = rest.checked_sub(text.len()) else {
            break;
        };
        (rest, count) = (after, count + 1);
    }
    if count > 0 {
        *left = rest;
    }
    count
}

fn table(rows: &[String]) -> String {
    let head = "| | change | action | effect | why |\n| --- | --- | --- | --- | --- |\n";
    format!("\n{head}{}", rows.concat())
}

fn row(Planned { change, .. }: &Planned) -> String {
    let effect = match change.effect {
        Effect::None => String::new(),
        effect => code(effect.as_str()),
    };
    let mut why = prose(&change.reason.text);
    if let Some(location) = &change.reason.location {
        write!(why, " ({})", code(&phrase::location(location))).expect("a string takes all");
    }
    let withheld = match &change.withheld {
        Some(withheld) => {
            write!(why, "; {}", prose(&withheld.why)).expect("a string takes all");
            ", **withheld**"
        }
        None => "",
    };
    format!(
        "| {} | {} | {}{withheld} | {effect} | {why} |\n",
        code(phrase::symbol(change.action)),
        code(&change.address.to_string()),
        change.action.as_str(),
    )
}

fn drift_text(drift: &Drift) -> String {
    let mut text = format!("{}\n", phrase::address(&drift.address));
    for difference in &drift.differences {
        writeln!(text, "    {}", safe::line(difference)).expect("a string takes all");
    }
    text
}

/// A folded section with texts as they are.
fn section(title: &str, fence: &str, texts: &[String]) -> String {
    let texts = texts.concat();
    format!("\n<details><summary>{title}</summary>\n\n{fence}text\n{texts}{fence}\n\n</details>\n")
}
