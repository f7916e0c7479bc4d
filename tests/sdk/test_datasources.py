"""Data sources: made, changed, moved, listed, taken away, and never giving up a secret."""

import json
import re

import pytest
from shop import GROUP, PROJECT, SANDBOX, create as create_task

MYSQL = {
    "database": "fresh",
    "instanceName": "rm-new",
    "username": "sync",
    "password": "s3cret",
    "rdsOwnerId": "1234",
    "regionId": "cn-shanghai",
    "tag": "rds",
}


def create(api, name="rds_new", content=MYSQL, **more):
    request = {"project_id": PROJECT, "env_type": 1, "data_source_type": "mysql", **more}
    return api.call("CreateDataSource", name=name, content=json.dumps(content), **request).data


def listed(api, **query):
    return api.call("ListDataSources", project_id=PROJECT, **query).data.data_sources


def test_whole_life(api):
    id = create(api, description="Of the new shop")
    (one,) = listed(api, name="rds_new")
    assert (one.id, one.name, one.data_source_type, one.env_type) == (id, "rds_new", "mysql", 1)
    assert (one.description, one.project_id, one.shared) == ("Of the new shop", PROJECT, False)
    assert (one.connect_status, one.status) == (1, 1)
    assert json.loads(one.content) == {**MYSQL, "password": "***"}
    assert re.fullmatch(r"[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M", one.gmt_create)

    # What was created can be read at once.
    source = {"project_id": PROJECT, "datasource_name": "rds_new", "env_type": "1"}
    assert api.call("TestNetworkConnection", **source, resource_group=GROUP).task_list.connect_status is True
    assert '"tableName":"b"' in api.call("GetDataSourceMeta", **source).data.meta

    changed = {**MYSQL, "username": "other", "password": "another"}
    updated = api.call("UpdateDataSource", data_source_id=id, content=json.dumps(changed), description="", env_type=1)
    assert updated.data is True
    (one,) = listed(api, name="rds_new")
    assert json.loads(one.content) == {**changed, "password": "***"}

    assert api.call("DeleteDataSource", data_source_id=id).data is True
    assert listed(api, name="rds_new") == []


def test_a_server_that_nobody_knows_cannot_be_reached(api):
    create(api, content={**MYSQL, "instanceName": "rm-unknown"})
    assert listed(api, name="rds_new")[0].connect_status == 2
    source = {"project_id": PROJECT, "datasource_name": "rds_new", "env_type": "1"}
    assert api.fails("TestNetworkConnection", **source, resource_group=GROUP) == "connect timed out"


@pytest.mark.parametrize(
    "kind, content, hidden",
    [
        ("odps", {"project": "p", "endpoint": "e", "accessId": "i", "accessKey": "k", "authType": 2}, "accessKey"),
        ("holo", {"instanceId": "h", "database": "d", "accessId": "i", "accessKey": "k"}, "accessKey"),
        ("kafka", {"instanceId": "k", "regionId": "cn-shanghai", "ownerId": "1", "tag": "aliyun"}, None),
        ("oss", {"bucket": "b", "endpoint": "e", "accessId": "i", "accessKey": "k"}, "accessKey"),
        ("sqlserver", {"jdbcUrl": "jdbc:sqlserver://h:1", "username": "u", "password": "p"}, "password"),
        ("postgresql", {"jdbcUrl": "jdbc:postgresql://h/d", "username": "u", "password": "p"}, "password"),
        ("mongodb", {"address": "[]", "database": "d", "username": "u", "password": "p"}, "password"),
        ("redis", {"address": "[]", "password": "p"}, "password"),
    ],
)
def test_each_type_hides_its_secret(api, emulator, kind, content, hidden):
    create(api, "one", content, data_source_type=kind)
    seen = {**content, hidden: "***"} if hidden else content
    assert json.loads(listed(api, name="one")[0].content) == seen
    exported = api.call("ExportDataSources", project_id=PROJECT, name="one").data.data_sources
    assert json.loads(exported[0].content) == seen
    (kept,) = [one for one in emulator.state("datasources") if one["name"] == "one"]
    assert kept["content"] == seen


def test_an_rds_source_says_of_which_engine(api):
    id = create(api, data_source_type="rds", sub_type="mysql")
    assert listed(api, sub_type="mysql")[0].id == id
    request = {"project_id": PROJECT, "env_type": 1, "name": "x", "content": "{}"}
    api.refused("CreateDataSource", "InvalidSubType", **request, data_source_type="rds")
    api.refused("CreateDataSource", "InvalidSubType", **request, data_source_type="mysql", sub_type="mysql")


def test_an_export_can_be_imported_elsewhere(api):
    exported = api.call("ExportDataSources", project_id=PROJECT, env_type=1).data
    assert exported.total_count == 4
    drafts = [
        {
            "Name": one.name,
            "DataSourceType": one.data_source_type,
            "Description": one.description,
            "Content": one.content,
            "EnvType": one.env_type,
        }
        for one in exported.data_sources
    ]
    result = api.call("ImportDataSources", project_id=SANDBOX, data_sources=json.dumps(drafts)).data
    assert (result.status, result.message) == (True, "")
    names = [one.name for one in api.call("ListDataSources", project_id=SANDBOX).data.data_sources]
    assert names == ["rds_shop", "odps_dw", "kafka_bus", "holo_bi"]

    # What is there already fails; the rest is imported all the same.
    drafts.append({**drafts[0], "Name": "rds_more"})
    failure = api.fails("ImportDataSources", project_id=SANDBOX, data_sources=json.dumps(drafts))
    assert "Data source PROD rds_shop already exists" in failure
    assert api.call("ListDataSources", project_id=SANDBOX, name="rds_more").data.total_count == 1
    api.refused("ImportDataSources", "InvalidDataSources", project_id=SANDBOX, data_sources="{}")


def test_pages_and_filters(api):
    for number in range(12):
        create(api, f"page_{number:02}")

    def found(**query):
        data = api.call("ListDataSources", project_id=PROJECT, **query).data
        assert (data.page_number, data.page_size) == (query.get("page_number", 1), query.get("page_size", 10))
        return data.total_count, [one.name for one in data.data_sources]

    total, names = found()
    assert (total, len(names)) == (17, 10)
    assert found(name="page_", page_size=5, page_number=3) == (12, ["page_10", "page_11"])
    assert found(name="page_", page_size=5, page_number=4) == (12, [])
    assert found(name="page_", page_size=100)[1] == [f"page_{number:02}" for number in range(12)]
    assert found(data_source_type="kafka") == (1, ["kafka_bus"])
    assert found(env_type=0) == (1, ["rds_shop"])
    assert found(status="DISABLED") == (0, [])
    api.refused("ListDataSources", "InvalidPageSize", project_id=PROJECT, page_size=101)
    api.refused("ListDataSources", "InvalidPageNumber", project_id=PROJECT, page_number=0)
    api.refused("ListDataSources", "InvalidEnvType", project_id=PROJECT, env_type=2)
    api.refused("ExportDataSources", "MissingProjectId")


def test_each_environment_has_its_own(api):
    create(api)
    create(api, env_type=0)
    assert [one.env_type for one in listed(api, name="rds_new")] == [1, 0]
    request = {"project_id": PROJECT, "name": "rds_new", "content": json.dumps(MYSQL), "data_source_type": "mysql"}
    assert api.answer("CreateDataSource", **request, env_type=1).success is False
    assert api.answer("CreateDataSource", **request, env_type=0).success is False
    assert len(listed(api, name="rds_new")) == 2


def test_what_cannot_be(api):
    request = {"project_id": PROJECT, "name": "x", "content": "{}", "env_type": 1}
    api.refused("CreateDataSource", "InvalidDataSourceType", **request, data_source_type="excel")
    api.refused("CreateDataSource", "InvalidContent", **{**request, "content": "no"}, data_source_type="mysql")
    api.refused("CreateDataSource", "Forbidden.Access", 403, **{**request, "project_id": 1}, data_source_type="mysql")
    for operation in "UpdateDataSource", "DeleteDataSource":
        assert api.answer(operation, data_source_id=999).success is False
    id = create(api)
    assert api.answer("UpdateDataSource", data_source_id=id, env_type=0).success is False


def test_a_source_in_use_stays(api):
    create_task(api)
    (one,) = listed(api, name="odps_dw")
    assert api.answer("DeleteDataSource", data_source_id=one.id).success is False
    assert len(listed(api, name="odps_dw")) == 1


def test_a_source_shared_with_another_workspace(api):
    share = {"project_id": PROJECT, "datasource_name": "rds_shop", "env_type": "1"}
    permissions = json.dumps([{"projectId": SANDBOX, "permission": "READ"}])
    data = api.call("SetDataSourceShare", **share, project_permissions=permissions).data
    assert data.status == "success"
    (seen,) = api.call("ListDataSources", project_id=SANDBOX).data.data_sources
    assert (seen.name, seen.shared, seen.project_id) == ("rds_shop", True, PROJECT)
    api.refused("SetDataSourceShare", "InvalidProjectPermissions", **share, project_permissions="[{}]")
    assert "nobody" in api.fails("SetDataSourceShare", **{**share, "datasource_name": "nobody"})


def test_the_network_of_what_is_not_there(api):
    source = {"project_id": PROJECT, "datasource_name": "nobody", "env_type": "1"}
    assert api.fails("TestNetworkConnection", **source, resource_group=GROUP) == "datasource:[nobody] is invalid."
    assert api.fails("GetDataSourceMeta", **source) == "datasource:[nobody] is invalid."
    source["datasource_name"] = "rds_shop"
    group = "S_res_group_9_9"
    assert api.fails("TestNetworkConnection", **source, resource_group=group) == f"ResourceGroup:[{group}] is invalid."
    api.refused("TestNetworkConnection", "MissingResourceGroup", **source)
    api.refused("GetDataSourceMeta", "MissingDatasourceName", project_id=PROJECT)
