"""A batch task: a file that is scheduled, submitted, deployed and taken away."""

import json

import pytest
from shop import FOLDER, GROUP, PROJECT, SANDBOX, SERVERLESS, batch_script


def create(api, name="orders_daily", **param):
    param = {"FileFolderPath": FOLDER, "ResourceGroup": GROUP, **param}
    return api.call(
        "CreateDISyncTask",
        project_id=PROJECT,
        task_type="DI_OFFLINE",
        task_name=name,
        task_content=batch_script(),
        task_param=json.dumps(param),
    ).data.file_id


def file(file_id):
    return {"project_id": PROJECT, "file_id": file_id}


def deployed(api, deployment_id):
    """Waits for the end of a deployment."""
    for _ in range(5):
        data = api.call("GetDeployment", project_id=PROJECT, deployment_id=deployment_id).data
        assert data.deployment.checking_status is None
        if data.deployment.status != 0:
            return data
    raise AssertionError("the deployment does not end")


def test_whole_life(api):
    file_id = create(api)
    api.call(
        "UpdateFile",
        **file(file_id),
        cron_express="00 25 00 * * ?",
        cycle_type="DAY",
        scheduler_type="NORMAL",
        rerun_mode="ALL_ALLOWED",
        auto_rerun_times=3,
        auto_rerun_interval_millis=120_000,
        input_list="analytics_root",
        para_value="bizdate=$bizdate",
        dependent_type="NONE",
        stop=False,
        resource_group_identifier="scheduling",
    )
    data = api.call("GetFile", **file(file_id)).data
    assert (data.file.file_name, data.file.file_type, data.file.commit_status) == ("orders_daily", 23, 0)
    assert json.loads(data.file.content) == json.loads(batch_script())
    schedule = data.node_configuration
    assert (schedule.cron_express, schedule.cycle_type) == ("00 25 00 * * ?", "DAY")
    assert (schedule.auto_rerun_times, schedule.auto_rerun_interval_millis) == (3, 120_000)
    assert schedule.stop is False
    assert schedule.resource_group_id == 30003913
    assert [one.input for one in schedule.input_list] == ["analytics_root"]

    # To the scheduler of development, then to that of production.
    assert api.fails("DeployFile", **file(file_id)) == "The file is not submitted."
    submission = api.call("SubmitFile", **file(file_id), comment="first").data
    done = deployed(api, submission)
    assert (done.deployment.status, done.deployment.name) == (1, "first")
    assert (done.deployment.from_environment, done.deployment.to_environment) == (0, 1)
    assert done.deployment.execute_time >= done.deployment.create_time > 1_600_000_000_000
    assert [(one.file_id, one.file_version, one.status) for one in done.deployed_items] == [(file_id, 1, 1)]
    listed = api.call("ListFiles", project_id=PROJECT, file_types="23", need_content=True).data.files[0]
    assert (listed.commit_status, listed.current_version) == (1, 1)
    assert json.loads(listed.content) == json.loads(batch_script())
    done = deployed(api, api.call("DeployFile", **file(file_id)).data)
    assert (done.deployment.from_environment, done.deployment.to_environment) == (1, 2)

    references = {"project_id": PROJECT, "task_type": "DI_OFFLINE", "ref_type": "from"}
    found = api.call("ListRefDISyncTasks", **references, datasource_name="rds_shop").data.disync_tasks
    assert [(one.node_id, one.task_type) for one in found] == [(listed.node_id, "DI_OFFLINE")]
    assert api.call("ListFiles", project_id=PROJECT, node_id=listed.node_id).data.files[0].file_id == file_id

    # Another script makes another version; the scheduler keeps the old one until it is submitted.
    api.call(
        "UpdateDISyncTask",
        **file(file_id),
        task_type="DI_OFFLINE",
        task_content=batch_script(table="users"),
        task_param=json.dumps({"ResourceGroup": SERVERLESS, "Cu": 1.5}),
    )
    assert api.call("GetFile", **file(file_id)).data.file.commit_status == 0
    assert deployed(api, api.call("SubmitFile", **file(file_id)).data).deployed_items[0].file_version == 2

    node = {"project_id": PROJECT, "node_id": listed.node_id}
    assert api.call("OfflineNode", **node).success == "true"
    deletion = api.call("DeleteFile", **file(file_id)).deployment_id
    assert deployed(api, deletion).deployment.status == 1
    assert api.call("ListFiles", project_id=PROJECT).data.total_count == 0
    assert api.call("GetFile", **file(file_id)).data.file.deleted_status == "RECYCLE_BIN"


def test_what_was_never_submitted_is_deleted_at_once(api):
    file_id = create(api)
    assert api.call("DeleteFile", **file(file_id)).deployment_id is None
    assert api.call("ListFiles", project_id=PROJECT).data.total_count == 0


@pytest.mark.parametrize("operation", ["UpdateFile", "SubmitFile", "DeployFile", "DeleteFile", "GetFile"])
def test_a_file_that_is_not_there(api, operation):
    body = api.answer(operation, **file(100))
    assert body.success is False
    assert (body.error_code, body.error_message) == ("Invalid.File.NotExists", "The file does not exist.")
    assert body.http_status_code == 400


def test_a_deployment_or_a_node_that_is_not_there(api):
    assert api.fails("GetDeployment", project_id=PROJECT, deployment_id=9) == "There is no such deployment."
    assert api.answer("OfflineNode", project_id=PROJECT, node_id=9).success == "false"


@pytest.mark.parametrize(
    "param, message",
    [
        ({"ResourceGroup": "S_res_group_9_9"}, "ResourceGroup:[S_res_group_9_9] is invalid."),
        ({"FileFolderPath": "Business Flow/x/Data Integration"}, "Invalid path: Business Flow/x/Data Integration"),
        ({"Cu": 0.7, "ResourceGroup": SERVERLESS}, "Cu is invalid."),
        ({"Cu": 1}, "Cu is invalid: the resource group is not serverless."),
    ],
)
def test_a_place_that_makes_no_sense(api, param, message):
    request = {"project_id": PROJECT, "task_type": "DI_OFFLINE", "task_name": "a", "task_content": batch_script()}
    param = {"FileFolderPath": FOLDER, "ResourceGroup": GROUP, **param}
    assert api.fails("CreateDISyncTask", **request, task_param=json.dumps(param)) == message


def test_a_script_that_is_none(api):
    request = {"project_id": PROJECT, "task_type": "DI_OFFLINE", "task_name": "a"}
    assert api.fails("CreateDISyncTask", **request, task_content="{") == "TaskContent is not JSON."
    file_id = create(api)
    assert "datasource:[nobody]" in api.fails(
        "UpdateDISyncTask", **file(file_id), task_type="DI_OFFLINE", task_content=batch_script(source="nobody")
    )


def test_a_batch_task_is_not_run_by_hand(api):
    file_id = create(api)
    for operation in "StartDISyncInstance", "DeployDISyncTask", "GetDISyncTask", "DeleteDISyncTask":
        api.refused(operation, "Param.Invalid", **file(file_id), task_type="DI_OFFLINE")


def test_files_come_in_pages_and_by_many_marks(api):
    ids = [create(api, f"daily_{number}") for number in range(5)]

    def found(**query):
        data = api.call("ListFiles", project_id=PROJECT, **query).data
        return data.total_count, [one.file_id for one in data.files]

    assert found(page_size=2) == (5, ids[:2])
    assert found(page_size=2, page_number=3) == (5, ids[4:])
    assert found(page_size=2, page_number=4) == (5, [])
    assert found(keyword="_3") == (1, [ids[3]])
    assert found(exact_file_name="daily") == (0, [])
    assert found(file_id_in=f"{ids[0]},{ids[4]}") == (2, [ids[0], ids[4]])
    assert found(file_folder_path=FOLDER, file_types="23,900", use_type="NORMAL") == (5, ids[:5])
    assert found(file_types="900") == (0, [])
    api.refused("ListFiles", "InvalidPageSize", project_id=PROJECT, page_size=101)
    api.refused("ListFiles", "MissingProjectId")
    assert api.call("ListFiles", project_identifier="analytics").data.total_count == 5


def test_a_workspace_without_a_production(api):
    request = {"project_id": SANDBOX, "task_type": "DI_OFFLINE", "task_name": "a", "task_content": batch_script()}
    param = json.dumps({"FileFolderPath": "Business Flow/play/Data Integration", "ResourceGroup": GROUP})
    assert api.fails("CreateDISyncTask", **request, task_param=param) == "datasource:[rds_shop] is invalid."
    for name in "rds_shop", "odps_dw":
        api.call(
            "SetDataSourceShare",
            project_id=PROJECT,
            datasource_name=name,
            env_type="1",
            project_permissions=json.dumps([{"projectId": SANDBOX, "permission": "READ"}]),
        )
    file_id = api.call("CreateDISyncTask", **request, task_param=param).data.file_id
    submission = api.call("SubmitFile", project_id=SANDBOX, file_id=file_id).data
    for _ in range(2):
        data = api.call("GetDeployment", project_id=SANDBOX, deployment_id=submission).data
    assert (data.deployment.status, data.deployment.to_environment) == (1, 2)
    assert "basic mode" in api.fails("DeployFile", project_id=SANDBOX, file_id=file_id)
