//! Laws of the world as a whole: it is deterministic, a failure leaves no trace, every operation answers whatever
//! it is asked, time passes by the clock it is given.

use serde_json::{Value, json};

use super::operation::{Kind, Operation, all};
use super::{Outcome, Request, Transport, World};
use crate::emulator::Seed;

const SEED: &str = r#"
[[workspace]]
project_id = 1
name = "w"
workflows = ["f"]
[[resource_group]]
identifier = "g"
type = "data_integration"
[[resource_group]]
identifier = "s"
type = "scheduling"
id = 7
[[datasource]]
project_id = 1
name = "src"
type = "mysql"
[[datasource.database]]
name = "d"
tables = ["a", "b", "c"]
[[datasource]]
project_id = 1
name = "dst"
type = "odps"
"#;

const BASE: [(&str, &str); 2] = [("ProjectId", "1"), ("TaskType", "DI_REALTIME")];

fn at(ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
}

fn world(switches: &[(&str, &str)]) -> World {
    let mut world = World::seeded(&Seed::parse(SEED).unwrap(), 1);
    for (name, value) in switches {
        world.set(name, value).unwrap();
    }
    world
}

fn param(name: &str, tables: &[&str]) -> String {
    json!({
        "type": "realtime", "version": "1.0",
        "setting": { "resourceGroup": "g", "taskType": "oneclick_to_odps", "name": name },
        "steps": [
            { "stepType": "mysql", "name": "Reader", "category": "reader", "parameter": {
                "connection": [{ "datasourceType": "mysql", "datasource": "src", "table": tables }],
            } },
            { "stepType": "odps", "name": "Writer", "category": "writer",
              "parameter": { "datasource": "dst" } },
        ],
    })
    .to_string()
}

fn call(world: &mut World, ms: i64, action: &str, more: &[(&str, &str)]) -> Outcome {
    let params = BASE.iter().chain(more).copied();
    world.handle(&Request::new(action, params), at(ms))
}

fn data(outcome: Outcome) -> Value {
    assert_eq!(outcome.response.status, 200, "{:?}", outcome.response);
    outcome.response.body["Data"].clone()
}

/// The whole way to a running task; its id.
fn running_task(world: &mut World, name: &str) -> String {
    let text = param(name, &["a", "b"]);
    let generated = data(call(
        world,
        0,
        "GenerateDISyncTaskConfigForCreating",
        &[("TaskParam", &text), ("ClientToken", name)],
    ));
    let process = generated["ProcessId"].to_string();
    let script = loop {
        let polled = data(call(
            world,
            0,
            "QueryDISyncTaskConfigProcessResult",
            &[("AsyncProcessId", &process)],
        ));
        if let Some(script) = polled["TaskContent"].as_str() {
            break script.to_owned();
        }
    };
    let created = data(call(
        world,
        0,
        "CreateDISyncTask",
        &[
            ("TaskContent", &script),
            ("TaskName", name),
            ("ClientToken", name),
        ],
    ));
    let id = created["FileId"].to_string();
    for action in ["DeployDISyncTask", "StartDISyncInstance"] {
        assert_eq!(
            data(call(world, 0, action, &[("FileId", &id)]))["Status"],
            "success"
        );
    }
    id
}

fn status(world: &mut World, ms: i64, id: &str) -> String {
    let info = data(call(world, ms, "GetDISyncInstanceInfo", &[("FileId", id)]));
    info["Status"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let run = || {
        let mut world = world(&[]);
        let id = running_task(&mut world, "t");
        let info = call(&mut world, 5, "GetDISyncInstanceInfo", &[("FileId", &id)]);
        (serde_json::to_string(&world).unwrap(), info)
    };
    assert_eq!(run(), run());
}

#[test]
fn a_snapshot_goes_on_as_the_original_does() {
    let mut original = world(&[]);
    let id = running_task(&mut original, "t");
    let text = serde_json::to_string(&original).unwrap();
    let mut copy: World = serde_json::from_str(&text).unwrap();
    assert_eq!(status(&mut original, 0, &id), status(&mut copy, 0, &id));
    assert_eq!(
        serde_json::to_string(&original).unwrap(),
        serde_json::to_string(&copy).unwrap()
    );
}

#[test]
fn rows_bring_the_world_back() {
    let mut original = world(&[]);
    let id = running_task(&mut original, "t");
    let rows = original
        .rows()
        .filter_map(|(table, key, row)| Some((table.to_owned(), key, row?)));
    let mut loaded = World::load(rows.collect::<Vec<_>>()).unwrap().unwrap();
    assert_eq!(loaded.state(), original.state());
    assert_eq!(status(&mut loaded, 0, &id), "WAIT");
    let changed: Vec<&str> = loaded.unsaved().map(|(table, _, _)| table).collect();
    assert_eq!(changed, ["calls", "counters", "files"]);
}

/// A value that a parameter may have.
fn sample(kind: Kind) -> String {
    match kind {
        Kind::Text => "x".to_owned(),
        Kind::Integer { min, .. } => min.max(1).to_string(),
        Kind::Bool => "true".to_owned(),
        Kind::OneOf(words) => words[0].to_owned(),
        Kind::JsonObject => "{}".to_owned(),
        Kind::JsonArray => "[]".to_owned(),
    }
}

fn try_with(world: &mut World, operation: &Operation, keep: impl Fn(usize) -> bool) -> u16 {
    let params: Vec<(&str, String)> = operation
        .params
        .iter()
        .enumerate()
        .filter(|(index, param)| param.required || keep(*index))
        .map(|(_, param)| (param.name, sample(param.kind)))
        .collect();
    let params = params.iter().map(|(name, value)| (*name, value.as_str()));
    world
        .handle(&Request::new(operation.name, params), at(0))
        .response
        .status
}

#[test]
fn every_operation_answers_with_and_without_each_parameter() {
    let mut world = world(&[]);
    running_task(&mut world, "t");
    for operation in all() {
        for index in 0..=operation.params.len() {
            for status in [
                try_with(&mut world, operation, |at| at == index),
                try_with(&mut world, operation, |at| at != index),
            ] {
                assert!(
                    matches!(status, 200 | 400 | 403),
                    "{}: {status}",
                    operation.name
                );
            }
        }
        let required = operation.params.iter().find(|param| param.required);
        let bare = world
            .handle(&Request::new(operation.name, []), at(0))
            .response;
        if let Some(param) = required {
            assert_eq!(bare.body["Code"], format!("Missing{}", param.name));
        }
    }
}

#[test]
fn a_value_out_of_range_is_named() {
    let mut world = world(&[]);
    for (value, code) in [
        ("0", "InvalidProjectId"),
        ("+1", "InvalidProjectId"),
        ("1.0", "InvalidProjectId"),
        ("10000000001", "InvalidProjectId"),
        ("", "MissingProjectId"),
        ("2", "Forbidden.Access"),
    ] {
        let request = Request::new("ListDataSources", [("ProjectId", value)]);
        assert_eq!(
            world.handle(&request, at(0)).response.body["Code"],
            code,
            "{value}"
        );
    }
}

#[test]
fn a_client_token_replays_and_tells_a_mismatch() {
    let mut world = world(&[("token_retention_s", "60")]);
    let text = param("t", &["a"]);
    let other = param("u", &["a"]);
    let generate = |world: &mut World, ms, text: &str| {
        let params = [("TaskParam", text), ("ClientToken", "k")];
        call(world, ms, "GenerateDISyncTaskConfigForCreating", &params).response
    };
    let first = generate(&mut world, 0, &text);
    let again = generate(&mut world, 59_999, &text);
    assert_eq!(first.body["Data"], again.body["Data"]);
    assert_ne!(first.body["RequestId"], again.body["RequestId"]);
    let mismatch = generate(&mut world, 0, &other);
    assert_eq!(mismatch.body["Code"], "IdempotentParameterMismatch");
    let later = generate(&mut world, 60_000, &text);
    assert_ne!(first.body["Data"], later.body["Data"]);
    world.set("token_mismatch", "first-result").unwrap();
    assert_eq!(
        generate(&mut world, 60_000, &other).body["Data"],
        later.body["Data"]
    );
}

#[test]
fn failures_are_not_remembered_by_their_token() {
    let mut world = world(&[]);
    let generate = |world: &mut World, text: &str| {
        let params = [("TaskParam", text), ("ClientToken", "k")];
        call(world, 0, "GenerateDISyncTaskConfigForCreating", &params).response
    };
    assert_eq!(generate(&mut world, "{}").body["Data"]["Status"], "fail");
    assert_eq!(
        generate(&mut world, "{").body["Code"],
        "Invalid.DI.Parameter"
    );
    assert_eq!(
        generate(&mut world, &param("t", &["a"])).body["Data"]["Status"],
        "true"
    );
}

#[test]
fn names_are_taken_by_what_exists() {
    let mut world = world(&[]);
    running_task(&mut world, "t");
    let again = call(
        &mut world,
        0,
        "GenerateDISyncTaskConfigForCreating",
        &[("TaskParam", &param("t", &["a"]))],
    );
    assert_eq!(
        again.response.body["Code"],
        "Invalid.DI.Parameter.File.Existed"
    );
}

#[test]
fn what_is_wrong_with_a_task_param_is_told_at_once_and_a_missing_table_later() {
    let mut world = world(&[]);
    let mut check = |edit: fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&param("t", &["a"])).unwrap();
        edit(&mut document);
        let text = document.to_string();
        let answer = data(call(
            &mut world,
            0,
            "GenerateDISyncTaskConfigForCreating",
            &[("TaskParam", &text)],
        ));
        assert_eq!(answer["Status"], "fail", "{answer}");
        answer["Message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        check(|d| d["version"] = "2.0".into()),
        "version:[2.0] is invalid."
    );
    assert_eq!(
        check(|d| d["setting"]["resourceGroup"] = "s".into()),
        "ResourceGroup:[s] is invalid."
    );
    assert_eq!(
        check(|d| d["setting"]["taskType"] = "oneclick_to_oss".into()),
        "taskType:[oneclick_to_oss] is invalid."
    );
    assert_eq!(
        check(|d| d["steps"][0]["stepType"] = "oracle".into()),
        "stepType:[oracle] is invalid."
    );
    assert_eq!(
        check(|d| d["steps"][1]["parameter"]["datasource"] = "src".into()),
        "datasource:[src] is invalid."
    );
    let unknown = check(|d| d["setting"]["nmae"] = "t".into());
    assert!(
        unknown.starts_with("TaskParam is invalid: unknown field `nmae`"),
        "{unknown}"
    );

    let generated = data(call(
        &mut world,
        0,
        "GenerateDISyncTaskConfigForCreating",
        &[("TaskParam", &param("t", &["a", "nope"]))],
    ));
    let process = generated["ProcessId"].to_string();
    let polls: Vec<Value> = (0..3)
        .map(|_| {
            let params = [("AsyncProcessId", process.as_str())];
            data(call(
                &mut world,
                0,
                "QueryDISyncTaskConfigProcessResult",
                &params,
            ))
        })
        .collect();
    assert_eq!(polls[1]["Status"], "success");
    assert_eq!(polls[1]["TaskContent"], Value::Null);
    assert_eq!(polls[2]["Message"], "table:[d.nope] is invalid.");
}

#[test]
fn the_ways_of_being_unfinished_can_be_chosen() {
    for (switch, status, message) in [
        ("success", "success", Value::Null),
        ("running", "running", Value::Null),
        ("fail-without-message", "fail", Value::Null),
        (
            "fail-with-message",
            "fail",
            "The task is in process.".into(),
        ),
    ] {
        let mut world = world(&[
            ("in_progress", switch),
            ("polls", "1"),
            ("generate_ms", "500"),
        ]);
        let text = param("t", &["a"]);
        let generated = data(call(
            &mut world,
            0,
            "GenerateDISyncTaskConfigForCreating",
            &[("TaskParam", &text)],
        ));
        let process = generated["ProcessId"].to_string();
        let mut poll = |ms| {
            let params = [("AsyncProcessId", process.as_str())];
            data(call(
                &mut world,
                ms,
                "QueryDISyncTaskConfigProcessResult",
                &params,
            ))
        };
        let early = poll(499);
        assert_eq!(
            (&early["Status"], &early["Message"]),
            (&status.into(), &message)
        );
        assert!(poll(500)["TaskContent"].is_string());
        assert_eq!(
            poll(3_600_000)["Message"],
            format!("processId:[{process}] is invalid.")
        );
    }
}

#[test]
fn an_update_is_running_only_after_a_restart() {
    let mut world = world(&[("kill_reads", "0"), ("wait_reads", "0"), ("polls", "1")]);
    let id = running_task(&mut world, "t");
    assert_eq!(status(&mut world, 0, &id), "RUN");
    let update = json!({ "steps": [{ "name": "Reader", "category": "reader", "parameter": {
        "connection": [{ "table": ["b", "c"] }] } }] })
    .to_string();
    let generated = data(call(
        &mut world,
        0,
        "GenerateDISyncTaskConfigForUpdating",
        &[("TaskId", &id), ("TaskParam", &update)],
    ));
    let process = generated["ProcessId"].to_string();
    let polled = data(call(
        &mut world,
        0,
        "QueryDISyncTaskConfigProcessResult",
        &[("AsyncProcessId", &process)],
    ));
    let script = polled["TaskContent"].as_str().unwrap();
    data(call(
        &mut world,
        0,
        "UpdateDISyncTask",
        &[("FileId", &id), ("TaskContent", script)],
    ));
    let tables = |world: &World, which: &str| world.state()["files"][0][which].clone();
    let (old, new) = (json!(["d.a", "d.b"]), json!(["d.b", "d.c"]));
    assert_eq!(
        [tables(&world, "Tables"), tables(&world, "DeployedTables")],
        [new.clone(), old.clone()]
    );
    data(call(&mut world, 0, "DeployDISyncTask", &[("FileId", &id)]));
    assert_eq!(
        [
            tables(&world, "DeployedTables"),
            tables(&world, "RunningTables")
        ],
        [new.clone(), old]
    );
    data(call(
        &mut world,
        0,
        "StopDISyncInstance",
        &[("FileId", &id)],
    ));
    assert_eq!(status(&mut world, 0, &id), "PAUSE");
    data(call(
        &mut world,
        0,
        "StartDISyncInstance",
        &[("FileId", &id)],
    ));
    assert_eq!(tables(&world, "RunningTables"), new);
}

#[test]
fn a_failure_leaves_no_trace() {
    let mut world = world(&[]);
    let id = running_task(&mut world, "t");
    let before = world.state();
    for (action, more) in [
        ("DeleteDISyncTask", vec![("FileId", id.as_str())]),
        (
            "UpdateDISyncTask",
            vec![
                ("FileId", id.as_str()),
                ("TaskParam", r#"{"ResourceGroup":"no"}"#),
            ],
        ),
        (
            "CreateDISyncTask",
            vec![("TaskName", "u"), ("TaskContent", r#"{"a":1}"#)],
        ),
        ("DeleteDataSource", vec![("DataSourceId", "20001")]),
    ] {
        call(&mut world, 0, action, &more);
        assert_eq!(world.state(), before, "{action}");
    }
}

#[test]
fn a_late_effect_comes_when_its_time_has_come() {
    let mut world = world(&[]);
    let id = running_task(&mut world, "t");
    assert_eq!(status(&mut world, 0, &id), "WAIT");
    assert_eq!(status(&mut world, 0, &id), "RUN");
    let rule =
        json!({ "operation": "StopDISyncInstance", "fault": { "kind": "late", "ms": 1000 } });
    world
        .arm(vec![serde_json::from_value(rule).unwrap()])
        .unwrap();
    let stopped = call(&mut world, 0, "StopDISyncInstance", &[("FileId", &id)]);
    assert_eq!(stopped.transport, Transport::DropBefore);
    assert_eq!(status(&mut world, 999, &id), "RUN");
    assert_eq!(status(&mut world, 1000, &id), "KILLING");
}

#[test]
fn a_late_effect_comes_before_an_edit_that_comes_after_it() {
    let mut world = world(&[]);
    let id = running_task(&mut world, "t");
    let rule =
        json!({ "operation": "StopDISyncInstance", "fault": { "kind": "late", "ms": 1000 } });
    world
        .arm(vec![serde_json::from_value(rule).unwrap()])
        .unwrap();
    call(&mut world, 0, "StopDISyncInstance", &[("FileId", &id)]);
    let edit = json!({ "kind": "task", "project_id": 1, "name": "t", "set": { "status": "RUN" } });
    world
        .drift(serde_json::from_value(edit).unwrap(), at(5000))
        .unwrap();
    assert_eq!(status(&mut world, 5000, &id), "RUN");
}

#[test]
fn reads_are_stale_for_as_long_as_the_switch_says() {
    let mut world = world(&[("stale_reads_ms", "300")]);
    let request = |action: &str, params: &[(&str, &str)]| {
        Request::new(
            action,
            [("ProjectId", "1")]
                .into_iter()
                .chain(params.iter().copied()),
        )
    };
    let create = request(
        "CreateDataSource",
        &[
            ("Name", "k"),
            ("DataSourceType", "kafka"),
            ("Content", "{}"),
            ("EnvType", "1"),
        ],
    );
    assert_eq!(world.handle(&create, at(0)).response.body["Success"], true);
    let mut count = |ms| {
        let list = world
            .handle(&request("ListDataSources", &[]), at(ms))
            .response;
        list.body["Data"]["TotalCount"].clone()
    };
    assert_eq!([count(299), count(300)], [2, 3]);
}

#[test]
fn time_passes_for_stale_readers_too() {
    let mut world = world(&[("stale_reads_ms", "300"), ("polls", "1")]);
    let text = param("t", &["a"]);
    let generated = data(call(
        &mut world,
        0,
        "GenerateDISyncTaskConfigForCreating",
        &[("TaskParam", &text)],
    ));
    let process = generated["ProcessId"].to_string();
    let mut poll = |ms| {
        let params = [("AsyncProcessId", process.as_str())];
        data(call(
            &mut world,
            ms,
            "QueryDISyncTaskConfigProcessResult",
            &params,
        ))
    };
    assert_eq!(
        poll(299)["Message"],
        format!("processId:[{process}] is invalid.")
    );
    assert!(poll(300)["TaskContent"].is_string());
}

#[test]
fn every_rule_counts_the_calls_it_matches_and_the_first_that_is_due_hits() {
    let mut world = world(&[]);
    let rules = json!([
        { "operation": "List*", "nth": 1, "fault": { "kind": "torn" } },
        { "operation": "*", "nth": 2, "fault": { "kind": "drop_after" } },
    ]);
    world.arm(serde_json::from_value(rules).unwrap()).unwrap();
    let list = Request::new("ListDataSources", [("ProjectId", "1")]);
    let mut next = || world.handle(&list, at(0)).transport;
    assert_eq!(
        [next(), next(), next()],
        [Transport::Torn, Transport::DropAfter, Transport::Deliver]
    );
    let hits: Vec<Value> = world
        .faults()
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["hits"].clone())
        .collect();
    assert_eq!(hits, [1, 1]);
}

#[test]
fn a_critical_ddl_event_kills_and_a_dropped_table_stays_dropped() {
    let mut world = world(&[("wait_reads", "0")]);
    let id = running_task(&mut world, "t");
    assert_eq!(status(&mut world, 0, &id), "RUN");
    let drift = |world: &mut World, drift: Value| {
        world
            .drift(serde_json::from_value(drift).unwrap(), at(0))
            .map_err(|error| error.to_string())
    };
    let policy = json!({ "kind": "task", "project_id": 1, "name": "t", "set": {
        "start_param": { "ddlMarkMap": { "DROPTABLE": "CRITICAL", "ADDCOLUMN": "WARNING" } } } });
    assert_eq!(drift(&mut world, policy), Ok(()));
    let ddl = |event: &str, to: Option<&str>| {
        json!({ "kind": "ddl", "project_id": 1, "datasource": "src", "table": "a",
                "event": event, "to": to })
    };
    assert_eq!(drift(&mut world, ddl("ADDCOLUMN", Some("n int"))), Ok(()));
    assert_eq!(
        world.state()["files"][0]["Log"],
        json!(["dropped: ADDCOLUMN on d.a"])
    );
    assert_eq!(status(&mut world, 0, &id), "RUN");
    assert_eq!(drift(&mut world, ddl("DROPTABLE", None)), Ok(()));
    let info = data(call(
        &mut world,
        0,
        "GetDISyncInstanceInfo",
        &[("FileId", &id)],
    ));
    assert_eq!(info["Status"], "PAUSE");
    assert_eq!(
        info["Message"],
        "the task stopped: DROPTABLE on d.a is CRITICAL"
    );
    world.add(&Seed::parse(SEED).unwrap());
    assert_eq!(
        drift(&mut world, ddl("DROPTABLE", None)),
        Err("there is no table `a`".into())
    );
}

#[test]
fn secrets_are_kept_nowhere() {
    let mut world = world(&[]);
    let content = r#"{"database":"d","username":"u","password":"hunter2","jdbcUrl":"jdbc:mysql://h/d?password=hunter2"}"#;
    let params = [
        ("ProjectId", "1"),
        ("Name", "m"),
        ("DataSourceType", "mysql"),
    ];
    let more = [("Content", content), ("EnvType", "1")];
    let create = Request::new("CreateDataSource", params.into_iter().chain(more));
    let rule =
        json!({ "operation": "CreateDataSource", "nth": 2, "fault": { "kind": "late", "ms": 9 } });
    world
        .arm(vec![serde_json::from_value(rule).unwrap()])
        .unwrap();
    world.handle(&create, at(0));
    world.handle(&create, at(0));
    let list = world.handle(
        &Request::new("ListDataSources", [("ProjectId", "1")]),
        at(0),
    );
    assert!(list.response.body.to_string().contains("***"));
    assert!(!serde_json::to_string(&world).unwrap().contains("hunter2"));
}
