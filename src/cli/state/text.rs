//! What state and journal say, for people.

use jiff::Timestamp;
use serde_json::Value;

use crate::address::Address;
use crate::journal::{Entry, Event, Output};
use crate::render::safe;
use crate::state::{Object, Stage, State, TaskObject, Tracked};
use crate::store::RunRecord;

/// Every object, a line each.
pub(super) fn list(state: &State) -> String {
    let head = ["ADDRESS", "ID", "STATUS", "NAME"].map(str::to_owned);
    let rows = state.resources.iter().map(|(address, tracked)| {
        let id = remote_id(&tracked.object).map_or_else(|| "-".to_owned(), |id| id.to_string());
        [
            address.to_string(),
            id,
            status(&tracked.object),
            name(&tracked.object).to_owned(),
        ]
    });
    columns(std::iter::once(head).chain(rows))
}

/// One object with all that is kept of it.
pub(super) fn show(
    address: &Address,
    tracked: &Tracked,
    generation: u32,
    seen: Option<&(Object, Timestamp)>,
) -> String {
    let mut text = format!("{}\n", safe::line(&address.to_string()));
    let mut field = |name: &str, value: &str| {
        text.push_str(&format!("  {name:<12}{}\n", safe::line(value)));
    };
    let id = remote_id(&tracked.object);
    field(
        "id",
        &id.map_or_else(|| "none yet".to_owned(), |id| id.to_string()),
    );
    field("status", &status(&tracked.object));
    field("protect", if tracked.protect { "yes" } else { "no" });
    let depends_on: Vec<String> = tracked.depends_on.iter().map(Address::to_string).collect();
    if !depends_on.is_empty() {
        field("depends on", &depends_on.join(", "));
    }
    field("generation", &generation.to_string());
    let applied = spec(&tracked.object);
    text.push_str("\nLast applied:\n");
    fields(&mut text, "", &applied);
    if let Some((object, at)) = seen {
        let status = status(object);
        text.push_str(&format!(
            "\nLast seen {}: {}\n",
            time(*at),
            safe::line(&status)
        ));
        let seen = spec(object);
        if seen != applied {
            fields(&mut text, "", &seen);
        }
    }
    text
}

/// One run's journal, with the runs before it.
pub(super) fn journal(run: &RunRecord, entries: &[Entry], others: &[RunRecord]) -> String {
    let mut text = format!(
        "Run {}, began {}, {}\n",
        run.id.0,
        time(run.began),
        ending(run)
    );
    if entries.is_empty() {
        text.push_str("It sent nothing that changes anything.\n");
    } else {
        let head = ["TIME", "STEP", "ADDRESS", "OPERATION", "EVENT"].map(str::to_owned);
        let rows = entries.iter().map(|entry| {
            let Entry {
                step,
                address,
                operation,
                at,
                event,
            } = entry;
            [
                time(*at),
                step.to_string(),
                address.to_string(),
                operation.clone(),
                describe(event),
            ]
        });
        text.push_str(&columns(std::iter::once(head).chain(rows)));
    }
    if !others.is_empty() {
        text.push_str("\nOther runs (`--run N` shows one):\n");
        for other in others {
            text.push_str(&format!(
                "  {} began {}, {}\n",
                other.id.0,
                time(other.began),
                ending(other)
            ));
        }
    }
    text
}

/// The remote's number of the object, once it has one.
pub(super) fn remote_id(object: &Object) -> Option<i64> {
    match object {
        Object::Datasource(datasource) => Some(datasource.id.0),
        Object::Task(task) => task.stage.file().map(|file| file.0),
    }
}

/// How far the object has come.
pub(super) fn status(object: &Object) -> String {
    let Object::Task(TaskObject { stage, run, .. }) = object else {
        return "created".to_owned();
    };
    let stage = match stage {
        Stage::Generating { .. } => "generating",
        Stage::Created { .. } => "created",
        Stage::Deployed { .. } => "deployed",
    };
    match run {
        Some(run) => format!("{stage}, {}", run.as_str()),
        None => stage.to_owned(),
    }
}

/// The object's name at the remote.
pub(super) fn name(object: &Object) -> &str {
    match object {
        Object::Datasource(datasource) => &datasource.spec.name,
        Object::Task(task) => &task.spec.name,
    }
}

fn spec(object: &Object) -> Value {
    let spec = match object {
        Object::Datasource(datasource) => serde_json::to_value(&datasource.spec),
        Object::Task(task) => serde_json::to_value(&task.spec),
    };
    spec.expect("our own types have text keys and finite numbers")
}

/// `path = value` lines; what is not set is left out, long lists get a line for each item.
fn fields(text: &mut String, path: &str, value: &Value) {
    let mut line = |shown: &str| text.push_str(&format!("  {path} = {}\n", safe::line(shown)));
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                fields(text, &safe::line(&path), member);
            }
        }
        Value::Array(items) if items.len() > 3 => {
            line("[");
            for item in items {
                text.push_str(&format!("    {}\n", safe::line(&item.to_string())));
            }
            text.push_str("  ]\n");
        }
        plain => line(&plain.to_string()),
    }
}

fn ending(run: &RunRecord) -> String {
    match run.ended {
        Some((at, end)) => format!("ended {}: {}", time(at), end.as_str()),
        None => "not finished".to_owned(),
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Intent {
            token: Some(token), ..
        } => format!("about to send, token {}", token.0),
        Event::Intent { token: None, .. } => "about to send".to_owned(),
        Event::Applied {
            output: Output::None,
        } => "done".to_owned(),
        Event::Applied {
            output: Output::Process(id),
        } => format!("done, generation {id}"),
        Event::Applied {
            output: Output::File(id),
        } => format!("done, task {id}"),
        Event::Applied {
            output: Output::Datasource(id),
        } => format!("done, data source {id}"),
        Event::Refused { fault } => format!("refused: {}: {}", fault.code, fault.message),
        Event::Released => "nobody needs to know any more".to_owned(),
    }
}

/// A time as people read it.
pub(in crate::cli) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Rows under each other, as wide as they must be; the last column is not padded.
fn columns<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows
        .map(|row| row.map(|cell| safe::line(&cell).into_owned()))
        .collect();
    let mut text = String::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            if column + 1 == N {
                text.push_str(cell);
                text.push('\n');
            } else {
                let width = rows
                    .iter()
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0);
                text.push_str(&format!("{cell:<width$}  "));
            }
        }
    }
    text
}
