//! Lists of more than one page: the service lists data sources by a part of their name, so that one may be behind many others.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Emulator, Output, Sandbox};

/// More than a page.
const OTHERS: usize = 150;

/// A stack with one data source, whose name is a part of many others'.
struct Crowded {
    stack: Sandbox,
    emulator: Emulator,
}

impl Crowded {
    fn new() -> Self {
        let mut stack = Sandbox::quickstart();
        let mut seed = stack.read("emulator.toml");
        for i in 0..OTHERS {
            write!(
                seed,
                r#"
[[datasource]]
project_id = 10000
name = "holo_bi_{i}"
type = "mysql"
env = "prod"
content = {{ instanceName = "rm-shop", database = "shop", username = "sync" }}
"#
            )
            .unwrap();
        }
        stack.write("emulator.toml", &seed);
        let emulator = Emulator::of(&mut stack);
        Self { stack, emulator }
    }

    fn run(&self, words: &[&str]) -> Output {
        let url = self.emulator.url();
        let target = ["--target", "datasource.holo_bi"];
        self.stack
            .run(&[&["--endpoint", &url], words, &target].concat())
    }

    fn is_there(&self) -> bool {
        let state = self.emulator.state();
        let rows = state["datasources"].as_array().unwrap();
        rows.iter().any(|row| row["name"] == "holo_bi")
    }
}

#[test]
fn a_data_source_behind_many_others_is_made_and_deleted() {
    let crowded = Crowded::new();
    crowded.run(&["apply", "--auto-approve"]).exits(0);
    assert!(crowded.is_there());
    crowded.run(&["destroy", "--auto-approve"]).exits(0);
    assert!(!crowded.is_there());
}

#[test]
fn a_write_that_was_lost_is_not_taken_for_done_because_of_the_first_page() {
    let crowded = Crowded::new();
    let failing = |operation: &str| {
        json!([{
            "operation": operation, "nth": 1,
            "fault": { "kind": "error", "status": 500, "code": "InternalError.System" },
        }])
    };
    crowded.emulator.arm(&failing("CreateDataSource"));
    crowded.run(&["apply", "--auto-approve"]).exits(0);
    assert!(crowded.is_there());
    crowded.emulator.arm(&failing("DeleteDataSource"));
    crowded.run(&["destroy", "--auto-approve"]).exits(0);
    assert!(!crowded.is_there());
}
