//! Apply: a pure machine that decides, and a driver that obeys.

mod change_run;
mod driver;
mod machine;
mod outcome;
mod pacing;
mod protocol;
pub mod retry;
mod session;
mod token;

pub use driver::{CutOff, HEARTBEAT, Surroundings};
pub use machine::{Event, Instruction, Machine, Settings};
pub use outcome::{Ended, Failure, Outcome, Progress};
pub use pacing::Pacing;
pub use session::{Unsettled, carry_out, settle};
