//! What goes wrong between syncform and the service: each a clear error with what to do next, and a sound state.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use syncform::emulator::Clock;

use crate::support::{Emulator, Output, Sandbox, apply_one_by_one};

fn apply(stack: &Sandbox, url: &str) -> Output {
    stack.run(&["--endpoint", url, "apply", "--auto-approve"])
}

/// After the fault is over, one more apply converges and the next plan is empty.
#[track_caller]
fn converges(stack: &Sandbox, url: &str) {
    apply(stack, url).exits(0);
    stack
        .run(&["--endpoint", url, "plan", "--detailed-exitcode"])
        .exits(0);
}

#[test]
fn a_wrong_key() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    stack.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong");
    let output = apply(&stack, &emulator.url()).exits(1);
    output.says(&["SignatureDoesNotMatch", "RequestId", "hint:"]);
    stack.set("ALIBABA_CLOUD_ACCESS_KEY_ID", "nobody");
    let output = apply(&stack, &emulator.url()).exits(1);
    output.says(&["InvalidAccessKeyId.NotFound", "RequestId", "hint:"]);
    stack
        .set("ALIBABA_CLOUD_ACCESS_KEY_ID", "testid")
        .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testsecret");
    converges(&stack, &emulator.url());
}

#[test]
fn no_key_at_all() {
    let stack = Sandbox::quickstart();
    let output = apply(&stack, "http://127.0.0.1:9").exits(1);
    output.says(&["no access key is configured", "ALIBABA_CLOUD_ACCESS_KEY_ID"]);
}

#[test]
fn an_endpoint_that_nobody_serves() {
    let mut stack = Sandbox::quickstart();
    let url = Emulator::of(&mut stack).url();
    let output = apply(&stack, &url).exits(1);
    output.says(&[&url, "hint:"]);
    let emulator = Emulator::of(&mut stack);
    converges(&stack, &emulator.url());
}

#[test]
fn a_clock_that_is_an_hour_off() {
    let mut stack = Sandbox::quickstart();
    let hour_ago = Timestamp::now() - SignedDuration::from_hours(1);
    let emulator = Emulator::with(&mut stack, Clock::Fixed(hour_ago), &[]);
    let output = apply(&stack, &emulator.url()).exits(1);
    output.says(&["InvalidTimeStamp.Expired", "clock", "RequestId"]);
}

#[test]
fn a_region_without_the_service() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    emulator.arm(&json!([{ "operation": "*", "nth": 1, "fault": { "kind": "error", "code": "Forbidden.Not.Server" } }]));
    let output = apply(&stack, &emulator.url()).exits(1);
    output.says(&["Forbidden.Not.Server", "region", "RequestId"]);
    converges(&stack, &emulator.url());
}

#[test]
fn a_failure_inside_a_success() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    emulator.arm(&json!([
        { "operation": "DeployDISyncTask", "nth": 1, "fault": { "kind": "in_band", "message": "submit and deploy fail." } }
    ]));
    let output = apply(&stack, &emulator.url()).exits(6);
    let shown = output.to_string();
    for word in ["submit and deploy fail.", "RequestId", "deploy"] {
        assert!(shown.contains(word), "no {word:?} in {output}");
    }
    converges(&stack, &emulator.url());
    assert_eq!(emulator.tasks().len(), 3);
}

#[test]
fn a_table_that_does_not_exist() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    stack.edit("tables.toml", "\"addresses\"", "\"adresses\"");
    let output = apply(&stack, &emulator.url()).exits(6);
    assert!(output.to_string().contains("adresses"), "{output}");
    stack.edit("tables.toml", "\"adresses\"", "\"addresses\"");
    converges(&stack, &emulator.url());
}

#[test]
fn a_quota_that_is_spent_ends_the_run_with_what_is_left() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    emulator.arm(&json!([
        { "operation": "CreateDISyncTask", "nth": 2, "fault": { "kind": "error", "code": "Throttling.Api.Risk" } }
    ]));
    let output = apply(&stack, &emulator.url()).exits(6);
    assert!(
        output.to_string().contains("Throttling.Api.Risk"),
        "{output}"
    );
    converges(&stack, &emulator.url());
    assert_eq!(emulator.tasks().len(), 3);
}

#[test]
fn answers_that_get_lost_make_nothing_twice() {
    for operation in [
        "GenerateDISyncTaskConfigForCreating",
        "CreateDISyncTask",
        "DeployDISyncTask",
        "StartDISyncInstance",
        "CreateDataSource",
    ] {
        let mut stack = Sandbox::quickstart();
        let emulator = Emulator::of(&mut stack);
        emulator.arm(&json!([
            { "operation": operation, "nth": 1, "fault": { "kind": "drop_after" } }
        ]));
        apply(&stack, &emulator.url()).exits(0);
        assert_eq!(emulator.tasks().len(), 3, "{operation}");
        stack
            .run(&["--endpoint", &emulator.url(), "plan", "--detailed-exitcode"])
            .exits(0);
    }
}

#[test]
fn a_console_user_stops_and_deletes_and_the_plan_says_so() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    // One after the other, so that the tasks have the same ids each time.
    let url = emulator.url();
    let words = apply_one_by_one(&url);
    stack.run(&words).exits(0);
    emulator.drift(&json!({ "kind": "task", "project_id": 10000, "name": "orders_to_odps", "set": { "status": "PAUSE" } }));
    emulator.drift(
        &json!({ "kind": "task", "project_id": 10000, "name": "events_to_kafka", "delete": true }),
    );
    let plan = stack
        .run(&["--endpoint", &emulator.url(), "plan", "--detailed-exitcode"])
        .exits(2);
    insta::assert_snapshot!("drift", plan.to_string().replace(&emulator.url(), "[URL]"));
    converges(&stack, &emulator.url());
    assert_eq!(emulator.tasks().len(), 3);
}

#[test]
fn a_lost_state_finds_its_tasks_by_name_and_adopts_them() {
    let mut stack = Sandbox::quickstart();
    // A solution cannot be found by its name: with a lost state it would be a conflict.
    stack.cut_task("customers_once");
    let emulator = Emulator::of(&mut stack);
    apply(&stack, &emulator.url()).exits(0);
    let before = emulator.tasks();
    std::fs::remove_dir_all(stack.path().join(".syncform")).unwrap();
    let plan = stack.run(&["--endpoint", &emulator.url(), "plan"]).exits(0);
    assert!(plan.stdout.contains("4 to adopt"), "{plan}");
    converges(&stack, &emulator.url());
    assert_eq!(emulator.tasks(), before);
}

#[test]
fn somebody_elses_task_is_never_overwritten() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    apply(&stack, &emulator.url()).exits(0);
    std::fs::remove_dir_all(stack.path().join(".syncform")).unwrap();
    stack.edit(
        "tables.toml",
        "include = [\"event_*\"]",
        "include = [\"event_click\"]",
    );
    let refused = apply(&stack, &emulator.url()).exits(3);
    assert!(
        refused
            .stdout
            .contains("has the name `events_to_kafka` and another content"),
        "{refused}"
    );
}
