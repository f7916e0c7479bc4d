"""Client tokens: the same request twice has one effect."""

import pytest
from shop import PROJECT, create, generate, poll, realtime, task_param, update_param


def test_the_same_answer_twice(api, emulator):
    process = generate(api, task_param("one"), client_token="g-1")
    assert generate(api, task_param("one"), client_token="g-1") == process
    content, _ = poll(api, process)
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_name": "one", "task_content": content}
    first = api.call("CreateDISyncTask", **request, client_token="c-1")
    again = api.call("CreateDISyncTask", **request, client_token="c-1")
    assert again.data.file_id == first.data.file_id
    assert again.request_id != first.request_id
    assert len(emulator.state("files")) == 1

    file_id = first.data.file_id
    update = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_id": file_id, "client_token": "u-1"}
    operation = "GenerateDISyncTaskConfigForUpdating"
    process = api.call(operation, **update, task_param=update_param("users")).data.process_id
    assert api.call(operation, **update, task_param=update_param("users")).data.process_id == process
    # A token is one of its operation.
    api.call("GenerateDISyncTaskConfigForCreating", **{**request_of("two"), "client_token": "u-1"})


def request_of(name):
    return {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_param": task_param(name)}


def test_another_request_under_the_same_token(api, emulator):
    generate(api, task_param("one"), client_token="g-1")
    api.refused(
        "GenerateDISyncTaskConfigForCreating", "IdempotentParameterMismatch", **request_of("two"), client_token="g-1"
    )
    assert len(emulator.state("processes")) == 1


@pytest.mark.emulator("--set", "token_mismatch=first-result")
def test_another_request_may_get_the_first_answer(api):
    process = generate(api, task_param("one"), client_token="g-1")
    assert generate(api, task_param("two"), client_token="g-1") == process


@pytest.mark.emulator("--set", "token_retention_s=none")
def test_tokens_may_be_forgotten(api):
    process = generate(api, task_param("one"), client_token="g-1")
    assert generate(api, task_param("one"), client_token="g-1") != process


def test_an_empty_token_is_none(api):
    process = generate(api, task_param("one"), client_token="")
    assert generate(api, task_param("one"), client_token="") != process


def test_a_failure_is_not_remembered(api):
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "client_token": "g-1"}
    operation = "GenerateDISyncTaskConfigForCreating"
    assert "nobody" in api.fails(operation, **request, task_param=task_param(source="nobody"))
    generate(api, task_param("one"), client_token="g-1")


def test_a_task_that_was_deleted_since_is_not_made_again(api):
    content, _ = poll(api, generate(api, task_param("one")))
    request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_name": "one", "task_content": content}
    file_id = api.call("CreateDISyncTask", **request, client_token="c-1").data.file_id
    api.call("DeleteDISyncTask", **realtime(file_id))
    assert api.call("CreateDISyncTask", **request, client_token="c-1").data.file_id == file_id
    assert "is invalid" in api.fails("GetDISyncTask", **realtime(file_id))
    # Without the token it is another task.
    assert create(api, "one") != file_id
