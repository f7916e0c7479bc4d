//! What is declared under another label and the same remote name, while its former address still has the object.

use crate::support::{Applied, Sandbox};

impl Applied {
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
    fn converges_with_nothing_twice(&self) {
        self.converges();
        self.knows_nothing_twice();
    }
}

#[test]
fn a_task_does_not_take_over_what_its_former_label_still_has() {
    for words in [
        ["--exclude", "task.events_to_kafka"],
        ["--target", "task.clicks"],
    ] {
        let applied = Applied::of(Sandbox::quickstart());
        applied.stack.edit(
            "tasks.toml",
            "[task.events_to_kafka]\n",
            "[task.clicks]\nname = \"events_to_kafka\"\n",
        );
        applied
            .run(&[&["apply", "--auto-approve"][..], &words].concat())
            .exits(0);
        applied.knows_nothing_twice();
        applied.converges_with_nothing_twice();
    }
}

#[test]
fn a_task_does_not_take_over_what_another_one_is_to_give_up_by_a_new_name() {
    let applied = Applied::of(Sandbox::quickstart());
    let block = applied.stack.cut_task("events_to_kafka");
    let taking = block.replace(
        "[task.events_to_kafka]\n",
        "[task.clicks]\nname = \"events_to_kafka\"\n",
    );
    let giving = block.replace(
        "[task.events_to_kafka]\n",
        "[task.events_to_kafka]\nname = \"another_name\"\n",
    );
    applied.stack.write("more.toml", &(taking + &giving));
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
    // One that is in use cannot be deleted.
    stack.cut_task("orders_to_holo");
    let applied = Applied::of(stack);
    applied
        .stack
        .edit("datasources.toml", "datasource.holo_bi", "datasource.holo");
    applied.stack.edit(
        "datasources.toml",
        "type = \"holo\"\n",
        "type = \"holo\"\nname = \"holo_bi\"\n",
    );
    applied.converges_with_nothing_twice();
}
