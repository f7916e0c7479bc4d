//! The machine, the emulator's world and the state file in one thread, under a seeded script of faults.
//!
//! What runs is the real program below its command line: lock, settle, refresh, compare, plan and the driver with the machine, in
//! virtual time. What is simulated is what it touches. [`oracle`] says what must hold, [`script`] what can happen.
//!
//! - `SYNCFORM_SIM_SEED=7 cargo test sim::campaign::one_seed -- --nocapture` plays one seed and tells what happened.
//! - `SYNCFORM_SIM_SEEDS=20000 cargo test sim::campaign -- --nocapture` plays as many as one likes.

mod backend;
mod campaign;
mod defect;
mod disk;
mod found;
mod network;
mod oracle;
pub(crate) mod play;
mod process;
pub(crate) mod script;
pub(crate) mod stack;
pub(crate) mod stage;
