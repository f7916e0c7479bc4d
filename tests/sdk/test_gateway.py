"""Who calls, when, with which signature: what the gateway lets through and what it says to the rest."""

import json

import alibabacloud_tea_openapi.utils as tea
import aliyunsdkcore.utils.parameter_helper as core
import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from clients import Refused
from shop import PROJECT, SCHEDULING, create, generate, poll, realtime, solution, task_param


def test_a_parameter_that_is_missing(api):
    error = api.refused("GetDISyncTask", "MissingFileId", project_id=PROJECT, task_type="DI_REALTIME")
    assert error.message == "FileId is mandatory for this action."
    # Empty is missing.
    api.refused("GenerateDISyncTaskConfigForCreating", "MissingTaskType", project_id=PROJECT, task_type="")
    api.refused("CreateDISyncTask", "MissingTaskContent", project_id=PROJECT, task_type="DI_REALTIME")


@pytest.mark.parametrize(
    "change, code",
    [
        ({"project_id": 0}, "InvalidProjectId"),
        ({"project_id": 10**10 + 1}, "InvalidProjectId"),
        ({"project_id": "ten"}, "InvalidProjectId"),
        ({"task_type": "di_realtime"}, "InvalidTaskType"),
        ({"file_id": 0}, "InvalidFileId"),
        ({"file_id": -1}, "InvalidFileId"),
        ({"file_id": True}, "InvalidFileId"),
    ],
)
def test_a_parameter_that_is_invalid(api, change, code):
    error = api.refused("GetDISyncTask", code, **{**realtime(1), **change})
    assert error.message == f"Specified parameter {code.removeprefix('Invalid')} is not valid."


def test_an_error_tells_where_to_read_on(api):
    error = api.refused("GetDISyncTask", "MissingFileId", project_id=PROJECT, task_type="DI_REALTIME")
    body = getattr(error.original, "data", None)
    if body is not None:
        assert body["HostId"]
        assert body["Recommend"].startswith("https://api.aliyun.com/troubleshoot?q=MissingFileId")


def test_an_operation_that_nobody_has(api):
    # A name that one would expect, and that does not exist.
    with pytest.raises(Refused) as caught:
        api.send_untyped("GetDIProjectConfig", "2020-05-18", ProjectId="10000")
    assert (caught.value.status, caught.value.code) == (404, "InvalidAction.NotFound")
    assert caught.value.message == "Specified api is not found, please check your url and method."
    for operation, version in [("ListProjects", "2019-01-01"), ("listprojects", "2020-05-18")]:
        with pytest.raises(Refused) as caught:
            api.send_untyped(operation, version)
        assert caught.value.code == "InvalidAction.NotFound"


def test_an_operation_that_is_not_emulated(api):
    api.refused("ListBusiness", "NotEmulated", project_id=PROJECT)
    with pytest.raises(Refused) as caught:
        api.send_untyped("GetDIJob", "2024-05-18", Id="1")
    assert (caught.value.status, caught.value.code) == (400, "NotEmulated")


def test_a_wrong_secret(connect, scheme):
    stranger = connect(secret="wrong")
    if scheme == "core":
        # This client finds its own string to sign behind the colon, and tells what that means.
        error = stranger.refused("ListProjects", "InvalidAccessKeySecret")
        assert error.message.startswith("The AccessKeySecret is incorrect.")
    else:
        error = stranger.refused("ListProjects", "SignatureDoesNotMatch")
        _, colon, string_to_sign = error.message.partition(":")
        assert colon
        assert string_to_sign.startswith("POST&%2F&" if scheme == "v2" else "ACS3-HMAC-SHA256\n")
    stranger.refused("CreateDISyncTask", error.code, project_id=PROJECT, task_type="DI_REALTIME", task_content="{}")


def test_a_key_that_nobody_has(connect):
    error = connect(key="nobody").refused("ListProjects", "InvalidAccessKeyId.NotFound", 404)
    assert error.message == "Specified access key is not found."


@pytest.mark.emulator("--access-key", "testid:testsecret", "--inactive-access-key", "old:secret")
def test_a_key_that_is_disabled(connect):
    connect(key="old", secret="secret").refused("ListProjects", "InvalidAccessKeyId.Inactive")
    connect().call("ListProjects")


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock of the clients."""

    def set(time):
        monkeypatch.setattr(tea.Utils, "get_timestamp", staticmethod(lambda: time))
        monkeypatch.setattr(core, "get_iso_8061_date", lambda: time)

    return set


def test_a_clock_that_is_wrong(api, clock):
    for time in "2024-01-02T03:04:05Z", "2124-01-02T03:04:05Z":
        clock(time)
        api.refused("ListProjects", "InvalidTimeStamp.Expired")
    clock("yesterday")
    api.refused("ListProjects", "InvalidTimeStamp.Format")


@pytest.mark.emulator("--set", "skew_s=4000000000")
def test_a_clock_that_may_be_wrong(api, clock):
    clock("2024-01-02T03:04:05Z")
    api.call("ListProjects")


def test_a_nonce_is_good_once(api, monkeypatch):
    monkeypatch.setattr(tea.Utils, "get_nonce", staticmethod(lambda: "once"))
    monkeypatch.setattr(core, "get_uuid", lambda: "once")
    api.call("ListProjects")
    api.refused("ListProjects", "SignatureNonceUsed")


@pytest.mark.emulator("--access-key", "STS.one:secret:CAIS/tok+en==")
def test_a_key_for_a_while(connect, emulator):
    key = {"key": "STS.one", "secret": "secret"}
    holder = connect(**key, token="CAIS/tok+en==")
    holder.call("ListProjects")
    holder.refused("GetDISyncTask", "Forbidden.Access", 403, **{**realtime(1), "project_id": 1})
    connect(**key, token="other").refused("ListProjects", "InvalidSecurityToken.Malformed")
    connect(**key).refused("ListProjects", "MissingSecurityToken")
    emulator.arm({"operation": "*", "fault": {"kind": "error", "code": "InvalidSecurityToken.Expired"}})
    holder.refused("ListProjects", "InvalidSecurityToken.Expired")


def test_a_token_where_there_should_be_none(connect):
    connect(token="CAIS").refused("ListProjects", "InvalidSecurityToken.Malformed")


HARD = """a b+c*d~e'()!/?&=%;:@$,<>[]{}|^`#\\ "quoted" 中文 é 😀 \t
2"""


def test_every_character_arrives(api):
    request = {"project_id": PROJECT, "name": "x", "data_source_type": "oss", "env_type": 1}
    content = json.dumps({"bucket": HARD, "endpoint": "%20+%2B"}, ensure_ascii=False)
    # Some parameters travel in the query, others in the form body.
    api.call("CreateDataSource", **request, content=content, description=HARD)
    (one,) = api.call("ListDataSources", project_id=PROJECT, name="x").data.data_sources
    assert one.description == HARD
    assert json.loads(one.content) == json.loads(content)
    assert api.call("ListDataSources", project_id=PROJECT, name=HARD).data.total_count == 0
    solution_id = create(api, "one", "DI_SOLUTION", scheduleResgroupId=SCHEDULING)
    script = json.loads(poll(api, generate(api, task_param("two")))[0])
    script["extend"]["note"] = HARD
    api.call(
        "CreateDISyncTask",
        project_id=PROJECT,
        task_type="DI_REALTIME",
        task_name="订单_sync.v2",
        task_content=json.dumps(script, ensure_ascii=False),
    )
    (file,) = api.call("ListFiles", project_id=PROJECT, exact_file_name="订单_sync.v2").data.files
    code = api.call("GetDISyncTask", **realtime(file.file_id)).data.code
    assert json.loads(code) == script
    assert api.call("GetDISyncTask", **solution(solution_id)).data.solution_detail.name == "one"


def test_a_script_of_many_columns(api):
    script = json.loads(poll(api, generate(api, task_param("big")))[0])
    rules = script["steps"][1]["parameter"]["tableMappingRule"]["datasource"][0]["tableRule"]
    column = rules[0]["dstCreateTableInfo"]["dataColumn"][0]
    rules[0]["dstCreateTableInfo"]["dataColumn"] = [{**column, "index": index} for index in range(5_000)]
    text = json.dumps(script)
    assert len(text) > 500_000
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_name": "big"}
    file_id = api.call("CreateDISyncTask", **request, task_content=text).data.file_id
    assert json.loads(api.call("GetDISyncTask", **realtime(file_id)).data.code) == script


@pytest.mark.parametrize("size", [20_000, 60_000])
def test_an_address_that_is_too_long(api, size):
    # The clients send this parameter in the query.
    error = api.refused("UpdateDISyncTask", "RequestURITooLong", 414, **realtime(1), task_content="x" * size)
    assert "limit is 16384" in error.message
    api.call("ListProjects")


@pytest.mark.emulator("--set", "max_url_bytes=65000")
def test_an_address_may_be_longer(api):
    assert api.fails("UpdateDISyncTask", **realtime(1), task_content="x" * 60_000) == "fileId:[1] is invalid."


@pytest.mark.emulator("--set", "max_body_bytes=100000")
def test_a_body_that_is_too_large(api):
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_name": "big"}
    api.refused("CreateDISyncTask", "RequestEntityTooLarge", 413, **request, task_content="x" * 200_000)
    api.call("ListProjects")


@pytest.mark.emulator("--set", "auth=lax")
def test_nobody_is_asked_who_they_are(connect):
    connect(key="nobody", secret="none").call("ListProjects")


def test_xml_for_those_who_ask(emulator):
    client = AcsClient("testid", "testsecret", "cn-shanghai", port=emulator.port)
    def send(**query):
        request = CommonRequest(domain="127.0.0.1", version="2020-05-18", action_name="ListProjects")
        request.set_endpoint("127.0.0.1")
        request.set_accept_format("XML")
        for name, value in query.items():
            request.add_query_param(name, value)
        status, _, body = client.get_response(request)
        return status, body.decode()

    status, body = send()
    assert status == 200
    assert "<ListProjectsResponse>" in body and "<ProjectId>10000</ProjectId>" in body
    status, body = send(PageSize="no")
    assert status == 400
    assert "<Code>InvalidPageSize</Code>" in body
