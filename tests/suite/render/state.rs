//! States as people and programs read them.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use syncform::render::{json_text, state_json, state_text};
use syncform::resource::{ProcessId, SourceTables};
use syncform::state::{Object, Stage, State};

use super::support::{
    PASSWORD, datasource, fingerprint, known_datasource, known_task, state_of, task, task_spec,
};

fn state() -> State {
    let mut many = task_spec("many");
    many.tables = SourceTables::ByDatabase(BTreeMap::from([
        (
            "shop".to_owned(),
            (0..5_000).map(|i| format!("order_{i:04}")).collect(),
        ),
        ("users".to_owned(), BTreeSet::from(["users".to_owned()])),
    ]));
    let mut begun = known_task(task_spec("evil \u{1b}[31m\u{202e}"));
    if let Object::Task(task) = &mut begun.object {
        task.stage = Stage::Generating {
            process: ProcessId(7),
            create_in_doubt: false,
        };
        task.run = None;
    }
    state_of([
        (datasource("mysql_pub"), known_datasource("mysql_pub")),
        (task("orders"), known_task(task_spec("orders"))),
        (task("begun").with_key("00"), begun),
        (task("many"), known_task(many)),
    ])
}

#[test]
fn every_object_with_what_was_applied() {
    assert_snapshot!(state_text::state(&state()));
    assert_snapshot!(state_text::state(&state_of([])), @"0 objects, lineage 5b1f0a52-8f2b-4d6e-9c55-0c8f6f0f7f10, serial 7.");
}

#[test]
fn the_document_holds_every_object_and_no_secret() {
    let text = json_text::document(&state_json::state(&state_of([(
        datasource("mysql_pub"),
        known_datasource("mysql_pub"),
    )])));
    assert_snapshot!(text);
    let all = json_text::document(&state_json::state(&state()));
    assert!(!all.contains(PASSWORD) && !all.contains(&fingerprint()));
}
