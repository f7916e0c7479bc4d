"""Fault rules: what breaks, how the clients tell of it, and what has happened all the same."""

import time

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from aliyunsdkcore.acs_exception.exceptions import ClientException as CoreClientException
from clients import Refused, connect as to
from shop import PROJECT, await_status, create, create_running, generate, realtime, status, task_param

CODES = [
    ("Throttling.Api", 429),
    ("Throttling.User", 429),
    ("Throttling.System", 429),
    ("Throttling.Api.Risk", 429),
    ("Throttling.Resource", 429),
    ("InternalError.System", 500),
    ("InternalError.UserId.Missing", 500),
    ("InternalError.DI.Parameter", 500),
    ("Forbidden.Not.Server", 500),
    ("ServiceUnavailable", 503),
    ("ResourceNotAuthorized.Api", 403),
    ("Forbidden.Access", 403),
    ("Forbidden.DI.NoPrivilege", 403),
    ("Param.Invalid", 400),
]


@pytest.mark.parametrize("code, status", CODES)
def test_each_code_with_its_status(api, emulator, code, status):
    emulator.arm({"operation": "DeployDISyncTask", "nth": 1, "fault": {"kind": "error", "code": code}})
    file_id = create(api)
    error = api.refused("DeployDISyncTask", code, status, **realtime(file_id))
    if api.name != "core":
        assert type(error.original) is (ServerException if status >= 500 else ClientException)
    # Nothing was done, and the next call is a call as any other.
    assert emulator.state("files")[0]["DeployedVersion"] is None
    api.call("DeployDISyncTask", **realtime(file_id))
    assert emulator.calls("DeployDISyncTask") == {code: 1, "ok": 1}


def test_when_to_come_back(api, emulator):
    fault = {"kind": "error", "code": "Throttling.Api", "retry_after_ms": 1234, "message": "Slowly."}
    emulator.arm({"operation": "Get*", "fault": fault})
    error = api.refused("GetProject", "Throttling.Api", 429, project_id=PROJECT)
    assert error.message == "Slowly."
    if api.name != "core":
        assert type(error.original) is ThrottlingException
        assert error.retry_after == 1234
    api.call("ListProjects")


@pytest.mark.parametrize(
    "operation, params",
    [
        ("DeployDISyncTask", realtime(1)),
        ("GetDISyncInstanceInfo", realtime(1)),
        ("GenerateDISyncTaskConfigForCreating", {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_param": "{}"}),
        ("ImportDataSources", {"project_id": PROJECT, "data_sources": "[]"}),
        ("GetFile", {"project_id": PROJECT, "file_id": 1}),
        (
            "TestNetworkConnection",
            {"project_id": PROJECT, "datasource_name": "a", "env_type": "1", "resource_group": "b"},
        ),
    ],
)
def test_a_failure_in_the_operation_s_own_shape(api, emulator, operation, params):
    emulator.arm({"operation": operation, "fault": {"kind": "in_band", "message": "submit and deploy fail."}})
    assert api.fails(operation, **params) == "submit and deploy fail."
    assert emulator.calls(operation) == {"fail": 1}


def test_which_calls_are_hit(api, emulator):
    def hits(**rule):
        emulator.arm({"operation": "List*", "fault": {"kind": "error", "code": "ServiceUnavailable"}, **rule})
        hit = []
        for number in range(1, 13):
            try:
                api.call("ListProjects")
            except Refused:
                hit.append(number)
        return hit

    assert hits(nth=3) == [3]
    assert hits(nth=3, times=4) == [3, 4, 5, 6]
    assert hits(times=2) == [1, 2]
    some = hits(probability=0.5, seed=7)
    assert 0 < len(some) < 12
    assert hits(probability=0.5, seed=7) == some
    assert hits(probability=0.5, seed=8) != some
    assert hits(probability=0) == []
    assert emulator.admin("GET", "faults")[0]["seen"] == 12
    emulator.admin("DELETE", "faults")
    assert emulator.admin("GET", "faults") == []


def breaks(api, operation, **params):
    """Calls over a connection that breaks."""
    with pytest.raises(Exception) as caught:
        api.answer(operation, **params)
    assert not isinstance(caught.value, (Refused, AssertionError)), caught.value
    if api.name == "core":
        assert isinstance(caught.value, (CoreClientException, ValueError))


def test_a_connection_that_breaks_before_and_after(api, emulator):
    file_id = create(api)
    emulator.arm(
        {"operation": "DeployDISyncTask", "nth": 1, "fault": {"kind": "drop_before"}},
        {"operation": "StartDISyncInstance", "nth": 1, "fault": {"kind": "drop_after"}},
    )
    breaks(api, "DeployDISyncTask", **realtime(file_id))
    assert emulator.state("files")[0]["DeployedVersion"] is None
    api.call("DeployDISyncTask", **realtime(file_id))
    breaks(api, "StartDISyncInstance", **realtime(file_id))
    assert await_status(api, file_id, "RUN") == ["WAIT", "RUN"]
    # No client has tried again by itself.
    assert emulator.calls("DeployDISyncTask") == {"dropped-before": 1, "ok": 1}
    assert emulator.calls("StartDISyncInstance") == {"dropped-after": 1}


def test_an_answer_that_is_torn(api, emulator):
    file_id = create(api)
    emulator.arm({"operation": "DeployDISyncTask", "nth": 1, "fault": {"kind": "torn"}})
    breaks(api, "DeployDISyncTask", **realtime(file_id))
    assert emulator.state("files")[0]["DeployedVersion"] == 1
    assert emulator.calls("DeployDISyncTask") == {"torn": 1}


def test_a_token_makes_up_for_a_lost_answer(api, emulator):
    emulator.arm(
        {"operation": "GenerateDISyncTaskConfigForCreating", "nth": 1, "fault": {"kind": "drop_after"}},
    )
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_param": task_param()}
    breaks(api, "GenerateDISyncTaskConfigForCreating", **request, client_token="t")
    process = generate(api, task_param(), client_token="t")
    assert [one["id"] for one in emulator.state("processes")] == [process]


def test_an_answer_that_comes_late(api, emulator):
    emulator.arm({"operation": "ListProjects", "nth": 1, "fault": {"kind": "delay", "ms": 300}})
    begun = time.monotonic()
    api.call("ListProjects")
    assert time.monotonic() - begun >= 0.3


def test_an_effect_that_comes_late(api, emulator):
    file_id = create(api)
    emulator.arm({"operation": "DeployDISyncTask", "nth": 1, "fault": {"kind": "late", "ms": 600}})
    breaks(api, "DeployDISyncTask", **realtime(file_id))
    assert [one["operation"] for one in emulator.state("late_calls")] == ["DeployDISyncTask"]
    time.sleep(0.7)
    api.call("StartDISyncInstance", **realtime(file_id))


def test_a_read_that_is_stale(api, emulator):
    create(api, "one")
    emulator.arm({"operation": "ListFiles", "nth": 1, "fault": {"kind": "stale", "ms": 60_000}})
    assert api.call("ListFiles", project_id=PROJECT).data.total_count == 0
    assert api.call("ListFiles", project_id=PROJECT).data.total_count == 1


@pytest.mark.emulator("--set", "stale_reads_ms=800")
def test_reads_may_all_be_stale(api):
    process = generate(api, task_param())
    query = {"project_id": PROJECT, "task_type": "DI_REALTIME", "async_process_id": process}
    assert api.fails("QueryDISyncTaskConfigProcessResult", **query) == f"processId:[{process}] is invalid."
    time.sleep(0.9)
    api.call("QueryDISyncTaskConfigProcessResult", **query)


def test_a_generation_that_never_ends(api, emulator):
    emulator.arm({"operation": "GenerateDISyncTaskConfigForCreating", "fault": {"kind": "never_finish"}})
    query = {"project_id": PROJECT, "task_type": "DI_REALTIME", "async_process_id": generate(api, task_param())}
    for _ in range(10):
        data = api.call("QueryDISyncTaskConfigProcessResult", **query).data
        assert (data.status, data.task_content) == ("success", None)


@pytest.mark.parametrize(
    "word, expected",
    [
        ("success", ("success", None)),
        ("running", ("running", None)),
        ("fail-with-message", ("fail", "The task is in process.")),
        ("fail-without-message", ("fail", None)),
    ],
)
def test_a_generation_under_way(start, scheme, word, expected):
    api = to(scheme, start("--set", f"in_progress={word}", "--set", "polls=2").address)
    query = {"project_id": PROJECT, "task_type": "DI_REALTIME", "async_process_id": generate(api, task_param())}
    data = api.answer("QueryDISyncTaskConfigProcessResult", **query).data
    assert (data.status, data.message) == expected
    assert api.call("QueryDISyncTaskConfigProcessResult", **query).data.task_content


def test_an_instance_that_dies(api, emulator):
    file_id = create_running(api)
    emulator.arm({"operation": "GetDISyncInstanceInfo", "nth": 1, "fault": {"kind": "die", "message": "out of memory"}})
    data = api.call("GetDISyncInstanceInfo", **realtime(file_id)).data
    assert (data.status, data.message) == ("PAUSE", "out of memory")
    emulator.arm({"operation": "StartDISyncInstance", "nth": 1, "fault": {"kind": "die", "message": "no such binlog"}})
    api.call("StartDISyncInstance", **realtime(file_id))
    assert api.call("GetDISyncInstanceInfo", **realtime(file_id)).data.message == "no such binlog"
    api.call("StartDISyncInstance", **realtime(file_id))
    await_status(api, file_id, "RUN")
    assert status(api, file_id) == "RUN"
