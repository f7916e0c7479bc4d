//! A small client that signs as the SDKs do and hides nothing of what comes back.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};
use syncform::api::sign;
use syncform::emulator::{AccessKey, Options, Running, Seed, start};

/// An emulator and a client to it.
pub(crate) struct Api {
    pub(crate) running: Running,
    pub(crate) client: Client,
}

/// A client with a key.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) key: AccessKey,
}

/// An answer, whatever it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Options with the usual seed and switches.
pub(crate) fn options(switches: &[(&str, &str)]) -> Options {
    Options {
        seed: Some(Seed::parse(super::SEED).expect("the seed of the tests is sound")),
        switches: switches
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Options::default()
    }
}

impl Api {
    pub(crate) async fn start(switches: &[(&str, &str)]) -> Self {
        Self::with(options(switches)).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let key = options.access_keys.first().cloned().unwrap_or_default();
        let running = start(options).await.expect("a loopback port is free");
        let client = Client::new(&running.url(), key);
        Self { running, client }
    }

    pub(crate) async fn ok(&self, action: &str, params: &[(&str, &str)]) -> Value {
        self.client.ok(action, params).await
    }

    pub(crate) async fn fail(&self, action: &str, params: &[(&str, &str)]) -> String {
        self.client.fail(action, params).await
    }

    pub(crate) async fn refusal(&self, action: &str, params: &[(&str, &str)]) -> String {
        self.client.refusal(action, params).await
    }

    /// One request to an admin path.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let url = format!("{}/_emulator/{path}", self.client.url);
        let answer = self
            .client
            .http
            .request(method, url)
            .body(body.to_string())
            .send()
            .await;
        let text = answer.expect("an answer").text().await.expect("a body");
        serde_json::from_str(&text).expect("admin paths answer with JSON")
    }

    /// Arms one fault for one operation.
    pub(crate) async fn arm(&self, operation: &str, fault: Value) {
        let rules = json!([{ "operation": operation, "nth": 1, "fault": fault }]);
        assert_eq!(self.admin("PUT", "faults", rules).await, json!({}));
    }
}

impl Client {
    pub(crate) fn new(url: &str, key: AccessKey) -> Self {
        // The second test that does this finds it done.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            http,
            url: url.to_owned(),
            key,
        }
    }

    /// A call that succeeds: the whole body.
    pub(crate) async fn ok(&self, action: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.call(action, params).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.text);
        let body = answer.json();
        assert!(!failed(&body), "{action}: {}", answer.text);
        body
    }

    /// A call that fails in the body: its message.
    pub(crate) async fn fail(&self, action: &str, params: &[(&str, &str)]) -> String {
        let answer = self.call(action, params).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.text);
        let body = answer.json();
        assert!(failed(&body), "{action}: {}", answer.text);
        let message = [&body["Data"]["Message"], &body["ErrorMessage"]]
            .into_iter()
            .chain([&body["TaskList"]["ConnectMessage"]])
            .find_map(Value::as_str);
        message.unwrap_or_default().to_owned()
    }

    /// A call that is refused: its status and code.
    pub(crate) async fn refusal(&self, action: &str, params: &[(&str, &str)]) -> String {
        let answer = self.call(action, params).await;
        assert!(answer.status >= 400, "{action}: {}", answer.text);
        format!("{} {}", answer.status, answer.code())
    }

    /// A call signed with HMAC-SHA1, all parameters in the form body.
    pub(crate) async fn call(&self, action: &str, params: &[(&str, &str)]) -> Answer {
        self.try_call(action, params).await.expect("an answer")
    }

    pub(crate) async fn try_call(
        &self,
        action: &str,
        params: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let body = self.form("POST", action, params);
        let request = self.http.post(&self.url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        read(request.body(body).send().await?).await
    }

    /// The signed parameters of an HMAC-SHA1 request, encoded.
    pub(crate) fn form(&self, method: &str, action: &str, params: &[(&str, &str)]) -> String {
        let (time, nonce) = (now(), nonce());
        let mut all = vec![
            ("Action", action),
            ("Version", "2020-05-18"),
            ("Format", "JSON"),
            ("AccessKeyId", self.key.id.as_str()),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &time),
        ];
        if let Some(token) = &self.key.token {
            all.push(("SecurityToken", token));
        }
        // What a test gives itself stands in place of the usual.
        all.retain(|(name, _)| !params.iter().any(|(given, _)| given == name));
        all.extend_from_slice(params);
        let text = sign::string_to_sign(method, all.iter().copied());
        let signature = sign::sign_hmac_sha1(&self.key.secret, &text);
        if !params.iter().any(|(name, _)| *name == "Signature") {
            all.push(("Signature", &signature));
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(all);
        form.finish()
    }
}

pub(crate) async fn read(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer {
        status,
        headers,
        text: response.text().await?,
    })
}

/// Whether a body with HTTP 200 tells a failure.
fn failed(body: &Value) -> bool {
    let flags = [
        &body["Success"],
        &body["Data"]["Status"],
        &body["TaskList"]["ConnectStatus"],
    ];
    flags
        .iter()
        .any(|flag| **flag == false || **flag == "false" || **flag == "fail")
}

pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn nonce() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("nonce-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
