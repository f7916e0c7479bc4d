//! From blocks to instances: `for_each` makes one resource for each of its keys.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::Block;
use super::fields;
use super::interpolate::{Each, Scope};
use crate::address::{Address, Kind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::{Node, Value};
use crate::source::Span;

/// One resource to be read: its block, and the turn of the block's `for_each`.
pub(super) struct Instance<'m> {
    pub(super) block: Block<'m>,
    pub(super) each: Option<Each>,
}

/// What exists under one label.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// The block's header.
    pub(super) span: Span,
    /// The keys; `None` without `for_each`.
    pub(super) keys: Option<BTreeSet<String>>,
    /// Whether `keys` is all there is to know; not so after a mistake in `for_each`.
    pub(super) certain: bool,
}

/// Every instance of every block, and what each label stands for.
pub(super) fn expand<'m>(
    blocks: &BTreeMap<Address, Block<'m>>,
    scope: Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> (BTreeMap<Address, Instance<'m>>, BTreeMap<Address, Keys>) {
    let mut instances = BTreeMap::new();
    let mut index = BTreeMap::new();
    for (address, block) in blocks {
        let mut keys = Keys {
            span: block.span(),
            keys: None,
            certain: true,
        };
        match turns(address, *block, scope, diagnostics) {
            Turns::Once => {
                let each = None;
                instances.insert(
                    address.clone(),
                    Instance {
                        block: *block,
                        each,
                    },
                );
            }
            Turns::Each(turns) => {
                keys.keys = Some(turns.iter().map(|each| each.key.clone()).collect());
                for each in turns {
                    let address = address.with_key(&each.key);
                    let each = Some(each);
                    instances.insert(
                        address,
                        Instance {
                            block: *block,
                            each,
                        },
                    );
                }
            }
            Turns::Unknown => keys.certain = false,
        }
        index.insert(address.clone(), keys);
    }
    (instances, index)
}

enum Turns {
    Once,
    Each(Vec<Each>),
    Unknown,
}

fn turns(
    address: &Address,
    block: Block<'_>,
    scope: Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Turns {
    if !block.sound {
        return Turns::Unknown;
    }
    let Value::Table(table) = &block.entry.node.value else {
        // Reading the block will say that it must be a table.
        return Turns::Once;
    };
    let Some(entry) = table.get("for_each") else {
        return Turns::Once;
    };
    if !matches!(address.kind, Kind::Task | Kind::Datasource | Kind::Table) {
        diagnostics.push(
            Diagnostic::error(
                Code::UnknownField,
                entry.key_span,
                format!("a {} takes no `for_each`", address.kind.noun()),
            )
            .help("only tasks, data sources and table sets do"),
        );
        return Turns::Unknown;
    }
    let node = scope.evaluate(&entry.node, diagnostics);
    match &node.value {
        Value::Unusable => Turns::Unknown,
        Value::Array(items) => of_list(items, diagnostics),
        Value::Table(table) => Turns::Each(
            table
                .entries
                .iter()
                .map(|entry| Each {
                    key: entry.key.clone(),
                    value: entry.node.clone(),
                })
                .collect(),
        ),
        other => {
            diagnostics.push(Diagnostic::error(
                Code::WrongType,
                node.span,
                format!(
                    "expected a list of strings or a table, found {}",
                    other.describe()
                ),
            ));
            Turns::Unknown
        }
    }
}

fn of_list(items: &[Node], diagnostics: &mut Diagnostics) -> Turns {
    let mut turns = Vec::new();
    let mut seen = BTreeMap::<String, Span>::new();
    let mut sound = true;
    for item in items {
        let Some(key) = fields::string(item, diagnostics) else {
            sound = false;
            continue;
        };
        if let Some(first) = seen.insert(key.clone(), item.span) {
            diagnostics.push(
                Diagnostic::error(
                    Code::Duplicate,
                    item.span,
                    format!("the key `{key}` is in the list twice"),
                )
                .label(first, "first here"),
            );
            sound = false;
        }
        turns.push(Each {
            key,
            value: item.clone(),
        });
    }
    if sound {
        Turns::Each(turns)
    } else {
        Turns::Unknown
    }
}
