//! The run status of a real-time task, as a reader sees it.
//!
//! `WAIT` and `KILLING` pass when they have been seen often enough and have lasted long enough. The state steps on
//! with the reader who sees the end of it, so that nobody has to sleep: see the switches `wait_reads` and
//! `wait_ms`.

use super::lookup::failed_word;
use crate::emulator::world::object::{Moment, Passing, RunState};
use crate::emulator::world::settings::Settings;

/// The status word and the message that a status read gets, and what the read does to the state.
pub(crate) fn observe(
    state: &mut RunState,
    settings: &Settings,
    now: Moment,
) -> (&'static str, Option<String>) {
    match state {
        RunState::Waiting(passing) => {
            if see(passing, now) {
                *state = RunState::Running;
            }
        }
        RunState::Killing(passing) => {
            if see(passing, now) {
                *state = RunState::Paused;
            }
        }
        RunState::NotRun | RunState::Running | RunState::Paused | RunState::Failed(_) => {}
    }
    let message = match state {
        RunState::Failed(message) => Some(message.clone()),
        _ => None,
    };
    (status_word(state, settings), message)
}

/// The status word of a state, without looking at it as a caller does.
pub(crate) fn status_word(state: &RunState, settings: &Settings) -> &'static str {
    match state {
        RunState::NotRun => "NORUN",
        RunState::Waiting(_) => "WAIT",
        RunState::Running => "RUN",
        RunState::Killing(_) => "KILLING",
        RunState::Paused => "PAUSE",
        RunState::Failed(_) => failed_word(settings),
    }
}

/// One look at something that passes; true if it is over.
pub(crate) fn see(passing: &mut Passing, now: Moment) -> bool {
    let over = passing.is_over(now);
    passing.reads_left = passing.reads_left.saturating_sub(1);
    over
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(mut state: RunState, times: &[i64]) -> Vec<&'static str> {
        let settings = Settings::default();
        times
            .iter()
            .map(|ms| observe(&mut state, &settings, Moment(*ms)).0)
            .collect()
    }

    #[test]
    fn waiting_ends_after_its_reads_and_its_time() {
        let waiting = |reads_left, until| {
            RunState::Waiting(Passing {
                reads_left,
                until: Moment(until),
            })
        };
        assert_eq!(words(waiting(0, 0), &[0]), ["RUN"]);
        assert_eq!(
            words(waiting(2, 0), &[0, 0, 0, 0]),
            ["WAIT", "WAIT", "RUN", "RUN"]
        );
        assert_eq!(words(waiting(1, 50), &[0, 49, 50]), ["WAIT", "WAIT", "RUN"]);
    }

    #[test]
    fn killing_ends_in_pause() {
        let killing = RunState::Killing(Passing {
            reads_left: 1,
            until: Moment(0),
        });
        assert_eq!(words(killing, &[0, 0]), ["KILLING", "PAUSE"]);
    }

    #[test]
    fn a_death_is_told_by_its_message() {
        let mut state = RunState::Failed("failover limit".into());
        let seen = observe(&mut state, &Settings::default(), Moment(0));
        assert_eq!(seen, ("PAUSE", Some("failover limit".into())));
    }
}
