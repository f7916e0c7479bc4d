//! Why a call did not work.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a fault means to the caller. Only the class steers; code and request id are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// Too many calls just now: nothing happened, try again later.
    Throttled,
    /// The day's or the edition's calls are used up: nothing happened, and nothing will today.
    QuotaSpent,
    /// The service failed on its own (500, 503): a write may or may not have taken effect.
    Unavailable,
    /// The name is taken.
    AlreadyThere,
    /// There is no such object.
    NotFound,
    /// The key, the signature, the clock or the permission is at fault.
    Denied,
    /// The request is wrong, or the object is in the wrong state.
    Invalid,
    /// The same token was used for another request.
    TokenMismatch,
    /// The request was never sent: connecting failed.
    NotSent,
    /// No answer, or one that cannot be understood: the call may have taken effect.
    Unknown,
}

/// A call's failure, in-band (HTTP 200 with a failing status) or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{operation} failed: {code}: {message}{}", .request_id.as_deref().map(|id| format!(" (RequestId {id})")).unwrap_or_default())]
pub struct ApiFault {
    /// What it means.
    pub class: FaultClass,
    /// The `Action`.
    pub operation: String,
    /// The service's code, or a word of ours where it gave none (`in-band failure`, `unreadable answer`, `HTTP 502`,
    /// `timeout`, `connection`, `secret`).
    pub code: String,
    /// The service's message, control characters removed.
    pub message: String,
    /// The service's `RequestId`.
    pub request_id: Option<String>,
    /// `x-acs-retry-after`.
    pub retry_after: Option<Duration>,
    /// What the user may do next, where it is known.
    pub hint: Option<String>,
}
