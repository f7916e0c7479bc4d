//! A stack that was applied to an emulator, and goes on from there.

use super::{Emulator, Output, Sandbox};

/// A stack that is as its manifests say.
pub(crate) struct Applied {
    pub(crate) stack: Sandbox,
    pub(crate) emulator: Emulator,
}

impl Applied {
    /// Applies a stack for the first time.
    pub(crate) fn of(mut stack: Sandbox) -> Self {
        let emulator = Emulator::of(&mut stack);
        let applied = Self { stack, emulator };
        applied.run(&["apply", "--auto-approve"]).exits(0);
        applied
    }

    /// Runs a command of the stack at the emulator.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let url = self.emulator.url();
        self.stack.run(&[&["--endpoint", &url], words].concat())
    }

    /// One apply does everything.
    #[track_caller]
    pub(crate) fn converges(&self) {
        self.run(&["apply", "--auto-approve"]).exits(0);
        self.run(&["plan", "--detailed-exitcode"]).exits(0);
    }
}
