//! From files to blocks: what is declared where, before anything is understood.

use std::collections::BTreeMap;

use super::fields::{self, unknown};
use crate::address::{Address, Kind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::{Entry, Manifest, Value};
use crate::source::{SourceId, Span};

/// What a label may look like, for help texts.
pub(super) const LABEL_RULE: &str =
    "use letters, digits, `_` and `-`, and begin with a letter or `_`";

/// Everything that the manifests declare, by what it is.
#[derive(Default)]
pub(super) struct Collected<'m> {
    /// `[stack]`.
    pub(super) stack: Option<&'m Entry>,
    /// `[provider]`.
    pub(super) provider: Option<&'m Entry>,
    /// Every `[variables.…]`.
    pub(super) variables: Vec<&'m Entry>,
    /// Every resource block, by its address without a key.
    pub(super) blocks: BTreeMap<Address, Block<'m>>,
}

/// One resource block as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'m> {
    pub(super) entry: &'m Entry,
    /// `false` of a file that is not valid TOML: the block exists, and that is all that is known of it.
    pub(super) sound: bool,
}

impl Block<'_> {
    /// The block's header.
    pub(super) fn span(&self) -> Span {
        self.entry.node.span
    }
}

const TOP_LEVEL: [&str; 8] = [
    "stack",
    "provider",
    "variables",
    "workspace",
    "datasource",
    "table",
    "ddl_policy",
    "task",
];

/// Sorts what the files declare. Of what is declared twice, the first counts.
pub(super) fn collect<'m>(
    manifests: &'m [Manifest],
    stack_file: SourceId,
    diagnostics: &mut Diagnostics,
) -> Collected<'m> {
    let mut collected = Collected::default();
    for manifest in manifests {
        for entry in &manifest.table.entries {
            collected.take(manifest, entry, stack_file, diagnostics);
        }
    }
    collected
}

impl<'m> Collected<'m> {
    fn take(
        &mut self,
        manifest: &Manifest,
        entry: &'m Entry,
        stack_file: SourceId,
        diagnostics: &mut Diagnostics,
    ) {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == entry.key);
        match (entry.key.as_str(), kind) {
            (_, Some(kind)) => self.take_blocks(manifest, kind, entry, diagnostics),
            (name @ ("stack" | "provider"), _) if manifest.source == stack_file => {
                let slot = match name {
                    "stack" => &mut self.stack,
                    _ => &mut self.provider,
                };
                *slot = Some(entry);
            }
            _ if !manifest.sound => {}
            (name @ ("stack" | "provider"), _) => diagnostics.push(
                Diagnostic::error(
                    Code::UnknownField,
                    entry.key_span,
                    format!("[{name}] belongs into `syncform.toml` at the stack's root"),
                )
                .help("move it there"),
            ),
            ("variables", _) => {
                if let Some(table) = fields::table(&entry.node, diagnostics) {
                    self.variables.extend(&table.entries);
                }
            }
            (name @ ("moved" | "removed" | "import"), _) => diagnostics.push(
                Diagnostic::error(
                    Code::Unsupported,
                    entry.key_span,
                    format!("[[{name}]] blocks are not supported by this version of syncform"),
                )
                .help("remove the block"),
            ),
            _ => diagnostics.push(unknown(entry, "a manifest", TOP_LEVEL.into_iter())),
        }
    }

    fn take_blocks(
        &mut self,
        manifest: &Manifest,
        kind: Kind,
        entry: &'m Entry,
        diagnostics: &mut Diagnostics,
    ) {
        if !manifest.sound {
            // What could be made out serves to know the names; its mistakes may not be the user's.
            for address in suspected(kind, entry) {
                self.blocks.entry(address).or_insert(Block {
                    entry,
                    sound: false,
                });
            }
            return;
        }
        let Some(table) = fields::table(&entry.node, diagnostics) else {
            return;
        };
        for block in &table.entries {
            if !Address::is_label(&block.key) {
                diagnostics.push(
                    Diagnostic::error(
                        Code::InvalidLabel,
                        block.key_span,
                        format!(
                            "`{}` cannot be the label of a {}",
                            block.key.escape_debug(),
                            kind.noun()
                        ),
                    )
                    .help(LABEL_RULE),
                );
                continue;
            }
            let address = Address::new(kind, &block.key);
            if let Some(first) = self.blocks.get(&address) {
                diagnostics.push(
                    Diagnostic::error(
                        Code::Duplicate,
                        block.key_span,
                        format!("`{address}` is declared again"),
                    )
                    .label(first.entry.key_span, "first declared here")
                    .help("give one of them another label")
                    .address(address),
                );
                continue;
            }
            self.blocks.insert(
                address,
                Block {
                    entry: block,
                    sound: true,
                },
            );
        }
    }
}

/// The blocks of a kind that a broken file seems to declare.
fn suspected(kind: Kind, entry: &Entry) -> Vec<Address> {
    match &entry.node.value {
        Value::Table(table) => table
            .entries
            .iter()
            .map(|block| Address::new(kind, &block.key))
            .collect(),
        _ => Vec::new(),
    }
}
