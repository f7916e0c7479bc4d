//! What the modules share: a stack in a sandbox, the binary, an emulator to look into.

mod emulator;
mod sandbox;

pub(crate) use emulator::Emulator;
pub(crate) use sandbox::{Output, Sandbox};
