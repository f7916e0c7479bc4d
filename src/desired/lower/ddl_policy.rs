//! `[ddl_policy.…]`: an action for each event, or for the rest by `default`.

use std::collections::BTreeMap;

use crate::desired::fields::{self, Fields, listed};
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::{DdlAction, DdlEvent, DdlPolicy};

pub(super) fn lower(fields: &mut Fields<'_>) -> Option<DdlPolicy> {
    let mut given = BTreeMap::new();
    let mut absent = Vec::new();
    let mut sound = true;
    for event in DdlEvent::ALL {
        if fields.entry(event.as_str()).is_none() {
            absent.push(*event);
            continue;
        }
        let action = fields::word(DdlAction::ALL, DdlAction::as_str);
        match fields.optional(event.as_str(), action) {
            Some(action) => {
                given.insert(*event, action.value);
            }
            None => sound = false,
        }
    }
    let default_written = fields.entry("default");
    let default = fields.optional("default", fields::word(DdlAction::ALL, DdlAction::as_str));
    match default_written {
        None if !absent.is_empty() => {
            let span = fields.span();
            fields.push(
                Diagnostic::error(
                    Code::IncompletePolicy,
                    span,
                    format!(
                        "nothing says what happens to {}",
                        listed(absent.iter().map(|event| event.as_str()))
                    ),
                )
                .help("name each of them, or give the rest a `default`"),
            );
            return None;
        }
        Some(entry) if absent.is_empty() => {
            fields.push(
                Diagnostic::error(
                    Code::NoEffect,
                    entry.key_span,
                    "every event is named, so `default` applies to none",
                )
                .help("remove `default`"),
            );
        }
        _ => {}
    }
    if !sound || (default_written.is_some() && default.is_none()) {
        return None;
    }
    Some(DdlPolicy::total(|event| {
        given
            .get(&event)
            .copied()
            .or(default.map(|default| default.value))
            .expect("an event without an action has a default")
    }))
}
