//! Files that are not what was written: it is said which, what is wrong with it and what to do; nothing is written to it.

use rusqlite::Connection;
use syncform::plan;

use crate::support::Sandbox;

const STATE: &str = ".syncform/default.db";

/// A stack that was applied, on the embedded endpoint.
fn applied() -> Sandbox {
    let stack = Sandbox::quickstart();
    stack.run(&["apply", "--auto-approve"]).exits(0);
    stack
}

fn bytes(stack: &Sandbox, path: &str) -> Vec<u8> {
    std::fs::read(stack.path().join(path)).unwrap()
}

fn put(stack: &Sandbox, path: &str, content: &[u8]) {
    std::fs::write(stack.path().join(path), content).unwrap();
}

/// What SQLite can write and syncform would not.
fn tamper(stack: &Sandbox, sql: &str) {
    let file = Connection::open(stack.path().join(STATE)).unwrap();
    file.execute_batch(sql).unwrap();
}

/// How a state is damaged, and what is said of it.
type Damage<'d> = (&'d dyn Fn(&Sandbox), &'d [&'d str]);

#[test]
fn a_damaged_state_is_named_and_left_alone() {
    let stack = applied();
    let good = bytes(&stack, STATE);
    let damages: [Damage<'_>; 6] = [
        (
            &|stack| put(stack, STATE, &good[..good.len() / 2]),
            &["is damaged", "put a good copy in its place"],
        ),
        (
            &|stack| put(stack, STATE, b""),
            &["is damaged: it is empty", "adopts them"],
        ),
        (
            &|stack| put(stack, STATE, &b"# notes\n".repeat(200)),
            &["was not made by syncform", "`--state`"],
        ),
        (
            &|stack| tamper(stack, "PRAGMA user_version = 99"),
            &[
                "newer syncform: its schema is 99",
                "use the syncform that wrote it",
            ],
        ),
        (
            &|stack| {
                tamper(
                    stack,
                    "UPDATE resources SET tracked = replace(tracked, 'holo', 'hole')",
                )
            },
            &[
                "in table resources is not what was written",
                "put a good copy",
            ],
        ),
        (
            &|stack| tamper(stack, "UPDATE meta SET serial = serial + 1"),
            &["is damaged", "table meta"],
        ),
    ];
    for (damage, words) in damages {
        damage(&stack);
        let damaged = bytes(&stack, STATE);
        for command in [
            &["state", "list"][..],
            &["state", "show", "task.orders_to_odps"],
            &["show"],
            &["plan", "--offline"],
            &["plan"],
            &["apply", "--auto-approve"],
            &["destroy", "--auto-approve"],
        ] {
            let refused = stack.run(command).exits(1);
            refused.says(&[&[STATE], words].concat());
            // Not compared by a macro that would print both.
            assert!(bytes(&stack, STATE) == damaged, "{command:?} wrote to it");
        }
        // As the hint says.
        for beside in [STATE.to_owned() + "-wal", STATE.to_owned() + "-shm"] {
            std::fs::remove_file(stack.path().join(beside)).ok();
        }
        put(&stack, STATE, &good);
        stack.run(&["plan", "--detailed-exitcode"]).exits(0);
    }
}

#[test]
fn what_damage_left_whole_can_still_be_read() {
    let stack = applied();
    tamper(
        &stack,
        "UPDATE resources SET tracked = '{}' WHERE address = 'task.orders_to_odps'",
    );
    stack
        .run(&["state", "list"])
        .exits(1)
        .says(&["`task.orders_to_odps` in table resources"]);
    let journal = stack.run(&["state", "journal"]).exits(0);
    assert!(journal.stdout.contains("done, task "), "{journal}");
    stack.run(&["unlock"]).exits(0);
}

#[test]
fn a_state_of_somebody_else_is_not_used() {
    // Only root can give a file away; the rule itself is tested beside the code.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let stack = applied();
    std::os::unix::fs::chown(stack.path().join(STATE), Some(65_534), None).unwrap();
    for command in [
        &["state", "list"][..],
        &["plan"],
        &["apply", "--auto-approve"],
    ] {
        let refused = stack.run(command).exits(1);
        refused.says(&[STATE, "belongs to another user (uid 65534)", "chown"]);
    }
}

#[test]
fn a_world_that_is_damaged_is_named_beside_the_state_that_belongs_to_it() {
    let stack = applied();
    let world = ".syncform/default.emulator.db";
    let good = bytes(&stack, world);
    put(&stack, world, &good[..good.len() / 2]);
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let refused = stack.run(command).exits(1);
        refused.says(&[
            "the embedded endpoint cannot be started from",
            world,
            "put a good copy",
            STATE,
        ]);
    }
    stack.run(&["state", "list"]).exits(0);
    put(&stack, world, &good);
    stack.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_damaged_plan_is_read_as_it_was_or_not_at_all() {
    let stack = Sandbox::quickstart();
    stack.run(&["plan", "--out", "saved.plan"]).exits(0);
    let good = bytes(&stack, "saved.plan");
    let truth = plan::file::read(std::str::from_utf8(&good).unwrap()).unwrap();
    for (at, bit) in (0..good.len()).step_by(97).zip((0..7).cycle()) {
        let mut flipped = good.clone();
        flipped[at] ^= 1 << bit;
        let read = plan::file::read(std::str::from_utf8(&flipped).unwrap());
        assert!(
            read.is_err() || read.unwrap() == truth,
            "byte {at}, bit {bit}"
        );
    }
    for length in (0..good.len() - 1).step_by(997) {
        assert!(plan::file::read(std::str::from_utf8(&good[..length]).unwrap()).is_err());
    }

    let mut no_text = good.clone();
    no_text[good.len() / 2] ^= 0x80;
    for damaged in [&good[..good.len() - 9], &no_text, b""] {
        put(&stack, "saved.plan", damaged);
        for command in [&["apply", "saved.plan"][..], &["show", "saved.plan"]] {
            let refused = stack.run(command).exits(1);
            refused.says(&["saved.plan cannot be", "hint:"]);
            assert!(refused.stderr.contains("damaged"), "{refused}");
        }
    }
    put(&stack, "saved.plan", &good);
    stack.run(&["apply", "saved.plan"]).exits(0);
}
