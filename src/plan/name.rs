//! Remote names: whoever takes one over comes after the one who gives it up.

use crate::resource::{EnvType, ProjectId, Spec};

/// What must be unique on the remote.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name<'a> {
    project: ProjectId,
    /// Data sources have a name per environment; tasks have none.
    env: Option<EnvType>,
    name: &'a str,
}

impl<'a> Name<'a> {
    /// The name that a spec has.
    pub(super) fn of(spec: &'a Spec) -> Self {
        let env = match spec {
            Spec::Datasource(spec) => Some(spec.env),
            Spec::Task(_) => None,
        };
        Self {
            project: spec.project_id(),
            env,
            name: spec.name(),
        }
    }
}
