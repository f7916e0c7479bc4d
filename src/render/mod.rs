//! Everything that people and programs read, as text: nothing here writes.
//!
//! Text that others wrote (names, keys, messages of the service) goes through [`safe`] on its way into a text.

pub mod apply_text;
mod attributes;
pub mod diagnostics_json;
pub mod events;
mod excerpt;
pub mod json_text;
mod paint;
mod phrase;
pub mod plan_json;
pub mod plan_markdown;
pub mod plan_text;
pub mod safe;
pub mod snippet;
pub mod state_json;
pub mod state_text;
mod table_list;
mod value;
mod wrap;
