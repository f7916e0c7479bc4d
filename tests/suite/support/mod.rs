//! What the modules share: a stack in a sandbox, the binary, an emulator to look into, and how long campaigns go about it.

mod applied;
mod background;
mod campaign;
mod emulator;
mod sandbox;

pub(crate) use applied::Applied;
pub(crate) use background::Background;
pub(crate) use campaign::{budget, in_parallel};
pub(crate) use emulator::{Emulator, apply_one_by_one, served_quickstart};
pub(crate) use sandbox::{Output, Sandbox};
