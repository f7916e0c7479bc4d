//! What goes into the world and what comes out of it.
//!
//! A [`Request`] has passed the gateway: its signature is checked and its common parameters are gone. An
//! [`Outcome`] is the answer and, apart from it, what the wire should do to that answer, because a dropped
//! connection is nothing that a response could say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::operation::Style;

/// An authenticated call of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Request {
    /// The operation's name.
    pub action: String,
    /// The API version.
    pub version: String,
    /// The operation's own parameters, wherever they were on the wire.
    pub params: BTreeMap<String, String>,
    /// Who calls: the access key id.
    pub caller: String,
    /// What may be seen once only, when the caller has proved who it is.
    pub nonce: Option<String>,
}

impl Request {
    /// A call of an operation of version 2020-05-18.
    pub fn new<'a>(action: &str, params: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            action: action.to_owned(),
            version: super::operation::VERSION.to_owned(),
            params: params
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Self::default()
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The body; how it is written is the gateway's affair.
    pub body: Value,
}

/// What the wire does to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// It arrives.
    Deliver,
    /// It arrives after so many milliseconds.
    Delay(u64),
    /// The connection breaks; nothing happened, or it will happen later.
    DropBefore,
    /// The connection breaks after everything happened.
    DropAfter,
    /// The first half of the answer arrives.
    Torn,
}

/// An answer and what becomes of it on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub response: Response,
    /// Its fate.
    pub transport: Transport,
}

/// A refusal: an HTTP status of 400 and above, with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub code: String,
    /// For a person to read.
    pub message: String,
    /// When to come back, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after_ms: None,
        }
    }

    /// `Param.Invalid`, which the run operations document.
    pub(crate) fn param_invalid() -> Self {
        Self::new(400, "Param.Invalid", "The parameter is invalid.")
    }

    /// `Invalid.DI.Parameter`, which the generate operations document.
    pub(crate) fn di_parameter() -> Self {
        Self::new(400, "Invalid.DI.Parameter", "The parameter is invalid.")
    }

    /// `Forbidden.Access`: also the answer about a workspace that does not exist.
    pub(crate) fn forbidden() -> Self {
        Self::new(403, "Forbidden.Access", "Access is forbidden.")
    }

    /// A mandatory parameter that is absent or empty.
    pub(crate) fn missing(name: &str) -> Self {
        Self::new(
            400,
            format!("Missing{name}"),
            format!("{name} is mandatory for this action."),
        )
    }

    /// A parameter that breaks its declared constraint.
    pub(crate) fn invalid(name: &str) -> Self {
        Self::new(
            400,
            format!("Invalid{name}"),
            format!("Specified parameter {name} is not valid."),
        )
    }

    /// The answer that carries it.
    pub fn response(&self, request_id: &str, host: &str) -> Response {
        Response {
            status: self.status,
            headers: self
                .retry_after_ms
                .map(|ms| ("x-acs-retry-after", ms.to_string()))
                .into_iter()
                .collect(),
            body: json!({
                "RequestId": request_id,
                "HostId": host,
                "Code": self.code,
                "Message": self.message,
                "Recommend": format!(
                    "https://api.aliyun.com/troubleshoot?q={}&product=dataworks-public",
                    self.code
                ),
            }),
        }
    }
}

/// The answer of an operation, with HTTP 200; its request id is added later.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) body: Map<String, Value>,
    /// Whether it tells a failure all the same.
    pub(crate) failed: bool,
}

impl Reply {
    /// `body` must be an object.
    pub(crate) fn new(body: Value) -> Self {
        let Value::Object(body) = body else {
            unreachable!("every reply is an object")
        };
        Self {
            body,
            failed: false,
        }
    }

    /// The envelope of the Data Integration operations.
    pub(crate) fn data(data: Value) -> Self {
        Self::new(json!({ "Success": true, "Data": data }))
    }

    /// The envelope with nothing to say but that it went well.
    pub(crate) fn done() -> Self {
        Self::data(json!({ "Status": "success", "Message": null }))
    }

    /// The envelope of the file and data source operations.
    pub(crate) fn envelope(data: Value) -> Self {
        Self::new(json!({ "Success": true, "HttpStatusCode": 200, "Data": data }))
    }

    pub(crate) fn into_failure(mut self) -> Self {
        self.failed = true;
        self
    }
}

/// Why an operation did not do what it was asked. Whatever it had begun is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An HTTP error.
    Refused(Refusal),
    /// HTTP 200 with a body that tells a failure; its shape depends on the operation.
    InBand {
        /// A code, for the operations that give one in the body.
        code: &'static str,
        message: String,
    },
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// An in-band failure with nothing but a message.
pub(crate) fn fail(message: impl Into<String>) -> Failure {
    Failure::InBand {
        code: "Invalid.Parameter",
        message: message.into(),
    }
}

/// An in-band failure with the code that the file and data source operations give.
pub(crate) fn fail_with(code: &'static str, message: impl Into<String>) -> Failure {
    Failure::InBand {
        code,
        message: message.into(),
    }
}

impl Failure {
    /// The failure as the operation's answer, or as the refusal it is.
    pub(crate) fn into_reply(self, style: Style) -> Result<Reply, Refusal> {
        let (code, message) = match self {
            Self::Refused(refusal) => return Err(refusal),
            Self::InBand { code, message } => (code, message),
        };
        let body = match style {
            Style::Data => json!({
                "Success": true,
                "Data": { "Status": "fail", "Message": message },
            }),
            Style::Silent => json!({ "Success": true, "Data": { "Status": "fail" } }),
            Style::Flag => json!({
                "Success": true,
                "Data": { "Status": false, "Message": message },
            }),
            Style::Envelope => json!({
                "Success": false,
                "HttpStatusCode": 400,
                "ErrorCode": code,
                "ErrorMessage": message,
            }),
            Style::TextEnvelope => json!({
                "Success": false,
                "HttpStatusCode": "400",
                "Data": null,
                "ErrorCode": code,
                "ErrorMessage": message,
            }),
            Style::BoolEnvelope => json!({
                "Success": false,
                "HttpStatusCode": "400",
                "Data": false,
                "ErrorCode": code,
                "ErrorMessage": message,
            }),
            Style::TextSuccess => json!({ "Success": "false" }),
            Style::Connection => json!({
                "Success": true,
                "TaskList": { "ConnectStatus": false, "ConnectMessage": message },
            }),
            Style::Refusing => {
                return Err(Refusal::new(400, "Param.Invalid", message));
            }
        };
        Ok(Reply::new(body).into_failure())
    }
}

/// What an operation answers.
pub(crate) type Answer = Result<Reply, Failure>;
