//! Finding what a call names, and saying so in the service's words when it is not there.

use crate::emulator::world::object::{
    Datasource, Env, File, GroupKind, ResourceGroup, Solution, TaskType, Workspace,
};
use crate::emulator::world::operation::Context;
use crate::emulator::world::request::{Failure, Refusal, fail};
use crate::emulator::world::settings::{FailedStatus, Settings};
use crate::emulator::world::tables::Tables;

/// The longest name a DataStudio node may have.
const MAX_NAME: usize = 128;

impl Context<'_> {
    /// The workspace of the call. One that does not exist is one that the caller is no member of.
    pub(crate) fn workspace(&self) -> Result<&Workspace, Refusal> {
        self.tables
            .workspaces
            .get(&self.args.project_id())
            .ok_or_else(Refusal::forbidden)
    }

    /// A living file of the call's workspace, by id and type.
    pub(crate) fn file(&self, id: u64, task_type: TaskType) -> Result<&File, Failure> {
        self.tables
            .files
            .get(&id)
            .filter(|file| file.project_id == self.args.project_id())
            .filter(|file| file.task_type == task_type && file.is_alive())
            .ok_or_else(|| invalid_file(id))
    }

    /// A solution of the call's workspace, by id.
    pub(crate) fn solution(&self, id: u64) -> Result<&Solution, Failure> {
        self.tables
            .solutions
            .get(&id)
            .filter(|solution| solution.project_id == self.args.project_id())
            .ok_or_else(|| invalid_file(id))
    }

    /// The resource group of a task.
    pub(crate) fn integration_group(&self, identifier: &str) -> Result<&ResourceGroup, Failure> {
        self.tables
            .resource_groups
            .get(identifier)
            .filter(|group| group.kind == GroupKind::DataIntegration)
            .ok_or_else(|| fail(format!("ResourceGroup:[{identifier}] is invalid.")))
    }

    /// A data source that the call's workspace may use.
    pub(crate) fn datasource(&self, env: Env, name: &str) -> Option<&Datasource> {
        datasource_in(self.tables, self.args.project_id(), env, name)
    }

    /// Refuses a name that no node can have.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Failure> {
        let allowed = |one: char| one.is_alphanumeric() || one == '_' || one == '.';
        if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(allowed) {
            return Err(fail(format!("name:[{name}] is invalid.")));
        }
        Ok(())
    }

    /// Refuses a name that another task of the workspace has, or has had until a moment ago.
    pub(crate) fn check_name_is_free(&self, name: &str) -> Result<(), Refusal> {
        self.check_name_is_free_in(self.args.project_id(), name)
    }

    /// As [`Self::check_name_is_free`], for a call that may name its workspace in another way.
    pub(crate) fn check_name_is_free_in(&self, project_id: u64, name: &str) -> Result<(), Refusal> {
        let held = |file: &&File| match file.deleted {
            None => true,
            Some(at) => self.settings.name_hold.covers(self.now.since(at)),
        };
        let taken = self
            .tables
            .files
            .values()
            .filter(|file| file.project_id == project_id && file.name == name)
            .any(|file| held(&file))
            || self
                .tables
                .solutions
                .values()
                .any(|solution| solution.project_id == project_id && solution.name == name);
        if taken {
            return Err(Refusal::new(
                400,
                "Invalid.DI.Parameter.File.Existed",
                format!("The file name already exists. name:[{name}]"),
            ));
        }
        Ok(())
    }
}

/// A data source by name: the workspace's own, or one that another workspace shares with it.
pub(crate) fn datasource_in<'a>(
    tables: &'a Tables,
    project_id: u64,
    env: Env,
    name: &str,
) -> Option<&'a Datasource> {
    let named = || {
        tables
            .datasources
            .values()
            .filter(move |source| source.env == env && source.name == name)
    };
    named()
        .find(|source| source.project_id == project_id)
        .or_else(|| named().find(|source| source.shares.contains_key(&project_id)))
}

/// The answer about an id that means nothing here.
pub(crate) fn invalid_file(id: u64) -> Failure {
    fail(format!("fileId:[{id}] is invalid."))
}

/// Checks a `FileFolderPath`: `Business Flow/<workflow>/Data Integration`, in English or Chinese.
pub(crate) fn check_folder(workspace: &Workspace, path: &str) -> Result<(), Failure> {
    let parts: Vec<&str> = path.split('/').collect();
    let workflow = match parts.as_slice() {
        ["Business Flow", workflow, "Data Integration"] => workflow,
        ["业务流程", workflow, "数据集成"] => workflow,
        _ => return Err(fail(format!("Invalid path: {path}"))),
    };
    if workspace.workflows.contains(*workflow) {
        Ok(())
    } else {
        Err(fail(format!("Invalid path: {path}")))
    }
}

/// The status word of an instance that died.
pub(crate) fn failed_word(settings: &Settings) -> &'static str {
    match settings.failed_status {
        FailedStatus::Pause => "PAUSE",
        FailedStatus::NoRun => "NORUN",
    }
}
