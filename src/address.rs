//! Addresses: the key of every map, the name of every resource in messages.
//!
//! An address is `kind.label`, with the for_each key in brackets where there is one: `task.orders["00"]`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The closed set of resource kinds, in the order in which data flows through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A workspace, looked up by its project id.
    Workspace,
    /// A data source, managed or looked up.
    Datasource,
    /// A set of source tables.
    Table,
    /// What happens to each kind of DDL event.
    DdlPolicy,
    /// A sync task.
    Task,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Workspace,
        Self::Datasource,
        Self::Table,
        Self::DdlPolicy,
        Self::Task,
    ];

    /// The word that manifests and addresses use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Datasource => "datasource",
            Self::Table => "table",
            Self::DdlPolicy => "ddl_policy",
            Self::Task => "task",
        }
    }

    /// The kind's name in prose, without an article.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Datasource => "data source",
            Self::Table => "table set",
            Self::DdlPolicy => "DDL policy",
            Self::Task => "task",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of one resource of a stack: `task.orders`, `task.orders["00"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What kind of resource it is.
    pub kind: Kind,
    /// The manifest's label: letters, digits, `_` and `-`, not starting with a digit or `-`.
    pub label: String,
    /// The key of `for_each`, if the resource has one.
    pub key: Option<String>,
}

impl Address {
    /// The address of a resource without `for_each`.
    pub fn new(kind: Kind, label: impl Into<String>) -> Self {
        Self {
            kind,
            label: label.into(),
            key: None,
        }
    }

    /// The same block's instance for one key of its `for_each`.
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self {
            key: Some(key.into()),
            ..self.clone()
        }
    }

    /// The address of the block itself: without the for_each key.
    pub fn block(&self) -> Self {
        Self {
            key: None,
            ..self.clone()
        }
    }

    /// Whether `label` may name a resource.
    pub fn is_label(label: &str) -> bool {
        let mut chars = label.chars();
        chars
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && chars.all(|rest| rest.is_ascii_alphanumeric() || rest == '_' || rest == '-')
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.label)?;
        match &self.key {
            // Debug quoting escapes quotes and control characters, so that a key cannot break a line.
            Some(key) => write!(f, "[{key:?}]"),
            None => Ok(()),
        }
    }
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an address; addresses look like `task.orders` or `task.orders[\"00\"]`", .0.escape_debug())]
pub struct InvalidAddress(String);

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidAddress(text.to_owned());
        let (kind, rest) = text.split_once('.').ok_or_else(invalid)?;
        let kind = Kind::ALL
            .into_iter()
            .find(|k| k.as_str() == kind)
            .ok_or_else(invalid)?;
        let (label, key) = match rest.split_once('[') {
            None => (rest, None),
            Some((label, key)) => {
                let quoted = key.strip_suffix(']').ok_or_else(invalid)?;
                (label, Some(unquote(quoted).ok_or_else(invalid)?))
            }
        };
        if !Self::is_label(label) {
            return Err(invalid());
        }
        Ok(Self {
            kind,
            label: label.to_owned(),
            key,
        })
    }
}

/// Reads what `{:?}` wrote of a string.
fn unquote(quoted: &str) -> Option<String> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '"' => return None,
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'u' => {
                    let rest = chars.as_str().strip_prefix('{')?;
                    let (digits, after) = rest.split_once('}')?;
                    chars = after.chars();
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                literal @ ('"' | '\\' | '\'') => literal,
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(out)
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(
            kind in prop::sample::select(Kind::ALL.to_vec()),
            label in "[a-z_][a-z0-9_-]{0,12}",
            key in prop::option::of(any::<String>()),
        ) {
            let address = Address { kind, label, key };
            prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "task",
            "task.",
            "job.x",
            "task.1",
            "task.a[0]",
            "task.a[\"x\"",
            "task.a b",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
