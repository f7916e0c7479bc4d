//! Metadata of the destination: the tables and columns that a MaxCompute project has.
//!
//! A project has the tables its seed lists and those that running tasks have made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulator::world::content::{Destination, column_type};
use crate::emulator::world::object::{Datasource, SolutionState, Version};
use crate::emulator::world::operation::{
    Context, Operation, PAGE_NUMBER, PAGE_SIZE, Param, Style, page_of,
};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail_with};
use crate::emulator::world::tables::Tables;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::read(
        "GetMetaDBTableList",
        Style::Refusing,
        &[
            Param::text("AppGuid").required(),
            Param::one_of("DataSourceType", &["odps", "emr"]),
            PAGE_NUMBER,
            PAGE_SIZE,
        ],
        list_tables,
    ),
    Operation::read(
        "GetMetaTableColumn",
        Style::Envelope,
        &[
            Param::text("TableGuid").required(),
            Param::one_of("DataSourceType", &["odps", "emr"]),
            Param::integer("PageNum", 1, 1_000_000),
            PAGE_SIZE,
        ],
        list_columns,
    ),
];

/// A column as the service lists it.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    kind: String,
    comment: String,
    is_key: bool,
    is_partition: bool,
}

fn unknown(what: &str) -> Failure {
    fail_with("1031203110005", format!("{what} does not exist."))
}

/// The same as an HTTP error, for the operation whose answer has no envelope.
fn as_error(failure: Failure) -> Failure {
    match failure {
        Failure::InBand { code, message } => Refusal::new(400, code, message).into(),
        refused @ Failure::Refused(_) => refused,
    }
}

/// The project's name in `odps.<project>` and, if there is one, the table's.
fn split_guid(guid: &str) -> Result<(&str, Option<&str>), Failure> {
    let rest = guid.strip_prefix("odps.").ok_or_else(|| unknown(guid))?;
    Ok(match rest.split_once('.') {
        Some((project, table)) => (project, Some(table)),
        None => (rest, None),
    })
}

/// Whether a data source points to a project; without a content its own name stands for it.
fn points_to(datasource: &Datasource, project: &str) -> bool {
    let named = datasource.content.get("project").and_then(Value::as_str);
    datasource.kind == "odps" && named.unwrap_or(&datasource.name) == project
}

/// The project's tables with their columns.
fn tables_of(tables: &Tables, project: &str) -> Result<BTreeMap<String, Vec<Column>>, Failure> {
    let datasources: Vec<&Datasource> = tables
        .datasources
        .values()
        .filter(|one| points_to(one, project))
        .collect();
    if datasources.is_empty() {
        return Err(unknown(&format!("odps.{project}")));
    }
    let mut found = BTreeMap::new();
    for datasource in datasources {
        let instance = datasource
            .instance
            .as_ref()
            .and_then(|key| tables.instances.get(key));
        for database in instance.iter().flat_map(|instance| &instance.databases) {
            for (name, table) in &database.tables {
                let columns = table.columns.iter().map(|column| Column {
                    name: column.name.clone(),
                    kind: column_type(Destination::Odps, &column.kind),
                    comment: column.comment.clone(),
                    is_key: table.primary_key.contains(&column.name),
                    is_partition: false,
                });
                found.insert(name.clone(), columns.collect());
            }
        }
        for version in at_work(tables, datasource.project_id) {
            found.extend(made_by(tables.content(version.content), &datasource.name));
        }
    }
    Ok(found)
}

/// The scripts whose tables exist because they were started.
fn at_work(tables: &Tables, project_id: u64) -> impl Iterator<Item = Version> {
    let files = tables
        .files
        .values()
        .filter(move |file| file.project_id == project_id);
    let solutions = tables
        .solutions
        .values()
        .filter(move |one| one.project_id == project_id);
    files.filter_map(|file| file.running).chain(
        solutions
            .filter(|one| one.state == SolutionState::Running)
            .filter_map(|one| one.deployed),
    )
}

/// The tables that a script makes in a data source.
fn made_by(text: &str, datasource: &str) -> BTreeMap<String, Vec<Column>> {
    let script: Value = serde_json::from_str(text).unwrap_or_default();
    let writer = &script["steps"][1]["parameter"];
    if writer["datasource"] != datasource {
        return BTreeMap::new();
    }
    let sources = writer["tableMappingRule"]["datasource"]
        .as_array()
        .into_iter()
        .flatten();
    sources
        .flat_map(|source| source["tableRule"].as_array())
        .flatten()
        .filter_map(|rule| {
            let info = &rule["dstCreateTableInfo"];
            let columns = |list: &str, is_partition: bool| {
                let columns = info[list].as_array().cloned().unwrap_or_default();
                columns.into_iter().map(move |column| Column {
                    name: column["name"].as_str().unwrap_or_default().to_owned(),
                    kind: column["type"].as_str().unwrap_or_default().to_owned(),
                    comment: column["comment"].as_str().unwrap_or_default().to_owned(),
                    is_key: column["primaryKey"] == true,
                    is_partition,
                })
            };
            let all = columns("dataColumn", false).chain(columns("partitionColumn", true));
            Some((rule["dstTable"].as_str()?.to_owned(), all.collect()))
        })
        .collect()
}

fn list_tables(call: &mut Context<'_>) -> Answer {
    let guid = call.args.required("AppGuid");
    let (project, table) = split_guid(guid).map_err(as_error)?;
    if table.is_some() {
        return Err(as_error(unknown(guid)));
    }
    let tables = tables_of(call.tables, project).map_err(as_error)?;
    let (number, size) = call.args.page();
    let total = tables.len();
    let rows: Vec<Value> = page_of(tables.into_keys().collect(), (number, size))
        .into_iter()
        .map(|table| {
            json!({
                "DatabaseName": project,
                "TableGuid": format!("odps.{project}.{table}"),
                "TableName": table,
            })
        })
        .collect();
    Ok(Reply::new(json!({ "Data": {
        "PageNumber": number, "PageSize": size, "TotalCount": total, "TableEntityList": rows,
    } })))
}

fn list_columns(call: &mut Context<'_>) -> Answer {
    let guid = call.args.required("TableGuid");
    let (project, table) = split_guid(guid)?;
    let mut tables = tables_of(call.tables, project)?;
    let columns = table
        .and_then(|table| tables.remove(table))
        .ok_or_else(|| unknown(guid))?;
    let number = call.args.integer("PageNum").unwrap_or(1);
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let (_, size) = call.args.page();
    let total = columns.len();
    let numbered: Vec<(usize, Column)> = (1..).zip(columns).collect();
    let rows: Vec<Value> = page_of(numbered, (number, size))
        .into_iter()
        .map(|(position, column)| {
            json!({
                "ColumnName": column.name,
                "ColumnType": column.kind,
                "IsPrimaryKey": column.is_key,
                "IsPartitionColumn": column.is_partition,
                "Comment": column.comment,
                "Position": position,
            })
        })
        .collect();
    Ok(Reply::envelope(json!({
        "PageNum": number, "PageSize": size, "TotalCount": total, "ColumnList": rows,
    })))
}
