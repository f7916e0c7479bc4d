//! Applies as people read them.

use std::time::Duration;

use insta::assert_snapshot;
use syncform::api::{ApiFault, FaultClass};
use syncform::diff::Action;
use syncform::execute::{Ended, Failure, Outcome, Progress};
use syncform::plan::{Mode, Op, Plan};
use syncform::render::apply_text::{progress_line, summary};

use super::support::{create, datasource, delete, plan_of, stuck_solution, task, task_spec};

fn fault(code: &str, hint: Option<&str>) -> ApiFault {
    ApiFault {
        class: FaultClass::Invalid,
        operation: "CreateDISyncTask".to_owned(),
        code: code.to_owned(),
        message: "the resource group \u{1b}[31mdoes not\nexist".to_owned(),
        request_id: Some("0000-ABCD".to_owned()),
        retry_after: None,
        hint: hint.map(str::to_owned),
    }
}

fn outcome(ended: Ended) -> Outcome {
    Outcome {
        ended,
        complete: Vec::new(),
        failed: Vec::new(),
        left: Vec::new(),
        in_doubt: Vec::new(),
    }
}

fn three_tasks() -> Plan {
    let mut last = create(task("last"), task_spec("last"));
    last.depends_on.insert(task("middle"));
    let mut middle = create(task("middle"), task_spec("middle"));
    middle.depends_on.insert(task("first"));
    let changes = vec![create(task("first"), task_spec("first")), middle, last];
    plan_of(Mode::Apply, changes, Vec::new())
}

#[test]
fn a_run_that_did_everything() {
    let mut outcome = outcome(Ended::Complete);
    outcome.complete = vec![
        (task("old"), Action::Delete),
        (task("first"), Action::Create),
        (task("middle"), Action::Create),
    ];
    assert_snapshot!(summary(&outcome, &three_tasks(), false), @"Applied: 1 deleted, 2 created.");
}

#[test]
fn what_failed_and_what_waited_for_it() {
    let mut outcome = outcome(Ended::Partial);
    let hint = Some("`syncform doctor` lists the resource groups");
    outcome.failed = vec![
        (
            task("first"),
            Op::Create,
            Failure::Refused(fault("Invalid.DI.ResourceGroup", hint)),
        ),
        (
            task("other"),
            Op::Create,
            Failure::Refused(fault("Invalid.DI.ResourceGroup", hint)),
        ),
        (
            datasource("slow"),
            Op::AwaitRunning,
            Failure::Deadline {
                what: "it is waiting".to_owned(),
                waited: Duration::from_secs(600),
            },
        ),
    ];
    outcome.left = vec![task("last"), task("middle")];
    assert_snapshot!(summary(&outcome, &three_tasks(), false));
}

#[test]
fn a_run_without_calls_left() {
    let mut outcome = outcome(Ended::QuotaSpent);
    outcome.left = vec![task("last"), task("middle")];
    let quota = FaultClass::QuotaSpent;
    let fault = ApiFault {
        class: quota,
        ..fault("Throttling.Api", None)
    };
    outcome.failed = vec![(task("first"), Op::Generate, Failure::Refused(fault))];
    assert_snapshot!(summary(&outcome, &three_tasks(), false));
}

#[test]
fn an_interrupted_run_names_what_is_in_doubt() {
    let mut outcome = outcome(Ended::Interrupted);
    let plan = three_tasks();
    outcome.left = vec![task("first"), task("last"), task("middle")];
    outcome.in_doubt = vec![plan.changes[0].steps[2].id];
    assert_snapshot!(summary(&outcome, &plan, false));
}

#[test]
fn destroy_says_what_it_left_behind_and_how_to_remove_it() {
    let changes = vec![delete(task("orders")), stuck_solution(task("copy"))];
    let plan = plan_of(Mode::Destroy, changes, Vec::new());
    let mut outcome = outcome(Ended::Complete);
    outcome.complete = vec![(task("orders"), Action::Delete)];
    assert_snapshot!(summary(&outcome, &plan, false));
}

#[test]
fn progress_is_a_line_each_and_steps_are_for_the_curious() {
    let address = task("orders").with_key("00");
    let step = Progress::Step {
        address: address.clone(),
        op: Op::Poll,
        attempt: 2,
    };
    let progress = [
        Progress::Started {
            address: address.clone(),
            action: Action::Create,
        },
        step.clone(),
        Progress::Complete {
            address: address.clone(),
            action: Action::Create,
        },
        Progress::Failed {
            address: address.clone(),
            op: Op::Create,
            failure: Failure::Refused(fault("Invalid", None)),
        },
        Progress::Stopping,
        Progress::Skipped {
            address,
            because: task("first"),
        },
    ];
    let lines: Vec<String> = progress
        .iter()
        .filter_map(|p| progress_line(p, 1))
        .collect();
    assert_snapshot!(lines.join("\n"), @r#"
    task.orders["00"]: creating…
    task.orders["00"]: poll (again, 2)
    task.orders["00"]: created
    task.orders["00"]: failed at create: CreateDISyncTask failed: Invalid: the resource group \u{1b}[31mdoes not\nexist (RequestId 0000-ABCD)
    Interrupted: the calls on their way are finished first, nothing new begins. Once more stops at once.
    task.orders["00"]: skipped, since `task.first` failed
    "#);
    assert_eq!(progress_line(&step, 0), None);
}
