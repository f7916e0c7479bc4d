//! Runs and their journal: what each was asked to do, what it was about to send, what came of it.

use jiff::Timestamp;
use rusqlite::{Row, named_params};

use super::db::Db;
use super::error::StoreError;
use super::{OpenRun, RunEnd, digest, resources};
use crate::journal::{Entry, RunId};
use crate::state::Serial;

/// How many finished runs are kept for people to look at; recovery needs only the open one.
const KEPT: u32 = 100;

/// One run as history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// When it began.
    pub began: Timestamp,
    /// When and how it ended; `None` while it is open.
    pub ended: Option<(Timestamp, RunEnd)>,
    /// How many lines its journal has.
    pub entries: u64,
}

/// Every run that is kept, oldest first.
pub(super) fn all(db: &Db) -> Result<Vec<RunRecord>, StoreError> {
    db.rows(
        "SELECT id, began, ended, outcome, (SELECT count(*) FROM journal WHERE run = id) AS entries
         FROM runs ORDER BY id",
        (),
        |row| {
            let outcome: Option<String> = row.get("outcome")?;
            let end = outcome.as_deref().and_then(RunEnd::from_word);
            Ok(RunRecord {
                id: RunId(row.get("id")?),
                began: super::lease::timestamp(row, "began")?,
                ended: match end {
                    Some(end) => Some((super::lease::timestamp(row, "ended")?, end)),
                    None => None,
                },
                entries: row.get::<_, u32>("entries")?.into(),
            })
        },
    )
}

/// The run that was not finished.
pub(super) fn open(db: &Db) -> Result<Option<OpenRun>, StoreError> {
    let row = db.row(
        "SELECT id, base, plan, began, digest FROM runs WHERE ended IS NULL",
        (),
        |row| {
            let stored: String = row.get("digest")?;
            let columns = RunColumns::read(row)?;
            Ok((columns, stored))
        },
    )?;
    let Some((columns, stored)) = row else {
        return Ok(None);
    };
    let id = RunId(columns.id);
    if stored != columns.digest() {
        return Err(db.corrupt(format!(
            "run {} in table runs is not what was written",
            id.0
        )));
    }
    let began = columns.began.parse().map_err(|_| {
        db.corrupt(format!(
            "run {} in table runs has no time that can be read",
            id.0
        ))
    })?;
    Ok(Some(OpenRun {
        id,
        began,
        plan: columns.plan,
        entries: entries(db, id)?,
    }))
}

/// What a run's digest covers: what it was, not how it ended.
struct RunColumns {
    id: i64,
    base: i64,
    plan: String,
    began: String,
}

impl RunColumns {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            base: row.get("base")?,
            plan: row.get("plan")?,
            began: row.get("began")?,
        })
    }

    fn digest(&self) -> String {
        digest::of(&[
            &self.id.to_be_bytes(),
            &self.base.to_be_bytes(),
            self.plan.as_bytes(),
            self.began.as_bytes(),
        ])
    }
}

/// Writes a run's beginning, and drops the oldest finished ones.
pub(super) fn begin(
    db: &Db,
    base: Serial,
    plan: &str,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    let id = db.row(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'runs'), 0), coalesce(max(id), 0)) + 1
         FROM runs",
        (),
        |row| row.get(0),
    )?;
    let columns = RunColumns {
        id: id.ok_or_else(|| db.corrupt("table runs cannot be counted"))?,
        base: resources::number(base),
        plan: plan.to_owned(),
        began: now.to_string(),
    };
    db.execute(
        "INSERT INTO runs (id, base, plan, began, digest) VALUES (:id, :base, :plan, :began, :digest)",
        named_params! {
            ":id": columns.id,
            ":base": columns.base,
            ":plan": columns.plan,
            ":began": columns.began,
            ":digest": columns.digest(),
        },
    )?;
    db.execute(
        "DELETE FROM runs WHERE ended IS NOT NULL AND id <= ?1 - ?2",
        (columns.id, KEPT),
    )?;
    Ok(RunId(columns.id))
}

/// Refuses a run that is not open.
pub(super) fn check_open(db: &Db, run: RunId) -> Result<(), StoreError> {
    db.row(
        "SELECT 1 FROM runs WHERE id = ?1 AND ended IS NULL",
        [run.0],
        |_| Ok(()),
    )?
    .ok_or(StoreError::RunNotOpen(run))
}

/// Writes a run's end.
pub(super) fn finish(db: &Db, run: RunId, end: RunEnd, now: Timestamp) -> Result<(), StoreError> {
    db.execute(
        "UPDATE runs SET ended = ?2, outcome = ?3 WHERE id = ?1",
        (run.0, now.to_string(), end.as_str()),
    )?;
    Ok(())
}

/// Adds lines to a run's journal.
pub(super) fn append(db: &Db, run: RunId, entries: &[Entry]) -> Result<(), StoreError> {
    let next = db.row(
        "SELECT coalesce(max(position) + 1, 0) FROM journal WHERE run = ?1",
        [run.0],
        |row| row.get::<_, i64>(0),
    )?;
    for (position, entry) in (next.unwrap_or(0)..).zip(entries) {
        let entry = resources::json(entry);
        db.execute(
            "INSERT INTO journal (run, position, entry, digest) VALUES (?1, ?2, ?3, ?4)",
            (run.0, position, &entry, entry_digest(run, position, &entry)),
        )?;
    }
    Ok(())
}

/// A run's journal, oldest line first. A line that is missing between others is noticed.
pub(super) fn entries(db: &Db, run: RunId) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<(i64, String, String)> = db.rows(
        "SELECT position, entry, digest FROM journal WHERE run = ?1 ORDER BY position",
        [run.0],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    (0..)
        .zip(rows)
        .map(|(expected, (position, entry, stored))| {
            let line = || format!("line {expected} of run {} in table journal", run.0);
            if position != expected {
                return Err(db.corrupt(format!("{} is missing", line())));
            }
            if stored != entry_digest(run, position, &entry) {
                return Err(db.corrupt(format!("{} is not what was written", line())));
            }
            resources::parse(db, &entry, line)
        })
        .collect()
}

/// Refuses a journal that has lines of runs that never began.
pub(super) fn check_orphans(db: &Db) -> Result<(), StoreError> {
    let orphan = db.row(
        "SELECT run FROM journal WHERE run NOT IN (SELECT id FROM runs) LIMIT 1",
        (),
        |row| row.get::<_, i64>(0),
    )?;
    match orphan {
        Some(run) => Err(db.corrupt(format!(
            "table journal has lines of run {run}, which table runs lacks"
        ))),
        None => Ok(()),
    }
}

fn entry_digest(run: RunId, position: i64, entry: &str) -> String {
    digest::of(&[
        &run.0.to_be_bytes(),
        &position.to_be_bytes(),
        entry.as_bytes(),
    ])
}

impl RunEnd {
    /// The word of the store and of messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Recovered => "recovered",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Complete, Self::Partial, Self::Recovered]
            .into_iter()
            .find(|end| end.as_str() == word)
    }
}
