//! From a call to the parameters that say it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::param::{create_param, start_param, task_param};
use crate::api::Call;
use crate::resource::{DatasourceSpec, FileId, ProjectId, TaskType};
use crate::secret::{Secret, SecretSource, UnavailableSecret};

/// The API version that every call belongs to.
pub const VERSION: &str = "2020-05-18";

/// Rows asked for per page: the most that `ListDataSources` and `ListFiles` allow, so that lists take the fewest calls.
pub const PAGE_SIZE: u32 = 100;

/// The file type code of real-time tasks (API facts 1.1).
const REALTIME_FILE_TYPE: &str = "900";

/// The HTTP method of an operation (API facts 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
}

impl Method {
    /// The method's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// A call as parameters, neither signed nor addressed. It may hold secrets: see its `Debug`.
#[derive(Clone)]
pub struct WireRequest {
    /// The operation.
    pub action: &'static str,
    /// The API version.
    pub version: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// What goes into the URL: small values without secrets.
    pub query: Vec<(&'static str, String)>,
    /// What goes into the form body: everything that could be long or holds a secret. Where a parameter stands is free
    /// (API facts 2.2), and a long table list in a URL would meet limits.
    pub body: Vec<(&'static str, String)>,
    /// The secrets inside `body`, which no message may repeat.
    pub secrets: Vec<Secret>,
}

impl fmt::Debug for WireRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |params: &[(&'static str, String)]| -> Vec<&'static str> {
            params.iter().map(|(name, _)| *name).collect()
        };
        f.debug_struct("WireRequest")
            .field("action", &self.action)
            .field("method", &self.method)
            .field("query", &names(&self.query))
            .field("body", &names(&self.body))
            .finish_non_exhaustive()
    }
}

/// Spells a call out. Secrets are read here, at the last moment before they are sent.
pub fn encode(call: &Call, secrets: &dyn SecretSource) -> Result<WireRequest, UnavailableSecret> {
    let mut request = WireRequest {
        action: call.operation().name,
        version: VERSION,
        method: method(call),
        query: Vec::new(),
        body: Vec::new(),
        secrets: Vec::new(),
    };
    match call {
        Call::GetProject { project } => request.project(*project),
        Call::ListDatasources {
            project,
            name,
            env,
            page,
        } => {
            request.project(*project);
            request.query("Name", name);
            request.query("EnvType", env.wire());
            request.page(*page);
        }
        Call::GetDatasourceMeta {
            project,
            name,
            env,
            page,
        } => {
            request.project(*project);
            request.query("DatasourceName", name);
            request.query("EnvType", env.wire());
            request.page(*page);
        }
        Call::ListRealtimeFiles {
            project,
            name,
            page,
        } => {
            request.project(*project);
            request.query("FileTypes", REALTIME_FILE_TYPE);
            if let Some(name) = name {
                request.query("ExactFileName", name);
            }
            request.page(*page);
        }
        Call::GetTask {
            project,
            task_type,
            file,
        }
        | Call::GetInstance {
            project,
            task_type,
            file,
        }
        | Call::Deploy {
            project,
            task_type,
            file,
        } => request.task(*project, *task_type, *file),
        Call::Generate { spec, token } => {
            request.project(spec.project_id);
            request.query("TaskType", spec.task_type.wire());
            request.query("ClientToken", &token.0);
            request.body("TaskParam", task_param(spec).to_string());
        }
        Call::Poll {
            project,
            task_type,
            process,
        } => {
            request.project(*project);
            request.query("TaskType", task_type.wire());
            request.query("AsyncProcessId", process.to_string());
        }
        Call::CreateTask {
            spec,
            content,
            token,
        } => {
            request.project(spec.project_id);
            request.query("TaskType", spec.task_type.wire());
            request.query("TaskName", &spec.name);
            request.query("ClientToken", &token.0);
            request.body("TaskParam", create_param(spec).to_string());
            request.body("TaskContent", content);
        }
        Call::Start {
            project,
            task_type,
            file,
            settings,
        } => {
            request.task(*project, *task_type, *file);
            let param = start_param(settings);
            // Of a solution it has no effect; without keys it says nothing.
            if *task_type == TaskType::Realtime && param != Value::Object(serde_json::Map::new()) {
                request.body("StartParam", param.to_string());
            }
        }
        Call::Stop { project, file }
        | Call::Terminate { project, file }
        | Call::DeleteTask { project, file } => {
            request.task(*project, TaskType::Realtime, *file);
        }
        Call::CreateDatasource { spec } => {
            request.project(spec.project_id);
            request.query("Name", &spec.name);
            request.query("DataSourceType", spec.datasource_type.as_str());
            request.query("EnvType", spec.env.wire());
            if let Some(description) = &spec.description {
                request.body("Description", description);
            }
            request.content(spec, secrets)?;
        }
        Call::UpdateDatasource { id, spec } => {
            request.query("DataSourceId", id.to_string());
            request.query("EnvType", spec.env.wire());
            // An absent parameter would leave the old text in place: no description has to be said.
            request.body("Description", spec.description.as_deref().unwrap_or(""));
            request.content(spec, secrets)?;
        }
        Call::DeleteDatasource { id } => request.query("DataSourceId", id.to_string()),
    }
    Ok(request)
}

/// The method that the service documents for the call (API facts 2.2).
fn method(call: &Call) -> Method {
    match call {
        Call::ListDatasources { .. } => Method::Get,
        Call::UpdateDatasource { .. } => Method::Put,
        _ => Method::Post,
    }
}

impl WireRequest {
    fn query(&mut self, name: &'static str, value: impl Into<String>) {
        self.query.push((name, value.into()));
    }

    fn body(&mut self, name: &'static str, value: impl Into<String>) {
        self.body.push((name, value.into()));
    }

    fn project(&mut self, project: ProjectId) {
        self.query("ProjectId", project.to_string());
    }

    fn page(&mut self, page: u32) {
        self.query("PageNumber", page.to_string());
        self.query("PageSize", PAGE_SIZE.to_string());
    }

    fn task(&mut self, project: ProjectId, task_type: TaskType, file: FileId) {
        self.project(project);
        self.query("TaskType", task_type.wire());
        self.query("FileId", file.to_string());
    }

    /// `Content`: what the manifest says and the secrets that it only names, as one JSON text.
    fn content(
        &mut self,
        spec: &DatasourceSpec,
        source: &dyn SecretSource,
    ) -> Result<(), UnavailableSecret> {
        let mut content: BTreeMap<&str, Value> = spec
            .content
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        for (key, reference) in &spec.secrets {
            let secret = source.resolve(reference)?;
            content.insert(key, Value::String(secret.reveal().to_owned()));
            self.secrets.push(secret);
        }
        let text = serde_json::to_string(&content).expect("a map with text keys is JSON");
        self.body("Content", text);
        Ok(())
    }
}
