//! The recorded signatures, through the very code that builds requests.

use syncform::api::wire::{Method, VERSION, WireRequest, encode};
use syncform::desired::Signature;
use syncform::remote::credentials::Credentials;
use syncform::remote::{SignedRequest, Signing, sign_request};
use syncform::secret::Secret;

use super::{OnePassword, get_task};

const NONCE: &str = "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf";

fn credentials(token: Option<&str>) -> Credentials {
    Credentials {
        access_key_id: "testid".to_owned(),
        secret: Secret::new("testsecret".to_owned()),
        security_token: token.map(|token| Secret::new(token.to_owned())),
        origin: "a test".to_owned(),
    }
}

fn signed(request: &WireRequest, signature: Signature, token: Option<&str>) -> SignedRequest {
    sign_request(
        request,
        &Signing {
            signature,
            credentials: &credentials(token),
            region: Some("cn-shanghai"),
            host: "dataworks.cn-shanghai.aliyuncs.com",
            nonce: NONCE,
            timestamp: "2024-01-02T03:04:05Z".parse().unwrap(),
        },
    )
}

fn get() -> WireRequest {
    encode(&get_task(), &OnePassword).unwrap()
}

/// The recorded call had no resource group, which ours always have.
fn create() -> WireRequest {
    WireRequest {
        action: "CreateDISyncTask",
        version: VERSION,
        method: Method::Post,
        query: vec![
            ("ProjectId", "10000".to_owned()),
            ("TaskType", "DI_REALTIME".to_owned()),
            ("TaskName", "my task~*中".to_owned()),
            (
                "TaskParam",
                r#"{"FileFolderPath":"业务流程/x/数据集成"}"#.to_owned(),
            ),
            ("ClientToken", "0000-ABCD".to_owned()),
        ],
        body: vec![("TaskContent", r#"{"a":1}"#.to_owned())],
        secrets: Vec::new(),
    }
}

/// The query is the recorded canonical one with the signature among it.
fn check_query(signed: &SignedRequest, canonical: &str, signature: &str) {
    let mut parts: Vec<&str> = canonical.split('&').collect();
    parts.push(signature);
    parts.sort_unstable_by_key(|part| part.split('=').next());
    assert_eq!(signed.query, parts.join("&"));
}

fn first_line(recorded: &'static str) -> &'static str {
    recorded.lines().next().unwrap()
}

#[test]
fn vector_a() {
    let request = signed(&get(), Signature::HmacSha1, None);
    let canonical = first_line(include_str!("../../fixtures/wire/vector_a.txt"));
    check_query(
        &request,
        canonical,
        "Signature=LJOE9oilTYVLmhKYB6Jd8Wtf43k%3D",
    );
    assert_eq!(request.body, None);
    assert_eq!(request.headers, []);
}

#[test]
fn vector_b() {
    let request = signed(&create(), Signature::HmacSha1, None);
    let canonical: Vec<&str> = first_line(include_str!("../../fixtures/wire/vector_b.txt"))
        .split('&')
        .filter(|part| !part.starts_with("TaskContent="))
        .collect();
    check_query(
        &request,
        &canonical.join("&"),
        "Signature=r5Ts7XbqPnIwcXQug5RzjwPirRE%3D",
    );
    assert_eq!(
        request.body.as_deref(),
        Some("TaskContent=%7B%22a%22%3A1%7D")
    );
    assert_eq!(
        request.headers,
        [(
            "content-type",
            "application/x-www-form-urlencoded".to_owned()
        )]
    );
}

#[test]
fn vector_c() {
    let request = signed(&get(), Signature::HmacSha1, Some("CAIS/tok+en=="));
    let canonical = first_line(include_str!("../../fixtures/wire/vector_a.txt")).replace(
        "&SignatureMethod=",
        "&SecurityToken=CAIS%2Ftok%2Ben%3D%3D&SignatureMethod=",
    );
    check_query(
        &request,
        &canonical,
        "Signature=y1uBXsL3YujQOxQ6oEqjryv7PPA%3D",
    );
}

/// The recorded headers are fewer than ours, so the signature is worked out again from what was sent.
#[test]
fn header_signatures_cover_what_is_sent() {
    for (request, token) in [(get(), None), (create(), Some("CAIS/tok+en=="))] {
        let signed = signed(&request, Signature::Acs3HmacSha256, token);
        let header = |name: &str| {
            let found = signed.headers.iter().find(|(found, _)| *found == name);
            found.map(|(_, value)| value.as_str())
        };
        let body = signed.body.as_deref().unwrap_or_default();
        assert_eq!(
            header("x-acs-content-sha256"),
            Some(syncform::api::sign::sha256_hex(body.as_bytes()).as_str())
        );
        assert_eq!(header("x-acs-security-token"), token);
        let authorization =
            syncform::api::sign::Authorization::parse(header("authorization").unwrap()).unwrap();
        let mut headers: Vec<(&str, &str)> = signed
            .headers
            .iter()
            .filter(|(name, _)| *name != "authorization")
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        headers.push(("host", "dataworks.cn-shanghai.aliyuncs.com"));
        let query: Vec<(String, String)> = form_urlencoded::parse(signed.query.as_bytes())
            .into_owned()
            .collect();
        let query: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let parts = syncform::api::sign::Acs3Request {
            method: "POST",
            path: "/",
            query: &query,
            headers: &headers,
            content_sha256: header("x-acs-content-sha256").unwrap(),
        };
        assert_eq!(authorization.credential, "testid");
        assert_eq!(authorization.signed_headers, parts.signed_headers());
        assert_eq!(
            authorization.signature,
            syncform::api::sign::sign_acs3("testsecret", &parts.string_to_sign())
        );
    }
}

#[test]
fn no_debug_text_shows_what_is_signed() {
    let request = signed(&get(), Signature::HmacSha1, Some("CAIS/tok+en=="));
    assert_eq!(format!("{request:?}"), "SignedRequest { method: Post, .. }");
}
