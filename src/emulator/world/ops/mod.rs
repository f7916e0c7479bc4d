//! The handlers, a file per family of operations, each with its rows of the table at the top.

mod alarm;
mod datasource;
mod dijob;
mod file;
mod find;
mod generate;
mod instance;
mod lookup;
mod meta;
mod project;
mod project_config;
mod run;
mod solution;
mod start_param;
mod task;

use std::collections::BTreeSet;

use super::object::{Generated, Moment};
use super::operation::Operation;
use super::request::Request;
use super::settings::Settings;
use super::tables::Tables;

pub(crate) use self::datasource::{conceal, identity_of};
pub(crate) use self::instance::status_word;
pub(crate) use self::project_config::project_rules;

/// Every family.
pub(crate) static FAMILIES: &[&[Operation]] = &[
    alarm::OPERATIONS,
    datasource::OPERATIONS,
    dijob::OPERATIONS,
    file::OPERATIONS,
    find::OPERATIONS,
    generate::OPERATIONS,
    meta::OPERATIONS,
    project::OPERATIONS,
    project_config::OPERATIONS,
    run::OPERATIONS,
    task::OPERATIONS,
];

/// A request that may lie about for a while: the secrets in it are hashed.
pub(crate) fn without_secrets(mut request: Request) -> Request {
    for name in ["Content", "DataSources"] {
        if let Some(text) = request.params.get_mut(name) {
            *text = datasource::without_secrets(text);
        }
    }
    request
}

/// Clears away generations whose time is over, and scripts that nothing refers to.
pub(crate) fn sweep(tables: &mut Tables, settings: &Settings, now: Moment) {
    tables
        .processes
        .retain(|_, process| settings.process_ttl.covers(now.since(process.started)));
    let used: BTreeSet<u64> = tables
        .files
        .values()
        .flat_map(|file| {
            [
                Some(file.saved),
                file.committed,
                file.deployed,
                file.running,
            ]
        })
        .chain(
            tables
                .solutions
                .values()
                .flat_map(|one| [Some(one.saved), one.deployed, None, None]),
        )
        .flatten()
        .map(|version| version.content)
        .chain(
            tables
                .processes
                .values()
                .filter_map(|process| match process.result {
                    Generated::Content(id) => Some(id),
                    Generated::Failed(_) => None,
                }),
        )
        .chain(
            tables
                .deployments
                .values()
                .map(|deployment| deployment.version.content),
        )
        .collect();
    tables.contents.retain(|id, _| used.contains(id));
}
