//! Everything that people and programs read, as text: nothing here writes.
//!
//! Text that others wrote (names, keys, messages of the service) goes through [`safe`] on its way into a text.

pub mod apply_text;
pub mod diagnostics_json;
mod excerpt;
mod paint;
mod phrase;
pub mod plan_text;
pub mod safe;
pub mod snippet;
mod table_list;
mod value;
