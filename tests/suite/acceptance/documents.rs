//! What programs read: plans and runs as JSON, plans as a comment.

use serde_json::Value;

use crate::support::Sandbox;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_plan_is_a_document_of_terraforms_shape() {
    let stack = Sandbox::quickstart();
    let plan = stack
        .run(&["plan", "--out", "saved.plan", "--json"])
        .exits(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let changes = plan["resource_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 5);
    for change in changes {
        assert_eq!(change["change"]["actions"], serde_json::json!(["create"]));
        assert!(change["x_syncform"]["source"]["line"].is_u64(), "{change}");
        assert!(
            change["x_syncform"]["api_calls"]["write"].is_u64(),
            "{change}"
        );
    }
    let hash = plan["x_syncform"]["plan_hash"].as_str().unwrap();
    assert!(hash.starts_with("sha256:"));
    let shown = stack.run(&["show", "--json", "saved.plan"]).exits(0);
    assert_eq!(serde_json::from_str::<Value>(&shown.stdout).unwrap(), plan);
    let comment = stack.run(&[
        "show",
        "--format",
        "markdown",
        "--max-bytes",
        "2000",
        "saved.plan",
    ]);
    let comment = comment.exits(0);
    assert!(
        comment.stdout.len() <= 2000 && comment.stdout.contains(hash),
        "{comment}"
    );
}

#[test]
fn a_run_is_a_line_of_json_for_each_event() {
    let stack = Sandbox::quickstart();
    let planned = lines(&stack.run(&["plan", "--json-events"]).exits(0).stdout);
    let applied = lines(
        &stack
            .run(&["apply", "--auto-approve", "--json"])
            .exits(0)
            .stdout,
    );
    let count = |events: &[Value], kind: &str| events.iter().filter(|e| e["type"] == kind).count();
    assert_eq!(count(&planned, "planned_change"), 5);
    assert_eq!(count(&applied, "apply_start"), 5);
    assert_eq!(count(&applied, "apply_complete"), 5);
    assert_eq!(count(&applied, "apply_errored"), 0);
    assert!(count(&applied, "change_summary") >= 1);
}

#[test]
fn the_state_is_shown_in_both_forms() {
    let stack = Sandbox::quickstart();
    stack.run(&["apply", "--auto-approve"]).exits(0);
    let text = stack.run(&["show"]).exits(0);
    assert!(text.stdout.contains("task.orders_to_odps"), "{text}");
    let json: Value =
        serde_json::from_str(&stack.run(&["show", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(
        json["values"]["root_module"]["resources"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn wrong_usage_ends_with_64() {
    let stack = Sandbox::quickstart();
    for words in [
        &["plan", "--no-such-flag"][..],
        &["no-such-command"],
        &["plan", "--target", "not an address"],
        &["plan", "--target", "task.nobody"],
        &["show", "--max-bytes", "10"],
        &["--var", "novalue", "plan"],
        &["apply", "--parallelism", "0"],
    ] {
        assert_eq!(stack.run(words).code, 64, "{words:?}");
    }
    assert_eq!(stack.run(&["--help"]).code, 0);
    assert_eq!(stack.run(&["--version"]).code, 0);
}
