//! Reading and writing the files that a user names.

#![expect(
    clippy::disallowed_methods,
    reason = "files that a user names are read and written here"
)]

use std::io::Write;
use std::path::Path;

use super::exit::Failure;

/// Writes a file whole or not at all: whoever reads it meanwhile sees the old one.
pub(super) fn write_new_or_replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
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

/// Reads a text file.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::of(&error).context(format!("{} cannot be read", path.display())))
}
