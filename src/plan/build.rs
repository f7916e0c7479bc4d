//! From changes to a plan: order, steps, and what holds what back.

use std::collections::{BTreeMap, BTreeSet};

use super::name::Name;
use super::step::{self, Step};
use super::{Base, Mode, Plan, Planned, Service, hash};
use crate::address::Address;
use crate::diff::{Action, Change, Comparison, Effect, ReasonCode, Withheld, WithheldKind};
use crate::graph::{Cycle, DependencyGraph};
use crate::journal::StepId;

/// What a plan is asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: Option<String>,
    /// What it is for.
    pub mode: Mode,
    /// What it is made from.
    pub base: Base,
    /// Which service it is for.
    pub service: Service,
    /// Whether the remote was not asked.
    pub offline: bool,
}

/// Builds the plan. The only way to fail is a state whose objects depend on each other in a circle.
pub fn build(request: Request, comparison: Comparison) -> Result<Plan, Cycle> {
    let mut changes = comparison.changes;
    match request.mode {
        Mode::Apply => {}
        Mode::Destroy => {
            for change in changes.values_mut() {
                if change.reason.code == ReasonCode::NotDeclared && change.action == Action::Delete
                {
                    change.reason.code = ReasonCode::Destroy;
                    change.reason.text = "the stack is to be destroyed".to_owned();
                }
            }
        }
        Mode::RefreshOnly => changes.clear(),
    }
    keep_what_is_needed(&mut changes);
    let waits = waits(&changes);
    let order = order(&changes, &waits)?;
    let mut next_id = 0;
    let planned = order
        .into_iter()
        .map(|address| {
            let change = changes
                .remove(&address)
                .expect("each address is ordered once");
            let steps = step::ops(&change)
                .into_iter()
                .map(|op| {
                    let id = StepId(next_id);
                    next_id += 1;
                    Step { id, op }
                })
                .collect();
            Planned {
                change,
                steps,
                waits_for: waits.get(&address).cloned().unwrap_or_default(),
            }
        })
        .collect();
    let mut plan = Plan {
        stack: request.stack,
        environment: request.environment,
        mode: request.mode,
        base: request.base,
        service: request.service,
        changes: planned,
        unchanged: comparison.unchanged,
        drift: comparison.drift,
        offline: request.offline,
        hash: String::new(),
    };
    plan.hash = hash::of(&plan);
    Ok(plan)
}

/// A delete is held back when something stays that depends on it.
fn keep_what_is_needed(changes: &mut BTreeMap<Address, Change>) {
    let mut staying: Vec<Address> = changes
        .values()
        .filter(|change| change.action == Action::Delete && change.withheld.is_some())
        .map(|change| change.address.clone())
        .collect();
    while let Some(by) = staying.pop() {
        for needed in changes[&by].depends_on.clone() {
            let goes = |c: &&mut Change| c.action == Action::Delete && c.withheld.is_none();
            let Some(change) = changes.get_mut(&needed).filter(goes) else {
                continue;
            };
            change.effect = Effect::Impossible;
            change.withheld = Some(Withheld {
                kind: WithheldKind::StillNeeded,
                why: format!("`{by}` stays and needs it"),
                instead: format!("delete `{by}` first"),
            });
            staying.push(needed);
        }
    }
}

/// Which changes must come before each: what it depends on, and deletes in the reverse of that. Whoever takes over a remote
/// name waits for the one who gives it up.
fn waits(changes: &BTreeMap<Address, Change>) -> BTreeMap<Address, BTreeSet<Address>> {
    let mut waits: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    let deletes = |change: &Change| matches!(change.action, Action::Delete | Action::Forget);
    let mut given_up: BTreeMap<Name<'_>, &Address> = BTreeMap::new();
    for (address, change) in changes {
        for dependency in &change.depends_on {
            let Some(other) = changes.get(dependency) else {
                continue;
            };
            match (deletes(change), deletes(other)) {
                // What is only forgotten is gone, whoever stays that needed it; what is deleted stays with them.
                (true, true) if change.withheld.is_some() && other.withheld.is_none() => false,
                (true, true) => waits
                    .entry(dependency.clone())
                    .or_default()
                    .insert(address.clone()),
                (false, false) => waits
                    .entry(address.clone())
                    .or_default()
                    .insert(dependency.clone()),
                _ => false,
            };
        }
        if deletes(change)
            && let Some(spec) = &change.before
        {
            given_up.insert(Name::of(spec), address);
        }
    }
    for (address, change) in changes {
        if let (false, Some(spec)) = (deletes(change), &change.after)
            && let Some(holder) = given_up.get(&Name::of(spec))
        {
            waits
                .entry(address.clone())
                .or_default()
                .insert((*holder).clone());
        }
    }
    waits
}

fn order(
    changes: &BTreeMap<Address, Change>,
    waits: &BTreeMap<Address, BTreeSet<Address>>,
) -> Result<Vec<Address>, Cycle> {
    let nodes = changes
        .keys()
        .map(|address| (address, waits.get(address).cloned().unwrap_or_default()));
    let graph = DependencyGraph::build(nodes)
        .map_err(|cycles| cycles.into_iter().next().expect("a failure names a cycle"))?;
    let mut order = graph.order();
    // Stable, so that the graph's order holds within each half; nothing that is deleted waits for what is made.
    order.sort_by_key(|address| changes[address].action > Action::Forget);
    Ok(order)
}
