//! Which call sends which parameters, and where.

use serde_json::{Value, json};
use syncform::api::Call;
use syncform::api::wire::{Method, WireRequest, encode};
use syncform::resource::{DatasourceId, StartSettings, TaskType};
use syncform::resource::{ErrorLimit, SourceTables};
use syncform::secret::SecretRef;

use super::{FILE, OnePassword, PASSWORD, PROJECT, datasource, every_call, names, odps_task};

fn encoded(call: &Call) -> WireRequest {
    encode(call, &OnePassword).unwrap_or_else(|error| panic!("{error}"))
}

fn body<'a>(request: &'a WireRequest, name: &str) -> Option<&'a str> {
    let found = request.body.iter().find(|(found, _)| *found == name);
    found.map(|(_, value)| value.as_str())
}

/// One line per call: method, action, query, and the body's parameters by name.
fn summary(call: &Call) -> String {
    let request = encoded(call);
    let query: Vec<String> = request
        .query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let body: Vec<&str> = request.body.iter().map(|(name, _)| *name).collect();
    format!(
        "{} {} {} [{}]",
        request.method.as_str(),
        request.action,
        query.join("&"),
        body.join(" ")
    )
}

#[test]
fn every_call_has_its_parameters() {
    let lines: Vec<String> = every_call().iter().map(summary).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    POST GetProject ProjectId=10000 []
    GET ListDataSources ProjectId=10000&Name=mysql_pub&EnvType=1&PageNumber=1&PageSize=100 []
    POST GetDataSourceMeta ProjectId=10000&DatasourceName=mysql_pub&EnvType=1&PageNumber=1&PageSize=100 []
    POST ListFiles ProjectId=10000&FileTypes=900&ExactFileName=mysql_pub&PageNumber=1&PageSize=100 []
    POST GenerateDISyncTaskConfigForCreating ProjectId=10000&TaskType=DI_REALTIME&ClientToken=0000-ABCD [TaskParam]
    POST CreateDISyncTask ProjectId=10000&TaskType=DI_REALTIME&TaskName=openapi_realtime_solution_0813_1739&ClientToken=0000-ABCD [TaskParam TaskContent]
    POST StopDISyncInstance ProjectId=10000&TaskType=DI_REALTIME&FileId=100 []
    POST TerminateDISyncInstance ProjectId=10000&TaskType=DI_REALTIME&FileId=100 []
    POST DeleteDISyncTask ProjectId=10000&TaskType=DI_REALTIME&FileId=100 []
    POST CreateDataSource ProjectId=10000&Name=mysql_pub&DataSourceType=mysql&EnvType=1 [Content]
    PUT UpdateDataSource DataSourceId=7&EnvType=1 [Description Content]
    POST DeleteDataSource DataSourceId=7 []
    POST GetDISyncTask ProjectId=10000&TaskType=DI_REALTIME&FileId=100 []
    POST GetDISyncInstanceInfo ProjectId=10000&TaskType=DI_REALTIME&FileId=100 []
    POST QueryDISyncTaskConfigProcessResult ProjectId=10000&TaskType=DI_REALTIME&AsyncProcessId=10 []
    POST DeployDISyncTask ProjectId=10000&TaskType=DI_REALTIME&FileId=100 []
    POST StartDISyncInstance ProjectId=10000&TaskType=DI_REALTIME&FileId=100 []
    POST GetDISyncTask ProjectId=10000&TaskType=DI_SOLUTION&FileId=100 []
    POST GetDISyncInstanceInfo ProjectId=10000&TaskType=DI_SOLUTION&FileId=100 []
    POST QueryDISyncTaskConfigProcessResult ProjectId=10000&TaskType=DI_SOLUTION&AsyncProcessId=10 []
    POST DeployDISyncTask ProjectId=10000&TaskType=DI_SOLUTION&FileId=100 []
    POST StartDISyncInstance ProjectId=10000&TaskType=DI_SOLUTION&FileId=100 []
    ");
}

#[test]
fn long_table_lists_never_reach_the_url() {
    let mut spec = odps_task();
    spec.tables = SourceTables::Own((0..5000).map(|n| format!("table_{n:05}")).collect());
    let request = encoded(&Call::Generate {
        spec: Box::new(spec.clone()),
        token: syncform::api::ClientToken("t".to_owned()),
    });
    let url: usize = request.query.iter().map(|(_, value)| value.len()).sum();
    assert!(url < 200, "{url}");
    let param: Value = serde_json::from_str(body(&request, "TaskParam").unwrap()).unwrap();
    let tables = param
        .pointer("/steps/0/parameter/connection/0/table")
        .unwrap();
    assert_eq!(tables.as_array().unwrap().len(), 5000);
}

#[test]
fn a_script_is_passed_on_byte_for_byte() {
    let content = "{\"b\" : 1,\n \"a\":\"\u{4e2d}\"}".to_owned();
    let request = encoded(&Call::CreateTask {
        spec: Box::new(odps_task()),
        content: content.clone(),
        token: syncform::api::ClientToken("t".to_owned()),
    });
    assert_eq!(body(&request, "TaskContent"), Some(content.as_str()));
}

#[test]
fn secrets_are_read_last_and_shown_nowhere() {
    let call = Call::CreateDatasource {
        spec: Box::new(datasource()),
    };
    let request = encoded(&call);
    let content: Value = serde_json::from_str(body(&request, "Content").unwrap()).unwrap();
    assert_eq!(
        content,
        json!({ "database": "shop", "password": PASSWORD, "username": "sync" })
    );
    assert_eq!(request.secrets.len(), 1);
    assert!(
        request
            .query
            .iter()
            .all(|(_, value)| !value.contains("ss w"))
    );
    assert!(!format!("{request:?}{call:?}").contains("ss w"));
}

#[test]
fn a_secret_that_is_not_there_stops_the_call() {
    let mut spec = datasource();
    let reference = SecretRef::Env("OTHER".to_owned());
    spec.secrets
        .insert("password".to_owned(), reference.clone());
    let error = encode(
        &Call::CreateDatasource {
            spec: Box::new(spec),
        },
        &OnePassword,
    )
    .unwrap_err();
    assert_eq!(error.reference, reference);
}

#[test]
fn an_update_says_that_there_is_no_description() {
    let mut spec = datasource();
    let of = |spec: &syncform::resource::DatasourceSpec| {
        encoded(&Call::UpdateDatasource {
            id: DatasourceId(7),
            spec: Box::new(spec.clone()),
        })
    };
    assert_eq!(of(&spec).method, Method::Put);
    assert_eq!(body(&of(&spec), "Description"), Some(""));
    spec.description = Some("orders".to_owned());
    assert_eq!(body(&of(&spec), "Description"), Some("orders"));
}

#[test]
fn start_settings_are_sent_for_real_time_tasks_that_have_some() {
    let start = |task_type, record: Option<u64>| {
        encoded(&Call::Start {
            project: PROJECT,
            task_type,
            file: FILE,
            settings: StartSettings {
                error_limit: record.map(|record| ErrorLimit { record }),
                ..StartSettings::default()
            },
        })
    };
    assert_eq!(
        body(&start(TaskType::Realtime, Some(0)), "StartParam"),
        Some(r#"{"errorLimit":{"record":0}}"#)
    );
    assert_eq!(body(&start(TaskType::Realtime, None), "StartParam"), None);
    assert_eq!(
        body(&start(TaskType::Solution, Some(0)), "StartParam"),
        None
    );
}

#[test]
fn tables_keep_one_order() {
    let mut spec = odps_task();
    spec.tables = SourceTables::Own(names(["b", "a", "c"]));
    let request = encoded(&Call::Generate {
        spec: Box::new(spec),
        token: syncform::api::ClientToken("t".to_owned()),
    });
    assert!(
        body(&request, "TaskParam")
            .unwrap()
            .contains(r#""table":["a","b","c"]"#)
    );
}
