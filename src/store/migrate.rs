//! The schema's versions: an append-only list, counted by `user_version`, applied in one exclusive transaction.

use super::db::Db;
use super::error::{FileProblem, StoreError};

/// Marks a SQLite file as ours: "SyFo".
const APPLICATION_ID: i64 = 0x5379_466f;

/// Every migration, oldest first. A released one is never edited: a file that has it will not get it again.
const MIGRATIONS: &[&str] = &[include_str!("../../schema/state/0001_initial.sql")];

/// The schema that this program reads and writes.
pub(super) const CURRENT: i64 = MIGRATIONS.len() as i64;

/// Refuses a file that is not ours, is damaged, or is newer than this program. Changes nothing.
pub(super) fn check(db: &Db) -> Result<i64, StoreError> {
    let problem = |problem| Err(StoreError::file(db.path(), problem));
    if db.pragma("application_id")? != APPLICATION_ID {
        return problem(FileProblem::NotAState(
            "it is a database of another program",
        ));
    }
    let found = db.pragma("user_version")?;
    if found > CURRENT {
        return problem(FileProblem::Newer {
            found,
            known: CURRENT,
        });
    }
    if found < 1 {
        return Err(db.corrupt(format!("its schema version is {found}")));
    }
    // Linear in the size of the file, which old runs are pruned to keep small (`runs::KEPT`).
    let verdict = db.rows("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0))?;
    match verdict.first().map(String::as_str) {
        Some("ok") => Ok(found),
        Some(damage) => Err(db.corrupt(damage)),
        None => Err(db.corrupt("SQLite cannot check it")),
    }
}

/// Brings a checked file to the current schema.
pub(super) fn upgrade(db: &Db) -> Result<(), StoreError> {
    apply(db, MIGRATIONS)
}

/// Makes the schema in a new database and marks it as ours.
pub(super) fn initialize(db: &Db) -> Result<(), StoreError> {
    db.set("application_id", APPLICATION_ID)?;
    apply(db, MIGRATIONS)
}

fn apply(db: &Db, migrations: &[&str]) -> Result<(), StoreError> {
    if db.pragma("user_version")? >= version(migrations) {
        return Ok(());
    }
    db.write_alone(|db| {
        // Read again: another process may have been faster.
        let done = usize::try_from(db.pragma("user_version")?)
            .map_err(|_| db.corrupt("its schema version is negative"))?;
        for migration in migrations.iter().skip(done) {
            db.batch(migration)?;
        }
        db.set("user_version", version(migrations))
    })
}

fn version(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).expect("a list of migrations is short")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Db {
        Db::open_in_memory(&uuid::Uuid::new_v4().to_string()).unwrap()
    }

    #[test]
    fn migrations_are_applied_once() {
        let db = database();
        initialize(&db).unwrap();
        upgrade(&db).unwrap();
        assert_eq!(check(&db).unwrap(), CURRENT);
    }

    #[test]
    fn a_later_migration_is_applied_to_what_is_there() {
        let db = database();
        let first = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)";
        apply(&db, &[first]).unwrap();
        apply(
            &db,
            &[first, "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 2"],
        )
        .unwrap();
        let rows = db.rows("SELECT x, y FROM a", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        assert_eq!(rows.unwrap(), [(1, 2)]);
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing() {
        let db = database();
        let first = "CREATE TABLE a (x INTEGER) STRICT";
        assert!(apply(&db, &[first, "INSERT INTO a VALUES ('no number')"]).is_err());
        assert_eq!(db.pragma("user_version").unwrap(), 0);
        assert!(db.batch("SELECT * FROM a").is_err());
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let db = database();
        initialize(&db).unwrap();
        db.set("user_version", CURRENT + 1).unwrap();
        let error = check(&db).unwrap_err();
        assert_eq!(
            error.problem(),
            Some(&FileProblem::Newer {
                found: CURRENT + 1,
                known: CURRENT
            })
        );
    }
}
