//! One state, more than one who would write it: who has to wait is told for whom, and who lost the lock while it stood still
//! sends and writes nothing more.

use std::collections::BTreeSet;

use rusqlite::{Connection, TransactionBehavior};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Background, Emulator, Output, Sandbox};

/// A stack, the emulator that it is applied to, and the flags that say so.
struct Host {
    stack: Sandbox,
    url: String,
    state: String,
}

impl Host {
    fn flags<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let global = ["--endpoint", &self.url, "--state", &self.state];
        [&global, words].concat()
    }

    fn run(&self, words: &[&str]) -> Output {
        self.stack.run(&self.flags(words))
    }

    fn start(&self, words: &[&str]) -> Background {
        Background::start(&self.stack, &self.flags(words))
    }
}

const APPLY: &[&str] = &["apply", "--auto-approve"];

/// Nothing overlaps, so that a call which is held up holds up the run.
const ONE_BY_ONE: &[&str] = &["apply", "--auto-approve", "--parallelism", "1"];

/// Two checkouts of one stack, each with a directory of its own, and one state file for both.
fn two_hosts() -> (TempDir, Emulator, [Host; 2]) {
    let shared = tempfile::tempdir().unwrap();
    let state = shared.path().join("shared.db").display().to_string();
    let mut stacks = [Sandbox::quickstart(), Sandbox::quickstart()];
    let [first, second] = &mut stacks;
    let emulator = Emulator::of(first);
    second.take_variables_of(first);
    let hosts = stacks.map(|stack| Host {
        stack,
        url: emulator.url(),
        state: state.clone(),
    });
    (shared, emulator, hosts)
}

/// The world is whole, and the shared state knows it.
#[track_caller]
fn check_whole(emulator: &Emulator, host: &Host) {
    host.run(&["plan", "--detailed-exitcode"]).exits(0);
    emulator.holds_quickstart();
}

#[test]
fn of_two_applies_one_is_told_whom_it_waits_for() {
    let (_shared, emulator, [first, second]) = two_hosts();
    emulator.hold_up("CreateDISyncTask", 1, 3_600_000);
    let mut at_work = first.start(APPLY);
    at_work.until(|| emulator.calls_of("CreateDISyncTask") > 0);

    let holder = format!("`syncform apply` (process {} on ", at_work.id());
    let refused = second.run(APPLY).exits(5);
    refused.says(&[
        "the state is locked by",
        &holder,
        "wait until it is done",
        "`syncform unlock --force`",
    ]);
    assert!(second.run(&["unlock"]).exits(5).stdout.contains(&holder));
    // Who only looks waits for nobody, and is told that it may be about to change.
    let plan = second.run(&["plan"]).exits(0);
    assert!(plan.stderr.contains("may be stale soon"), "{plan}");
    assert!(plan.stderr.contains(&holder), "{plan}");
    let saved = second.run(&["state", "list"]).exits(0);
    assert!(saved.stdout.contains("task.orders_to_odps"), "{saved}");

    // The second signal ends it with a call on its way; whoever comes next finds a lock without a holder.
    at_work.signal(Signal::TERM);
    at_work.until_it_says("Interrupted");
    at_work.signal(Signal::TERM);
    at_work.ends().exits(6);
    second.run(APPLY).exits(0);
    check_whole(&emulator, &first);
}

/// Ways in which a lock gets away from a holder that stands still.
#[derive(Debug, Clone, Copy)]
enum TakenBy {
    /// `unlock --force`.
    Force,
    /// The next apply, once the lease has run out.
    Time,
}

impl TakenBy {
    fn happens(self, host: &Host) {
        match self {
            Self::Force => {
                host.run(&["unlock", "--force"]).exits(0);
            }
            // A minute later, without waiting for it.
            Self::Time => {
                let file = Connection::open(&host.state).unwrap();
                let past = "UPDATE lock SET expires = '2020-01-01T00:00:00Z'";
                assert_eq!(file.execute(past, ()).unwrap(), 1);
            }
        }
    }
}

#[test]
fn a_frozen_holder_finds_its_lock_taken() {
    for taken_by in [TakenBy::Force, TakenBy::Time] {
        let (_shared, emulator, [first, second]) = two_hosts();
        // Its effect is there at once and its answer a moment later: when the process wakes, it has an outcome to write.
        emulator.hold_up("CreateDISyncTask", 1, 1_000);
        let mut frozen = first.start(ONE_BY_ONE);
        frozen.until(|| emulator.calls_of("CreateDISyncTask") > 0);
        frozen.signal(Signal::STOP);
        // It may live, as far as anybody can tell.
        second.run(APPLY).exits(5);
        taken_by.happens(&second);
        let taken = second.run(APPLY).exits(0);
        assert!(
            taken.stderr.contains("An earlier apply did not finish"),
            "{taken}"
        );
        let calls = emulator.calls();

        frozen.signal(Signal::CONT);
        let woken = frozen.ends().exits(5);
        woken.says(&[
            "because it no longer has the lock",
            "the lock was taken over by another command, which has given it back since",
            "nothing more was sent",
        ]);
        assert_eq!(emulator.calls(), calls, "{taken_by:?}: it sent a call");
        check_whole(&emulator, &second);
    }
}

#[test]
fn a_holder_that_wakes_while_the_taker_is_at_work_disturbs_nothing() {
    let (_shared, emulator, [first, second]) = two_hosts();
    emulator.hold_up("CreateDISyncTask", 1, 1_000);
    let mut frozen = first.start(ONE_BY_ONE);
    frozen.until(|| emulator.calls_of("CreateDISyncTask") > 0);
    frozen.signal(Signal::STOP);
    second.run(&["unlock", "--force"]).exits(0);
    let before = emulator.calls_of("DeployDISyncTask");
    emulator.hold_up("DeployDISyncTask", 1, 2_000);
    let mut taker = second.start(ONE_BY_ONE);
    taker.until(|| emulator.calls_of("DeployDISyncTask") > before);

    frozen.signal(Signal::CONT);
    let woken = frozen.ends().exits(5);
    let by = format!(
        "the lock was taken over by `syncform apply` (process {} on ",
        taker.id()
    );
    assert!(woken.stderr.contains(&by), "no {by:?} in {woken}");
    taker.ends().exits(0);
    check_whole(&emulator, &second);
}

#[test]
fn calls_that_waited_for_their_turn_while_the_lock_was_lost_are_not_sent() {
    let (_shared, emulator, [first, second]) = two_hosts();
    // A turn each 200 ms: the first of four changes is sent, the others were decided upon and wait. No answer comes while it
    // is stopped, so that it does not stand still in the middle of a commit.
    first.stack.edit("syncform.toml", "qps = 200", "qps = 5");
    let slow = |operation| json!({ "operation": operation, "nth": 1, "fault": { "kind": "delay", "ms": 1_000 } });
    emulator.arm(&json!([
        slow("CreateDataSource"),
        slow("GenerateDISyncTaskConfigForCreating")
    ]));
    let mut frozen = first.start(APPLY);
    frozen.until(|| emulator.calls().1 > 0);
    frozen.signal(Signal::STOP);
    second.run(&["unlock", "--force"]).exits(0);
    second.run(APPLY).exits(0);
    let calls = emulator.calls();

    frozen.signal(Signal::CONT);
    let woken = frozen.ends().exits(5);
    assert!(
        woken.stderr.contains("it no longer has the lock"),
        "{woken}"
    );
    assert_eq!(emulator.calls(), calls, "it sent a call");
    check_whole(&emulator, &second);
}

#[test]
fn a_holder_that_stands_still_in_the_middle_of_a_write_is_named() {
    let (_shared, emulator, [first, second]) = two_hosts();
    emulator.hold_up("CreateDISyncTask", 1, 3_600_000);
    let mut at_work = first.start(ONE_BY_ONE);
    at_work.until(|| emulator.calls_of("CreateDISyncTask") > 0);
    // What SQLite locks for one write, nobody can take over while the writer exists.
    let mut file = Connection::open(&first.state).unwrap();
    let write = file
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let refused = second.run(&["unlock", "--force"]).exits(5);
    refused.says(&[
        "is kept busy by another process",
        "`syncform unlock` shows which one it is",
    ]);
    let holder = second.run(&["unlock"]).exits(5);
    let process = format!("(process {} on ", at_work.id());
    assert!(holder.stdout.contains(&process), "{holder}");
    drop(write);
    second.run(&["unlock", "--force"]).exits(0);
}

#[test]
fn two_states_that_know_nothing_of_each_other_make_nothing_twice() {
    let mut stacks = [Sandbox::example("shop-lake"), Sandbox::example("shop-lake")];
    let [first, second] = &mut stacks;
    let emulator = Emulator::of(first);
    second.take_variables_of(first);
    let url = emulator.url();
    let apply = ["--endpoint", &url, "apply", "--auto-approve"];
    let both = stacks
        .each_ref()
        .map(|stack| Background::start(stack, &apply));
    for running in both {
        running.ends();
    }
    let tasks = emulator.tasks();
    let names: BTreeSet<_> = tasks.iter().map(|(name, _)| name).collect();
    assert_eq!((tasks.len(), names.len()), (30, 30), "{tasks:?}");
    // Whom the other one overtook may have to look again at what it has now.
    for stack in &stacks {
        stack.run(&apply).exits(0);
        stack
            .run(&["--endpoint", &url, "plan", "--detailed-exitcode"])
            .exits(0);
    }
    assert_eq!(emulator.tasks().len(), 30);
}
