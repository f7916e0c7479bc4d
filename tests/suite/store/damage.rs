//! A damaged file is noticed or read as it was; nothing panics, nothing is made up.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use rusqlite::Connection;
use syncform::state::{Serial, State, StateChange};
use syncform::store::{FileProblem, OpenRun, SqliteStore, Store, StoreError};

use super::{Stack, applied, at, datasource, intent, problem, put};

/// A state with a little of everything, all of it in the main file.
fn filled() -> Stack {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let run = store.begin(Serial(0), "the plan", at(1)).unwrap();
    for step in 0..12 {
        let label = format!("source_{step}");
        store.append(run, &[intent(step)]).unwrap();
        let changes = [
            put(&label, step.into()),
            StateChange::NextGeneration(datasource(&label)),
        ];
        store
            .commit(run, &[applied(step, step.into())], &changes)
            .unwrap();
    }
    // The last connection to close takes the -wal file in.
    store.release().unwrap();
    stack
}

type Content = (State, Option<OpenRun>);

fn content(path: &Path) -> Result<Content, StoreError> {
    let store = SqliteStore::open_read_only(path)?;
    store.lock()?;
    for run in store.runs()? {
        store.journal(run.id)?;
    }
    Ok((store.state()?, store.open_run()?))
}

/// Tampers with a good file through SQLite.
fn check_tampered(sql: &str, words: &str) {
    let stack = filled();
    let connection = Connection::open(stack.file()).unwrap();
    connection
        .pragma_update(None, "foreign_keys", "OFF")
        .unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let error = content(&stack.file()).unwrap_err();
    assert!(
        matches!(problem(&error), FileProblem::Corrupt(_)),
        "{error}"
    );
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn damage_names_the_table_and_the_row() {
    check_tampered(
        r#"UPDATE resources SET tracked = '{"kind":"task"}' WHERE address = 'datasource.source_3'"#,
        "`datasource.source_3` in table resources is not what was written",
    );
    check_tampered(
        "UPDATE generations SET generation = 7 WHERE address = 'datasource.source_3'",
        "`datasource.source_3` in table generations",
    );
    check_tampered("UPDATE meta SET serial = 3", "table meta");
    check_tampered("DELETE FROM meta", "table meta is empty");
    check_tampered("UPDATE runs SET plan = 'another'", "run 1 in table runs");
    check_tampered(
        "DELETE FROM journal WHERE position = 3",
        "line 3 of run 1 in table journal is missing",
    );
    check_tampered(
        "UPDATE journal SET entry = '{}' WHERE position = 3",
        "line 3 of run 1 in table journal",
    );
    check_tampered("DELETE FROM runs", "table journal has lines of run 1");
    check_tampered(
        "UPDATE lock SET owner = 'x', host = 'h', pid = -1",
        "a row cannot be read",
    );
    check_tampered(
        "DROP TABLE generations",
        "its schema is not the one it claims",
    );
}

#[test]
fn a_lock_that_cannot_be_read_can_be_forced() {
    let stack = filled();
    let connection = Connection::open(stack.file()).unwrap();
    connection
        .execute_batch("UPDATE lock SET owner = 'x', pid = -1")
        .unwrap();
    drop(connection);
    let holder = super::elsewhere("b");
    assert!(stack.store().lease(&holder, at(0), super::TTL).is_err());
    stack
        .store()
        .force_lease(&holder, at(0), super::TTL)
        .unwrap()
        .release()
        .unwrap();
    assert_eq!(stack.store().lock().unwrap(), None);
}

/// Puts a damaged copy in place and compares what it says with the truth.
fn check_noticed(stack: &Stack, truth: &Content, bytes: &[u8]) {
    std::fs::write(stack.file(), bytes).unwrap();
    match content(&stack.file()) {
        Ok(read) => assert_eq!(&read, truth),
        Err(error) => assert!(error.problem().is_some(), "{error}"),
    }
    // To write is no more dangerous than to look.
    if let Ok(store) = SqliteStore::open(&stack.file())
        && let Ok(mut store) = store.force_lease(&super::elsewhere("b"), at(0), super::TTL)
    {
        let run = syncform::journal::RunId(1);
        let _result: Result<(), StoreError> = store.commit(run, &[intent(99)], &[put("more", 1)]);
    }
    for beside in ["default.db-wal", "default.db-shm"] {
        let _removed: std::io::Result<()> = std::fs::remove_file(stack.directory().join(beside));
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new_with_rng(
        ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    )
}

#[test]
fn flipped_bits_are_noticed_or_harmless() {
    let stack = filled();
    let truth = content(&stack.file()).unwrap();
    let good = std::fs::read(stack.file()).unwrap();
    let flips = prop::collection::vec((0..good.len(), 0..8_u32), 1..4);
    runner(300)
        .run(&flips, |flips| {
            let mut bytes = good.clone();
            for (at, bit) in flips {
                bytes[at] ^= 1 << bit;
            }
            check_noticed(&stack, &truth, &bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_truncated_file_is_noticed() {
    let stack = filled();
    let truth = content(&stack.file()).unwrap();
    let good = std::fs::read(stack.file()).unwrap();
    runner(60)
        .run(&(0..good.len()), |length| {
            check_noticed(&stack, &truth, &good[..length]);
            Ok(())
        })
        .unwrap();
}
