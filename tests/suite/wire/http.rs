//! The HTTP client against a server that misbehaves.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use syncform::api::{ApiFault, Call, FaultClass, Reply};
use syncform::clock::Clock;
use syncform::desired::Signature;
use syncform::remote::credentials::Credentials;
use syncform::remote::{HttpRemote, HttpSettings, Remote, SeededNonces, Timeouts};
use syncform::secret::Secret;

use super::server::{Behaviour, Server};
use super::{OnePassword, PROJECT, datasource, deploy};

/// Always the moment of the recorded signatures.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2024-01-02T03:04:05Z".parse().unwrap()
    }

    async fn sleep(&self, _: Duration) {
        panic!("the client never waits by itself");
    }
}

fn settings(endpoint: &str) -> HttpSettings {
    HttpSettings {
        endpoint: endpoint.to_owned(),
        region: Some("cn-shanghai".to_owned()),
        signature: Signature::HmacSha1,
        credentials: Credentials {
            access_key_id: "testid".to_owned(),
            secret: Secret::new("testsecret".to_owned()),
            security_token: None,
            origin: "the test".to_owned(),
        },
        timeouts: Timeouts::default(),
    }
}

fn remote(settings: HttpSettings) -> HttpRemote<Noon> {
    let nonces = Arc::new(SeededNonces::new(1));
    HttpRemote::new(settings, Arc::new(OnePassword), nonces, Noon).unwrap()
}

async fn send(endpoint: &str, call: &Call) -> Result<Reply, ApiFault> {
    remote(settings(endpoint)).send(call).await
}

const DONE: &str = r#"{"Success":true,"RequestId":"R-1","Data":{"Status":"success"}}"#;

fn get_project() -> Call {
    Call::GetProject { project: PROJECT }
}

#[tokio::test]
async fn a_call_goes_out_once_and_its_answer_comes_back() {
    let server = Server::playing([Behaviour::ok(DONE)]);
    assert_eq!(send(&server.url(), &deploy()).await, Ok(Reply::Done));
    let [request] = server.recorded().try_into().unwrap();
    assert!(
        request
            .line
            .starts_with("POST /?AccessKeyId=testid&Action=DeployDISyncTask&FileId=100&")
    );
    assert!(request.line.contains("&Signature="));
    let user_agent = request
        .headers
        .iter()
        .find(|(name, _)| name == "user-agent");
    assert_eq!(
        user_agent.unwrap().1,
        concat!("syncform/", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    // The second connection would be closed at once.
    let server = Server::playing([Behaviour::ok(DONE), Behaviour::CloseAtOnce]);
    let remote = remote(settings(&server.url()));
    for _ in 0..3 {
        assert_eq!(remote.send(&deploy()).await, Ok(Reply::Done));
    }
}

#[tokio::test]
async fn secrets_travel_in_the_body() {
    let server = Server::playing([Behaviour::ok(r#"{"Success":true,"Data":7}"#)]);
    let call = Call::CreateDatasource {
        spec: Box::new(datasource()),
    };
    send(&server.url(), &call).await.unwrap();
    let [request] = server.recorded().try_into().unwrap();
    assert!(!request.line.contains("rdrd") && !request.line.contains("Content="));
    let body: Vec<(String, String)> = form_urlencoded::parse(request.body.as_bytes())
        .into_owned()
        .collect();
    let (_, content) = body.iter().find(|(name, _)| name == "Content").unwrap();
    let content: serde_json::Value = serde_json::from_str(content).unwrap();
    assert_eq!(content["password"], super::PASSWORD);
}

#[tokio::test]
async fn header_signatures_leave_the_query_to_the_call() {
    let server = Server::playing([Behaviour::ok(DONE)]);
    let settings = HttpSettings {
        signature: Signature::Acs3HmacSha256,
        ..settings(&server.url())
    };
    remote(settings).send(&deploy()).await.unwrap();
    let [request] = server.recorded().try_into().unwrap();
    assert_eq!(
        request.line,
        "POST /?FileId=100&ProjectId=10000&TaskType=DI_REALTIME HTTP/1.1"
    );
    let header = |name: &str| {
        let found = request.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    assert_eq!(header("host"), server.address.to_string());
    assert_eq!(header("x-acs-action"), "DeployDISyncTask");
    assert!(header("authorization").contains("SignedHeaders=accept;host;x-acs-action;"));
}

/// Each way to fail, what it means for the call, and a word of its message.
#[tokio::test]
async fn failures_after_sending_leave_the_call_in_doubt_and_are_not_repeated() {
    for (behaviour, code, word) in [
        (Behaviour::CloseAfterRequest, "connection", "broke"),
        (
            Behaviour::Torn(DONE[..20].to_owned()),
            "connection",
            "broke",
        ),
        (Behaviour::Silence, "timeout", "no answer"),
    ] {
        let server = Server::playing([behaviour.clone()]);
        let mut settings = settings(&server.url());
        settings.timeouts.total = Duration::from_millis(match behaviour {
            Behaviour::Silence => 50,
            _ => 30_000,
        });
        let fault = remote(settings).send(&deploy()).await.unwrap_err();
        assert_eq!(
            (fault.class, fault.code.as_str()),
            (FaultClass::Unknown, code),
            "{fault}"
        );
        assert!(fault.message.contains(word), "{fault}");
        assert_eq!(server.recorded().len(), 1, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_connection_that_closes_before_the_request_does_not_hide_it() {
    let server = Server::playing([Behaviour::CloseAtOnce]);
    let fault = send(&server.url(), &deploy()).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Unknown, "{fault}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read() {
    let server = Server::playing([Behaviour::Answer {
        status: 200,
        headers: "",
        body: " ".repeat((64 << 20) + 1),
    }]);
    let fault = send(&server.url(), &deploy()).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Unknown);
    assert!(fault.message.contains("longer than 64 MiB"), "{fault}");
}

#[tokio::test]
async fn statuses_and_redirects_are_answers_and_not_followed() {
    for (status, headers, class) in [
        (500, "", FaultClass::Unavailable),
        (503, "Retry-After: 3\r\n", FaultClass::Unavailable),
        (429, "x-acs-retry-after: 1500\r\n", FaultClass::Throttled),
        (302, "Location: /elsewhere\r\n", FaultClass::Invalid),
    ] {
        let server = Server::playing([Behaviour::Answer {
            status,
            headers,
            body: String::new(),
        }]);
        let fault = send(&server.url(), &get_project()).await.unwrap_err();
        assert_eq!(fault.class, class, "{fault}");
        let delay = match status {
            503 => Some(Duration::from_secs(3)),
            429 => Some(Duration::from_millis(1500)),
            _ => None,
        };
        assert_eq!(fault.retry_after, delay);
        assert_eq!(server.recorded().len(), 1);
    }
}

#[tokio::test]
async fn a_skewed_clock_and_a_wrong_key_say_what_to_do() {
    let refused = |code: &str| {
        Server::playing([Behaviour::Answer {
            status: 400,
            headers: "Date: Tue, 02 Jan 2024 04:04:05 GMT\r\n",
            body: format!(
                r#"{{"Code":"{code}","Message":"no: {PASSWORD}testsecret"}}"#,
                PASSWORD = ""
            ),
        }])
    };
    let server = refused("InvalidTimeStamp.Expired");
    let fault = send(&server.url(), &get_project()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("1 h behind"));
    assert_eq!(fault.message, "no: ***");
    let server = refused("InvalidAccessKeyId.NotFound");
    let fault = send(&server.url(), &get_project()).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Denied);
    assert!(
        fault
            .hint
            .unwrap()
            .ends_with("(the key in use is from the test)")
    );
}

#[tokio::test]
async fn nobody_listening_means_nothing_sent() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fault = send(&format!("http://{address}"), &deploy())
        .await
        .unwrap_err();
    assert_eq!(fault.class, FaultClass::NotSent);
    assert_eq!(
        fault.message,
        format!("no connection to http://{address}: the connection is refused")
    );
    assert!(fault.hint.unwrap().contains("`syncform emulator`"));
}

#[tokio::test]
async fn a_host_that_does_not_exist_points_at_the_region() {
    // A label of 64 letters is refused before any network is asked.
    let host = format!("{}.invalid", "a".repeat(64));
    let fault = send(&format!("http://{host}"), &deploy())
        .await
        .unwrap_err();
    assert_eq!(fault.class, FaultClass::NotSent);
    assert!(fault.message.contains("cannot be resolved"), "{fault}");
    assert!(fault.hint.unwrap().contains("`region`"));
}

#[tokio::test]
async fn a_server_without_tls_is_not_trusted() {
    let server = Server::playing([Behaviour::ok(DONE)]);
    let url = server.url().replace("http:", "https:");
    let nonces = Arc::new(SeededNonces::new(1));
    // A machine without CA certificates refuses earlier.
    if let Ok(remote) = HttpRemote::new(settings(&url), Arc::new(OnePassword), nonces, Noon) {
        let fault = remote.send(&deploy()).await.unwrap_err();
        assert_eq!(fault.class, FaultClass::NotSent);
        assert!(fault.message.contains("no trusted connection"), "{fault}");
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_sends_nothing() {
    let server = Server::playing([Behaviour::ok(DONE)]);
    let mut spec = datasource();
    let reference = syncform::secret::SecretRef::Env("OTHER".to_owned());
    spec.secrets.insert("password".to_owned(), reference);
    let call = Call::CreateDatasource {
        spec: Box::new(spec),
    };
    let fault = send(&server.url(), &call).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.code.as_str()),
        (FaultClass::NotSent, "secret")
    );
    assert!(server.recorded().is_empty());
}

#[test]
fn an_endpoint_is_scheme_host_and_port() {
    for endpoint in [
        "",
        "dataworks.cn-shanghai.aliyuncs.com",
        "ftp://host",
        "https://",
        "https://host/path",
        "https://user:password@host",
        "https://host?x",
        "https://dataworks-public.evil/.aliyuncs.com",
    ] {
        let nonces = Arc::new(SeededNonces::new(1));
        let made = HttpRemote::new(settings(endpoint), Arc::new(OnePassword), nonces, Noon);
        assert!(made.is_err(), "{endpoint}");
    }
}

/// The environment of a process is its own, so the test runs itself again with a proxy in it.
#[tokio::test]
async fn only_this_machine_is_reached_past_a_proxy() {
    const TARGET: &str = "SYNCFORM_TEST_TARGET";
    if let Ok(target) = std::env::var(TARGET) {
        assert_eq!(send(&target, &deploy()).await, Ok(Reply::Done));
        return;
    }
    let (server, proxy) = (
        Server::playing([Behaviour::ok(DONE)]),
        Server::playing([Behaviour::ok(DONE)]),
    );
    for (target, past_the_proxy) in [
        (server.url(), true),
        ("http://elsewhere.invalid".into(), false),
    ] {
        let status = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "wire::http::only_this_machine_is_reached_past_a_proxy",
            ])
            .env("HTTP_PROXY", proxy.url())
            .env("http_proxy", proxy.url())
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env(TARGET, &target)
            .output()
            .unwrap();
        assert!(status.status.success(), "{target}: {status:?}");
        assert_eq!(server.recorded().len(), 1);
        assert_eq!(proxy.recorded().is_empty(), past_the_proxy);
    }
}
