//! The plan's hash: two plans with one hash do the same.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Plan;

/// `sha256:…` over the canonical JSON (RFC 8785) of what the plan does. Left out is what changes nothing of that: clock and
/// host, the endpoint's address and limits, lineage and serial (a clean clone has its own), and the lines of manifests, which
/// move when a comment is added.
pub(super) fn of(plan: &Plan) -> String {
    let mut changes = json!(plan.changes);
    for change in changes.as_array_mut().into_iter().flatten() {
        if let Some(reason) = change.get_mut("reason").and_then(Value::as_object_mut) {
            reason.remove("location");
        }
        // A fingerprint is keyed by the state, so that the same secret looks different to every clone.
        for side in ["before", "after"] {
            if let Some(spec) = change.get_mut(side).and_then(Value::as_object_mut) {
                spec.remove("fingerprints");
            }
        }
    }
    let hashed = json!({
        "stack": plan.stack,
        "environment": plan.environment,
        "mode": plan.mode,
        "changes": changes,
    });
    format!("sha256:{}", canonical(&hashed))
}

/// Hex of the SHA-256 over a value's canonical JSON.
pub(crate) fn canonical(value: &impl Serialize) -> String {
    let canonical =
        serde_json_canonicalizer::to_vec(value).expect("plain data has a canonical form");
    hex::encode(Sha256::digest(canonical))
}
