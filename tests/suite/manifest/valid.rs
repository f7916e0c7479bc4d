//! Sound manifests and what they mean.

use std::collections::{BTreeMap, BTreeSet};

use syncform::address::Address;
use syncform::desired::{DatasourceMeta, Endpoint, Inputs, Metas, Signature, needed_meta, specs};
use syncform::resource::{
    DdlAction, DestinationType, FailoverLimit, Resource, Run, SourceTables, Task, TaskType,
};

use super::support::{BASE, desired};

const ORDERS: &str = r#"
[task.orders]
workspace = "analytics"
type = "realtime"
source = "mysql_pub"
destination = "odps_first"
tables = ["shop"]
resource_group = "${var.group}"
ddl_policy = "careful"
failover_limit = { count = 10, interval = 30 }
error_limit = { record = 0 }
protect = "${var.protect}"
"#;

const VARIABLES: &str = r#"
[variables.group]
default = "S_res_group_1_2"
[variables.protect]
default = false
"#;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn task<'d>(desired: &'d syncform::desired::Desired, name: &str) -> &'d Task {
    match &desired.resources[&address(name)].resource {
        Resource::Task(task) => task,
        other => panic!("{name} is a {:?}", other.kind()),
    }
}

#[test]
fn a_task_is_read_with_everything_it_refers_to() {
    let desired = desired(
        &[
            ("syncform.toml", BASE),
            ("tasks/orders.toml", ORDERS),
            ("variables.toml", VARIABLES),
        ],
        &Inputs::default(),
    );
    let task = task(&desired, "task.orders");
    assert_eq!(task.name, "orders");
    assert_eq!(task.task_type, TaskType::Realtime);
    assert_eq!(task.destination_type, DestinationType::Odps);
    assert_eq!(task.resource_group, "S_res_group_1_2");
    assert_eq!(task.run, Run::Started);
    assert_eq!(
        task.start.failover_limit,
        Some(FailoverLimit {
            count: 10,
            interval: 30
        })
    );
    let policy = task.start.ddl_policy.as_ref().unwrap();
    assert!(
        policy
            .iter()
            .all(|(_, action)| action == DdlAction::Warning)
    );
    assert!(!task.protect);
    assert_eq!(desired.provider.endpoint, Endpoint::Region);
    assert_eq!(desired.provider.signature, Signature::HmacSha1);
    assert_eq!(
        (desired.provider.qps, desired.provider.parallelism),
        (5, 10)
    );

    let (specs, diagnostics) = specs(&desired, &Metas::default());
    assert!(diagnostics.is_empty());
    assert_eq!(
        specs[&address("task.orders")].tables,
        SourceTables::Own(BTreeSet::from(["orders".to_owned()]))
    );
}

#[test]
fn an_environment_and_options_give_values() {
    let files = [
        ("syncform.toml", BASE),
        ("orders.toml", ORDERS),
        ("variables.toml", VARIABLES),
        (
            "env/prod.toml",
            "[variables]\nprotect = true\n[provider]\nendpoint = \"embedded\"\n[provider.limits]\nqps = 20\n",
        ),
    ];
    let inputs = Inputs {
        environment: Some("prod".into()),
        variables: BTreeMap::from([("group".into(), "S_res_group_3_4".into())]),
        ..Inputs::default()
    };
    let prod = desired(&files, &inputs);
    assert!(task(&prod, "task.orders").protect);
    assert_eq!(task(&prod, "task.orders").resource_group, "S_res_group_3_4");
    assert_eq!(prod.provider.endpoint, Endpoint::Embedded);
    assert_eq!(prod.provider.qps, 20);

    let overridden = Inputs {
        variables: BTreeMap::from([("protect".into(), "false".into())]),
        endpoint: Some("http://127.0.0.1:8086".into()),
        ..inputs
    };
    let prod = desired(&files, &overridden);
    assert!(!task(&prod, "task.orders").protect);
    assert_eq!(
        prod.provider.endpoint,
        Endpoint::Url("http://127.0.0.1:8086".into())
    );
}

#[test]
fn for_each_makes_one_resource_for_each_key() {
    let shards = r#"
[table.shard]
for_each = { a = "shop_a", b = "shop_b" }
datasource = "mysql_pub"
database = "${each.value}"
include = ["order_*"]
exclude = ["*_bak"]

[task.shard]
for_each = ["a", "b"]
workspace = "analytics"
type = "realtime"
source = "mysql_pub"
destination = "odps_first"
tables = ['shard["${each.key}"]']
resource_group = "S_res_group_1_2"

[task.last]
workspace = "analytics"
type = "solution"
source = "mysql_pub"
destination = "odps_first"
tables = ["shop"]
resource_group = "S_res_group_1_2"
schedule_resource_group = 30003913
depends_on = ["task.shard"]
run = "unmanaged"
"#;
    let desired = desired(
        &[("syncform.toml", BASE), ("shards.toml", shards)],
        &Inputs::default(),
    );
    assert_eq!(task(&desired, "task.shard[\"a\"]").name, "shard_a");
    assert_eq!(
        desired.resources[&address("task.last")].depends_on,
        BTreeSet::from([address("task.shard[\"a\"]"), address("task.shard[\"b\"]")])
    );
    assert_eq!(
        needed_meta(&desired),
        BTreeSet::from([address("datasource.mysql_pub")])
    );
    let tables = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let metas = Metas(BTreeMap::from([(
        address("datasource.mysql_pub"),
        DatasourceMeta {
            own_database: None,
            databases: BTreeMap::from([
                ("shop_a".to_owned(), tables(&["order_1", "order_2_bak"])),
                ("shop_b".to_owned(), tables(&["order_3", "users"])),
            ]),
        },
    )]));
    let (specs, diagnostics) = specs(&desired, &metas);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(
        specs[&address("task.shard[\"b\"]")].tables,
        SourceTables::ByDatabase(BTreeMap::from([(
            "shop_b".to_owned(),
            tables(&["order_3"])
        )]))
    );
}
