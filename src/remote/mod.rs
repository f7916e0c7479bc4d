//! The remote: one method, wrapped once for each concern.
//!
//! [`HttpRemote`] sends a call once over HTTP and understands the answer. Around it go [`Limited`], which keeps to the
//! provider's requests per second, [`Guarded`], which asks once more before a write, [`Retrying`], which repeats reads, and
//! [`Counting`], which counts. Nothing here knows plans or state; when a write may be repeated is for the apply machine to say.

mod counting;
pub mod credentials;
mod guarded;
mod http;
mod limited;
mod nonce;
mod retrying;

use std::future::Future;
use std::sync::Arc;

pub use counting::{Calls, Counting};
pub use guarded::{Guarded, Permission};
pub use http::{
    HttpRemote, HttpSettings, SignedRequest, Signing, Timeouts, UnusableEndpoint, sign_request,
};
pub use limited::Limited;
pub use nonce::{NonceSource, OsNonces, SeededNonces};
pub use retrying::Retrying;

use crate::api::{ApiFault, Call, Reply};

/// Sends calls.
pub trait Remote: Send + Sync {
    /// Sends one call and waits for its answer. A call that changes something is sent at most once.
    fn send(&self, call: &Call) -> impl Future<Output = Result<Reply, ApiFault>> + Send;
}

impl<R: Remote> Remote for Arc<R> {
    fn send(&self, call: &Call) -> impl Future<Output = Result<Reply, ApiFault>> + Send {
        R::send(self, call)
    }
}
