//! Keeps to the provider's requests per second, all tasks and operations together.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as Ticker, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::Mutex;

use super::Remote;
use crate::api::{ApiFault, Call, Reply};
use crate::clock::Clock;

/// Lets calls through one by one, evenly spaced: a burst at the start would make the first second hold twice as many as
/// the service allows.
pub struct Limited<R, C, T: Ticker = MonotonicClock> {
    inner: R,
    clock: C,
    ticker: T,
    limiter: RateLimiter<NotKeyed, InMemoryState, T, NoOpMiddleware<T::Instant>>,
    /// Whoever waits holds it, so that calls go out in the order in which they came; the lock is a fair one.
    turn: Mutex<()>,
}

impl<R, C: Clock> Limited<R, C> {
    /// At most `qps` calls in a second. Time is measured by the machine's monotonic clock, which nobody sets back.
    pub fn new(inner: R, qps: NonZeroU32, clock: C) -> Self {
        Self::with_ticker(inner, qps, clock, MonotonicClock)
    }
}

impl<R, C: Clock, T: Ticker + Clone> Limited<R, C, T> {
    /// The same with another measure of time, which has to advance while `clock` sleeps.
    pub fn with_ticker(inner: R, qps: NonZeroU32, clock: C, ticker: T) -> Self {
        let spacing = Duration::from_secs(1) / qps.get();
        let quota = Quota::with_period(spacing)
            .expect("a second divided by a u32 is not nothing")
            .allow_burst(NonZeroU32::MIN);
        Self {
            inner,
            clock,
            limiter: RateLimiter::direct_with_clock(quota, ticker.clone()),
            ticker,
            turn: Mutex::new(()),
        }
    }

    async fn wait_for_turn(&self) {
        let _turn = self.turn.lock().await;
        while let Err(too_early) = self.limiter.check() {
            let wait = too_early.wait_time_from(self.ticker.now());
            self.clock.sleep(wait).await;
        }
    }
}

impl<R, C, T> Remote for Limited<R, C, T>
where
    R: Remote,
    C: Clock,
    T: Ticker<Instant: Send + Sync> + Clone + Send + Sync,
{
    async fn send(&self, call: &Call) -> Result<Reply, ApiFault> {
        self.wait_for_turn().await;
        self.inner.send(call).await
    }
}
