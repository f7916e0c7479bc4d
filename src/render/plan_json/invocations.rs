//! Starts, stops and restarts as Terraform's action invocations: what is done to a task besides its making.

use serde_json::{Value, json};

use crate::diff::Action;
use crate::plan::{Op, Plan, Planned};

/// Every one of them, in the plan's order.
pub(super) fn of(plan: &Plan) -> Vec<Value> {
    plan.changes
        .iter()
        .flat_map(|planned| words(planned).map(|word| invocation(planned, word)))
        .collect()
}

/// What is done to a task that a change starts or stops on its way; of a withheld one, what is wanted.
fn words(planned: &Planned) -> impl Iterator<Item = &'static str> {
    let wanted = match planned.change.action {
        Action::Start => Some("start"),
        Action::Stop => Some("stop"),
        Action::Restart => Some("restart"),
        _ => None,
    };
    let steps = planned.steps.iter().filter_map(move |step| match step.op {
        Op::Start if wanted.is_none() => Some("start"),
        Op::Stop if wanted.is_none() => Some("stop"),
        _ => None,
    });
    wanted.into_iter().chain(steps)
}

fn invocation(planned: &Planned, word: &str) -> Value {
    let change = &planned.change;
    let event = match change.action {
        Action::Delete | Action::Forget => "before_destroy",
        Action::Create | Action::Replace => "after_create",
        _ => "after_update",
    };
    let name = &change.address.label;
    json!({
        "address": format!("action.{word}.{name}"),
        "type": word,
        "name": name,
        "provider_name": "syncform",
        "lifecycle_action_trigger": {
            "triggering_resource_address": change.address,
            "action_trigger_event": event,
            "action_trigger_block_index": 0,
            "actions_list_index": 0,
        },
        "x_syncform": { "withheld": change.withheld.is_some() },
    })
}
