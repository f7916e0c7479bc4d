//! Events as programs follow them.

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::Value;
use syncform::diff::Action;
use syncform::execute::{Ended, Failure, Outcome, Progress};
use syncform::plan::{Mode, Op};
use syncform::render::events::Events;

use super::support::{
    PASSWORD, create, delete, everything, fingerprint, hostile, plan_of, task, task_spec,
};

#[test]
fn a_plan_is_told_change_by_change() {
    assert_snapshot!(Events::of(&everything()).planned(None));
}

#[test]
fn an_apply_is_told_as_it_happens() {
    let mut later = create(task("later"), task_spec("later"));
    later.depends_on.insert(task("orders"));
    let changes = vec![
        delete(task("old")),
        create(task("orders"), task_spec("orders")),
        later,
    ];
    let plan = plan_of(Mode::Apply, changes, Vec::new());
    let events = Events::of(&plan);
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let happened = [
        Progress::Started {
            address: task("old"),
            action: Action::Delete,
        },
        Progress::Step {
            address: task("old"),
            op: Op::Stop,
            attempt: 0,
        },
        Progress::Complete {
            address: task("old"),
            action: Action::Delete,
        },
        Progress::Failed {
            address: task("orders"),
            op: Op::AwaitRunning,
            failure: Failure::Died("no such table".to_owned()),
        },
        Progress::Stopping,
        Progress::Skipped {
            address: task("later"),
            because: task("orders"),
        },
    ];
    let mut lines: String = happened
        .iter()
        .map(|p| events.progress(p, Some(now)))
        .collect();
    let outcome = Outcome {
        ended: Ended::QuotaSpent,
        complete: vec![(task("old"), Action::Delete)],
        failed: Vec::new(),
        left: vec![task("orders"), task("later")],
        in_doubt: Vec::new(),
    };
    lines.push_str(&events.outcome(&outcome, None));
    assert_snapshot!(lines);
}

#[test]
fn every_line_is_an_object_that_says_what_it_is() {
    for plan in [everything(), hostile()] {
        let text = Events::of(&plan).planned(None);
        assert!(!text.contains(PASSWORD) && !text.contains(&fingerprint()));
        assert!(
            !text
                .chars()
                .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
        );
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            for key in ["@level", "@message", "@module", "type"] {
                assert!(event[key].is_string(), "{line}");
            }
        }
    }
}
