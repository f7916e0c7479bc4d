//! The JSON documents that travel inside parameters: `TaskParam` of both operations that have one, and `StartParam`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::resource::{SourceTables, StartSettings, TaskSpec};

/// `TaskParam` of `GenerateDISyncTaskConfigForCreating`: what to sync, in short form (API facts 4.2).
pub fn task_param(spec: &TaskSpec) -> Value {
    let mut setting = Map::new();
    setting.insert("resourceGroup".into(), json!(spec.resource_group));
    if let Some(id) = spec.schedule_resource_group {
        setting.insert("scheduleResgroupId".into(), json!(id));
    }
    // The facts show the name in one sample of three; the check that it is free needs it, so it is always sent.
    setting.insert("name".into(), json!(spec.name));
    setting.insert("taskType".into(), json!(spec.destination_type.task_type()));
    json!({
        // `realtime` for solutions too.
        "type": "realtime",
        "version": "1.0",
        "setting": setting,
        "steps": [
            {
                "stepType": "mysql",
                "name": "Reader",
                "category": "reader",
                "parameter": { "connection": [connection(&spec.source, &spec.tables)] },
            },
            {
                "stepType": spec.destination_type.step_type(),
                "name": "Writer",
                "category": "writer",
                "parameter": { "datasource": spec.destination },
            },
        ],
    })
}

/// The reader's one connection: `table` or `selectedTables`, never both, since their precedence is not documented.
fn connection(source: &str, tables: &SourceTables) -> Value {
    let mut connection = Map::new();
    connection.insert("datasourceType".into(), json!("mysql"));
    connection.insert("datasource".into(), json!(source));
    match tables {
        SourceTables::Own(tables) => connection.insert("table".into(), json!(tables)),
        SourceTables::ByDatabase(databases) => connection.insert(
            "selectedTables".into(),
            databases
                .iter()
                .map(|(database, tables)| selected_tables(database, tables))
                .collect(),
        ),
    };
    Value::Object(connection)
}

/// One database of `selectedTables`. MySQL has no schemas, so its one `schema` entry has no name.
fn selected_tables(database: &str, tables: &BTreeSet<String>) -> Value {
    let infos: Vec<Value> = tables
        .iter()
        .map(|table| json!({ "table": table }))
        .collect();
    json!({ "dbName": database, "schema": [{ "tableInfos": infos }] })
}

/// `TaskParam` of `CreateDISyncTask`: where the file is stored and what it runs on (API facts 3.4).
pub fn create_param(spec: &TaskSpec) -> Value {
    let mut param = Map::new();
    if let Some(folder) = &spec.folder {
        param.insert("FileFolderPath".into(), json!(folder));
    }
    param.insert("ResourceGroup".into(), json!(spec.resource_group));
    if let Some(halves) = spec.half_cus {
        let cu = if halves.is_multiple_of(2) {
            json!(halves / 2)
        } else {
            json!(f64::from(halves) / 2.0)
        };
        param.insert("Cu".into(), cu);
    }
    Value::Object(param)
}

/// `StartParam` of `StartDISyncInstance` (API facts 5); an object without keys leaves everything to the service.
pub fn start_param(settings: &StartSettings) -> Value {
    let mut param = Map::new();
    if let Some(limit) = settings.failover_limit {
        param.insert(
            "failoverLimit".into(),
            json!({ "count": limit.count, "interval": limit.interval }),
        );
    }
    if let Some(limit) = settings.error_limit {
        param.insert("errorLimit".into(), json!({ "record": limit.record }));
    }
    if let Some(policy) = &settings.ddl_policy {
        let marks: Map<String, Value> = policy
            .iter()
            .map(|(event, action)| (event.wire().to_owned(), json!(action.wire())))
            .collect();
        param.insert("ddlMarkMap".into(), Value::Object(marks));
    }
    Value::Object(param)
}
