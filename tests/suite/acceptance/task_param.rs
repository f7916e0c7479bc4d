//! The documents that travel, from a manifest: `TaskParam` and `StartParam` as the API's own samples have them.

use serde_json::{Value, json};
use syncform::api::wire;
use syncform::desired::{self, Inputs, Metas};
use syncform::manifest::Sources;
use syncform::resource::TaskSpec;
use syncform::source::SourceFile;

/// The spec of the only task of a stack that consists of these lines besides the usual.
#[track_caller]
fn spec(lines: &str) -> TaskSpec {
    let usual = r#"
[workspace.w]
project_id = 10000
[datasource.mysql_pub]
workspace = "w"
type = "mysql"
[datasource.odps_first]
workspace = "w"
type = "odps"
[datasource.kafka_cdc]
workspace = "w"
type = "kafka"
[datasource.holo_bi]
workspace = "w"
type = "holo"
[ddl_policy.sample]
rename_column = "warning"
drop_table = "warning"
create_table = "ignore"
modify_column = "warning"
truncate_table = "normal"
drop_column = "ignore"
add_column = "normal"
rename_table = "critical"
"#;
    let stack = "[stack]\nname = \"s\"\n[provider]\nregion = \"cn-shanghai\"\n";
    let file = |path: &str, text: String| SourceFile {
        path: path.to_owned(),
        text,
    };
    let sources = Sources::new([
        file("syncform.toml", stack.to_owned()),
        file("main.toml", format!("{usual}{lines}")),
    ]);
    let (desired, diagnostics) = desired::build(&sources, &Inputs::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let (specs, diagnostics) = desired::specs(&desired.unwrap(), &Metas::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    specs.into_values().next().unwrap()
}

fn task(destination: &str, tables: &str) -> String {
    format!(
        r#"
{tables}
[task.t]
name = "openapi_realtime_solution_0813_1739"
workspace = "w"
type = "realtime"
source = "mysql_pub"
destination = "{destination}"
tables = ["tables"]
resource_group = "S_res_group_280749521950784_1623033752022"
schedule_resource_group = 30003913
ddl_policy = "sample"
failover_limit = {{ count = 10, interval = 30 }}
error_limit = {{ record = 0 }}
"#
    )
}

const OWN: &str = "[table.tables]\ndatasource = \"mysql_pub\"\ninclude = [\"xyx\"]\n";
const NAMED: &str =
    "[table.tables]\ndatasource = \"mysql_pub\"\ndatabase = \"shop\"\ninclude = [\"xyx\"]\n";

fn param(task_type: &str, writer: &str, destination: &str, connection: &Value) -> Value {
    let mut connection = connection.clone();
    connection["datasourceType"] = json!("mysql");
    connection["datasource"] = json!("mysql_pub");
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
                "stepType": writer,
                "name": "Writer",
                "category": "writer",
                "parameter": { "datasource": destination },
            },
        ],
    })
}

#[test]
fn a_manifest_becomes_the_documented_task_param() {
    let own = json!({ "table": ["xyx"] });
    let named = json!({
        "selectedTables": [{ "dbName": "shop", "schema": [{ "tableInfos": [{ "table": "xyx" }] }] }]
    });
    for (task_type, writer, destination) in [
        ("oneclick_to_odps", "odps", "odps_first"),
        ("oneclick_to_kafka", "kafka", "kafka_cdc"),
        ("oneclick_to_holo", "holo", "holo_bi"),
    ] {
        for (tables, connection) in [(OWN, &own), (NAMED, &named)] {
            let spec = spec(&task(destination, tables));
            let expected = param(task_type, writer, destination, connection);
            assert_eq!(wire::task_param(&spec), expected, "{destination}");
        }
    }
}

#[test]
fn a_manifest_becomes_the_documented_start_param() {
    let spec = spec(&task("odps_first", OWN));
    assert_eq!(
        wire::start_param(&spec.start),
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
}
