//! Reading a table field by field, so that one run finds all that is wrong with it.
//!
//! A reader takes a [`Node`], says what is wrong, and answers the value if there is one. [`Fields`] hands each field to
//! its reader and knows in the end which ones nobody asked for.

use std::ops::RangeInclusive;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::manifest::{Entry, Node, Table, Value};
use crate::source::{Span, Spanned};

/// The fields of one table.
pub(super) struct Fields<'a> {
    table: &'a Table,
    /// Where to point when something is absent.
    span: Span,
    /// Whose fields they are, as messages say it.
    owner: &'a str,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        table: &'a Table,
        span: Span,
        owner: &'a str,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            table,
            span,
            owner,
            asked: Vec::new(),
            missing: Vec::new(),
            diagnostics,
        }
    }

    /// The field's value, if it is there and is what `read` expects.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Node, &mut Diagnostics) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let entry = self.entry(name)?;
        let value = read(&entry.node, self.diagnostics)?;
        Some(Spanned {
            value,
            span: entry.node.span,
        })
    }

    /// The same, of a field that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Node, &mut Diagnostics) -> Option<T>,
    ) -> Option<Spanned<T>> {
        if self.table.get(name).is_none() {
            self.missing.push(name);
        }
        self.optional(name, read)
    }

    /// The field as written, for readers that need more than its value.
    pub(super) fn entry(&mut self, name: &'static str) -> Option<&'a Entry> {
        self.asked.push(name);
        self.table.get(name)
    }

    /// Says that a field, which exists elsewhere, does nothing here.
    pub(super) fn no_effect(&mut self, name: &'static str, why: &str, help: &str) {
        if let Some(entry) = self.entry(name) {
            self.push(Diagnostic::error(Code::NoEffect, entry.key_span, why.to_owned()).help(help));
        }
    }

    /// Where to point when something is absent.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn diagnostics(&mut self) -> &mut Diagnostics {
        self.diagnostics
    }

    /// Reports the fields that should be there, and those that nobody asked for.
    pub(super) fn finish(self) {
        if !self.missing.is_empty() {
            self.diagnostics.push(Diagnostic::error(
                Code::MissingField,
                self.span,
                format!("{} needs {}", self.owner, listed(self.missing)),
            ));
        }
        for entry in &self.table.entries {
            if !self.asked.contains(&entry.key.as_str()) {
                self.diagnostics
                    .push(unknown(entry, self.owner, self.asked.iter().copied()));
            }
        }
    }
}

/// The report of a field that `owner` does not have.
pub(super) fn unknown(
    entry: &Entry,
    owner: &str,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::UnknownField,
        entry.key_span,
        format!("{owner} has no field `{}`", entry.key),
    );
    diagnostic.help(match did_you_mean(&entry.key, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", listed(known)),
    })
}

/// Words as a sentence lists them: `a`, `b` and `c`.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn wrong_type(node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongType,
        node.span,
        format!("expected {expected}, found {}", node.value.describe()),
    )
}

pub(super) fn string(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    match &node.value {
        Value::String(text) if text.trim().is_empty() => {
            diagnostics.push(Diagnostic::error(
                Code::InvalidValue,
                node.span,
                "the text is empty",
            ));
            None
        }
        Value::String(text) if text.chars().any(char::is_control) => {
            diagnostics.push(Diagnostic::error(
                Code::InvalidValue,
                node.span,
                "the text has control characters in it",
            ));
            None
        }
        Value::String(text) => Some(text.clone()),
        Value::Unusable => None,
        _ => {
            diagnostics.push(wrong_type(node, "a string"));
            None
        }
    }
}

pub(super) fn boolean(node: &Node, diagnostics: &mut Diagnostics) -> Option<bool> {
    match &node.value {
        Value::Boolean(boolean) => Some(*boolean),
        Value::Unusable => None,
        _ => {
            diagnostics.push(wrong_type(node, "`true` or `false`"));
            None
        }
    }
}

/// Reads an integer of a range.
pub(super) fn integer(
    range: RangeInclusive<i64>,
) -> impl Fn(&Node, &mut Diagnostics) -> Option<i64> {
    move |node, diagnostics| match &node.value {
        Value::Integer(integer) if range.contains(integer) => Some(*integer),
        Value::Integer(integer) => {
            let (low, high) = (range.start(), range.end());
            diagnostics.push(Diagnostic::error(
                Code::InvalidValue,
                node.span,
                if *high == i64::MAX {
                    format!("{integer} is out of range: at least {low}")
                } else {
                    format!("{integer} is out of range: {low} to {high}")
                },
            ));
            None
        }
        Value::Unusable => None,
        _ => {
            diagnostics.push(wrong_type(node, "an integer"));
            None
        }
    }
}

/// Reads one of a closed set of words.
pub(super) fn word<'w, T: Copy>(
    all: &'w [T],
    as_str: impl Fn(T) -> &'static str + 'w,
) -> impl Fn(&Node, &mut Diagnostics) -> Option<T> + 'w {
    move |node, diagnostics| {
        let text = string(node, diagnostics)?;
        let found = all.iter().copied().find(|word| as_str(*word) == text);
        if found.is_none() {
            let words = || all.iter().map(|word| as_str(*word));
            let diagnostic = Diagnostic::error(
                Code::InvalidValue,
                node.span,
                format!("`{text}` is none of {}", listed(words())),
            );
            diagnostics.push(match did_you_mean(&text, words()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
        }
        found
    }
}

/// Reads each item of a list that has at least one; `None` if any item is wrong.
pub(super) fn list<T>(
    read: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> impl Fn(&Node, &mut Diagnostics) -> Option<Vec<Spanned<T>>> {
    let read = possibly_empty_list(read);
    move |node, diagnostics| {
        let items = read(node, diagnostics)?;
        if items.is_empty() {
            diagnostics.push(Diagnostic::error(
                Code::InvalidValue,
                node.span,
                "the list is empty",
            ));
            return None;
        }
        Some(items)
    }
}

/// Reads each item of a list; `None` if any item is wrong.
pub(super) fn possibly_empty_list<T>(
    read: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> impl Fn(&Node, &mut Diagnostics) -> Option<Vec<Spanned<T>>> {
    move |node, diagnostics| match &node.value {
        Value::Array(items) => {
            let read: Vec<Option<Spanned<T>>> = items
                .iter()
                .map(|item| {
                    let span = item.span;
                    read(item, diagnostics).map(|value| Spanned { value, span })
                })
                .collect();
            read.into_iter().collect()
        }
        Value::Unusable => None,
        _ => {
            diagnostics.push(wrong_type(node, "a list"));
            None
        }
    }
}

pub(super) fn table<'n>(node: &'n Node, diagnostics: &mut Diagnostics) -> Option<&'n Table> {
    match &node.value {
        Value::Table(table) => Some(table),
        Value::Unusable => None,
        _ => {
            diagnostics.push(wrong_type(node, "a table"));
            None
        }
    }
}
