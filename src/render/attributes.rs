//! An object's attributes in the words of manifests, with what only the remote knows: its id and its status.
//!
//! What is secret is null here and named beside the values; a fingerprint appears nowhere.

use serde_json::{Map, Value, json};

use crate::diff::Target;
use crate::resource::{DatasourceSpec, Spec, TaskSpec};

/// An object's attributes, and which of them are secret: an object that is true at each of these.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attributes {
    /// The attributes.
    pub(super) values: Map<String, Value>,
    /// Which of them are secret.
    pub(super) sensitive: Map<String, Value>,
}

impl Attributes {
    /// The attributes of an object, as far as they are known.
    pub(super) fn of(spec: &Spec, target: &Target) -> Self {
        match spec {
            Spec::Task(spec) => Self::of_task(spec, target),
            Spec::Datasource(spec) => Self::of_datasource(spec, target),
        }
    }

    fn of_task(spec: &TaskSpec, target: &Target) -> Self {
        let values = map(spec.field_values().into_iter().chain([
            ("tables", json!(spec.tables.names())),
            ("run", json!(spec.run)),
            ("file_id", json!(target.file)),
            ("deployed", json!(target.deployed)),
            (
                "status",
                json!(target.run.as_ref().map(|status| status.as_str())),
            ),
        ]));
        let sensitive = Map::new();
        Self { values, sensitive }
    }

    fn of_datasource(spec: &DatasourceSpec, target: &Target) -> Self {
        let secrets = spec.secrets.keys().chain(spec.fingerprints.keys());
        let hidden: Map<String, Value> = secrets.map(|key| (key.clone(), json!(true))).collect();
        let mut content: Map<String, Value> = spec.content.clone().into_iter().collect();
        content.extend(hidden.keys().map(|key| (key.clone(), Value::Null)));
        content.sort_keys();
        let values = map([
            ("name", json!(spec.name)),
            ("type", json!(spec.datasource_type)),
            ("env", json!(spec.env)),
            ("workspace", json!(spec.project_id)),
            ("content", Value::Object(content)),
            ("description", json!(spec.description)),
            ("datasource_id", json!(target.datasource)),
        ]);
        let sensitive = if hidden.is_empty() {
            Map::new()
        } else {
            map([("content", Value::Object(hidden))])
        };
        Self { values, sensitive }
    }
}

fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Value)>) -> Map<String, Value> {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
