//! The JSON documents inside parameters, compared as values.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncform::api::wire::{create_param, start_param, task_param};
use syncform::resource::{
    DdlAction, DdlEvent, DdlPolicy, DestinationType, ErrorLimit, FailoverLimit, SourceTables,
    StartSettings,
};

use super::{names, odps_task, task};

/// The user's own example, with the reader's tables and the destination's words left open.
fn expected(task_type: &str, step_type: &str, destination: &str, tables: &Value) -> Value {
    let mut connection = json!({ "datasourceType": "mysql", "datasource": "mysql_pub" });
    for (key, value) in tables.as_object().unwrap() {
        connection[key] = value.clone();
    }
    json!({
        "type": "realtime",
        "version": "1.0",
        "setting": {
            "resourceGroup": "S_res_group_280749521950784_1623033752022",
            "scheduleResgroupId": 30003913,
            "name": "openapi_realtime_solution_0813_1739",
            "taskType": task_type,
        },
        "steps": [
            {
                "stepType": "mysql",
                "name": "Reader",
                "category": "reader",
                "parameter": { "connection": [connection] },
            },
            {
                "stepType": step_type,
                "name": "Writer",
                "category": "writer",
                "parameter": { "datasource": destination },
            },
        ],
    })
}

#[test]
fn the_users_example_to_every_destination_in_both_forms() {
    let own = SourceTables::Own(names(["xyx"]));
    let by_database = SourceTables::ByDatabase(BTreeMap::from([
        ("crm".to_owned(), names(["contacts"])),
        ("shop".to_owned(), names(["orders", "payments"])),
    ]));
    let forms = [
        (own, json!({ "table": ["xyx"] })),
        (
            by_database,
            json!({
                "selectedTables": [
                    {
                        "dbName": "crm",
                        "schema": [{ "tableInfos": [{ "table": "contacts" }] }],
                    },
                    {
                        "dbName": "shop",
                        "schema": [{ "tableInfos": [{ "table": "orders" }, { "table": "payments" }] }],
                    },
                ],
            }),
        ),
    ];
    let destinations = [
        (
            DestinationType::Odps,
            "odps_first",
            "oneclick_to_odps",
            "odps",
        ),
        (
            DestinationType::Kafka,
            "kafka_cdc",
            "oneclick_to_kafka",
            "kafka",
        ),
        (DestinationType::Holo, "holo_bi", "oneclick_to_holo", "holo"),
    ];
    for (destination_type, destination, task_type, step_type) in destinations {
        for (tables, written) in &forms {
            assert_eq!(
                task_param(&task(destination_type, destination, tables.clone())),
                expected(task_type, step_type, destination, written),
            );
        }
    }
}

#[test]
fn a_scheduling_group_that_is_not_given_is_not_sent() {
    let mut spec = odps_task();
    spec.schedule_resource_group = None;
    let param = task_param(&spec);
    assert_eq!(param["setting"].get("scheduleResgroupId"), None);
}

#[test]
fn the_users_start_settings() {
    let settings = StartSettings {
        failover_limit: Some(FailoverLimit {
            count: 10,
            interval: 30,
        }),
        error_limit: Some(ErrorLimit { record: 0 }),
        ddl_policy: Some(DdlPolicy::total(|event| match event {
            DdlEvent::RenameColumn | DdlEvent::DropTable | DdlEvent::ModifyColumn => {
                DdlAction::Warning
            }
            DdlEvent::CreateTable | DdlEvent::DropColumn => DdlAction::Ignore,
            DdlEvent::TruncateTable | DdlEvent::AddColumn => DdlAction::Normal,
            DdlEvent::RenameTable => DdlAction::Critical,
        })),
    };
    assert_eq!(
        start_param(&settings),
        json!({
            "failoverLimit": { "count": 10, "interval": 30 },
            "errorLimit": { "record": 0 },
            "ddlMarkMap": {
                "RENAMECOLUMN": "WARNING",
                "DROPTABLE": "WARNING",
                "CREATETABLE": "IGNORE",
                "MODIFYCOLUMN": "WARNING",
                "TRUNCATETABLE": "NORMAL",
                "DROPCOLUMN": "IGNORE",
                "ADDCOLUMN": "NORMAL",
                "RENAMETABLE": "CRITICAL",
            },
        })
    );
    assert_eq!(start_param(&StartSettings::default()), json!({}));
}

#[test]
fn where_a_task_is_stored_and_runs() {
    let mut spec = odps_task();
    let group = "S_res_group_280749521950784_1623033752022";
    assert_eq!(create_param(&spec), json!({ "ResourceGroup": group }));
    spec.folder = Some("Business Flow/wf1/Data Integration".to_owned());
    for (halves, cu) in [(1, json!(0.5)), (4, json!(2)), (5, json!(2.5))] {
        spec.half_cus = Some(halves);
        assert_eq!(
            create_param(&spec),
            json!({
                "FileFolderPath": "Business Flow/wf1/Data Integration",
                "ResourceGroup": group,
                "Cu": cu,
            })
        );
    }
}
