"""A solution: what the API lets one do with it, and what it does not."""

import json

import pytest
from shop import PROJECT, SCHEDULING, create, generate, solution, task_param


def test_whole_life(api):
    solution_id = create(api, "shop_to_holo", "DI_SOLUTION", destination="holo", scheduleResgroupId=SCHEDULING)
    detail = api.call("GetDISyncTask", **solution(solution_id)).data.solution_detail
    assert (detail.id, detail.name, detail.project_id) == (solution_id, "shop_to_holo", PROJECT)
    assert (detail.type, detail.source_type, detail.status) == ("holo", "mysql", "1")
    assert json.loads(detail.process_extra) == {"processType": "new", "tableNum": 1}
    process = json.loads(detail.process_content)
    assert (process["srcType"], process["holoDatasource"]) == ("mysql", "holo_bi")
    assert "not deployed" in api.fails("StartDISyncInstance", **solution(solution_id))

    api.call("DeployDISyncTask", **solution(solution_id))
    api.call("StartDISyncInstance", **solution(solution_id))
    seen = []
    for _ in range(20):
        data = api.call("GetDISyncInstanceInfo", **solution(solution_id)).data
        assert (data.status, data.name) == ("success", None)
        assert data.solution_info.id == solution_id
        seen.append(data.solution_info.status)
        if seen[-1] == "run":
            break
    assert list(dict.fromkeys(seen)) == ["wait", "run"]
    steps = data.solution_info.step_detail
    assert [(step.step_id, step.step_name, step.status) for step in steps] == [
        (1, "Create a base table", "success"),
        (2, "Full batch synchronization", "success"),
        (3, "Real-time synchronization", "running"),
    ]
    table = json.loads(steps[0].info)
    assert table["componentName"] == "Table"
    assert table["fusionProps"]["dataSource"] == [{"fileName": "shop_to_holo", "status": "SUCCESS"}]

    detail = api.call("GetDISyncTask", **solution(solution_id)).data.solution_detail
    assert detail.status == "2"
    assert len(detail.start_time) == len(detail.submit_time) == len("2021-12-07 14:40:51")


@pytest.mark.parametrize("operation", ["StopDISyncInstance", "TerminateDISyncInstance", "DeleteDISyncTask"])
def test_there_is_no_way_back(api, operation):
    solution_id = create(api, "one", "DI_SOLUTION", scheduleResgroupId=SCHEDULING)
    api.refused(operation, "Param.Invalid", **solution(solution_id))


def test_a_solution_is_no_file(api):
    create(api, "one", "DI_SOLUTION", scheduleResgroupId=SCHEDULING)
    assert api.call("ListFiles", project_id=PROJECT).data.total_count == 0


def test_its_batch_tasks_need_a_group_to_be_scheduled_on(api):
    request = {"project_id": PROJECT, "task_type": "DI_SOLUTION"}
    operation = "GenerateDISyncTaskConfigForCreating"
    assert api.fails(operation, **request, task_param=task_param()) == "scheduleResgroupId is missing."
    other = task_param(scheduleResgroupId=1)
    assert api.fails(operation, **request, task_param=other) == "scheduleResgroupId:[1] is invalid."


def test_a_solution_that_is_not_there(api):
    for operation in "GetDISyncTask", "DeployDISyncTask", "StartDISyncInstance":
        assert api.fails(operation, **solution(7)) == "fileId:[7] is invalid."
    assert api.fails("GetDISyncInstanceInfo", **solution(7)) == "fileId[7] is invalid"


def test_the_two_kinds_of_task_share_their_names(api):
    create(api, "one", "DI_SOLUTION", scheduleResgroupId=SCHEDULING)
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_param": task_param("one")}
    api.refused("GenerateDISyncTaskConfigForCreating", "Invalid.DI.Parameter.File.Existed", **request)
    generate(api, task_param("two"))
