//! An emulator of the API: what `syncform emulator` serves and what `endpoint = "embedded"` talks to.
//!
//! ```text
//!  bytes -> server -> gateway (signature, time, format) -> host (one thread) -> World::handle
//!                                                             |
//!                                                          persist (SQLite, before the answer)
//! ```
//!
//! [`World`] is the service itself: every object, every rule and every scripted fault, as a value. It does no
//! I/O and reads no clock, so a simulation can drive it in virtual time; [`start`] puts HTTP around it.
//! How to run, seed and break it is told in `docs/emulator.md`.

mod admin;
mod gateway;
mod host;
mod persist;
mod seed;
mod server;
pub mod world;
mod xml;

pub use gateway::AccessKey;
pub use persist::StoreError;
pub use seed::{Seed, SeedError};
pub use server::{Clock, Options, Running, StartError, start};
pub use world::World;
