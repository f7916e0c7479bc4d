//! The fields of a change: what they were and what they will be.

use std::fmt::{self, Write};

use serde_json::Value;

use super::super::paint::Paint;
use super::super::wrap::wrapped;
use super::super::{safe, value};
use crate::diff::{Change, FieldChange};

/// Where a field begins: deeper than what is said about the change.
const INDENT: &str = "        ";
/// Values begin below each other, unless a name is longer than any field's.
const LONGEST_NAME: usize = 28;

/// Every field on its own line, the values below each other.
pub(super) fn write(out: &mut String, change: &Change, paint: Paint) -> fmt::Result {
    let rows: Vec<FieldChange> = change.fields.iter().flat_map(value::by_entry).collect();
    let width = rows.iter().map(|row| row.field.chars().count()).max();
    let width = width.unwrap_or(0).min(LONGEST_NAME);
    for row in &rows {
        let first = format!("{INDENT}{:<width$}  ", safe::line(&row.field));
        let rest = format!("{INDENT}{:<width$}    ", "");
        match &row.after {
            Value::Object(_) if row.before.is_null() && !row.sensitive => {
                wrapped(out, &first, &rest, value::entries(&row.after), ", ")?;
            }
            _ => writeln!(out, "{first}{}", transition(row, change, paint))?,
        }
    }
    Ok(())
}

/// A field in one piece: `name = "orders"`, or `name: "orders" → "orders_v2"`.
pub(super) fn inline(field: &FieldChange, change: &Change, paint: Paint) -> String {
    let sign = if field.before.is_null() && !field.sensitive {
        " ="
    } else {
        ":"
    };
    format!(
        "{}{sign} {}",
        safe::line(&field.field),
        transition(field, change, paint)
    )
}

/// `"old" → "new" (is "actual")`; of a secret only that it is one.
fn transition(field: &FieldChange, change: &Change, paint: Paint) -> String {
    if field.sensitive {
        let shown = match change.before {
            Some(_) => "(secret) → (another secret)",
            None => "(secret)",
        };
        return paint.dim(shown).to_string();
    }
    let after = value::inline(&field.after);
    let actual = value::actual(field);
    if let Some(actual) = actual.as_ref().filter(|_| field.before == field.after) {
        return format!("{} → {after}", value::inline(actual));
    }
    let mut text = match &field.before {
        Value::Null => after,
        before => format!("{} → {after}", value::inline(before)),
    };
    if let Some(actual) = actual {
        let is = format!(" (now {})", value::inline(&actual));
        write!(text, "{}", paint.yellow(is)).expect("a string takes all");
    }
    text
}
