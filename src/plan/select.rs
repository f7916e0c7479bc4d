//! `--target` and `--exclude`: a part of the changes, closed under what they need.

use std::collections::{BTreeMap, BTreeSet};

use super::name::Name;
use crate::address::Address;
use crate::diff::{Action, Change, Comparison};

/// Which addresses a plan is about; both empty: all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these, with what they need. A block's address means all of its instances.
    pub targets: BTreeSet<Address>,
    /// Not these, nor what needs them.
    pub excludes: BTreeSet<Address>,
}

/// A target that is neither declared nor known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither declared by a manifest nor known to the state")]
pub struct UnknownTarget(pub Address);

impl Selection {
    /// Leaves only what is selected in a comparison.
    pub fn apply(&self, comparison: &mut Comparison) -> Result<(), UnknownTarget> {
        let known: BTreeSet<&Address> = comparison
            .changes
            .keys()
            .chain(&comparison.unchanged)
            .collect();
        for named in self.targets.iter().chain(&self.excludes) {
            if !known.iter().any(|address| covers(named, address)) {
                return Err(UnknownTarget(named.clone()));
            }
        }
        let excluded = close(
            &comparison.changes,
            |a| self.excludes.iter().any(|e| covers(e, a)),
            dependents,
        );
        let kept = if self.targets.is_empty() {
            comparison.changes.keys().cloned().collect()
        } else {
            close(
                &comparison.changes,
                |a| self.targets.iter().any(|t| covers(t, a)),
                needs,
            )
        };
        comparison
            .changes
            .retain(|address, _| kept.contains(address) && !excluded.contains(address));
        Ok(())
    }
}

fn covers(named: &Address, address: &Address) -> bool {
    named == address || (named.key.is_none() && *named == address.block())
}

/// The changes that must come before one: what it depends on, and who gives up the name that it takes; for a delete what
/// depends on it.
fn needs<'a>(changes: &'a BTreeMap<Address, Change>, of: &'a Address) -> Vec<&'a Address> {
    let change = &changes[of];
    if matches!(change.action, Action::Delete | Action::Forget) {
        return changes
            .iter()
            .filter(|(_, other)| other.depends_on.contains(of))
            .map(|(address, _)| address)
            .collect();
    }
    let depends_on = change.depends_on.iter();
    let mut needs: Vec<_> = depends_on.filter(|a| changes.contains_key(*a)).collect();
    if change.before.is_none()
        && let Some(taken) = change.after.as_ref().map(Name::of)
    {
        let gives_up = |other: &Change| {
            other.address != *of && other.before.as_ref().is_some_and(|b| Name::of(b) == taken)
        };
        let holders = changes.iter().filter(|(_, other)| gives_up(other));
        needs.extend(holders.map(|(address, _)| address));
    }
    needs
}

fn dependents<'a>(changes: &'a BTreeMap<Address, Change>, of: &'a Address) -> Vec<&'a Address> {
    changes
        .keys()
        .filter(|address| needs(changes, address).contains(&of))
        .collect()
}

type Neighbors = for<'a> fn(&'a BTreeMap<Address, Change>, &'a Address) -> Vec<&'a Address>;

fn close(
    changes: &BTreeMap<Address, Change>,
    starts: impl Fn(&Address) -> bool,
    next: Neighbors,
) -> BTreeSet<Address> {
    let mut closed: BTreeSet<Address> = BTreeSet::new();
    let mut open: Vec<&Address> = changes.keys().filter(|address| starts(address)).collect();
    while let Some(address) = open.pop() {
        if closed.insert(address.clone()) {
            open.extend(next(changes, address));
        }
    }
    closed
}
