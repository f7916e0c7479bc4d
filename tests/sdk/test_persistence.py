"""A world that lasts: killed at any moment and started again, it goes on where it was."""

import threading

import alibabacloud_tea_openapi.utils as tea
import aliyunsdkcore.utils.parameter_helper as core
import clients
import pytest
from emulator import HERE
from shop import PROJECT, await_status, create, create_running, generate, poll, realtime, task_param


@pytest.fixture
def world(start, tmp_path, scheme):
    """Starts an emulator on the same database again and again; gives back it and a client to it."""

    def world(*arguments):
        emulator = start("--db", tmp_path / "world.db", *arguments)
        return emulator, clients.connect(scheme, emulator.address)

    return world


def test_killed_and_started_again(world):
    emulator, api = world("--set", "polls=5")
    file_id = create_running(api, "one")
    pending = generate(api, task_param("two"), client_token="t")
    emulator.arm({"operation": "ListProjects", "nth": 2, "fault": {"kind": "error", "code": "ServiceUnavailable"}})
    api.call("ListProjects")
    before = emulator.admin("GET", "state")
    calls = emulator.calls()
    emulator.kill()

    emulator, api = world()
    assert emulator.admin("GET", "state") == before
    assert emulator.calls() == calls
    assert api.call("GetDISyncInstanceInfo", **realtime(file_id)).data.status == "RUN"
    # Tokens, generations, faults and ids go on.
    assert generate(api, task_param("two"), client_token="t") == pending
    api.refused("ListProjects", "ServiceUnavailable", 503)
    assert poll(api, pending)[1] == 5
    assert create(api, "three") > file_id
    api.call("StopDISyncInstance", **realtime(file_id))
    emulator.kill()

    emulator, api = world()
    assert await_status(api, file_id, "PAUSE") == ["KILLING", "PAUSE"]
    emulator.stop()
    assert emulator.process.returncode == 0


def test_what_was_answered_is_there(world):
    emulator, first = world()
    content, _ = poll(first, generate(first, task_param("x")))
    address, answered = emulator.address, []

    def work(worker):
        api = clients.connect(first.name, address)
        for number in range(10_000):
            try:
                name = f"task_{worker}_{number}"
                request = {"project_id": PROJECT, "task_type": "DI_REALTIME", "task_name": name}
                answered.append((api.call("CreateDISyncTask", **request, task_content=content).data.file_id, name))
            except Exception:
                return

    workers = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for worker in workers:
        worker.start()
    while len(answered) < 60:
        assert any(worker.is_alive() for worker in workers), "everybody has stopped"
        threading.Event().wait(0.01)
    emulator.kill()
    for worker in workers:
        worker.join()
    emulator, _ = world()
    kept = {(file["FileId"], file["FileName"]) for file in emulator.state("files")}
    assert set(answered) <= kept
    # At most the one call that each worker was waiting for is there unanswered.
    assert len(kept) <= len(answered) + len(workers)


def test_a_nonce_stays_used(world, monkeypatch):
    monkeypatch.setattr(tea.Utils, "get_nonce", staticmethod(lambda: "once"))
    monkeypatch.setattr(core, "get_uuid", lambda: "once")
    emulator, api = world()
    api.call("ListProjects")
    emulator.kill()
    _, api = world()
    api.refused("ListProjects", "SignatureNonceUsed")


def test_a_seed_takes_nothing_back(world, tmp_path, start, scheme):
    emulator, api = world()
    content = '{"database":"shop","instanceName":"rm-shop","username":"new"}'
    (one,) = api.call("ListDataSources", project_id=PROJECT, name="rds_shop", env_type=1).data.data_sources
    api.call("UpdateDataSource", data_source_id=one.id, content=content)
    emulator.drift(kind="ddl", project_id=PROJECT, datasource="rds_shop", table="orders", event="DROPTABLE")
    emulator.stop()
    seed = tmp_path / "more.toml"
    more = '[[workspace]]\nproject_id = 30000\nname = "third"\n\n'
    seed.write_text(more + (HERE / "seed.toml").read_text())
    emulator = start("--db", tmp_path / "world.db", seed=seed)
    api = clients.connect(scheme, emulator.address)
    assert api.call("ListProjects").page_result.total_count == 3
    (one,) = api.call("ListDataSources", project_id=PROJECT, name="rds_shop", env_type=1).data.data_sources
    assert '"new"' in one.content
    assert "orders" not in api.call("GetDataSourceMeta", project_id=PROJECT, datasource_name="rds_shop").data.meta
