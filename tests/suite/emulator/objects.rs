//! The operations around tasks: data sources, workspaces, files, batch tasks, DIJobs, alarm rules, DDL rules,
//! metadata. Each has a success here and a failure.

use serde_json::{Value, json};

use super::client::Api;
use super::lifecycle::{REALTIME, create, status, with};

const PROJECT: (&str, &str) = ("ProjectId", "10000");

fn names(list: &Value, key: &str, name: &str) -> Vec<String> {
    let rows = list[key].as_array().unwrap_or_else(|| panic!("{list}"));
    rows.iter()
        .map(|row| row[name].as_str().unwrap().to_owned())
        .collect()
}

/// The names of an object's fields, in order.
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object
        .as_object()
        .unwrap_or_else(|| panic!("{object} is no object"))
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_data_source_is_created_changed_and_deleted() {
    let api = Api::start(&[]).await;
    let content = r#"{"instanceName":"rm-shop","database":"shop","username":"u","password":"p"}"#;
    let params = [
        PROJECT,
        ("Name", "rds_new"),
        ("DataSourceType", "mysql"),
        ("Content", content),
        ("EnvType", "1"),
        ("Description", "new"),
    ];
    let created = api.ok("CreateDataSource", &params).await;
    assert_eq!(created["HttpStatusCode"], "200");
    let again = api.fail("CreateDataSource", &params).await;
    assert_eq!(again, "Data source PROD rds_new already exists");
    let id = created["Data"].to_string();

    let list = api
        .ok("ListDataSources", &[PROJECT, ("Name", "rds_new")])
        .await["Data"]
        .clone();
    let row = &list["DataSources"][0];
    let shown: Value = serde_json::from_str(row["Content"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&shown["password"], &shown["username"]),
        (&json!("***"), &json!("u"))
    );
    assert_eq!(row["GmtCreate"].as_str().unwrap().split(' ').count(), 5);

    // It reads the server that the seed has, and no other.
    let meta = api
        .ok(
            "GetDataSourceMeta",
            &[PROJECT, ("DatasourceName", "rds_new")],
        )
        .await;
    let meta: Value = serde_json::from_str(meta["Data"]["Meta"].as_str().unwrap()).unwrap();
    assert_eq!(
        meta["dbTables"][0]["schema"][0]["tableInfos"][0]["tableName"],
        "orders"
    );
    let other = r#"{"instanceName":"rm-none","database":"shop"}"#;
    api.ok(
        "UpdateDataSource",
        &[("DataSourceId", &id), ("Content", other)],
    )
    .await;
    let dead = api
        .fail(
            "GetDataSourceMeta",
            &[PROJECT, ("DatasourceName", "rds_new")],
        )
        .await;
    assert_eq!(dead, "read datasource time out");
    let test = [
        PROJECT,
        ("DatasourceName", "rds_new"),
        ("EnvType", "1"),
        ("ResourceGroup", "S_res_group_1_2"),
    ];
    assert_eq!(
        api.fail("TestNetworkConnection", &test).await,
        "connect timed out"
    );
    let mut reachable = test;
    reachable[1].1 = "rds";
    api.ok("TestNetworkConnection", &reachable).await;

    api.fail(
        "UpdateDataSource",
        &[("DataSourceId", &id), ("EnvType", "0")],
    )
    .await;
    // Every change answers with the status as text.
    let deleted = api.ok("DeleteDataSource", &[("DataSourceId", &id)]).await;
    assert_eq!(
        (&deleted["Data"], &deleted["HttpStatusCode"]),
        (&json!(true), &json!("200"))
    );
    let gone = api
        .client
        .call("DeleteDataSource", &[("DataSourceId", &id)])
        .await
        .json();
    assert_eq!(gone["ErrorCode"], "Invalid.Tenant.ConnectionNotExists");
    assert_eq!(gone["HttpStatusCode"], "400");
    create(&api, REALTIME, "t").await;
    let used = api.ok("ListDataSources", &[PROJECT, ("Name", "rds")]).await;
    let used = used["Data"]["DataSources"][0]["Id"].to_string();
    let refused = api
        .fail("DeleteDataSource", &[("DataSourceId", &used)])
        .await;
    assert_eq!(refused, "The data source rds is used by t.");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let api = Api::start(&[]).await;
    let page = async |number: &str| {
        let params = [PROJECT, ("PageNumber", number), ("PageSize", "3")];
        let list = api.ok("ListDataSources", &params).await["Data"].clone();
        assert_eq!(list["TotalCount"], 4);
        names(&list, "DataSources", "Name")
    };
    assert_eq!(page("1").await, ["rds", "odps_dw", "kafka_bus"]);
    assert_eq!(page("2").await, ["holo_bi"]);
    assert_eq!(page("3").await, [""; 0]);
    let large = api
        .refusal("ListDataSources", &[PROJECT, ("PageSize", "101")])
        .await;
    assert_eq!(large, "400 InvalidPageSize");
    let export = api
        .ok("ExportDataSources", &[PROJECT, ("DataSourceType", "odps")])
        .await;
    assert_eq!(names(&export["Data"], "DataSources", "Name"), ["odps_dw"]);
    let meta = [
        PROJECT,
        ("DatasourceName", "rds"),
        ("PageNumber", "2"),
        ("PageSize", "3"),
    ];
    let meta = api.ok("GetDataSourceMeta", &meta).await;
    let meta: Value = serde_json::from_str(meta["Data"]["Meta"].as_str().unwrap()).unwrap();
    assert_eq!(meta["dbTables"][0]["dbName"], "crm");
}

#[tokio::test]
async fn data_sources_are_imported_and_shared() {
    let api = Api::start(&[]).await;
    let list = json!([
        { "Name": "dev_bus", "DataSourceType": "kafka", "Content": "{}", "EnvType": 0 },
        { "Name": "kafka_bus", "DataSourceType": "kafka", "Content": {}, "EnvType": 1 },
    ])
    .to_string();
    let imported = api
        .fail("ImportDataSources", &[PROJECT, ("DataSources", &list)])
        .await;
    assert_eq!(imported, "Data source PROD kafka_bus already exists");
    let found = api
        .ok("ListDataSources", &[PROJECT, ("EnvType", "0")])
        .await;
    assert_eq!(names(&found["Data"], "DataSources", "Name"), ["dev_bus"]);
    let permissions = r#"[{"projectId":20000,"permission":"READ"}]"#;
    let share = [
        PROJECT,
        ("DatasourceName", "rds"),
        ("EnvType", "1"),
        ("ProjectPermissions", permissions),
    ];
    api.ok("SetDataSourceShare", &share).await;
    let other = api.ok("ListDataSources", &[("ProjectId", "20000")]).await;
    assert_eq!(other["Data"]["DataSources"][0]["Shared"], true);
    let mut wrong = share;
    wrong[3].1 = r#"[{"projectId":1,"permission":"READ"}]"#;
    assert_eq!(
        api.refusal("SetDataSourceShare", &wrong).await,
        "400 InvalidProjectPermissions"
    );
}

#[tokio::test]
async fn workspaces_and_resource_groups_are_listed() {
    let api = Api::start(&[]).await;
    let list = api.ok("ListProjects", &[]).await["PageResult"].clone();
    assert_eq!(
        names(&list, "ProjectList", "ProjectIdentifier"),
        ["analytics", "other"]
    );
    let one = api
        .ok("GetProject", &[("ProjectIdentifier", "other")])
        .await["Data"]
        .clone();
    assert_eq!(
        (&one["ProjectId"], &one["ProjectMode"]),
        (&json!(20000), &json!(2))
    );
    assert_eq!(
        api.refusal("GetProject", &[("ProjectId", "5")]).await,
        "403 Forbidden.Access"
    );
    let new = [
        ("ProjectIdentifier", "fresh"),
        ("ProjectName", "Fresh"),
        ("ProjectMode", "3"),
    ];
    let created = api.ok("CreateProject", &new).await;
    assert_eq!(created["Data"], 100001);
    assert_eq!(
        api.refusal("CreateProject", &new).await,
        "400 Invalid.Project.NameExisted"
    );
    for (kind, expected) in [
        (&[][..], vec!["scheduling"]),
        (
            &[("ResourceGroupType", "4")],
            vec!["S_res_group_1_2", "Serverless_res_group_1_3"],
        ),
        (
            &[("ResourceGroupType", "4"), ("Keyword", "Serverless")],
            vec!["Serverless_res_group_1_3"],
        ),
    ] {
        let list = api.ok("ListResourceGroups", kind).await;
        assert_eq!(names(&list, "Data", "Identifier"), expected);
    }
}

#[tokio::test]
async fn files_are_found_by_name_type_node_and_data_source() {
    let api = Api::start(&[]).await;
    let id = create(&api, REALTIME, "orders_to_holo").await;
    let find = async |more: &[(&str, &str)]| {
        let params: Vec<_> = [PROJECT].into_iter().chain(more.iter().copied()).collect();
        names(
            &api.ok("ListFiles", &params).await["Data"],
            "Files",
            "FileName",
        )
    };
    let found = ["orders_to_holo"];
    assert_eq!(
        find(&[("FileTypes", "23,900"), ("Keyword", "to_holo")]).await,
        found
    );
    assert_eq!(find(&[("ExactFileName", "orders")]).await, [""; 0]);
    assert_eq!(find(&[("FileIdIn", &id)]).await, found);
    assert_eq!(find(&[("FileTypes", "23")]).await, [""; 0]);
    let ids = vec!["1"; 51].join(",");
    assert_eq!(
        api.refusal("ListFiles", &[PROJECT, ("FileIdIn", &ids)])
            .await,
        "400 InvalidFileIdIn"
    );
    assert_eq!(api.refusal("ListFiles", &[]).await, "400 MissingProjectId");

    let reference = |kind, name| {
        [
            PROJECT,
            ("TaskType", "DI_REALTIME"),
            ("RefType", kind),
            ("DatasourceName", name),
        ]
    };
    let list = api
        .ok("ListRefDISyncTasks", &reference("from", "rds"))
        .await;
    assert_eq!(list["Data"]["DISyncTasks"], json!([]));
    api.ok("DeployDISyncTask", &with(REALTIME, &[("FileId", &id)]))
        .await;
    let list = api
        .ok("ListRefDISyncTasks", &reference("from", "rds"))
        .await;
    let task = &list["Data"]["DISyncTasks"][0];
    assert_eq!(task["DiSourceDatasource"], r#"["rds"]"#);
    assert_eq!(
        find(&[("NodeId", &task["NodeId"].to_string())]).await,
        found
    );
    let list = api.ok("ListRefDISyncTasks", &reference("to", "rds")).await;
    assert_eq!(list["Data"]["DISyncTasks"], json!([]));

    let file = api.ok("GetFile", &[PROJECT, ("FileId", &id)]).await["Data"]["File"].clone();
    assert_eq!(
        (&file["FileType"], &file["DeletedStatus"]),
        (&json!(900), &json!("NORMAL"))
    );
    let none = api
        .client
        .call("GetFile", &[PROJECT, ("FileId", "5")])
        .await
        .json();
    assert_eq!(
        (&none["Success"], &none["ErrorCode"]),
        (&json!(false), &json!("Invalid.File.NotExists"))
    );
}

const SCRIPT: &str = r#"{"type":"job","version":"2.0","steps":[
    {"stepType":"mysql","name":"Reader","category":"reader","parameter":{"envType":1,"datasource":"rds",
     "column":["id"],"connection":[{"datasource":"rds","table":["orders"]}]}},
    {"stepType":"odps","name":"Writer","category":"writer","parameter":{"envType":1,"datasource":"odps_dw",
     "table":"ods_orders","column":["id"]}}],
    "setting":{"errorLimit":{"record":""}},"order":{"hops":[{"from":"Reader","to":"Writer"}]}}"#;

async fn create_batch(api: &Api, name: &str) -> String {
    let placement =
        r#"{"FileFolderPath":"业务流程/shop/数据集成","ResourceGroup":"S_res_group_1_2"}"#;
    let params = [
        PROJECT,
        ("TaskType", "DI_OFFLINE"),
        ("TaskName", name),
        ("TaskContent", SCRIPT),
        ("TaskParam", placement),
    ];
    api.ok("CreateDISyncTask", &params).await["Data"]["FileId"].to_string()
}

async fn deployed(api: &Api, deployment: &Value) -> u64 {
    let id = deployment.to_string();
    for _ in 0..9 {
        let read = api
            .ok("GetDeployment", &[PROJECT, ("DeploymentId", &id)])
            .await;
        let status = read["Data"]["Deployment"]["Status"].as_u64().unwrap();
        if status != 0 {
            return status;
        }
    }
    panic!("the deployment never ends");
}

#[tokio::test]
async fn a_batch_task_is_scheduled_published_and_deleted() {
    let api = Api::start(&[]).await;
    let id = create_batch(&api, "nightly").await;
    let file = [PROJECT, ("FileId", id.as_str())];
    let schedule = [
        file[0],
        file[1],
        ("CronExpress", "00 00 02 * * ?"),
        ("AutoRerunTimes", "3"),
        ("InputList", "analytics_root,analytics.a"),
        ("OutputList", "analytics.nightly"),
        ("ResourceGroupIdentifier", "scheduling"),
        ("ApplyScheduleImmediately", "true"),
    ];
    api.ok("UpdateFile", &schedule).await;
    let node = api.ok("GetFile", &file).await["Data"]["NodeConfiguration"].clone();
    assert_eq!(
        node,
        json!({
            "SchedulerType": "NORMAL",
            "RerunMode": "ALL_ALLOWED",
            "CronExpress": "00 00 02 * * ?",
            "AutoRerunTimes": 3,
            "InputList": [
                { "Input": "analytics_root", "ParseType": "MANUAL" },
                { "Input": "analytics.a", "ParseType": "MANUAL" },
            ],
            "OutputList": [{ "Output": "analytics.nightly" }],
            "ResourceGroupId": 30003913,
            "ApplyScheduleImmediately": "true",
        })
    );
    let cycle = [file[0], file[1], ("CycleType", "WEEK")];
    assert_eq!(
        api.refusal("UpdateFile", &cycle).await,
        "400 InvalidCycleType"
    );

    assert_eq!(
        api.fail("DeployFile", &file).await,
        "The file is not submitted."
    );
    let submitted = api.ok("SubmitFile", &file).await["Data"].clone();
    assert_eq!(
        api.fail("DeployFile", &file).await,
        "The file is not submitted."
    );
    assert_eq!(deployed(&api, &submitted).await, 1);
    let published = api.ok("DeployFile", &file).await["Data"].clone();
    assert_eq!(deployed(&api, &published).await, 1);
    let node = api.ok("GetFile", &file).await["Data"]["File"]["NodeId"].to_string();
    let offline = [PROJECT, ("NodeId", node.as_str())];
    assert_eq!(api.ok("OfflineNode", &offline).await["Success"], "true");
    let again = api.client.call("OfflineNode", &offline).await.json();
    assert_eq!(keys(&again), ["RequestId", "Success"]);

    let deleted = api.ok("DeleteFile", &file).await["DeploymentId"].clone();
    assert_eq!(deployed(&api, &deleted).await, 1);
    assert_eq!(
        api.fail("DeleteFile", &file).await,
        "The file does not exist."
    );
    let unsubmitted = create_batch(&api, "nightly").await;
    let answer = api
        .ok("DeleteFile", &[PROJECT, ("FileId", &unsubmitted)])
        .await;
    assert_eq!(answer["DeploymentId"], Value::Null);
    assert_eq!(
        api.fail("GetDeployment", &[PROJECT, ("DeploymentId", "1")])
            .await,
        "There is no such deployment."
    );
}

#[tokio::test]
async fn what_create_and_update_cannot_take_is_told_in_the_body() {
    let api = Api::start(&[]).await;
    let create = async |name: &str, script: &str, placement: &str| {
        let params = [
            PROJECT,
            ("TaskType", "DI_OFFLINE"),
            ("TaskName", name),
            ("TaskContent", script),
            ("TaskParam", placement),
        ];
        api.fail("CreateDISyncTask", &params).await
    };
    let group = r#"{"ResourceGroup":"S_res_group_1_2"}"#;
    assert_eq!(
        create(
            "a",
            SCRIPT,
            r#"{"FileFolderPath":"Business Flow/none/Data Integration"}"#
        )
        .await,
        "Invalid path: Business Flow/none/Data Integration"
    );
    assert_eq!(
        create("a", SCRIPT, r#"{"ResourceGroup":"x"}"#).await,
        "ResourceGroup:[x] is invalid."
    );
    assert_eq!(
        create(
            "a",
            SCRIPT,
            r#"{"ResourceGroup":"S_res_group_1_2","Cu":0.5}"#
        )
        .await,
        "Cu is invalid: the resource group is not serverless."
    );
    assert_eq!(create("a b", SCRIPT, group).await, "name:[a b] is invalid.");
    assert_eq!(create("a", "{", group).await, "TaskContent is not JSON.");
    let elsewhere = SCRIPT.replace("odps_dw", "nowhere");
    assert_eq!(
        create("a", &elsewhere, group).await,
        "datasource:[nowhere] is invalid."
    );

    let id = create_batch(&api, "a").await;
    let update = |param| {
        [
            PROJECT,
            ("TaskType", "DI_OFFLINE"),
            ("FileId", id.as_str()),
            ("TaskParam", param),
        ]
    };
    assert_eq!(
        api.fail(
            "UpdateDISyncTask",
            &update(r#"{"ResourceGroup":"S_res_group_XXX"}"#)
        )
        .await,
        "ResourceGroup:[S_res_group_XXX] is invalid."
    );
    api.ok(
        "UpdateDISyncTask",
        &update(r#"{"ResourceGroup":"Serverless_res_group_1_3","Cu":"1.5"}"#),
    )
    .await;
    assert_eq!(
        api.refusal("CreateDISyncTask", &[PROJECT, ("TaskType", "DI_OFFLINE")])
            .await,
        "400 MissingTaskContent"
    );
}

fn job(name: &str) -> Vec<(&str, &str)> {
    vec![
        PROJECT,
        ("JobName", name),
        ("MigrationType", "FullAndRealtimeIncremental"),
        ("SourceDataSourceType", "MySQL"),
        ("DestinationDataSourceType", "Hologres"),
        ("SourceDataSourceSettings", r#"[{"DataSourceName":"rds"}]"#),
        (
            "DestinationDataSourceSettings",
            r#"[{"DataSourceName":"holo_bi"}]"#,
        ),
        (
            "ResourceSettings",
            r#"{"RealtimeResourceSettings":{"ResourceGroupIdentifier":"S_res_group_1_2"}}"#,
        ),
        (
            "TableMappings",
            r#"[{"SourceObjectSelectionRules":[{"ObjectType":"Database","Expression":"shop"}]}]"#,
        ),
    ]
}

#[tokio::test]
async fn a_dijob_runs_and_its_alarm_rules_go_with_it() {
    let api = Api::start(&[]).await;
    let id = api.ok("CreateDIJob", &job("whole")).await["DIJobId"].to_string();
    assert_eq!(
        api.refusal("CreateDIJob", &job("whole")).await,
        "400 Param.Invalid"
    );
    let one = [("DIJobId", id.as_str())];
    let state = async || api.ok("GetDIJob", &one).await["Data"]["JobStatus"].clone();
    assert_eq!(state().await, "Initialized");
    assert_eq!(api.refusal("StopDIJob", &one).await, "400 Param.Invalid");
    let settings = r#"{"StartTime":1671516776,"FailoverSettings":{"Interval":10,"UpperLimit":10}}"#;
    api.ok("StartDIJob", &[one[0], ("RealtimeStartSettings", settings)])
        .await;
    assert_eq!(state().await, "Running");
    assert_eq!(api.refusal("StartDIJob", &one).await, "400 Param.Invalid");
    assert_eq!(api.refusal("DeleteDIJob", &one).await, "400 Param.Invalid");
    api.ok("UpdateDIJob", &[one[0], ("Description", "all of it")])
        .await;
    let bad = r#"[{"SourceObjectSelectionRules":[]}]"#;
    assert_eq!(
        api.refusal("UpdateDIJob", &[one[0], ("TableMappings", bad)])
            .await,
        "400 Param.Invalid"
    );
    let details = api
        .ok("GetDIJob", &[one[0], ("WithDetails", "False")])
        .await["Data"]
        .clone();
    assert_eq!(
        (&details["Description"], &details["TableMappings"]),
        (&json!("all of it"), &Value::Null)
    );
    let list = api.ok("ListDIJobs", &[PROJECT, ("JobName", "who")]).await["DIJobPaging"].clone();
    assert_eq!(names(&list, "DIJobs", "JobStatus"), ["Running"]);
    assert_eq!(
        api.refusal("ListDIJobs", &[("ProjectId", "1")]).await,
        "403 Forbidden.Access"
    );

    let rule = |threshold| {
        [
            one[0],
            ("MetricType", "Delay"),
            ("TriggerConditions", threshold),
            (
                "NotificationSettings",
                r#"{"NotificationChannels":[{"Severity":"Warning","Channels":["Mail"]}],
                    "NotificationReceivers":[{"ReceiverType":"AliyunUid","ReceiverValues":["1"]}]}"#,
            ),
        ]
    };
    let good = r#"[{"Severity":"Warning","Duration":10,"Threshold":30}]"#;
    let created = api.ok("CreateDIAlarmRule", &rule(good)).await["DIAlarmRuleId"].to_string();
    let bad = r#"[{"Severity":"Warning","Duration":10}]"#;
    assert_eq!(
        api.refusal("CreateDIAlarmRule", &rule(bad)).await,
        "400 InvalidTriggerConditions"
    );
    let named = [("DIAlarmRuleId", created.as_str())];
    let mut update = rule(good).to_vec();
    update.extend([named[0], ("Enabled", "true")]);
    api.ok("UpdateDIAlarmRule", &update).await;
    let read = api.ok("GetDIAlarmRule", &named).await["DIAlarmRule"].clone();
    assert_eq!(
        (&read["Enabled"], &read["TriggerConditions"][0]["Threshold"]),
        (&json!(true), &json!(30))
    );
    let list = api.ok("ListDIAlarmRules", &one).await["DIAlarmRulePaging"].clone();
    assert_eq!(list["TotalCount"], 1);
    // A single rule has times and users beside what a list has.
    let shared = keys(&list["DIJobAlarmRules"][0]);
    let more: Vec<&str> = keys(&read)
        .into_iter()
        .filter(|key| !shared.contains(key))
        .collect();
    assert_eq!(
        more,
        ["CreatedTime", "CreatedUid", "UpdatedTime", "UpdatedUid"]
    );
    api.ok("DeleteDIAlarmRule", &named).await;
    for action in ["GetDIAlarmRule", "DeleteDIAlarmRule"] {
        assert_eq!(api.refusal(action, &named).await, "400 Param.Invalid");
    }
    update[0].1 = "999";
    assert_eq!(
        api.refusal("UpdateDIAlarmRule", &update).await,
        "400 Param.Invalid"
    );

    api.ok("StopDIJob", &one).await;
    assert_eq!([state().await, state().await], ["Stopping", "Stopped"]);
    api.ok("DeleteDIJob", &one).await;
    assert_eq!(api.refusal("GetDIJob", &one).await, "400 Param.Invalid");
    assert_eq!(
        api.refusal("ListDIAlarmRules", &one).await,
        "400 Param.Invalid"
    );
}

#[tokio::test]
async fn a_dijob_can_be_made_of_a_task() {
    let api = Api::start(&[]).await;
    let file_id = create(&api, REALTIME, "t").await;
    let import = |file_id: &str| {
        // The SDKs send the id as text.
        let rules = json!({ "Source": "Datastudio", "FileId": file_id });
        json!({ "ImportRuleSettings": rules, "RuntimeSettings": [] }).to_string()
    };
    let mut params = job("imported");
    params.retain(|(name, _)| *name != "TableMappings");
    let good = import(&file_id);
    let create = |settings| [params.clone(), vec![("JobSettings", settings)]].concat();
    let id = api.ok("CreateDIJob", &create(&good)).await["DIJobId"].to_string();
    let read = api.ok("GetDIJob", &[("DIJobId", &id)]).await["Data"].clone();
    assert_eq!(read["JobSettings"], json!({ "RuntimeSettings": [] }));
    assert_eq!(
        api.refusal("CreateDIJob", &create(&import("1"))).await,
        "400 Param.Invalid"
    );
}

#[tokio::test]
async fn smaller_editions_have_no_dijobs() {
    let api = Api::start(&[("edition", "professional")]).await;
    assert_eq!(
        api.refusal("CreateDIJob", &job("whole")).await,
        "403 Forbidden.Access"
    );
}

#[tokio::test]
async fn ddl_rules_of_a_workspace_are_read_and_changed() {
    let api = Api::start(&[]).await;
    let pair = [
        PROJECT,
        ("DestinationType", "holo"),
        ("SourceType", "mysql"),
    ];
    let read = async || {
        let config = api.ok("ListDIProjectConfig", &pair).await["Data"]["Config"].clone();
        serde_json::from_str::<Value>(config.as_str().unwrap()).unwrap()
    };
    assert_eq!(read().await["DROPTABLE"], "NORMAL");
    let change = |config| [pair[0], pair[1], pair[2], ("ProjectConfig", config)];
    api.ok(
        "UpdateDIProjectConfig",
        &change(r#"{"DROPTABLE":"CRITICAL"}"#),
    )
    .await;
    assert_eq!(read().await["DROPTABLE"], "CRITICAL");
    let silent = api
        .client
        .call("UpdateDIProjectConfig", &change(r#"{"DROPTABLE":"NEVER"}"#))
        .await;
    assert_eq!(silent.json()["Data"], json!({ "Status": "fail" }));
    assert_eq!(
        api.refusal(
            "ListDIProjectConfig",
            &[PROJECT, ("DestinationType", "kafka")]
        )
        .await,
        "400 InvalidDestinationType"
    );
}

#[tokio::test]
async fn a_running_task_has_made_its_tables() {
    let api = Api::start(&[("wait_reads", "0")]).await;
    let list = [("AppGuid", "odps.odps_dw"), ("DataSourceType", "odps")];
    let tables = async || {
        names(
            &api.ok("GetMetaDBTableList", &list).await["Data"],
            "TableEntityList",
            "TableName",
        )
    };
    assert_eq!(tables().await, [""; 0]);
    let mut param = super::lifecycle::task_param("to_odps", &["orders"]);
    param["setting"]["taskType"] = "oneclick_to_odps".into();
    param["steps"][1]["stepType"] = "odps".into();
    param["steps"][1]["parameter"]["datasource"] = "odps_dw".into();
    let id = super::lifecycle::create_from(&api, REALTIME, "to_odps", &param).await;
    let file = with(REALTIME, &[("FileId", &id)]);
    api.ok("DeployDISyncTask", &file).await;
    api.ok("StartDISyncInstance", &file).await;
    assert_eq!(status(&api, &id).await, "RUN");
    assert_eq!(tables().await, ["orders"]);
    let columns = [("TableGuid", "odps.odps_dw.orders")];
    let columns = api.ok("GetMetaTableColumn", &columns).await["Data"].clone();
    assert_eq!(
        names(&columns, "ColumnList", "ColumnName"),
        ["id", "amount", "ds", "hh"]
    );
    // One of the two has an envelope to fail in, the other has none.
    let none = [("TableGuid", "odps.nothing.orders")];
    assert_eq!(
        api.fail("GetMetaTableColumn", &none).await,
        "odps.nothing does not exist."
    );
    let none = [("AppGuid", "odps.nothing")];
    assert_eq!(
        api.refusal("GetMetaDBTableList", &none).await,
        "400 1031203110005"
    );
    let list = api.ok("GetMetaDBTableList", &list).await;
    assert_eq!(keys(&list), ["Data", "RequestId"]);
}
