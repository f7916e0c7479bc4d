//! Faults that the service did not state itself, but that follow from what it showed.

use crate::api::{ApiFault, FaultClass, Reply};
use crate::plan::Op;

/// An answer that no decoder gives for this operation.
pub(super) fn unexpected(op: Op, reply: &Reply) -> ApiFault {
    let message = format!("the answer has the shape of another operation's: {reply:?}");
    fault(FaultClass::Unknown, op, "unexpected answer", message)
}

/// The name of what is to be made belongs to something else.
pub(super) fn conflict(op: Op, what: &str) -> ApiFault {
    fault(
        FaultClass::AlreadyThere,
        op,
        "name conflict",
        what.to_owned(),
    )
}

/// What a call is about is not there.
pub(super) fn gone(op: Op) -> ApiFault {
    let message = "the object that the call is about does not exist".to_owned();
    fault(FaultClass::NotFound, op, "not found", message)
}

fn fault(class: FaultClass, op: Op, code: &str, message: String) -> ApiFault {
    ApiFault {
        class,
        operation: op.as_str().to_owned(),
        code: code.to_owned(),
        message,
        request_id: None,
        retry_after: None,
        hint: None,
    }
}
