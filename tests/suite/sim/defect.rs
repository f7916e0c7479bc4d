//! Mistakes that an implementer could make, to prove that the campaign would find them.
//!
//! They are built into the simulation's own store and network, around the real machine: nothing that ships can switch one on.

use syncform::api::Call;
use syncform::journal::{Entry, Event, Output};
use syncform::state::StateChange;

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// An intent is written with the next commit, after its call was sent.
    IntentAfterSend,
    /// The token is not kept with the intent.
    TokenNotStored,
    /// An outcome is written, and the state that it explains with the next commit.
    OutcomeWithoutState,
    /// Whatever has the name is taken for ours.
    AdoptUnchecked,
    /// Whether the lock is still held is not looked at before a call.
    LeaseNotChecked,
    /// A start without an answer is sent again at once.
    StartRepeatedBlindly,
    /// A generation that did not end in time is given up, and the next run begins another one.
    DeadlineBeginsAnew,
    /// An outcome is written before its intent.
    LinesReordered,
    /// A write does not look whether the lock was taken over.
    FenceIgnored,
    /// The lock is never renewed.
    HeartbeatForgotten,
    /// A delete goes to whatever task comes next.
    WrongTarget,
    /// A failure with HTTP 200 passes for a success.
    InBandBelieved,
    /// What an interrupted run made is taken for not made, without a look.
    SettledUnseen,
}

impl Defect {
    /// All of them.
    pub(crate) const ALL: [Self; 13] = [
        Self::IntentAfterSend,
        Self::TokenNotStored,
        Self::OutcomeWithoutState,
        Self::AdoptUnchecked,
        Self::LeaseNotChecked,
        Self::StartRepeatedBlindly,
        Self::DeadlineBeginsAnew,
        Self::LinesReordered,
        Self::FenceIgnored,
        Self::HeartbeatForgotten,
        Self::WrongTarget,
        Self::InBandBelieved,
        Self::SettledUnseen,
    ];

    /// Makes of a commit what the defective program would write. `withheld` is carried to the next one.
    pub(crate) fn spoil(
        self,
        withheld: &mut (Vec<Entry>, Vec<StateChange>),
        entries: &[Entry],
        changes: &[StateChange],
    ) -> (Vec<Entry>, Vec<StateChange>) {
        let is_intent = |entry: &Entry| matches!(entry.event, Event::Intent { .. });
        let (mut entries, mut changes) = (entries.to_vec(), changes.to_vec());
        match self {
            Self::IntentAfterSend => {
                let (intents, mut rest): (Vec<_>, Vec<_>) =
                    entries.into_iter().partition(is_intent);
                let before = std::mem::replace(&mut withheld.0, intents);
                rest.splice(0..0, before);
                entries = rest;
            }
            Self::TokenNotStored => {
                for entry in &mut entries {
                    if let Event::Intent { token, .. } = &mut entry.event {
                        *token = None;
                    }
                }
            }
            Self::OutcomeWithoutState => {
                let before = std::mem::take(&mut withheld.1);
                if entries
                    .iter()
                    .any(|entry| matches!(entry.event, Event::Applied { .. }))
                {
                    withheld.1 = std::mem::replace(&mut changes, before);
                } else {
                    changes.splice(0..0, before);
                }
            }
            Self::LinesReordered => {
                if let Some(at) = entries.iter().position(is_intent) {
                    let intent = entries.remove(at);
                    let before = std::mem::replace(&mut withheld.0, vec![intent]);
                    entries.extend(before);
                } else {
                    entries.extend(std::mem::take(&mut withheld.0));
                }
            }
            _ => {}
        }
        (entries, changes)
    }

    /// The call that the defective program sends instead.
    pub(crate) fn misdirect(self, call: &Call) -> Call {
        match (self, call.clone()) {
            (Self::WrongTarget, Call::DeleteTask { project, file }) => Call::DeleteTask {
                project,
                file: syncform::resource::FileId(file.0 + 1),
            },
            (_, call) => call,
        }
    }
}

/// The process that an outcome names.
pub(crate) fn process_of(event: &Event) -> Option<syncform::resource::ProcessId> {
    match event {
        Event::Applied {
            output: Output::Process(process),
        } => Some(*process),
        _ => None,
    }
}
