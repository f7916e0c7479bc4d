//! A state for people: every object, how far it has come, and what was last applied.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use serde_json::{Map, Value};

use super::attributes::Attributes;
use super::wrap::wrapped;
use super::{phrase, safe, table_list, value};
use crate::address::Address;
use crate::resource::{SourceTables, Spec};
use crate::state::{Object, Stage, State, Tracked};

/// What the head line of an object says already.
const IN_HEAD: [&str; 5] = ["file_id", "deployed", "status", "datasource_id", "tables"];

/// The whole state.
pub fn state(state: &State) -> String {
    let mut out = String::new();
    write(&mut out, state).expect("a string takes all");
    out
}

fn write(out: &mut String, state: &State) -> fmt::Result {
    for (address, tracked) in &state.resources {
        resource(out, address, tracked)?;
    }
    writeln!(
        out,
        "{}, lineage {}, serial {}.",
        phrase::counted(state.resources.len(), "object"),
        safe::line(&state.lineage.0),
        state.serial.0
    )
}

fn resource(out: &mut String, address: &Address, tracked: &Tracked) -> fmt::Result {
    let head = standing(&tracked.object);
    writeln!(out, "{}  {}", phrase::address(address), safe::line(&head))?;
    let spec = tracked.object.spec();
    let attributes = Attributes::of(&spec, &tracked.object.target());
    for (name, shown) in rows(&attributes) {
        row(out, &name, shown.into_iter())?;
    }
    if let Spec::Task(task) = &spec {
        tables(out, &task.tables)?;
    }
    if tracked.protect {
        row(out, "protect", ["true".to_owned()].into_iter())?;
    }
    if !tracked.depends_on.is_empty() {
        row(
            out,
            "depends on",
            tracked.depends_on.iter().map(phrase::address),
        )?;
    }
    out.write_char('\n')
}

/// `task 1000001, deployed, running`
fn standing(object: &Object) -> String {
    match object {
        Object::Datasource(datasource) => format!("data source {}", datasource.id),
        Object::Task(task) => {
            let stage = match task.stage {
                Stage::Generating {
                    process,
                    create_in_doubt,
                } => {
                    let doubt = match create_in_doubt {
                        true => "; it may have been created already",
                        false => "",
                    };
                    format!("being generated (process {process}){doubt}")
                }
                Stage::Created { file } => format!("task {file}, not deployed"),
                Stage::Deployed { file } => format!("task {file}, deployed"),
            };
            match &task.run {
                Some(status) => format!("{stage}, {}", status.as_str()),
                None => stage,
            }
        }
    }
}

fn row(out: &mut String, name: &str, shown: impl Iterator<Item = String>) -> fmt::Result {
    let first = format!("    {name:<24}");
    let rest = format!("    {:<24}", "");
    wrapped(out, &first, &rest, shown, ", ")
}

/// Attributes that are set, the entries of `content` among them; an attribute's value may have several items.
fn rows(attributes: &Attributes) -> Vec<(String, Vec<String>)> {
    let none = Map::new();
    let hidden = attributes
        .sensitive
        .get("content")
        .and_then(Value::as_object);
    let hidden = hidden.unwrap_or(&none);
    let mut rows = Vec::new();
    for (name, shown) in &attributes.values {
        match shown {
            _ if IN_HEAD.contains(&name.as_str()) => {}
            Value::Null => {}
            Value::Object(content) if name == "content" => {
                rows.extend(content.iter().map(|(key, shown)| {
                    let shown = match hidden.contains_key(key) {
                        true => "(secret)".to_owned(),
                        false => value::inline(shown),
                    };
                    (format!("content.{}", safe::line(key)), vec![shown])
                }));
            }
            Value::Object(_) => rows.push((name.clone(), value::entries(shown).collect())),
            _ => rows.push((name.clone(), vec![value::inline(shown)])),
        }
    }
    rows
}

fn tables(out: &mut String, tables: &SourceTables) -> fmt::Result {
    let mut group = |label: &str, names: &BTreeSet<String>| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        row(out, label, table_list::folded("", &names).into_iter())
    };
    match tables {
        SourceTables::Own(names) => group("tables", names),
        SourceTables::ByDatabase(databases) => databases.iter().try_for_each(|(name, tables)| {
            group(&format!("tables of {}", safe::line(name)), tables)
        }),
    }
}
