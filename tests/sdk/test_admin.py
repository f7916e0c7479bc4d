"""The admin paths: what was called, what is there, and what somebody else does."""

import json

import pytest
from shop import DDL, GROUP, PROJECT, START_PARAM, await_status, create, create_running, realtime, solution, status
from shop import SCHEDULING, batch_script


def test_calls_are_counted_by_operation_and_end(api, emulator):
    api.call("ListProjects")
    api.call("ListProjects")
    api.fails("DeployDISyncTask", **realtime(1))
    api.refused("GetDISyncTask", "MissingFileId", project_id=PROJECT, task_type="DI_REALTIME")
    assert emulator.calls() == {
        "total": 4,
        "reads": 3,
        "writes": 1,
        "operations": {
            "DeployDISyncTask": {"fail": 1},
            "GetDISyncTask": {"MissingFileId": 1},
            "ListProjects": {"ok": 2},
        },
    }
    emulator.admin("DELETE", "calls")
    assert emulator.calls() == {"total": 0, "reads": 0, "writes": 0, "operations": {}}


def test_the_state_shows_every_object(api, emulator):
    file_id = create_running(api, start_param=json.dumps(START_PARAM))
    create(api, "one", "DI_SOLUTION", scheduleResgroupId=SCHEDULING)
    state = emulator.admin("GET", "state")
    (file,) = state["files"]
    assert (file["FileId"], file["FileName"], file["TaskType"]) == (file_id, "orders_sync", "DI_REALTIME")
    assert (file["Status"], file["RunningTables"], file["ResourceGroup"]) == ("RUN", ["shop.orders"], GROUP)
    assert file["StartParam"] == START_PARAM
    assert [one["name"] for one in state["solutions"]] == ["one"]
    assert len(state["workspaces"]) == 2
    assert "hunter2" not in json.dumps(state)


def test_somebody_edits_a_task(api, emulator):
    file_id = create_running(api)
    edit = {"kind": "task", "project_id": PROJECT, "name": "orders_sync"}
    emulator.drift(**edit, set={"tables": ["shop.users", "crm.contacts"]})
    code = json.loads(api.call("GetDISyncTask", **realtime(file_id)).data.code)
    databases = code["steps"][0]["parameter"]["connection"][0]["selectedTables"]
    assert [one["dbName"] for one in databases] == ["shop", "crm"]
    emulator.drift(**edit, set={"status": "PAUSE"})
    assert status(api, file_id) == "PAUSE"
    emulator.drift(**edit, set={"name": "renamed"})
    assert api.call("GetFile", project_id=PROJECT, file_id=file_id).data.file.file_name == "renamed"
    emulator.drift(kind="task", project_id=PROJECT, file_id=file_id, delete=True)
    assert "is invalid" in api.fails("GetDISyncTask", **realtime(file_id))


def test_somebody_edits_a_solution_or_a_source(api, emulator):
    solution_id = create(api, "one", "DI_SOLUTION", scheduleResgroupId=SCHEDULING)
    emulator.drift(kind="solution", project_id=PROJECT, name="one", set={"status": "fail", "message": "no binlog"})
    assert api.call("GetDISyncTask", **solution(solution_id)).data.solution_detail.status == "3"
    assert api.call("GetDISyncInstanceInfo", **solution(solution_id)).data.solution_info.status == "fail"
    emulator.drift(kind="datasource", project_id=PROJECT, name="odps_dw", set={"name": "odps_old"})
    assert api.call("ListDataSources", project_id=PROJECT, name="odps_old").data.total_count == 1


@pytest.mark.parametrize("event", DDL)
def test_a_table_of_the_source_changes(api, emulator, event):
    file_id = create_running(api, start_param=json.dumps({"ddlMarkMap": DDL}))
    change = {
        "RENAMETABLE": "orders_2",
        "ADDCOLUMN": "note text",
        "DROPCOLUMN": "amount",
        "RENAMECOLUMN": "amount total",
        "MODIFYCOLUMN": "amount double",
    }
    table = "refunds" if event == "CREATETABLE" else "orders"
    emulator.drift(
        kind="ddl", project_id=PROJECT, datasource="rds_shop", table=table, event=event, to=change.get(event)
    )
    data = api.call("GetDISyncInstanceInfo", **realtime(file_id)).data
    if DDL[event] == "CRITICAL":
        assert data.status == "PAUSE"
        assert event in data.message
    else:
        assert (data.status, data.message) == ("RUN", None)
    log = " ".join(emulator.state("files")[0]["Log"])
    assert (event in log) == (DDL[event] in ("WARNING", "NORMAL"))


def test_a_task_fails_over_too_often(api, emulator):
    file_id = create_running(api, start_param=json.dumps(START_PARAM))
    emulator.drift(kind="failover", project_id=PROJECT, file_id=file_id, times=10)
    assert status(api, file_id) == "RUN"
    emulator.drift(kind="failover", project_id=PROJECT, file_id=file_id, times=1)
    data = api.call("GetDISyncInstanceInfo", **realtime(file_id)).data
    assert data.status == "PAUSE"
    assert "11 failovers" in data.message
    api.call("StartDISyncInstance", **realtime(file_id))
    await_status(api, file_id, "RUN")


def test_what_makes_no_sense_is_told(emulator):
    def told(status, method, path, body=None):
        return emulator.admin(method, path, body, status=status)["error"]

    error = {"kind": "error", "code": "Throttling.User"}
    assert "no operation" in told(400, "PUT", "faults", [{"operation": "Nothing", "fault": error}])
    assert "not both" in told(400, "PUT", "faults", [{"operation": "*", "nth": 1, "probability": 1, "fault": error}])
    assert "needs a `status`" in told(
        400, "PUT", "faults", [{"operation": "*", "fault": {"kind": "error", "code": "Own.Code"}}]
    )
    assert "unknown variant" in told(400, "PUT", "faults", [{"operation": "*", "fault": {"kind": "quake"}}])
    assert "no such task" in told(400, "PUT", "drift", {"kind": "task", "project_id": PROJECT, "name": "x"})
    assert told(404, "GET", "nothing")
    assert told(405, "PUT", "state")


def test_a_batch_task_in_the_state(api, emulator):
    api.call(
        "CreateDISyncTask",
        project_id=PROJECT,
        task_type="DI_OFFLINE",
        task_name="daily",
        task_content=batch_script(),
        task_param=json.dumps({"ResourceGroup": GROUP}),
    )
    (file,) = emulator.state("files")
    assert (file["TaskType"], file["Tables"], file["Destination"]) == ("DI_OFFLINE", ["orders"], "odps_dw")
