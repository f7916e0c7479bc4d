"""That nothing was left out: every operation went well once and failed once, with every client."""

import clients
import pytest
from conftest import SCHEMES

# The 28 that the documentation lists for Data Integration.
DATA_INTEGRATION = """
    CreateDISyncTask DeleteDISyncTask UpdateDISyncTask TestNetworkConnection GetDataSourceMeta ListDIProjectConfig
    UpdateDIProjectConfig GetDISyncTask DeployDISyncTask GetDISyncInstanceInfo TerminateDISyncInstance
    GenerateDISyncTaskConfigForCreating GenerateDISyncTaskConfigForUpdating StartDISyncInstance StopDISyncInstance
    QueryDISyncTaskConfigProcessResult CreateDIJob DeleteDIJob GetDIJob ListDIJobs StartDIJob StopDIJob UpdateDIJob
    CreateDIAlarmRule DeleteDIAlarmRule GetDIAlarmRule ListDIAlarmRules UpdateDIAlarmRule
""".split()

# Their neighbours, which a user's tool needs beside them.
NEIGHBOURS = """
    ListRefDISyncTasks ListFiles GetFile UpdateFile SubmitFile DeployFile GetDeployment DeleteFile OfflineNode
    CreateDataSource UpdateDataSource DeleteDataSource ListDataSources ImportDataSources ExportDataSources
    SetDataSourceShare ListProjects GetProject CreateProject ListResourceGroups GetMetaDBTableList GetMetaTableColumn
""".split()


def test_the_list_is_whole():
    assert len(set(DATA_INTEGRATION)) == 28


@pytest.mark.parametrize("end", ["success", "failure"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_operation(scheme, end):
    seen = {operation for name, operation, how in clients.OUTCOMES if (name, how) == (scheme, end)}
    assert sorted(set(DATA_INTEGRATION + NEIGHBOURS) - seen) == []
