//! What is declared under another label and the same remote name, while its former address still has the object.

use crate::support::{Emulator, Output, Sandbox};

/// A stack that was applied to an emulator.
struct Applied {
    stack: Sandbox,
    emulator: Emulator,
}

impl Applied {
    fn new(stack: Sandbox) -> Self {
        let mut stack = stack;
        let emulator = Emulator::of(&mut stack);
        let applied = Self { stack, emulator };
        applied.run(&["apply", "--auto-approve"]).exits(0);
        applied
    }

    fn run(&self, words: &[&str]) -> Output {
        let url = self.emulator.url();
        self.stack.run(&[&["--endpoint", &url], words].concat())
    }

    /// No two addresses have one object.
    #[track_caller]
    fn knows_nothing_twice(&self) {
        let listed = self.run(&["state", "list", "--json"]).exits(0);
        let rows: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
        let rows = rows.as_array().unwrap().iter();
        let mut ids: Vec<_> = rows
            .map(|row| format!("{} {}", row["kind"], row["id"]))
            .collect();
        ids.sort();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{listed}");
    }

    #[track_caller]
    fn converges(&self) {
        self.run(&["apply", "--auto-approve"]).exits(0);
        self.run(&["plan", "--detailed-exitcode"]).exits(0);
        self.knows_nothing_twice();
    }
}

#[test]
fn a_task_does_not_take_over_what_its_former_label_still_has() {
    for words in [
        ["--exclude", "task.events_to_kafka"],
        ["--target", "task.clicks"],
    ] {
        let applied = Applied::new(Sandbox::quickstart());
        applied.stack.edit(
            "tasks.toml",
            "[task.events_to_kafka]\n",
            "[task.clicks]\nname = \"events_to_kafka\"\n",
        );
        applied
            .run(&[&["apply", "--auto-approve"][..], &words].concat())
            .exits(0);
        applied.knows_nothing_twice();
        applied.converges();
    }
}

#[test]
fn a_task_does_not_take_over_what_another_one_is_to_give_up_by_a_new_name() {
    let applied = Applied::new(Sandbox::quickstart());
    let text = applied.stack.read("tasks.toml");
    let start = text.find("[task.events_to_kafka]\n").unwrap();
    let end = start + text[start..].find("\n[task.").unwrap();
    let block = text[start..end].replace(
        "[task.events_to_kafka]\n",
        "[task.clicks]\nname = \"events_to_kafka\"\n",
    );
    applied.stack.write("more.toml", &block);
    applied.stack.edit(
        "tasks.toml",
        "[task.events_to_kafka]\n",
        "[task.events_to_kafka]\nname = \"another_name\"\n",
    );
    applied
        .run(&[
            "apply",
            "--auto-approve",
            "--exclude",
            "task.events_to_kafka",
        ])
        .exits(0);
    applied.knows_nothing_twice();
    applied
        .run(&["apply", "--auto-approve", "--target", "task.clicks"])
        .exits(3);
    applied.knows_nothing_twice();
}

#[test]
fn a_data_source_with_another_label_takes_one_apply() {
    let stack = Sandbox::quickstart();
    let tasks = stack.read("tasks.toml");
    // One that is in use cannot be deleted.
    let start = tasks.find("[task.orders_to_holo]\n").unwrap();
    let end = start + tasks[start..].find("\n[task.").unwrap();
    stack.write(
        "tasks.toml",
        &format!("{}{}", &tasks[..start], &tasks[end..]),
    );
    let applied = Applied::new(stack);
    applied
        .stack
        .edit("datasources.toml", "datasource.holo_bi", "datasource.holo");
    applied.stack.edit(
        "datasources.toml",
        "type = \"holo\"\n",
        "type = \"holo\"\nname = \"holo_bi\"\n",
    );
    applied.converges();
}
