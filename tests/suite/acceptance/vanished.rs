//! What disappears or changes under a running apply: it does the plan that it showed, or stops before its next call.

use crate::support::{Background, Emulator, Output, Sandbox, apply_one_by_one};

/// A stack of three real-time tasks: with a lost state a solution could not be found again.
fn stack() -> (Sandbox, Emulator, String) {
    let mut stack = Sandbox::quickstart();
    stack.cut_task("customers_once");
    let emulator = Emulator::of(&mut stack);
    let url = emulator.url();
    (stack, emulator, url)
}

/// An apply that waits for the answer to its second create, which has taken effect.
fn in_the_middle(stack: &Sandbox, emulator: &Emulator, url: &str) -> Background {
    emulator.hold_up("CreateDISyncTask", 2, 1_000);
    let words = apply_one_by_one(url);
    let mut run = Background::start(stack, &words);
    run.until(|| emulator.calls_of("CreateDISyncTask") == 2);
    run
}

#[track_caller]
fn stopped(run: Background, emulator: &Emulator) -> Output {
    let calls = emulator.calls();
    let ended = run.ends().exits(6);
    ended.says(&[
        "because its record could not be kept",
        ".syncform/default.db was deleted or replaced while it was in use",
        "put the file back",
    ]);
    assert_eq!(emulator.calls(), calls, "it sent a call");
    ended
}

#[track_caller]
fn ends_well(stack: &Sandbox, emulator: &Emulator, url: &str) -> Output {
    let next = stack
        .run(&["--endpoint", url, "apply", "--auto-approve"])
        .exits(0);
    let tasks = emulator.tasks();
    assert_eq!(tasks.len(), 3, "{tasks:?}");
    stack
        .run(&["--endpoint", url, "plan", "--detailed-exitcode"])
        .exits(0);
    next
}

#[test]
fn a_state_that_is_deleted_under_a_run_is_made_anew_from_what_is_there() {
    let (stack, emulator, url) = stack();
    let run = in_the_middle(&stack, &emulator, &url);
    std::fs::remove_dir_all(stack.path().join(".syncform")).unwrap();
    stopped(run, &emulator);
    let next = ends_well(&stack, &emulator, &url);
    assert!(next.stdout.contains("3 to adopt"), "{next}");
}

#[test]
fn a_state_that_is_moved_away_and_put_back_goes_on() {
    let (stack, emulator, url) = stack();
    let run = in_the_middle(&stack, &emulator, &url);
    let [here, away] = [".syncform", "away"].map(|name| stack.path().join(name));
    std::fs::rename(&here, &away).unwrap();
    stopped(run, &emulator);
    std::fs::rename(&away, &here).unwrap();
    let next = ends_well(&stack, &emulator, &url);
    assert!(
        next.stderr.contains("An earlier apply did not finish"),
        "{next}"
    );
    assert!(!next.stdout.contains("to adopt"), "{next}");
}

#[test]
fn a_stack_that_is_deleted_under_a_run_is_cloned_and_applied_again() {
    let (first, emulator, url) = stack();
    let (mut clone, other, _) = stack();
    drop(other);
    clone.take_variables_of(&first);
    let run = in_the_middle(&first, &emulator, &url);
    std::fs::remove_dir_all(first.path()).unwrap();
    stopped(run, &emulator);
    ends_well(&clone, &emulator, &url);
}

#[test]
fn a_run_does_the_plan_that_it_showed_whatever_becomes_of_the_manifests() {
    let (stack, emulator, url) = stack();
    let tasks = stack.read("tasks.toml");
    let run = in_the_middle(&stack, &emulator, &url);
    // One is no manifest any more, one asks for something else, one is gone.
    stack.write("syncform.toml", "[stack");
    stack.write(
        "tasks.toml",
        &tasks.replace("run = \"started\"", "run = \"stopped\""),
    );
    std::fs::remove_file(stack.path().join("tables.toml")).unwrap();
    let ended = run.ends().exits(0);
    assert!(ended.stdout.contains("Applied: 4 created."), "{ended}");
    let running = emulator.tasks();
    assert!(
        running.iter().all(|(_, status)| status == "RUN"),
        "{running:?}"
    );

    // With the manifests as they were, there is nothing to do.
    for name in ["syncform.toml", "tables.toml"] {
        stack.write(name, &Sandbox::quickstart().read(name));
    }
    stack.write("tasks.toml", &tasks);
    stack
        .run(&["--endpoint", &url, "plan", "--detailed-exitcode"])
        .exits(0);
}
