//! Runs, commits and the serial.

use syncform::journal::RunId;
use syncform::state::{Serial, StateChange};
use syncform::store::{RunEnd, SqliteStore, Store, StoreError};

use super::{Stack, TTL, applied, at, copy, datasource, elsewhere, intent, minted, object, put};

#[test]
fn a_run_is_read_back_as_it_was_written() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let run = store.begin(Serial(0), "the plan", at(1)).unwrap();
    store.append(run, &[intent(0)]).unwrap();
    let changes = [
        put("mysql_pub", 5),
        StateChange::NextGeneration(datasource("mysql_pub")),
    ];
    store.commit(run, &[applied(0, 5)], &changes).unwrap();

    // Not released: what a crash leaves.
    drop(store);
    let store = stack.store();
    let open = store.open_run().unwrap().unwrap();
    assert_eq!(
        (open.id, open.began, open.plan.as_str()),
        (run, at(1), "the plan")
    );
    assert_eq!(open.entries, [intent(0), applied(0, 5)]);
    let state = store.state().unwrap();
    assert_eq!(state.serial, Serial(2));
    assert_eq!(
        state.resources[&datasource("mysql_pub")].object,
        object("mysql_pub", 5)
    );
    assert_eq!(state.generations[&datasource("mysql_pub")], 1);

    let mut store = store.lease(&elsewhere("b"), at(61), TTL).unwrap();
    store
        .commit(run, &[], &[StateChange::Remove(datasource("mysql_pub"))])
        .unwrap();
    store.finish(run, RunEnd::Recovered, at(62)).unwrap();
    assert_eq!(store.open_run().unwrap(), None);
    let state = store.state().unwrap();
    assert!(state.resources.is_empty());
    // A second life must not replay the first one's tokens.
    assert_eq!(state.generations[&datasource("mysql_pub")], 1);
    let runs = store.store().runs().unwrap();
    assert_eq!(runs[0].ended, Some((at(62), RunEnd::Recovered)));
    assert_eq!(runs[0].entries, 2);
}

#[test]
fn a_plan_begins_once() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let run = store.begin(Serial(0), "plan", at(1)).unwrap();
    assert!(matches!(
        store.begin(Serial(0), "plan", at(2)),
        Err(StoreError::RunOpen(open)) if open == run
    ));
    store.finish(run, RunEnd::Complete, at(3)).unwrap();
    assert!(matches!(
        store.begin(Serial(0), "plan", at(4)),
        Err(StoreError::Stale {
            base: Serial(0),
            found: Serial(1)
        })
    ));
    store.begin(Serial(1), "another", at(5)).unwrap();
}

#[test]
fn only_an_open_run_is_written_to() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let never = RunId(9);
    assert!(
        matches!(store.append(never, &[intent(0)]), Err(StoreError::RunNotOpen(run)) if run == never)
    );
    let run = store.begin(Serial(0), "plan", at(1)).unwrap();
    store.finish(run, RunEnd::Partial, at(2)).unwrap();
    let changes = [put("mysql_pub", 5)];
    assert!(matches!(
        store.commit(run, &[intent(0)], &changes),
        Err(StoreError::RunNotOpen(_))
    ));
    assert!(matches!(
        store.finish(run, RunEnd::Complete, at(3)),
        Err(StoreError::RunNotOpen(_))
    ));
    assert!(store.state().unwrap().resources.is_empty());
}

#[test]
fn a_copy_of_the_files_holds_every_commit_and_no_half() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let run = store.begin(Serial(0), "plan", at(1)).unwrap();
    for step in 0..5 {
        let label = format!("source_{step}");
        store.append(run, &[intent(step)]).unwrap();
        store
            .commit(run, &[applied(step, 1)], &[put(&label, 1)])
            .unwrap();

        let then = stack.directory().join(format!("{step}.db"));
        copy(&stack.file(), &then);
        let copied = SqliteStore::open(&then).unwrap();
        assert_eq!(copied.state().unwrap(), store.state().unwrap());
        assert_eq!(copied.open_run().unwrap(), store.open_run().unwrap());
    }
}

#[test]
fn a_cut_wal_loses_whole_commits() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let run = store.begin(Serial(0), "plan", at(1)).unwrap();
    for step in 0..4 {
        store
            .commit(
                run,
                &[intent(step), applied(step, 1)],
                &[put(&format!("s{step}"), 1)],
            )
            .unwrap();
    }
    let then = stack.directory().join("then.db");
    let wal = stack.directory().join("then.db-wal");
    copy(&stack.file(), &then);
    let whole = std::fs::read(&wal).unwrap();
    for cut in (0..whole.len()).step_by(997) {
        copy(&stack.file(), &then);
        std::fs::write(&wal, &whole[..cut]).unwrap();
        let store = SqliteStore::open(&then).unwrap();
        let entries = store.open_run().unwrap().map_or(0, |run| run.entries.len());
        assert_eq!(entries, 2 * store.state().unwrap().resources.len());
        drop(store);
    }
}

#[test]
fn old_runs_are_pruned_and_their_numbers_not_used_again() {
    let mut store = SqliteStore::in_memory("pruned", &minted("one"))
        .unwrap()
        .lease(&elsewhere("a"), at(0), TTL)
        .unwrap();
    for serial in 0..130 {
        let run = store.begin(Serial(serial), "plan", at(1)).unwrap();
        assert_eq!(run, RunId(i64::try_from(serial).unwrap() + 1));
        store.append(run, &[intent(0)]).unwrap();
        store.finish(run, RunEnd::Complete, at(2)).unwrap();
    }
    let runs = store.store().runs().unwrap();
    assert_eq!(runs.len(), 100);
    assert_eq!(runs[0].id, RunId(31));
    assert_eq!(store.store().journal(RunId(31)).unwrap(), [intent(0)]);
    assert!(store.store().journal(RunId(30)).unwrap().is_empty());
}

#[test]
fn what_was_seen_is_kept_beside_state() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let run = store.begin(Serial(0), "plan", at(1)).unwrap();
    store.commit(run, &[], &[put("mysql_pub", 5)]).unwrap();
    let before = store.state().unwrap();
    let seen = [
        (datasource("mysql_pub"), object("renamed", 5)),
        (datasource("unknown"), object("x", 6)),
    ];
    store.record_actual(&seen.into(), at(9)).unwrap();
    assert_eq!(store.state().unwrap(), before);
    let kept = |label| store.store().actual(&datasource(label)).unwrap();
    assert_eq!(kept("mysql_pub"), Some((object("renamed", 5), at(9))));
    assert_eq!(kept("unknown"), None);
}
