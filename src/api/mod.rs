//! The contract with the remote API, in the domain's words; no I/O.

pub mod sign;
