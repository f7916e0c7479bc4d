//! `[task.…]`: what is synced from where to where, and how it runs.

use super::fit::{check_tables, check_workspace, pair};
use super::start::start_settings;
use super::{Context, Source};
use crate::address::Kind;
use crate::desired::fields::{self, Fields};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::{Node, Value};
use crate::resource::{Run, Task, TaskType};
use crate::source::Spanned;

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
