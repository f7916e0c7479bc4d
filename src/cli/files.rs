//! Reading and writing the files that a user names.

#![expect(
    clippy::disallowed_methods,
    reason = "files that a user names are read and written here"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::exit::{Exit, Failure};
use crate::plan::{self, Plan};

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
        Failure::of(&error)
            .context(format!("the plan {} cannot be written", path.display()))
            .hint("nothing was changed, and no part of the plan was left there; name a file where there is room")
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

/// Reads a saved plan, which is to be `used`: applied or shown.
pub(super) fn read_plan(path: &Path, used: &str) -> Result<Plan, Failure> {
    let unusable = |failure: Failure| {
        failure
            .context(format!("{} cannot be {used}", path.display()))
            .hint("make the plan again: syncform plan --out FILE")
    };
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::of(&error).context(format!("{} cannot be read", path.display()))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let what = "the file is not a saved plan, or it is damaged";
        unusable(Failure::of(&error).context(what))
    })?;
    plan::file::read(&text).map_err(|error| unusable(Failure::of(&error)))
}
