"""The steps that most tests take: a source of a shop, brought to the lake."""

import json

PROJECT = 10000
SANDBOX = 20000
GROUP = "S_res_group_280749521950784_1623033752022"
SERVERLESS = "Serverless_res_group_280749521950784_7"
SCHEDULING = 30003913
FOLDER = "Business Flow/shop/Data Integration"
WRITERS = {"odps": "odps_dw", "kafka": "kafka_bus", "holo": "holo_bi"}
DDL = {
    "CREATETABLE": "IGNORE",
    "DROPTABLE": "WARNING",
    "TRUNCATETABLE": "NORMAL",
    "RENAMETABLE": "CRITICAL",
    "ADDCOLUMN": "NORMAL",
    "DROPCOLUMN": "IGNORE",
    "RENAMECOLUMN": "WARNING",
    "MODIFYCOLUMN": "WARNING",
}
START_PARAM = {"failoverLimit": {"count": 10, "interval": 30}, "errorLimit": {"record": 0}, "ddlMarkMap": DDL}


def task_param(name="orders_sync", destination="odps", tables=("orders",), selected=None, source="rds_shop", **setting):
    """The short script of a generation: tables of one database, or `selected` ones of several."""
    connection = {"datasourceType": "mysql", "datasource": source}
    if selected is None:
        connection["table"] = list(tables)
    else:
        connection["selectedTables"] = [
            {"dbName": database, "schema": [{"tableInfos": [{"table": table} for table in names]}]}
            for database, names in selected.items()
        ]
    return json.dumps(
        {
            "type": "realtime",
            "version": "1.0",
            "setting": {
                "resourceGroup": GROUP,
                "name": name,
                "taskType": f"oneclick_to_{destination}",
                **setting,
            },
            "steps": [
                {
                    "stepType": "mysql",
                    "name": "Reader",
                    "category": "reader",
                    "parameter": {"connection": [connection]},
                },
                {
                    "stepType": destination,
                    "name": "Writer",
                    "category": "writer",
                    "parameter": {"datasource": WRITERS.get(destination, destination)},
                },
            ],
        }
    )


def update_param(*tables):
    """The short script of an update: nothing but the tables."""
    connection = {"table": list(tables)}
    reader = {"name": "Reader", "category": "reader", "parameter": {"connection": [connection]}}
    return json.dumps({"steps": [reader]})


def batch_script(source="rds_shop", destination="odps_dw", table="orders"):
    """The script of a batch task."""
    columns = ["id", "amount"]
    return json.dumps(
        {
            "type": "job",
            "version": "2.0",
            "steps": [
                {
                    "stepType": "mysql",
                    "name": "Reader",
                    "category": "reader",
                    "parameter": {
                        "envType": 1,
                        "datasource": source,
                        "column": columns,
                        "connection": [{"datasource": source, "table": [table]}],
                        "splitPk": "id",
                    },
                },
                {
                    "stepType": "odps",
                    "name": "Writer",
                    "category": "writer",
                    "parameter": {
                        "envType": 1,
                        "datasource": destination,
                        "table": f"ods_{table}",
                        "partition": "pt=${bizdate}",
                        "truncate": True,
                        "column": columns,
                    },
                },
            ],
            "setting": {"errorLimit": {"record": ""}, "speed": {"concurrent": 2, "throttle": False}},
            "order": {"hops": [{"from": "Reader", "to": "Writer"}]},
        }
    )


def realtime(file_id):
    return {"project_id": PROJECT, "task_type": "DI_REALTIME", "file_id": file_id}


def solution(solution_id):
    return {"project_id": PROJECT, "task_type": "DI_SOLUTION", "file_id": solution_id}


def generate(api, param, task_type="DI_REALTIME", **more):
    """Begins a generation; gives back its process id."""
    data = api.call(
        "GenerateDISyncTaskConfigForCreating", project_id=PROJECT, task_type=task_type, task_param=param, **more
    ).data
    assert data.status in ("true", "success")
    assert data.message is None
    return data.process_id


def poll(api, process_id, task_type="DI_REALTIME"):
    """Asks until the script is there; gives it back, and how often it was asked for."""
    for times in range(1, 20):
        data = api.call(
            "QueryDISyncTaskConfigProcessResult",
            project_id=PROJECT,
            task_type=task_type,
            async_process_id=process_id,
        ).data
        if data.task_content:
            return data.task_content, times
    raise AssertionError("the generation does not end")


def create(api, name="orders_sync", task_type="DI_REALTIME", **param):
    """Generates and creates a task; gives back its id."""
    content, _ = poll(api, generate(api, task_param(name, **param), task_type), task_type)
    data = api.call(
        "CreateDISyncTask",
        project_id=PROJECT,
        task_type=task_type,
        task_name=name,
        task_content=content,
        task_param=json.dumps({"FileFolderPath": FOLDER, "ResourceGroup": GROUP}),
    ).data
    assert data.status == "success"
    return data.file_id


def create_running(api, name="orders_sync", start_param=None, **param):
    """Creates a real-time task and brings it to work."""
    file_id = create(api, name, **param)
    api.call("DeployDISyncTask", **realtime(file_id))
    api.call("StartDISyncInstance", **realtime(file_id), start_param=start_param)
    await_status(api, file_id, "RUN")
    return file_id


def status(api, file_id):
    return api.call("GetDISyncInstanceInfo", **realtime(file_id)).data.status


def await_status(api, file_id, wanted):
    """Reads the status until it is as wanted; gives back all that were seen, each once."""
    seen = []
    for _ in range(20):
        seen.append(status(api, file_id))
        if seen[-1] == wanted:
            return list(dict.fromkeys(seen))
    raise AssertionError(f"the task is {seen}")
