//! JSON texts inside answers: a task's script, and the tables of a source.
//!
//! A script may have been made by hand in the console, with other step names, other keys and other readers than ours. It
//! is read for what drift is judged by and is never refused for what it lacks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lenient::{list, member, text, word};
use crate::api::{SourceDatabases, TaskScript};
use crate::resource::SourceTables;

/// Reads `Data.Code` of `GetDISyncTask` (API facts 4.4, 4.5); none if it is no JSON object.
pub fn parse_script(code: &Value) -> Option<TaskScript> {
    code.as_object()?;
    let reader = step(code, "reader");
    let writer = step(code, "writer");
    Some(TaskScript {
        source: reader.map(datasources).unwrap_or_default(),
        destination: writer.map(datasources).unwrap_or_default(),
        destination_type: writer
            .and_then(|step| word(step, "stepType"))
            .unwrap_or_default(),
        tables: reader.map_or_else(|| SourceTables::Own(BTreeSet::new()), source_tables),
        resource_group: ["extend", "setting"]
            .iter()
            .find_map(|key| word(member(code, key)?, "resourceGroup")),
    })
}

/// The step of a category, in any case; hand-made steps are named at will.
fn step<'a>(code: &'a Value, category: &str) -> Option<&'a Value> {
    list(code, "steps").iter().find(|step| {
        word(step, "category").is_some_and(|found| found.eq_ignore_ascii_case(category))
    })
}

/// The connections of a step: what stands in `parameter.connection`, or the parameter itself.
fn connections(step: &Value) -> Vec<&Value> {
    let Some(parameter) = member(step, "parameter") else {
        return Vec::new();
    };
    match list(parameter, "connection") {
        [] => vec![parameter],
        connections => connections.iter().collect(),
    }
}

/// The name of a step's data source. A script with several of them is not one that syncform makes; their names together
/// then differ from any single one.
fn datasources(step: &Value) -> String {
    let parameter = member(step, "parameter");
    let names: BTreeSet<String> = connections(step)
        .into_iter()
        .chain(parameter)
        .filter_map(|connection| word(connection, "datasource"))
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The tables that a reader reads. `selectedTables` wins, as it does in the service (API facts 4.2).
fn source_tables(reader: &Value) -> SourceTables {
    let connections = connections(reader);
    let mut databases = SourceDatabases::new();
    for connection in &connections {
        for database in list(connection, "selectedTables") {
            add_tables(&mut databases, database, Selection::OnlyEnabled);
        }
    }
    if !databases.is_empty() {
        return SourceTables::ByDatabase(databases);
    }
    let names = connections
        .iter()
        .flat_map(|connection| match member(connection, "table") {
            Some(Value::Array(tables)) => tables.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(table)) => vec![table.as_str()],
            _ => Vec::new(),
        });
    SourceTables::Own(names.map(str::to_owned).collect())
}

/// Reads `Meta` of `GetDataSourceMeta` (API facts 3.14); none if it is no JSON object.
pub fn parse_meta(meta: &Value) -> Option<SourceDatabases> {
    meta.as_object()?;
    let mut databases = BTreeMap::new();
    for database in list(meta, "dbTables") {
        add_tables(&mut databases, database, Selection::All);
    }
    Some(databases)
}

/// Which tables of a list count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Selection {
    /// Every table that is listed.
    All,
    /// Not those whose `enable` is false: the script knows them and leaves them alone.
    OnlyEnabled,
}

/// Adds one database of the nesting that scripts and `Meta` share. The service lists one `schema` entry per table, or one
/// for all; a table may name its database itself.
fn add_tables(databases: &mut SourceDatabases, database: &Value, selection: Selection) {
    let name = word(database, "dbName");
    if let Some(name) = &name {
        // A database without tables is worth knowing too.
        databases.entry(name.clone()).or_default();
    }
    for info in list(database, "schema")
        .iter()
        .flat_map(|schema| list(schema, "tableInfos"))
    {
        if selection == Selection::OnlyEnabled
            && member(info, "enable") == Some(&Value::Bool(false))
        {
            continue;
        }
        let table = text(info, "table").or_else(|| text(info, "tableName"));
        if let (Some(database), Some(table)) =
            (name.clone().or_else(|| word(info, "dbName")), table)
        {
            databases
                .entry(database)
                .or_default()
                .insert(table.to_owned());
        }
    }
}
