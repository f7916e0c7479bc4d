//! A plan as programs read it: the shape of Terraform's plan JSON, so that tools for it work here.
//!
//! Where the two differ: what is ours sits under one key, `x_syncform`, at the top and in each change. A change that is
//! withheld shows the action that is wanted, and the plan is not `applyable`; only what destroy leaves behind is a no-op.
//! Texts are as they are; [`super::json_text`] makes them safe for terminals.

mod invocations;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::phrase;
use super::state_json::{self, named};
use crate::address::Address;
use crate::diff::{Action, Change, Drift, Effect, FieldChange, ReasonCode, Target};
use crate::plan::{CallKind, Op, Plan, Planned, Summary};
use crate::resource::Spec;
use crate::state::{State, Tracked};

/// The version of Terraform's plan format that this is a reading of.
const PLAN_FORMAT: &str = "1.2";

/// The document of `plan --json`; `prior` is the state that the plan was made from.
pub fn plan(plan: &Plan, prior: &State) -> Value {
    let mut document = document(plan, &prior.resources);
    document["prior_state"] = state_json::state(prior);
    document
}

/// The document of a saved plan, which says nothing of what it does not change: the state may have moved on since.
pub fn saved(plan: &Plan) -> Value {
    document(plan, &Known::new())
}

/// The objects that state knows.
type Known = BTreeMap<Address, Tracked>;

fn document(plan: &Plan, prior: &Known) -> Value {
    let left_behind = phrase::left_behind(plan).map(|planned| &planned.change.address);
    let left_behind: BTreeSet<&Address> = left_behind.collect();
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|planned| {
            let stays = left_behind.contains(&planned.change.address);
            resource_change(planned, stays)
        })
        .chain(
            plan.unchanged
                .iter()
                .map(|address| unchanged(address, prior)),
        )
        .collect();
    let drift: Vec<Value> = plan
        .drift
        .iter()
        .map(|drift| drifted(plan, drift, prior))
        .collect();
    json!({
        "format_version": PLAN_FORMAT,
        "planned_values": { "root_module": { "resources": planned_values(plan, prior) } },
        "resource_drift": drift,
        "resource_changes": changes,
        "action_invocations": invocations::of(plan),
        "checks": checks(plan),
        "applyable": plan.refusals().next().is_none() && !plan.is_empty(),
        "complete": plan.changes.iter().all(|planned| planned.change.withheld.is_none()),
        "errored": false,
        "x_syncform": {
            "plan_hash": plan.hash,
            "lineage": plan.base.lineage,
            "serial": plan.base.serial,
            "stack": plan.stack,
            "environment": plan.environment,
            "mode": plan.mode,
            "offline": plan.offline,
            "region": plan.service.region,
            "endpoint": plan.service.endpoint,
            "summary": summary(&plan.summary()),
        },
    })
}

/// What will be there once the plan is applied; what is withheld stays as it is.
fn planned_values(plan: &Plan, prior: &Known) -> Vec<Value> {
    let mut resources: BTreeMap<&Address, Value> = prior
        .iter()
        .map(|(address, tracked)| (address, state_json::tracked(address, tracked)))
        .collect();
    let carried_out = plan.changes.iter().filter(|p| p.change.withheld.is_none());
    for planned in carried_out {
        let Change {
            address,
            depends_on,
            ..
        } = &planned.change;
        match &planned.change.after {
            Some(spec) => {
                let (attributes, _) = after(planned, spec);
                resources.insert(
                    address,
                    state_json::resource(address, &attributes, depends_on),
                );
            }
            None => {
                resources.remove(address);
            }
        }
    }
    resources.into_values().collect()
}

/// The attributes after a change, without those that only the apply will tell, and which these are.
fn after(planned: &Planned, spec: &Spec) -> (Attributes, Map<String, Value>) {
    let did = |op| phrase::ops(planned).any(|step| step == op);
    let made = matches!(planned.change.action, Action::Create | Action::Replace);
    let mut target = planned.change.target.clone();
    target.deployed |= did(Op::Deploy);
    let runs = [
        Op::Start,
        Op::Stop,
        Op::AwaitRunning,
        Op::AwaitStopped,
        Op::ReadTask,
    ];
    let mut unknown = Map::new();
    let mut forget = |is_unknown: bool, attribute: &str| {
        if is_unknown {
            unknown.insert(attribute.to_owned(), json!(true));
        }
    };
    match spec {
        Spec::Task(_) => {
            forget(made && target.file.is_none(), "file_id");
            forget(made || runs.into_iter().any(did), "status");
        }
        Spec::Datasource(_) => forget(made && target.datasource.is_none(), "datasource_id"),
    }
    let mut attributes = Attributes::of(spec, &target);
    attributes
        .values
        .retain(|attribute, _| !unknown.contains_key(attribute));
    (attributes, unknown)
}

fn resource_change(planned: &Planned, left_behind: bool) -> Value {
    let change = &planned.change;
    let mut object = named(&change.address);
    // What is taken over exists as it is wanted.
    let before_spec = match change.action {
        Action::Adopt => change.after.as_ref(),
        _ => change.before.as_ref(),
    };
    let before = before_spec.map(|spec| Attributes::of(spec, &change.target));
    let (after, unknown) = match &change.after {
        _ if left_behind => (before.clone(), Map::new()),
        Some(spec) => {
            let (after, unknown) = after(planned, spec);
            (Some(after), unknown)
        }
        None => (None, Map::new()),
    };
    let actions = if left_behind {
        &["no-op"]
    } else {
        actions(planned)
    };
    let mut body = change_body(actions, before.as_ref(), after.as_ref(), unknown);
    if change.action == Action::Adopt {
        body["importing"] = json!({ "id": remote_id(&change.target) });
    }
    object.insert("change".to_owned(), body);
    object.insert("x_syncform".to_owned(), ours(planned));
    Value::Object(object)
}

fn change_body(
    actions: &[&str],
    before: Option<&Attributes>,
    after: Option<&Attributes>,
    unknown: Map<String, Value>,
) -> Value {
    let sensitive = |side: Option<&Attributes>| {
        side.map_or(Value::Bool(false), |attributes| json!(attributes.sensitive))
    };
    json!({
        "actions": actions,
        "before": before.map(|attributes| &attributes.values),
        "after": after.map(|attributes| &attributes.values),
        "after_unknown": unknown,
        "before_sensitive": sensitive(before),
        "after_sensitive": sensitive(after),
    })
}

/// Terraform's words for what is done to the object.
fn actions(planned: &Planned) -> &'static [&'static str] {
    let writes = |step: &crate::plan::Step| step.op.call_kind() == CallKind::Write;
    match planned.change.action {
        Action::Delete => &["delete"],
        Action::Forget => &["forget"],
        Action::Create => &["create"],
        Action::Replace => &["delete", "create"],
        Action::Adopt if !planned.steps.iter().any(writes) => &["no-op"],
        Action::Adopt | Action::Update | Action::Restart | Action::Start | Action::Stop => {
            &["update"]
        }
    }
}

fn remote_id(target: &Target) -> Option<String> {
    let task = target.file.map(|id| id.to_string());
    task.or_else(|| target.datasource.map(|id| id.to_string()))
}

/// What Terraform's format has no place for.
fn ours(planned: &Planned) -> Value {
    let Change {
        action,
        effect,
        reason,
        tables,
        withheld,
        protect,
        ..
    } = &planned.change;
    let steps: Vec<&str> = phrase::ops(planned).map(Op::as_str).collect();
    let fields: Vec<Value> = planned.change.fields.iter().map(field).collect();
    json!({
        "action": action,
        "effect": effect,
        "reason_code": reason.code,
        "reason": reason.text,
        "source": reason.location,
        "steps": steps,
        "api_calls": {
            "read": planned.calls(CallKind::Read),
            "write": planned.calls(CallKind::Write),
        },
        "waits_for": planned.waits_for,
        "fields": fields,
        "tables": { "added": tables.added, "removed": tables.removed },
        "protect": protect,
        "withheld": withheld,
    })
}

fn field(change: &FieldChange) -> Value {
    // Null for a secret, whatever the change says of it.
    let shown = |value: Option<&Value>| value.filter(|_| !change.sensitive).cloned();
    json!({
        "field": change.field,
        "before": shown(Some(&change.before)),
        "after": shown(Some(&change.after)),
        "actual": shown(change.actual.as_ref()),
        "sensitive": change.sensitive,
    })
}

fn known(address: &Address, prior: &Known) -> Option<Attributes> {
    let object = &prior.get(address)?.object;
    Some(Attributes::of(&object.spec(), &object.target()))
}

fn unchanged(address: &Address, prior: &Known) -> Value {
    let attributes = known(address, prior);
    let mut object = named(address);
    let body = change_body(
        &["no-op"],
        attributes.as_ref(),
        attributes.as_ref(),
        Map::new(),
    );
    object.insert("change".to_owned(), body);
    let ours = json!({
        "effect": Effect::None,
        "steps": [],
        "api_calls": { "read": 0, "write": 0 },
    });
    object.insert("x_syncform".to_owned(), ours);
    Value::Object(object)
}

/// Drift tells differences and not the whole object, so that what is there now counts as unknown unless it is gone.
fn drifted(plan: &Plan, drift: &Drift, prior: &Known) -> Value {
    let before = known(&drift.address, prior);
    let gone = plan.changes.iter().any(|Planned { change, .. }| {
        change.address == drift.address
            && (change.reason.code == ReasonCode::Vanished || change.action == Action::Forget)
    });
    let mut object = named(&drift.address);
    let actions = if gone { ["delete"] } else { ["update"] };
    let mut body = change_body(&actions, before.as_ref(), None, Map::new());
    if !gone {
        body["after_unknown"] = json!(true);
    }
    object.insert("change".to_owned(), body);
    object.insert(
        "x_syncform".to_owned(),
        json!({ "differences": drift.differences }),
    );
    Value::Object(object)
}

/// What stands in the way of a change, as a check that failed; one per block, with its instances.
fn checks(plan: &Plan) -> Vec<Value> {
    let mut blocks = BTreeMap::<Address, Vec<Value>>::new();
    for Planned { change, .. } in &plan.changes {
        if let Some(withheld) = &change.withheld {
            let message = format!("{}; instead: {}", withheld.why, withheld.instead);
            blocks
                .entry(change.address.block())
                .or_default()
                .push(json!({
                    "address": { "to_display": change.address, "instance_key": change.address.key },
                    "status": "fail",
                    "problems": [{ "message": message }],
                }));
        }
    }
    let check = |(block, instances): (Address, Vec<Value>)| {
        json!({
            "address": {
                "kind": "resource",
                "mode": "managed",
                "type": block.kind.as_str(),
                "name": block.label,
                "to_display": block,
            },
            "status": "fail",
            "instances": instances,
        })
    };
    blocks.into_iter().map(check).collect()
}

fn summary(summary: &Summary) -> Value {
    json!({
        "actions": summary.actions,
        "withheld": summary.withheld,
        "api_calls": { "read": summary.reads, "write": summary.writes },
    })
}
