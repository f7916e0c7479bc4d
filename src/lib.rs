//! syncform keeps Data Integration sync tasks as TOML manifests: it reads them, plans, and applies exactly the plan.
//!
//! ```text
//!  text -> manifest::Sources -> desired::Desired -> graph::DependencyGraph
//!                                      |
//!   store: state::State (prior) -------+--> diff::Comparison -> plan::Plan -> execute::Machine
//!   refresh: diff::Actual -------------+                                          |  ^
//!                                                             journal + state <- driver -> remote
//! ```
//!
//! Values flow to the right, nothing flows back. Everything up to [`execute::Machine`] is a pure function of its inputs; the
//! shell around it ([`store`], [`remote`], [`refresh`], [`clock`], [`execute::carry_out`], [`cli`]) touches the outside and decides
//! nothing. [`emulator`] is the other side of the wire: the service as a value, with HTTP around it.
//!
//! On disk: `.syncform/<env>.db` holds state, journal and lock of one environment ([`store`]), `.syncform/<env>.emulator.db`
//! the world of the embedded endpoint, and a saved plan is one file ([`plan::file`]).
//!
//! `ARCHITECTURE.md` follows one table set from its manifest to the wire, and lists what must stay true.

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
