//! The remote: one method, wrapped once for retries, limits and logs.

use std::future::Future;

use crate::api::{ApiFault, Call, Reply};

/// Sends calls.
pub trait Remote: Send + Sync {
    /// Sends one call and waits for its answer. It is sent at most once.
    fn send(&self, call: &Call) -> impl Future<Output = Result<Reply, ApiFault>> + Send;
}
