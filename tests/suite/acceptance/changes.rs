//! Changes of a stack that runs: what is done, what is shown and refused, and what somebody else did.

use serde_json::json;

use crate::support::{Applied, Emulator, Output, Sandbox};

/// A quickstart that was applied.
fn applied() -> Applied {
    Applied::of(Sandbox::quickstart())
}

impl Applied {
    fn edit_task(&self, task: &str, line: &str) {
        let header = format!("[task.{task}]\n");
        self.stack
            .edit("tasks.toml", &header, &format!("{header}{line}\n"));
    }

    #[track_caller]
    fn plan_says(&self, words: &[&str]) -> Output {
        let plan = self.run(&["plan", "--detailed-exitcode"]).exits(2);
        for word in words {
            assert!(plan.stdout.contains(word), "no {word:?} in {plan}");
        }
        plan
    }

    /// What the plan says is refused as a whole.
    #[track_caller]
    fn is_refused(&self, words: &[&str]) {
        let plan = self.plan_says(words);
        let (_, writes) = self.emulator.calls();
        self.run(&["apply", "--auto-approve"]).exits(3);
        assert_eq!(self.emulator.calls().1, writes, "{plan}");
    }
}

#[test]
fn a_task_is_stopped_and_started_with_what_was_declared_meanwhile() {
    let applied = applied();
    applied.edit_task("orders_to_odps", "run = \"stopped\"");
    applied.plan_says(&["task.orders_to_odps  stop", "stop → await_stopped"]);
    applied.converges();
    applied.stack.edit("tasks.toml", "run = \"stopped\"\n", "");
    applied.stack.edit("tasks.toml", "count = 10", "count = 11");
    applied.plan_says(&["task.orders_to_odps  start", "failover_limit", "11"]);
    applied.converges();
}

#[test]
fn start_settings_of_a_running_task_are_named_and_refused() {
    let applied = applied();
    applied.stack.edit("tasks.toml", "count = 10", "count = 11");
    applied.is_refused(&["restart", "failover_limit", "run = \"stopped\""]);
    applied.edit_task("orders_to_odps", "run = \"unmanaged\"");
    applied.is_refused(&["restart", "failover_limit"]);
}

#[test]
fn tables_and_identity_are_named_with_their_cost_and_refused() {
    let applied = applied();
    applied.stack.edit(
        "tables.toml",
        "include = [\"event_*\"]",
        "include = [\"event_click\"]",
    );
    applied.is_refused(&["task.events_to_kafka", "- event_search", "withheld"]);
    applied.stack.edit(
        "tables.toml",
        "include = [\"event_click\"]",
        "include = [\"event_*\"]",
    );
    applied.edit_task("events_to_kafka", "name = \"another_name\"");
    applied.is_refused(&["task.events_to_kafka", "replace", "another_name"]);
}

#[test]
fn a_solution_that_exists_cannot_be_changed_or_removed() {
    let applied = applied();
    applied.stack.cut_task("customers_once");
    applied.is_refused(&[
        "task.customers_once",
        "this API can neither stop nor delete a solution",
    ]);
}

#[test]
fn protection_that_came_later_holds_when_the_block_is_gone() {
    let applied = applied();
    applied
        .stack
        .edit("tasks.toml", "protect = \"${var.protect}\"\n", "");
    applied.edit_task("events_to_kafka", "protect = true");
    applied.plan_says(&["`protect`"]);
    applied.converges();
    applied.stack.cut_task("events_to_kafka");
    applied.is_refused(&["task.events_to_kafka", "forbids to delete it"]);
}

#[test]
fn what_a_console_user_changes_is_drift() {
    let applied = applied();
    let task =
        |name: &str, set| json!({ "kind": "task", "project_id": 10000, "name": name, "set": set });
    applied.emulator.drift(&task(
        "events_to_kafka",
        json!({ "name": "renamed_in_console" }),
    ));
    applied.emulator.drift(&json!({
        "kind": "datasource", "project_id": 10000, "name": "holo_bi", "env": "prod",
        "set": { "description": "changed in console" },
    }));
    let plan = applied.plan_says(&[
        "its name is `renamed_in_console`, not `events_to_kafka`",
        "changed in console",
    ]);
    assert!(plan.stdout.contains("datasource.holo_bi  update"), "{plan}");
    applied
        .run(&["plan", "--refresh-only", "--detailed-exitcode"])
        .exits(2);
}

#[test]
fn a_task_that_is_offline_and_does_not_look_it_is_deployed_by_the_second_apply() {
    let applied = applied();
    let task =
        |set| json!({ "kind": "task", "project_id": 10000, "name": "orders_to_odps", "set": set });
    applied.emulator.drift(&task(json!({ "deployed": false })));
    applied.emulator.drift(&task(json!({ "status": "PAUSE" })));
    let output = applied.run(&["apply", "--auto-approve"]).exits(6);
    assert!(output.to_string().contains("is not deployed"), "{output}");
    applied.plan_says(&["exists and is not known to be deployed", "deploy → start"]);
    applied.converges();
}

#[test]
fn a_lost_state_and_a_solution_are_a_conflict_that_says_so() {
    let applied = applied();
    std::fs::remove_dir_all(applied.stack.path().join(".syncform")).unwrap();
    let output = applied.run(&["apply", "--auto-approve"]).exits(6);
    for word in ["the name `customers_once` is taken", "another `name`"] {
        assert!(output.to_string().contains(word), "no {word:?} in {output}");
    }
}

#[test]
fn writes_that_came_to_no_whole_change_are_a_part() {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    emulator.arm(&json!([{ "operation": "StartDISyncInstance", "nth": 1,
        "fault": { "kind": "in_band", "message": "no resources" } }]));
    let url = emulator.url();
    let words = [
        "--endpoint",
        &url,
        "apply",
        "--auto-approve",
        "--target",
        "task.events_to_kafka",
    ];
    let output = stack.run(&words).exits(6);
    assert!(output.to_string().contains("no resources"), "{output}");
    stack.run(&words).exits(0);
}

#[test]
fn only_a_saved_plan_is_replaced_by_one() {
    let applied = applied();
    let before = applied.stack.read("syncform.toml");
    let refused = applied.run(&["plan", "--out", "syncform.toml"]).exits(1);
    assert!(refused.stderr.contains("is not a saved plan"), "{refused}");
    assert_eq!(applied.stack.read("syncform.toml"), before);
    applied.run(&["plan", "--out", "saved.plan"]).exits(0);
    applied.run(&["plan", "--out", "saved.plan"]).exits(0);
    let refused = applied.run(&["apply", "saved.plan"]).exits(64);
    assert!(
        refused.stderr.contains("settled by a saved plan"),
        "{refused}"
    );
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let applied = applied();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = applied
        .stack
        .command(&["show", "--json"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the result could not be written"), "{said}");
}

#[test]
fn problems_are_among_the_events_when_events_are_asked_for() {
    let applied = applied();
    applied.stack.edit("tasks.toml", "ddl_policy", "ddl_polcy");
    let output = applied.run(&["plan", "--json-events"]).exits(1);
    let kinds: Vec<_> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].clone())
        .collect();
    assert!(
        !kinds.is_empty() && kinds.iter().all(|kind| kind == "diagnostic"),
        "{output}"
    );
}

#[test]
fn destroy_forgets_a_data_source_that_is_gone_although_a_solution_that_needed_it_stays() {
    let mut stack = Sandbox::quickstart();
    let odps = "[datasource.odps_first]\nworkspace = \"shop\"\ntype = \"odps\"\n";
    let content = "name = \"odps_ours\"\n[datasource.odps_first.content]\nproject = \"shop_lake\"\nauthType = 2\n\
                   accessId = \"LTAI5tQuickstart\"\naccessKey = { env = \"HOLO_ACCESS_KEY\" }\n";
    stack.edit("datasources.toml", odps, &format!("{odps}{content}"));
    let emulator = Emulator::of(&mut stack);
    let url = emulator.url();
    let run = |words: &[&str]| stack.run(&[&["--endpoint", &url], words].concat());
    run(&["apply", "--auto-approve"]).exits(0);
    emulator.drift(&json!({
        "kind": "datasource", "project_id": 10000, "name": "odps_ours", "env": "prod", "delete": true,
    }));
    run(&["destroy", "--auto-approve"]).exits(0);
    let left = run(&["state", "list"]).exits(0);
    assert!(left.stdout.contains("task.customers_once"), "{left}");
    assert!(!left.stdout.contains("odps_first"), "{left}");
}
