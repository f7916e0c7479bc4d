//! Tasks and solutions from generation to deletion, and each step taken out of turn.

use std::sync::Arc;

use serde_json::{Value, json};
use syncform::emulator::Options;

use super::client::{Api, options};

pub(crate) const REALTIME: [(&str, &str); 2] =
    [("ProjectId", "10000"), ("TaskType", "DI_REALTIME")];
pub(super) const SOLUTION: [(&str, &str); 2] =
    [("ProjectId", "10000"), ("TaskType", "DI_SOLUTION")];

/// A `TaskParam` from `rds` to Hologres.
pub(crate) fn task_param(name: &str, tables: &[&str]) -> Value {
    json!({
        "type": "realtime",
        "version": "1.0",
        "setting": {
            "resourceGroup": "S_res_group_1_2", "taskType": "oneclick_to_holo", "name": name,
            "scheduleResgroupId": 30003913,
        },
        "steps": [
            { "stepType": "mysql", "name": "Reader", "category": "reader", "parameter": {
                "connection": [{ "datasourceType": "mysql", "datasource": "rds", "table": tables }],
            } },
            { "stepType": "holo", "name": "Writer", "category": "writer",
              "parameter": { "datasource": "holo_bi" } },
        ],
    })
}

pub(crate) fn with<'a>(
    base: [(&'a str, &'a str); 2],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    base.into_iter().chain(more.iter().copied()).collect()
}

/// Polls a generation until it tells a script or a reason.
pub(crate) async fn poll(api: &Api, base: [(&str, &str); 2], process: u64) -> Value {
    let process = process.to_string();
    for _ in 0..9 {
        let params = with(base, &[("AsyncProcessId", &process)]);
        let answer = api
            .client
            .call("QueryDISyncTaskConfigProcessResult", &params)
            .await
            .json();
        let data = answer["Data"].clone();
        if !data["TaskContent"].is_null() || !data["Message"].is_null() {
            return data;
        }
    }
    panic!("the generation never ends");
}

/// Generates, polls and creates; the new id.
pub(crate) async fn create(api: &Api, base: [(&str, &str); 2], name: &str) -> String {
    create_from(api, base, name, &task_param(name, &["orders", "users"])).await
}

/// As [`create`], of another `TaskParam`.
pub(crate) async fn create_from(
    api: &Api,
    base: [(&str, &str); 2],
    name: &str,
    param: &Value,
) -> String {
    let param = param.to_string();
    let generated = api
        .ok(
            "GenerateDISyncTaskConfigForCreating",
            &with(base, &[("TaskParam", &param)]),
        )
        .await;
    assert_eq!(generated["Data"]["Status"], "true");
    let process = generated["Data"]["ProcessId"].as_u64().expect("an id");
    let data = poll(api, base, process).await;
    let content = data["TaskContent"].as_str().expect("a script");
    let placement = r#"{"FileFolderPath":"Business Flow/shop/Data Integration","ResourceGroup":"S_res_group_1_2"}"#;
    let created = api
        .ok(
            "CreateDISyncTask",
            &with(
                base,
                &[
                    ("TaskContent", content),
                    ("TaskName", name),
                    ("TaskParam", placement),
                ],
            ),
        )
        .await;
    created["Data"]["FileId"].to_string()
}

pub(crate) async fn status(api: &Api, id: &str) -> Value {
    let params = with(REALTIME, &[("FileId", id)]);
    api.ok("GetDISyncInstanceInfo", &params).await["Data"]["Status"].clone()
}

#[tokio::test]
async fn a_realtime_task_lives_and_dies() {
    let api = Api::start(&[]).await;
    let id = create(&api, REALTIME, "orders_to_holo").await;
    let file = with(REALTIME, &[("FileId", &id)]);

    assert_eq!(status(&api, &id).await, "NORUN");
    let unready = api.fail("StartDISyncInstance", &file).await;
    assert_eq!(unready, format!("fileId:[{id}] is not deployed."));
    api.ok("DeployDISyncTask", &file).await;
    let start_param = r#"{"failoverLimit":{"count":10,"interval":30},"errorLimit":{"record":0}}"#;
    let mut start = file.clone();
    start.push(("StartParam", start_param));
    api.ok("StartDISyncInstance", &start).await;
    assert_eq!(status(&api, &id).await, "WAIT");
    assert_eq!(status(&api, &id).await, "RUN");

    assert_eq!(
        api.fail("StartDISyncInstance", &file).await,
        format!("fileId:[{id}] is running.")
    );
    api.fail("DeleteDISyncTask", &file).await;
    api.fail("TerminateDISyncInstance", &file).await;
    api.ok("StopDISyncInstance", &file).await;
    api.fail("StopDISyncInstance", &file).await;
    api.fail("TerminateDISyncInstance", &file).await;
    assert_eq!(status(&api, &id).await, "KILLING");
    assert_eq!(status(&api, &id).await, "PAUSE");

    api.fail("DeleteDISyncTask", &file).await;
    api.ok("TerminateDISyncInstance", &file).await;
    api.fail("TerminateDISyncInstance", &file).await;
    api.ok("DeleteDISyncTask", &file).await;
    let gone = api.fail("GetDISyncTask", &file).await;
    assert_eq!(gone, format!("fileId:[{id}] is invalid."));
    let info = api.client.call("GetDISyncInstanceInfo", &file).await.json();
    assert_eq!(info["Data"]["Status"], Value::Null);
    assert_eq!(info["Data"]["Message"], format!("fileId[{id}] is invalid"));

    create(&api, REALTIME, "orders_to_holo").await;
    let calls = api.running.calls().await;
    assert_eq!(calls.operations["CreateDISyncTask"]["ok"], 2);
    assert_eq!(calls.operations["DeleteDISyncTask"]["fail"], 2);
    api.running.shutdown().await.expect("a clean end");
}

#[tokio::test]
async fn a_solution_can_be_started_and_not_stopped() {
    let api = Api::start(&[]).await;
    let id = create(&api, SOLUTION, "whole_shop").await;
    let solution = with(SOLUTION, &[("FileId", &id)]);
    let detail = async || {
        let answer = api.ok("GetDISyncTask", &solution).await;
        answer["Data"]["SolutionDetail"]["Status"]
            .as_str()
            .expect("a digit")
            .to_owned()
    };
    assert_eq!(detail().await, "1");
    api.fail("StartDISyncInstance", &solution).await;
    api.ok("DeployDISyncTask", &solution).await;
    assert_eq!(detail().await, "4");
    api.ok("StartDISyncInstance", &solution).await;
    assert_eq!(detail().await, "8");
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "run") {
        let answer = api.ok("GetDISyncInstanceInfo", &solution).await;
        let info = answer["Data"]["SolutionInfo"].clone();
        seen.push(info["Status"].as_str().expect("a word").to_owned());
        assert_eq!(info["StepDetail"].as_array().expect("steps").len(), 3);
    }
    assert_eq!(seen, ["wait", "wait", "wait", "run"]);
    assert_eq!(detail().await, "2");
    for action in [
        "StopDISyncInstance",
        "TerminateDISyncInstance",
        "DeleteDISyncTask",
    ] {
        assert_eq!(api.refusal(action, &solution).await, "400 Param.Invalid");
    }
    api.running.shutdown().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_callers_at_once_get_no_error_that_they_did_not_ask_for() {
    let directory = tempfile::tempdir().unwrap();
    let db = Some(directory.path().join("world.db"));
    let api = Arc::new(Api::with(Options { db, ..options(&[]) }).await);
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..50 {
        let api = Arc::clone(&api);
        callers.spawn(async move {
            let id = create(&api, REALTIME, &format!("task_{caller}")).await;
            let file = with(REALTIME, &[("FileId", &id)]);
            api.ok("DeployDISyncTask", &file).await;
            api.ok("StartDISyncInstance", &file).await;
            [status(&api, &id).await, status(&api, &id).await]
        });
    }
    let seen = callers.join_all().await;
    assert!(
        seen.iter().all(|words| *words == ["WAIT", "RUN"]),
        "{seen:?}"
    );
    let files = api.running.state().await["files"].as_array().map(Vec::len);
    assert_eq!(files, Some(50));
}
