//! `TaskContent`: the full script that a generation makes of a short `TaskParam`.
//!
//! Its shape is the published Hologres sample. For MaxCompute and Kafka no sample exists; they share the skeleton
//! and differ in what a destination needs: partitions, a topic, column types.

use serde_json::{Map, Value, json};

use super::object::{Column, SourceTable};

/// The three destinations that the generate operations know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    Odps,
    Kafka,
    Holo,
}

impl Destination {
    /// The destination of a `setting.taskType`.
    pub(crate) fn of_task_type(word: &str) -> Option<Self> {
        match word {
            "oneclick_to_odps" => Some(Self::Odps),
            "oneclick_to_kafka" => Some(Self::Kafka),
            "oneclick_to_holo" => Some(Self::Holo),
            _ => None,
        }
    }

    /// The writer's `stepType`, and the type of its data source.
    pub(crate) fn step_type(self) -> &'static str {
        match self {
            Self::Odps => "odps",
            Self::Kafka => "kafka",
            Self::Holo => "holo",
        }
    }

    /// The destination of a writer's `stepType`.
    pub(crate) fn of_step_type(word: &str) -> Option<Self> {
        [Self::Odps, Self::Kafka, Self::Holo]
            .into_iter()
            .find(|kind| kind.step_type() == word)
    }

    fn table_name(self, database: &str, table: &str) -> String {
        match self {
            Self::Odps | Self::Kafka => table.to_owned(),
            Self::Holo => format!("{database}.{table}"),
        }
    }
}

/// What goes into a script.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint<'a> {
    pub(crate) name: &'a str,
    pub(crate) resource_group: &'a str,
    pub(crate) destination: Destination,
    pub(crate) writer: &'a str,
    pub(crate) sources: Vec<SourceTables<'a>>,
}

/// The tables of one source data source, in the order in which they were asked for.
#[derive(Debug, Clone)]
pub(crate) struct SourceTables<'a> {
    pub(crate) datasource: &'a str,
    pub(crate) tables: Vec<(&'a str, &'a str, &'a SourceTable)>,
}

impl Blueprint<'_> {
    /// The script as JSON text.
    pub(crate) fn build(&self) -> String {
        let total: usize = self.sources.iter().map(|source| source.tables.len()).sum();
        let connections: Vec<Value> = self.sources.iter().map(connection).collect();
        let rules: Vec<Value> = self
            .sources
            .iter()
            .map(|source| self.rules(source))
            .collect();
        json!({
            "type": "job",
            "version": "2.0",
            "extend": {
                "mode": format!("migration_{}", self.destination.step_type()),
                "resourceGroup": self.resource_group,
                "name": self.name,
            },
            "order": { "hops": [{ "from": "reader", "to": "writer" }] },
            "steps": [
                {
                    "stepType": "mysql",
                    "name": "reader",
                    "category": "reader",
                    "parameter": { "connection": connections },
                },
                {
                    "stepType": self.destination.step_type(),
                    "name": "writer",
                    "category": "writer",
                    "parameter": {
                        "datasource": self.writer,
                        "writeMode": "replay",
                        "tableMappingRule": { "totalTableMapping": total, "datasource": rules },
                    },
                },
            ],
        })
        .to_string()
    }

    fn rules(&self, source: &SourceTables<'_>) -> Value {
        let rules: Vec<Value> = source
            .tables
            .iter()
            .map(|(database, name, table)| self.rule(database, name, table))
            .collect();
        json!({ "srcDatasourceName": source.datasource, "tableRule": rules })
    }

    fn rule(&self, database: &str, name: &str, table: &SourceTable) -> Value {
        json!({
            "srcDbName": database,
            "srcTable": name,
            "dstTable": self.destination.table_name(database, name),
            "mergeIntoCycleType": "DEFAULT",
            "hourDeltaEnable": false,
            "dayDeltaEnable": self.destination == Destination::Odps,
            "primaryKeyInfo": self.primary_key(table),
            "dstCreateTableInfo": self.create_info(database, name, table),
        })
    }

    /// Without a primary key MaxCompute and Hologres need other columns as a key, and Kafka does with none.
    fn primary_key(&self, table: &SourceTable) -> Value {
        if !table.primary_key.is_empty() {
            return json!({ "type": "pk", "column": table.primary_key });
        }
        match self.destination {
            Destination::Kafka => json!({ "type": "none", "column": [] }),
            Destination::Odps | Destination::Holo => {
                let columns: Vec<&str> = table
                    .columns
                    .iter()
                    .map(|column| column.name.as_str())
                    .collect();
                json!({ "type": "otherColumn", "column": columns })
            }
        }
    }

    fn create_info(&self, database: &str, name: &str, table: &SourceTable) -> Value {
        let columns: Vec<Value> = table
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| self.data_column(index, column, &table.primary_key))
            .collect();
        let mut info = Map::new();
        match self.destination {
            Destination::Holo => {
                info.insert("schemaName".into(), database.into());
                info.insert("tableName".into(), name.into());
            }
            Destination::Odps => {
                info.insert("tableName".into(), name.into());
                info.insert(
                    "partitionColumn".into(),
                    json!([{ "name": "ds", "type": "string" }, { "name": "hh", "type": "string" }]),
                );
                info.insert("lifecycle".into(), 30.into());
            }
            Destination::Kafka => {
                info.insert("topic".into(), name.into());
                info.insert("partitionNum".into(), 1.into());
                info.insert("keyColumn".into(), json!(table.primary_key));
            }
        }
        info.insert("dataColumn".into(), columns.into());
        Value::Object(info)
    }

    fn data_column(&self, index: usize, column: &Column, key: &[String]) -> Value {
        json!({
            "index": index,
            "name": column.name,
            "type": column_type(self.destination, &column.kind),
            "comment": column.comment,
            "columnSize": 0,
            "digit": 0,
            "newDigit": 0,
            "primaryKey": key.contains(&column.name),
        })
    }
}

fn connection(source: &SourceTables<'_>) -> Value {
    let mut databases: Vec<(&str, Vec<Value>)> = Vec::new();
    for (database, table, _) in &source.tables {
        let info = json!({ "enable": true, "table": table, "tableName": table });
        match databases.iter_mut().find(|(name, _)| name == database) {
            Some((_, infos)) => infos.push(info),
            None => databases.push((database, vec![info])),
        }
    }
    let selected: Vec<Value> = databases
        .into_iter()
        .map(|(name, infos)| json!({ "dbName": name, "schema": [{ "tableInfos": infos }] }))
        .collect();
    json!({ "datasourceType": "mysql", "datasource": source.datasource, "selectedTables": selected })
}

/// The destination's type for a column of MySQL.
pub(crate) fn column_type(destination: Destination, source: &str) -> String {
    let source = source.trim().to_ascii_lowercase();
    let (base, size) = match source.split_once('(') {
        Some((base, rest)) => (base.trim(), rest.split_once(')').map(|(size, _)| size)),
        None => (source.split_whitespace().next().unwrap_or(""), None),
    };
    let sized = |name: &str| size.map_or(name.to_owned(), |size| format!("{name}({size})"));
    match destination {
        // A message carries the source's own type.
        Destination::Kafka => source,
        Destination::Holo => match base {
            "bigint" => "int8".to_owned(),
            "int" | "integer" | "mediumint" => "int4".to_owned(),
            "tinyint" | "smallint" | "year" => "int2".to_owned(),
            "decimal" | "numeric" => sized("numeric"),
            "double" => "float8".to_owned(),
            "float" => "float4".to_owned(),
            "bool" | "boolean" => "bool".to_owned(),
            "date" => "date".to_owned(),
            "time" => "time".to_owned(),
            "datetime" | "timestamp" => "timestamptz".to_owned(),
            "json" => "json".to_owned(),
            "binary" | "varbinary" | "blob" | "tinyblob" | "mediumblob" | "longblob" => {
                "bytea".to_owned()
            }
            _ => "text".to_owned(),
        },
        Destination::Odps => match base {
            "bigint" | "int" | "integer" | "mediumint" | "smallint" | "tinyint" | "year" => {
                "bigint".to_owned()
            }
            "decimal" | "numeric" => sized("decimal"),
            "double" | "float" => "double".to_owned(),
            "bool" | "boolean" => "boolean".to_owned(),
            "date" | "datetime" | "timestamp" => "datetime".to_owned(),
            _ => "string".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::world::script::Script;

    fn table(primary_key: &[&str]) -> SourceTable {
        let column = |name: &str, kind: &str| Column {
            name: name.into(),
            kind: kind.into(),
            comment: String::new(),
        };
        SourceTable {
            columns: vec![column("id", "bigint"), column("amount", "decimal(18,2)")],
            primary_key: primary_key.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn build(destination: Destination, key: &[&str]) -> Value {
        let table = table(key);
        let text = Blueprint {
            name: "shop_to_holo",
            resource_group: "S_res_group_300000000000001_1690000000001",
            destination,
            writer: "holo_bi",
            sources: vec![SourceTables {
                datasource: "rds_shop_prod",
                tables: vec![("shop", "orders", &table), ("crm", "contacts", &table)],
            }],
        }
        .build();
        assert_eq!(Script::parse(&text).unwrap().mapping.len(), 2);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn hologres_follows_the_published_sample() {
        let script = build(Destination::Holo, &["id"]);
        assert_eq!(script["extend"]["mode"], "migration_holo");
        let rule = &script["steps"][1]["parameter"]["tableMappingRule"];
        assert_eq!(rule["totalTableMapping"], 2);
        let rule = &rule["datasource"][0]["tableRule"][0];
        assert_eq!(rule["dstTable"], "shop.orders");
        assert_eq!(
            rule["primaryKeyInfo"],
            json!({ "type": "pk", "column": ["id"] })
        );
        assert_eq!(
            rule["dstCreateTableInfo"]["dataColumn"][1],
            json!({
                "index": 1, "name": "amount", "type": "numeric(18,2)", "comment": "",
                "columnSize": 0, "digit": 0, "newDigit": 0, "primaryKey": false,
            })
        );
    }

    #[test]
    fn each_destination_has_what_it_needs() {
        let rule = |destination, key: &[&str]| {
            build(destination, key)["steps"][1]["parameter"]["tableMappingRule"]["datasource"][0]
                ["tableRule"][0]
                .clone()
        };
        let odps = rule(Destination::Odps, &[]);
        assert_eq!(odps["dstTable"], "orders");
        assert_eq!(
            odps["dstCreateTableInfo"]["partitionColumn"][0]["name"],
            "ds"
        );
        assert_eq!(odps["primaryKeyInfo"]["type"], "otherColumn");
        let kafka = rule(Destination::Kafka, &["id"]);
        assert_eq!(kafka["dstCreateTableInfo"]["topic"], "orders");
        assert_eq!(kafka["dstCreateTableInfo"]["keyColumn"], json!(["id"]));
        assert_eq!(
            rule(Destination::Kafka, &[])["primaryKeyInfo"]["column"],
            json!([])
        );
    }

    #[test]
    fn column_types_are_those_of_the_destination() {
        for (source, odps, holo) in [
            ("bigint", "bigint", "int8"),
            ("INT(11) unsigned", "bigint", "int4"),
            ("int unsigned", "bigint", "int4"),
            ("decimal(18,2)", "decimal(18,2)", "numeric(18,2)"),
            ("varchar(64)", "string", "text"),
            ("datetime(3)", "datetime", "timestamptz"),
            ("", "string", "text"),
        ] {
            assert_eq!(column_type(Destination::Odps, source), odps, "{source}");
            assert_eq!(column_type(Destination::Holo, source), holo, "{source}");
        }
    }
}
