//! syncform keeps Data Integration sync tasks as TOML manifests: it reads them, plans, and applies.

pub mod address;
pub mod api;
pub mod cli;
pub mod clock;
pub mod desired;
pub mod diagnostic;
pub mod diff;
pub mod emulator;
pub mod execute;
pub mod graph;
pub mod journal;
pub mod manifest;
pub mod plan;
pub mod refresh;
pub mod remote;
pub mod render;
pub mod resource;
pub mod secret;
pub mod source;
pub mod state;
pub mod store;
