//! execute.
