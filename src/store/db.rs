//! The connection: every statement passes through here, so that every failure names the file.
//!
//! WAL with `synchronous = FULL`: a commit is on the disk when it returns, and readers neither wait for a writer nor
//! stop one. WAL needs memory shared between all who use the file, so the file must lie on a local file system.

use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, OpenFlags, Params, Row, Transaction, TransactionBehavior};
use tempfile::TempDir;

use super::error::{FileProblem, StoreError};
use super::files::{self, Copy, FileIdentity};

/// Longer than any of our transactions, shorter than a user's patience.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a path in a `file:` URI must not hold as it is.
const IN_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// One connection and the file it is to.
#[derive(Debug)]
pub(super) struct Db {
    connection: Connection,
    path: PathBuf,
    /// `None` for a database in memory.
    file: Option<FileIdentity>,
    /// Where the copy lies that is read instead; removed with the connection.
    _copy: Option<TempDir>,
}

impl Db {
    /// Opens a file that exists, to write.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = files::inspect(path)?;
        let db = Self::connect(
            path,
            &uri(path, ""),
            OpenFlags::SQLITE_OPEN_READ_WRITE,
            Some(file),
        )?;
        // SQLite falls back to reading when it may not write.
        if db
            .connection
            .is_readonly("main")
            .map_err(|error| db.fault(error))?
        {
            return Err(StoreError::file(path, FileProblem::ReadOnly));
        }
        Ok(db)
    }

    /// Opens a file that exists, to look.
    ///
    /// Readers of a WAL database share memory with its writers through files beside it. Where those can neither be
    /// found nor made, as on a read-only or full file system, nobody writes either, and a private copy is as good as
    /// the file.
    pub(super) fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let file = files::inspect(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = Self::connect(path, &uri(path, ""), flags, Some(file))?;
        match db.pragma("schema_version") {
            Err(StoreError::File {
                problem: FileProblem::Unusable | FileProblem::ReadOnly | FileProblem::Full,
                ..
            }) => Self::open_copy(path, files::copy(path)?),
            Err(error) => Err(error),
            Ok(_) => Ok(db),
        }
    }

    fn open_copy(path: &Path, copy: Copy) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let db = Self::connect(path, &uri(&copy.file, ""), flags, None)?;
        // A lock taken there, or a write, would go nowhere.
        db.set("query_only", "ON")?;
        Ok(Self {
            _copy: Some(copy.directory),
            ..db
        })
    }

    /// Opens the database that `files::create` is making.
    pub(super) fn open_draft(path: &Path) -> Result<Self, StoreError> {
        Self::connect(
            path,
            &uri(path, ""),
            OpenFlags::SQLITE_OPEN_READ_WRITE,
            None,
        )
    }

    /// Opens a database in memory, which all connections of this process to the same name share; it lasts as long as
    /// one of them.
    pub(super) fn open_in_memory(name: &str) -> Result<Self, StoreError> {
        let path = PathBuf::from(format!("/{name}"));
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        Self::connect(&path, &uri(&path, "?vfs=memdb"), flags, None)
    }

    fn connect(
        path: &Path,
        uri: &str,
        flags: OpenFlags,
        file: Option<FileIdentity>,
    ) -> Result<Self, StoreError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri, flags)
            .map_err(|error| StoreError::sqlite(path, error))?;
        let db = Self {
            connection,
            path: path.to_owned(),
            file,
            _copy: None,
        };
        db.connection
            .busy_timeout(BUSY_TIMEOUT)
            .map_err(|error| db.fault(error))?;
        // Views and triggers of a tampered file must not do what ours could not.
        db.set("trusted_schema", "OFF")?;
        db.set("foreign_keys", "ON")?;
        Ok(db)
    }

    /// Turns on WAL and full durability: kept in the file, and per connection.
    pub(super) fn make_durable(&self) -> Result<(), StoreError> {
        self.connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .map_err(|error| self.fault(error))?;
        self.set("synchronous", "FULL")
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A number that SQLite keeps in the file's header.
    pub(super) fn pragma(&self, name: &str) -> Result<i64, StoreError> {
        self.connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(|error| self.fault(error))
    }

    /// Sets a pragma.
    pub(super) fn set(&self, name: &str, value: impl rusqlite::ToSql) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, name, value)
            .map_err(|error| self.fault(error))
    }

    /// Runs statements that take no values: a migration.
    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| self.fault(error))
    }

    /// Runs one statement and says how many rows it changed.
    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(|error| self.fault(error))
    }

    /// Every row of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(values, read)?.collect())
            .map_err(|error| self.fault(error))
    }

    /// The one row of a query, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, values, read)?.pop())
    }

    /// Writes all of it or nothing, durable when it returns. The write lock is taken first, so what `work` reads stays
    /// true.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.check_same_file()?;
        self.transact(TransactionBehavior::Immediate, work)
    }

    /// As `write`, with readers kept out too.
    pub(super) fn write_alone<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.transact(TransactionBehavior::Exclusive, work)
    }

    /// Reads at one moment.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.transact(TransactionBehavior::Deferred, work)
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = Transaction::new_unchecked(&self.connection, behavior)
            .map_err(|error| self.fault(error))?;
        // An early return drops the transaction, which rolls it back.
        let result = work(self)?;
        transaction.commit().map_err(|error| self.fault(error))?;
        Ok(result)
    }

    /// Whether what is written would still be found under the file's name.
    pub(super) fn check_same_file(&self) -> Result<(), StoreError> {
        self.file
            .map_or(Ok(()), |file| files::check_same(&self.path, file))
    }

    /// Damage, in words.
    pub(super) fn corrupt(&self, what: impl Into<String>) -> StoreError {
        StoreError::corrupt(&self.path, what)
    }

    fn fault(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}

fn uri(path: &Path, query: &str) -> String {
    use std::os::unix::ffi::OsStrExt;
    // With an empty authority, so that a path that begins with two slashes is not taken for one.
    let authority = if path.is_absolute() { "//" } else { "" };
    let path = percent_encode(path.as_os_str().as_bytes(), IN_URI);
    format!("file:{authority}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(result: Result<usize, StoreError>) -> FileProblem {
        result.unwrap_err().problem().unwrap().clone()
    }

    fn file_with_table() -> (TempDir, Db) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.db");
        std::fs::File::create_new(&file).unwrap();
        let db = Db::open_draft(&file).unwrap();
        db.make_durable().unwrap();
        db.batch("CREATE TABLE t (x BLOB)").unwrap();
        (directory, db)
    }

    #[test]
    fn a_full_disk_is_called_full_and_keeps_what_was_there() {
        let (_directory, db) = file_with_table();
        db.set("max_page_count", 4).unwrap();
        let large = "INSERT INTO t VALUES (zeroblob(100000))";
        let result = db.write(|db| {
            db.execute("INSERT INTO t VALUES (1)", ())?;
            db.execute(large, ())
        });
        assert_eq!(problem(result), FileProblem::Full);
        assert_eq!(
            db.row("SELECT count(*) FROM t", (), |row| row.get(0))
                .unwrap(),
            Some(0)
        );
    }

    #[test]
    fn a_writer_that_waits_too_long_says_so_and_a_reader_does_not_wait() {
        let (_directory, db) = file_with_table();
        let other = Db::open(db.path()).unwrap();
        other.set("busy_timeout", 0).unwrap();
        db.write(|_| {
            assert_eq!(problem(other.write(|_| Ok(0))), FileProblem::Busy);
            assert!(
                other
                    .rows("SELECT x FROM t", (), |_| Ok(()))
                    .unwrap()
                    .is_empty()
            );
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_copy_is_read_and_never_written() {
        let (_directory, db) = file_with_table();
        db.execute("INSERT INTO t VALUES (1)", ()).unwrap();
        // The row lies in the -wal file.
        let copy = files::copy(db.path()).unwrap();
        let copied = Db::open_copy(db.path(), copy).unwrap();
        assert_eq!(
            copied.row("SELECT x FROM t", (), |row| row.get(0)).unwrap(),
            Some(1)
        );
        assert_eq!(
            problem(copied.write(|db| db.execute("DELETE FROM t", ()))),
            FileProblem::ReadOnly
        );
    }
}
