//! How often to ask for what takes time: growing intervals up to a deadline (a day of the Basic edition has 100 calls).

use std::time::Duration;

/// Intervals between the questions of one wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// The first interval.
    pub first: Duration,
    /// The longest interval.
    pub longest: Duration,
    /// When to stop waiting for a generation; what is not finished then is taken up by the next run.
    pub generation: Duration,
    /// When to stop waiting for a task to run, to stand still or to be gone.
    pub settling: Duration,
}

impl Pacing {
    /// For the real service: 2 s growing to 30 s.
    pub const SERVICE: Self = Self {
        first: Duration::from_secs(2),
        longest: Duration::from_secs(30),
        generation: Duration::from_secs(30 * 60),
        settling: Duration::from_secs(10 * 60),
    };

    /// For an emulator, which counts questions and not seconds.
    pub const EMULATOR: Self = Self {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(500),
        generation: Duration::from_secs(20),
        settling: Duration::from_secs(20),
    };

    /// The interval after `asked` questions: half as much again each time.
    pub(super) fn interval(&self, asked: u32) -> Duration {
        let grown = self
            .first
            .mul_f64(1.5_f64.powi(i32::try_from(asked).unwrap_or(i32::MAX).min(64)));
        grown.min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_to_the_longest() {
        let seconds: Vec<_> = (0..9)
            .map(|asked| Pacing::SERVICE.interval(asked).as_secs_f64().round())
            .collect();
        assert_eq!(seconds, [2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 23.0, 30.0, 30.0]);
    }
}
