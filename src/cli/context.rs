//! What every command needs from outside, read once.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment is read here, once"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::args::Global;
use super::ui::Ui;

/// The command's surroundings.
#[derive(Debug)]
pub struct Context {
    /// The global flags.
    pub global: Global,
    /// The stack's directory: `--chdir`, or where the command was started.
    pub root: PathBuf,
    /// The environment variables; names and values that are not UTF-8 are left out.
    pub variables: BTreeMap<String, String>,
    /// The writer.
    pub ui: Ui,
}

impl Context {
    /// Reads the environment.
    pub fn new(global: Global) -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let no_color = variables
            .get("NO_COLOR")
            .is_some_and(|value| !value.is_empty());
        Self {
            root: global.chdir.clone().unwrap_or_else(|| PathBuf::from(".")),
            ui: Ui::new(global.color, no_color),
            variables,
            global,
        }
    }

    /// The state file.
    pub fn state_path(&self) -> PathBuf {
        self.state_path_of(self.global.environment.as_deref())
    }

    /// The state file of an environment.
    pub fn state_path_of(&self, environment: Option<&str>) -> PathBuf {
        let name = environment.unwrap_or("default");
        self.global
            .state
            .clone()
            .unwrap_or_else(|| self.root.join(".syncform").join(format!("{name}.db")))
    }
}
