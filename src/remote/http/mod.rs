//! Sends calls over HTTP: one request each, neither repeated nor redirected.

mod request;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use serde::Deserialize;

pub use request::{SignedRequest, Signing, sign_request};

use super::Remote;
use super::credentials::Credentials;
use super::nonce::NonceSource;
use crate::api::wire::{self, WireRequest, WireResponse};
use crate::api::{ApiFault, Call, Reply};
use crate::clock::Clock;
use crate::desired::Signature;
use crate::secret::{Secret, SecretSource};

/// The longest answer that is read. A task script of thousands of tables takes a few MiB.
const LONGEST_ANSWER: usize = 64 << 20;

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the answer is complete.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
        }
    }
}

/// Where requests go and how they are signed.
#[derive(Clone)]
pub struct HttpSettings {
    /// The endpoint's URL.
    pub endpoint: String,
    /// The region's id, if it is known; it is sent along, the endpoint decides.
    pub region: Option<String>,
    /// The signature scheme.
    pub signature: Signature,
    /// The key.
    pub credentials: Credentials,
    /// How long a request may take.
    pub timeouts: Timeouts,
}

/// Why no remote can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum UnusableEndpoint {
    /// The endpoint is no URL of the right form.
    #[error("the endpoint {0:?} is not of the form https://HOST or http://HOST:PORT")]
    NotAnOrigin(String),
    /// The HTTP client cannot be set up, for want of CA certificates for one.
    #[error("the HTTP client for {endpoint} cannot be set up")]
    Client {
        /// The endpoint.
        endpoint: String,
        /// What went wrong.
        source: reqwest::Error,
    },
}

/// The API over HTTP. It holds a pool of connections: make one and share it.
pub struct HttpRemote<C> {
    client: Client,
    endpoint: Url,
    host: String,
    settings: HttpSettings,
    secrets: Arc<dyn SecretSource + Send + Sync>,
    nonces: Arc<dyn NonceSource>,
    clock: C,
}

impl<C: Clock> HttpRemote<C> {
    /// Sets a client up; nothing is sent yet.
    pub fn new(
        settings: HttpSettings,
        secrets: Arc<dyn SecretSource + Send + Sync>,
        nonces: Arc<dyn NonceSource>,
        clock: C,
    ) -> Result<Self, UnusableEndpoint> {
        let (endpoint, host) = origin(&settings.endpoint)
            .ok_or_else(|| UnusableEndpoint::NotAnOrigin(settings.endpoint.clone()))?;
        let client =
            client(&endpoint, settings.timeouts).map_err(|source| UnusableEndpoint::Client {
                endpoint: settings.endpoint.clone(),
                source,
            })?;
        if endpoint.scheme() == "http" && !transport::is_loopback(&endpoint) {
            tracing::warn!(%endpoint, "requests and the secrets in them travel unencrypted");
        }
        Ok(Self {
            client,
            endpoint,
            host,
            settings,
            secrets,
            nonces,
            clock,
        })
    }

    async fn exchange(&self, call: &Call, request: &WireRequest) -> Result<Reply, ApiFault> {
        let failed = |error: &reqwest::Error| {
            transport::fault(call, &self.endpoint, self.settings.timeouts, error)
        };
        let sent_at = self.clock.now();
        let signed = self.sign(request, sent_at);
        let mut response = self
            .http_request(signed)
            .send()
            .await
            .map_err(|error| failed(&error))?;
        let declared = response.content_length().unwrap_or_default();
        if declared > LONGEST_ANSWER as u64 {
            return Err(transport::too_long(call, LONGEST_ANSWER));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(transport::too_long(call, LONGEST_ANSWER));
            }
            body.extend_from_slice(&chunk);
        }
        self.log(request, &response, &body, sent_at);
        let secrets = self.withheld(request);
        let headers = response.headers();
        wire::decode(
            call,
            &WireResponse {
                status: response.status().as_u16(),
                body: &body,
                retry_after: retry_after(headers),
                request_id: text(headers, "x-acs-request-id"),
                clock_skew: clock_skew(headers, sent_at),
                secrets: &secrets,
            },
        )
        .map_err(|fault| self.naming_the_key(fault))
    }

    fn sign(&self, request: &WireRequest, now: Timestamp) -> SignedRequest {
        sign_request(
            request,
            &Signing {
                signature: self.settings.signature,
                credentials: &self.settings.credentials,
                region: self.settings.region.as_deref(),
                host: &self.host,
                nonce: &self.nonces.next(),
                timestamp: now,
            },
        )
    }

    fn http_request(&self, signed: SignedRequest) -> reqwest::RequestBuilder {
        let method = match signed.method {
            wire::Method::Get => reqwest::Method::GET,
            wire::Method::Post => reqwest::Method::POST,
            wire::Method::Put => reqwest::Method::PUT,
        };
        let mut url = self.endpoint.clone();
        url.set_query(Some(&signed.query));
        let mut request = self.client.request(method, url);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        match signed.body {
            Some(body) => request.body(body),
            None => request,
        }
    }

    /// What no message may repeat: the secrets of the body, and those that signed it.
    fn withheld(&self, request: &WireRequest) -> Vec<Secret> {
        let credentials = &self.settings.credentials;
        let mut secrets = request.secrets.clone();
        secrets.push(credentials.secret.clone());
        secrets.extend(credentials.security_token.clone());
        secrets
    }

    /// A key that is turned down is easier to find when its place is known.
    fn naming_the_key(&self, mut fault: ApiFault) -> ApiFault {
        let about_the_key = [
            "InvalidAccessKeyId.",
            "SignatureDoesNotMatch",
            "InvalidSecurityToken.",
        ]
        .iter()
        .any(|prefix| fault.code.starts_with(prefix));
        if let Some(hint) = fault.hint.as_mut().filter(|_| about_the_key) {
            let origin = &self.settings.credentials.origin;
            *hint = format!("{hint} (the key in use is from {origin})");
        }
        fault
    }

    /// One line per answer. The query's parameters are ids and names; secrets are only ever in the body.
    fn log(&self, request: &WireRequest, response: &Response, body: &[u8], sent_at: Timestamp) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let parameters: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let request_id = serde_json::from_slice::<Head>(body).ok();
        tracing::debug!(
            action = request.action,
            parameters = parameters.join(" "),
            status = response.status().as_u16(),
            request_id = request_id.and_then(|head| head.request_id).as_deref(),
            bytes = body.len(),
            elapsed_ms = self.clock.now().duration_since(sent_at).as_millis(),
            "call"
        );
    }
}

impl<C: Clock> Remote for HttpRemote<C> {
    async fn send(&self, call: &Call) -> Result<Reply, ApiFault> {
        let request = wire::encode(call, &*self.secrets)
            .map_err(|error| transport::no_secret(call, &error))?;
        let sent = self.exchange(call, &request).await;
        if let Err(fault) = &sent {
            tracing::debug!(action = request.action, %fault, class = ?fault.class, "call failed");
        }
        sent
    }
}

/// What every answer begins with.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "RequestId")]
    request_id: Option<String>,
}

/// The endpoint as a URL and as a `Host` header; none if it is more, or less, than scheme, host and port.
fn origin(endpoint: &str) -> Option<(Url, String)> {
    let url: Url = endpoint.parse().ok()?;
    let name = url.host_str().filter(|host| !host.is_empty())?;
    let plain = ["http", "https"].contains(&url.scheme())
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let host = match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    plain.then_some((url, host))
}

/// A client that does what it is told once, and nothing else.
fn client(endpoint: &Url, timeouts: Timeouts) -> Result<Client, reqwest::Error> {
    // Whoever installed a provider before us chose one just as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = Client::builder()
        .user_agent(concat!("syncform/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never());
    if transport::is_loopback(endpoint) {
        builder = builder.no_proxy();
    }
    if endpoint.scheme() == "http" {
        // No TLS will be spoken, so a machine without CA certificates will do.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// `x-acs-retry-after` in milliseconds, or what a proxy says in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| text(headers, name)?.trim().parse::<u64>().ok();
    number("x-acs-retry-after")
        .map(Duration::from_millis)
        .or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs))
        .filter(|delay| !delay.is_zero())
}

/// How far the service's clock is ahead of ours.
fn clock_skew(headers: &HeaderMap, ours: Timestamp) -> Option<SignedDuration> {
    let theirs = jiff::fmt::rfc2822::parse(text(headers, DATE.as_str())?).ok()?;
    Some(theirs.timestamp().duration_since(ours))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    headers.get(name).map(HeaderValue::to_str)?.ok()
}
