//! What a real-time task is told when it starts: DDL policy, failovers, dirty records.

use super::Context;
use crate::address::{Address, Kind};
use crate::desired::fields::{self, Fields};
use crate::diagnostic::Diagnostics;
use crate::manifest::Node;
use crate::resource::{ErrorLimit, FailoverLimit, Resource, StartSettings, TaskType};
use crate::source::Spanned;

/// Reads what a real-time task is told at its start; a solution is told nothing.
pub(super) fn start_settings(
    context: &Context<'_>,
    task_type: Option<TaskType>,
    fields: &mut Fields<'_>,
) -> (Option<Address>, StartSettings) {
    if task_type == Some(TaskType::Solution) {
        for name in ["ddl_policy", "failover_limit", "error_limit"] {
            fields.no_effect(
                name,
                "a solution is started without settings: the API ignores them",
                "remove the field; a solution's settings are kept in the console",
            );
        }
        return (None, StartSettings::default());
    }
    let ddl_policy = fields
        .optional("ddl_policy", context.reference(Kind::DdlPolicy))
        .map(|policy| policy.value);
    let actions =
        ddl_policy
            .as_ref()
            .and_then(|policy| match &context.declared.get(policy)?.resource {
                Resource::DdlPolicy(policy) => Some(policy.clone()),
                _ => None,
            });
    let start = StartSettings {
        failover_limit: fields
            .optional("failover_limit", failover_limit)
            .map(|limit| limit.value),
        error_limit: fields
            .optional("error_limit", error_limit)
            .map(|limit| limit.value),
        ddl_policy: actions,
    };
    (ddl_policy, start)
}

/// More restarts than this, or a longer window, are a slip of the keyboard: the window is in minutes (API facts 5).
const MAX_FAILOVERS: i64 = 10_000;
const MAX_FAILOVER_INTERVAL: i64 = 7 * 24 * 60;

fn failover_limit(node: &Node, diagnostics: &mut Diagnostics) -> Option<FailoverLimit> {
    let table = fields::table(node, diagnostics)?;
    let mut fields = Fields::new(table, node.span, "`failover_limit`", diagnostics);
    let count = fields.required("count", fields::integer(0..=MAX_FAILOVERS));
    let interval = fields.required("interval", fields::integer(1..=MAX_FAILOVER_INTERVAL));
    fields.finish();
    let number = |field: Spanned<i64>| u32::try_from(field.value).expect("the range was checked");
    Some(FailoverLimit {
        count: number(count?),
        interval: number(interval?),
    })
}

fn error_limit(node: &Node, diagnostics: &mut Diagnostics) -> Option<ErrorLimit> {
    let table = fields::table(node, diagnostics)?;
    let mut fields = Fields::new(table, node.span, "`error_limit`", diagnostics);
    let record = fields.required("record", fields::integer(0..=i64::MAX));
    fields.finish();
    Some(ErrorLimit {
        record: u64::try_from(record?.value).expect("the range was checked"),
    })
}
