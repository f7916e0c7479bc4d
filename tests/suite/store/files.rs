//! The state file among other files: how it is made, who may read it, what is refused.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use syncform::secret::{FingerprintKey, Secret};
use syncform::state::{Lineage, Serial};
use syncform::store::{FileProblem, SqliteStore, Store};

use super::{Stack, TTL, at, elsewhere, minted, problem, put};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Opening it, in each way, is refused with this problem, and the file stays as it is.
fn check_refused(path: &Path, expected: &FileProblem) {
    let before = path.is_file().then(|| std::fs::read(path).unwrap());
    let opened = [
        SqliteStore::open(path),
        SqliteStore::open_or_create(path, &minted("other")),
        SqliteStore::open_read_only(path),
    ];
    for opened in opened {
        let error = opened.unwrap_err();
        assert_eq!(problem(&error), expected);
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
        assert!(error.hint().is_some());
    }
    assert_eq!(before, path.is_file().then(|| std::fs::read(path).unwrap()));
}

#[test]
fn only_the_owner_can_read_it() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    store.begin(Serial(0), "plan", at(1)).unwrap();
    assert_eq!(mode(&stack.directory()), 0o700);
    for entry in std::fs::read_dir(stack.directory()).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    // The database with its -wal and -shm; no draft is left over.
    assert_eq!(std::fs::read_dir(stack.directory()).unwrap().count(), 3);
}

#[test]
fn a_state_keeps_the_identity_that_it_was_made_with() {
    let stack = Stack::new();
    drop(stack.store());
    let store = SqliteStore::open_or_create(&stack.file(), &minted("two")).unwrap();
    assert_eq!(store.state().unwrap().lineage, Lineage("one".to_owned()));
    assert_eq!(store.stack().unwrap(), "shop-lake");
    assert!(store.fingerprint_key().unwrap() == FingerprintKey::new(vec![7; 32]));
}

#[test]
fn all_who_make_it_at_once_have_the_same() {
    let stack = Stack::new();
    let lineages: Vec<Lineage> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8)
            .map(|maker| {
                let stack = &stack;
                scope.spawn(move || {
                    let minted = minted(&format!("lineage-{maker}"));
                    let store = SqliteStore::open_or_create(&stack.file(), &minted).unwrap();
                    store.state().unwrap().lineage
                })
            })
            .collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect()
    });
    assert!(
        lineages.iter().all(|lineage| *lineage == lineages[0]),
        "{lineages:?}"
    );
}

#[test]
fn what_is_missing_is_told_apart() {
    let stack = Stack::new();
    let error = SqliteStore::open(&stack.file()).unwrap_err();
    assert_eq!(problem(&error), &FileProblem::Missing);
    assert!(!stack.directory().exists());
    let nowhere = stack.directory().join("deeper").join("default.db");
    let error = SqliteStore::open_or_create(&nowhere, &minted("one")).unwrap_err();
    assert_eq!(problem(&error), &FileProblem::NoDirectory);
}

#[test]
fn other_things_in_its_place_are_refused_and_left_alone() {
    let stack = Stack::new();
    drop(stack.store());
    let path = |name: &str| stack.directory().join(name);
    let write = |name: &str, content: &[u8]| {
        let path = path(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    };
    check_refused(
        &write("text.db", "no database at all, ".repeat(99).as_bytes()),
        &FileProblem::NotAState("it is not a database"),
    );
    check_refused(
        &write("empty.db", b""),
        &FileProblem::Corrupt("it is empty".to_owned()),
    );
    std::fs::create_dir(path("directory.db")).unwrap();
    check_refused(
        &path("directory.db"),
        &FileProblem::NotAState("it is a directory"),
    );

    let foreign = write("foreign.db", b"");
    let connection = Connection::open(&foreign).unwrap();
    connection
        .execute_batch("CREATE TABLE songs (name TEXT); PRAGMA user_version = 1")
        .unwrap();
    drop(connection);
    check_refused(
        &foreign,
        &FileProblem::NotAState("it is a database of another program"),
    );
}

#[test]
fn a_newer_schema_is_refused() {
    let stack = Stack::new();
    drop(stack.store());
    let connection = Connection::open(stack.file()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    check_refused(
        &stack.file(),
        &FileProblem::Newer {
            found: 99,
            known: 1,
        },
    );
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let stack = Stack::new();
    drop(stack.store());
    std::fs::set_permissions(stack.file(), Permissions::from_mode(0o644)).unwrap();
    check_refused(&stack.file(), &FileProblem::Exposed(0o644));
}

#[test]
fn any_path_will_do() {
    let stack = Stack::new();
    drop(stack.store());
    let odd = stack.directory().join("a?b#c%41 ü'.db");
    SqliteStore::open_or_create(&odd, &minted("one")).unwrap();
    assert!(odd.exists());
    SqliteStore::open_read_only(&odd).unwrap().state().unwrap();
}

#[test]
fn looking_works_while_another_writes() {
    let stack = Stack::new();
    let mut writer = stack.leased("a");
    let reader = SqliteStore::open_read_only(&stack.file()).unwrap();
    assert!(reader.state().unwrap().resources.is_empty());
    let run = writer.begin(Serial(0), "plan", at(1)).unwrap();
    writer.commit(run, &[], &[put("mysql_pub", 5)]).unwrap();
    assert_eq!(reader.state().unwrap(), writer.state().unwrap());
    assert_eq!(reader.lock().unwrap().unwrap().holder, elsewhere("a"));
    let error = reader.lease(&elsewhere("b"), at(99), TTL).unwrap_err();
    assert_eq!(problem(&error), &FileProblem::ReadOnly);
}

#[test]
fn a_file_that_vanishes_takes_no_write_with_it() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let run = store.begin(Serial(0), "plan", at(1)).unwrap();
    std::fs::rename(stack.directory(), stack.0.path().join("moved")).unwrap();
    for error in [
        store.still_mine(at(2)).unwrap_err(),
        store.commit(run, &[], &[put("mysql_pub", 5)]).unwrap_err(),
    ] {
        assert_eq!(problem(&error), &FileProblem::Replaced);
    }
    std::fs::rename(stack.0.path().join("moved"), stack.directory()).unwrap();
    store.commit(run, &[], &[put("mysql_pub", 5)]).unwrap();
}

#[test]
fn a_secret_is_kept_as_a_fingerprint_only() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let key = store.fingerprint_key().unwrap();
    let fingerprint = Secret::new("hunter2-hunter2".to_owned()).fingerprint(&key);
    let mut change = put("mysql_pub", 5);
    if let syncform::state::StateChange::Put(_, tracked) = &mut change
        && let syncform::state::Object::Datasource(object) = &mut tracked.object
    {
        object
            .spec
            .fingerprints
            .insert("password".to_owned(), fingerprint);
    }
    let run = store.begin(Serial(0), "plan", at(1)).unwrap();
    store.commit(run, &[], &[change]).unwrap();
    for entry in std::fs::read_dir(stack.directory()).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!content.windows(7).any(|window| window == b"hunter2"));
    }
}
