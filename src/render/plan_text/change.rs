//! One change: in full, or in a line beside one that is like it.

use std::fmt::{self, Write};

use super::super::paint::{Paint, Painted};
use super::super::wrap::wrapped;
use super::super::{phrase, safe, table_list};
use super::fields;
use crate::diff::{Action, Change};
use crate::plan::Planned;

/// Where the details of a change begin.
const INDENT: &str = "      ";

/// A change with everything that is known of it.
pub(super) fn full(out: &mut String, planned: &Planned, paint: Paint) -> fmt::Result {
    let change = &planned.change;
    header(out, change, paint)?;
    out.write_char('\n')?;
    detail(out, "why", &phrase::reason(&change.reason))?;
    if let Some(withheld) = &change.withheld {
        let why = format!(
            "{}: {}",
            phrase::withheld(withheld.kind),
            safe::line(&withheld.why)
        );
        detail(out, "withheld", &why)?;
        detail(out, "instead", &safe::line(&withheld.instead))?;
    }
    if let Some(cost) = phrase::cost(change) {
        detail(out, "effect", cost)?;
    }
    fields::write(out, change, paint)?;
    tables(out, change, paint)?;
    if !planned.steps.is_empty() {
        let steps = format!("{} ({})", phrase::steps(planned), phrase::calls(planned));
        detail(out, "steps", &steps)?;
    }
    out.write_char('\n')
}

/// Whether all that [`short`] leaves out of a change is what the first one says.
pub(super) fn is_alike(first: &Planned, planned: &Planned) -> bool {
    let (a, b) = (&first.change, &planned.change);
    a.effect == b.effect
        && a.reason == b.reason
        && a.withheld == b.withheld
        && phrase::ops(first).eq(phrase::ops(planned))
        && a.fields.len() == b.fields.len()
        && a.fields.iter().zip(&b.fields).all(|(a, b)| {
            a.field == b.field
                && a.sensitive == b.sensitive
                && a.before.is_null() == b.before.is_null()
        })
}

/// A change of an instance whose block has been shown: only what differs from the first one.
pub(super) fn short(
    out: &mut String,
    first: &Planned,
    planned: &Planned,
    paint: Paint,
) -> fmt::Result {
    let change = &planned.change;
    header(out, change, paint)?;
    writeln!(out, ", as {}", phrase::address(&first.change.address))?;
    let differing = change
        .fields
        .iter()
        .zip(&first.change.fields)
        .filter(|(field, of_first)| field != of_first)
        .map(|(field, _)| fields::inline(field, change, paint));
    let items: Vec<String> = differing.collect();
    if !items.is_empty() {
        wrapped(out, INDENT, INDENT, items.into_iter(), ", ")?;
    }
    if change.tables != first.change.tables {
        tables(out, change, paint)?;
    }
    out.write_char('\n')
}

fn header(out: &mut String, change: &Change, paint: Paint) -> fmt::Result {
    let withheld = match change.withheld {
        Some(_) => ", withheld",
        None => "",
    };
    write!(
        out,
        "{} {}  {}{}",
        sign(change, paint),
        paint.bold(phrase::address(&change.address)),
        change.action.as_str(),
        paint.yellow(withheld)
    )
}

/// The symbol in the color of what it means for the object.
fn sign(change: &Change, paint: Paint) -> Painted<String> {
    let symbol = format!("{:>3}", phrase::symbol(change.action));
    match change.action {
        _ if change.withheld.is_some() => paint.yellow(symbol),
        Action::Delete | Action::Replace | Action::Stop => paint.red(symbol),
        Action::Create | Action::Start => paint.green(symbol),
        Action::Update | Action::Restart => paint.yellow(symbol),
        Action::Adopt | Action::Forget => paint.cyan(symbol),
    }
}

/// A labelled line of prose, broken between words.
fn detail(out: &mut String, label: &str, text: &str) -> fmt::Result {
    let first = format!("{INDENT}{label:<9} ");
    let rest = " ".repeat(first.len());
    wrapped(out, &first, &rest, text.split(' ').map(str::to_owned), " ")
}

/// The table set's difference, a line or more for each database.
fn tables(out: &mut String, change: &Change, paint: Paint) -> fmt::Result {
    for group in table_list::groups(change) {
        let counts = [("+", group.added.len()), ("-", group.removed.len())]
            .into_iter()
            .filter(|(_, count)| *count > table_list::SHOWN)
            .map(|(sign, count)| format!("({sign}{count})"));
        let database = group.database.map(|name| format!("{}:", safe::line(name)));
        let added = table_list::folded("+ ", &group.added).into_iter();
        let removed = table_list::folded("- ", &group.removed).into_iter();
        let items = database
            .into_iter()
            .chain(counts)
            .chain(added.map(|item| paint.green(item).to_string()))
            .chain(removed.map(|item| paint.red(item).to_string()));
        let first = format!("{INDENT}{:<9} ", "tables");
        let rest = " ".repeat(first.len());
        wrapped(out, &first, &rest, items, "  ")?;
    }
    Ok(())
}
