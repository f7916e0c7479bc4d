//! Repeats reads that failed for a reason that passes.

use std::sync::{Mutex, PoisonError};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Remote;
use crate::api::{ApiFault, Call, Reply};
use crate::clock::Clock;
use crate::execute::retry;

/// Sends a read again, after a pause, until it is answered or [`retry::delay`] gives up. Calls that change something pass
/// through untouched: whether one may be sent twice depends on what is known about the first, and that is in the journal.
#[derive(Debug)]
pub struct Retrying<R, C> {
    inner: R,
    clock: C,
    jitter: Mutex<ChaCha8Rng>,
}

impl<R, C: Clock> Retrying<R, C> {
    /// The seed decides the jitter of the pauses.
    pub fn new(inner: R, clock: C, seed: u64) -> Self {
        Self {
            inner,
            clock,
            jitter: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
        }
    }
}

impl<R: Remote, C: Clock> Remote for Retrying<R, C> {
    async fn send(&self, call: &Call) -> Result<Reply, ApiFault> {
        if call.operation().write {
            return self.inner.send(call).await;
        }
        let mut attempt = 0;
        loop {
            let fault = match self.inner.send(call).await {
                Ok(reply) => return Ok(reply),
                Err(fault) => fault,
            };
            let pause = {
                let mut jitter = self.jitter.lock().unwrap_or_else(PoisonError::into_inner);
                retry::delay(attempt, &fault, &mut *jitter)
            };
            let Some(pause) = pause else {
                return Err(fault);
            };
            attempt += 1;
            tracing::debug!(%fault, attempt, pause_ms = pause.as_millis(), "a read is repeated");
            self.clock.sleep(pause).await;
        }
    }
}
