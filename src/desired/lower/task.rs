//! `[task.…]`: what is synced from where to where, and how it runs.

use std::collections::BTreeMap;

use super::{Context, Source};
use crate::address::{Address, Kind};
use crate::desired::fields::{self, Fields};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::{Node, Value};
use crate::resource::{
    Datasource, DatasourceType, DestinationType, ErrorLimit, FailoverLimit, ProjectId, Resource,
    Run, StartSettings, TableSet, Task, TaskType,
};
use crate::source::{Span, Spanned};

pub(super) fn lower(
    context: &Context<'_>,
    source: &Source<'_>,
    fields: &mut Fields<'_>,
) -> Option<Task> {
    let workspace = fields.required("workspace", context.reference(Kind::Workspace));
    let task_type = fields.required("type", task_type).map(|t| t.value);
    let name = name(source, fields);
    let from = fields.required("source", context.reference(Kind::Datasource));
    let to = fields.required("destination", context.reference(Kind::Datasource));
    let tables = fields.required("tables", fields::list(context.reference(Kind::Table)));
    let resource_group = fields.required("resource_group", fields::string);
    let schedule_resource_group = schedule_resource_group(task_type, fields);
    let folder = fields.optional("folder", folder);
    let half_cus = half_cus(resource_group.as_ref(), fields);
    let (ddl_policy, start) = start_settings(context, task_type, fields);
    let run = run(task_type, fields);
    let protect = fields.optional("protect", fields::boolean);

    let workspace = workspace.map(|workspace| workspace.value);
    let project_id = workspace
        .as_ref()
        .and_then(|workspace| context.project_id(workspace));
    for datasource in [&from, &to].into_iter().flatten() {
        check_workspace(context, project_id, datasource, fields);
    }
    let destination_type = pair(context, from.as_ref(), to.as_ref(), fields);
    if let (Some(from), Some(tables)) = (&from, &tables) {
        check_tables(context, from, &tables.value, fields);
    }

    Some(Task {
        workspace: workspace?,
        project_id: project_id?,
        name: name?,
        task_type: task_type?,
        source: from?.value,
        destination: to?.value,
        destination_type: destination_type?,
        tables: tables?.value.into_iter().map(|item| item.value).collect(),
        resource_group: resource_group?.value,
        schedule_resource_group,
        folder: folder.map(|folder| folder.value),
        half_cus,
        ddl_policy,
        start,
        run,
        protect: protect.is_some_and(|protect| protect.value),
    })
}

fn task_type(node: &Node, diagnostics: &mut Diagnostics) -> Option<TaskType> {
    if matches!(&node.value, Value::String(word) if word == "batch") {
        diagnostics.push(
            Diagnostic::error(
                Code::Unsupported,
                node.span,
                "batch tasks are not supported by this version of syncform",
            )
            .help("use `realtime` or `solution`"),
        );
        return None;
    }
    fields::word(&TaskType::ALL, TaskType::as_str)(node, diagnostics)
}

/// Longer names, periods and other letters may be taken by the service; these are taken for certain (API facts 10.16).
const MAX_NAME: usize = 64;

fn name(source: &Source<'_>, fields: &mut Fields<'_>) -> Option<String> {
    let given = match fields.entry("name") {
        Some(_) => Some(fields.optional("name", fields::string)?),
        None => None,
    };
    let by_default = given.is_none();
    let Spanned { value: name, span } = given.unwrap_or_else(|| Spanned {
        value: source.default_name(),
        span: fields.span(),
    });
    let sound = name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if sound {
        return Some(name);
    }
    fields.push(
        Diagnostic::error(
            Code::InvalidValue,
            span,
            if by_default {
                format!("`{name}`, which follows from the label, cannot name a task")
            } else {
                format!("`{name}` cannot name a task")
            },
        )
        .help(format!(
            "{}letters, digits and `_`, a letter first, at most {MAX_NAME} characters",
            if by_default {
                "give it a `name`: "
            } else {
                "use "
            }
        )),
    );
    None
}

fn schedule_resource_group(task_type: Option<TaskType>, fields: &mut Fields<'_>) -> Option<i64> {
    const NAME: &str = "schedule_resource_group";
    if task_type == Some(TaskType::Solution) && fields.entry(NAME).is_none() {
        let span = fields.span();
        fields.push(
            Diagnostic::error(
                Code::MissingField,
                span,
                format!("a solution creates batch tasks and needs `{NAME}` for them"),
            )
            .help("give the number of a scheduling resource group, such as 30003913"),
        );
    }
    fields
        .optional(NAME, fields::integer(1..=i64::MAX))
        .map(|number| number.value)
}

/// The folders that workflows have for these tasks, by the workspace's language (API facts 10.7).
const FOLDERS: [(&str, &str); 2] = [
    ("Business Flow", "Data Integration"),
    ("业务流程", "数据集成"),
];

fn folder(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = fields::string(node, diagnostics)?;
    let parts: Vec<&str> = text.split('/').collect();
    if let [first, workflow, last] = parts.as_slice()
        && FOLDERS.contains(&(first, last))
        && !workflow.trim().is_empty()
    {
        return Some(text);
    }
    diagnostics.push(
        Diagnostic::error(
            Code::InvalidValue,
            node.span,
            format!("`{text}` is not the folder of a workflow's tasks"),
        )
        .help(
            "write `Business Flow/<workflow>/Data Integration` or `业务流程/<workflow>/数据集成`",
        ),
    );
    None
}

/// Reads `cu`, which counts in halves and belongs to serverless resource groups.
fn half_cus(resource_group: Option<&Spanned<String>>, fields: &mut Fields<'_>) -> Option<u32> {
    let halves = fields.optional("cu", |node, diagnostics| {
        let cu = match node.value {
            // Exact up to 2^53, far beyond the range below.
            Value::Integer(integer) => integer as f64,
            Value::Float(float) => float,
            Value::Unusable => return None,
            _ => {
                diagnostics.push(Diagnostic::error(
                    Code::WrongType,
                    node.span,
                    format!("expected a number, found {}", node.value.describe()),
                ));
                return None;
            }
        };
        let halves = cu * 2.0;
        if halves.fract() != 0.0 || !(1.0..=20_000.0).contains(&halves) {
            diagnostics.push(
                Diagnostic::error(
                    Code::InvalidValue,
                    node.span,
                    format!("{cu} is not a number of compute units"),
                )
                .help("use a multiple of 0.5 from 0.5 to 10000"),
            );
            return None;
        }
        Some(halves as u32)
    })?;
    let exclusive = |group: &str| group.starts_with("S_res_group_") || group.starts_with("group_");
    if let (Some(group), Some(entry)) = (resource_group, fields.entry("cu"))
        && exclusive(&group.value)
    {
        fields.push(
            Diagnostic::error(
                Code::NoEffect,
                entry.key_span,
                "compute units are of serverless resource groups only",
            )
            .label(group.span, "this group is not serverless")
            .help("remove `cu`, or use a serverless group"),
        );
    }
    Some(halves.value)
}

/// Reads what a real-time task is told at its start; a solution is told nothing.
fn start_settings(
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

fn run(task_type: Option<TaskType>, fields: &mut Fields<'_>) -> Run {
    let Some(run) = fields.optional("run", fields::word(&Run::ALL, Run::as_str)) else {
        return Run::Started;
    };
    if task_type == Some(TaskType::Solution) && run.value == Run::Stopped {
        fields.push(
            Diagnostic::error(
                Code::Unsupported,
                run.span,
                "a solution cannot be stopped through this API",
            )
            .help("use `started`, or `unmanaged` and stop it in the console"),
        );
    }
    run.value
}

/// A task and its data sources live in one workspace.
fn check_workspace(
    context: &Context<'_>,
    project_id: Option<ProjectId>,
    reference: &Spanned<Address>,
    fields: &mut Fields<'_>,
) {
    let (Some(project_id), Some(datasource)) = (project_id, datasource(context, &reference.value))
    else {
        return;
    };
    if datasource.project_id != project_id {
        let declared = &context.declared[&reference.value];
        let mut diagnostic = Diagnostic::error(
            Code::Mismatch,
            reference.span,
            format!(
                "`{}` is in `{}`, not in the task's workspace",
                reference.value, datasource.workspace
            ),
        )
        .help("a task reaches only the data sources of its own workspace");
        if let Some(span) = declared.fields.get("workspace") {
            diagnostic = diagnostic.label(*span, "the data source's workspace");
        }
        fields.push(diagnostic);
    }
}

/// What the destination is, if the API documents this source with it.
fn pair(
    context: &Context<'_>,
    from: Option<&Spanned<Address>>,
    to: Option<&Spanned<Address>>,
    fields: &mut Fields<'_>,
) -> Option<DestinationType> {
    let help = "the documented pairs are mysql → odps, mysql → kafka and mysql → holo";
    let source_type = from.and_then(|from| {
        let found = datasource(context, &from.value)?.datasource_type;
        if found != DatasourceType::Mysql {
            fields.push(
                Diagnostic::error(
                    Code::UnsupportedPair,
                    from.span,
                    format!(
                        "data sources of type `{}` cannot be a source",
                        found.as_str()
                    ),
                )
                .help(help),
            );
        }
        Some(found)
    });
    let to = to?;
    let found = datasource(context, &to.value)?.datasource_type;
    let destination = DestinationType::of(found);
    if destination.is_none() {
        let from = source_type.map_or("mysql", DatasourceType::as_str);
        fields.push(
            Diagnostic::error(
                Code::UnsupportedPair,
                to.span,
                format!("{from} → {} is not documented", found.as_str()),
            )
            .help(help),
        );
    }
    destination
}

/// Table sets must be of the task's source, and of one form: TaskParam has no way to mix them (API facts 4.2).
fn check_tables(
    context: &Context<'_>,
    from: &Spanned<Address>,
    tables: &[Spanned<Address>],
    fields: &mut Fields<'_>,
) {
    let mut forms = BTreeMap::<bool, Span>::new();
    for reference in tables {
        let Some(set) = table_set(context, &reference.value) else {
            continue;
        };
        forms
            .entry(set.database.is_some())
            .or_insert(reference.span);
        if set.datasource != from.value {
            let declared = &context.declared[&reference.value];
            fields.push(
                Diagnostic::error(
                    Code::Mismatch,
                    reference.span,
                    format!(
                        "the tables of `{}` are of `{}`, not of the task's source",
                        reference.value, set.datasource
                    ),
                )
                .label(declared.field("datasource"), "the set's data source")
                .help(format!("this task reads from `{}`", from.value)),
            );
        }
    }
    let (Some(without), Some(with)) = (forms.get(&false), forms.get(&true)) else {
        return;
    };
    if datasource(context, &from.value).is_some_and(|source| source.own_database().is_none()) {
        fields.push(
            Diagnostic::error(
                Code::Mismatch,
                *without,
                "this set names no database, and another set of the task does",
            )
            .label(*with, "this one names its database")
            .help("give every table set of the task a `database`"),
        );
    }
}

fn datasource<'c>(context: &'c Context<'_>, address: &Address) -> Option<&'c Datasource> {
    match &context.declared.get(address)?.resource {
        Resource::Datasource(datasource) => Some(datasource),
        _ => None,
    }
}

fn table_set<'c>(context: &'c Context<'_>, address: &Address) -> Option<&'c TableSet> {
    match &context.declared.get(address)?.resource {
        Resource::Table(table) => Some(table),
        _ => None,
    }
}
