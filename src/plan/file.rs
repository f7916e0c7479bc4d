//! The saved plan: one file that may be published, read back only when it is whole.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Plan, hash};

/// What the file says it is.
const FORMAT: &str = "syncform-plan";
/// How every saved plan begins: by this a file is known as one before it is replaced.
pub const START: &str = "{\"format\":\"syncform-plan\"";
/// Raised when an older reader would misunderstand the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope<P> {
    format: String,
    version: u32,
    written_by: String,
    /// SHA-256 over the plan's canonical JSON: the plan's own hash leaves out what changes nothing of what it does.
    checksum: String,
    plan: P,
}

/// Why a text is no plan that can be applied.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPlan {
    /// It is not JSON of ours at all, or cut short.
    #[error("the file is not a saved plan, or it is damaged")]
    NotAPlan(#[source] serde_json::Error),
    /// It is JSON, and says that it is something else.
    #[error("the file is not a saved plan: its format is {0:?}")]
    OtherFormat(String),
    /// A newer syncform wrote it.
    #[error(
        "the plan has format version {found}, and this syncform reads up to {VERSION}; it was written by syncform {written_by}"
    )]
    Newer {
        /// The file's version.
        found: u32,
        /// Who wrote it.
        written_by: String,
    },
    /// Its content does not have the checksum that it names.
    #[error(
        "the plan was changed after it was saved: its content has another checksum than it says"
    )]
    Altered,
}

/// The file's text.
pub fn write(plan: &Plan) -> String {
    let envelope = Envelope {
        format: FORMAT.to_owned(),
        version: VERSION,
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        checksum: hash::canonical(plan),
        plan,
    };
    let mut text = serde_json::to_string(&envelope).expect("a plan has a JSON form");
    text.push('\n');
    text
}

/// Reads what [`write()`] wrote.
pub fn read(text: &str) -> Result<Plan, InvalidPlan> {
    let envelope: Envelope<Value> = serde_json::from_str(text).map_err(InvalidPlan::NotAPlan)?;
    if envelope.format != FORMAT {
        return Err(InvalidPlan::OtherFormat(envelope.format));
    }
    if envelope.version > VERSION {
        return Err(InvalidPlan::Newer {
            found: envelope.version,
            written_by: envelope.written_by,
        });
    }
    if hash::canonical(&envelope.plan) != envelope.checksum {
        return Err(InvalidPlan::Altered);
    }
    serde_json::from_value(envelope.plan).map_err(InvalidPlan::NotAPlan)
}
