//! What stands inside answers: scripts, tables of a source, rows of lists, and the envelopes around rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncform::api::{FaultClass, Reply};
use syncform::resource::{DatasourceId, EnvType, SourceTables};

use super::{FILE, class, data, find, get_task, names, ok};

#[test]
fn a_generated_script_is_understood() {
    let code = json!({
        "type": "job",
        "extend": { "mode": "migration_holo", "resourceGroup": "S_res_group_1_2", "name": "n" },
        "steps": [
            {
                "stepType": "mysql", "name": "reader", "category": "reader",
                "parameter": { "connection": [{
                    "datasourceType": "mysql",
                    "datasource": "rds_shop_prod",
                    "selectedTables": [{ "dbName": "shop", "schema": [
                        { "tableInfos": [{ "enable": true, "table": "orders", "tableName": "orders" }] },
                        { "tableInfos": [{ "tableName": "payments" }, { "enable": false, "table": "old" }] },
                    ] }],
                }] },
            },
            { "stepType": "holo", "name": "writer", "category": "writer", "parameter": { "datasource": "holo_bi" } },
        ],
    });
    for code in [json!(code.to_string()), code] {
        let Reply::Script(script) = ok(
            &get_task(),
            &data(json!({ "Status": "success", "Code": code })),
        ) else {
            panic!("no script");
        };
        assert_eq!(script.source, "rds_shop_prod");
        assert_eq!(script.destination, "holo_bi");
        assert_eq!(script.destination_type, "holo");
        assert_eq!(script.resource_group.as_deref(), Some("S_res_group_1_2"));
        let tables = BTreeMap::from([("shop".to_owned(), names(["orders", "payments"]))]);
        assert_eq!(script.tables, SourceTables::ByDatabase(tables));
    }
}

#[test]
fn a_script_made_by_hand_is_not_refused() {
    let code = json!({
        "extend": { "mode": "wizard" },
        "setting": { "resourceGroup": "group_1" },
        "steps": [
            { "stepType": "datahub", "category": "READER", "name": "datahub_8htX", "parameter": { "datasource": "dh" } },
            { "stepType": "odps", "category": "writer", "gui": { "x": 1 }, "parameter": { "datasource": "mc", "table": "t" } },
        ],
    });
    let Reply::Script(script) = ok(
        &get_task(),
        &data(json!({ "Status": "success", "Code": code.to_string() })),
    ) else {
        panic!("no script");
    };
    assert_eq!(
        (script.source.as_str(), script.destination.as_str()),
        ("dh", "mc")
    );
    assert_eq!(script.tables, SourceTables::Own(names([])));
    assert_eq!(script.resource_group.as_deref(), Some("group_1"));
    let empty = data(json!({ "Status": "success", "Code": "{}" }));
    assert!(matches!(ok(&get_task(), &empty), Reply::Script(_)));
    for code in [json!(null), json!(""), json!("no json"), json!("[]")] {
        let body = data(json!({ "Status": "success", "Code": code }));
        assert_eq!(class(&get_task(), &body), FaultClass::Unknown, "{body}");
    }
}

#[test]
fn a_sources_tables_are_gathered_from_every_schema_entry() {
    let meta = find("GetDataSourceMeta");
    let text = r#"{"dbTables":[
        {"dbName":"testdb","schema":[
            {"tableInfos":[{"dbName":"testdb","enable":true,"table":"table1","tableName":"table1"}]},
            {"tableInfos":[{"table":"table2"},{"tableName":"table3"}]}]},
        {"dbName":"empty","schema":[]},
        {"schema":[{"tableInfos":[{"dbName":"other","table":"t"}]}]}]}"#;
    let body = data(json!({ "Status": "success", "Meta": text }));
    let expected = BTreeMap::from([
        ("testdb".to_owned(), names(["table1", "table2", "table3"])),
        ("empty".to_owned(), names([])),
        ("other".to_owned(), names(["t"])),
    ]);
    assert_eq!(ok(&meta, &body), Reply::Meta(expected));
    let timeout = data(json!({ "Status": "fail", "Message": "read datasource time out" }));
    assert_eq!(class(&meta, &timeout), FaultClass::Unavailable);
}

#[test]
fn rows_of_lists() {
    let body = data(json!({ "PageNumber": 1, "TotalCount": "1", "Files": [
        { "FileId": "100", "FileName": "orders", "CommitStatus": 1, "LastEditTime": 1593879116000i64 },
    ] }));
    let Reply::Files(page) = ok(&find("ListFiles"), &body) else {
        panic!("no files")
    };
    assert_eq!(
        (page.total, page.rows[0].file, page.rows[0].committed),
        (1, FILE, true)
    );

    let body = data(json!({ "TotalCount": 1, "DataSources": [{
        "Id": 7, "Name": "mysql_pub", "DataSourceType": "mysql", "EnvType": "1", "Description": "",
        "Content": r#"{"database":"shop","password":"***"}"#,
    }] }));
    let Reply::Datasources(page) = ok(&find("ListDataSources"), &body) else {
        panic!("no rows")
    };
    let row = &page.rows[0];
    assert_eq!(
        (row.id, row.env, row.description.as_deref()),
        (DatasourceId(7), EnvType::Prod, None)
    );
    assert_eq!(
        row.content,
        BTreeMap::from([("database".to_owned(), json!("shop"))])
    );

    // A row that is left out would look like an object that is gone.
    let body = data(json!({ "Files": [{ "FileName": "orders" }] }));
    assert_eq!(class(&find("ListFiles"), &body), FaultClass::Unknown);
    let none = data(json!({ "Files": null, "TotalCount": 0 }));
    assert!(matches!(ok(&find("ListFiles"), &none), Reply::Files(page) if page.rows.is_empty()));
}

#[test]
fn data_sources_answer_with_numbers_and_booleans() {
    let create = find("CreateDataSource");
    for id in [json!(7), json!("7")] {
        let body = json!({ "Success": true, "HttpStatusCode": "200", "Data": id });
        assert_eq!(ok(&create, &body), Reply::Datasource(DatasourceId(7)));
    }
    for action in ["UpdateDataSource", "DeleteDataSource"] {
        let call = find(action);
        assert_eq!(
            ok(&call, &json!({ "Success": true, "Data": true })),
            Reply::Done
        );
        assert_eq!(
            class(&call, &json!({ "Success": true, "Data": false })),
            FaultClass::Invalid
        );
        assert_eq!(
            class(&call, &json!({ "Success": true })),
            FaultClass::Unknown
        );
    }
}

#[test]
fn envelopes_of_file_operations() {
    let files = find("ListFiles");
    // The documents print an error code beside a success.
    let body = json!({
        "Success": true, "HttpStatusCode": 200, "ErrorCode": "Invalid.Tenant.ConnectionNotExists",
        "Data": { "Files": [], "TotalCount": 0 },
    });
    assert!(matches!(ok(&files, &body), Reply::Files(_)));
    let failed = |body: Value| class(&files, &body);
    let rows = json!({ "Files": [], "TotalCount": 0 });
    assert_eq!(
        failed(json!({ "Success": "false", "ErrorCode": "Throttling.User", "Data": rows })),
        FaultClass::Throttled
    );
    assert_eq!(
        failed(json!({ "Success": false, "Data": rows })),
        FaultClass::Invalid
    );
    assert_eq!(
        failed(
            json!({ "HttpStatusCode": "500", "ErrorCode": "InternalError.System", "Data": rows })
        ),
        FaultClass::Unavailable
    );
    assert_eq!(
        failed(json!({ "ErrorCode": "Forbidden.Access", "Data": rows })),
        FaultClass::Denied
    );
    assert_eq!(
        failed(json!({ "Code": "Forbidden.Access", "Data": rows })),
        FaultClass::Denied
    );
}

#[test]
fn a_failed_envelope_is_understood_by_status_and_message() {
    let create = find("CreateDataSource");
    let failed = |status: u16, message: &str| {
        let body = json!({
            "Success": false,
            "HttpStatusCode": status.to_string(),
            "ErrorCode": "1031203110005",
            "ErrorMessage": message,
        });
        class(&create, &body)
    };
    let taken = "Data source PROD mysql_pub already exists";
    assert_eq!(failed(400, taken), FaultClass::AlreadyThere);
    assert_eq!(failed(400, "odd"), FaultClass::Invalid);
    assert_eq!(failed(500, "odd"), FaultClass::Unavailable);
    assert_eq!(failed(429, "odd"), FaultClass::Throttled);
}
