//! From a seed to objects. What is there already stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::object::{
    Column, Database, Datasource, Env, GroupKind, Instance, Mode, Moment, ResourceGroup,
    SourceTable, Workspace,
};
use super::ops::{conceal, identity_of};
use super::table::Shared;
use super::tables::Sequence;
use super::{Settings, World};
use crate::emulator::seed::{self, Seed};

/// When seeded objects were made: before anything that a caller makes.
const CREATED: Moment = Moment(1_609_459_200_000);

impl World {
    /// A world that holds what the seed says. Everything it will ever draw follows from `chance`.
    pub fn seeded(seed: &Seed, chance: u64) -> Self {
        let mut world = Self::new(chance);
        world.add(seed);
        world
    }

    /// Adds what the seed says and the world lacks, and sets the seed's switches.
    pub fn add(&mut self, seed: &Seed) {
        let mut settings: Settings = self.settings().clone();
        for (name, value) in seed.switches() {
            settings
                .set(name, &value)
                .expect("a seed is parsed with its switches checked");
        }
        *self.tables.settings_mut() = settings;
        for workspace in &seed.workspaces {
            self.add_workspace(workspace);
        }
        for group in &seed.resource_groups {
            self.add_resource_group(group);
        }
        for instance in &seed.instances {
            let key = format!("{}/{}", instance.kind, instance.name.get_ref());
            self.add_databases(key, &instance.databases);
        }
        for datasource in &seed.datasources {
            self.add_datasource(datasource);
        }
        self.note();
    }

    fn add_workspace(&mut self, seed: &seed::Workspace) {
        let project_id = *seed.project_id.get_ref();
        if let Some(known) = self.tables.workspaces.edit(&project_id) {
            known.workflows.extend(seed.workflows.iter().cloned());
            return;
        }
        let name = seed.name.get_ref().clone();
        let workspace = Workspace {
            project_id,
            display_name: seed.display_name.clone().unwrap_or_else(|| name.clone()),
            name,
            description: seed.description.clone(),
            mode: match seed.mode {
                seed::Mode::Basic => Mode::Basic,
                seed::Mode::Standard => Mode::Standard,
            },
            workflows: seed.workflows.iter().cloned().collect(),
            created: CREATED,
        };
        self.tables.workspaces.insert(project_id, workspace);
    }

    fn add_resource_group(&mut self, seed: &seed::ResourceGroup) {
        let identifier = seed.identifier.get_ref().clone();
        if self.tables.resource_groups.contains_key(&identifier) {
            return;
        }
        let id = match &seed.id {
            Some(id) => *id.get_ref(),
            None => self.tables.next_id(Sequence::ResourceGroup),
        };
        let group = ResourceGroup {
            id,
            name: seed.name.clone().unwrap_or_else(|| identifier.clone()),
            identifier: identifier.clone(),
            kind: match seed.kind {
                seed::GroupKind::DataIntegration => GroupKind::DataIntegration,
                seed::GroupKind::Scheduling => GroupKind::Scheduling,
            },
            created: CREATED,
        };
        self.tables.resource_groups.insert(identifier, group);
    }

    fn add_datasource(&mut self, seed: &seed::Datasource) {
        let (project_id, name) = (*seed.project_id.get_ref(), seed.name.get_ref().clone());
        let env = match seed.env {
            seed::Env::Dev => Env::Dev,
            seed::Env::Prod => Env::Prod,
        };
        let content: Map<String, Value> = seed
            .content
            .iter()
            .map(|(key, value)| (key.clone(), as_json(value)))
            .collect();
        let instance = match identity_of(&content) {
            Some(identity) => format!("{}/{identity}", seed.kind),
            None => format!("{}/{project_id}/{}/{name}", seed.kind, env.word()),
        };
        self.add_databases(instance.clone(), &seed.databases);
        // One that was deleted since then stays deleted.
        let seeded = format!("{project_id}/{}/{name}", env.word());
        let known =
            self.tables.datasources.values().any(|other| {
                other.project_id == project_id && other.env == env && other.name == name
            });
        if known || self.tables.seeded.contains_key(&seeded) {
            return;
        }
        self.tables.seeded.insert(seeded, ());
        let id = self.tables.next_id(Sequence::Datasource);
        let salt = format!("{}/{id}", self.tables.counters().seed);
        let (content, secrets) = conceal(content, &salt);
        let datasource = Datasource {
            id,
            project_id,
            name,
            kind: seed.kind.clone(),
            sub_type: None,
            env,
            description: seed.description.clone(),
            content,
            secrets,
            instance: Some(instance),
            reachable: true,
            shares: BTreeMap::new(),
            created: CREATED,
            modified: CREATED,
        };
        self.tables.datasources.insert(id, datasource);
    }

    fn add_databases(&mut self, key: String, seeds: &[seed::Database]) {
        let known = self.tables.instances.get(&key);
        let mut instance = known
            .map(|known| Instance::clone(known))
            .unwrap_or_default();
        let mut grown = known.is_none();
        for seed in seeds {
            let position = instance
                .databases
                .iter()
                .position(|one| one.name == seed.name);
            let position = position.unwrap_or_else(|| {
                instance.databases.push(Database::new(seed.name.clone()));
                grown = true;
                instance.databases.len() - 1
            });
            let database = &mut instance.databases[position];
            for (name, table) in tables_of(seed) {
                if !database.tables.contains_key(&name) && !database.dropped.contains(&name) {
                    database.tables.insert(name, table);
                    grown = true;
                }
            }
        }
        if grown {
            self.tables.instances.insert(key, Shared::new(instance));
        }
    }
}

fn tables_of(seed: &seed::Database) -> Vec<(String, SourceTable)> {
    let short = seed.tables.iter().map(|name| (name.clone(), plain_table()));
    let full = seed.full_tables.iter().map(|table| {
        let columns: Vec<Column> = table
            .columns
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                kind: column.kind.clone(),
                comment: column.comment.clone(),
            })
            .collect();
        let primary_key = table
            .primary_key
            .iter()
            .map(|key| key.get_ref().clone())
            .collect();
        let table_columns = SourceTable {
            columns,
            primary_key,
        };
        (table.name.clone(), table_columns)
    });
    let mut seen = BTreeSet::new();
    // The long form says more, so it wins over the short one.
    full.chain(short)
        .filter(|(name, _)| seen.insert(name.clone()))
        .collect()
}

/// The table of the short form: an id, which is its key.
pub(super) fn plain_table() -> SourceTable {
    let id = Column {
        name: "id".into(),
        kind: "bigint".into(),
        comment: String::new(),
    };
    SourceTable {
        columns: vec![id],
        primary_key: vec!["id".into()],
    }
}

fn as_json(value: &toml::Value) -> Value {
    serde_json::to_value(value).expect("every TOML value is a JSON value")
}
