//! Scripted misbehaviour: each fault does what it says and nothing else.

use serde_json::{Value, json};

use super::client::Api;

const LIST: [(&str, &str); 1] = [("ProjectId", "10000")];

#[tokio::test]
async fn an_error_code_comes_with_its_status_and_delay() {
    let api = Api::start(&[]).await;
    let fault = json!({ "kind": "error", "code": "Throttling.User", "retry_after_ms": 250 });
    api.arm("ListDataSources", fault).await;
    let answer = api.client.call("ListDataSources", &LIST).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "Throttling.User")
    );
    assert_eq!(answer.headers["x-acs-retry-after"], "250");
    assert_eq!(
        answer.headers["x-acs-request-id"],
        *answer.json()["RequestId"].as_str().unwrap()
    );
    api.ok("ListDataSources", &LIST).await;
    let calls = api.admin("GET", "calls", Value::Null).await;
    assert_eq!(
        calls["operations"]["ListDataSources"],
        json!({ "Throttling.User": 1, "ok": 1 })
    );
}
