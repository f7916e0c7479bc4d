//! What a journal's lines come to: the status of each step, by one transition table.

use std::collections::BTreeMap;

use super::{Entry, Event, Output, StepId};
use crate::api::ApiFault;

/// What is known of a step that was begun. A step without lines is pending.
#[derive(Debug, Clone, PartialEq)]
pub enum StepStatus {
    /// Its call may have taken effect.
    InDoubt,
    /// Its call took effect.
    Applied(Output),
    /// Its call did not take effect.
    Refused(ApiFault),
    /// Nobody needs to know.
    Released,
}

/// A line that cannot follow the ones before it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the journal is corrupt: step {} of {} cannot go on from {before} by what its next line says", .entry.step, .entry.address)]
pub struct CorruptJournal {
    /// The status before, in words.
    pub before: &'static str,
    /// The line.
    pub entry: Box<Entry>,
}

impl StepStatus {
    /// One line further; `None` is a step that was not begun.
    fn after(before: Option<Self>, entry: &Entry) -> Result<Self, CorruptJournal> {
        match (before, &entry.event) {
            // The same intent again is a call that was sent again after a definite no, or under the same token.
            (None | Some(Self::InDoubt | Self::Refused(_)), Event::Intent { .. }) => {
                Ok(Self::InDoubt)
            }
            (Some(Self::InDoubt), Event::Applied { output }) => Ok(Self::Applied(*output)),
            (Some(Self::InDoubt), Event::Refused { fault }) => Ok(Self::Refused(fault.clone())),
            (Some(Self::InDoubt), Event::Released) => Ok(Self::Released),
            // A life that turned out to be over begins again with its first step.
            (Some(Self::Applied(_)), Event::Intent { .. }) => Ok(Self::InDoubt),
            (before, _) => Err(CorruptJournal {
                before: match before {
                    None => "pending",
                    Some(Self::InDoubt) => "in doubt",
                    Some(Self::Applied(_)) => "applied",
                    Some(Self::Refused(_)) => "refused",
                    Some(Self::Released) => "released",
                },
                entry: Box::new(entry.clone()),
            }),
        }
    }
}

/// The status of every step that was begun.
pub fn fold(entries: &[Entry]) -> Result<BTreeMap<StepId, StepStatus>, CorruptJournal> {
    let mut steps = BTreeMap::new();
    for entry in entries {
        let before = steps.remove(&entry.step);
        steps.insert(entry.step, StepStatus::after(before, entry)?);
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn entry(step: u32, event: Event) -> Entry {
        Entry {
            step: StepId(step),
            address: "task.a".parse().unwrap(),
            operation: "DeployDISyncTask".into(),
            at: Timestamp::UNIX_EPOCH,
            event,
        }
    }

    fn intent() -> Event {
        Event::Intent {
            token: None,
            digest: String::new(),
        }
    }

    #[test]
    fn a_lone_intent_is_in_doubt_and_an_outcome_settles_it() {
        let mut entries = vec![entry(0, intent()), entry(1, intent())];
        entries.push(entry(
            0,
            Event::Applied {
                output: Output::None,
            },
        ));
        let steps = fold(&entries).unwrap();
        assert_eq!(steps[&StepId(0)], StepStatus::Applied(Output::None));
        assert_eq!(steps[&StepId(1)], StepStatus::InDoubt);
    }

    #[test]
    fn an_outcome_without_an_intent_is_corrupt() {
        let outcome = entry(
            0,
            Event::Applied {
                output: Output::None,
            },
        );
        assert_eq!(fold(&[outcome]).unwrap_err().before, "pending");
        let twice = [
            entry(0, intent()),
            entry(0, Event::Released),
            entry(0, Event::Released),
        ];
        assert_eq!(fold(&twice).unwrap_err().before, "released");
    }
}
