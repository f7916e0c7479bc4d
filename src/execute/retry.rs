//! When to try again: a pure policy that says how long to wait, and leaves the waiting to its caller.
//!
//! It knows faults, not calls: that a call may be sent twice at all is for the caller to know. For reads it always may
//! (API facts 2.7).

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use rand::{Rng, RngExt};

use crate::api::{ApiFault, FaultClass};

/// The first pause: the limits of the service are counted by the second.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause that grows by itself.
const LONGEST: Duration = Duration::from_secs(20);

/// The longest pause that the service can ask for. Beyond it a person had better decide.
const LONGEST_ASKED: Duration = Duration::from_secs(120);

/// How long to wait before the next attempt, `attempt` being 0 after the first failure; `None`: give up.
pub fn delay(attempt: u32, fault: &ApiFault, rng: &mut impl Rng) -> Option<Duration> {
    if attempt >= most_repeats(fault.class) {
        return None;
    }
    let asked = fault.retry_after.unwrap_or_default();
    if asked > LONGEST_ASKED {
        return None;
    }
    let pause = ExponentialBuilder::new()
        .with_min_delay(FIRST)
        .with_max_delay(LONGEST)
        .without_max_times()
        .build()
        .nth(attempt as usize)?;
    // Between half of the pause and all of it, so that tasks that failed together do not come back together.
    let jittered = pause.mul_f64(rng.random_range(0.5..=1.0));
    // What the service asks for is a lower bound; the jitter goes on top.
    Some(if asked.is_zero() {
        jittered
    } else {
        asked + jittered / 4
    })
}

/// How often a call is repeated after a fault of this class.
fn most_repeats(class: FaultClass) -> u32 {
    match class {
        // A minute at most: 1 + 2 + 4 + 8 + 16 + 20 seconds. Others of the account may be using the limit up.
        FaultClass::Throttled => 6,
        FaultClass::Unavailable => 4,
        // A wrong host name or a broken network stays, and people wait; what passes, passes in a moment.
        FaultClass::NotSent | FaultClass::Unknown => 2,
        FaultClass::QuotaSpent
        | FaultClass::AlreadyThere
        | FaultClass::NotFound
        | FaultClass::Denied
        | FaultClass::Invalid
        | FaultClass::TokenMismatch => 0,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn fault(class: FaultClass, retry_after: Option<Duration>) -> ApiFault {
        ApiFault {
            class,
            operation: "GetProject".into(),
            code: "X".into(),
            message: "x".into(),
            request_id: None,
            retry_after,
            hint: None,
        }
    }

    fn pauses(class: FaultClass, retry_after: Option<Duration>, seed: u64) -> Vec<Duration> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..)
            .map_while(|attempt| delay(attempt, &fault(class, retry_after), &mut rng))
            .collect()
    }

    #[test]
    fn pauses_grow_within_bounds_and_end() {
        for seed in 0..100 {
            let pauses = pauses(FaultClass::Throttled, None, seed);
            let full = [1, 2, 4, 8, 16, 20].map(Duration::from_secs);
            assert_eq!(pauses.len(), full.len());
            for (pause, full) in pauses.iter().zip(full) {
                assert!(
                    *pause >= full / 2 && *pause <= full,
                    "{pause:?} of {full:?}"
                );
            }
        }
    }

    #[test]
    fn a_seed_repeats_its_pauses() {
        let of = |seed| pauses(FaultClass::Unavailable, None, seed);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn what_the_service_asks_for_is_waited_unless_it_is_too_long() {
        let asked = Duration::from_secs(30);
        assert!(
            pauses(FaultClass::Throttled, Some(asked), 0)
                .iter()
                .all(|pause| *pause >= asked)
        );
        assert_eq!(
            pauses(FaultClass::Throttled, Some(Duration::from_secs(3600)), 0),
            []
        );
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        for class in [
            FaultClass::QuotaSpent,
            FaultClass::AlreadyThere,
            FaultClass::NotFound,
            FaultClass::Denied,
            FaultClass::Invalid,
            FaultClass::TokenMismatch,
        ] {
            assert_eq!(pauses(class, None, 0), [], "{class:?}");
        }
    }
}
