//! Counts the calls that pass.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Remote;
use crate::api::{ApiFault, Call, Reply};

/// How many calls were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls that only read.
    pub read: u64,
    /// Calls that can change something.
    pub write: u64,
}

/// Counts every call, whatever comes of it: directly around the sender, that is what the day's quota sees.
#[derive(Debug)]
pub struct Counting<R> {
    inner: R,
    read: AtomicU64,
    write: AtomicU64,
}

impl<R> Counting<R> {
    /// Starts at nought.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            read: AtomicU64::new(0),
            write: AtomicU64::new(0),
        }
    }

    /// The calls so far.
    pub fn calls(&self) -> Calls {
        Calls {
            read: self.read.load(Ordering::Relaxed),
            write: self.write.load(Ordering::Relaxed),
        }
    }
}

impl<R: Remote> Remote for Counting<R> {
    async fn send(&self, call: &Call) -> Result<Reply, ApiFault> {
        let counter = if call.operation().write {
            &self.write
        } else {
            &self.read
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.inner.send(call).await
    }
}
