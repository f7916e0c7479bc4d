//! What can be wrong with the store, in words that name the file and say what to do about it.

use std::error::Error;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{ErrorCode, ffi};

use super::lease::Lock;
use crate::journal::RunId;
use crate::state::Serial;

/// Why the store did not do what was asked. Whatever it is, nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is at fault, or what it lies on.
    #[error("the state file {} {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: FileProblem,
        /// What the system or SQLite said.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Somebody else holds the lock.
    #[error("the state is locked by {}", .0.holder)]
    Locked(Box<Lock>),
    /// The lease was ours and is not any more.
    #[error("the lock was taken over by {}", describe(by.as_deref()))]
    LeaseLost {
        /// Who has it now, if anybody.
        by: Option<Box<Lock>>,
    },
    /// The lease ran out; whether somebody took it is only known after a heartbeat.
    #[error("the lock ran out at {at}")]
    LeaseExpired {
        /// When.
        at: Timestamp,
    },
    /// The plan was made from an older state, or was applied before.
    #[error("the plan was made from serial {} of the state, which is now at {}", base.0, found.0)]
    Stale {
        /// The plan's.
        base: Serial,
        /// The state's.
        found: Serial,
    },
    /// A run is open: it must be recovered before another begins.
    #[error("run {} was not finished", .0.0)]
    RunOpen(RunId),
    /// The run was finished, or never began.
    #[error("run {} is not open", .0.0)]
    RunNotOpen(RunId),
}

fn describe(by: Option<&Lock>) -> String {
    by.map_or_else(
        || "another command, which has given it back since".to_owned(),
        |lock| lock.holder.to_string(),
    )
}

/// What is wrong with a state file: the end of a sentence that begins with its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// Nothing is there.
    #[error("does not exist")]
    Missing,
    /// Not even its directory is there.
    #[error("cannot be made: its directory does not exist")]
    NoDirectory,
    /// Something else is there.
    #[error("was not made by syncform: {0}")]
    NotAState(&'static str),
    /// A later version of the program made it.
    #[error("was written by a newer syncform: its schema is {found}, this program knows {known}")]
    Newer {
        /// Its schema version.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// An earlier version of the program made it, and it was opened to look only.
    #[error("was written by an older syncform: its schema is {found}, this program reads {known}")]
    Older {
        /// Its schema version.
        found: i64,
        /// The one known here.
        known: i64,
    },
    /// It does not hold together.
    #[error("is damaged: {0}")]
    Corrupt(String),
    /// Others may read it.
    #[error("may be read or written by other users (mode {0:04o})")]
    Exposed(u32),
    /// It is somebody else's.
    #[error("belongs to another user (uid {0})")]
    Foreign(u32),
    /// The system does not let us.
    #[error("cannot be opened: permission denied")]
    Forbidden,
    /// It can be read only.
    #[error("cannot be written")]
    ReadOnly,
    /// The disk is full.
    #[error("cannot be written: no space is left")]
    Full,
    /// Another process kept it busy for longer than we wait.
    #[error("is kept busy by another process")]
    Busy,
    /// It was deleted or replaced while we had it open.
    #[error("was deleted or replaced while it was in use")]
    Replaced,
    /// Reading or writing failed.
    #[error("cannot be read or written")]
    Unusable,
}

impl StoreError {
    /// A file's problem without anything behind it.
    pub(super) fn file(path: &Path, problem: FileProblem) -> Self {
        Self::File {
            path: path.to_owned(),
            problem,
            source: None,
        }
    }

    /// A file's damage, in words.
    pub(super) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::file(path, FileProblem::Corrupt(what.into()))
    }

    /// A failure of SQLite on this file.
    pub(super) fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let problem = match &error {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                ErrorCode::NotADatabase => FileProblem::NotAState("it is not a database"),
                ErrorCode::DatabaseCorrupt => FileProblem::Corrupt(
                    message
                        .clone()
                        .unwrap_or_else(|| "SQLite cannot read it".to_owned()),
                ),
                ErrorCode::DiskFull => FileProblem::Full,
                // Room for the memory that is shared with other processes.
                _ if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => FileProblem::Full,
                ErrorCode::ReadOnly => FileProblem::ReadOnly,
                ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
                    FileProblem::Forbidden
                }
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => FileProblem::Busy,
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => {
                    FileProblem::Corrupt("a row breaks the schema".to_owned())
                }
                // Our statements are fixed and tested: one that fails like this met a schema that is not ours.
                ErrorCode::Unknown => {
                    FileProblem::Corrupt("its schema is not the one it claims".to_owned())
                }
                _ => FileProblem::Unusable,
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows => {
                FileProblem::Corrupt("a row cannot be read".to_owned())
            }
            _ => FileProblem::Unusable,
        };
        let source = match error {
            // rusqlite's own chain says the same thing twice.
            rusqlite::Error::SqliteFailure(failure, Some(message)) => {
                format!("SQLite: {message} (code {})", failure.extended_code).into()
            }
            other => other.into(),
        };
        Self::File {
            path: path.to_owned(),
            problem,
            source: Some(source),
        }
    }

    /// A failure of the system on this file or its directory.
    pub(super) fn io(path: &Path, error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let problem = match error.kind() {
            ErrorKind::NotFound => FileProblem::NoDirectory,
            ErrorKind::NotADirectory => FileProblem::NoDirectory,
            ErrorKind::PermissionDenied => FileProblem::Forbidden,
            ErrorKind::ReadOnlyFilesystem => FileProblem::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileProblem::Full,
            _ => FileProblem::Unusable,
        };
        Self::File {
            path: path.to_owned(),
            problem,
            source: Some(Box::new(error)),
        }
    }

    /// The file's problem, where the file is at fault.
    pub fn problem(&self) -> Option<&FileProblem> {
        match self {
            Self::File { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// What the user may do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File { path, problem, .. } => return problem.hint(path),
            Self::Locked(lock) => format!(
                "wait until it is done; if {} no longer runs, `syncform unlock --force` takes the lock over",
                lock.holder.command
            ),
            Self::LeaseLost { .. } | Self::LeaseExpired { .. } => {
                "nothing more was sent; once the other run is done, `syncform apply` goes on where this one stopped".to_owned()
            }
            Self::Stale { .. } => "make a new plan".to_owned(),
            Self::RunOpen(_) => "`syncform apply` settles it and goes on".to_owned(),
            Self::RunNotOpen(_) => return None,
        })
    }
}

impl FileProblem {
    fn hint(&self, path: &Path) -> Option<String> {
        let path = path.display();
        Some(match self {
            Self::Missing => "`syncform apply` makes it".to_owned(),
            Self::NoDirectory => "make the directory, or name another file with `--state`".to_owned(),
            Self::NotAState(_) => {
                "nothing was written to it; move it away, or name another file with `--state`".to_owned()
            }
            Self::Newer { .. } => "use the syncform that wrote it, or a later one".to_owned(),
            Self::Older { .. } => "`syncform apply` brings it up to date".to_owned(),
            Self::Corrupt(_) => format!(
                "nothing was written to it; put a good copy in its place, or move {path} (with its -wal and -shm) away: \
                 the next apply finds the tasks that exist by their names and adopts them"
            ),
            Self::Exposed(_) => format!("chmod 600 {path}"),
            Self::Foreign(_) => "run as its owner, or change its owner with chown".to_owned(),
            Self::Forbidden => format!("check who may read and write {path} and its directory"),
            Self::ReadOnly => {
                "its file system or directory is read-only; `syncform plan` works there, writing does not".to_owned()
            }
            Self::Full => "free some space and run the same command again".to_owned(),
            Self::Busy => {
                "run the same command again once the other process is done; if it stands still in the middle of a write, \
                 nobody can write until it goes on or is ended: `syncform unlock` shows which one it is".to_owned()
            }
            Self::Replaced => {
                "nothing more was sent; put the file back (with its -wal) and run `syncform apply` again; if it is gone, the \
                 next apply begins a new one, finds the tasks that exist by their names and adopts them".to_owned()
            }
            Self::Unusable => {
                "check the disk and its limits (quota, `ulimit -f`), and who may write to the file's directory".to_owned()
            }
        })
    }
}
