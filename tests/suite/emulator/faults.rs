//! Scripted misbehaviour: each fault does what it says and nothing else.

use serde_json::{Value, json};

use super::client::Api;
use super::lifecycle::{REALTIME, SOLUTION, create, status, with};

const LIST: [(&str, &str); 1] = [("ProjectId", "10000")];

/// A data source to create; its content tells no secret.
const CREATE: [(&str, &str); 5] = [
    ("ProjectId", "10000"),
    ("Name", "new_bus"),
    ("DataSourceType", "kafka"),
    ("Content", r#"{"instanceId":"alikafka"}"#),
    ("EnvType", "1"),
];

async fn count(api: &Api) -> u64 {
    api.ok("ListDataSources", &LIST).await["Data"]["TotalCount"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn an_error_code_comes_with_its_status_and_delay() {
    let api = Api::start(&[]).await;
    let fault = json!({ "kind": "error", "code": "Throttling.User", "retry_after_ms": 250 });
    api.arm("ListDataSources", fault).await;
    let answer = api.client.call("ListDataSources", &LIST).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "Throttling.User")
    );
    assert_eq!(answer.headers["x-acs-retry-after"], "250");
    assert_eq!(
        answer.headers["x-acs-request-id"],
        *answer.json()["RequestId"].as_str().unwrap()
    );
    api.ok("ListDataSources", &LIST).await;
    let calls = api.admin("GET", "calls", Value::Null).await;
    assert_eq!(
        calls["operations"]["ListDataSources"],
        json!({ "Throttling.User": 1, "ok": 1 })
    );
    assert_eq!((&calls["reads"], &calls["writes"]), (&json!(2), &json!(0)));
    api.admin("DELETE", "calls", Value::Null).await;
    assert_eq!(api.admin("GET", "calls", Value::Null).await["total"], 0);
}

#[tokio::test]
async fn a_dropped_connection_has_its_effect_or_not() {
    let api = Api::start(&[]).await;
    let before = count(&api).await;
    for (fault, effect) in [("drop_before", 0), ("drop_after", 1), ("torn", 1)] {
        api.arm("CreateDataSource", json!({ "kind": fault })).await;
        let mut params = CREATE;
        params[1].1 = fault;
        let now = count(&api).await;
        api.client
            .try_call("CreateDataSource", &params)
            .await
            .expect_err("no whole answer");
        assert_eq!(count(&api).await, now + effect, "{fault}");
    }
    assert_eq!(count(&api).await, before + 2);
    let outcomes = &api.running.calls().await.operations["CreateDataSource"];
    let names: Vec<&str> = outcomes.keys().map(String::as_str).collect();
    assert_eq!(names, ["dropped-after", "dropped-before", "torn"]);
}

#[tokio::test]
async fn an_in_band_failure_has_the_shape_of_its_operation() {
    let api = Api::start(&[]).await;
    let id = create(&api, REALTIME, "t").await;
    let fault = json!({ "kind": "in_band", "message": "submit and deploy fail." });
    api.arm("*", fault.clone()).await;
    let file = with(REALTIME, &[("FileId", &id)]);
    assert_eq!(
        api.fail("DeployDISyncTask", &file).await,
        "submit and deploy fail."
    );
    api.ok("DeployDISyncTask", &file).await;
    api.arm("CreateDataSource", fault).await;
    let before = count(&api).await;
    assert_eq!(
        api.fail("CreateDataSource", &CREATE).await,
        "submit and deploy fail."
    );
    assert_eq!(count(&api).await, before);
}

#[tokio::test]
async fn a_delay_delays() {
    let api = Api::start(&[]).await;
    api.arm("ListDataSources", json!({ "kind": "delay", "ms": 120 }))
        .await;
    let started = std::time::Instant::now();
    api.ok("ListDataSources", &LIST).await;
    assert!(started.elapsed().as_millis() >= 120);
}

#[tokio::test]
async fn a_task_dies_and_a_generation_never_ends() {
    let api = Api::start(&[("wait_reads", "0")]).await;
    let id = create(&api, REALTIME, "t").await;
    let file = with(REALTIME, &[("FileId", &id)]);
    api.ok("DeployDISyncTask", &file).await;
    api.ok("StartDISyncInstance", &file).await;
    assert_eq!(status(&api, &id).await, "RUN");
    api.arm(
        "GetDISyncInstanceInfo",
        json!({ "kind": "die", "message": "out of failovers" }),
    )
    .await;
    let info = api.ok("GetDISyncInstanceInfo", &file).await;
    assert_eq!(info["Data"]["Status"], "PAUSE");
    assert_eq!(info["Data"]["Message"], "out of failovers");
    api.ok("StartDISyncInstance", &file).await;
    assert_eq!(status(&api, &id).await, "RUN");

    api.arm(
        "GenerateDISyncTaskConfigForCreating",
        json!({ "kind": "never_finish" }),
    )
    .await;
    let param = super::lifecycle::task_param("u", &["orders"]).to_string();
    let params = with(REALTIME, &[("TaskParam", &param)]);
    let generated = api.ok("GenerateDISyncTaskConfigForCreating", &params).await;
    let process = generated["Data"]["ProcessId"].to_string();
    for _ in 0..9 {
        let params = with(REALTIME, &[("AsyncProcessId", &process)]);
        let polled = api.ok("QueryDISyncTaskConfigProcessResult", &params).await;
        assert_eq!(polled["Data"]["TaskContent"], Value::Null);
    }
}

#[tokio::test]
async fn what_does_not_run_does_not_die() {
    let api = Api::start(&[]).await;
    let id = create(&api, SOLUTION, "whole_shop").await;
    let solution = with(SOLUTION, &[("FileId", &id)]);
    let die = || json!({ "kind": "die", "message": "out of failovers" });
    api.arm("GetDISyncInstanceInfo", die()).await;
    let info = api.ok("GetDISyncInstanceInfo", &solution).await;
    assert_eq!(info["Data"]["SolutionInfo"]["Status"], "norun");
    api.ok("DeployDISyncTask", &solution).await;
    api.ok("StartDISyncInstance", &solution).await;
    api.arm("GetDISyncInstanceInfo", die()).await;
    let info = api.ok("GetDISyncInstanceInfo", &solution).await;
    assert_eq!(info["Data"]["SolutionInfo"]["Status"], "fail");
}

#[tokio::test]
async fn a_stale_read_misses_the_last_write() {
    let api = Api::start(&[]).await;
    let before = count(&api).await;
    api.ok("CreateDataSource", &CREATE).await;
    api.arm("ListDataSources", json!({ "kind": "stale", "ms": 60_000 }))
        .await;
    assert_eq!([count(&api).await, count(&api).await], [before, before + 1]);
}

#[tokio::test]
async fn limits_throttle_by_the_second_and_by_the_day() {
    let api = Api::start(&[("edition", "basic")]).await;
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(api.client.call("ListDataSources", &LIST).await);
    }
    let throttled = answers
        .iter()
        .find(|answer| answer.status == 429)
        .expect("one too many");
    assert_eq!(throttled.code(), "Throttling.User");
    let wait: u64 = throttled.headers["x-acs-retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=200).contains(&wait), "{wait}");
}

#[tokio::test]
async fn drift_edits_what_the_api_then_shows() {
    let api = Api::start(&[]).await;
    let id = create(&api, REALTIME, "t").await;
    let edit = json!({ "kind": "task", "project_id": 10000, "name": "t",
                       "set": { "tables": ["shop.items", "crm.contacts"], "name": "renamed" } });
    assert_eq!(api.admin("PUT", "drift", edit).await, json!({}));
    let state = api.admin("GET", "state", Value::Null).await;
    assert_eq!(state["files"][0]["FileName"], "renamed");
    assert_eq!(
        state["files"][0]["Tables"],
        json!(["crm.contacts", "shop.items"])
    );
    let read = api
        .ok("GetDISyncTask", &with(REALTIME, &[("FileId", &id)]))
        .await;
    assert!(read["Data"]["Code"].as_str().unwrap().contains("contacts"));
    let gone = json!({ "kind": "task", "project_id": 10000, "name": "renamed", "delete": true });
    api.admin("PUT", "drift", gone.clone()).await;
    assert_eq!(
        api.admin("PUT", "drift", gone).await,
        json!({ "error": "there is no such task" })
    );
    let wrong = api.admin("PUT", "drift", json!({ "kind": "taks" })).await;
    assert!(
        wrong["error"]
            .as_str()
            .unwrap()
            .starts_with("unknown variant `taks`"),
        "{wrong}"
    );
}
