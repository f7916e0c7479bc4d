//! Drift: what somebody else does, past the API. A console user edits a task, an operator drops a table.
//!
//! One document describes one edit, `{"kind": ..., ...}`; what it cannot find it names, and nothing is changed
//! by halves.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::World;
use super::object::{
    Column, Env, File, Instance, Moment, Passing, RunState, SolutionState, SourceTable, Version,
};
use super::script::TableName;
use super::seeding::plain_table;
use super::table::Shared;

/// An edit past the API.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Drift {
    /// A real-time or batch task is edited or deleted.
    Task {
        /// The workspace.
        project_id: u64,
        /// The task by id.
        #[serde(default)]
        file_id: Option<u64>,
        /// The task by name.
        #[serde(default)]
        name: Option<String>,
        /// What becomes of it.
        #[serde(default)]
        set: TaskEdit,
        /// It is gone, name and all.
        #[serde(default)]
        delete: bool,
    },
    /// A solution is edited or deleted.
    Solution {
        /// The workspace.
        project_id: u64,
        /// The solution by id.
        #[serde(default)]
        id: Option<u64>,
        /// The solution by name.
        #[serde(default)]
        name: Option<String>,
        /// What becomes of it.
        #[serde(default)]
        set: SolutionEdit,
        /// It is gone.
        #[serde(default)]
        delete: bool,
    },
    /// A data source is edited or deleted.
    Datasource {
        /// The workspace.
        project_id: u64,
        /// Its name.
        name: String,
        /// `dev` or `prod`.
        #[serde(default)]
        env: EnvWord,
        /// What becomes of it.
        #[serde(default)]
        set: DatasourceEdit,
        /// It is gone, tasks that use it or not.
        #[serde(default)]
        delete: bool,
    },
    /// Something happens to a table of a source, and to the tasks that read it.
    Ddl {
        /// The workspace of the data source.
        project_id: u64,
        /// The data source, of the production environment.
        datasource: String,
        /// The database; the data source's first without it.
        #[serde(default)]
        database: Option<String>,
        /// The table.
        table: String,
        /// One of the eight DDL events.
        event: String,
        /// The new name, for a renamed table.
        #[serde(default)]
        to: Option<String>,
    },
    /// A running task has so many failovers in a row.
    Failover {
        /// The workspace.
        project_id: u64,
        /// The task.
        file_id: u64,
        /// How many.
        times: u32,
    },
}

/// The environment of a data source.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvWord {
    /// Development.
    Dev,
    /// Production.
    #[default]
    Prod,
}

/// New values of a task's fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskEdit {
    name: Option<String>,
    /// `database.table`, or `table` for the first database.
    tables: Option<Vec<String>>,
    /// A run status of the API, or `FAILED`.
    status: Option<String>,
    message: Option<String>,
    start_param: Option<Map<String, Value>>,
    resource_group: Option<String>,
    folder: Option<String>,
    deployed: Option<bool>,
}

/// New values of a solution's fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SolutionEdit {
    name: Option<String>,
    /// `norun`, `run` or `fail`.
    status: Option<String>,
    message: Option<String>,
}

/// New values of a data source's fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasourceEdit {
    name: Option<String>,
    description: Option<String>,
    content: Option<Map<String, Value>>,
    reachable: Option<bool>,
}

/// An edit that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriftError {
    /// There is nothing to edit.
    #[error("there is no {0}")]
    NotThere(String),
    /// It is to become something that it cannot be.
    #[error("{0}")]
    Senseless(String),
}

impl World {
    /// Makes an edit past the API.
    pub fn drift(&mut self, drift: Drift, now: jiff::Timestamp) -> Result<(), DriftError> {
        let now = Moment::from(now);
        // What was to come before the edit has come before it.
        self.catch_up(now);
        let result = self.edit(drift, now);
        if result.is_err() {
            let begun = self.tables.take_before();
            self.tables.rewind(&begun);
        }
        self.settle(now);
        result
    }

    fn edit(&mut self, drift: Drift, now: Moment) -> Result<(), DriftError> {
        match drift {
            Drift::Task {
                project_id,
                file_id,
                name,
                set,
                delete,
            } => {
                let id = self.task_id(project_id, file_id, name.as_deref())?;
                if delete {
                    self.tables.files.remove(&id);
                    return Ok(());
                }
                self.edit_task(id, set, now)
            }
            Drift::Solution {
                project_id,
                id,
                name,
                set,
                delete,
            } => {
                let found = self
                    .tables
                    .solutions
                    .values()
                    .filter(|one| one.project_id == project_id)
                    .find(|one| id == Some(one.id) || name.as_ref() == Some(&one.name))
                    .map(|one| one.id)
                    .ok_or_else(|| DriftError::NotThere("such solution".into()))?;
                if delete {
                    self.tables.solutions.remove(&found);
                    return Ok(());
                }
                self.edit_solution(found, set)
            }
            Drift::Datasource {
                project_id,
                name,
                env,
                set,
                delete,
            } => {
                let id = self.datasource_id(project_id, env.into(), &name)?;
                if delete {
                    self.tables.datasources.remove(&id);
                    return Ok(());
                }
                self.edit_datasource(id, set, now);
                Ok(())
            }
            Drift::Ddl {
                project_id,
                datasource,
                database,
                table,
                event,
                to,
            } => {
                let id = self.datasource_id(project_id, Env::Prod, &datasource)?;
                let changed = self.change_table(id, database, &table, &event, to)?;
                self.tell_tasks(
                    project_id,
                    &TableName {
                        datasource,
                        ..changed
                    },
                    &event,
                    now,
                );
                Ok(())
            }
            Drift::Failover {
                project_id,
                file_id,
                times,
            } => {
                let id = self.task_id(project_id, Some(file_id), None)?;
                self.fail_over(id, times)
            }
        }
    }

    fn task_id(
        &self,
        project_id: u64,
        id: Option<u64>,
        name: Option<&str>,
    ) -> Result<u64, DriftError> {
        self.tables
            .files
            .values()
            .filter(|file| file.project_id == project_id && file.is_alive())
            .find(|file| id == Some(file.id) || name == Some(file.name.as_str()))
            .map(|file| file.id)
            .ok_or_else(|| DriftError::NotThere("such task".into()))
    }

    fn datasource_id(&self, project_id: u64, env: Env, name: &str) -> Result<u64, DriftError> {
        self.tables
            .datasources
            .values()
            .find(|one| one.project_id == project_id && one.env == env && one.name == name)
            .map(|one| one.id)
            .ok_or_else(|| DriftError::NotThere(format!("data source `{name}`")))
    }

    fn edit_task(&mut self, id: u64, set: TaskEdit, now: Moment) -> Result<(), DriftError> {
        let content = match &set.tables {
            Some(tables) => Some(self.with_tables(id, tables)?),
            None => None,
        };
        let file = self.file_mut(id);
        if let Some(content) = content {
            // A console user saves and publishes.
            let version = Version {
                number: file.saved.number + 1,
                content,
            };
            file.saved = version;
            file.committed = file.committed.map(|_| version);
            file.deployed = file.deployed.map(|_| version);
            file.running = file.running.map(|_| version);
        }
        if let Some(status) = set.status {
            file.state = run_state(&status, set.message.unwrap_or_default())?;
            match file.state {
                RunState::Running => file.running = file.running.or(file.deployed),
                RunState::NotRun => file.running = None,
                _ => {}
            }
        }
        match set.deployed {
            Some(true) => file.deployed = file.deployed.or(Some(file.saved)),
            Some(false) => {
                file.deployed = None;
                file.running = None;
                file.state = RunState::NotRun;
            }
            None => {}
        }
        file.name = set.name.unwrap_or_else(|| file.name.clone());
        file.folder = set.folder.unwrap_or_else(|| file.folder.clone());
        file.start_param = set.start_param.or(file.start_param.take());
        file.resource_group = set.resource_group.or(file.resource_group.take());
        file.modified = now;
        Ok(())
    }

    /// The task's script with other tables in its reader and its mapping.
    fn with_tables(&mut self, id: u64, tables: &[String]) -> Result<u64, DriftError> {
        let senseless = |message: &str| DriftError::Senseless(message.to_owned());
        let saved = self.file_mut(id).saved;
        let text = self.tables.content(saved.content);
        let script = self.tables.script(saved.content);
        let mut document: Value =
            serde_json::from_str(text).map_err(|_| senseless("the task's script is damaged"))?;
        let first = script
            .tables
            .first()
            .map(|table| table.database.clone())
            .unwrap_or_default();
        let mut databases: Vec<(String, Vec<Value>)> = Vec::new();
        let mut rules = Vec::new();
        for table in tables {
            let (database, table) = match table.split_once('.') {
                Some((database, table)) => (database.to_owned(), table),
                None => (first.clone(), table.as_str()),
            };
            let info = serde_json::json!({ "enable": true, "table": table, "tableName": table });
            rules.push(serde_json::json!({
                "srcDbName": database, "srcTable": table, "dstTable": table,
            }));
            match databases.iter_mut().find(|(name, _)| *name == database) {
                Some((_, infos)) => infos.push(info),
                None => databases.push((database, vec![info])),
            }
        }
        let selected: Vec<Value> = databases
            .into_iter()
            .map(|(name, infos)| {
                serde_json::json!({ "dbName": name, "schema": [{ "tableInfos": infos }] })
            })
            .collect();
        let steps = document["steps"]
            .as_array_mut()
            .ok_or_else(|| senseless("the task's script has no steps"))?;
        for step in steps {
            let parameter = &mut step["parameter"];
            if let Some(connection) = parameter["connection"].get_mut(0) {
                connection["selectedTables"] = selected.clone().into();
            }
            if let Some(rule) = parameter.get_mut("tableMappingRule") {
                rule["totalTableMapping"] = rules.len().into();
                if let Some(source) = rule["datasource"].get_mut(0) {
                    source["tableRule"] = rules.clone().into();
                }
            }
        }
        Ok(self.tables.keep_content(document.to_string()))
    }

    fn edit_solution(&mut self, id: u64, set: SolutionEdit) -> Result<(), DriftError> {
        let solution = self
            .tables
            .solutions
            .edit(&id)
            .expect("the solution was found before");
        if let Some(status) = set.status {
            solution.state = match status.as_str() {
                "norun" => SolutionState::NotRun,
                "run" => SolutionState::Running,
                "fail" => SolutionState::Failed(set.message.unwrap_or_default()),
                _ => return Err(DriftError::Senseless(format!("`{status}` is no status"))),
            };
        }
        if let Some(name) = set.name {
            solution.name = name;
        }
        Ok(())
    }

    fn edit_datasource(&mut self, id: u64, set: DatasourceEdit, now: Moment) {
        let salt = format!("{}/{id}", self.tables.counters().seed);
        let concealed = set
            .content
            .map(|content| super::ops::conceal(content, &salt));
        let datasource = self
            .tables
            .datasources
            .edit(&id)
            .expect("it was found before");
        if let Some((content, secrets)) = concealed {
            datasource.content = content;
            datasource.secrets = secrets;
        }
        if let Some(name) = set.name {
            datasource.name = name;
        }
        if let Some(description) = set.description {
            datasource.description = description;
        }
        datasource.reachable = set.reachable.unwrap_or(datasource.reachable);
        datasource.modified = now;
    }

    /// Performs a DDL event on the server behind a data source and says on which table.
    fn change_table(
        &mut self,
        datasource: u64,
        database: Option<String>,
        table: &str,
        event: &str,
        to: Option<String>,
    ) -> Result<TableName, DriftError> {
        let none = || DriftError::NotThere("database server behind the data source".into());
        let key = self.tables.datasources[&datasource]
            .instance
            .clone()
            .ok_or_else(none)?;
        let mut instance = Instance::clone(self.tables.instances.get(&key).ok_or_else(none)?);
        let found = match &database {
            Some(name) => instance.databases.iter_mut().find(|one| one.name == *name),
            None => instance.databases.first_mut(),
        };
        let found = found.ok_or_else(|| DriftError::NotThere("such database".into()))?;
        let absent = || DriftError::NotThere(format!("table `{table}`"));
        match event {
            "CREATETABLE" => {
                found.dropped.remove(table);
                found
                    .tables
                    .entry(table.to_owned())
                    .or_insert_with(plain_table);
            }
            "DROPTABLE" => {
                found.tables.remove(table).ok_or_else(absent)?;
                found.dropped.insert(table.to_owned());
            }
            "RENAMETABLE" => {
                let to = to.ok_or_else(|| DriftError::Senseless("`to` is missing".into()))?;
                let columns = found.tables.remove(table).ok_or_else(absent)?;
                found.dropped.insert(table.to_owned());
                found.tables.insert(to, columns);
            }
            "TRUNCATETABLE" | "ADDCOLUMN" | "DROPCOLUMN" | "RENAMECOLUMN" | "MODIFYCOLUMN" => {
                let columns = found.tables.get_mut(table).ok_or_else(absent)?;
                change_columns(columns, event, to)?;
            }
            _ => return Err(DriftError::Senseless(format!("`{event}` is no DDL event"))),
        }
        let database = found.name.clone();
        self.tables.instances.insert(key, Shared::new(instance));
        Ok(TableName {
            datasource: String::new(),
            database,
            table: table.to_owned(),
        })
    }

    /// What the running tasks that read a table make of a DDL event on it, each by its own policy.
    fn tell_tasks(&mut self, project_id: u64, table: &TableName, event: &str, now: Moment) {
        let readers: Vec<u64> = self
            .tables
            .files
            .values()
            .filter(|file| file.project_id == project_id && file.state == RunState::Running)
            .filter(|file| self.reads(file, table, event))
            .map(|file| file.id)
            .collect();
        for id in readers {
            let policy = self.policy(id, event);
            let words = format!("{event} on {}.{}", table.database, table.table);
            let file = self.file_mut(id);
            match policy.as_str() {
                "CRITICAL" => {
                    file.state = RunState::Failed(format!("the task stopped: {words} is CRITICAL"));
                }
                "WARNING" => file.log.push(format!("dropped: {words}")),
                "NORMAL" => file.log.push(format!("forwarded: {words}")),
                _ => {}
            }
            file.modified = now;
        }
    }

    fn reads(&self, file: &File, table: &TableName, event: &str) -> bool {
        let Some(version) = file.running else {
            return false;
        };
        let script = self.tables.script(version.content);
        match event {
            // A new table is nobody's yet; whoever reads its database hears of it.
            "CREATETABLE" => script
                .tables
                .iter()
                .any(|read| read.datasource == table.datasource && read.database == table.database),
            _ => script.tables.contains(table),
        }
    }

    /// The task's own policy, else its workspace's, else none in particular: the event is forwarded.
    fn policy(&self, id: u64, event: &str) -> String {
        let file = &self.tables.files[&id];
        let own = file
            .start_param
            .as_ref()
            .and_then(|param| param.get("ddlMarkMap"));
        let own = own
            .and_then(|rules| rules.get(event))
            .and_then(Value::as_str);
        let version = file.running.unwrap_or(file.saved);
        let script = self.tables.script(version.content);
        let workspace = super::ops::project_rules(
            &self.tables,
            file.project_id,
            &script.destination_kind,
            Some(&script.source_kind),
        );
        own.or_else(|| {
            workspace
                .and_then(|rules| rules.get(event))
                .and_then(Value::as_str)
        })
        .unwrap_or("NORMAL")
        .to_owned()
    }

    fn fail_over(&mut self, id: u64, times: u32) -> Result<(), DriftError> {
        let file = self.file_mut(id);
        if file.state != RunState::Running {
            return Err(DriftError::Senseless("the task is not running".into()));
        }
        file.failovers = file.failovers.saturating_add(times);
        let limit = file
            .start_param
            .as_ref()
            .and_then(|param| param.get("failoverLimit"))
            .and_then(|limit| limit["count"].as_u64());
        if limit.is_some_and(|limit| u64::from(file.failovers) > limit) {
            file.state = RunState::Failed(format!(
                "the task stopped: {} failovers are over its limit",
                file.failovers
            ));
        }
        Ok(())
    }

    fn file_mut(&mut self, id: u64) -> &mut File {
        self.tables
            .files
            .edit(&id)
            .expect("the task was found before")
    }
}

fn run_state(word: &str, message: String) -> Result<RunState, DriftError> {
    let forever = Passing {
        reads_left: u32::MAX,
        until: Moment(i64::MAX),
    };
    Ok(match word {
        "NORUN" => RunState::NotRun,
        "WAIT" => RunState::Waiting(forever),
        "RUN" => RunState::Running,
        "KILLING" => RunState::Killing(forever),
        "PAUSE" => RunState::Paused,
        "FAILED" => RunState::Failed(message),
        _ => return Err(DriftError::Senseless(format!("`{word}` is no run status"))),
    })
}

/// A column event names the column in `to`, as `name`, `name type` or `name new_name`.
fn change_columns(
    table: &mut SourceTable,
    event: &str,
    to: Option<String>,
) -> Result<(), DriftError> {
    if event == "TRUNCATETABLE" {
        return Ok(());
    }
    let to = to.ok_or_else(|| DriftError::Senseless("`to` is missing".into()))?;
    let (name, rest) = to.split_once(' ').unwrap_or((&to, ""));
    let position = table.columns.iter().position(|column| column.name == name);
    match (event, position) {
        ("ADDCOLUMN", None) => table.columns.push(Column {
            name: name.to_owned(),
            kind: rest.to_owned(),
            comment: String::new(),
        }),
        ("ADDCOLUMN", Some(_)) => {
            return Err(DriftError::Senseless(format!("column `{name}` exists")));
        }
        (_, None) => return Err(DriftError::NotThere(format!("column `{name}`"))),
        ("DROPCOLUMN", Some(at)) => {
            table.columns.remove(at);
            table.primary_key.retain(|key| key != name);
        }
        ("RENAMECOLUMN", Some(at)) => {
            table.columns[at].name = rest.to_owned();
            for key in table.primary_key.iter_mut().filter(|key| *key == name) {
                *key = rest.to_owned();
            }
        }
        (_, Some(at)) => table.columns[at].kind = rest.to_owned(),
    }
    Ok(())
}

impl From<EnvWord> for Env {
    fn from(word: EnvWord) -> Self {
        match word {
            EnvWord::Dev => Self::Dev,
            EnvWord::Prod => Self::Prod,
        }
    }
}
