//! Managed data sources: content by key, secrets by fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{
    Action, Change, Effect, FieldChange, Reason, ReasonCode, Target, WithheldKind,
};
use super::{Seen, Wanted};
use crate::address::Address;
use crate::api::DatasourceRow;
use crate::resource::{DatasourceId, DatasourceSpec, Spec};
use crate::state::DatasourceObject;

/// The change of one managed data source; `rows` says which address holds which remote one.
pub(super) fn change(
    address: &Address,
    wanted: Option<&Wanted>,
    prior: Option<&DatasourceObject>,
    seen: Seen<'_, DatasourceRow>,
    rows: &BTreeMap<DatasourceId, &Address>,
) -> Option<Change> {
    match (wanted, prior) {
        (None, None) => None,
        (None, Some(prior)) => Some(delete(address, prior, seen)),
        (Some(wanted), None) => Some(match seen {
            Seen::Unread | Seen::Absent => create(
                address,
                wanted,
                ReasonCode::NotThere,
                "it does not exist yet".to_owned(),
            ),
            // The name is taken by one of ours that goes: the plan orders the two.
            Seen::Present(row) if rows.get(&row.id).is_some_and(|holder| *holder != address) => {
                create(
                    address,
                    wanted,
                    ReasonCode::NotThere,
                    "it does not exist yet".to_owned(),
                )
            }
            Seen::Present(row) => adopt(address, wanted, row, None),
        }),
        (Some(wanted), Some(prior)) => match seen {
            Seen::Absent => {
                let gone = format!("data source {} was deleted outside of syncform", prior.id);
                Some(create(address, wanted, ReasonCode::Vanished, gone))
            }
            Seen::Unread => update(address, wanted, prior, None),
            Seen::Present(row) if row.id != prior.id => {
                // The one that state knows was deleted, and another has its name.
                Some(adopt(address, wanted, row, Some(&prior.spec)))
            }
            Seen::Present(row) => update(address, wanted, prior, Some(row)),
        },
    }
}

fn spec_of(wanted: &Wanted) -> &DatasourceSpec {
    match &wanted.spec {
        Spec::Datasource(spec) => spec,
        Spec::Task(_) => unreachable!("a data source's address has a data source's spec"),
    }
}

fn reason(code: ReasonCode, text: String, wanted: &Wanted) -> Reason {
    Reason {
        code,
        text,
        location: Some(wanted.location.clone()),
    }
}

fn create(address: &Address, wanted: &Wanted, code: ReasonCode, why: String) -> Change {
    let mut change = Change::new(address, Action::Create, reason(code, why, wanted));
    change.fields = fields(None, spec_of(wanted));
    change.after = Some(wanted.spec.clone());
    change
}

/// Takes a row over whose content is what is wanted, or what this stack last wrote under the name.
fn adopt(
    address: &Address,
    wanted: &Wanted,
    row: &DatasourceRow,
    written: Option<&DatasourceSpec>,
) -> Change {
    let spec = spec_of(wanted);
    let differs = match written {
        Some(written) if differences(written, row).is_empty() => Vec::new(),
        _ => differences(spec, row),
    };
    let target = Target {
        datasource: Some(row.id),
        ..Target::default()
    };
    let mut change = if differs.is_empty() {
        let why = format!(
            "data source {} exists with this name and nothing in it contradicts the manifest; its secrets cannot be read \
             back, so the whole content is written once",
            row.id
        );
        let mut change = Change::new(
            address,
            Action::Adopt,
            reason(ReasonCode::Untracked, why, wanted),
        );
        change.effect = Effect::InPlace;
        change
    } else {
        let why = format!(
            "data source {} has the name `{}` and another content: {}",
            row.id,
            spec.name,
            differs.join("; ")
        );
        Change::new(address, Action::Create, reason(ReasonCode::Conflict, why, wanted)).withhold(
            WithheldKind::Conflict,
            format!("the name is taken by data source {}, which this stack did not make", row.id),
            "leave out `content` to use it as it is, make `content` agree with it to take it over, or give this one another \
             `name`"
                .to_owned(),
        )
    };
    change.after = Some(wanted.spec.clone());
    change.target = target;
    change
}

fn delete(address: &Address, prior: &DatasourceObject, seen: Seen<'_, DatasourceRow>) -> Change {
    let mut id = prior.id;
    let (action, text) = match seen {
        Seen::Present(row) if row.id != prior.id => {
            if differences(&prior.spec, row).is_empty() {
                id = row.id;
                (Action::Delete, "no manifest declares it any more")
            } else {
                (
                    Action::Forget,
                    "no manifest declares it, and what has its name is another one",
                )
            }
        }
        Seen::Absent => (
            Action::Forget,
            "no manifest declares it, and it does not exist any more",
        ),
        Seen::Unread | Seen::Present(_) => (Action::Delete, "no manifest declares it any more"),
    };
    let reason = Reason {
        code: ReasonCode::NotDeclared,
        text: text.to_owned(),
        location: None,
    };
    let mut change = Change::new(address, action, reason);
    change.before = Some(Spec::Datasource(prior.spec.clone()));
    change.target = Target {
        datasource: Some(id),
        ..Target::default()
    };
    change
}

fn update(
    address: &Address,
    wanted: &Wanted,
    prior: &DatasourceObject,
    row: Option<&DatasourceRow>,
) -> Option<Change> {
    let spec = spec_of(wanted);
    let mut changed = fields(Some(&prior.spec), spec);
    let mut drifted = BTreeSet::new();
    for (key, after) in row.iter().flat_map(|row| &row.content) {
        let before = prior.spec.content.get(key);
        let declared = spec.content.get(key);
        if before.is_none() || same(before, Some(after)) || declared.is_none() {
            continue;
        }
        drifted.insert(key.clone());
        match changed.iter_mut().find(|change| change.field == *key) {
            Some(change) => change.actual = Some(after.clone()),
            None => changed.push(FieldChange {
                field: key.clone(),
                before: before.cloned().unwrap_or(Value::Null),
                after: declared.cloned().unwrap_or(Value::Null),
                actual: Some(after.clone()),
                sensitive: false,
            }),
        }
    }
    if let Some(shown) = row.and_then(|row| row.description.as_ref())
        && *shown != prior.spec.description.clone().unwrap_or_default()
        && !changed.iter().any(|change| change.field == "description")
    {
        drifted.insert("description".to_owned());
        changed.push(FieldChange {
            field: "description".to_owned(),
            before: Value::from(prior.spec.description.clone()),
            after: Value::from(spec.description.clone()),
            actual: Some(Value::from(shown.clone())),
            sensitive: false,
        });
    }
    let moved = spec.project_id != prior.spec.project_id
        || spec.name != prior.spec.name
        || spec.env != prior.spec.env
        || spec.datasource_type != prior.spec.datasource_type;
    if changed.is_empty() && !moved {
        return None;
    }
    let by_hand = changed.iter().all(|change| drifted.contains(&change.field)) && !moved;
    let names: Vec<_> = changed
        .iter()
        .map(|change| format!("`{}`", change.field))
        .collect();
    let why = if by_hand {
        reason(
            ReasonCode::Drifted,
            format!("{} was changed outside of syncform", names.join(", ")),
            wanted,
        )
    } else {
        reason(
            ReasonCode::Changed,
            format!("the manifest changed {}", names.join(", ")),
            wanted,
        )
    };
    let mut change = Change::new(
        address,
        if moved {
            Action::Replace
        } else {
            Action::Update
        },
        why,
    );
    change.effect = Effect::InPlace;
    change.fields = changed;
    change.before = Some(Spec::Datasource(prior.spec.clone()));
    change.after = Some(wanted.spec.clone());
    change.target = Target {
        datasource: Some(prior.id),
        ..Target::default()
    };
    if moved {
        change.effect = Effect::Resync;
        change = change.withhold(
            WithheldKind::Unsupported,
            "name, type, environment and workspace of a data source cannot be changed, and this version cannot replace one"
                .to_owned(),
            "declare a second data source, move the tasks to it, then remove this one".to_owned(),
        );
    }
    Some(change)
}

/// In what a row contradicts the spec. Keys that the service does not show, secrets among them, contradict nothing.
pub(crate) fn differences(spec: &DatasourceSpec, row: &DatasourceRow) -> Vec<String> {
    let mut differs = Vec::new();
    if !row
        .datasource_type
        .eq_ignore_ascii_case(spec.datasource_type.as_str())
    {
        differs.push(format!(
            "its type is `{}`, not `{}`",
            row.datasource_type,
            spec.datasource_type.as_str()
        ));
    }
    for (key, wanted) in &spec.content {
        if let Some(found) = row.content.get(key)
            && !same(Some(wanted), Some(found))
        {
            differs.push(format!("`{key}` is {found}, not {wanted}"));
        }
    }
    differs
}

/// Whether two values are the same once numbers and texts are written alike: the service keeps content as text.
fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    text(left) == text(right)
}

fn fields(before: Option<&DatasourceSpec>, after: &DatasourceSpec) -> Vec<FieldChange> {
    let shown = |spec: &DatasourceSpec| -> BTreeMap<String, Value> {
        let mut shown = spec.content.clone();
        shown.insert("name".to_owned(), Value::from(spec.name.clone()));
        shown.insert(
            "type".to_owned(),
            Value::from(spec.datasource_type.as_str()),
        );
        shown.insert("env".to_owned(), Value::from(spec.env.as_str()));
        shown.insert("workspace".to_owned(), Value::from(spec.project_id.0));
        if let Some(description) = &spec.description {
            shown.insert("description".to_owned(), Value::from(description.clone()));
        }
        shown
    };
    let old = before.map(shown).unwrap_or_default();
    let new = shown(after);
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changes: Vec<FieldChange> = keys
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| FieldChange {
            field: key.clone(),
            before: old.get(key).cloned().unwrap_or(Value::Null),
            after: new.get(key).cloned().unwrap_or(Value::Null),
            actual: None,
            sensitive: false,
        })
        .collect();
    let old_prints = before.map(|spec| &spec.fingerprints);
    for (key, print) in &after.fingerprints {
        if old_prints.and_then(|old| old.get(key)) != Some(print) {
            changes.push(FieldChange {
                field: key.clone(),
                before: Value::Null,
                after: Value::Null,
                actual: None,
                sensitive: true,
            });
        }
    }
    changes
}
