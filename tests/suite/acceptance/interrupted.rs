//! An apply that died, and something else that is different when the next one begins: the manifests, or where it leads.

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Background, Emulator, Sandbox, served_quickstart};

const CREATE: &str = "CreateDISyncTask";
const GENERATE: &str = "GenerateDISyncTaskConfigForCreating";
const POLL: &str = "QueryDISyncTaskConfigProcessResult";

/// An apply of one task alone.
fn apply_of<'a>(url: &'a str, task: &'a str) -> [&'a str; 6] {
    [
        "--endpoint",
        url,
        "apply",
        "--auto-approve",
        "--target",
        task,
    ]
}

/// An apply of one task that is killed when it has asked for something so often.
fn killed_at(stack: &Sandbox, emulator: &Emulator, task: &str, operation: &str, calls: u64) {
    let url = emulator.url();
    let mut run = Background::start(stack, &apply_of(&url, task));
    run.until(|| emulator.calls_of(operation) >= calls);
    run.signal(Signal::KILL);
    run.ends().exits(128 + 9);
}

/// It dies while it waits for the answer to its create, which has taken effect.
fn killed_at_create(stack: &Sandbox, emulator: &Emulator, task: &str) {
    emulator.hold_up(CREATE, 1, 60_000);
    killed_at(stack, emulator, task, CREATE, 1);
    emulator.arm(&json!([]));
}

/// It dies while it waits for its generation.
fn killed_at_poll(stack: &Sandbox, emulator: &Emulator, task: &str) {
    emulator.arm(&json!([
        { "operation": POLL, "probability": 1.0, "fault": { "kind": "never_finish" } }
    ]));
    killed_at(stack, emulator, task, POLL, 2);
    emulator.arm(&json!([]));
}

#[test]
fn what_a_run_left_in_doubt_is_not_looked_for_at_another_service() {
    let (stack, emulator, url) = served_quickstart();
    killed_at_create(&stack, &emulator, "task.events_to_kafka");
    let (_, _other, elsewhere) = served_quickstart();
    for words in [&["plan"][..], &["apply", "--auto-approve"]] {
        stack
            .run(&[&["--endpoint", &elsewhere], words].concat())
            .exits(1)
            .says(&[&url, &elsewhere, "did not finish"]);
    }
    let plan = stack.run(&["--endpoint", &url, "plan"]).exits(0);
    assert!(!plan.stdout.contains("adopt"), "{plan}");
    stack
        .run(&["--endpoint", &url, "apply", "--auto-approve"])
        .exits(0);
    emulator.is_in_line_with(&stack);
}

#[test]
fn a_solution_that_may_exist_is_not_asked_for_otherwise() {
    for line in [
        "name = \"another_name\"",
        "folder = \"Business Flow/shop/Data Integration\"",
    ] {
        let (stack, emulator, url) = served_quickstart();
        killed_at_create(&stack, &emulator, "task.customers_once");
        let header = "[task.customers_once]\n";
        let changed = format!("{header}{line}\n");
        stack.edit("tasks.toml", header, &changed);
        let apply = ["--endpoint", &url, "apply", "--auto-approve"];
        let refused = stack.run(&apply).exits(3);
        refused.says(&[
            "may have created solution `customers_once`",
            "undo the change",
        ]);
        stack.edit("tasks.toml", &changed, header);
        stack.run(&apply).exits(0);
        emulator.is_in_line_with(&stack);
    }
}

#[test]
fn a_task_of_a_former_name_is_not_taken_for_the_one_that_is_wanted() {
    let (stack, emulator, url) = served_quickstart();
    killed_at_poll(&stack, &emulator, "task.events_to_kafka");
    // Somebody else applies the same manifests with a state of their own.
    let mut colleague = Sandbox::quickstart();
    colleague.take_variables_of(&stack);
    colleague
        .run(&apply_of(&url, "task.events_to_kafka"))
        .exits(0);

    let header = "[task.events_to_kafka]\n";
    let renamed = format!("{header}name = \"clicks\"\n");
    stack.edit("tasks.toml", header, &renamed);
    let plan = stack.run(&["--endpoint", &url, "plan"]).exits(0);
    assert!(!plan.stdout.contains("adopt"), "{plan}");
    // By the name it is the one.
    stack.edit("tasks.toml", &renamed, header);
    stack
        .run(&["--endpoint", &url, "apply", "--auto-approve"])
        .exits(0);
    emulator.is_in_line_with(&stack);
}

#[test]
fn a_token_of_one_workspace_is_not_used_in_another() {
    let (stack, emulator, url) = served_quickstart();
    killed_at_poll(&stack, &emulator, "task.events_to_kafka");
    let begun = emulator.calls_of(GENERATE);
    let elsewhere = ["--var", "project_id=10001"];
    let apply = apply_of(&url, "task.events_to_kafka");
    stack.run(&[&elsewhere[..], &apply].concat()).exits(0);
    assert_eq!(emulator.calls_of(GENERATE), begun + 1, "one was refused");
}
