//! The world on disk: a SQLite file with one row for each row of the world.
//!
//! The file belongs to one emulator at a time and to its user alone (mode 0600). A commit is in the write-ahead log
//! before it is answered for, so a killed process loses nothing; only a power cut may lose the last commits, which
//! is the price of not waiting for the disk at each call.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::world::{DamagedRow, RowChange, World};

/// Marks the file as an emulator's: "SFem".
const APPLICATION_ID: i32 = 0x5346_656d;
const SCHEMA_VERSION: i32 = 1;
const SCHEMA: &str = "
    CREATE TABLE rows (
        kind  TEXT NOT NULL,
        key   TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
";

/// Why the world could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file can be neither opened nor made.
    #[error("could not open `{path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another process has it.
    #[error("`{0}` is in use by another emulator")]
    InUse(PathBuf),
    /// It is something else.
    #[error("`{0}` is not the database of an emulator")]
    Foreign(PathBuf),
    /// It was written by a later version.
    #[error(
        "`{path}` has schema version {found}; this version of syncform knows up to {SCHEMA_VERSION}"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
    /// A row is damaged.
    #[error(transparent)]
    Damaged(#[from] DamagedRow),
    /// Its two first rows are missing.
    #[error("`{0}` is incomplete")]
    Incomplete(PathBuf),
    /// SQLite says no.
    #[error("the emulator's database failed")]
    Sqlite(#[from] rusqlite::Error),
}

/// An open database.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the file, or makes it. The world in it comes back if there is one.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<World>), StoreError> {
        // Made by hand first, because SQLite would let others read it.
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|source| StoreError::Open {
                path: path.to_owned(),
                source,
            })?;
        Self::open_existing(path).map_err(|error| match error {
            StoreError::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    StoreError::InUse(path.to_owned())
                }
                Some(ErrorCode::NotADatabase) => StoreError::Foreign(path.to_owned()),
                _ => StoreError::Sqlite(error),
            },
            error => error,
        })
    }

    fn open_existing(path: &Path) -> Result<(Self, Option<World>), StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let application: i32 =
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let objects: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (application, version) {
            (0, 0) if objects == 0 => {}
            (APPLICATION_ID, SCHEMA_VERSION) => {}
            (APPLICATION_ID, found) => {
                return Err(StoreError::Newer {
                    path: path.to_owned(),
                    found,
                });
            }
            _ => return Err(StoreError::Foreign(path.to_owned())),
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch("BEGIN EXCLUSIVE")?;
        if application == 0 {
            connection.execute_batch(SCHEMA)?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        connection.execute_batch("COMMIT")?;
        let rows = read_rows(&connection)?;
        if rows.is_empty() {
            return Ok((Self { connection }, None));
        }
        let world = World::load(rows)?.ok_or_else(|| StoreError::Incomplete(path.to_owned()))?;
        Ok((Self { connection }, Some(world)))
    }

    /// Writes rows, all or none.
    pub(crate) fn write(
        &mut self,
        changes: impl Iterator<Item = RowChange>,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        {
            let mut put = transaction.prepare_cached(
                "INSERT INTO rows (kind, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            )?;
            let mut delete =
                transaction.prepare_cached("DELETE FROM rows WHERE kind = ?1 AND key = ?2")?;
            for (table, key, row) in changes {
                match row {
                    Some(row) => put.execute((table, &key, &row))?,
                    None => delete.execute((table, &key))?,
                };
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Folds the write-ahead log into the file and closes it.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

fn read_rows(connection: &Connection) -> Result<Vec<(String, String, String)>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT kind, key, value FROM rows")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}
