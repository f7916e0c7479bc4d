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
