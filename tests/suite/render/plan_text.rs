//! Plans as people read them.

use insta::assert_snapshot;
use syncform::diff::Drift;
use syncform::plan::Mode;
use syncform::render::plan_text;

use super::support::{
    PASSWORD, create, delete, everything, fingerprint, hostile, plan_of, stuck_solution, task,
    task_spec,
};

#[test]
fn every_kind_of_change() {
    assert_snapshot!(plan_text::plan(&everything(), false));
}

#[test]
fn what_destroy_removes_and_what_it_leaves_behind() {
    let changes = vec![delete(task("orders")), stuck_solution(task("copy"))];
    let plan = plan_of(Mode::Destroy, changes, Vec::new());
    assert_snapshot!(plan_text::plan(&plan, false));
}

#[test]
fn a_plan_of_the_embedded_endpoint_says_so_first() {
    let mut plan = plan_of(Mode::Apply, Vec::new(), Vec::new());
    plan.service.endpoint = "embedded".to_owned();
    plan.offline = true;
    assert_snapshot!(plan_text::plan(&plan, false));
}

#[test]
fn a_refresh_only_plan_tells_drift_and_changes_nothing() {
    let drift = vec![Drift {
        address: task("orders"),
        differences: vec!["it was running and is stopped".to_owned()],
    }];
    let changes = vec![create(task("new"), task_spec("new"))];
    let plan = plan_of(Mode::RefreshOnly, changes, drift);
    assert_snapshot!(plan_text::plan(&plan, false));
}

#[test]
fn colors_mark_what_a_change_means() {
    let changes = vec![delete(task("old")), create(task("new"), task_spec("new"))];
    let plan = plan_of(Mode::Apply, changes, Vec::new());
    let colored = plan_text::plan(&plan, true);
    assert!(
        colored.contains("\x1b[31m  -\x1b[0m \x1b[1mtask.old\x1b[0m  delete"),
        "{colored}"
    );
    assert!(
        colored.contains("\x1b[32m  +\x1b[0m \x1b[1mtask.new\x1b[0m  create"),
        "{colored}"
    );
    let plain = plan_text::plan(&plan, false);
    assert_eq!(
        without_colors(&colored),
        plain,
        "a color changes no line break"
    );
}

#[test]
fn no_text_steers_a_terminal_or_shows_a_secret() {
    for plan in [everything(), hostile()] {
        let text = plan_text::plan(&plan, false);
        let steering = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(steering, None, "{text}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text}");
        assert!(
            !text.contains(PASSWORD) && !text.contains(&fingerprint()),
            "{text}"
        );
    }
}

#[test]
fn thousands_of_instances_take_three_lines_each() {
    let changes = (0..2_000).map(|i| {
        let key = format!("{i:05}");
        create(
            task("shard").with_key(&key),
            task_spec(&format!("shard_{key}")),
        )
    });
    let plan = plan_of(Mode::Apply, changes.collect(), Vec::new());
    let text = plan_text::plan(&plan, false);
    assert!(
        text.lines().count() < 3 * 2_000 + 50,
        "{}",
        text.lines().count()
    );
    assert!(text.contains("task.shard[\"01999\"]"));
}

/// The text without its color sequences.
fn without_colors(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        plain + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}
