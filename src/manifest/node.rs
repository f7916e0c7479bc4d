//! One TOML value with its place, and tables of them.

use crate::source::Span;

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value's place; of a table with a header of its own, the header's.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A boolean.
    Boolean(bool),
    /// A date or time, which no field takes.
    Datetime,
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
    /// Could not be read, and that has been said: readers pass over it in silence.
    Unusable,
}

impl Value {
    /// What it is, with an article.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime => "a date or time",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
            Self::Unusable => "an unusable value",
        }
    }

    /// Whether both are strings, both integers, and so on.
    pub fn same_type(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// A table's entries, sorted by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's place.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Table {
    /// The entry of a key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries
            .binary_search_by(|entry| entry.key.as_str().cmp(key))
            .ok()
            .map(|i| &self.entries[i])
    }

    /// Both tables' entries; where both have a key, the one of `over`, tables within merged likewise.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        let mut entries: Vec<Entry> = self
            .entries
            .iter()
            .filter(|entry| over.get(&entry.key).is_none())
            .cloned()
            .collect();
        for entry in &over.entries {
            let mut entry = entry.clone();
            if let (Some(base), Value::Table(over)) = (self.get(&entry.key), &entry.node.value)
                && let Value::Table(base) = &base.node.value
            {
                entry.node.value = Value::Table(base.overlaid(over));
            }
            entries.push(entry);
        }
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        Self { entries }
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, Value};
    use crate::diagnostic::Diagnostics;
    use crate::manifest::parse;
    use crate::source::{SourceFile, SourceMap};

    fn table(text: &str) -> Table {
        let mut map = SourceMap::default();
        let source = map.add(SourceFile {
            path: "a.toml".to_owned(),
            text: text.to_owned(),
        });
        parse(&map, source, &mut Diagnostics::default()).table
    }

    #[test]
    fn an_overlay_wins_key_by_key() {
        let merged = table("a = 1\nb = 2\n[t]\nx = 1\ny = 2\n")
            .overlaid(&table("b = 3\nc = 4\n[t]\ny = 5\n"));
        let integer = |table: &Table, key: &str| match table.get(key).map(|e| &e.node.value) {
            Some(Value::Integer(integer)) => Some(*integer),
            _ => None,
        };
        let values = ["a", "b", "c"].map(|key| integer(&merged, key));
        assert_eq!(values, [Some(1), Some(3), Some(4)]);
        let Some(Value::Table(within)) = merged.get("t").map(|entry| &entry.node.value) else {
            panic!("`t` is a table in both");
        };
        assert_eq!(
            [integer(within, "x"), integer(within, "y")],
            [Some(1), Some(5)]
        );
    }
}
