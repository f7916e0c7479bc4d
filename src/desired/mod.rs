//! What the manifests of a stack say, with variables, `for_each` and references resolved.
//!
//! Still open: the globs of table sets (they need the source's tables) and secrets (they stay references).

mod build;
mod collect;
mod conflicts;
mod fields;
mod inputs;
mod instances;
mod interpolate;
mod lower;
mod provider;
mod references;
mod specs;
mod variables;

pub use build::{build, build_checked};
pub use inputs::Inputs;
pub use specs::{DatasourceMeta, Metas, needed_meta, specs};

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::resource::{Datasource, Resource, TableSet, Task};
use crate::source::Span;

/// A whole stack.
#[derive(Debug, Clone)]
pub struct Desired {
    /// `[stack]`.
    pub stack: Stack,
    /// `[provider]`, the environment's settings laid over it.
    pub provider: Provider,
    /// Every resource.
    pub resources: BTreeMap<Address, Declared>,
}

/// `[stack]` and the chosen environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// The environment's name; `None` without `--env`.
    pub environment: Option<String>,
}

/// Which service to talk to, and how hard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The region's id.
    pub region: Option<String>,
    /// Where to send requests.
    pub endpoint: Endpoint,
    /// What exists on the embedded endpoint before the first apply; a path below the stack's root.
    pub seed: Option<String>,
    /// The CLI profile that holds the access key.
    pub profile: Option<String>,
    /// How requests are signed.
    pub signature: Signature,
    /// Requests per second, all operations together.
    pub qps: u32,
    /// Resources that are applied side by side.
    pub parallelism: usize,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The region's public host.
    Region,
    /// The emulator inside this process.
    Embedded,
    /// A URL.
    Url(String),
}

/// The signature schemes (API facts 2.4, 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// HMAC-SHA1 version 1.0, in the parameters.
    HmacSha1,
    /// ACS3-HMAC-SHA256, in the headers.
    Acs3HmacSha256,
}

/// A resource with what its block says around it.
#[derive(Debug, Clone)]
pub struct Declared {
    /// What is declared.
    pub resource: Resource,
    /// Addresses of `depends_on`.
    pub depends_on: BTreeSet<Address>,
    /// The block's header.
    pub span: Span,
    /// The value of each field that the block has, by the field's name; of a list also each item, as
    /// `include[0]`, of a table each value, as `content.password`.
    pub fields: BTreeMap<String, Span>,
}

impl Declared {
    /// The spot of a field's value, or of the block where the field is absent.
    pub fn field(&self, name: &str) -> Span {
        self.fields.get(name).copied().unwrap_or(self.span)
    }

    /// The spot of one item of a field's list.
    pub fn item(&self, name: &str, index: usize) -> Span {
        self.fields
            .get(&format!("{name}[{index}]"))
            .copied()
            .unwrap_or_else(|| self.field(name))
    }
}

impl Desired {
    /// Every task.
    pub fn tasks(&self) -> impl Iterator<Item = (&Address, &Declared, &Task)> {
        self.resources
            .iter()
            .filter_map(|(address, declared)| match &declared.resource {
                Resource::Task(task) => Some((address, declared, &**task)),
                _ => None,
            })
    }

    /// The data source of an address.
    pub fn datasource(&self, address: &Address) -> Option<&Datasource> {
        match &self.resources.get(address)?.resource {
            Resource::Datasource(datasource) => Some(datasource),
            _ => None,
        }
    }

    /// The table set of an address, with what its block says around it.
    pub fn table_set(&self, address: &Address) -> Option<(&Declared, &TableSet)> {
        let declared = self.resources.get(address)?;
        match &declared.resource {
            Resource::Table(set) => Some((declared, set)),
            _ => None,
        }
    }

    /// Every data source.
    pub fn datasources(&self) -> impl Iterator<Item = (&Address, &Declared, &Datasource)> {
        self.resources
            .iter()
            .filter_map(|(address, declared)| match &declared.resource {
                Resource::Datasource(datasource) => Some((address, declared, datasource)),
                _ => None,
            })
    }
}
