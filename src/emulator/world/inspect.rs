//! What the admin paths show: every object, and every call so far.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::World;
use super::object::{File, RunState, Version};
use super::operation::{self, Effect};
use super::ops::status_word;
use super::script::TableName;
use super::tables::Tables;

/// How many calls there were, by operation and outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// All of them.
    pub total: u64,
    /// Those of operations that change nothing.
    pub reads: u64,
    /// Those of operations that change something, whatever came of it.
    pub writes: u64,
    /// For each operation how often it ended how: `ok`, `fail`, an error code, or the name of a transport fault.
    pub operations: BTreeMap<String, BTreeMap<String, u64>>,
}

impl World {
    /// The calls since the count began.
    pub fn calls(&self) -> Calls {
        let mut calls = Calls::default();
        for (name, outcomes) in self.tables.calls.iter() {
            let times: u64 = outcomes.values().sum();
            calls.total += times;
            match operation::effect_of(name) {
                Some(Effect::Read) => calls.reads += times,
                Some(Effect::Write) => calls.writes += times,
                None => {}
            }
            calls.operations.insert(name.clone(), outcomes.clone());
        }
        calls
    }

    /// Begins to count again.
    pub fn reset_calls(&mut self) {
        self.tables.calls.retain(|_, _| false);
        self.note();
    }

    /// Every object, by kind.
    pub fn state(&self) -> Value {
        let tables = &self.tables;
        json!({
            "workspaces": rows(tables.workspaces.values()),
            "resource_groups": rows(tables.resource_groups.values()),
            "datasources": rows(tables.datasources.values()),
            "instances": tables.instances.iter().map(|(key, instance)| json!({
                "key": key, "databases": instance.databases,
            })).collect::<Vec<_>>(),
            "files": tables.files.values().map(|file| self.file(file)).collect::<Vec<_>>(),
            "solutions": tables.solutions.values().map(|solution| {
                let mut row = json!(solution);
                row["tables"] = table_names(tables, Some(solution.saved));
                row
            }).collect::<Vec<_>>(),
            "processes": rows(tables.processes.values()),
            "deployments": rows(tables.deployments.values()),
            "dijobs": rows(tables.dijobs.values()),
            "alarm_rules": rows(tables.alarm_rules.values()),
            "project_configs": rows(tables.project_configs.values()),
            "late_calls": tables.late_calls.values().map(|call| json!({
                "due": call.due, "operation": call.request.action,
            })).collect::<Vec<_>>(),
            "settings": tables.settings(),
        })
    }

    fn file(&self, file: &File) -> Value {
        let tables = &self.tables;
        let script = tables.script(file.saved.content);
        let message = match &file.state {
            RunState::Failed(message) => Some(message),
            _ => None,
        };
        json!({
            "FileId": file.id,
            "FileName": file.name,
            "ProjectId": file.project_id,
            "TaskType": file.task_type.word(),
            "FileFolderPath": file.folder,
            "ResourceGroup": file.resource_group,
            "Cu": file.cu,
            "NodeId": file.node_id,
            "Status": status_word(&file.state, tables.settings()),
            "Message": message,
            "Deleted": !file.is_alive(),
            "Version": file.saved.number,
            "CommittedVersion": file.committed.map(|version| version.number),
            "DeployedVersion": file.deployed.map(|version| version.number),
            "RunningVersion": file.running.map(|version| version.number),
            "Sources": script.sources,
            "Destination": script.destination,
            "DestinationType": script.destination_kind,
            "Tables": table_names(tables, Some(file.saved)),
            "DeployedTables": table_names(tables, file.deployed),
            "RunningTables": table_names(tables, file.running),
            "StartParam": file.start_param,
            "Failovers": file.failovers,
            "Log": file.log,
            "Schedule": file.schedule,
            "CreateTime": file.created,
            "LastEditTime": file.modified,
        })
    }
}

fn rows<'a, T: Serialize + 'a>(rows: impl Iterator<Item = &'a T>) -> Vec<Value> {
    rows.map(|row| json!(row)).collect()
}

/// The tables of one version of a script, as `database.table`; null if there is no such version.
fn table_names(tables: &Tables, version: Option<Version>) -> Value {
    let Some(version) = version else {
        return Value::Null;
    };
    let script = tables.script(version.content);
    let name = |table: &TableName| match table.database.as_str() {
        "" => table.table.clone(),
        database => format!("{database}.{}", table.table),
    };
    script.tables.iter().map(name).collect()
}
