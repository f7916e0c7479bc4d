//! `docs/emulator.md` is held to the program: its table of switches, its seed, its documents.

use serde_json::Value;
use syncform::emulator::Seed;
use syncform::emulator::world::{Drift, Rule, SWITCHES, World};

const MANUAL: &str = include_str!("../../../docs/emulator.md");

/// The first code block of a language below a heading.
fn block(heading: &str, language: &str) -> &'static str {
    let below = MANUAL
        .split_once(&format!("\n## {heading}\n"))
        .expect("a heading")
        .1;
    let start = below
        .split_once(&format!("```{language}\n"))
        .expect("a block")
        .1;
    start.split_once("```").expect("its end").0
}

/// The JSON document of a `curl -d`.
fn document(block: &str) -> Value {
    let text = block.split_once("-d '").expect("a document").1;
    serde_json::from_str(text.trim_end().trim_end_matches('\'')).expect("JSON")
}

#[test]
fn the_table_of_switches_is_the_programs() {
    let rows: String = SWITCHES
        .iter()
        .map(|switch| {
            format!(
                "| `{}` | {} | {} |\n",
                switch.name, switch.values, switch.about
            )
        })
        .collect();
    let table = format!("| switch | values | |\n| --- | --- | --- |\n{rows}");
    assert!(
        MANUAL.contains(&table),
        "docs/emulator.md should have this table:\n{table}"
    );
}

#[test]
fn its_examples_are_taken_as_they_are() {
    let seed = Seed::parse(block("Seed it", "toml")).expect("the seed is sound");
    let mut world = World::seeded(&seed, 0);
    let rules: Vec<Rule> =
        serde_json::from_value(document(block("Break it", "sh"))).expect("rules");
    world.arm(rules).expect("rules that make sense");
    let drift = document(block("Edit behind a caller's back", "sh"));
    let drift: Drift = serde_json::from_value(drift).expect("an edit");
    world
        .drift(drift, jiff::Timestamp::UNIX_EPOCH)
        .expect("an edit that can be made");
}

#[test]
fn every_fault_of_its_table_is_one() {
    let faults = MANUAL.lines().filter_map(|line| {
        let json = line.strip_prefix("| `{\"kind\": ")?.split_once("}`")?.0;
        Some(format!("{{\"kind\": {json}}}"))
    });
    let faults: Vec<String> = faults
        .map(|text| {
            text.replace(": C}", ": \"Throttling.User\"}")
                .replace(": M}", ": \"m\"}")
                .replace(": N}", ": 1}")
        })
        .collect();
    assert_eq!(faults.len(), 10);
    for fault in faults {
        let rule = format!(r#"{{"operation": "*", "fault": {fault}}}"#);
        serde_json::from_str::<Rule>(&rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
}
