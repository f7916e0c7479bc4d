//! An apply that is asked to end: it says so, finishes what is on its way, and the next one goes on; asked twice it stops at
//! once. Who looks at it may go away without a word.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Background, Emulator, Sandbox, apply_one_by_one, served_quickstart};

/// One more apply ends it all, with each task there once; says whether something was in doubt.
#[track_caller]
fn goes_on(stack: &Sandbox, emulator: &Emulator, url: &str) -> bool {
    let next = stack.run(&apply_one_by_one(url)).exits(0);
    emulator.is_in_line_with(stack);
    next.stderr.contains("An earlier apply did not finish")
}

#[test]
fn the_first_signal_finishes_the_calls_on_their_way() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (stack, emulator, url) = served_quickstart();
        emulator.hold_up("CreateDISyncTask", 1, 500);
        let mut run = Background::start(&stack, &apply_one_by_one(&url));
        run.until(|| emulator.calls_of("CreateDISyncTask") > 0);
        run.signal(signal);
        run.until_it_says("Interrupted: the calls on their way are finished first");
        let ended = run.ends().exits(6);
        for words in [
            "The run ended early: it was interrupted.",
            "Left to do:",
            "task.orders_to_holo",
            "hint: apply again",
        ] {
            assert!(ended.stdout.contains(words), "no {words:?} in {ended}");
        }
        assert_eq!(emulator.calls_of("CreateDISyncTask"), 1);
        assert!(
            !goes_on(&stack, &emulator, &url),
            "{signal:?} left something in doubt"
        );
    }
}

#[test]
fn the_second_signal_stops_at_once_and_the_next_apply_settles() {
    for second in [Signal::INT, Signal::TERM] {
        let (stack, emulator, url) = served_quickstart();
        // Nobody would wait for that.
        emulator.hold_up("CreateDISyncTask", 1, 3_600_000);
        let mut run = Background::start(&stack, &apply_one_by_one(&url));
        run.until(|| emulator.calls_of("CreateDISyncTask") > 0);
        run.signal(Signal::INT);
        run.until_it_says("Interrupted");
        run.signal(second);
        let ended = run.ends().exits(6);
        ended.says(&["the run stopped after 1 of 5 changes, because it was interrupted twice"]);
        let journal = stack.run(&["state", "journal"]).exits(0);
        assert!(journal.stdout.contains("not finished"), "{journal}");
        // What was sent took effect, of which this run knew nothing.
        assert!(goes_on(&stack, &emulator, &url), "nothing was in doubt");
    }
}

#[test]
fn a_terminal_that_goes_away_twice_is_one_interrupt() {
    let (stack, emulator, url) = served_quickstart();
    emulator.hold_up("CreateDISyncTask", 1, 1_000);
    let mut run = Background::start(&stack, &apply_one_by_one(&url));
    run.until(|| emulator.calls_of("CreateDISyncTask") > 0);
    run.signal(Signal::HUP);
    run.until_it_says("Interrupted");
    run.signal(Signal::HUP);
    let ended = run.ends().exits(6);
    assert!(ended.stdout.contains("The run ended early"), "{ended}");
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let (stack, emulator, url) = served_quickstart();
    emulator.hold_up("CreateDISyncTask", 1, 500);
    let mut run =
        Background::spawn(&mut stack.command_after("trap '' HUP", &apply_one_by_one(&url)));
    run.until(|| emulator.calls_of("CreateDISyncTask") > 0);
    run.signal(Signal::HUP);
    let ended = run.ends().exits(0);
    assert!(!ended.stderr.contains("Interrupted"), "{ended}");
    assert_eq!(emulator.tasks().len(), 3);
}

#[test]
fn nobody_has_to_read_what_it_says() {
    for words in [&["-vv"][..], &["--json", "-vv"], &[]] {
        let (stack, emulator, url) = served_quickstart();
        emulator.hold_up("CreateDISyncTask", 1, 500);
        let mut child = stack
            .command(&[&apply_one_by_one(&url), words].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while emulator.calls_of("CreateDISyncTask") == 0 {}
        // Both readers are gone, as when `| head` is done or a window is closed.
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{words:?}");
        assert_eq!(emulator.tasks().len(), 3);
        stack
            .run(&["--endpoint", &url, "plan", "--detailed-exitcode"])
            .exits(0);
    }
}

#[test]
fn a_result_that_cannot_be_written_hides_no_failure() {
    let (stack, emulator, url) = served_quickstart();
    emulator.arm(&json!([
        { "operation": "DeployDISyncTask", "nth": 1, "fault": { "kind": "in_band", "message": "no" } }
    ]));
    let full = "exec >/dev/full";
    let partial = stack
        .run_command(&mut stack.command_after(full, &apply_one_by_one(&url)))
        .exits(6);
    assert!(
        partial.stderr.contains("the result could not be written"),
        "{partial}"
    );
    assert!(partial.stderr.contains("failed at deploy"), "{partial}");
    // A whole run is a success that nobody could see.
    let whole = stack
        .run_command(&mut stack.command_after(full, &apply_one_by_one(&url)))
        .exits(1);
    assert!(whole.stderr.contains("No space left on device"), "{whole}");
    assert_eq!(emulator.tasks().len(), 3);
}

#[test]
fn a_service_that_accepts_and_says_nothing_can_be_left() {
    let (stack, emulator, url) = served_quickstart();
    // The system accepts for a listener that nobody asks; calls wait for their time-out.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let run = Background::start(&stack, &apply_one_by_one(&silent_url));
    let (_connection, _) = silent.accept().unwrap();
    run.signal(Signal::INT);
    run.ends().exits(128 + 2);
    // Its lock is that of a process that is gone.
    assert!(!goes_on(&stack, &emulator, &url));
}
