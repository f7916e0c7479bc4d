//! The state file as a file: who may read it, whether it is still the one that was opened, and how it comes to be.
//!
//! Nothing here opens a state file that may be in use. POSIX drops *all* of a process's locks on a file when it closes
//! *any* of its descriptors, so reading a few bytes here would silently take SQLite's locks away under another
//! connection. Only [`copy`] reads one, where SQLite could take no lock.

#![expect(
    clippy::disallowed_methods,
    reason = "the state file's directory is made durable here"
)]

use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use tempfile::{TempDir, TempPath};

use super::error::{FileProblem, StoreError};

/// Which file a path meant when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

/// Looks at a path before SQLite does: a file is there, with something in it.
pub(super) fn inspect(path: &Path) -> Result<FileIdentity, StoreError> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => StoreError::file(path, FileProblem::Missing),
        _ => StoreError::io(path, error),
    })?;
    let refuse = |problem| Err(StoreError::file(path, problem));
    if metadata.is_dir() {
        return refuse(FileProblem::NotAState("it is a directory"));
    }
    if !metadata.is_file() {
        return refuse(FileProblem::NotAState("it is no regular file"));
    }
    // A state file comes into being complete (`create`), so an empty one was emptied. SQLite would take it for a new
    // database.
    if metadata.len() == 0 {
        return refuse(FileProblem::Corrupt("it is empty".to_owned()));
    }
    Ok(FileIdentity {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

/// Refuses a state file that is not its owner's alone. Asked once it is known to be a state file, since the advice is
/// chmod.
pub(super) fn check_private(path: &Path) -> Result<(), StoreError> {
    let metadata = std::fs::metadata(path).map_err(|error| StoreError::io(path, error))?;
    let us = rustix::process::geteuid().as_raw();
    shared_with_others(metadata.uid(), metadata.mode(), us)
        .map_or(Ok(()), |problem| Err(StoreError::file(path, problem)))
}

/// Who else has a file of this owner and mode, if anybody.
fn shared_with_others(owner: u32, mode: u32, us: u32) -> Option<FileProblem> {
    if owner != us {
        Some(FileProblem::Foreign(owner))
    } else if mode & 0o077 != 0 {
        Some(FileProblem::Exposed(mode & 0o7777))
    } else {
        None
    }
}

/// Whether the path still means the file that was opened: writes to one that was deleted would vanish with it.
pub(super) fn check_same(path: &Path, opened: FileIdentity) -> Result<(), StoreError> {
    let same = std::fs::metadata(path).is_ok_and(|now| {
        opened
            == FileIdentity {
                device: now.dev(),
                inode: now.ino(),
            }
    });
    if same {
        Ok(())
    } else {
        Err(StoreError::file(path, FileProblem::Replaced))
    }
}

/// Makes the file at `path` unless there is one: `fill` writes all of it under another name, then it gets its own, at
/// once and durably. When two do this together, one file wins and both go on with it.
pub(super) fn create(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let directory = directory_of(path);
    make_directory(directory).map_err(|error| StoreError::io(path, error))?;
    // Made with mode 0600; SQLite gives its -wal and -shm files the mode of the database.
    let draft: TempPath = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(directory)
        .map_err(|error| StoreError::io(path, error))?
        .into_temp_path();
    fill(&draft)?;
    match draft.persist_noclobber(path) {
        Ok(()) => {}
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => {}
        Err(lost) => return Err(StoreError::io(path, lost.error)),
    }
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| StoreError::io(path, error))
}

/// Makes `.syncform/`, for its owner only; its own parent is the stack's root and must be there.
fn make_directory(directory: &Path) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A copy of a state file that nobody can be writing.
pub(super) struct Copy {
    /// What goes away with it; only we can enter it.
    pub(super) directory: TempDir,
    /// The file in there.
    pub(super) file: PathBuf,
}

/// Copies a state file with the commits that lie beside it and are not in it yet.
pub(super) fn copy(path: &Path) -> Result<Copy, StoreError> {
    let copy = || {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("state.db");
        std::fs::copy(path, &file)?;
        match std::fs::copy(beside(path, "-wal"), beside(&file, "-wal")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(Copy { directory, file }),
        }
    };
    copy().map_err(|error| StoreError::io(path, error))
}

/// The file that SQLite keeps beside the database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_owners_alone() {
        for (owner, mode, problem) in [
            (7, 0o100_600, None),
            (7, 0o100_400, None),
            (7, 0o100_640, Some(FileProblem::Exposed(0o640))),
            (7, 0o100_602, Some(FileProblem::Exposed(0o602))),
            (0, 0o100_600, Some(FileProblem::Foreign(0))),
            (8, 0o100_644, Some(FileProblem::Foreign(8))),
        ] {
            assert_eq!(
                shared_with_others(owner, mode, 7),
                problem,
                "{owner} {mode:o}"
            );
        }
    }
}
