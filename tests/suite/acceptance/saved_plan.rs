//! A saved plan is applied once, to the state that it was made from.

use crate::support::Sandbox;

#[test]
fn a_saved_plan_is_applied_once() {
    let stack = Sandbox::quickstart();
    stack.run(&["plan", "--out", "saved.plan"]).exits(0);
    stack.run(&["apply", "saved.plan"]).exits(0);
    let again = stack.run(&["apply", "saved.plan"]).exits(4);
    assert!(again.stderr.contains("the plan is stale"), "{again}");
    assert!(again.stderr.contains("make the plan again"), "{again}");
}

#[test]
fn the_very_first_plan_is_bound_to_its_state_too() {
    let stack = Sandbox::quickstart();
    stack.run(&["plan", "--out", "saved.plan"]).exits(0);
    std::fs::remove_dir_all(stack.path().join(".syncform")).unwrap();
    stack.run(&["plan"]).exits(0);
    let other = stack.run(&["apply", "saved.plan"]).exits(4);
    assert!(other.stderr.contains("made from another state"), "{other}");
}

#[test]
fn two_clones_make_the_same_plan() {
    let [one, other] =
        [Sandbox::quickstart(), Sandbox::quickstart()].map(|stack| stack.run(&["plan"]).exits(0));
    assert_eq!(one.stdout, other.stdout);
}

#[test]
fn a_plan_with_another_hash_than_expected_is_refused() {
    let stack = Sandbox::quickstart();
    let plan = stack.run(&["plan"]).exits(0);
    let hash = plan
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("Plan hash: "))
        .unwrap();
    stack.edit("tasks.toml", "count = 10", "count = 11");
    let other = stack
        .run(&["apply", "--auto-approve", "--expect", hash])
        .exits(3);
    assert!(other.stderr.contains("was expected"), "{other}");
    stack.edit("tasks.toml", "count = 11", "count = 10");
    stack
        .run(&["apply", "--auto-approve", "--expect", hash])
        .exits(0);
}

#[test]
fn a_comment_does_not_change_the_hash() {
    let stack = Sandbox::quickstart();
    let hash = |output: crate::support::Output| {
        output
            .stdout
            .lines()
            .find(|line| line.starts_with("Plan hash"))
            .unwrap()
            .to_owned()
    };
    let before = hash(stack.run(&["plan"]).exits(0));
    let text = stack.read("tasks.toml");
    stack.write("tasks.toml", &format!("# a comment\n{text}"));
    assert_eq!(hash(stack.run(&["plan"]).exits(0)), before);
}

#[test]
fn a_damaged_plan_is_refused() {
    let stack = Sandbox::quickstart();
    stack.run(&["plan", "--out", "saved.plan"]).exits(0);
    let whole = stack.read("saved.plan");
    for (damaged, says) in [
        (whole[..whole.len() / 2].to_owned(), "damaged"),
        (
            whole.replace("\"parallelism\":10", "\"parallelism\":99"),
            "was changed after it was saved",
        ),
        (
            whole.replace("\"version\":1,", "\"version\":9,"),
            "reads up to 1",
        ),
        (String::new(), "not a saved plan"),
        ("[]".to_owned(), "not a saved plan"),
    ] {
        assert_ne!(damaged, whole);
        stack.write("damaged.plan", &damaged);
        let refused = stack.run(&["apply", "damaged.plan"]).exits(1);
        assert!(refused.stderr.contains(says), "{says}: {refused}");
    }
    stack.run(&["apply", "saved.plan"]).exits(0);
}

#[test]
fn a_secret_that_changed_since_makes_the_plan_stale() {
    let mut stack = Sandbox::quickstart();
    stack.run(&["plan", "--out", "saved.plan"]).exits(0);
    stack.set("HOLO_ACCESS_KEY", "another key");
    let stale = stack.run(&["apply", "saved.plan"]).exits(4);
    assert!(stale.stderr.contains("is another secret now"), "{stale}");
}

#[test]
fn without_a_terminal_nothing_is_applied_unasked() {
    let stack = Sandbox::quickstart();
    let refused = stack.run(&["apply"]).exits(1);
    assert!(refused.stderr.contains("--auto-approve"), "{refused}");
    stack.run(&["plan", "--detailed-exitcode"]).exits(2);
}
