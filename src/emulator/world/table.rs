//! Rows that know what changed: the shape in which the world keeps its objects.
//!
//! A [`Table`] is an ordered map that remembers the value a row had before it was first touched. That one fact
//! serves two readers: the database, which writes the rows that changed, and stale reads, which want the world
//! as it was a moment ago.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ordered map whose changes can be collected.
#[derive(Debug, Clone)]
pub(crate) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    before: BTreeMap<K, Option<V>>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            before: BTreeMap::new(),
        }
    }
}

/// Reading goes straight to the map; every way of changing it is below.
impl<K, V> Deref for Table<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// Puts a row, in place of an older one if there is one.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let before = self.rows.insert(key.clone(), value);
        self.before.entry(key).or_insert(before);
    }

    /// A row to change.
    pub(crate) fn edit(&mut self, key: &K) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        if !self.before.contains_key(key) {
            self.before.insert(key.clone(), Some(row.clone()));
        }
        Some(row)
    }

    /// Takes a row out.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(before) = self.rows.remove(key) {
            self.before.entry(key.clone()).or_insert(Some(before));
        }
    }

    /// The rows touched since the last time, each with its value from before.
    pub(crate) fn take_before(&mut self) -> BTreeMap<K, Option<V>> {
        std::mem::take(&mut self.before)
    }

    /// Gives rows back the values they had, without noting a change.
    pub(crate) fn rewind(&mut self, before: &BTreeMap<K, Option<V>>) {
        for (key, value) in before {
            match value {
                Some(value) => self.rows.insert(key.clone(), value.clone()),
                None => self.rows.remove(key),
            };
        }
    }

    /// Keeps the rows that `keep` approves of.
    pub(crate) fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        let gone: Vec<K> = self
            .rows
            .iter()
            .filter(|(key, row)| !keep(key, row))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.remove(&key);
        }
    }
}

/// A row that does not read back.
#[derive(Debug, thiserror::Error)]
#[error("the row `{key}` of `{table}` is damaged")]
pub struct DamagedRow {
    table: String,
    key: String,
    #[source]
    source: Option<serde_json::Error>,
}

impl<K, V> Table<K, V>
where
    K: Ord + Clone + Display + FromStr,
    V: Clone + Serialize + DeserializeOwned,
{
    /// One row as JSON, or none if it is not there.
    pub(crate) fn row(&self, key: &K) -> Option<String> {
        self.rows.get(key).map(as_json)
    }

    /// Every row as JSON, under its key as text.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (String, String)> {
        self.rows
            .iter()
            .map(|(key, row)| (key.to_string(), as_json(row)))
    }

    /// Puts a row that was read from a database, without noting a change.
    pub(crate) fn load(&mut self, name: &str, key: &str, value: &str) -> Result<(), DamagedRow> {
        let damaged = |source| DamagedRow {
            table: name.to_owned(),
            key: key.to_owned(),
            source,
        };
        let parsed = key.parse().map_err(|_| damaged(None))?;
        let row = serde_json::from_str(value).map_err(|error| damaged(Some(error)))?;
        self.rows.insert(parsed, row);
        Ok(())
    }
}

impl DamagedRow {
    /// A row of a table that this version does not know.
    pub(crate) fn unknown_table(table: &str, key: &str) -> Self {
        Self {
            table: table.to_owned(),
            key: key.to_owned(),
            source: None,
        }
    }
}

fn as_json<V: Serialize>(value: &V) -> String {
    serde_json::to_string(value).expect("rows are plain data with text keys")
}

impl<K: Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de, K: Ord + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            rows: BTreeMap::deserialize(deserializer)?,
            before: BTreeMap::new(),
        })
    }
}

/// A large value that is never edited in place, so copies of the world share it.
#[derive(Debug, Clone)]
pub(crate) struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewinding_undoes_everything_since_the_last_time() {
        let mut table = Table::default();
        table.insert(1_u64, "a".to_owned());
        table.insert(1, "b".to_owned());
        assert_eq!(table.take_before(), BTreeMap::from([(1, None)]));
        *table.edit(&1).unwrap() = "c".to_owned();
        table.remove(&1);
        table.insert(2, "d".to_owned());
        let before = table.take_before();
        assert_eq!(
            before,
            BTreeMap::from([(1, Some("b".to_owned())), (2, None)])
        );
        table.rewind(&before);
        assert_eq!(table.rows, BTreeMap::from([(1, "b".to_owned())]));
        assert!(table.take_before().is_empty());
    }

    #[test]
    fn loading_is_the_inverse_of_reading_a_row() {
        let mut table: Table<u64, String> = Table::default();
        table.load("t", "7", "\"x\"").unwrap();
        assert_eq!(table.row(&7).as_deref(), Some("\"x\""));
        assert!(table.load("t", "seven", "\"x\"").is_err());
        assert!(table.load("t", "7", "{").is_err());
    }
}
