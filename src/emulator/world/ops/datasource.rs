//! Data sources: create, change, delete, list, and what can be seen through them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::lookup::datasource_in;
use crate::api::sign::sha256_hex;
use crate::emulator::world::object::{Datasource, Env, Moment};
use crate::emulator::world::operation::{
    Context, Operation, PAGE_NUMBER, PAGE_SIZE, PROJECT_ID, Param, Style, page_of,
};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail, fail_with};
use crate::emulator::world::tables::{Sequence, Tables};

const ENV_TYPE: Param = Param::integer("EnvType", 0, 1);
const LIST: &[Param] = &[
    PROJECT_ID.required(),
    Param::text("Name"),
    Param::text("DataSourceType"),
    Param::text("SubType"),
    ENV_TYPE,
    Param::one_of("Status", &["ENABLED", "DISABLED"]),
    PAGE_NUMBER,
    PAGE_SIZE,
];

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::write(
        "CreateDataSource",
        Style::TextEnvelope,
        &[
            PROJECT_ID.required(),
            Param::text("Name").required(),
            Param::one_of("DataSourceType", TYPES).required(),
            Param::json_object("Content").required(),
            ENV_TYPE.required(),
            Param::one_of("SubType", &["mysql", "sqlserver", "postgresql"]),
            Param::text("Description"),
        ],
        create,
    ),
    Operation::write(
        "UpdateDataSource",
        Style::BoolEnvelope,
        &[
            Param::id("DataSourceId").required(),
            Param::json_object("Content"),
            Param::text("Description"),
            ENV_TYPE,
            Param::text("Status"),
        ],
        update,
    ),
    Operation::write(
        "DeleteDataSource",
        Style::BoolEnvelope,
        &[Param::id("DataSourceId").required()],
        delete,
    ),
    Operation::read("ListDataSources", Style::Envelope, LIST, list),
    Operation::read("ExportDataSources", Style::Envelope, LIST, list),
    Operation::write(
        "ImportDataSources",
        Style::Flag,
        &[
            PROJECT_ID.required(),
            Param::json_array("DataSources").required(),
        ],
        import,
    ),
    Operation::read(
        "TestNetworkConnection",
        Style::Connection,
        &[
            PROJECT_ID.required(),
            Param::text("DatasourceName").required(),
            ENV_TYPE.required(),
            Param::text("ResourceGroup").required(),
        ],
        test_connection,
    ),
    Operation::read(
        "GetDataSourceMeta",
        Style::Data,
        &[
            PROJECT_ID.required(),
            Param::text("DatasourceName").required(),
            ENV_TYPE,
            PAGE_NUMBER,
            PAGE_SIZE,
        ],
        meta,
    ),
    Operation::write(
        "SetDataSourceShare",
        Style::Data,
        &[
            PROJECT_ID.required(),
            Param::text("DatasourceName").required(),
            ENV_TYPE.required(),
            Param::json_array("ProjectPermissions"),
            Param::json_array("UserPermissions"),
        ],
        share,
    ),
];

/// The types that can be created, and those of which only a sample of the content is known.
const TYPES: &[&str] = &[
    "odps",
    "mysql",
    "rds",
    "oss",
    "sqlserver",
    "polardb",
    "oracle",
    "mongodb",
    "emr",
    "postgresql",
    "analyticdb_for_mysql",
    "hybriddb_for_postgresql",
    "holo",
    "kafka",
    "redis",
];

const NOT_THERE: &str = "Invalid.Tenant.ConnectionNotExists";
const MASK: &str = "***";

fn create(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let env = call.args.env().ok_or_else(|| Refusal::invalid("EnvType"))?;
    let kind = call.args.required("DataSourceType");
    if call.args.text("SubType").is_some() != (kind == "rds") {
        return Err(Refusal::invalid("SubType").into());
    }
    let draft = Draft {
        name: call.args.required("Name").to_owned(),
        data_source_type: kind.to_owned(),
        sub_type: call.args.text("SubType").map(str::to_owned),
        description: call.args.text("Description").unwrap_or_default().to_owned(),
        content: call.args.object("Content").unwrap_or_default(),
        env_type: env.number(),
    };
    let id = insert(call, draft, env)?;
    Ok(Reply::new(
        json!({ "Success": true, "HttpStatusCode": "200", "Data": id }),
    ))
}

/// A data source as an import lists it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Draft {
    name: String,
    data_source_type: String,
    #[serde(default)]
    sub_type: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(deserialize_with = "object_or_text")]
    content: Map<String, Value>,
    env_type: u8,
}

/// Seen as an object and as JSON text.
fn object_or_text<'de, D>(deserializer: D) -> Result<Map<String, Value>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    use serde::de::Error as _;
    match Value::deserialize(deserializer)? {
        Value::Object(content) => Ok(content),
        Value::String(text) => serde_json::from_str(&text).map_err(D::Error::custom),
        _ => Err(D::Error::custom("Content is no object")),
    }
}

fn insert(call: &mut Context<'_>, draft: Draft, env: Env) -> Result<u64, Failure> {
    let project_id = call.args.project_id();
    check_name(&draft.name)?;
    let taken = call.tables.datasources.values().any(|other| {
        other.project_id == project_id && other.env == env && other.name == draft.name
    });
    if taken {
        return Err(fail_with(
            "Invalid.Tenant.ConnectionExisted",
            format!("Data source {} {} already exists", env.word(), draft.name),
        ));
    }
    let id = call.tables.next_id(Sequence::Datasource);
    let salt = salt(call.tables, id);
    let (content, secrets) = conceal(draft.content, &salt);
    let instance = known_instance(call.tables, &draft.data_source_type, &content);
    let reachable = instance.is_some() || !is_readable(&draft.data_source_type);
    let datasource = Datasource {
        id,
        project_id,
        name: draft.name,
        kind: draft.data_source_type,
        sub_type: draft.sub_type,
        env,
        description: draft.description,
        content,
        secrets,
        instance,
        reachable,
        shares: BTreeMap::new(),
        created: call.now,
        modified: call.now,
    };
    call.tables.datasources.insert(id, datasource);
    Ok(id)
}

fn salt(tables: &Tables, id: u64) -> String {
    format!("{}/{id}", tables.counters().seed)
}

fn check_name(name: &str) -> Result<(), Failure> {
    let allowed = |one: char| one.is_alphanumeric() || matches!(one, '_' | '-' | '.');
    if name.chars().count() <= 255 && name.chars().all(allowed) {
        return Ok(());
    }
    Err(fail_with(
        "Invalid.Parameter",
        format!("Name:[{name}] is invalid."),
    ))
}

/// Types that tables are read from, so that an unknown server behind them is one that nobody can reach.
fn is_readable(kind: &str) -> bool {
    matches!(
        kind,
        "mysql" | "rds" | "polardb" | "oracle" | "sqlserver" | "postgresql"
    )
}

/// The seeded server that a content points to.
fn known_instance(tables: &Tables, kind: &str, content: &Map<String, Value>) -> Option<String> {
    let key = format!("{kind}/{}", identity_of(content)?);
    tables.instances.contains_key(&key).then_some(key)
}

/// What tells one server from another: the instance, the cluster, the host of a URL, the project.
pub(crate) fn identity_of(content: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    [
        "instanceName",
        "clusterId",
        "instanceId",
        "project",
        "bucket",
    ]
    .into_iter()
    .find_map(|key| text(key).map(str::to_owned))
    .or_else(|| {
        let (_, rest) = text("jdbcUrl")?.split_once("//")?;
        rest.split(['/', '?', ';'])
            .next()
            .filter(|host| !host.is_empty())
            .map(str::to_owned)
    })
}

/// Whether a value is one that nobody may see again.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.contains("password")
        || key.contains("secret")
        || key == "accesskey"
        || key.contains("token")
}

/// Parts a content from its secrets: masks them, and keeps a salted hash of each.
pub(crate) fn conceal(
    mut content: Map<String, Value>,
    salt: &str,
) -> (Map<String, Value>, BTreeMap<String, String>) {
    let mut secrets = BTreeMap::new();
    for (key, value) in &mut content {
        if let Some((masked, secret)) = part(key, value) {
            let hash = sha256_hex(format!("{salt}/{key}/{secret}").as_bytes());
            secrets.insert(key.clone(), hash);
            *value = masked.into();
        }
    }
    (content, secrets)
}

/// What may be shown of a value that is or holds a secret, and the secret; none if there is nothing to hide.
fn part(key: &str, value: &Value) -> Option<(String, String)> {
    if is_secret(key) {
        return Some((MASK.to_owned(), value.to_string()));
    }
    // A URL may carry the password among its options.
    let (address, options) = value.as_str()?.split_once('?')?;
    is_secret(options).then(|| (format!("{address}?{MASK}"), options.to_owned()))
}

/// A content, or a list of data sources, with its secrets replaced by hashes.
pub(super) fn without_secrets(text: &str) -> String {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    if let Some((masked, secret)) = part(key, value) {
                        let hash = sha256_hex(secret.as_bytes());
                        *value = masked.replace(MASK, &hash).into();
                    } else if let ("Content", Some(text)) = (key.as_str(), value.as_str()) {
                        *value = without_secrets(text).into();
                    } else {
                        walk(value);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::from_str(text) else {
        return String::new();
    };
    walk(&mut value);
    value.to_string()
}

fn existing<'a>(call: &'a Context<'_>) -> Result<&'a Datasource, Failure> {
    let id = call.args.id("DataSourceId");
    call.tables
        .datasources
        .get(&id)
        .ok_or_else(|| fail_with(NOT_THERE, format!("The data source {id} does not exist.")))
}

fn update(call: &mut Context<'_>) -> Answer {
    let datasource = existing(call)?;
    let id = datasource.id;
    if call.args.env().is_some_and(|env| env != datasource.env) {
        return Err(fail_with(
            "Invalid.Parameter",
            "EnvType can not be changed.",
        ));
    }
    if let Some(content) = call.args.object("Content") {
        let (content, secrets) = conceal(content, &salt(call.tables, id));
        let kind = &datasource.kind;
        let instance = known_instance(call.tables, kind, &content);
        let reachable = instance.is_some() || !is_readable(kind);
        let datasource = edit(call, id);
        datasource.content = content;
        datasource.secrets = secrets;
        datasource.instance = instance;
        datasource.reachable = reachable;
    }
    let (description, now) = (call.args.text("Description"), call.now);
    let datasource = edit(call, id);
    if let Some(description) = description {
        datasource.description = description.to_owned();
    }
    datasource.modified = now;
    Ok(done())
}

fn edit<'a>(call: &'a mut Context<'_>, id: u64) -> &'a mut Datasource {
    call.tables
        .datasources
        .edit(&id)
        .expect("the call has found the data source")
}

fn delete(call: &mut Context<'_>) -> Answer {
    let datasource = existing(call)?;
    let id = datasource.id;
    if let Some(task) = user_of(call.tables, datasource) {
        return Err(fail_with(
            "Invalid.Tenant.ConnectionInUse",
            format!("The data source {} is used by {task}.", datasource.name),
        ));
    }
    call.tables.datasources.remove(&id);
    Ok(done())
}

/// What a change and a deletion answer when they went well.
fn done() -> Reply {
    Reply::new(json!({ "Success": true, "HttpStatusCode": "200", "Data": true }))
}

/// A task that names the data source. One of the other environment may still have the name to itself.
fn user_of(tables: &Tables, datasource: &Datasource) -> Option<String> {
    let files = tables
        .files
        .values()
        .filter(|file| file.is_alive())
        .map(|file| {
            (
                file.project_id,
                &file.name,
                [Some(file.saved), file.deployed],
            )
        });
    let solutions = tables
        .solutions
        .values()
        .map(|one| (one.project_id, &one.name, [Some(one.saved), one.deployed]));
    files
        .chain(solutions)
        .filter(|(project_id, ..)| {
            let resolved = datasource_in(tables, *project_id, datasource.env, &datasource.name);
            datasource.env == Env::Prod && resolved.is_some_and(|found| found.id == datasource.id)
        })
        .find(|(_, _, versions)| {
            versions.iter().flatten().any(|version| {
                let script = tables.script(version.content);
                script.destination == datasource.name || script.sources.contains(&datasource.name)
            })
        })
        .map(|(_, name, _)| name.clone())
}

fn list(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let (args, project_id) = (call.args, call.args.project_id());
    let visible: Vec<&Datasource> = call
        .tables
        .datasources
        .values()
        .filter(|one| one.project_id == project_id || one.shares.contains_key(&project_id))
        .filter(|one| args.text("Name").is_none_or(|name| one.name.contains(name)))
        .filter(|one| {
            args.text("DataSourceType")
                .is_none_or(|kind| one.kind == kind)
        })
        .filter(|one| {
            args.text("SubType")
                .is_none_or(|kind| one.sub_type.as_deref() == Some(kind))
        })
        .filter(|one| args.env().is_none_or(|env| one.env == env))
        .filter(|_| args.text("Status") != Some("DISABLED"))
        .collect();
    let (number, size) = args.page();
    let total = visible.len();
    let page: Vec<Value> = page_of(visible, (number, size))
        .into_iter()
        .map(|one| row(one, one.project_id != project_id))
        .collect();
    Ok(Reply::envelope(json!({
        "PageNumber": number, "PageSize": size, "TotalCount": total, "DataSources": page,
    })))
}

fn row(one: &Datasource, shared: bool) -> Value {
    json!({
        "Id": one.id,
        "Name": one.name,
        "DataSourceType": one.kind,
        "SubType": one.sub_type,
        "EnvType": one.env.number(),
        "Content": Value::Object(one.content.clone()).to_string(),
        "ConnectStatus": if one.reachable { 1 } else { 2 },
        "Status": 1,
        "Shared": shared,
        "DefaultEngine": false,
        "BindingCalcEngineId": null,
        "Description": one.description,
        "GmtCreate": long_date(one.created),
        "GmtModified": long_date(one.modified),
        "Operator": "emulator",
        "ProjectId": one.project_id,
        "Sequence": 1,
        "TenantId": 1,
    })
}

/// A time as the operations of the first years print it: `Mar 17, 2021 4:09:32 PM`.
pub(super) fn long_date(moment: Moment) -> String {
    let time = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::constant(8)
        .to_datetime(time)
        .strftime("%b %-d, %Y %-I:%M:%S %p")
        .to_string()
}

fn import(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let drafts = call.args.json("DataSources").unwrap_or_default();
    let drafts: Vec<Draft> =
        serde_json::from_value(drafts).map_err(|_| Refusal::invalid("DataSources"))?;
    let mut failures = Vec::new();
    for draft in drafts {
        let result = match Env::from_number(draft.env_type.into()) {
            Some(env) if TYPES.contains(&draft.data_source_type.as_str()) => {
                insert(call, draft, env).map(drop)
            }
            _ => Err(fail(format!("Data source {} is invalid", draft.name))),
        };
        match result {
            Ok(()) => {}
            Err(Failure::InBand { message, .. }) => failures.push(message),
            Err(refused) => return Err(refused),
        }
    }
    let status = json!({ "Status": failures.is_empty(), "Message": failures.join("; ") });
    let reply = Reply::data(status);
    // What could be imported stays imported.
    Ok(if failures.is_empty() {
        reply
    } else {
        reply.into_failure()
    })
}

/// The data source that the call names, or what to say in its place.
fn named<'a>(call: &'a Context<'_>) -> Result<&'a Datasource, Failure> {
    call.workspace()?;
    let name = call.args.required("DatasourceName");
    let env = call.args.env().unwrap_or(Env::Prod);
    call.datasource(env, name)
        .ok_or_else(|| fail_with(NOT_THERE, format!("datasource:[{name}] is invalid.")))
}

fn test_connection(call: &mut Context<'_>) -> Answer {
    let datasource = named(call)?;
    call.integration_group(call.args.required("ResourceGroup"))?;
    if !datasource.reachable {
        return Err(fail("connect timed out"));
    }
    Ok(Reply::new(json!({
        "Success": true,
        "TaskList": { "ConnectStatus": true, "ConnectMessage": "" },
    })))
}

fn meta(call: &mut Context<'_>) -> Answer {
    let datasource = named(call)?;
    let instance = datasource
        .instance
        .as_ref()
        .filter(|_| datasource.reachable)
        .and_then(|instance| call.tables.instances.get(instance))
        .ok_or_else(|| fail("read datasource time out"))?;
    let tables: Vec<(&str, &str)> = instance
        .databases
        .iter()
        .flat_map(|database| {
            database
                .tables
                .keys()
                .map(|table| (&*database.name, &**table))
        })
        .collect();
    let mut databases: Vec<(&str, Vec<Value>)> = Vec::new();
    for (database, table) in page_of(tables, call.args.page()) {
        // The published sample has one schema for each table.
        let schema = json!({ "tableInfos": [
            { "dbName": database, "enable": true, "table": table, "tableName": table },
        ] });
        match databases.iter_mut().find(|(name, _)| *name == database) {
            Some((_, schemas)) => schemas.push(schema),
            None => databases.push((database, vec![schema])),
        }
    }
    let databases: Vec<Value> = databases
        .into_iter()
        .map(|(name, schemas)| json!({ "dbName": name, "schema": schemas }))
        .collect();
    Ok(Reply::data(json!({
        "Status": "success",
        "Message": null,
        "Meta": json!({ "dbTables": databases }).to_string(),
    })))
}

/// One workspace that may use a data source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectPermission {
    #[serde(rename = "projectId")]
    project_id: u64,
    permission: String,
}

fn share(call: &mut Context<'_>) -> Answer {
    let datasource = named(call)?;
    let id = datasource.id;
    let permissions = call
        .args
        .json("ProjectPermissions")
        .unwrap_or_else(|| json!([]));
    let permissions: Vec<ProjectPermission> =
        serde_json::from_value(permissions).map_err(|_| Refusal::invalid("ProjectPermissions"))?;
    let mut shares = BTreeMap::new();
    for one in permissions {
        let known = call.tables.workspaces.contains_key(&one.project_id)
            && one.project_id != datasource.project_id;
        if !known || !matches!(one.permission.as_str(), "READ" | "WRITE") {
            return Err(Refusal::invalid("ProjectPermissions").into());
        }
        shares.insert(one.project_id, one.permission);
    }
    edit(call, id).shares = shares;
    Ok(Reply::done())
}
