//! Plans as programs read them.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use serde_json::{Value, json};
use syncform::diff::{Action, Drift, Effect, ReasonCode};
use syncform::plan::{Mode, Plan};
use syncform::render::{json_text, plan_json};
use syncform::resource::Spec;
use syncform::state::State;

use super::support::{
    PASSWORD, change, create, datasource, datasource_spec, delete, everything, existing,
    fingerprint, hostile, known_datasource, known_task, plan_of, secret, state_of, stuck_solution,
    task, task_spec,
};

/// What state knew before [`everything`].
fn known() -> State {
    state_of([
        (datasource("holo"), known_datasource("holo")),
        (datasource("gone"), known_datasource("gone")),
        (task("old_orders"), known_task(task_spec("old_orders"))),
        (task("started"), known_task(task_spec("started"))),
        (task("quiet"), known_task(task_spec("quiet"))),
    ])
}

fn changes(document: &Value) -> BTreeMap<&str, &Value> {
    let changes = document["resource_changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| (change["address"].as_str().unwrap(), change))
        .collect()
}

fn addresses(resources: &Value) -> Vec<&str> {
    let resources = resources["root_module"]["resources"].as_array().unwrap();
    resources
        .iter()
        .map(|r| r["address"].as_str().unwrap())
        .collect()
}

#[test]
fn a_whole_document() {
    let mut spec = task_spec("shard_00");
    spec.start = Default::default();
    let mut shard = create(task("shard").with_key("00"), spec);
    shard.fields.truncate(2);
    shard.depends_on.insert(datasource("mysql_pub"));
    let mut source = change(
        datasource("mysql_pub"),
        Action::Update,
        ReasonCode::Changed,
        "the manifest changed `password`",
    );
    source.effect = Effect::InPlace;
    source.fields = vec![secret("password")];
    source.before = Some(Spec::Datasource(datasource_spec("mysql_pub")));
    source.after = source.before.clone();
    source.target.datasource = Some(syncform::resource::DatasourceId(22_130));
    let plan = plan_of(Mode::Apply, vec![shard, source], Vec::new());
    let prior = state_of([
        (datasource("mysql_pub"), known_datasource("mysql_pub")),
        (datasource("kafka_first"), known_datasource("kafka_first")),
    ]);
    assert_snapshot!(json_text::document(&plan_json::plan(&plan, &prior)));
}

#[test]
fn a_saved_plan_tells_of_its_changes_alone() {
    let saved = plan_json::saved(&everything());
    let whole = plan_json::plan(&everything(), &known());
    assert_eq!(saved["prior_state"], Value::Null);
    assert_eq!(
        changes(&saved)["task.orders"],
        changes(&whole)["task.orders"]
    );
    assert_eq!(
        changes(&saved)["task.quiet"]["change"]["actions"],
        json!(["no-op"])
    );
}

#[test]
fn every_action_has_terraforms_word() {
    let document = plan_json::plan(&everything(), &known());
    let words: Vec<String> = changes(&document)
        .iter()
        .map(|(address, change)| format!("{address} {}", change["change"]["actions"]))
        .collect();
    assert_snapshot!(words.join("\n"), @r#"
    datasource.gone ["forget"]
    datasource.holo ["update"]
    datasource.kafka_first ["no-op"]
    datasource.mysql_pub ["create"]
    task.audit ["delete"]
    task.by_hand ["no-op"]
    task.copy ["delete"]
    task.many ["create"]
    task.old_orders ["delete"]
    task.orders ["create"]
    task.quiet ["no-op"]
    task.replaced ["delete","create"]
    task.restarted ["update"]
    task.retabled ["update"]
    task.sharded["00"] ["create"]
    task.sharded["01"] ["create"]
    task.started ["update"]
    task.stopped ["update"]
    task.taken ["create"]
    "#);
    assert_eq!(
        changes(&document)["task.by_hand"]["change"]["importing"]["id"],
        "1000001"
    );
    assert_eq!(document["applyable"], false, "some of it is withheld");
    assert_eq!(document["complete"], false);
}

#[test]
fn starts_and_stops_are_action_invocations() {
    let document = plan_json::plan(&everything(), &known());
    let invocations: Vec<String> = document["action_invocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|invocation| {
            let trigger = &invocation["lifecycle_action_trigger"];
            let of = trigger["triggering_resource_address"].as_str().unwrap();
            let event = trigger["action_trigger_event"].as_str().unwrap();
            format!("{} of {of} {event}", invocation["type"].as_str().unwrap())
        })
        .collect();
    assert_snapshot!(invocations.join("\n"), @r#"
    stop of task.old_orders before_destroy
    start of task.many after_create
    start of task.orders after_create
    restart of task.restarted after_update
    start of task.sharded["00"] after_create
    start of task.sharded["01"] after_create
    start of task.started after_update
    stop of task.stopped after_update
    "#);
}

#[test]
fn planned_values_are_what_will_be_there() {
    let document = plan_json::plan(&everything(), &known());
    assert_snapshot!(addresses(&document["planned_values"]).join("\n"), @r#"
    datasource.holo
    datasource.mysql_pub
    task.by_hand
    task.many
    task.orders
    task.quiet
    task.sharded["00"]
    task.sharded["01"]
    task.started
    task.stopped
    "#);
}

#[test]
fn what_destroy_leaves_behind_stays_and_is_a_no_op() {
    let plan = plan_of(
        Mode::Destroy,
        vec![delete(task("orders")), stuck_solution(task("copy"))],
        Vec::new(),
    );
    let prior = state_of([
        (task("orders"), known_task(task_spec("orders"))),
        (task("copy"), known_task(task_spec("copy"))),
    ]);
    let document = plan_json::plan(&plan, &prior);
    assert_eq!(addresses(&document["planned_values"]), ["task.copy"]);
    let copy = changes(&document)["task.copy"];
    assert_eq!(copy["change"]["actions"], json!(["no-op"]));
    assert_eq!(copy["change"]["before"], copy["change"]["after"]);
    assert_eq!(copy["x_syncform"]["withheld"]["kind"], "impossible");
    assert_eq!(document["applyable"], true);
    assert_eq!(document["checks"][0]["status"], "fail");
}

#[test]
fn drift_says_whether_the_object_is_gone() {
    let drift = |label: &str| Drift {
        address: task(label),
        differences: vec!["it is another one".to_owned()],
    };
    let mut vanished = create(task("orders"), task_spec("orders"));
    vanished.reason.code = ReasonCode::Vanished;
    let stopped = existing(
        task("stopped"),
        Action::Start,
        ReasonCode::NotRunning,
        "it is stopped",
    );
    let plan = plan_of(
        Mode::Apply,
        vec![vanished, stopped],
        vec![drift("orders"), drift("stopped")],
    );
    let document = plan_json::plan(&plan, &state_of([]));
    let actions: Vec<&Value> = document["resource_drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|drift| &drift["change"]["actions"][0])
        .collect();
    assert_eq!(actions, ["delete", "update"]);
}

#[test]
fn no_secret_and_no_fingerprint_is_in_a_document() {
    let plans: [Plan; 2] = [everything(), hostile()];
    for plan in plans {
        let document = plan_json::plan(&plan, &known());
        let text = json_text::document(&document);
        assert!(!text.contains(PASSWORD) && !text.contains(&fingerprint()));
        assert!(!text.contains("fingerprint"));
        assert!(
            !text
                .chars()
                .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
        );
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, document);
    }
    let mut plan = everything();
    for planned in &mut plan.changes {
        for field in &mut planned.change.fields {
            if field.sensitive {
                field.before = json!(PASSWORD);
                field.actual = Some(json!(PASSWORD));
            }
        }
    }
    let document = plan_json::plan(&plan, &known());
    assert!(
        !document.to_string().contains(PASSWORD),
        "not even of a careless plan"
    );
}
