"""Workspaces, resource groups, the rules of a workspace, and the tables of a destination."""

import json

from shop import DDL, GROUP, PROJECT, SANDBOX, SERVERLESS, create_running


def test_workspaces_are_listed_and_looked_up(api):
    page = api.call("ListProjects", page_size=1, page_number=2).page_result
    assert (page.page_number, page.page_size, page.total_count) == (2, 1, 2)
    (one,) = page.project_list
    assert (one.project_id, one.project_identifier, one.project_name) == (SANDBOX, "sandbox", "sandbox")
    assert (one.project_status, one.project_status_code) == (0, "AVAILABLE")

    data = api.call("GetProject", project_id=PROJECT).data
    assert (data.project_identifier, data.project_name) == ("analytics", "Analytics")
    assert (data.project_mode, data.env_types, data.status) == (3, ["DEV", "PROD"], 0)
    assert data.default_di_resource_group_identifier == GROUP
    assert api.call("GetProject", project_identifier="sandbox").data.project_mode == 2
    api.refused("GetProject", "Forbidden.Access", 403, project_id=1)
    api.refused("GetProject", "MissingProjectId")
    api.refused("ListProjects", "InvalidPageNumber", page_number=101)


def test_a_workspace_is_created_once(api):
    request = {"project_identifier": "fresh_1", "project_name": "Fresh", "client_token": "t-1"}
    created = api.call("CreateProject", **request, project_mode=3).data
    assert api.call("CreateProject", **request, project_mode=3).data == created
    assert api.call("GetProject", project_id=created).data.project_identifier == "fresh_1"
    assert api.call("ListProjects").page_result.total_count == 3
    api.refused("CreateProject", "InvalidProjectIdentifier", project_identifier="no-dash", project_name="x")
    api.refused("CreateProject", "MissingProjectName", project_identifier="x")


def test_resource_groups_are_listed_by_type(api):
    groups = api.call("ListResourceGroups", resource_group_type=4).data
    assert [one.identifier for one in groups] == [GROUP, SERVERLESS]
    assert (groups[0].name, groups[0].status, groups[0].resource_group_type) == ("exclusive", 0, "4")
    assert isinstance(groups[0].specs, dict)
    (scheduling,) = api.call("ListResourceGroups", resource_group_type=1).data
    assert (scheduling.id, scheduling.identifier) == (30003913, "scheduling")
    assert [one.name for one in api.call("ListResourceGroups", resource_group_type=4, keyword="less").data] == [
        "serverless"
    ]
    api.refused("ListResourceGroups", "InvalidBizExtKey", biz_ext_key="both")


def test_rules_of_a_workspace(api):
    of_holo = {"project_id": PROJECT, "destination_type": "holo"}
    before = json.loads(api.call("ListDIProjectConfig", **of_holo).data.config)
    assert before == dict.fromkeys(DDL, "NORMAL")
    rules = dict.fromkeys(DDL, "WARNING")
    updated = api.call("UpdateDIProjectConfig", **of_holo, project_config=json.dumps(rules)).data
    assert updated.status == "success"
    assert json.loads(api.call("ListDIProjectConfig", **of_holo).data.config) == rules

    # One source can have rules of its own; every other destination has what it had.
    of_mysql = {**of_holo, "source_type": "mysql"}
    api.call("UpdateDIProjectConfig", **of_mysql, project_config=json.dumps({"DROPTABLE": "CRITICAL"}))
    own = json.loads(api.call("ListDIProjectConfig", **of_mysql).data.config)
    assert own == {**rules, "DROPTABLE": "CRITICAL"}
    assert json.loads(api.call("ListDIProjectConfig", **of_holo).data.config) == rules
    of_odps = {**of_holo, "destination_type": "odps"}
    assert json.loads(api.call("ListDIProjectConfig", **of_odps).data.config) == before


def test_rules_that_make_no_sense(api):
    of_holo = {"project_id": PROJECT, "destination_type": "holo"}
    # The SDK knows a status here, and no message.
    answer = api.answer("UpdateDIProjectConfig", **of_holo, project_config='{"DROPTABLE": "PANIC"}')
    assert answer.data.status == "fail"
    api.refused("UpdateDIProjectConfig", "InvalidProjectConfig", **of_holo, project_config="[]")
    api.refused("UpdateDIProjectConfig", "MissingProjectConfig", **of_holo)
    api.refused("ListDIProjectConfig", "InvalidDestinationType", project_id=PROJECT, destination_type="kafka")
    api.refused("ListDIProjectConfig", "Forbidden.Access", 403, project_id=1, destination_type="holo")


def test_tables_of_a_destination(api):
    database = {"app_guid": "odps.dw", "data_source_type": "odps"}
    assert api.call("GetMetaDBTableList", **database).data.total_count == 0
    create_running(api, tables=["orders", "users", "items"])
    page = api.call("GetMetaDBTableList", **database, page_size=2, page_number=2).data
    assert (page.total_count, page.page_number, page.page_size) == (3, 2, 2)
    (last,) = page.table_entity_list
    assert (last.database_name, last.table_name, last.table_guid) == ("dw", "users", "odps.dw.users")

    data = api.call("GetMetaTableColumn", table_guid="odps.dw.orders").data
    columns = [(one.column_name, one.column_type, one.is_partition_column) for one in data.column_list]
    assert columns == [
        ("id", "bigint", False),
        ("amount", "decimal(18,2)", False),
        ("ds", "string", True),
        ("hh", "string", True),
    ]
    assert data.column_list[0].is_primary_key is True
    assert "odps.dw.nothing" in api.fails("GetMetaTableColumn", table_guid="odps.dw.nothing")
    api.refused("GetMetaDBTableList", "MissingAppGuid")
    api.refused("GetMetaDBTableList", "1031203110005", app_guid="odps.nothing")
    api.refused("GetMetaDBTableList", "InvalidDataSourceType", app_guid="odps.dw", data_source_type="mysql")
