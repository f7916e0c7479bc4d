//! A state as programs read it: the shape of Terraform's state representation, and the parts of it that plans share.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use crate::address::Address;
use crate::state::{State, Tracked};

/// The version of Terraform's state format that this is a reading of.
const FORMAT: &str = "1.0";

/// The document of `show --json` without a plan.
pub fn state(state: &State) -> Value {
    let resources: Vec<Value> = state
        .resources
        .iter()
        .map(|(address, tracked)| self::tracked(address, tracked))
        .collect();
    json!({
        "format_version": FORMAT,
        "values": { "root_module": { "resources": resources } },
        "x_syncform": { "lineage": state.lineage, "serial": state.serial },
    })
}

/// An object that state knows.
pub(super) fn tracked(address: &Address, tracked: &Tracked) -> Value {
    let attributes = Attributes::of(&tracked.object.spec(), &tracked.object.target());
    resource(address, &attributes, &tracked.depends_on)
}

/// An object with its attributes.
pub(super) fn resource(
    address: &Address,
    attributes: &Attributes,
    depends_on: &BTreeSet<Address>,
) -> Value {
    let mut object = named(address);
    object.insert("schema_version".to_owned(), json!(0));
    object.insert("values".to_owned(), json!(attributes.values));
    object.insert("sensitive_values".to_owned(), json!(attributes.sensitive));
    if !depends_on.is_empty() {
        object.insert("depends_on".to_owned(), json!(depends_on));
    }
    Value::Object(object)
}

/// What names a resource in every document.
pub(super) fn named(address: &Address) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("address".to_owned(), json!(address));
    object.insert("mode".to_owned(), json!("managed"));
    object.insert("type".to_owned(), json!(address.kind.as_str()));
    object.insert("name".to_owned(), json!(address.label));
    if let Some(key) = &address.key {
        object.insert("index".to_owned(), json!(key));
    }
    object.insert("provider_name".to_owned(), json!("syncform"));
    object
}
