//! Manifests as written: which files a stack has, and their TOML with every value's place.
//!
//! Nothing here knows what a field means; that is [`crate::desired`]'s business. Start at [`Sources`].

mod load;
mod node;
mod parse;

pub use load::load;
pub use node::{Entry, Node, Table, Value};
pub(crate) use parse::parse_value;
pub use parse::{Manifest, parse};

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{SourceFile, SourceId, SourceMap};

/// The file that makes a directory a stack.
pub const STACK_FILE: &str = "syncform.toml";

/// The directory of environments, below the stack's root.
pub const ENVIRONMENTS: &str = "env";

/// Every file of a stack, each with its role.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The texts.
    pub map: SourceMap,
    /// `syncform.toml`, if there is one.
    pub stack: Option<SourceId>,
    /// Every manifest, `syncform.toml` among them, by path.
    pub manifests: Vec<SourceId>,
    /// `env/<name>.toml`, by name.
    pub environments: BTreeMap<String, SourceId>,
    /// Whether every file could be read: else what seems to be missing may stand in one that could not.
    pub complete: bool,
}

impl Sources {
    /// Gives each file its role. Seeds are no manifests: whatever `[provider] seed` names, in `syncform.toml` or in any
    /// environment, is left out.
    pub fn new(files: impl IntoIterator<Item = SourceFile>) -> Self {
        let mut files: Vec<SourceFile> = files.into_iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let seeds: BTreeSet<String> = files
            .iter()
            .filter(|file| file.path == STACK_FILE || environment_name(&file.path).is_some())
            .filter_map(|file| parse::seed(&file.text))
            .collect();
        let mut sources = Self {
            complete: true,
            ..Self::default()
        };
        for file in files {
            if seeds.contains(&file.path) {
                continue;
            }
            let environment = environment_name(&file.path).map(str::to_owned);
            let is_stack = file.path == STACK_FILE;
            let id = sources.map.add(file);
            match environment {
                Some(name) => {
                    sources.environments.insert(name, id);
                }
                None => sources.manifests.push(id),
            }
            if is_stack {
                sources.stack = Some(id);
            }
        }
        sources
    }
}

/// The environment that a file sets up, if it is `env/<name>.toml`.
fn environment_name(path: &str) -> Option<&str> {
    let name = path
        .strip_prefix(ENVIRONMENTS)?
        .strip_prefix('/')?
        .strip_suffix(".toml")?;
    (!name.contains('/')).then_some(name)
}
