//! Everything that people and programs read, as text: nothing here writes.

pub mod safe;
