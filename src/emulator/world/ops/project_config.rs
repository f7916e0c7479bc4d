//! The DDL rules of a workspace, which apply where a task has none of its own.

use serde_json::{Map, Value, json};

use super::start_param::{DDL_EVENTS, check_ddl};
use crate::emulator::world::object::ProjectConfig;
use crate::emulator::world::operation::{Context, Operation, PROJECT_ID, Param, Style};
use crate::emulator::world::request::{Answer, Reply, fail};
use crate::emulator::world::tables::Tables;

const DESTINATION_TYPE: Param = Param::one_of(
    "DestinationType",
    &[
        "analyticdb_for_mysql",
        "odps",
        "elasticsearch",
        "holo",
        "mysql",
        "polardb",
    ],
);
const SOURCE_TYPE: Param = Param::one_of(
    "SourceType",
    &[
        "oracle",
        "mysql",
        "polardb",
        "datahub",
        "drds",
        "analyticdb_for_mysql",
    ],
);

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::read(
        "ListDIProjectConfig",
        Style::Data,
        &[
            PROJECT_ID.required(),
            DESTINATION_TYPE.required(),
            SOURCE_TYPE,
        ],
        list,
    ),
    Operation::write(
        "UpdateDIProjectConfig",
        Style::Silent,
        &[
            PROJECT_ID.required(),
            DESTINATION_TYPE.required(),
            SOURCE_TYPE,
            Param::json_object("ProjectConfig").required(),
        ],
        update,
    ),
];

fn key(project_id: u64, destination: &str, source: Option<&str>) -> String {
    format!("{project_id}/{destination}/{}", source.unwrap_or("*"))
}

/// The rules for a pair: those for its source, else those for every source.
pub(crate) fn project_rules<'a>(
    tables: &'a Tables,
    project_id: u64,
    destination: &str,
    source: Option<&str>,
) -> Option<&'a Map<String, Value>> {
    let configs = &tables.project_configs;
    configs
        .get(&key(project_id, destination, source))
        .or_else(|| configs.get(&key(project_id, destination, None)))
        .map(|config| &config.rules)
}

fn list(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let (destination, source) = (
        call.args.required("DestinationType"),
        call.args.text("SourceType"),
    );
    let rules = project_rules(call.tables, call.args.project_id(), destination, source);
    let default = || {
        DDL_EVENTS
            .iter()
            .map(|event| ((*event).to_owned(), "NORMAL".into()))
            .collect()
    };
    let config: Map<String, Value> = rules.cloned().unwrap_or_else(default);
    Ok(Reply::data(
        json!({ "Config": Value::Object(config).to_string() }),
    ))
}

fn update(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let project_id = call.args.project_id();
    let (destination, source) = (
        call.args.required("DestinationType"),
        call.args.text("SourceType"),
    );
    let changes = call.args.object("ProjectConfig").unwrap_or_default();
    check_ddl(&changes).map_err(fail)?;
    let mut rules = project_rules(call.tables, project_id, destination, source)
        .cloned()
        .unwrap_or_default();
    rules.extend(changes);
    let config = ProjectConfig {
        project_id,
        destination_type: destination.to_owned(),
        source_type: source.map(str::to_owned),
        rules,
    };
    call.tables
        .project_configs
        .insert(key(project_id, destination, source), config);
    Ok(Reply::data(json!({ "Status": "success" })))
}
