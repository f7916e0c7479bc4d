"""A real-time task, from its first test of the network to its end."""

import json

import pytest
from shop import (
    FOLDER,
    GROUP,
    PROJECT,
    START_PARAM,
    WRITERS,
    await_status,
    create,
    create_running,
    generate,
    poll,
    realtime,
    status,
    task_param,
    update_param,
)


def test_whole_life(api):
    # Can it work at all?
    connection = api.call(
        "TestNetworkConnection",
        project_id=PROJECT,
        datasource_name="rds_shop",
        env_type="1",
        resource_group=GROUP,
    ).task_list
    assert connection.connect_status is True
    assert connection.connect_message == ""
    meta = json.loads(
        api.call("GetDataSourceMeta", project_id=PROJECT, datasource_name="rds_shop", env_type="1").data.meta
    )
    tables = [
        (info["dbName"], info["tableName"])
        for database in meta["dbTables"]
        for schema in database["schema"]
        for info in schema["tableInfos"]
    ]
    assert tables == [("shop", "items"), ("shop", "orders"), ("shop", "users"), ("crm", "contacts")]

    # Generate, poll, create.
    content, polls = poll(api, generate(api, task_param("orders_sync", tables=["orders", "users"])))
    assert polls == 3
    script = json.loads(content)
    assert (script["type"], script["version"], script["extend"]["mode"]) == ("job", "2.0", "migration_odps")
    assert [step["name"] for step in script["steps"]] == ["reader", "writer"]
    created = api.call(
        "CreateDISyncTask",
        project_id=PROJECT,
        task_type="DI_REALTIME",
        task_name="orders_sync",
        task_content=content,
        task_param=json.dumps({"FileFolderPath": FOLDER, "ResourceGroup": GROUP}),
        client_token="0000-ABCD",
    ).data
    assert (created.status, created.message) == ("success", None)
    file_id = created.file_id
    assert isinstance(file_id, int)

    # It is there, and stands still.
    task = api.call("GetDISyncTask", **realtime(file_id)).data
    assert json.loads(task.code) == script
    assert task.solution_detail is None
    assert not task.alarm_list
    info = api.call("GetDISyncInstanceInfo", **realtime(file_id)).data
    assert (info.status, info.name, info.message, info.solution_info) == ("NORUN", "orders_sync", None, None)
    assert "not deployed" in api.fails("StartDISyncInstance", **realtime(file_id))

    # Deploy, start, run.
    api.call("DeployDISyncTask", **realtime(file_id))
    api.call("StartDISyncInstance", **realtime(file_id), start_param=json.dumps(START_PARAM))
    assert await_status(api, file_id, "RUN") == ["WAIT", "RUN"]

    # It can be found by name and by data source.
    files = api.call("ListFiles", project_id=PROJECT, file_types="900", exact_file_name="orders_sync").data
    assert (files.total_count, files.page_number, files.page_size) == (1, 1, 10)
    assert (files.files[0].file_id, files.files[0].file_type) == (file_id, 900)
    assert files.files[0].create_time > 1_600_000_000_000
    file = api.call("GetFile", project_id=PROJECT, file_id=file_id).data.file
    assert (file.file_name, file.deleted_status, file.commit_status) == ("orders_sync", "NORMAL", 1)
    assert json.loads(file.content) == script
    for name, direction in ("rds_shop", "from"), ("odps_dw", "to"):
        found = api.call(
            "ListRefDISyncTasks",
            project_id=PROJECT,
            datasource_name=name,
            ref_type=direction,
            task_type="DI_REALTIME",
        ).data.disync_tasks
        assert [(one.node_id, one.node_name) for one in found] == [(file.node_id, "orders_sync")]
        assert json.loads(found[0].di_source_datasource) == ["rds_shop"]
        assert json.loads(found[0].di_destination_datasource) == ["odps_dw"]

    # Another table, a table less: update, deploy, start again.
    process = api.call(
        "GenerateDISyncTaskConfigForUpdating",
        project_id=PROJECT,
        task_type="DI_REALTIME",
        task_id=file_id,
        task_param=update_param("orders", "items"),
    ).data.process_id
    updated, _ = poll(api, process)
    api.call("UpdateDISyncTask", **realtime(file_id), task_content=updated)
    api.call("DeployDISyncTask", **realtime(file_id))
    code = json.loads(api.call("GetDISyncTask", **realtime(file_id)).data.code)
    rules = code["steps"][1]["parameter"]["tableMappingRule"]
    assert [rule["srcTable"] for rule in rules["datasource"][0]["tableRule"]] == ["orders", "items"]
    assert status(api, file_id) == "RUN"
    api.call("StopDISyncInstance", **realtime(file_id))
    assert await_status(api, file_id, "PAUSE") == ["KILLING", "PAUSE"]
    api.call("StartDISyncInstance", **realtime(file_id))
    await_status(api, file_id, "RUN")

    # And the way down.
    assert "running" in api.fails("TerminateDISyncInstance", **realtime(file_id))
    assert "running" in api.fails("DeleteDISyncTask", **realtime(file_id))
    api.call("StopDISyncInstance", **realtime(file_id))
    await_status(api, file_id, "PAUSE")
    api.call("TerminateDISyncInstance", **realtime(file_id))
    assert status(api, file_id) == "NORUN"
    api.call("DeleteDISyncTask", **realtime(file_id))
    assert api.fails("GetDISyncTask", **realtime(file_id)) == f"fileId:[{file_id}] is invalid."
    assert api.fails("GetDISyncInstanceInfo", **realtime(file_id)) == f"fileId[{file_id}] is invalid"
    assert api.call("ListFiles", project_id=PROJECT, keyword="orders").data.total_count == 0


@pytest.mark.parametrize("destination", WRITERS)
def test_each_destination_has_its_script(api, destination):
    selected = {"shop": ["orders"], "crm": ["contacts"]}
    content, _ = poll(api, generate(api, task_param("two", destination, selected=selected)))
    script = json.loads(content)
    reader, writer = script["steps"]
    assert script["extend"] == {"mode": f"migration_{destination}", "resourceGroup": GROUP, "name": "two"}
    databases = reader["parameter"]["connection"][0]["selectedTables"]
    assert [one["dbName"] for one in databases] == ["shop", "crm"]
    assert writer["stepType"] == destination
    assert writer["parameter"]["datasource"] == WRITERS[destination]
    rules = writer["parameter"]["tableMappingRule"]
    assert rules["totalTableMapping"] == 2
    rule = rules["datasource"][0]["tableRule"][0]
    assert (rule["srcDbName"], rule["srcTable"]) == ("shop", "orders")
    assert rule["dstTable"] == ("shop.orders" if destination == "holo" else "orders")
    assert rule["primaryKeyInfo"] == {"type": "pk", "column": ["id"]}
    columns = {one["name"]: one["type"] for one in rule["dstCreateTableInfo"]["dataColumn"]}
    expected = {"odps": "decimal(18,2)", "kafka": "decimal(18,2)", "holo": "numeric(18,2)"}
    assert columns["amount"] == expected[destination]


def test_a_stopped_task_is_told_so_twice(api):
    file_id = create_running(api)
    assert "is running" in api.fails("StartDISyncInstance", **realtime(file_id))
    api.call("StopDISyncInstance", **realtime(file_id))
    assert "being stopped" in api.fails("StopDISyncInstance", **realtime(file_id))
    await_status(api, file_id, "PAUSE")
    assert "not running" in api.fails("StopDISyncInstance", **realtime(file_id))


@pytest.mark.parametrize(
    "operation",
    [
        "DeployDISyncTask",
        "StartDISyncInstance",
        "StopDISyncInstance",
        "TerminateDISyncInstance",
        "DeleteDISyncTask",
        "GetDISyncTask",
        "UpdateDISyncTask",
    ],
)
def test_a_task_that_is_not_there(api, operation):
    assert api.fails(operation, **realtime(100)) == "fileId:[100] is invalid."


def test_an_update_of_a_task_that_is_not_there(api):
    message = api.fails(
        "GenerateDISyncTaskConfigForUpdating",
        project_id=PROJECT,
        task_type="DI_REALTIME",
        task_id=100,
        task_param=update_param("orders"),
    )
    assert message == "fileId:[100] is invalid."


def test_a_process_that_is_not_there(api):
    query = {"project_id": PROJECT, "task_type": "DI_REALTIME", "async_process_id": 10}
    assert api.fails("QueryDISyncTaskConfigProcessResult", **query) == "processId:[10] is invalid."


@pytest.mark.parametrize(
    "change, message",
    [
        ({"source": "nobody"}, "datasource:[nobody] is invalid."),
        ({"resourceGroup": "S_res_group_9_9"}, "ResourceGroup:[S_res_group_9_9] is invalid."),
        ({"destination": "mysql"}, "taskType:[oneclick_to_mysql] is invalid."),
        ({"tables": ["orders_*"]}, "table:[orders_*] is invalid."),
        ({"tables": []}, "the list of tables is empty."),
    ],
)
def test_a_script_that_makes_no_sense(api, change, message):
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_param": task_param(**change)}
    assert api.fails("GenerateDISyncTaskConfigForCreating", **request) == message


def test_a_table_that_is_not_there_is_found_out_on_the_way(api):
    process = generate(api, task_param(tables=["orders", "nothing"]))
    query = {"project_id": PROJECT, "task_type": "DI_REALTIME", "async_process_id": process}
    for _ in range(2):
        assert api.call("QueryDISyncTaskConfigProcessResult", **query).data.task_content is None
    assert api.fails("QueryDISyncTaskConfigProcessResult", **query) == "table:[shop.nothing] is invalid."


def test_a_name_is_taken_already_when_a_script_is_generated(api):
    create(api, "orders_sync")
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_param": task_param("orders_sync")}
    api.refused("GenerateDISyncTaskConfigForCreating", "Invalid.DI.Parameter.File.Existed", **request)


def test_a_workspace_of_others(api):
    request = {"project_id": 1, "task_type": "DI_REALTIME"}
    api.refused(
        "GenerateDISyncTaskConfigForCreating",
        "Forbidden.DI.NoPrivilege",
        status=403,
        **request,
        task_param=task_param(),
    )
    api.refused("GetDISyncTask", "Forbidden.Access", status=403, **request, file_id=1)


def test_a_folder_that_is_not_there(api):
    content, _ = poll(api, generate(api, task_param()))
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_name": "a", "task_content": content}
    path = "Business Flow/nobody/Data Integration"
    message = api.fails("CreateDISyncTask", **request, task_param=json.dumps({"FileFolderPath": path}))
    assert message == f"Invalid path: {path}"
    # The same folder, in the other language of the console.
    path = "业务流程/shop/数据集成"
    api.call("CreateDISyncTask", **request, task_param=json.dumps({"FileFolderPath": path}))


def test_only_what_is_published_refers_to_its_sources(api):
    query = {"project_id": PROJECT, "task_type": "DI_REALTIME", "ref_type": "from", "datasource_name": "rds_shop"}
    ids = [create(api, f"sync_{number}") for number in range(3)]

    def names(**page):
        tasks = api.call("ListRefDISyncTasks", **query, **page).data.disync_tasks
        return [one.node_name for one in tasks]

    assert names() == []
    for file_id in ids:
        api.call("DeployDISyncTask", **realtime(file_id))
    assert names() == ["sync_0", "sync_1", "sync_2"]
    assert names(page_size=2, page_number=2) == ["sync_2"]
    api.refused("ListRefDISyncTasks", "InvalidRefType", **{**query, "ref_type": "both"})
    api.refused("ListRefDISyncTasks", "InvalidTaskType", **{**query, "task_type": "DI_SOLUTION"})


@pytest.mark.parametrize(
    "start_param, message",
    [
        ({"ddlMarkMap": {"DROPTABLE": "PANIC"}}, 'the DDL policy "PANIC" is unknown'),
        ({"ddlMarkMap": {"DROP_TABLE": "IGNORE"}}, "the DDL event DROP_TABLE is unknown"),
        ({"startTime": 1}, "unknown field `startTime`"),
    ],
)
def test_a_start_that_makes_no_sense(api, start_param, message):
    file_id = create(api)
    api.call("DeployDISyncTask", **realtime(file_id))
    assert message in api.fails("StartDISyncInstance", **realtime(file_id), start_param=json.dumps(start_param))
    api.refused("StartDISyncInstance", "Param.Invalid", **realtime(file_id), start_param="{")


def test_a_source_that_nobody_can_reach(api, emulator):
    emulator.drift(kind="datasource", project_id=PROJECT, name="rds_shop", set={"reachable": False})
    source = {"project_id": PROJECT, "datasource_name": "rds_shop", "env_type": "1"}
    assert api.fails("TestNetworkConnection", **source, resource_group=GROUP) == "connect timed out"
    assert api.fails("GetDataSourceMeta", **source) == "read datasource time out"


def test_tables_come_in_pages(api):
    def names(page):
        query = {"project_id": PROJECT, "datasource_name": "rds_shop", "page_number": page, "page_size": 3}
        meta = json.loads(api.call("GetDataSourceMeta", **query).data.meta)
        return [
            info["tableName"]
            for database in meta["dbTables"]
            for schema in database["schema"]
            for info in schema["tableInfos"]
        ]

    assert [names(page) for page in (1, 2, 3)] == [["items", "orders", "users"], ["contacts"], []]
