"""DIJobs in the shape that this version has for them, and their alarm rules."""

import pytest
from alibabacloud_dataworks_public20200518 import models
from clients import connect as to
from shop import GROUP, PROJECT, create as create_task

RULE = {"rule_name": "rename", "rule_action_type": "Rename", "rule_target_type": "Table"}
MAPPINGS = [
    models.CreateDIJobRequestTableMappings(
        source_object_selection_rules=[
            models.CreateDIJobRequestTableMappingsSourceObjectSelectionRules(object_type=kind, expression=name)
            for kind, name in [("Database", "shop"), ("Table", "orders")]
        ],
        transformation_rules=[models.CreateDIJobRequestTableMappingsTransformationRules(**RULE)],
    )
]


def job(name="shop_to_holo", **changes):
    """The request of a creation."""
    group = models.CreateDIJobRequestResourceSettingsRealtimeResourceSettings(resource_group_identifier=GROUP)
    request = {
        "project_id": PROJECT,
        "job_name": name,
        "migration_type": "FullAndRealtimeIncremental",
        "source_data_source_type": "MySQL",
        "destination_data_source_type": "Hologres",
        "source_data_source_settings": [
            models.CreateDIJobRequestSourceDataSourceSettings(data_source_name="rds_shop")
        ],
        "destination_data_source_settings": [
            models.CreateDIJobRequestDestinationDataSourceSettings(data_source_name="holo_bi")
        ],
        "resource_settings": models.CreateDIJobRequestResourceSettings(
            realtime_resource_settings=group, requested_cu=2.0
        ),
        "table_mappings": MAPPINGS,
        "transformation_rules": [
            models.CreateDIJobRequestTransformationRules(
                **RULE, rule_expression='{"expression":"ods_${srcTableName}"}'
            )
        ],
        "job_settings": models.CreateDIJobRequestJobSettings(
            runtime_settings=[
                models.CreateDIJobRequestJobSettingsRuntimeSettings(name="runtime.realtime.concurrent", value="2")
            ],
            ddl_handling_settings=[
                models.CreateDIJobRequestJobSettingsDdlHandlingSettings(type="DropTable", action="Ignore")
            ],
        ),
        "description": "The shop for analysts",
    }
    return {**request, **changes}


def create(api, name="shop_to_holo", **changes):
    return api.call("CreateDIJob", **job(name, **changes)).dijob_id


def test_whole_life(api):
    id = create(api)
    data = api.call("GetDIJob", dijob_id=id).data
    assert (data.dijob_id, data.project_id, data.job_name) == (id, PROJECT, "shop_to_holo")
    assert (data.job_status, data.error_message, data.description) == ("Initialized", None, "The shop for analysts")
    assert (data.source_data_source_type, data.destination_data_source_type) == ("MySQL", "Hologres")
    assert data.source_data_source_settings[0].data_source_name == "rds_shop"
    assert data.resource_settings.realtime_resource_settings.resource_group_identifier == GROUP
    assert data.resource_settings.requested_cu == 2.0
    assert data.job_settings.runtime_settings[0].value == "2"
    selection = data.table_mappings[0].source_object_selection_rules
    assert [(one.object_type, one.expression) for one in selection] == [("Database", "shop"), ("Table", "orders")]
    assert data.transformation_rules[0].rule_expression == '{"expression":"ods_${srcTableName}"}'
    assert 1_600_000_000 < data.created_time == data.updated_time < 10_000_000_000
    assert (data.started_time, data.started_uid) == (None, None)
    assert not api.call("GetDIJob", dijob_id=id, with_details=False).data.table_mappings

    settings = models.StartDIJobRequestRealtimeStartSettings(
        start_time=1_671_516_776,
        failover_settings=models.StartDIJobRequestRealtimeStartSettingsFailoverSettings(interval=30, upper_limit=10),
    )
    api.call("StartDIJob", dijob_id=id, force_to_rerun=True, realtime_start_settings=settings)
    data = api.call("GetDIJob", dijob_id=id).data
    assert data.job_status == "Running"
    assert data.started_time >= data.created_time
    api.refused("StartDIJob", "Param.Invalid", dijob_id=id)
    api.refused("DeleteDIJob", "Param.Invalid", dijob_id=id)

    mappings = [
        models.UpdateDIJobRequestTableMappings(
            source_object_selection_rules=[
                models.UpdateDIJobRequestTableMappingsSourceObjectSelectionRules(object_type="Table", expression="users")
            ]
        )
    ]
    api.call("UpdateDIJob", dijob_id=id, description="Users only", table_mappings=mappings)
    data = api.call("GetDIJob", dijob_id=id).data
    assert data.description == "Users only"
    assert data.table_mappings[0].source_object_selection_rules[0].expression == "users"
    assert data.transformation_rules[0].rule_name == "rename"

    api.call("StopDIJob", dijob_id=id)
    seen = [api.call("GetDIJob", dijob_id=id).data.job_status for _ in range(2)]
    assert seen == ["Stopping", "Stopped"]
    api.refused("StopDIJob", "Param.Invalid", dijob_id=id)
    api.call("DeleteDIJob", dijob_id=id)
    assert api.refused("GetDIJob", "Param.Invalid", dijob_id=id).message == f"DIJobId:[{id}] is invalid."


def test_jobs_come_in_pages(api):
    ids = [create(api, f"job_{number}") for number in range(3)]
    paging = api.call("ListDIJobs", project_id=PROJECT, page_size=2, page_number=2).dijob_paging
    assert (paging.page_number, paging.page_size, paging.total_count) == (2, 2, 3)
    (last,) = paging.dijobs
    assert (last.dijob_id, last.job_name, last.job_status) == (ids[2], "job_2", "Initialized")
    assert (last.project_id, last.migration_type) == (PROJECT, "FullAndRealtimeIncremental")

    def found(**query):
        return [one.dijob_id for one in api.call("ListDIJobs", project_id=PROJECT, **query).dijob_paging.dijobs]

    assert found(job_name="_1") == [ids[1]]
    assert found(destination_data_source_type="Hive") == []
    api.refused("ListDIJobs", "MissingProjectId")
    api.refused("ListDIJobs", "Forbidden.Access", 403, project_id=1)


@pytest.mark.parametrize("operation", ["GetDIJob", "StartDIJob", "StopDIJob", "UpdateDIJob", "DeleteDIJob"])
def test_a_job_that_is_not_there(api, operation):
    assert api.refused(operation, "Param.Invalid", dijob_id=9).message == "DIJobId:[9] is invalid."
    api.refused(operation, "MissingDIJobId")
    api.refused(operation, "InvalidDIJobId", dijob_id=0)


def test_a_job_that_makes_no_sense(api):
    def message(**changes):
        return api.refused("CreateDIJob", "Param.Invalid", **job(**changes)).message

    assert message(source_data_source_type="Oracle") == "SourceDataSourceType:[Oracle] is invalid."
    assert message(destination_data_source_type="OSS") == "DestinationDataSourceType:[OSS] is invalid."
    assert message(migration_type="Full") == "MigrationType:[Full] is invalid."
    assert message(transformation_rules=[]) == "TransformationRules:[rename] is invalid."
    nobody = [models.CreateDIJobRequestSourceDataSourceSettings(data_source_name="nobody")]
    assert message(source_data_source_settings=nobody) == "SourceDataSourceSettings is invalid."
    create(api)
    assert message() == "JobName:[shop_to_holo] already exists."
    api.refused("CreateDIJob", "InvalidMigrationType", **job(migration_type="Some"))
    api.refused("CreateDIJob", "MissingJobName", **job(name=None))


def test_a_job_made_of_a_task(api):
    file_id = create_task(api, destination="holo")
    # The SDK declares the id as text.
    rules = models.CreateDIJobRequestJobSettingsImportRuleSettings(source="Datastudio", file_id=str(file_id))
    settings = models.CreateDIJobRequestJobSettings(import_rule_settings=rules)
    id = create(api, table_mappings=None, transformation_rules=None, job_settings=settings)
    assert api.call("GetDIJob", dijob_id=id).data.job_status == "Initialized"
    rules.file_id = "1"
    changes = {"name": "other", "table_mappings": None, "transformation_rules": None, "job_settings": settings}
    assert api.refused("CreateDIJob", "Param.Invalid", **job(**changes)).message == "fileId:[1] is invalid."


def test_the_small_editions_have_no_jobs(start, scheme):
    api = to(scheme, start("--edition", "standard").address)
    error = api.refused("CreateDIJob", "Forbidden.Access", 403, **job())
    assert "Enterprise Edition" in error.message


def rule(prefix, job_id=None, **changes):
    """The request of a rule; the models of creation and update differ in their names only."""

    def model(name, **fields):
        return getattr(models, f"{prefix}{name}")(**fields)

    settings = model(
        "NotificationSettings",
        inhibition_interval=10,
        notification_channels=[
            model("NotificationSettingsNotificationChannels", severity="Warning", channels=["Mail", "Ding"])
        ],
        notification_receivers=[
            model("NotificationSettingsNotificationReceivers", receiver_type="AliyunUid", receiver_values=["1"]),
            model("NotificationSettingsNotificationReceivers", receiver_type="DingToken", receiver_values=["t"]),
        ],
    )
    request = {
        "metric_type": "Delay",
        "trigger_conditions": [model("TriggerConditions", severity="Warning", duration=10, threshold=60)],
        "notification_settings": settings,
        "enabled": True,
        "description": "late",
    }
    return {**({"dijob_id": job_id} if job_id else {}), **request, **changes}


def test_whole_life_of_an_alarm_rule(api):
    job_id = create(api)
    ids = [
        api.call("CreateDIAlarmRule", **rule("CreateDIAlarmRuleRequest", job_id)).dialarm_rule_id for _ in range(3)
    ]
    one = api.call("GetDIAlarmRule", dialarm_rule_id=ids[0]).dialarm_rule
    assert (one.dialarm_rule_id, one.dijob_id, one.metric_type) == (ids[0], job_id, "Delay")
    assert (one.enabled, one.description) == (True, "late")
    condition = one.trigger_conditions[0]
    assert (condition.severity, condition.duration, condition.threshold) == ("Warning", 10, 60)
    assert one.notification_settings.notification_channels[0].channels == ["Mail", "Ding"]
    assert one.notification_settings.inhibition_interval == 10
    assert 1_600_000_000 < one.created_time < 10_000_000_000

    paging = api.call("ListDIAlarmRules", dijob_id=job_id, page_number=2, page_size=2).dialarm_rule_paging
    assert (paging.page_number, paging.page_size, paging.total_count) == (2, 2, 3)
    assert [one.dialarm_rule_id for one in paging.dijob_alarm_rules] == [ids[2]]

    change = rule("UpdateDIAlarmRuleRequest", metric_type="FailoverCount", enabled=False)
    api.call("UpdateDIAlarmRule", dialarm_rule_id=ids[0], **change)
    one = api.call("GetDIAlarmRule", dialarm_rule_id=ids[0]).dialarm_rule
    assert (one.metric_type, one.enabled) == ("FailoverCount", False)

    api.call("DeleteDIAlarmRule", dialarm_rule_id=ids[0])
    message = api.refused("GetDIAlarmRule", "Param.Invalid", dialarm_rule_id=ids[0]).message
    assert message == f"DIAlarmRuleId:[{ids[0]}] is invalid."
    # The other rules go with the job.
    api.call("DeleteDIJob", dijob_id=job_id)
    api.refused("GetDIAlarmRule", "Param.Invalid", dialarm_rule_id=ids[1])


def test_an_alarm_rule_that_makes_no_sense(api):
    job_id = create(api)
    prefix = "CreateDIAlarmRuleRequest"

    def refused(code, **changes):
        api.refused("CreateDIAlarmRule", code, **rule(prefix, **{"job_id": job_id, **changes}))

    refused("Param.Invalid", job_id=9)
    refused("InvalidMetricType", metric_type="Mood")
    refused("MissingTriggerConditions", trigger_conditions=None)
    condition = models.CreateDIAlarmRuleRequestTriggerConditions
    refused("InvalidTriggerConditions", trigger_conditions=[condition(severity="Warning", duration=0, threshold=1)])
    # Nobody is told of a critical one.
    refused("InvalidNotificationSettings", trigger_conditions=[condition(severity="Critical", duration=1, threshold=1)])
    api.refused("ListDIAlarmRules", "Param.Invalid", dijob_id=9)
    for operation in "GetDIAlarmRule", "DeleteDIAlarmRule":
        api.refused(operation, "Param.Invalid", dialarm_rule_id=9)
    api.refused("UpdateDIAlarmRule", "Param.Invalid", dialarm_rule_id=9, **rule("UpdateDIAlarmRuleRequest"))
