//! What is said of bad manifests, marked in the manifests themselves.

use super::support::check_diagnostics;

/// A task that is sound up to the lines that a test adds.
macro_rules! task {
    ($lines:literal) => {
        concat!(
            "[task.orders]\nworkspace = \"analytics\"\ntype = \"realtime\"\nsource = \"mysql_pub\"\n",
            "destination = \"odps_first\"\ntables = [\"shop\"]\nresource_group = \"Serverless_res_group_1_2\"\n",
            $lines
        )
    };
}

#[test]
fn fields() {
    check_diagnostics(task!(
        r#"
ddl_polcy = "careful"
#<^^^^^^^ error[unknown-field]: `task.orders` has no field `ddl_polcy`
protect = "yes"
#         ^^^^^ error[wrong-type]: expected `true` or `false`, found a string
run = "runing"
#     ^^^^^^^^ error[invalid-value]: `runing` is none of `started`, `stopped` and `unmanaged`
cu = 0.7
#    ^^^ error[invalid-value]: 0.7 is not a number of compute units
folder = "Business Flow/shop"
#        ^^^^^^^^^^^^^^^^^^^^ error[invalid-value]: `Business Flow/shop` is not the folder of a workflow's tasks
failover_limit = { count = -1 }
#                ^^^^^^^^^^^^^^ error[missing-field]: `failover_limit` needs `interval`
#                          ^^ error[invalid-value]: -1 is out of range: 0 to 10000
error_limit = { records = 0 }
#             ^^^^^^^^^^^^^^^ error[missing-field]: `error_limit` needs `record`
#               ^^^^^^^ error[unknown-field]: `error_limit` has no field `records`
"#
    ));
    check_diagnostics(
        r#"
[task.orders]
#<^^^^^^^^^^^ error[missing-field]: `task.orders` needs `workspace`, `type`, `source`, `destination`, `tables` and `resource_group`

[tasks.other]
#^^^^^ error[unknown-field]: a manifest has no field `tasks`

[provider]
#^^^^^^^^ error[unknown-field]: [provider] belongs into `syncform.toml` at the stack's root

[workspace."9 lives"]
#          ^^^^^^^^^ error[invalid-label]: `9 lives` cannot be the label of a workspace
project_id = 10

[workspace.analytics]
#          ^^^^^^^^^ error[duplicate]: `workspace.analytics` is declared again
project_id = 10

[workspace.huge]
project_id = 20000000000
#            ^^^^^^^^^^^ error[invalid-value]: 20000000000 is out of range: 1 to 10000000000

[[moved]]
# ^^^^^ error[unsupported]: [[moved]] blocks are not supported by this version of syncform
from = "task.a"
"#,
    );
}

#[test]
fn kinds_of_tasks() {
    check_diagnostics(
        r#"
[task.nightly]
workspace = "analytics"
type = "batch"
#      ^^^^^^^ error[unsupported]: batch tasks are not supported by this version of syncform
source = "mysql_pub"
destination = "odps_first"
tables = ["shop"]
resource_group = "S_res_group_1_2"
ddl_policy = "careful"
run = "stopped"

[task."orders-live"]
#<^^^^^^^^^^^^^^^^^^ error[invalid-value]: `orders-live`, which follows from the label, cannot name a task
workspace = "analytics"
type = "realtime"
source = "mysql_pub"
destination = "odps_first"
tables = ["shop", "shop"]
resource_group = "S_res_group_1_2"

[task.named]
workspace = "analytics"
type = "solution"
name = "1st"
#      ^^^^^ error[invalid-value]: `1st` cannot name a task
source = "odps_first"
#        ^^^^^^^^^^^^ error[unsupported-pair]: data sources of type `odps` cannot be a source
destination = "mysql_pub"
#             ^^^^^^^^^^^ error[unsupported-pair]: odps → mysql is not documented
tables = []
#        ^^ error[invalid-value]: the list is empty
resource_group = ""
#                ^^ error[invalid-value]: the text is empty
schedule_resource_group = "30003913"
#                         ^^^^^^^^^^ error[wrong-type]: expected an integer, found a string
failover_limit = { count = 1, interval = 1 }
#<^^^^^^^^^^^^ error[no-effect]: a solution is started without settings: the API ignores them

[[removed]]
# ^^^^^^^ error[unsupported]: [[removed]] blocks are not supported by this version of syncform
address = "task.a"

[[import]]
# ^^^^^^ error[unsupported]: [[import]] blocks are not supported by this version of syncform
to = "task.a"
id = 1
"#,
    );
}

#[test]
fn data_sources() {
    check_diagnostics(
        r#"
[datasource.rds_old]
workspace = "analytics"
type = "rds"
#      ^^^^^ error[unsupported]: data sources of type `rds` cannot be managed by this version of syncform
content = { database = "old" }

[datasource.mysql_new]
workspace = "analytics"
type = "mysqll"
#      ^^^^^^^^ error[invalid-value]: `mysqll` is none of `mysql`, `odps`, `holo`, `kafka`, `rds`, `sqlserver`, `oracle`, `postgresql`, `polardb`, `oss`, `analyticdb_for_mysql`, `hybriddb_for_postgresql`, `mongodb` and `redis`
env = "test"
#     ^^^^^^ error[invalid-value]: `test` is none of `dev` and `prod`

[datasource.mysql_empty]
workspace = "analytics"
type = "mysql"
content = {}
#         ^^ error[invalid-value]: the content is empty

[datasource.mysql_secret]
workspace = "analytics"
type = "mysql"
[datasource.mysql_secret.content]
database = 2026-01-01
#          ^^^^^^^^^^ error[wrong-type]: expected a string, an integer or a boolean, found a date or time
password = {}
#          ^^ error[invalid-value]: nothing says where the secret is

[datasource.holo_secret]
workspace = "analytics"
type = "holo"
content = { accessKey = { env = "NOT A NAME" } }
#                               ^^^^^^^^^^^^ error[invalid-value]: this is not the name of an environment variable
"#,
    );
}
