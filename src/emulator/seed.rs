//! The seed: what exists before the first call, as a TOML file.
//!
//! A mistake names the file's line and column. A seed given again to a world that has one adds what is missing and
//! never takes anything back, so it can stay on the command line.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

/// A parsed seed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    #[serde(default, rename = "workspace")]
    pub(crate) workspaces: Vec<Workspace>,
    #[serde(default, rename = "resource_group")]
    pub(crate) resource_groups: Vec<ResourceGroup>,
    #[serde(default, rename = "datasource")]
    pub(crate) datasources: Vec<Datasource>,
    #[serde(default, rename = "instance")]
    pub(crate) instances: Vec<Instance>,
    #[serde(default)]
    pub(crate) account: Account,
    #[serde(default)]
    pub(crate) emulator: BTreeMap<String, Spanned<toml::Value>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Workspace {
    pub(crate) project_id: Spanned<u64>,
    pub(crate) name: Spanned<String>,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) workflows: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Basic,
    #[default]
    Standard,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceGroup {
    pub(crate) identifier: Spanned<String>,
    #[serde(rename = "type")]
    pub(crate) kind: GroupKind,
    #[serde(default)]
    pub(crate) id: Option<Spanned<u64>>,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupKind {
    DataIntegration,
    Scheduling,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Datasource {
    pub(crate) project_id: Spanned<u64>,
    pub(crate) name: Spanned<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) env: Env,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) content: BTreeMap<String, toml::Value>,
    #[serde(default, rename = "database")]
    pub(crate) databases: Vec<Database>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Env {
    Dev,
    #[default]
    Prod,
}

/// A server that data sources may be created for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instance {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: Spanned<String>,
    #[serde(default, rename = "database")]
    pub(crate) databases: Vec<Database>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) name: String,
    /// Tables of which nothing matters but that they exist.
    #[serde(default)]
    pub(crate) tables: Vec<String>,
    #[serde(default, rename = "table")]
    pub(crate) full_tables: Vec<Table>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) primary_key: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) columns: Vec<Column>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) comment: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    #[serde(default)]
    pub(crate) edition: Option<Spanned<String>>,
}

/// What is wrong with a seed, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct SeedError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl SeedError {
    fn at(text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let before = text
            .get(..span.map_or(0, |span| span.start))
            .unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        }
    }
}

impl Seed {
    /// Reads a seed and checks that its parts fit together.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let seed: Self = toml::from_str(text)
            .map_err(|error| SeedError::at(text, error.span(), error.message()))?;
        seed.check(text)?;
        Ok(seed)
    }

    fn check(&self, text: &str) -> Result<(), SeedError> {
        let error =
            |span: Range<usize>, message: String| Err(SeedError::at(text, Some(span), message));
        let mut ids = BTreeMap::new();
        for workspace in &self.workspaces {
            let id = *workspace.project_id.get_ref();
            if !(1..=10_000_000_000).contains(&id) {
                return error(
                    workspace.project_id.span(),
                    format!("{id} is no project id"),
                );
            }
            if ids.insert(id, workspace.name.get_ref()).is_some() {
                return error(
                    workspace.project_id.span(),
                    format!("workspace {id} is listed twice"),
                );
            }
        }
        let mut groups = BTreeMap::new();
        for group in &self.resource_groups {
            let identifier = group.identifier.get_ref();
            if groups.insert(identifier, ()).is_some() {
                let message = format!("resource group `{identifier}` is listed twice");
                return error(group.identifier.span(), message);
            }
        }
        let mut names = BTreeMap::new();
        for datasource in &self.datasources {
            let (project_id, name) = (*datasource.project_id.get_ref(), datasource.name.get_ref());
            if !ids.contains_key(&project_id) {
                let message = format!("no workspace has the project id {project_id}");
                return error(datasource.project_id.span(), message);
            }
            if names
                .insert((project_id, datasource.env == Env::Prod, name), ())
                .is_some()
            {
                let message = format!("data source `{name}` is listed twice");
                return error(datasource.name.span(), message);
            }
            check_keys(text, &datasource.databases)?;
        }
        for instance in &self.instances {
            check_keys(text, &instance.databases)?;
        }
        let mut settings = crate::emulator::world::Settings::default();
        for (name, value) in self.switches() {
            let span = match self.emulator.get(name) {
                Some(value) => value.span(),
                None => self.account.edition.as_ref().map_or(0..0, Spanned::span),
            };
            if let Err(wrong) = settings.set(name, &value) {
                return error(span, wrong.to_string());
            }
        }
        Ok(())
    }

    /// The switches that the seed sets, by name.
    pub(crate) fn switches(&self) -> impl Iterator<Item = (&str, String)> {
        let edition = self
            .account
            .edition
            .as_ref()
            .map(|one| ("edition", one.get_ref().clone()));
        let switches = self.emulator.iter().map(|(name, value)| {
            let text = match value.get_ref() {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (name.as_str(), text)
        });
        edition.into_iter().chain(switches)
    }
}

fn check_keys(text: &str, databases: &[Database]) -> Result<(), SeedError> {
    for table in databases.iter().flat_map(|database| &database.full_tables) {
        for key in &table.primary_key {
            if !table
                .columns
                .iter()
                .any(|column| column.name == *key.get_ref())
            {
                let message = format!("table `{}` has no column `{}`", table.name, key.get_ref());
                return Err(SeedError::at(text, Some(key.span()), message));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[[workspace]]
project_id = 10000
name = "analytics"
mode = "standard"
workflows = ["shop"]

[[resource_group]]
identifier = "S_res_group_280749521950784_1623033752022"
type = "data_integration"

[[datasource]]
project_id = 10000
name = "mysql_pub"
type = "mysql"
env = "prod"
[[datasource.database]]
name = "shop"
tables = ["users"]
[[datasource.database.table]]
name = "orders"
primary_key = ["id"]
columns = [{ name = "id", type = "bigint" }, { name = "amount", type = "decimal(18,2)" }]

[account]
edition = "basic"

[emulator]
polls = 1
"#;

    #[test]
    fn a_seed_is_read_whole() {
        let seed = Seed::parse(WHOLE).unwrap();
        assert_eq!(
            seed.datasources[0].databases[0].full_tables[0].columns[1].name,
            "amount"
        );
        let switches: Vec<(&str, String)> = seed.switches().collect();
        assert_eq!(
            switches,
            [("edition", "basic".to_owned()), ("polls", "1".to_owned())]
        );
    }

    #[test]
    fn a_mistake_names_its_place() {
        let check = |old: &str, new: &str| {
            Seed::parse(&WHOLE.replace(old, new))
                .unwrap_err()
                .to_string()
        };
        let unknown = check("mode =", "mod =");
        assert!(unknown.starts_with("5:1: unknown field `mod`"), "{unknown}");
        assert_eq!(
            check(
                "project_id = 10000\nname = \"mysql_pub\"",
                "project_id = 1\nname = \"mysql_pub\""
            ),
            "13:14: no workspace has the project id 1"
        );
        assert_eq!(
            check("primary_key = [\"id\"]", "primary_key = [\"no\"]"),
            "22:16: table `orders` has no column `no`"
        );
        assert_eq!(
            check("polls = 1", "pols = 1"),
            "29:8: there is no switch `pols`"
        );
        assert!(
            check("edition = \"basic\"", "edition = \"gold\"").starts_with("26:11: the switch")
        );
    }
}
