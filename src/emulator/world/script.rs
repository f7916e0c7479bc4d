//! The two documents of a task: the short `TaskParam` that asks for a script, and the `TaskContent` that is one.
//!
//! A [`TaskParam`] is read strictly, unknown keys refused, because a key that the service would ignore is most
//! likely a caller's mistake. A [`Script`] may have been edited on its way, so it is read for what it must have
//! and left alone otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::settings::BothTables;

/// `TaskParam` of the generate operations, as written. Updates may leave most of it out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskParam {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) setting: Option<Setting>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Setting {
    pub(crate) resource_group: Option<String>,
    pub(crate) task_type: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) schedule_resgroup_id: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Step {
    pub(crate) step_type: Option<String>,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) parameter: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReaderParameter {
    connection: Vec<Connection>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WriterParameter {
    datasource: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Connection {
    datasource_type: Option<String>,
    datasource: Option<String>,
    table: Option<Vec<String>>,
    selected_tables: Option<Vec<SelectedDatabase>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SelectedDatabase {
    db_name: String,
    schema: Vec<SelectedSchema>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SelectedSchema {
    table_infos: Vec<SelectedTable>,
}

/// What GetDataSourceMeta lists may be passed on as it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SelectedTable {
    table: String,
    #[serde(rename = "dbName")]
    _db_name: Option<String>,
    #[serde(rename = "tableName")]
    _table_name: Option<String>,
    #[serde(default = "enabled")]
    enable: bool,
}

fn enabled() -> bool {
    true
}

/// A table of a source: its database, unless that is the data source's own, and its name.
pub(crate) type Selected = (Option<String>, String);

/// One source of a `TaskParam`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) datasource: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) tables: Vec<Selected>,
}

/// The ways in which a `TaskParam` can be no `TaskParam`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not JSON.
    NotJson,
    /// It is JSON of another shape.
    Shape(String),
}

impl TaskParam {
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_str(text).map_err(|_| Unreadable::NotJson)?;
        Self::deserialize(value)
            .map_err(|error| Unreadable::Shape(format!("TaskParam is invalid: {error}.")))
    }

    /// The only step of a category.
    pub(crate) fn step(&self, category: &str) -> Result<Option<&Step>, String> {
        let mut steps = self.steps.iter().filter(|step| step.category == category);
        let step = steps.next();
        if steps.next().is_some() {
            return Err(format!("steps has more than one {category}."));
        }
        Ok(step)
    }
}

impl Step {
    /// The sources of a reader step.
    pub(crate) fn sources(&self, both: BothTables) -> Result<Vec<Source>, String> {
        let parameter = ReaderParameter::deserialize(&self.parameter)
            .map_err(|error| format!("parameter of {} is invalid: {error}.", self.name))?;
        if parameter.connection.is_empty() {
            return Err("connection is empty.".to_owned());
        }
        parameter
            .connection
            .into_iter()
            .map(|connection| connection.source(both))
            .collect()
    }

    /// The data source of a writer step.
    pub(crate) fn destination(&self) -> Result<String, String> {
        WriterParameter::deserialize(&self.parameter)
            .map(|parameter| parameter.datasource)
            .map_err(|error| format!("parameter of {} is invalid: {error}.", self.name))
    }
}

impl Connection {
    fn source(self, both: BothTables) -> Result<Source, String> {
        let tables: Vec<Selected> = match (self.table, self.selected_tables) {
            (Some(_), Some(_)) if both == BothTables::Invalid => {
                return Err("table and selectedTables are given together.".to_owned());
            }
            (_, Some(databases)) => databases
                .into_iter()
                .flat_map(|database| {
                    let name = database.db_name;
                    database
                        .schema
                        .into_iter()
                        .flat_map(|schema| schema.table_infos)
                        .filter(|table| table.enable)
                        .map(move |table| (Some(name.clone()), table.table))
                })
                .collect(),
            (Some(tables), None) => tables.into_iter().map(|table| (None, table)).collect(),
            (None, None) => return Err("table or selectedTables is missing.".to_owned()),
        };
        check_tables(&tables)?;
        Ok(Source {
            datasource: self.datasource,
            kind: self.datasource_type,
            tables,
        })
    }
}

fn check_tables(tables: &[Selected]) -> Result<(), String> {
    if tables.is_empty() {
        return Err("the list of tables is empty.".to_owned());
    }
    let mut seen = BTreeSet::new();
    for table in tables {
        let name = &table.1;
        if name.is_empty() || name.contains(['*', '?', '%', '[', ']', '{', '}']) {
            return Err(format!("table:[{name}] is invalid."));
        }
        if !seen.insert(table) {
            return Err(format!("table:[{name}] is listed twice."));
        }
    }
    Ok(())
}

/// A table of a script: data source, database, table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableName {
    pub(crate) datasource: String,
    pub(crate) database: String,
    pub(crate) table: String,
}

/// What the world needs to know of a `TaskContent`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Script {
    pub(crate) name: Option<String>,
    pub(crate) resource_group: Option<String>,
    pub(crate) source_kind: String,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) tables: BTreeSet<TableName>,
    pub(crate) destination_kind: String,
    pub(crate) destination: String,
    /// What becomes of each source table: its name at the destination.
    pub(crate) mapping: BTreeMap<TableName, String>,
}

impl Script {
    /// Reads a script, which is JSON with a reader and a writer; the error says what it lacks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let script: Value =
            serde_json::from_str(text).map_err(|_| "TaskContent is not JSON.".to_owned())?;
        Self::read(&script)
    }

    /// As [`Script::parse`], of a script that is JSON already.
    pub(crate) fn read(script: &Value) -> Result<Self, String> {
        for (key, word) in [("type", "job"), ("version", "2.0")] {
            if script[key] != word {
                return Err(format!("TaskContent is invalid: {key} is not {word}."));
            }
        }
        let reader = only_step(script, "reader")?;
        let writer = only_step(script, "writer")?;
        let mut read = Self {
            name: text_at(&script["extend"], "name"),
            resource_group: text_at(&script["extend"], "resourceGroup"),
            source_kind: text_at(reader, "stepType").unwrap_or_default(),
            destination_kind: text_at(writer, "stepType").unwrap_or_default(),
            destination: text_at(&writer["parameter"], "datasource")
                .ok_or("TaskContent is invalid: the writer has no datasource.")?,
            ..Self::default()
        };
        read.read_sources(&reader["parameter"])?;
        read.read_mapping(&writer["parameter"]["tableMappingRule"]);
        Ok(read)
    }

    fn read_sources(&mut self, parameter: &Value) -> Result<(), String> {
        let own = text_at(parameter, "datasource");
        for connection in parameter["connection"].as_array().into_iter().flatten() {
            let Some(datasource) = text_at(connection, "datasource").or_else(|| own.clone()) else {
                return Err("TaskContent is invalid: a connection has no datasource.".to_owned());
            };
            for table in connection["table"].as_array().into_iter().flatten() {
                let Some(table) = table.as_str() else {
                    continue;
                };
                self.tables.insert(TableName {
                    datasource: datasource.clone(),
                    database: String::new(),
                    table: table.to_owned(),
                });
            }
            for database in connection["selectedTables"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let name = text_at(database, "dbName").unwrap_or_default();
                let schemas = database["schema"].as_array().into_iter().flatten();
                for info in schemas
                    .flat_map(|schema| schema["tableInfos"].as_array())
                    .flatten()
                {
                    if info["enable"] == false {
                        continue;
                    }
                    let table = text_at(info, "table").unwrap_or_default();
                    let datasource = datasource.clone();
                    self.tables.insert(TableName {
                        datasource,
                        database: name.clone(),
                        table,
                    });
                }
            }
            self.sources.insert(datasource);
        }
        self.sources.extend(own);
        if self.sources.is_empty() {
            return Err("TaskContent is invalid: the reader has no datasource.".to_owned());
        }
        Ok(())
    }

    fn read_mapping(&mut self, rule: &Value) {
        for source in rule["datasource"].as_array().into_iter().flatten() {
            let datasource = text_at(source, "srcDatasourceName").unwrap_or_default();
            for rule in source["tableRule"].as_array().into_iter().flatten() {
                let key = TableName {
                    datasource: datasource.clone(),
                    database: text_at(rule, "srcDbName").unwrap_or_default(),
                    table: text_at(rule, "srcTable").unwrap_or_default(),
                };
                self.mapping
                    .insert(key, text_at(rule, "dstTable").unwrap_or_default());
            }
        }
    }
}

fn only_step<'a>(script: &'a Value, category: &str) -> Result<&'a Value, String> {
    let steps = script["steps"]
        .as_array()
        .ok_or("TaskContent is invalid: it has no steps.")?;
    let mut steps = steps.iter().filter(|step| step["category"] == category);
    match (steps.next(), steps.next()) {
        (Some(step), None) => Ok(step),
        _ => Err(format!(
            "TaskContent is invalid: it has not one {category}."
        )),
    }
}

fn text_at(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reader(connection: Value) -> Result<Vec<Source>, String> {
        let step = Step {
            step_type: Some("mysql".into()),
            name: "Reader".into(),
            category: "reader".into(),
            parameter: json!({ "connection": [connection] }),
        };
        step.sources(BothTables::Invalid)
    }

    #[test]
    fn both_forms_of_a_table_list_are_read() {
        let single =
            reader(json!({ "datasource": "a", "datasourceType": "mysql", "table": ["t"] }));
        assert_eq!(single.unwrap()[0].tables, [(None, "t".to_owned())]);
        let multi = reader(json!({ "datasource": "a", "selectedTables": [
            { "dbName": "d", "schema": [
                { "tableInfos": [{ "table": "t" }, { "table": "off", "enable": false }] },
                { "tableInfos": [{ "table": "u", "tableName": "u", "dbName": "d" }] },
            ] },
        ] }));
        let expected = [
            (Some("d".to_owned()), "t".to_owned()),
            (Some("d".to_owned()), "u".to_owned()),
        ];
        assert_eq!(multi.unwrap()[0].tables, expected);
    }

    #[test]
    fn a_table_list_that_means_nothing_is_refused() {
        let check = |connection: Value| reader(connection).unwrap_err();
        assert_eq!(
            check(json!({ "table": [] })),
            "the list of tables is empty."
        );
        assert_eq!(check(json!({ "table": ["a*"] })), "table:[a*] is invalid.");
        assert_eq!(
            check(json!({ "table": ["a", "a"] })),
            "table:[a] is listed twice."
        );
        assert_eq!(check(json!({})), "table or selectedTables is missing.");
        assert_eq!(
            check(json!({ "table": ["a"], "selectedTables": [] })),
            "table and selectedTables are given together."
        );
    }

    #[test]
    fn a_batch_script_has_its_source_beside_the_connection() {
        let script = Script::parse(
            &json!({ "type": "job", "version": "2.0", "steps": [
                { "stepType": "mysql", "category": "reader", "parameter": {
                    "datasource": "rds", "connection": [{ "datasource": "rds", "table": ["orders"] }] } },
                { "stepType": "odps", "category": "writer", "parameter": { "datasource": "dw" } },
            ] })
            .to_string(),
        )
        .unwrap();
        assert_eq!(script.sources, BTreeSet::from(["rds".to_owned()]));
        assert_eq!(
            (script.destination.as_str(), script.tables.len()),
            ("dw", 1)
        );
    }

    #[test]
    fn what_is_no_script_is_told() {
        let check = |text: &str| Script::parse(text).unwrap_err();
        assert_eq!(check("{"), "TaskContent is not JSON.");
        assert_eq!(
            check(r#"{"a":1}"#),
            "TaskContent is invalid: type is not job."
        );
        assert_eq!(
            check(r#"{"type":"job","version":"2.0","steps":[]}"#),
            "TaskContent is invalid: it has not one reader."
        );
    }
}
