//! One change: in full, or in a line beside one that is like it.

use std::fmt::{self, Write};

use super::super::paint::{self, Paint, Painted};
use super::super::{phrase, safe, table_list};
use super::{WIDTH, fields};
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
        .map(|(field, _)| fields::inline(field, paint));
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

/// Items one after the other, on as many lines as they need.
pub(super) fn wrapped(
    out: &mut String,
    first: &str,
    rest: &str,
    items: impl Iterator<Item = String>,
    separator: &str,
) -> fmt::Result {
    let mut width = paint::width(first);
    out.write_str(first)?;
    let mut items = items.peekable();
    let mut begins = true;
    while let Some(item) = items.next() {
        let end = if items.peek().is_some() {
            separator
        } else {
            ""
        };
        let length = paint::width(&item);
        if !begins && width + length + end.trim_end().chars().count() > WIDTH {
            out.truncate(out.trim_end_matches(' ').len());
            write!(out, "\n{rest}")?;
            width = paint::width(rest);
        }
        write!(out, "{item}{end}")?;
        width += length + end.chars().count();
        begins = false;
    }
    out.write_char('\n')
}

fn tables(out: &mut String, change: &Change, paint: Paint) -> fmt::Result {
    for group in table_list::groups(change) {
        let name = match group.database {
            Some(database) => format!("tables of {}", safe::line(database)),
            None => "tables".to_owned(),
        };
        let counts = [('+', group.added.len()), ('-', group.removed.len())]
            .into_iter()
            .filter(|(_, count)| *count > table_list::SHOWN)
            .map(|(sign, count)| format!("{sign}{count}"));
        let counts: Vec<String> = counts.collect();
        let heading = if counts.is_empty() {
            name
        } else {
            format!("{name} ({})", counts.join(", "))
        };
        let added = table_list::folded('+', &group.added);
        let removed = table_list::folded('-', &group.removed);
        let colored = added
            .into_iter()
            .map(|item| paint.green(item).to_string())
            .chain(removed.into_iter().map(|item| paint.red(item).to_string()));
        let first = format!("{INDENT}{heading:<9} ");
        let rest = format!("{INDENT}{:<9} ", "");
        wrapped(out, &first, &rest, colored, "  ")?;
    }
    Ok(())
}
