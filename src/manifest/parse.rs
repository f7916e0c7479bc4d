//! TOML text to [`Node`]s. Every syntax error of a file is reported, not only the first.

use toml::de::{DeTable, DeValue};

use super::{Entry, Node, Table, Value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, SourceMap, Span};

/// One file as written.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file.
    pub source: SourceId,
    /// Its keys.
    pub table: Table,
    /// Whether it is valid TOML; otherwise `table` is what could be made out.
    pub sound: bool,
}

/// Reads one file.
pub fn parse(sources: &SourceMap, source: SourceId, diagnostics: &mut Diagnostics) -> Manifest {
    let text = &sources.file(source).text;
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let span = Span {
            source,
            start: span.start,
            end: span.end,
        };
        diagnostics.push(Diagnostic::error(Code::Syntax, span, error.message()));
    }
    Manifest {
        source,
        table: Reader { source }.table(document.get_ref(), diagnostics),
        sound: errors.is_empty(),
    }
}

/// Reads one value that has no file: the text of `--var`. It takes the place of `span`.
pub(crate) fn parse_value(text: &str, span: Span) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut diagnostics = Diagnostics::default();
    let mut node = Reader {
        source: span.source,
    }
    .node(value.span(), value.get_ref(), &mut diagnostics);
    relocate(&mut node, span);
    diagnostics.is_empty().then_some(node)
}

/// The file that `[provider] seed` names, in whatever state the text is.
pub(super) fn seed(text: &str) -> Option<String> {
    let (document, _) = DeTable::parse_recoverable(text);
    let provider = document.get_ref().get("provider")?.get_ref().as_table()?;
    let seed = provider.get("seed")?.get_ref().as_str()?;
    Some(seed.trim_start_matches("./").to_owned())
}

/// Puts a value and all within it at one place.
fn relocate(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        Value::Array(items) => items.iter_mut().for_each(|item| relocate(item, span)),
        Value::Table(table) => {
            for entry in &mut table.entries {
                entry.key_span = span;
                relocate(&mut entry.node, span);
            }
        }
        _ => {}
    }
}

struct Reader {
    source: SourceId,
}

impl Reader {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span {
            source: self.source,
            start: range.start,
            end: range.end,
        }
    }

    fn table(&self, table: &DeTable<'_>, diagnostics: &mut Diagnostics) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().clone().into_owned(),
                key_span: self.span(key.span()),
                node: self.node(value.span(), value.get_ref(), diagnostics),
            })
            .collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        Table { entries }
    }

    fn node(
        &self,
        range: std::ops::Range<usize>,
        value: &DeValue<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Node {
        let span = self.span(range);
        let value = match value {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map_or_else(
                    |_| {
                        diagnostics.push(Diagnostic::error(
                            Code::InvalidValue,
                            span,
                            "the integer does not fit into 64 bits",
                        ));
                        Value::Unusable
                    },
                    Value::Integer,
                ),
            DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
                Ok(float) if float.is_finite() => Value::Float(float),
                _ => {
                    diagnostics.push(Diagnostic::error(
                        Code::InvalidValue,
                        span,
                        "only finite numbers can be used",
                    ));
                    Value::Unusable
                }
            },
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(_) => Value::Datetime,
            DeValue::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.node(item.span(), item.get_ref(), diagnostics))
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table, diagnostics)),
        };
        Node { span, value }
    }
}
