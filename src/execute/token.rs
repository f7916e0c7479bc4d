//! Client tokens: the same intent always sends the same token, from any machine.

use serde_json::{Value, json};

use crate::address::Address;
use crate::api::{ClientToken, wire};
use crate::plan::hash::canonical;
use crate::resource::TaskSpec;
use crate::state::Lineage;

/// What a token is a function of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intent<'a> {
    /// The state's identity.
    pub(super) lineage: &'a Lineage,
    /// Whose call it is.
    pub(super) address: &'a Address,
    /// Which life of the address.
    pub(super) generation: u32,
}

/// The token of a generate call.
pub(super) fn generate(intent: Intent<'_>, spec: &TaskSpec) -> ClientToken {
    token(
        intent,
        "generate",
        &json!([spec.project_id, spec.task_type, wire::task_param(spec)]),
    )
}

/// The token of a create call. The generated script takes no part: generated again, it may come out with other details, and
/// it is still the same intent.
pub(super) fn create(intent: Intent<'_>, spec: &TaskSpec) -> ClientToken {
    token(
        intent,
        "create",
        &json!([
            spec.project_id,
            spec.task_type,
            wire::task_param(spec),
            wire::create_param(spec)
        ]),
    )
}

fn token(intent: Intent<'_>, operation: &str, request: &Value) -> ClientToken {
    let digest = canonical(&json!({
        "lineage": intent.lineage,
        "address": intent.address,
        "generation": intent.generation,
        "operation": operation,
        "request": request,
    }));
    // 48 hex digits: far below the 64 characters that are known to be accepted, far above what could collide.
    ClientToken(format!("syncform-{}", &digest[..48]))
}
