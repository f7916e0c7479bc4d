//! execute.

pub mod retry;
