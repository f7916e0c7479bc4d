//! From parameters to a signed HTTP request: pure, so that the recorded signatures check the very requests that go out.

use std::fmt;

use jiff::Timestamp;

use crate::api::sign::{
    Acs3Request, authorization_header, canonical_query, percent_encode, sha256_hex, sign_acs3,
    sign_hmac_sha1, string_to_sign,
};
use crate::api::wire::{Method, WireRequest};
use crate::desired::Signature;
use crate::remote::credentials::Credentials;

/// What a form body is declared as.
const FORM: &str = "application/x-www-form-urlencoded";

/// What is signed into a request beside the call.
#[derive(Clone, Copy)]
pub struct Signing<'a> {
    /// The scheme.
    pub signature: Signature,
    /// The key.
    pub credentials: &'a Credentials,
    /// The region, where it is known.
    pub region: Option<&'a str>,
    /// The `Host` header: with its port, unless that is the scheme's own.
    pub host: &'a str,
    /// Makes the request a new one.
    pub nonce: &'a str,
    /// The time now.
    pub timestamp: Timestamp,
}

/// A request that only needs an address.
pub struct SignedRequest {
    /// The HTTP method.
    pub method: Method,
    /// The query string, encoded.
    pub query: String,
    /// The headers of the call; the transport adds its own.
    pub headers: Vec<(&'static str, String)>,
    /// The form body, if there is one.
    pub body: Option<String>,
}

/// Query, headers and body may hold secrets and the signature.
impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Signs a request.
pub fn sign_request(request: &WireRequest, signing: &Signing<'_>) -> SignedRequest {
    match signing.signature {
        Signature::HmacSha1 => hmac_sha1(request, signing),
        Signature::Acs3HmacSha256 => acs3(request, signing),
    }
}

/// HMAC-SHA1: everything is a parameter, the signature too (API facts 2.3, 2.4).
fn hmac_sha1(request: &WireRequest, signing: &Signing<'_>) -> SignedRequest {
    let timestamp = timestamp(signing.timestamp);
    let mut query = borrowed(&request.query);
    query.extend([
        ("Action", request.action),
        ("Version", request.version),
        ("Format", "JSON"),
        ("AccessKeyId", &signing.credentials.access_key_id),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureType", ""),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", signing.nonce),
        ("Timestamp", &timestamp),
    ]);
    query.extend(signing.region.map(|region| ("RegionId", region)));
    if let Some(token) = &signing.credentials.security_token {
        query.push(("SecurityToken", token.reveal()));
    }
    let body = borrowed(&request.body);
    let signed = query.iter().chain(&body).copied();
    let text = string_to_sign(request.method.as_str(), signed);
    let signature = sign_hmac_sha1(signing.credentials.secret.reveal(), &text);
    query.push(("Signature", &signature));
    let body = form(&body);
    SignedRequest {
        method: request.method,
        query: canonical_query(query.iter().copied()),
        headers: body
            .iter()
            .map(|_| ("content-type", FORM.to_owned()))
            .collect(),
        body,
    }
}

/// ACS3-HMAC-SHA256: what belongs to the call is in the query and the body, all else in headers (API facts 2.5).
fn acs3(request: &WireRequest, signing: &Signing<'_>) -> SignedRequest {
    let body = form(&borrowed(&request.body));
    let content_sha256 = sha256_hex(body.as_deref().unwrap_or_default().as_bytes());
    let mut headers = vec![
        ("accept", "application/json".to_owned()),
        ("x-acs-action", request.action.to_owned()),
        ("x-acs-version", request.version.to_owned()),
        ("x-acs-date", timestamp(signing.timestamp)),
        ("x-acs-signature-nonce", signing.nonce.to_owned()),
        ("x-acs-content-sha256", content_sha256.clone()),
    ];
    if body.is_some() {
        headers.push(("content-type", FORM.to_owned()));
    }
    if let Some(token) = &signing.credentials.security_token {
        headers.extend([
            (
                "x-acs-accesskey-id",
                signing.credentials.access_key_id.clone(),
            ),
            ("x-acs-security-token", token.reveal().to_owned()),
        ]);
    }
    let query = borrowed(&request.query);
    let mut signed = borrowed(&headers);
    signed.push(("host", signing.host));
    let parts = Acs3Request {
        method: request.method.as_str(),
        path: "/",
        query: &query,
        headers: &signed,
        content_sha256: &content_sha256,
    };
    let signature = sign_acs3(signing.credentials.secret.reveal(), &parts.string_to_sign());
    let authorization = authorization_header(
        &signing.credentials.access_key_id,
        &parts.signed_headers(),
        &signature,
    );
    headers.push(("authorization", authorization));
    SignedRequest {
        method: request.method,
        query: canonical_query(query),
        headers,
        body,
    }
}

fn borrowed<'a>(pairs: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    pairs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

/// The form body; none without parameters. Spaces are `%20` here too, which every reader of forms understands.
fn form(params: &[(&str, &str)]) -> Option<String> {
    let pairs: Vec<String> = params
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)))
        .collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

/// UTC in the form that both schemes want.
fn timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
