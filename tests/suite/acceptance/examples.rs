//! Every example is planned, applied, found unchanged, and destroyed.

use insta::assert_snapshot;

use crate::support::{Emulator, Sandbox};

fn quickstart() -> Sandbox {
    let mut stack = Sandbox::example("quickstart");
    stack.set("HOLO_ACCESS_KEY", "a-secret-that-nobody-may-see");
    stack
}

#[test]
fn a_newcomer_sees_a_plan_applies_it_and_is_done() {
    let stack = quickstart();
    assert_snapshot!(
        "quickstart_plan",
        stack.run(&["plan", "--detailed-exitcode"]).exits(2)
    );
    // One change at a time: the order in which the service numbers its objects is part of the last plan's hash.
    let apply = ["apply", "--auto-approve", "--parallelism", "1"];
    assert_snapshot!("quickstart_apply", stack.run(&apply).exits(0).stdout);
    assert_snapshot!(
        "quickstart_unchanged",
        stack.run(&["plan", "--detailed-exitcode"]).exits(0)
    );
    assert_snapshot!(
        "quickstart_destroy",
        stack.run(&["destroy", "--auto-approve"]).exits(0).stdout
    );
}

#[test]
fn every_environment_has_a_state_of_its_own() {
    let stack = quickstart();
    for environment in ["dev", "prod"] {
        stack
            .run(&["--env", environment, "apply", "--auto-approve"])
            .exits(0);
        stack
            .run(&["--env", environment, "plan", "--detailed-exitcode"])
            .exits(0);
        assert!(
            stack
                .path()
                .join(format!(".syncform/{environment}.db"))
                .exists()
        );
    }
    stack.run(&["plan", "--detailed-exitcode"]).exits(2);
}

#[test]
fn apply_takes_exactly_the_writes_that_the_plan_printed() {
    let mut stack = quickstart();
    let emulator = Emulator::of(&mut stack);
    let endpoint = ["--endpoint", &emulator.url()];
    let plan = stack.run(&[&endpoint[..], &["plan"]].concat()).exits(0);
    let (reads, writes) = emulator.calls();
    assert_eq!(writes, 0, "a plan changes nothing");
    stack
        .run(&[&endpoint[..], &["apply", "--auto-approve"]].concat())
        .exits(0);
    let (all_reads, writes) = emulator.calls();
    assert_eq!(writes, plan.count("writes") as u64);
    // The apply made its plan itself, with the same reads.
    assert!(all_reads - 2 * reads >= plan.count("reads") as u64);
    stack
        .run(&[&endpoint[..], &["plan", "--detailed-exitcode"]].concat())
        .exits(0);
}

#[test]
fn thirty_tasks_run_side_by_side_and_are_gone_again() {
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
    stack.run(&apply).exits(0);
    let tasks = emulator.tasks();
    assert_eq!(tasks.len(), 30, "{tasks:?}");
    assert!(tasks.iter().all(|(_, status)| status == "RUN"), "{tasks:?}");
    stack
        .run(&["--endpoint", &endpoint, "plan", "--detailed-exitcode"])
        .exits(0);
    let refused = stack
        .run(&["--endpoint", &endpoint, "destroy", "--auto-approve"])
        .exits(3);
    assert!(
        refused
            .stderr
            .contains("`protect = true` forbids to delete it"),
        "{refused}"
    );
    assert_eq!(
        emulator.tasks().len(),
        30,
        "a refused destroy deletes nothing"
    );
}

#[test]
fn a_task_of_five_thousand_tables_is_planned_and_applied() {
    let stack = quickstart();
    let tables: Vec<String> = (0..5000).map(|n| format!("\"event_{n:04}\"")).collect();
    let tables = tables.join(", ");
    stack.edit(
        "emulator.toml",
        "\"raw_log\"]",
        &format!("\"raw_log\", {tables}]"),
    );
    let plan = stack
        .run(&["plan", "--target", "task.events_to_kafka"])
        .exits(0);
    assert!(plan.stdout.contains("and 4993 more"), "{plan}");
    stack.run(&["apply", "--auto-approve"]).exits(0);
    stack.run(&["plan", "--detailed-exitcode"]).exits(0);
}
