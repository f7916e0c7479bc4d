//! Values as a manifest would write them, on one line.

use serde::Deserialize;
use serde_json::Value;

use super::safe;
use crate::api::RunStatus;
use crate::diff::FieldChange;
use crate::resource::Run;

/// The value in TOML's inline form; null is `(not set)`.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "(not set)".to_owned(),
        // TOML's basic strings and JSON's are escaped alike.
        Value::String(_) => safe::line(&value.to_string()).into_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(_) => {
            let items: Vec<String> = entries(value).collect();
            format!("{{ {} }}", items.join(", "))
        }
    }
}

/// `key = value` of each entry of an object.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = String> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| format!("{} = {}", safe::line(key), inline(value)))
}

/// What a field really is, in the manifest's words, where that is not what was last applied.
pub(super) fn actual(change: &FieldChange) -> Option<Value> {
    let actual = change.actual.as_ref()?;
    let actual = match RunStatus::deserialize(actual) {
        Ok(status) if change.field == "run" => Value::from(run_word(&status)),
        _ => actual.clone(),
    };
    (actual != change.before).then_some(actual)
}

/// The manifest's word for a status, where it has one.
fn run_word(status: &RunStatus) -> &str {
    match status {
        RunStatus::Run | RunStatus::Wait => Run::Started.as_str(),
        RunStatus::NoRun | RunStatus::Pause | RunStatus::Killing => Run::Stopped.as_str(),
        RunStatus::Other(word) => word,
    }
}

/// A field change as the changes of its entries, where both sides have entries; else as it is.
pub(super) fn by_entry(change: &FieldChange) -> Vec<FieldChange> {
    let (Value::Object(old), Value::Object(new)) = (&change.before, &change.after) else {
        return vec![change.clone()];
    };
    let of = |side: Option<&Value>, key: &str| side.and_then(|v| v.get(key)).cloned();
    let added = new.keys().filter(|key| !old.contains_key(*key));
    old.keys()
        .chain(added)
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| FieldChange {
            field: format!("{}.{key}", change.field),
            before: of(Some(&change.before), key).unwrap_or(Value::Null),
            after: of(Some(&change.after), key).unwrap_or(Value::Null),
            actual: of(change.actual.as_ref(), key),
            sensitive: change.sensitive,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_in_a_manifest() {
        let value = json!({ "count": 10, "on": true, "of": ["a\"b", null] });
        assert_eq!(
            inline(&value),
            r#"{ count = 10, on = true, of = ["a\"b", (not set)] }"#
        );
        assert_eq!(
            inline(&json!("a\u{1b}[m\u{202e}")),
            "\"a\\u001b[m\\u{202e}\""
        );
    }

    #[test]
    fn only_entries_that_differ_are_told() {
        let change = |field: &str, before, after| FieldChange {
            field: field.to_owned(),
            before,
            after,
            actual: None,
            sensitive: false,
        };
        let (old, new) = (json!({ "a": 1, "b": 2 }), json!({ "b": 3, "c": 4, "a": 1 }));
        assert_eq!(
            by_entry(&change("limit", old, new)),
            [
                change("limit.b", json!(2), json!(3)),
                change("limit.c", Value::Null, json!(4))
            ]
        );
        let whole = change("limit", Value::Null, json!({ "a": 1 }));
        assert_eq!(by_entry(&whole), [whole]);
    }
}
