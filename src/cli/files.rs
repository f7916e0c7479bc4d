//! Reading and writing the files that a user names.

#![expect(
    clippy::disallowed_methods,
    reason = "files that a user names are read and written here"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::exit::{Exit, Failure};
use crate::plan;

/// Saves a plan whole or not at all: whoever reads it meanwhile sees the old one. Only another saved plan is replaced.
pub(super) fn save_plan(path: &Path, content: &[u8]) -> Result<(), Failure> {
    if !may_be_replaced(path) {
        let message = format!("{} exists and is not a saved plan", path.display());
        return Err(
            Failure::new(Exit::Error, message).hint("nothing was written; name another file")
        );
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || -> std::io::Result<()> {
        let mut draft = tempfile::NamedTempFile::new_in(directory)?;
        draft.write_all(content)?;
        draft.as_file().sync_all()?;
        draft.persist(path)?;
        Ok(())
    };
    write().map_err(|error| {
        Failure::of(&error).context(format!("{} cannot be written", path.display()))
    })
}

/// Whether there is nothing at the path, or a plan that was saved before.
fn may_be_replaced(path: &Path) -> bool {
    let Ok(found) = path.symlink_metadata() else {
        return true;
    };
    let mut start = vec![0; plan::file::START.len()];
    found.is_file()
        && File::open(path)
            .and_then(|mut file| file.read_exact(&mut start))
            .is_ok()
        && start == plan::file::START.as_bytes()
}

/// Reads a text file.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::of(&error).context(format!("{} cannot be read", path.display())))
}
