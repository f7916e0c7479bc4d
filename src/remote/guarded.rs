//! Asks at the last moment whether a call that changes something may still be sent.

use std::error::Error;
use std::fmt;

use super::Remote;
use crate::api::{ApiFault, Call, FaultClass, Reply};

/// Whether the caller may still change things, and if not, why.
pub type Permission = Box<dyn Fn() -> Result<(), Box<dyn Error>> + Send + Sync>;

/// Sends a call that changes something only with permission. Whoever decides to send it asked before; but a call may wait
/// for its turn, and the whole process may stand still meanwhile. So this goes below whatever waits.
pub struct Guarded<R> {
    inner: R,
    permission: Option<Permission>,
}

impl<R> Guarded<R> {
    /// Without a permission to ask for, everything passes: for whoever only looks.
    pub fn new(inner: R, permission: Option<Permission>) -> Self {
        Self { inner, permission }
    }
}

impl<R> fmt::Debug for Guarded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

impl<R: Remote> Remote for Guarded<R> {
    async fn send(&self, call: &Call) -> Result<Reply, ApiFault> {
        if call.operation().write
            && let Some(permission) = &self.permission
        {
            permission().map_err(|why| ApiFault {
                class: FaultClass::NotSent,
                operation: call.operation().name.to_owned(),
                code: "not permitted".to_owned(),
                message: why.to_string(),
                request_id: None,
                retry_after: None,
                hint: None,
            })?;
        }
        self.inner.send(call).await
    }
}
