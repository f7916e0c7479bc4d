//! One answer, opened: its envelope checked, so that what is left to read is the operation's own data.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use super::classify::{classify, hint};
use super::clean::legible;
use super::error_body::{self, ErrorBody};
use super::lenient::{Verdict, integer, member, text, verdict, word};
use crate::api::{ApiFault, Call, FaultClass};
use crate::secret::Secret;

/// An HTTP answer, as far as its meaning depends on it.
#[derive(Clone, Copy)]
pub struct WireResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body, whole.
    pub body: &'a [u8],
    /// `x-acs-retry-after`.
    pub retry_after: Option<Duration>,
    /// `x-acs-request-id`, for bodies that name no `RequestId`.
    pub request_id: Option<&'a str>,
    /// How far the service's clock, by its `Date` header, is ahead of ours.
    pub clock_skew: Option<SignedDuration>,
    /// What the request carried and no message may repeat.
    pub secrets: &'a [Secret],
}

/// The code of a failure that came with HTTP 200 and without a code.
const IN_BAND: &str = "in-band failure";

/// The code of an answer that cannot be understood.
const UNREADABLE: &str = "unreadable answer";

/// A successful envelope.
pub(super) struct Answer<'a> {
    /// What was asked.
    pub(super) call: &'a Call,
    response: &'a WireResponse<'a>,
    /// The body.
    pub(super) json: Value,
}

impl<'a> Answer<'a> {
    /// Opens an answer: its HTTP status, its top-level `Code`, `Success` and `HttpStatusCode` all have to be well.
    pub(super) fn open(call: &'a Call, response: &'a WireResponse<'a>) -> Result<Self, ApiFault> {
        if !(200..300).contains(&response.status) {
            return Err(refused(call, response, error_body::read(response.body)));
        }
        let json = serde_json::from_slice(response.body).unwrap_or(Value::Null);
        let answer = Self {
            call,
            response,
            json,
        };
        if !answer.json.is_object() {
            return Err(answer.unreadable("the body is no JSON object"));
        }
        if answer.envelope_failed() {
            let body = error_body::from_json(&answer.json);
            return Err(refused(call, response, body));
        }
        Ok(answer)
    }

    /// Whether the envelope says that the call failed. The samples of the facts print `ErrorCode` and `Success: true`
    /// side by side, so `ErrorCode` decides only where `Success` is absent.
    fn envelope_failed(&self) -> bool {
        let json = &self.json;
        let success = verdict(json, "Success");
        let code = word(json, "Code").filter(|code| {
            !["200", "OK", "Success", "true"]
                .iter()
                .any(|well| code.eq_ignore_ascii_case(well))
        });
        success == Some(Verdict::No)
            || code.is_some()
            || integer(json, "HttpStatusCode").is_some_and(|status| status >= 400)
            || (success.is_none() && word(json, "ErrorCode").is_some())
    }

    /// `Data`.
    pub(super) fn data(&self) -> Result<&Value, ApiFault> {
        member(&self.json, "Data").ok_or_else(|| self.unreadable("it has no `Data`"))
    }

    /// `Data`, its `Status` required to say that the call worked (API facts 6: the status decides, the message only
    /// explains).
    pub(super) fn settled_data(&self) -> Result<&Value, ApiFault> {
        let data = self.data()?;
        match verdict(data, "Status") {
            Some(Verdict::Yes) => Ok(data),
            Some(Verdict::No) => Err(self.failed(data)),
            Some(Verdict::Neither) | None => {
                Err(self.unreadable("`Data.Status` says neither success nor failure"))
            }
        }
    }

    /// The fault of a `Data.Status` that says failure.
    pub(super) fn failed(&self, data: &Value) -> ApiFault {
        let message = text(data, "Message").unwrap_or("the service gives no reason");
        let class = in_band_class(self.call, message);
        self.fault(class, IN_BAND, message, in_band_hint(message))
    }

    /// The fault of an object that is not there.
    pub(super) fn missing(&self, message: &str) -> ApiFault {
        self.fault(FaultClass::NotFound, IN_BAND, message, None)
    }

    /// The fault of an answer whose shape is another one. It says nothing about what the call did.
    pub(super) fn unreadable(&self, why: &str) -> ApiFault {
        let message = format!("the answer cannot be understood: {why}");
        let hint = "if it happens again, check that `endpoint` or `region` under [provider] names the DataWorks API";
        self.fault(
            FaultClass::Unknown,
            UNREADABLE,
            &message,
            Some(hint.to_owned()),
        )
    }

    /// A message of the service, fit to be shown.
    pub(super) fn legible(&self, message: &str) -> String {
        legible(message, self.response.secrets)
    }

    fn fault(
        &self,
        class: FaultClass,
        code: &str,
        message: &str,
        hint: Option<String>,
    ) -> ApiFault {
        let request_id = word(&self.json, "RequestId");
        fault(
            self.call,
            self.response,
            class,
            code,
            message,
            request_id,
            hint,
        )
    }
}

/// The fault of a request that was turned down as a whole.
fn refused(call: &Call, response: &WireResponse<'_>, body: ErrorBody) -> ApiFault {
    // An envelope may bring its own status along in an answer of HTTP 200.
    let status = body.status.unwrap_or(response.status).max(response.status);
    let code = match body.code {
        Some(code) => code,
        None if status < 300 => IN_BAND.to_owned(),
        None => format!("HTTP {status}"),
    };
    let message = body.message.unwrap_or_default();
    let mut class = classify(&code, status);
    if class == FaultClass::Invalid {
        // Many things are called invalid, and then only the message tells which.
        class = in_band_class(call, &message);
    }
    if class == FaultClass::Invalid && response.retry_after.is_some() {
        // The official clients take any failure that names a delay for throttling (API facts 2.7).
        class = FaultClass::Throttled;
    }
    // After the colon the service plays back the whole text that it wanted signed, secrets of the body included.
    let message = match (code.as_str(), message.split_once(':')) {
        ("SignatureDoesNotMatch" | "InvalidAccessKeySecret", Some((before, _))) => before,
        _ => &message,
    };
    let mut hint = hint(&code, class, response.clock_skew);
    if let Some(action) = body.missing_action {
        hint = Some(format!("ask for a RAM policy that allows `{action}`"));
    }
    fault(call, response, class, &code, message, body.request_id, hint)
}

/// What a failure means of which only the message tells more.
fn in_band_class(call: &Call, message: &str) -> FaultClass {
    let lower = message.to_ascii_lowercase();
    if invalid_id(&lower).is_some_and(|id| subject(call) == Some(id)) {
        return FaultClass::NotFound;
    }
    match call {
        Call::Generate { .. } | Call::CreateTask { .. } | Call::CreateDatasource { .. }
            if lower.contains("already exist") =>
        {
            FaultClass::AlreadyThere
        }
        // `read datasource time out`: the service asked the database in vain, and may have more luck next time.
        Call::GetDatasourceMeta { .. }
            if lower.contains("time out") || lower.contains("timeout") =>
        {
            FaultClass::Unavailable
        }
        _ => FaultClass::Invalid,
    }
}

/// What the user may do about an in-band failure.
fn in_band_hint(message: &str) -> Option<String> {
    let hint = if message.contains("Invalid path") {
        "`folder` must exist: create the workflow in DataStudio, and write its path as it is shown there"
    } else if message.contains("ResourceGroup") {
        "check `resource_group`: it is the identifier of a Data Integration resource group of this workspace"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// The id that a call is about, where the service names it in a failure.
fn subject(call: &Call) -> Option<i64> {
    match call {
        Call::GetTask { file, .. }
        | Call::GetInstance { file, .. }
        | Call::Deploy { file, .. }
        | Call::Start { file, .. }
        | Call::Stop { file, .. }
        | Call::Terminate { file, .. }
        | Call::DeleteTask { file, .. } => Some(file.0),
        Call::Poll { process, .. } => Some(process.0),
        _ => None,
    }
}

/// Whether a message says that the call's own id names nothing.
pub(super) fn says_missing(call: &Call, message: &str) -> bool {
    in_band_class(call, message) == FaultClass::NotFound
}

/// The id in `fileid:[100] is invalid.` or `fileid[100] is invalid` (API facts 3.8: one operation leaves the colon out).
fn invalid_id(lower: &str) -> Option<i64> {
    let rest = ["fileid", "processid"]
        .iter()
        .find_map(|name| Some(lower.split_once(name)?.1))?;
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
    let (id, rest) = rest.strip_prefix('[')?.split_once(']')?;
    rest.trim_start().starts_with("is invalid").then_some(())?;
    id.trim().parse().ok()
}

/// A fault of this call, every text in it fit to be shown.
fn fault(
    call: &Call,
    response: &WireResponse<'_>,
    class: FaultClass,
    code: &str,
    message: &str,
    request_id: Option<String>,
    hint: Option<String>,
) -> ApiFault {
    let clean = |text: &str| legible(text, response.secrets);
    let message = match clean(message) {
        empty if empty.is_empty() => "the service gives no reason".to_owned(),
        message => message,
    };
    ApiFault {
        class,
        operation: call.operation().name.to_owned(),
        code: clean(code),
        message,
        request_id: request_id.as_deref().or(response.request_id).map(clean),
        retry_after: response.retry_after,
        hint,
    }
}
