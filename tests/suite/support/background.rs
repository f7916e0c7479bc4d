//! A command that runs while the test looks on, and what can happen to it from outside.

use std::fs::File;
use std::process::{Child, Command};
use std::sync::Once;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use super::{Output, Sandbox};

/// A command on its way. It is killed when the test is over, however that ends.
pub(crate) struct Background {
    child: Child,
    said: TempDir,
}

impl Background {
    /// Starts the binary with these words.
    pub(crate) fn start(stack: &Sandbox, words: &[&str]) -> Self {
        Self::spawn(&mut stack.command(words))
    }

    /// Starts a command. What it says goes to files, so that nothing has to be read for it to go on.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let_interrupts_through();
        let said = tempfile::tempdir().unwrap();
        let file = |name| File::create(said.path().join(name)).unwrap();
        command.stdout(file("stdout")).stderr(file("stderr"));
        let child = command.spawn().unwrap();
        Self { child, said }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for something that comes about while it runs.
    #[track_caller]
    pub(crate) fn until(&mut self, mut so: impl FnMut() -> bool) {
        while !so() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended too early: {}", self.output(-1));
            std::thread::yield_now();
        }
    }

    /// Waits until it has said this on stderr.
    #[track_caller]
    pub(crate) fn until_it_says(&mut self, words: &str) {
        let file = self.said.path().join("stderr");
        self.until(|| std::fs::read_to_string(&file).unwrap().contains(words));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end. A signal that ended it is a code above 128, as in a shell.
    pub(crate) fn ends(mut self) -> Output {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.wait().unwrap();
        let code = status.code().or_else(|| Some(128 + status.signal()?));
        self.output(code.unwrap())
    }

    fn output(&self, code: i32) -> Output {
        let said = |name| std::fs::read_to_string(self.said.path().join(name)).unwrap();
        Output {
            stdout: said("stdout"),
            stderr: said("stderr"),
            code,
        }
    }
}

/// What a process ignores, its children ignore too, and a shell that puts the tests into the background has them ignore
/// Ctrl-C. What is handled is not handed down.
fn let_interrupts_through() {
    static HANDLED: Once = Once::new();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    if ignored & 0b10 != 0 {
        HANDLED.call_once(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let _runtime = runtime.enter();
            drop(signal(SignalKind::interrupt()).unwrap());
        });
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Also one that stands still; one that has ended is waited for already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
