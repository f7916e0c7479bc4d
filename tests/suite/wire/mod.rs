//! The API's wire: documents, parameters, answers, and real HTTP over loopback.

mod answers;
mod credentials;
mod documents;
mod http;
mod never_a_success;
mod parameters;
mod readings;
mod server;
mod signatures;
mod wrappers;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use syncform::api::wire::{WireResponse, decode};
use syncform::api::{ApiFault, Call, ClientToken, FaultClass, Reply};
use syncform::resource::{
    DatasourceId, DatasourceSpec, DatasourceType, DestinationType, EnvType, FileId, ProcessId,
    ProjectId, Run, SourceTables, StartSettings, TaskSpec, TaskType,
};
use syncform::secret::{Secret, SecretRef, SecretSource, UnavailableSecret};

const PROJECT: ProjectId = ProjectId(10000);
const FILE: FileId = FileId(100);
const REALTIME: TaskType = TaskType::Realtime;
const PASSWORD: &str = "p\"ss wörd/7";

/// Knows one environment variable.
struct OnePassword;

impl SecretSource for OnePassword {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, UnavailableSecret> {
        match reference {
            SecretRef::Env(name) if name == "MYSQL_PUB_PASSWORD" => {
                Ok(Secret::new(PASSWORD.to_owned()))
            }
            other => Err(UnavailableSecret {
                reference: other.clone(),
                reason: "it is not set".to_owned(),
            }),
        }
    }
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// The user's own task, to one of the destinations.
fn task(destination_type: DestinationType, destination: &str, tables: SourceTables) -> TaskSpec {
    TaskSpec {
        project_id: PROJECT,
        name: "openapi_realtime_solution_0813_1739".to_owned(),
        task_type: REALTIME,
        source: "mysql_pub".to_owned(),
        destination: destination.to_owned(),
        destination_type,
        tables,
        resource_group: "S_res_group_280749521950784_1623033752022".to_owned(),
        schedule_resource_group: Some(30003913),
        folder: None,
        half_cus: None,
        start: StartSettings::default(),
        run: Run::Started,
    }
}

fn odps_task() -> TaskSpec {
    let tables = SourceTables::Own(names(["xyx"]));
    task(DestinationType::Odps, "odps_first", tables)
}

fn datasource() -> DatasourceSpec {
    DatasourceSpec {
        project_id: PROJECT,
        name: "mysql_pub".to_owned(),
        datasource_type: DatasourceType::Mysql,
        env: EnvType::Prod,
        content: BTreeMap::from([
            ("database".to_owned(), "shop".into()),
            ("username".to_owned(), "sync".into()),
        ]),
        secrets: BTreeMap::from([(
            "password".to_owned(),
            SecretRef::Env("MYSQL_PUB_PASSWORD".to_owned()),
        )]),
        fingerprints: BTreeMap::new(),
        description: None,
    }
}

fn get_task() -> Call {
    Call::GetTask {
        project: PROJECT,
        task_type: REALTIME,
        file: FILE,
    }
}

fn deploy() -> Call {
    Call::Deploy {
        project: PROJECT,
        task_type: REALTIME,
        file: FILE,
    }
}

/// One call of every kind, solutions beside real-time tasks where the answer differs.
fn every_call() -> Vec<Call> {
    let (project, file, name) = (PROJECT, FILE, "mysql_pub".to_owned());
    let (env, page) = (EnvType::Prod, 1);
    let token = ClientToken("0000-ABCD".to_owned());
    let mut calls = vec![
        Call::GetProject { project },
        Call::ListDatasources {
            project,
            name: name.clone(),
            env,
            page,
        },
        Call::GetDatasourceMeta {
            project,
            name: name.clone(),
            env,
            page,
        },
        Call::ListRealtimeFiles {
            project,
            name: Some(name),
            page,
        },
        Call::Generate {
            spec: Box::new(odps_task()),
            token: token.clone(),
        },
        Call::CreateTask {
            spec: Box::new(odps_task()),
            content: r#"{"a":1}"#.to_owned(),
            token,
        },
        Call::Stop { project, file },
        Call::Terminate { project, file },
        Call::DeleteTask { project, file },
        Call::CreateDatasource {
            spec: Box::new(datasource()),
        },
        Call::UpdateDatasource {
            id: DatasourceId(7),
            spec: Box::new(datasource()),
        },
        Call::DeleteDatasource {
            id: DatasourceId(7),
        },
    ];
    for task_type in [TaskType::Realtime, TaskType::Solution] {
        calls.extend([
            Call::GetTask {
                project,
                task_type,
                file,
            },
            Call::GetInstance {
                project,
                task_type,
                file,
            },
            Call::Poll {
                project,
                task_type,
                process: ProcessId(10),
            },
            Call::Deploy {
                project,
                task_type,
                file,
            },
            Call::Start {
                project,
                task_type,
                file,
                settings: StartSettings::default(),
            },
        ]);
    }
    calls
}

/// What an answer of this status and body means.
fn answer(call: &Call, status: u16, body: &[u8]) -> Result<Reply, ApiFault> {
    decode(
        call,
        &WireResponse {
            status,
            body,
            retry_after: None,
            request_id: None,
            clock_skew: None,
            secrets: &[],
        },
    )
}

/// The reply that a body is.
fn ok(call: &Call, body: &Value) -> Reply {
    answer(call, 200, body.to_string().as_bytes()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The fault that an answer is.
fn err(call: &Call, status: u16, body: &Value) -> ApiFault {
    match answer(call, status, body.to_string().as_bytes()) {
        Ok(reply) => panic!("{body} is taken for {reply:?}"),
        Err(fault) => fault,
    }
}

/// What a body that came with HTTP 200 has failed of.
fn class(call: &Call, body: &Value) -> FaultClass {
    err(call, 200, body).class
}

/// The envelope of the DI operations.
fn data(data: Value) -> Value {
    json!({ "Success": true, "RequestId": "0bc1", "Data": data })
}

/// A call of an operation.
fn find(action: &str) -> Call {
    let found = every_call()
        .into_iter()
        .find(|call| call.operation().name == action);
    found.unwrap_or_else(|| panic!("no call is a {action}"))
}
