//! The gateway: from an HTTP request to an authenticated call, or to the refusal that a caller gets instead.
//!
//! Pure: it is given the bytes, the keys and the time. Parameters of query and form body are one map, wherever a
//! client puts them; the action and the version may be in headers. What is wrong is told in the order in which a
//! gateway finds it: who calls, when, whether the signature fits. Whether the nonce is new only the world knows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::world::{Auth, DefaultFormat, Refusal, Request, Settings};
use crate::api::sign::{self, Acs3Request, Authorization};

/// An access key that the emulator knows.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The access key id.
    pub id: String,
    /// The access key secret.
    pub secret: String,
    /// The security token that temporary keys come with.
    pub token: Option<String>,
    /// A key that is not active is refused by name.
    pub active: bool,
}

/// The secret is for comparing, not for showing.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The key that every test of an SDK uses.
impl Default for AccessKey {
    fn default() -> Self {
        Self {
            id: "testid".into(),
            secret: "testsecret".into(),
            token: None,
            active: true,
        }
    }
}

/// `ID:SECRET` or `ID:SECRET:TOKEN`.
impl FromStr for AccessKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(secret), token) if !id.is_empty() && !secret.is_empty() => Ok(Self {
                id: id.to_owned(),
                secret: secret.to_owned(),
                token: token.map(str::to_owned),
                active: true,
            }),
            _ => Err("an access key is ID:SECRET or ID:SECRET:TOKEN".to_owned()),
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// A request taken apart, not yet believed.
#[derive(Debug)]
pub(crate) struct Parsed<'a> {
    raw: Raw<'a>,
    query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    form: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    authorization: Option<&'a str>,
}

/// Parameters that are about the call and none of the operation's.
const COMMON: &[&str] = &[
    "Action",
    "Version",
    "Format",
    "RegionId",
    "AccessKeyId",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureType",
    "SignatureNonce",
    "Timestamp",
];

const FORM: &str = "application/x-www-form-urlencoded";

impl<'a> Parsed<'a> {
    pub(crate) fn new(raw: Raw<'a>) -> Self {
        let is_form = header(raw.headers, "content-type")
            .is_none_or(|kind| kind.to_ascii_lowercase().starts_with(FORM));
        let form = if is_form { raw.body } else { &[] };
        Self {
            raw,
            query: form_urlencoded::parse(raw.query.as_bytes()).collect(),
            form: form_urlencoded::parse(form).collect(),
            authorization: header(raw.headers, "authorization")
                .filter(|value| value.starts_with("ACS3-")),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .chain(&self.form)
            .map(|(name, value)| (&**name, &**value))
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.pairs()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// A common parameter: in the map, else in a header.
    fn common(&self, name: &str, in_header: &str) -> Option<&str> {
        self.param(name)
            .or_else(|| header(self.raw.headers, in_header).filter(|value| !value.is_empty()))
    }

    /// The operation asked for, for the count and for the root of an XML answer.
    pub(crate) fn action(&self) -> &str {
        self.common("Action", "x-acs-action").unwrap_or("")
    }

    /// How to answer, whatever the answer will be.
    pub(crate) fn format(&self, settings: &Settings) -> Format {
        match self.param("Format").map(str::to_ascii_uppercase).as_deref() {
            Some("JSON") => Format::Json,
            Some("XML") => Format::Xml,
            _ if self.authorization.is_some() => Format::Json,
            _ if settings.default_format == DefaultFormat::Json => Format::Json,
            _ => Format::Xml,
        }
    }

    /// The call, if everything about it is in order.
    pub(crate) fn admit(
        &self,
        keys: &[AccessKey],
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Request, Refusal> {
        if !matches!(self.raw.method, "GET" | "POST" | "PUT") {
            return Err(Refusal::new(
                400,
                "UnsupportedHTTPMethod",
                "This http method is not supported.",
            ));
        }
        if self.raw.path != "/" {
            return Err(Refusal::new(
                404,
                "InvalidApi.NotFound",
                "Specified api is not found, please check your url and method.",
            ));
        }
        let action = self
            .common("Action", "x-acs-action")
            .ok_or_else(|| Refusal::missing("Action"))?;
        let version = self
            .common("Version", "x-acs-version")
            .ok_or_else(|| Refusal::missing("Version"))?;
        let (caller, nonce) = match (settings.auth, self.authorization) {
            (Auth::Lax, _) => (self.param("AccessKeyId").unwrap_or("anonymous"), None),
            (Auth::Strict, Some(header)) => {
                let (key, nonce) = self.check_acs3(header, keys, settings, now)?;
                (key.id.as_str(), Some(nonce))
            }
            (Auth::Strict, None) => {
                let (key, nonce) = self.check_hmac_sha1(keys, settings, now)?;
                (key.id.as_str(), Some(nonce))
            }
        };
        if let Some(format) = self.param("Format")
            && !["JSON", "XML"].contains(&format.to_ascii_uppercase().as_str())
        {
            return Err(Refusal::new(
                400,
                "InvalidParameter.Format",
                "Specified parameter Format is not valid.",
            ));
        }
        Ok(Request {
            action: action.to_owned(),
            version: version.to_owned(),
            params: self.own_params()?,
            caller: caller.to_owned(),
            nonce: nonce.map(|nonce| format!("{caller} {nonce}")),
        })
    }

    /// The operation's own parameters; which of two values is meant nobody could say.
    fn own_params(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let mut params = BTreeMap::new();
        for (name, value) in self.pairs().filter(|(name, _)| !COMMON.contains(name)) {
            if params.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(Refusal::new(
                    400,
                    "InvalidParameter.Format",
                    format!("Specified parameter {name} is given more than once."),
                ));
            }
        }
        Ok(params)
    }

    /// HMAC-SHA1, version 1.0: everything is a parameter.
    fn check_hmac_sha1<'k>(
        &self,
        keys: &'k [AccessKey],
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(&'k AccessKey, &str), Refusal> {
        let required = |name| self.param(name).ok_or_else(|| Refusal::missing(name));
        let id = required("AccessKeyId")?;
        if required("SignatureMethod")? != "HMAC-SHA1" {
            return Err(Refusal::new(
                400,
                "InvalidSignatureMethod",
                "Specified signature method is not valid.",
            ));
        }
        if required("SignatureVersion")? != "1.0" {
            return Err(incomplete());
        }
        let nonce = required("SignatureNonce")?;
        let timestamp = required("Timestamp")?;
        let given = required("Signature")?;
        let key = find_key(keys, id)?;
        check_time(timestamp, settings, now)?;
        let signed = self.pairs().filter(|(name, _)| *name != "Signature");
        let string_to_sign = sign::string_to_sign(self.raw.method, signed);
        if sign::sign_hmac_sha1(&key.secret, &string_to_sign) != given {
            return Err(mismatch(&string_to_sign));
        }
        check_token(key, self.param("SecurityToken"))?;
        Ok((key, nonce))
    }

    /// ACS3-HMAC-SHA256: the query, some headers, and the hash of the body.
    fn check_acs3<'k>(
        &self,
        header_value: &str,
        keys: &'k [AccessKey],
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(&'k AccessKey, &str), Refusal> {
        let headers = self.raw.headers;
        if !header_value.starts_with(sign::ACS3_ALGORITHM) {
            return Err(Refusal::new(
                400,
                "InvalidSignatureMethod",
                "Specified signature method is not valid.",
            ));
        }
        let authorization = Authorization::parse(header_value).ok_or_else(incomplete)?;
        let nonce = header(headers, "x-acs-signature-nonce")
            .ok_or_else(|| Refusal::missing("SignatureNonce"))?;
        let date = header(headers, "x-acs-date").ok_or_else(|| Refusal::missing("Timestamp"))?;
        let key = find_key(keys, authorization.credential)?;
        check_time(date, settings, now)?;
        let names: Vec<&str> = authorization.signed_headers.split(';').collect();
        // Without a body some HTTP libraries name a type of it all the same, after the client has signed.
        let must_be_signed = |name: &str| {
            name == "host"
                || name.starts_with("x-acs-")
                || (name == "content-type" && !self.raw.body.is_empty())
        };
        let unsigned = headers
            .iter()
            .any(|(name, _)| must_be_signed(name) && !names.contains(&name.as_str()));
        let absent = names.iter().any(|name| header(headers, name).is_none());
        if unsigned || absent || !names.contains(&"x-acs-content-sha256") {
            return Err(incomplete());
        }
        let signed: Vec<(&str, &str)> = headers
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let query: Vec<(&str, &str)> = self
            .query
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let request = Acs3Request {
            method: self.raw.method,
            path: self.raw.path,
            query: &query,
            headers: &signed,
            content_sha256: &sign::sha256_hex(self.raw.body),
        };
        let string_to_sign = request.string_to_sign();
        if request.signed_headers() != authorization.signed_headers
            || sign::sign_acs3(&key.secret, &string_to_sign) != authorization.signature
        {
            return Err(mismatch(&string_to_sign));
        }
        check_token(key, header(headers, "x-acs-security-token"))?;
        Ok((key, nonce))
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

fn find_key<'k>(keys: &'k [AccessKey], id: &str) -> Result<&'k AccessKey, Refusal> {
    match keys.iter().find(|key| key.id == id) {
        None => Err(Refusal::new(
            404,
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        )),
        Some(key) if !key.active => Err(Refusal::new(
            400,
            "InvalidAccessKeyId.Inactive",
            "Specified access key is disabled.",
        )),
        Some(key) => Ok(key),
    }
}

fn check_time(text: &str, settings: &Settings, now: Timestamp) -> Result<(), Refusal> {
    let time: Timestamp = text.parse().map_err(|_| {
        Refusal::new(
            400,
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        )
    })?;
    let off = now
        .as_millisecond()
        .saturating_sub(time.as_millisecond())
        .saturating_abs();
    if off > settings.skew_ms {
        return Err(Refusal::new(
            400,
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.",
        ));
    }
    Ok(())
}

fn check_token(key: &AccessKey, given: Option<&str>) -> Result<(), Refusal> {
    match (key.token.as_deref(), given) {
        (None, None) => Ok(()),
        (Some(expected), Some(given)) if expected == given => Ok(()),
        (Some(_), None) => Err(Refusal::new(
            400,
            "MissingSecurityToken",
            "SecurityToken is mandatory for this action.",
        )),
        (_, Some(_)) => Err(Refusal::new(
            400,
            "InvalidSecurityToken.Malformed",
            "Specified SecurityToken is malformed.",
        )),
    }
}

fn incomplete() -> Refusal {
    Refusal::new(
        400,
        "IncompleteSignature",
        "The request signature does not conform to Aliyun standards.",
    )
}

/// A client looks for the server's own string to sign behind the first colon.
fn mismatch(string_to_sign: &str) -> Refusal {
    Refusal::new(
        400,
        "SignatureDoesNotMatch",
        format!(
            "Specified signature is not matched with our calculation. server string to sign is:{string_to_sign}"
        ),
    )
}
