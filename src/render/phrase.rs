//! The words that every form of a plan and of an apply shares: what an action is called, what an effect costs, how things
//! are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::safe;
use crate::address::Address;
use crate::diff::{Action, Change, Effect, Reason, WithheldKind};
use crate::execute::Outcome;
use crate::plan::{CallKind, Mode, Op, Plan, Planned, Summary};
use crate::source::Location;

/// The sign before a change.
pub(super) fn symbol(action: Action) -> &'static str {
    match action {
        Action::Delete => "-",
        Action::Forget => ".",
        Action::Create => "+",
        Action::Adopt => "<-",
        Action::Replace => "-/+",
        Action::Update | Action::Restart => "~",
        Action::Start => ">",
        Action::Stop => "x",
    }
}

/// What an action that is on its way is called.
pub(super) fn doing(action: Action) -> &'static str {
    match action {
        Action::Delete => "deleting",
        Action::Forget => "forgetting",
        Action::Create => "creating",
        Action::Adopt => "adopting",
        Action::Replace => "replacing",
        Action::Update => "updating",
        Action::Restart => "restarting",
        Action::Start => "starting",
        Action::Stop => "stopping",
    }
}

/// What an action that was carried out is called.
pub(super) fn done(action: Action) -> &'static str {
    match action {
        Action::Delete => "deleted",
        Action::Forget => "forgotten",
        Action::Create => "created",
        Action::Adopt => "adopted",
        Action::Replace => "replaced",
        Action::Update => "updated",
        Action::Restart => "restarted",
        Action::Start => "started",
        Action::Stop => "stopped",
    }
}

/// What a change costs the data, in plain words; nothing if it costs nothing.
pub(super) fn cost(change: &Change) -> Option<&'static str> {
    match (change.effect, change.action) {
        (Effect::None, _) => None,
        // Why it is withheld says it already.
        (Effect::Impossible, _) if change.withheld.is_some() => None,
        (Effect::InPlace, _) => Some("it changes where it is; data goes on flowing"),
        (Effect::Restart, _) => Some("the task stops for a moment and goes on where it was"),
        (Effect::InitTables, _) => {
            Some("the task restarts; added tables are loaded from the beginning")
        }
        (Effect::Resync, Action::Delete) => {
            Some("data stops flowing; a task made anew loads all tables from the beginning")
        }
        (Effect::Resync, _) => Some("all tables are loaded from the beginning"),
        (Effect::Impossible, _) => Some("impossible through this API"),
    }
}

/// What all changes that are carried out cost the data, the dearest first; nothing for what costs no data.
pub(super) fn cost_summary(plan: &Plan) -> Vec<String> {
    let mut counts = BTreeMap::<(Effect, bool), usize>::new();
    for Planned { change, .. } in &plan.changes {
        if change.withheld.is_none() {
            let ends = change.action == Action::Delete;
            *counts.entry((change.effect, ends)).or_default() += 1;
        }
    }
    let lines = counts
        .into_iter()
        .rev()
        .filter_map(|((effect, ends), count)| {
            let will = match (effect, ends) {
                (Effect::None | Effect::InPlace | Effect::Impossible, _) => return None,
                (Effect::Restart, _) => "will stop for a moment",
                (Effect::InitTables, _) => "will reload added tables",
                (Effect::Resync, true) => "will be gone, and made anew would reload all tables",
                (Effect::Resync, false) => "will reload all tables",
            };
            Some(format!("{} {will}", counted(count, "task")))
        });
    lines.collect()
}

/// What kind of no it is, as a heading for its reason.
pub(super) fn withheld(kind: WithheldKind) -> &'static str {
    match kind {
        WithheldKind::Protected => "protected",
        WithheldKind::Impossible => "impossible",
        WithheldKind::Unsupported => "unsupported",
        WithheldKind::Conflict => "conflict",
        WithheldKind::StillNeeded => "still needed",
    }
}

/// `1 task`, `2 tasks`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", plural(count))
}

/// The ending of a regular noun.
pub(super) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// An address as a terminal may show it.
pub(super) fn address(address: &Address) -> String {
    safe::line(&address.to_string()).into_owned()
}

/// `tasks/orders.toml:12`
pub(super) fn location(location: &Location) -> String {
    format!("{}:{}", safe::line(&location.file), location.line)
}

/// `it does not exist yet (tasks/orders.toml:12)`
pub(super) fn reason(reason: &Reason) -> String {
    let mut text = safe::line(&reason.text).into_owned();
    if let Some(at) = &reason.location {
        write!(text, " ({})", location(at)).expect("a string takes all");
    }
    text
}

/// `generate → poll → create`
pub(super) fn steps(planned: &Planned) -> String {
    let words: Vec<&str> = ops(planned).map(Op::as_str).collect();
    words.join(" → ")
}

/// What each step of a change does.
pub(super) fn ops(planned: &Planned) -> impl Iterator<Item = Op> {
    planned.steps.iter().map(|step| step.op)
}

/// `4 writes, 2+ reads`: what is waited for is asked for again, so that reads are counted from below.
pub(super) fn calls(planned: &Planned) -> String {
    let (writes, reads) = (
        planned.calls(CallKind::Write),
        planned.calls(CallKind::Read),
    );
    let writes = (writes > 0).then(|| counted(writes, "write"));
    let reads = (reads > 0).then(|| format!("{reads}+ read{}", plural(reads)));
    let counts: Vec<String> = writes.into_iter().chain(reads).collect();
    if counts.is_empty() {
        "no API call".to_owned()
    } else {
        counts.join(", ")
    }
}

/// What a destroy that is carried out leaves behind: not what makes apply refuse it.
pub(super) fn left_behind(plan: &Plan) -> impl Iterator<Item = &Planned> {
    let refused: BTreeSet<&Address> = plan
        .refusals()
        .map(|planned| &planned.change.address)
        .collect();
    plan.left_behind()
        .filter(move |planned| !refused.contains(&planned.change.address))
}

/// `21 writes, 12 reads or more`, of a whole plan.
pub(super) fn all_calls(summary: &Summary) -> String {
    let writes = counted(summary.writes, "write");
    match summary.reads {
        0 => format!("{writes}, no reads"),
        reads => format!("{writes}, {} or more", counted(reads, "read")),
    }
}

/// `1 to delete, 4 to create`: what will be carried out, deletes first.
pub(super) fn action_counts(plan: &Plan) -> String {
    let counts: Vec<String> = plan
        .summary()
        .actions
        .iter()
        .map(|(action, count)| format!("{count} to {}", action.as_str()))
        .collect();
    if counts.is_empty() {
        "nothing to do".to_owned()
    } else {
        counts.join(", ")
    }
}

/// What a run of a plan did, before the counts of it.
pub(super) fn did(mode: Mode) -> &'static str {
    match mode {
        Mode::Destroy => "Destroyed",
        Mode::Apply | Mode::RefreshOnly => "Applied",
    }
}

/// `1 deleted, 4 created; 1 failed; 2 left to do`: what a run came to.
pub(super) fn outcome_counts(outcome: &Outcome) -> String {
    let mut counts = BTreeMap::<Action, usize>::new();
    for (_, action) in &outcome.complete {
        *counts.entry(*action).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(action, count)| format!("{count} {}", done(action)))
        .collect();
    let mut text = match counts.is_empty() {
        true => "nothing".to_owned(),
        false => counts.join(", "),
    };
    let rest = [
        (outcome.failed.len(), "failed"),
        (outcome.left.len(), "left to do"),
    ];
    for (count, what) in rest.into_iter().filter(|(count, _)| *count > 0) {
        write!(text, "; {count} {what}").expect("a string takes all");
    }
    text
}

/// What a plan that does nothing says.
pub(super) fn nothing(plan: &Plan) -> String {
    let drifted = plan.drift.len();
    match plan.mode {
        Mode::Destroy => "Nothing to destroy: the state knows no object.".to_owned(),
        Mode::RefreshOnly if drifted > 0 => format!(
            "Nothing is changed by this plan. {} changed outside of syncform.",
            counted_was(drifted, "object")
        ),
        Mode::RefreshOnly => "Nothing changed outside of syncform.".to_owned(),
        Mode::Apply => {
            let count = plan.unchanged.len();
            let are = if count == 1 { "is" } else { "are" };
            let note = match drifted {
                0 => "",
                _ => " What changed outside of syncform calls for no change.",
            };
            format!(
                "No changes. {} {are} as the manifests say.{note}",
                counted(count, "resource")
            )
        }
    }
}

/// `1 object was`, `2 objects were`.
pub(super) fn counted_was(count: usize, noun: &str) -> String {
    let was = if count == 1 { "was" } else { "were" };
    format!("{} {was}", counted(count, noun))
}

/// What comes before a name that stands for more: the first names, then how many more there are.
pub(super) fn folded<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let more = names.len() - shown.len();
    let mut text = shown.join(", ");
    if more > 0 {
        write!(text, " … and {more} more").expect("a string takes all");
    }
    text
}
