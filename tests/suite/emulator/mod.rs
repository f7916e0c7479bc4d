//! The emulator over real HTTP: what a caller of any make can see of it.

mod client;
mod faults;
mod fuzz;
mod http;
mod lifecycle;
mod manual;
mod objects;
mod persistence;

/// What every test begins with: one workspace with a source, a destination of each kind, and groups.
const SEED: &str = r#"
[[workspace]]
project_id = 10000
name = "analytics"
workflows = ["shop"]

[[workspace]]
project_id = 20000
name = "other"
mode = "basic"

[[resource_group]]
identifier = "S_res_group_1_2"
type = "data_integration"

[[resource_group]]
identifier = "Serverless_res_group_1_3"
type = "data_integration"

[[resource_group]]
identifier = "scheduling"
type = "scheduling"
id = 30003913

[[datasource]]
project_id = 10000
name = "rds"
type = "mysql"
[[datasource.database]]
name = "shop"
tables = ["users", "items"]
[[datasource.database.table]]
name = "orders"
primary_key = ["id"]
columns = [{ name = "id", type = "bigint" }, { name = "amount", type = "decimal(18,2)" }]
[[datasource.database]]
name = "crm"
tables = ["contacts"]

[[datasource]]
project_id = 10000
name = "odps_dw"
type = "odps"

[[datasource]]
project_id = 10000
name = "kafka_bus"
type = "kafka"

[[datasource]]
project_id = 10000
name = "holo_bi"
type = "holo"

[[instance]]
type = "mysql"
name = "rm-shop"
[[instance.database]]
name = "shop"
tables = ["orders"]
"#;
