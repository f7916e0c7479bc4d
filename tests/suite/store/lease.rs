//! The lock: one writer, whatever sleeps, dies or disagrees about the time.

use std::process::{Command, Stdio};

use jiff::Timestamp;
use syncform::state::Serial;
use syncform::store::{Fence, Holder, Process, RunEnd, SqliteStore, Standing, Store, StoreError};

use super::{Stack, TTL, at, elsewhere, intent, minted, put};

fn lost_to(result: Result<(), StoreError>) -> Option<String> {
    match result {
        Err(StoreError::LeaseLost { by }) => by.map(|lock| lock.holder.owner),
        other => panic!("the lease is not lost: {other:?}"),
    }
}

#[test]
fn one_of_two_writers_gets_the_lock() {
    let stack = Stack::new();
    let first = stack.leased("a");
    let Err(StoreError::Locked(lock)) = stack.store().lease(&elsewhere("b"), at(59), TTL) else {
        panic!("both have it");
    };
    assert_eq!(lock.holder, elsewhere("a"));
    assert_eq!((lock.acquired, lock.expires), (at(0), at(60)));

    let store = first.release().unwrap();
    assert_eq!(store.lock().unwrap(), None);
    let second = stack.store().lease(&elsewhere("b"), at(59), TTL).unwrap();
    assert_eq!(second.fence(), Fence(2));
}

#[test]
fn threads_that_race_for_the_lock_never_share_it() {
    let stack = Stack::new();
    drop(stack.store());
    let won: Vec<Fence> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|racer| {
                let stack = &stack;
                scope.spawn(move || {
                    let holder = elsewhere(&format!("racer-{racer}"));
                    let leased =
                        SqliteStore::open(&stack.file())
                            .unwrap()
                            .lease(&holder, at(0), TTL);
                    leased.ok().map(|store| store.fence())
                })
            })
            .collect();
        racers
            .into_iter()
            .filter_map(|racer| racer.join().unwrap())
            .collect()
    });
    assert_eq!(won, [Fence(1)]);
}

#[test]
fn a_sleeper_finds_every_write_refused_after_a_take_over() {
    let stack = Stack::new();
    let mut sleeper = stack.leased("sleeper");
    let run = sleeper.begin(Serial(0), "plan", at(1)).unwrap();
    let awake = stack
        .store()
        .lease(&elsewhere("awake"), at(60), TTL)
        .unwrap();

    let before = awake.state().unwrap();
    let by_awake = Some("awake".to_owned());
    // Even with a clock that stood still while it slept.
    assert_eq!(lost_to(sleeper.still_mine(at(1))), by_awake);
    assert_eq!(lost_to(sleeper.heartbeat(at(1))), by_awake);
    assert_eq!(lost_to(sleeper.append(run, &[intent(0)])), by_awake);
    assert_eq!(
        lost_to(sleeper.commit(run, &[intent(0)], &[put("mysql_pub", 5)])),
        by_awake
    );
    assert_eq!(
        lost_to(sleeper.finish(run, RunEnd::Complete, at(1))),
        by_awake
    );
    assert_eq!(
        lost_to(sleeper.begin(Serial(1), "plan", at(1)).map(drop)),
        by_awake
    );
    assert_eq!(lost_to(sleeper.record_actual(&[].into(), at(1))), by_awake);
    assert_eq!(lost_to(sleeper.release().map(drop)), by_awake);
    assert_eq!(awake.state().unwrap(), before);
    assert!(awake.open_run().unwrap().unwrap().entries.is_empty());
    awake.still_mine(at(61)).unwrap();
}

#[test]
fn the_same_owner_does_not_get_a_lost_lease_back_by_its_name() {
    let stack = Stack::new();
    let mut first = stack.leased("a");
    let second = stack.store().lease(&elsewhere("a"), at(60), TTL).unwrap();
    assert!(matches!(
        first.heartbeat(at(61)),
        Err(StoreError::LeaseLost { .. })
    ));
    second.still_mine(at(61)).unwrap();
}

#[test]
fn a_lease_that_ran_out_sends_nothing_until_it_is_renewed() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    store.still_mine(at(59)).unwrap();
    assert!(
        matches!(store.still_mine(at(60)), Err(StoreError::LeaseExpired { at: end }) if end == at(60))
    );
    store.heartbeat(at(70)).unwrap();
    store.still_mine(at(129)).unwrap();
    assert!(matches!(
        stack.store().lease(&elsewhere("b"), at(129), TTL),
        Err(StoreError::Locked(_))
    ));
}

#[test]
fn a_clock_that_jumps_back_and_forth_costs_no_live_holder_its_lease() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    store.heartbeat(at(-3600)).unwrap();
    let lock = store.store().lock().unwrap().unwrap();
    assert_eq!((lock.heartbeat, lock.expires), (at(-3600), at(60)));
    assert!(matches!(
        stack.store().lease(&elsewhere("b"), at(30), TTL),
        Err(StoreError::Locked(_))
    ));
    // Times at the end of the calendar are no reason to fail.
    store.heartbeat(Timestamp::MAX).unwrap();
}

#[test]
fn a_released_or_unlocked_lease_is_lost_to_nobody() {
    let stack = Stack::new();
    let mut store = stack.leased("a");
    let forced = stack
        .store()
        .force_lease(&elsewhere("b"), at(1), TTL)
        .unwrap();
    assert_eq!(forced.fence(), Fence(2));
    forced.release().unwrap();
    assert_eq!(lost_to(store.heartbeat(at(2))), None);
}

#[test]
fn a_dead_process_holds_nothing() {
    let mut child = Command::new("sleep")
        .arg("60")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let started = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_ascii_whitespace()
        .nth(19)
        .unwrap();
    let holder = Holder {
        owner: "child".to_owned(),
        process: Process {
            pid: child.id(),
            started: Some(started.parse().unwrap()),
            ..Process::current()
        },
        command: "syncform apply".to_owned(),
    };
    let stack = Stack::new();
    drop(stack.store().lease(&holder, at(0), TTL).unwrap());
    assert!(matches!(
        stack.store().lease(&elsewhere("b"), at(1), TTL),
        Err(StoreError::Locked(_))
    ));
    child.kill().unwrap();
    // Between its death and the moment its parent hears of it, the process is still listed.
    while stack.store().lock().unwrap().unwrap().standing(at(1)) != Standing::Gone {
        std::thread::yield_now();
    }
    child.wait().unwrap();
    let taken = stack.store().lease(&elsewhere("b"), at(1), TTL).unwrap();
    assert_eq!(taken.fence(), Fence(2));
}

#[test]
fn this_process_does_not_rob_itself() {
    let store = || SqliteStore::in_memory("rob", &minted("one")).unwrap();
    let first = store()
        .lease(&Holder::current("syncform apply"), at(0), TTL)
        .unwrap();
    let second = store().lease(&Holder::current("syncform apply"), at(1), TTL);
    assert!(matches!(second, Err(StoreError::Locked(_))));
    drop(first);
}

#[test]
fn a_watch_sees_at_once_that_the_lock_is_not_ours_any_more() {
    let stack = Stack::new();
    let store = stack.leased("a");
    let watch = store.watch().unwrap();
    watch.still_held().unwrap();
    let moved = stack.0.path().join("moved");
    std::fs::rename(stack.directory(), &moved).unwrap();
    assert!(watch.still_held().unwrap_err().problem().is_some());
    std::fs::rename(&moved, stack.directory()).unwrap();
    watch.still_held().unwrap();
    let taken = stack
        .store()
        .force_lease(&elsewhere("b"), at(1), TTL)
        .unwrap();
    assert_eq!(lost_to(watch.still_held()).as_deref(), Some("b"));
    taken.release().unwrap();
    assert_eq!(lost_to(watch.still_held()), None);
}
