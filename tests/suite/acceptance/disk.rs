//! A disk that takes no more: the run stops before the call whose record could not be kept, what is known can be read, and
//! with room again the next apply goes on.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Background, Emulator, Sandbox, apply_one_by_one};

const STATE: &str = ".syncform/default.db";

#[test]
fn a_disk_that_fills_up_stops_the_run_and_loses_nothing() {
    let (mut before, mut midway) = (0, 0);
    // The most that a file may hold, in blocks of 512 bytes: too little for a state file, for a run's plan, for its journal.
    for blocks in [16, 80, 120, 160, 240] {
        let mut stack = Sandbox::quickstart();
        let emulator = Emulator::of(&mut stack);
        let url = emulator.url();
        let apply = ["--endpoint", &url, "apply", "--auto-approve"];
        let limit = format!("ulimit -f {blocks}; trap '' XFSZ");
        let stopped = stack.run_command(&mut stack.command_after(&limit, &apply));
        let wrote = emulator.calls().1 > 0;
        match stopped.code {
            1 if !wrote => before += 1,
            6 if wrote => midway += 1,
            _ => panic!("{blocks} blocks: {stopped}"),
        }
        stopped.says(&[".syncform/", "cannot be read or written", "ulimit"]);
        stack.run(&["state", "list"]).exits(0);
        let journal = stack.run(&["state", "journal"]).exits(0);
        if wrote {
            stopped.says(&["because its record could not be kept"]);
            assert!(journal.stdout.contains("not finished"), "{journal}");
        }
        stack.run(&apply).exits(0);
        emulator.is_in_line_with(&stack);
    }
    assert!(
        before >= 2 && midway >= 2,
        "{before} before, {midway} midway"
    );
}

#[test]
fn a_plan_that_finds_no_room_leaves_the_old_one() {
    // A plan that takes more room than all that is needed to make it.
    let mut stack = Sandbox::example("shop-lake");
    let emulator = Emulator::of(&mut stack);
    let url = emulator.url();
    let plan = ["--endpoint", &url, "plan", "--out", "saved.plan"];
    stack.run(&plan).exits(0);
    let old = stack.read("saved.plan");
    // SQLite keeps files of its own beside the state.
    let entries = || std::fs::read_dir(stack.path()).unwrap().count();
    let before = entries();
    let full = stack.run_command(&mut stack.command_after("ulimit -f 80; trap '' XFSZ", &plan));
    full.exits(1).says(&[
        "the plan saved.plan cannot be written",
        "hint: nothing was changed",
    ]);
    assert_eq!(stack.read("saved.plan"), old);
    assert_eq!(entries(), before, "a draft is left");
}

/// Somebody whom permissions bind: root is turned into nobody, with a copy of the binary, which may lie where nobody else may look.
struct Person {
    binary: Option<tempfile::TempDir>,
}

const NOBODY: u32 = 65_534;

impl Person {
    fn of(stack: &Sandbox) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self { binary: None };
        }
        let binary = tempfile::tempdir().unwrap();
        std::fs::copy(
            env!("CARGO_BIN_EXE_syncform"),
            binary.path().join("syncform"),
        )
        .unwrap();
        std::fs::set_permissions(binary.path(), Permissions::from_mode(0o755)).unwrap();
        give(stack.path());
        Self {
            binary: Some(binary),
        }
    }

    fn command(&self, stack: &Sandbox, words: &[&str]) -> Command {
        let command = stack.command(words);
        let Some(directory) = &self.binary else {
            return command;
        };
        let mut theirs = Command::new(directory.path().join("syncform"));
        theirs
            .args(words)
            .current_dir(stack.path())
            .env_clear()
            .envs(
                command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .uid(NOBODY)
            .gid(NOBODY);
        theirs
    }
}

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// Takes the right to write from `.syncform/` and all in it, or gives it back.
fn set_modes(stack: &Sandbox, directory: u32, file: u32) {
    let state = stack.path().join(".syncform");
    let files: Vec<PathBuf> = std::fs::read_dir(&state)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for path in files {
        std::fs::set_permissions(path, Permissions::from_mode(file)).unwrap();
    }
    std::fs::set_permissions(&state, Permissions::from_mode(directory)).unwrap();
}

#[test]
fn where_nothing_can_be_written_what_is_known_can_be_read() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    let person = Person::of(&stack);
    let url = emulator.url();
    let run = |words: &[&str]| {
        let words = [&["--endpoint", url.as_str()], words].concat();
        stack.run_command(&mut person.command(&stack, &words))
    };
    // Killed with a call on its way: the last commits lie beside the file, and the run is open.
    emulator.hold_up("DeployDISyncTask", 1, 3_600_000);
    let apply = apply_one_by_one(&url);
    let mut killed = Background::spawn(&mut person.command(&stack, &apply));
    killed.until(|| emulator.calls_of("DeployDISyncTask") > 0);
    drop(killed);
    set_modes(&stack, 0o500, 0o400);

    let list = run(&["state", "list"]).exits(0);
    assert!(list.stdout.contains("task.customers_once"), "{list}");
    run(&["state", "show", "datasource.holo_bi"]).exits(0);
    let journal = run(&["state", "journal"]).exits(0);
    assert!(journal.stdout.contains("not finished"), "{journal}");
    assert!(
        run(&["unlock"])
            .exits(5)
            .stdout
            .contains("Its process is gone")
    );
    run(&["plan"])
        .exits(0)
        .says(&["may be stale soon", "cannot be written"]);
    for command in [&["apply", "--auto-approve"][..], &["unlock", "--force"]] {
        run(command)
            .exits(1)
            .says(&[STATE, "cannot be written", "read-only"]);
    }

    set_modes(&stack, 0o700, 0o600);
    run(&["apply", "--auto-approve"]).exits(0);
    let state = emulator.state();
    assert_eq!(state["files"].as_array().unwrap().len(), 3);
    run(&["plan", "--detailed-exitcode"]).exits(0);
}
