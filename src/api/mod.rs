//! The contract with the remote API, in the domain's words; no I/O.
//!
//! A [`Call`] is one API call, a [`Reply`] what it answered, an [`ApiFault`] why it did not work. [`wire`] alone knows
//! parameter names and body shapes, [`sign`] alone knows signatures.

mod call;
mod fault;
mod region;
pub mod sign;
pub mod wire;

pub use call::{
    Call, ClientToken, DatasourceRow, FileRow, Operation, Page, Reply, RunStatus, SourceDatabases,
    TaskScript,
};
pub use fault::{ApiFault, FaultClass};
pub use region::{endpoint_of_region, known_regions};
