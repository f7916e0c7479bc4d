//! An apply that is killed in the middle is finished by the next one, with nothing made twice.

use std::collections::BTreeSet;
use std::process::Stdio;

use crate::support::{Emulator, Sandbox};

#[test]
fn an_apply_of_thirty_tasks_killed_in_the_middle_ends_the_same() {
    // Enough writes that some tasks run, some are half-way and some are not begun.
    for writes in [7, 30, 75] {
        let mut stack = Sandbox::example("shop-lake");
        let emulator = Emulator::of(&mut stack);
        let endpoint = emulator.url();
        let apply = [
            "--endpoint",
            &endpoint,
            "apply",
            "--auto-approve",
            "--parallelism",
            "10",
        ];
        let mut child = stack
            .command(&apply)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while emulator.calls().1 < writes {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended before it could be killed"
            );
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let half = emulator.tasks().len();
        assert!(half < 30, "it was killed too late to tell anything");
        stack.run(&apply).exits(0);
        let tasks = emulator.tasks();
        let names: BTreeSet<_> = tasks.iter().map(|(name, _)| name).collect();
        assert_eq!((tasks.len(), names.len()), (30, 30), "{tasks:?}");
        assert!(tasks.iter().all(|(_, status)| status == "RUN"), "{tasks:?}");
        stack
            .run(&["--endpoint", &endpoint, "plan", "--detailed-exitcode"])
            .exits(0);
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_between_two_calls() {
    let mut stack = Sandbox::example("shop-lake");
    let emulator = Emulator::of(&mut stack);
    let endpoint = emulator.url();
    let apply = ["--endpoint", &endpoint, "apply", "--auto-approve"];
    let child = stack
        .command(&apply)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while emulator.calls().1 < 20 {}
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("it was interrupted"), "{said}");
    stack.run(&apply).exits(0);
    assert_eq!(emulator.tasks().len(), 30);
}
