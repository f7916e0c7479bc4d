//! A row's digest: notices damage that SQLite, which keeps no checksums of its pages, does not.
//!
//! It guards against accidents, not against people: whoever can write the file can also compute it.

use sha2::{Digest, Sha256};

use super::db::Db;
use super::error::StoreError;

/// The digest of a row's other columns.
pub(super) fn of(columns: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for column in columns {
        // With its length, so that no two rows read the same.
        hash.update((column.len() as u64).to_be_bytes());
        hash.update(column);
    }
    hex::encode(&hash.finalize()[..8])
}

/// Refuses a row whose digest is another. `row` names it.
pub(super) fn check(
    db: &Db,
    stored: &str,
    columns: &[&[u8]],
    row: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    if stored == of(columns) {
        return Ok(());
    }
    Err(db.corrupt(format!("{} is not what was written", row())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_do_not_run_into_each_other() {
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
    }
}
