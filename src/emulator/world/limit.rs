//! How many calls an account may make: a second, and a day.
//!
//! A bucket for all operations together, or one for reads and one for writes, and a count that starts again
//! with each day of the service's own time zone. Integers only, so that the same calls at the same times are
//! always throttled alike.

use serde::{Deserialize, Serialize};

use super::object::Moment;
use super::operation::Effect;
use super::request::Refusal;
use super::settings::Edition;

/// A call costs a thousand drops; a bucket of rate `n` gains `n` drops a millisecond.
const DROPS_PER_CALL: i64 = 1000;
const DAY_MS: i64 = 86_400_000;
/// The service counts its days in UTC+8.
const ZONE_MS: i64 = 8 * 3_600_000;

#[derive(Debug, Clone, Copy)]
struct Limits {
    reads: i64,
    writes: i64,
    /// One bucket for both classes.
    together: bool,
    daily: Option<u64>,
}

fn limits(edition: Edition) -> Option<Limits> {
    let small = |daily| Limits {
        reads: 5,
        writes: 5,
        together: true,
        daily: Some(daily),
    };
    match edition {
        Edition::Unlimited => None,
        Edition::Basic => Some(small(100)),
        Edition::Standard => Some(small(1_000)),
        Edition::Professional => Some(small(10_000)),
        Edition::Enterprise => Some(Limits {
            reads: 50,
            writes: 20,
            together: false,
            daily: None,
        }),
    }
}

/// What has been used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    day: i64,
    calls: u64,
    reads: Bucket,
    writes: Bucket,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    missing: i64,
    at: i64,
}

impl Bucket {
    /// Takes one call out, or says how many milliseconds are to wait.
    fn take(&mut self, rate: i64, now: Moment) -> Result<(), u64> {
        let gained = now.since(Moment(self.at)).saturating_mul(rate);
        self.missing = (self.missing - gained).max(0);
        self.at = self.at.max(now.0);
        let over = self.missing + DROPS_PER_CALL - rate * DROPS_PER_CALL;
        if over > 0 {
            let ms = over.saturating_add(rate - 1) / rate;
            return Err(ms.unsigned_abs());
        }
        self.missing += DROPS_PER_CALL;
        Ok(())
    }
}

impl Usage {
    /// Counts one call. Calls that are throttled do not use up the day.
    pub(crate) fn admit(
        &mut self,
        edition: Edition,
        effect: Effect,
        now: Moment,
    ) -> Result<(), Refusal> {
        let Some(limits) = limits(edition) else {
            return Ok(());
        };
        let day = now.plus(ZONE_MS).0.div_euclid(DAY_MS);
        if day != self.day {
            self.day = day;
            self.calls = 0;
        }
        if limits.daily.is_some_and(|daily| self.calls >= daily) {
            return Err(Refusal::new(
                429,
                "Throttling.Api.Risk",
                "The daily quota of API calls is exceeded.",
            ));
        }
        let taken = match effect {
            Effect::Write if !limits.together => self.writes.take(limits.writes, now),
            _ => self.reads.take(limits.reads, now),
        };
        taken.map_err(|ms| Refusal {
            retry_after_ms: Some(ms),
            ..Refusal::new(
                429,
                "Throttling.User",
                "Request was denied due to user flow control.",
            )
        })?;
        self.calls += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(edition: Edition, effect: Effect, times: impl IntoIterator<Item = i64>) -> usize {
        let mut usage = Usage::default();
        times
            .into_iter()
            .filter(|ms| {
                usage
                    .admit(edition, effect, Moment(1_700_000_000_000 + ms))
                    .is_ok()
            })
            .count()
    }

    #[test]
    fn a_burst_is_cut_at_the_rate_and_refills() {
        assert_eq!(admitted(Edition::Standard, Effect::Read, [0; 8]), 5);
        assert_eq!(
            admitted(
                Edition::Standard,
                Effect::Read,
                (0..4).flat_map(|s| [s * 1000; 8])
            ),
            20
        );
        assert_eq!(
            admitted(Edition::Standard, Effect::Read, (0..10).map(|n| n * 200)),
            10
        );
    }

    #[test]
    fn the_wait_that_is_named_is_enough_and_not_too_long() {
        let mut usage = Usage::default();
        let now = Moment(1_700_000_000_000);
        for _ in 0..5 {
            usage.admit(Edition::Basic, Effect::Write, now).unwrap();
        }
        let refusal = usage.admit(Edition::Basic, Effect::Write, now).unwrap_err();
        let wait = i64::try_from(refusal.retry_after_ms.unwrap()).unwrap();
        assert_eq!(wait, 200);
        assert!(
            usage
                .clone()
                .admit(Edition::Basic, Effect::Write, now.plus(wait - 1))
                .is_err()
        );
        assert!(
            usage
                .admit(Edition::Basic, Effect::Write, now.plus(wait))
                .is_ok()
        );
    }

    #[test]
    fn enterprise_counts_reads_and_writes_apart() {
        assert_eq!(admitted(Edition::Enterprise, Effect::Read, [0; 99]), 50);
        assert_eq!(admitted(Edition::Enterprise, Effect::Write, [0; 99]), 20);
    }

    #[test]
    fn the_day_ends_at_midnight_of_the_service() {
        let mut usage = Usage::default();
        // 2023-11-14T15:59:00Z is one minute before midnight in UTC+8.
        let evening = Moment(1_699_977_540_000);
        for call in 0..100 {
            usage
                .admit(Edition::Basic, Effect::Read, evening.plus(call * 200))
                .unwrap();
        }
        let refusal = usage
            .admit(Edition::Basic, Effect::Read, evening.plus(30_000))
            .unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), refusal.retry_after_ms),
            ("Throttling.Api.Risk", None)
        );
        assert!(
            usage
                .admit(Edition::Basic, Effect::Read, evening.plus(60_000))
                .is_ok()
        );
    }
}
