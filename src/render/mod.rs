//! Everything that people and programs read, as text: nothing here writes.

pub mod diagnostics_json;
mod excerpt;
pub mod safe;
pub mod snippet;
