//! The operations, as a table: for each its parameters, its effect and its handler.
//!
//! The rows live with their handlers, a file per family under [`super::ops`]. What is true of every call is
//! done here, from the row alone: `Missing<Name>` for a mandatory parameter that is absent or empty,
//! `Invalid<Name>` for a value outside its constraint. Parameters that no row names are let through, because the
//! service does so too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::fault::Fault;
use super::object::{Env, Moment, TaskType};
use super::ops;
use super::request::{Answer, Refusal};
use super::settings::Settings;
use super::tables::Tables;

/// The API version of every operation in the table.
pub(crate) const VERSION: &str = "2020-05-18";

/// The version that the service has beside it, which the emulator knows by name only.
const NEWER_VERSION: &str = "2024-05-18";

/// Whether an operation changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

/// How an operation tells a failure with HTTP 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `Data.Status` is `fail`.
    Data,
    /// `Data.Status` is `fail`, and nothing says why.
    Silent,
    /// `Data.Status` is `false`.
    Flag,
    /// `Success` is false, beside `ErrorCode` and `ErrorMessage`.
    Envelope,
    /// As [`Style::Envelope`], with `HttpStatusCode` as text.
    TextEnvelope,
    /// As [`Style::TextEnvelope`], with `Data` false.
    BoolEnvelope,
    /// `Success` is the text `false`.
    TextSuccess,
    /// `TaskList.ConnectStatus` is false.
    Connection,
    /// It has no such answer: a failure is a 400.
    Refusing,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    pub(crate) style: Style,
    pub(crate) params: &'static [Param],
    /// Whether it takes a `ClientToken`.
    pub(crate) token: bool,
    pub(crate) handler: fn(&mut Context<'_>) -> Answer,
}

impl Operation {
    pub(crate) const fn read(
        name: &'static str,
        style: Style,
        params: &'static [Param],
        handler: fn(&mut Context<'_>) -> Answer,
    ) -> Self {
        Self {
            name,
            effect: Effect::Read,
            style,
            params,
            token: false,
            handler,
        }
    }

    pub(crate) const fn write(
        name: &'static str,
        style: Style,
        params: &'static [Param],
        handler: fn(&mut Context<'_>) -> Answer,
    ) -> Self {
        Self {
            name,
            effect: Effect::Write,
            style,
            params,
            token: false,
            handler,
        }
    }

    pub(crate) const fn with_token(mut self) -> Self {
        self.token = true;
        self
    }

    /// Checks the parameters of a call against the row, in the row's order.
    pub(crate) fn check(&self, params: &BTreeMap<String, String>) -> Result<(), Refusal> {
        for param in self.params {
            match params.get(param.name).map(String::as_str) {
                None | Some("") if param.required => return Err(Refusal::missing(param.name)),
                None | Some("") => {}
                Some(value) if param.kind.admits(value) => {}
                Some(_) => return Err(Refusal::invalid(param.name)),
            }
        }
        Ok(())
    }
}

/// A parameter: its name, what it may hold, and whether it must be there.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// What a parameter may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Integer { min: u64, max: u64 },
    Bool,
    OneOf(&'static [&'static str]),
    JsonObject,
    JsonArray,
}

impl Kind {
    fn admits(self, value: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Integer { min, max } => {
                parse_integer(value).is_some_and(|number| (min..=max).contains(&number))
            }
            Self::Bool => parse_bool(value).is_some(),
            Self::OneOf(words) => words.contains(&value),
            Self::JsonObject => matches!(serde_json::from_str(value), Ok(Value::Object(_))),
            Self::JsonArray => matches!(serde_json::from_str(value), Ok(Value::Array(_))),
        }
    }
}

impl Param {
    pub(crate) const fn text(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Text,
            required: false,
        }
    }

    pub(crate) const fn integer(name: &'static str, min: u64, max: u64) -> Self {
        Self {
            name,
            kind: Kind::Integer { min, max },
            required: false,
        }
    }

    /// An id that the service gave out.
    pub(crate) const fn id(name: &'static str) -> Self {
        Self::integer(name, 1, i64::MAX as u64)
    }

    pub(crate) const fn bool(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Bool,
            required: false,
        }
    }

    pub(crate) const fn one_of(name: &'static str, words: &'static [&'static str]) -> Self {
        Self {
            name,
            kind: Kind::OneOf(words),
            required: false,
        }
    }

    pub(crate) const fn json_object(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::JsonObject,
            required: false,
        }
    }

    pub(crate) const fn json_array(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::JsonArray,
            required: false,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// `ProjectId` with its documented range.
pub(crate) const PROJECT_ID: Param = Param::integer("ProjectId", 1, 10_000_000_000);
pub(crate) const PAGE_NUMBER: Param = Param::integer("PageNumber", 1, 1_000_000);
pub(crate) const PAGE_SIZE: Param = Param::integer("PageSize", 1, 100);
pub(crate) const TASK_TYPE: Param =
    Param::one_of("TaskType", &["DI_OFFLINE", "DI_REALTIME", "DI_SOLUTION"]);

fn parse_integer(text: &str) -> Option<u64> {
    // `+5` parses as a number in Rust, and is none on the wire.
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Everything a handler works with.
pub(crate) struct Context<'a> {
    pub(crate) tables: &'a mut Tables,
    pub(crate) settings: &'a Settings,
    pub(crate) args: Args<'a>,
    pub(crate) caller: &'a str,
    pub(crate) now: Moment,
    /// A scripted fault that only the handler can perform.
    pub(crate) fault: Option<&'a Fault>,
}

/// The parameters of a call that passed [`Operation::check`]. An empty value counts as an absent one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Args<'a> {
    params: &'a BTreeMap<String, String>,
}

impl<'a> Args<'a> {
    pub(crate) fn new(params: &'a BTreeMap<String, String>) -> Self {
        Self { params }
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.params
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A parameter that the operation's row requires.
    pub(crate) fn required(self, name: &str) -> &'a str {
        self.text(name)
            .expect("the operation's row requires the parameter")
    }

    pub(crate) fn integer(self, name: &str) -> Option<u64> {
        self.text(name).and_then(parse_integer)
    }

    /// A number that the operation's row requires.
    pub(crate) fn id(self, name: &str) -> u64 {
        self.integer(name)
            .expect("the operation's row requires the parameter and checks it")
    }

    pub(crate) fn bool(self, name: &str) -> Option<bool> {
        self.text(name).and_then(parse_bool)
    }

    pub(crate) fn json(self, name: &str) -> Option<Value> {
        self.text(name)
            .and_then(|text| serde_json::from_str(text).ok())
    }

    pub(crate) fn object(self, name: &str) -> Option<Map<String, Value>> {
        self.text(name)
            .and_then(|text| serde_json::from_str(text).ok())
    }

    pub(crate) fn project_id(self) -> u64 {
        self.id("ProjectId")
    }

    pub(crate) fn task_type(self) -> TaskType {
        TaskType::from_word(self.required("TaskType")).expect("the operation's row lists the words")
    }

    pub(crate) fn env(self) -> Option<Env> {
        self.integer("EnvType").and_then(Env::from_number)
    }

    /// The page asked for: its number from 1, and its size.
    pub(crate) fn page(self) -> (usize, usize) {
        let number = self.integer("PageNumber").unwrap_or(1);
        let size = self.integer("PageSize").unwrap_or(10);
        (
            usize::try_from(number).unwrap_or(usize::MAX),
            usize::try_from(size).unwrap_or(usize::MAX),
        )
    }
}

/// One page of `items`.
pub(crate) fn page_of<T>(items: Vec<T>, (number, size): (usize, usize)) -> Vec<T> {
    items
        .into_iter()
        .skip(size.saturating_mul(number - 1))
        .take(size)
        .collect()
}

static BY_NAME: LazyLock<BTreeMap<&'static str, &'static Operation>> = LazyLock::new(|| {
    ops::FAMILIES
        .iter()
        .copied()
        .flatten()
        .map(|operation| (operation.name, operation))
        .collect()
});

/// Operations of the service that are out of the emulator's scope, so that a caller learns which of the two
/// it met: a name that does not exist, or one that is not emulated.
const NOT_EMULATED: &[&str] = &[
    "AddProjectMemberToRole",
    "CreateBusiness",
    "CreateConnection",
    "CreateFile",
    "CreateFolder",
    "CreateProjectMember",
    "CreateTable",
    "DeleteBusiness",
    "DeleteConnection",
    "DeleteFolder",
    "DeleteProjectMember",
    "GetBusiness",
    "GetFileVersion",
    "GetFolder",
    "GetMetaDBInfo",
    "GetMetaTableBasicInfo",
    "GetMetaTableFullInfo",
    "GetNode",
    "ListBusiness",
    "ListCalcEngines",
    "ListConnections",
    "ListDeployments",
    "ListFileVersions",
    "ListFolders",
    "ListNodes",
    "ListProjectMembers",
    "ListProjectRoles",
    "ListTables",
    "RunCycleDagNodes",
    "SearchMetaTables",
    "TagResources",
    "UntagResources",
    "UpdateBusiness",
    "UpdateConnection",
    "UpdateFolder",
];

/// Operations of the newer version, all of which are out of scope.
const NEWER: &[&str] = &[
    "CreateDIAlarmRule",
    "CreateDIJob",
    "CreateDataSource",
    "DeleteDIAlarmRule",
    "DeleteDIJob",
    "DeleteDataSource",
    "GetDIJob",
    "GetDIJobLog",
    "GetDataSource",
    "GetProject",
    "GetProjectMember",
    "GetResourceGroup",
    "ListDIAlarmRules",
    "ListDIJobEvents",
    "ListDIJobMetrics",
    "ListDIJobRunDetails",
    "ListDIJobs",
    "ListDataSourceSharedRules",
    "ListDataSources",
    "ListProjects",
    "ListResourceGroups",
    "ListTables",
    "StartDIJob",
    "StopDIJob",
    "TestDataSourceConnectivity",
    "UpdateDIAlarmRule",
    "UpdateDIJob",
    "UpdateDataSource",
];

/// The row of an operation, or what the gateway says instead.
pub(crate) fn find(version: &str, action: &str) -> Result<&'static Operation, Refusal> {
    let known = match version {
        VERSION => match BY_NAME.get(action) {
            Some(operation) => return Ok(operation),
            None => NOT_EMULATED.contains(&action),
        },
        NEWER_VERSION => NEWER.contains(&action),
        _ => false,
    };
    Err(if known {
        Refusal::new(
            400,
            "NotEmulated",
            format!(
                "{action} of version {version} is an operation of the service, but this emulator does not have it."
            ),
        )
    } else {
        Refusal::new(
            404,
            "InvalidAction.NotFound",
            "Specified api is not found, please check your url and method.",
        )
    })
}

/// Whether any version of the service has an operation of this name.
pub(crate) fn is_known(action: &str) -> bool {
    BY_NAME.contains_key(action) || NOT_EMULATED.contains(&action) || NEWER.contains(&action)
}

/// What an operation of this name would do, if the table has it.
pub(crate) fn effect_of(action: &str) -> Option<Effect> {
    BY_NAME.get(action).map(|operation| operation.effect)
}

/// The names of the operations in the table, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static Operation> {
    BY_NAME.values().copied()
}
