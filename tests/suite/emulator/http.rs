//! The wire: recorded requests of four clients, both signatures, formats, sizes, and what is no request at all.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use syncform::api::sign;
use syncform::emulator::{AccessKey, Clock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::{Answer, Api, Client, nonce, now, options, read};

/// A recorded request, the time at which it was sent, and what it is about.
struct Dump {
    bytes: &'static [u8],
    time: &'static str,
    action: &'static str,
}

const DUMPS: [Dump; 4] = [
    Dump {
        bytes: include_bytes!("../../fixtures/wire/a1_tea_v3.http"),
        time: "2024-01-02T03:04:05Z",
        action: "CreateDISyncTask",
    },
    Dump {
        bytes: include_bytes!("../../fixtures/wire/a2_python_core.http"),
        time: "2024-01-02T03:04:05Z",
        action: "CreateDISyncTask",
    },
    Dump {
        bytes: include_bytes!("../../fixtures/wire/a3_pop_core.http"),
        time: "2026-11-21T21:22:07Z",
        action: "CreateDISyncTask",
    },
    Dump {
        bytes: include_bytes!("../../fixtures/wire/a4_rust_rpc.http"),
        time: "2026-11-21T21:27:44Z",
        action: "GetDISyncTask",
    },
];

/// Sends bytes as they are and reads one answer, or whatever comes before the connection ends.
async fn send(api: &Api, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(api.running.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    receive(stream).await
}

/// As [`send`], and the caller has nothing more to say.
async fn send_and_close(api: &Api, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(api.running.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    receive(stream).await
}

async fn receive(mut stream: TcpStream) -> (u16, String) {
    let mut received = Vec::new();
    let limit = Duration::from_secs(10);
    loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return (status, body.to_owned());
            }
        }
        let mut buffer = [0; 4096];
        match tokio::time::timeout(limit, stream.read(&mut buffer))
            .await
            .unwrap()
        {
            Ok(0) | Err(_) => return (0, text),
            Ok(read) => received.extend_from_slice(&buffer[..read]),
        }
    }
}

async fn at(time: &str) -> Api {
    let clock = Clock::Fixed(time.parse::<Timestamp>().unwrap());
    Api::with(syncform::emulator::Options {
        clock,
        ..options(&[])
    })
    .await
}

#[tokio::test]
async fn every_recorded_request_is_accepted_byte_for_byte_and_once() {
    for dump in DUMPS {
        let api = at(dump.time).await;
        let (status, body) = send(&api, dump.bytes).await;
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        // Their signature is right; what they ask for is not there.
        assert_eq!(body["Data"]["Status"], "fail", "{body}");
        let (status, body) = send(&api, dump.bytes).await;
        assert_eq!(status, 400);
        assert!(body.contains("SignatureNonceUsed"), "{body}");
        let calls = api.running.calls().await;
        assert_eq!(calls.operations[dump.action]["SignatureNonceUsed"], 1);
    }
}

/// Where the signed bytes of a request are: its target but for the signature, its signed headers, its body.
fn signed_bytes(bytes: &[u8]) -> Vec<usize> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let header_signs = head.contains("ACS3-HMAC-SHA256");
    let mut places = Vec::new();
    let mut offset = 0;
    for (index, line) in head.split("\r\n").enumerate() {
        let signed = match index {
            0 => line
                .find("?")
                .map(|start| start + 1..line.rfind(' ').unwrap()),
            _ if header_signs => [
                "host: ",
                "x-acs-",
                "user-agent: ",
                "accept: ",
                "content-type: ",
            ]
            .iter()
            .any(|name| line.starts_with(name))
            .then(|| line.find(": ").unwrap() + 2..line.len()),
            _ => None,
        };
        places.extend(signed.into_iter().flatten().map(|at| at + offset));
        offset += line.len() + 2;
    }
    places.extend((0..body.len()).map(|at| at + head.len() + 4));
    let signature = text.find("Signature=").filter(|_| !header_signs);
    let end = signature.and_then(|start| text[start..].find(['&', ' ']).map(|end| start + end));
    let signature = signature.map(|start| start..end.unwrap_or(text.len()));
    places.retain(|at| signature.as_ref().is_none_or(|range| !range.contains(at)));
    places
}

#[tokio::test]
async fn one_flipped_byte_is_refused() {
    for dump in DUMPS {
        let api = at(dump.time).await;
        for place in signed_bytes(dump.bytes) {
            let mut bytes = dump.bytes.to_vec();
            // Letters and digits stay what they are, so that the request is still one.
            bytes[place] = match bytes[place] {
                b'z' | b'Z' | b'9' => bytes[place] - 1,
                byte if byte.is_ascii_alphanumeric() => byte + 1,
                _ => continue,
            };
            let (status, body) = send(&api, &bytes).await;
            let shown = String::from_utf8_lossy(&bytes[place.saturating_sub(20)..=place]);
            assert!((400..500).contains(&status), "…{shown}: {status} {body}");
        }
    }
}

/// A call signed with the header scheme: parameters in the query, one in the form body.
async fn acs3(client: &Client, query: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
    acs3_without(&[], client, query, form).await
}

/// As [`acs3`], with some of the headers not signed.
async fn acs3_without(
    unsigned: &[&str],
    client: &Client,
    query: &[(&str, &str)],
    form: &[(&str, &str)],
) -> Answer {
    let encode = |pairs: &[(&str, &str)]| {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    let body = encode(form);
    let (date, nonce, hash) = (now(), nonce(), sign::sha256_hex(body.as_bytes()));
    let host = client.url.strip_prefix("http://").unwrap();
    let mut headers = vec![
        ("host", host),
        ("x-acs-action", "ListDataSources"),
        ("x-acs-version", "2020-05-18"),
        ("x-acs-date", &date),
        ("x-acs-signature-nonce", &nonce),
        ("x-acs-content-sha256", &hash),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    if let Some(token) = &client.key.token {
        headers.push(("x-acs-security-token", token));
    }
    let mut signed = headers.clone();
    signed.retain(|(name, _)| !unsigned.contains(name));
    let request = sign::Acs3Request {
        method: "POST",
        path: "/",
        query,
        headers: &signed,
        content_sha256: &hash,
    };
    let signature = sign::sign_acs3(&client.key.secret, &request.string_to_sign());
    let header = sign::authorization_header(&client.key.id, &request.signed_headers(), &signature);
    let mut sent = client
        .http
        .post(format!("{}/?{}", client.url, encode(query)));
    for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
        sent = sent.header(*name, *value);
    }
    read(
        sent.header("authorization", header)
            .body(body)
            .send()
            .await
            .unwrap(),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn the_header_scheme_takes_parameters_from_query_and_body_and_answers_in_json() {
    let api = Api::start(&[]).await;
    let answer = acs3(&api.client, &[("ProjectId", "10000")], &[("Name", "holo")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["Data"]["TotalCount"], 1);
    assert_eq!(
        answer.headers["content-type"],
        "application/json;charset=utf-8"
    );
    let mut stranger = api.client.clone();
    stranger.key.secret = "wrong".into();
    let answer = acs3(&stranger, &[("ProjectId", "10000")], &[]).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "SignatureDoesNotMatch")
    );
}

#[tokio::test]
async fn the_type_of_a_body_needs_no_signature_where_there_is_no_body() {
    let api = Api::start(&[]).await;
    let (project, name) = (&[("ProjectId", "10000")], &[("Name", "holo")]);
    let refusal = async |header, form: &[(&str, &str)]| {
        acs3_without(&[header], &api.client, project, form)
            .await
            .code()
    };
    assert_eq!(refusal("content-type", &[]).await, "");
    assert_eq!(refusal("content-type", name).await, "IncompleteSignature");
    for header in ["host", "x-acs-date", "x-acs-action", "x-acs-content-sha256"] {
        assert_eq!(refusal(header, &[]).await, "IncompleteSignature");
    }
}

#[tokio::test]
async fn temporary_keys_come_with_their_token() {
    let key: AccessKey = "sts:secret:CAIS/tok+en==".parse().unwrap();
    let access_keys = vec![key.clone()];
    let api = Api::with(syncform::emulator::Options {
        access_keys,
        ..options(&[])
    })
    .await;
    api.ok("ListDataSources", &[("ProjectId", "10000")]).await;
    assert_eq!(
        acs3(&api.client, &[("ProjectId", "10000")], &[])
            .await
            .status,
        200
    );
    let list = [("ProjectId", "10000"), ("SecurityToken", "other")];
    assert_eq!(
        api.refusal("ListDataSources", &list).await,
        "400 InvalidSecurityToken.Malformed"
    );
    let bare = Client {
        key: AccessKey { token: None, ..key },
        ..api.client.clone()
    };
    assert_eq!(
        bare.refusal("ListDataSources", &[("ProjectId", "10000")])
            .await,
        "400 MissingSecurityToken"
    );
}

#[tokio::test]
async fn each_way_of_not_being_who_one_says_has_its_code() {
    let inactive: AccessKey = "off:secret".parse().unwrap();
    let access_keys = vec![
        AccessKey::default(),
        AccessKey {
            active: false,
            ..inactive.clone()
        },
    ];
    let api = Api::with(syncform::emulator::Options {
        access_keys,
        ..options(&[])
    })
    .await;
    let with = |name: &'static str, value: &'static str| [("ProjectId", "10000"), (name, value)];
    for (params, expected) in [
        (
            with("AccessKeyId", "nobody"),
            "404 InvalidAccessKeyId.NotFound",
        ),
        (
            with("AccessKeyId", "off"),
            "400 InvalidAccessKeyId.Inactive",
        ),
        (with("AccessKeyId", ""), "400 MissingAccessKeyId"),
        (
            with("Timestamp", "2024-01-02T03:04:05Z"),
            "400 InvalidTimeStamp.Expired",
        ),
        (
            with("Timestamp", "yesterday"),
            "400 InvalidTimeStamp.Format",
        ),
        (
            with("SignatureMethod", "HMAC-MD5"),
            "400 InvalidSignatureMethod",
        ),
        (with("SignatureVersion", "2.0"), "400 IncompleteSignature"),
        (with("SignatureNonce", ""), "400 MissingSignatureNonce"),
        (with("Signature", "AAAA"), "400 SignatureDoesNotMatch"),
        (with("Version", ""), "400 MissingVersion"),
        (with("Version", "2019-01-01"), "404 InvalidAction.NotFound"),
        (
            with("Action", "ListDataSauces"),
            "404 InvalidAction.NotFound",
        ),
        (with("Action", "ListTables"), "400 NotEmulated"),
        (with("Version", "2024-05-18"), "400 NotEmulated"),
    ] {
        assert_eq!(
            api.refusal("ListDataSources", &params).await,
            expected,
            "{params:?}"
        );
    }
    let wrong = api
        .client
        .call("ListDataSources", &with("Signature", "AAAA"))
        .await
        .json();
    let message = wrong["Message"].as_str().unwrap();
    let text = message.split(':').nth(1).unwrap();
    assert!(
        text.starts_with("POST&%2F&AccessKeyId%3Dtestid%26Action%3DListDataSources"),
        "{text}"
    );
    assert_eq!(
        api.refusal("ListDataSources", &with("ProjectId", "1"))
            .await,
        "400 InvalidParameter.Format"
    );
}

#[tokio::test]
async fn parameters_may_be_anywhere_and_any_of_three_methods_will_do() {
    let api = Api::start(&[]).await;
    let (http, url) = (&api.client.http, &api.client.url);
    for method in ["GET", "POST", "PUT"] {
        let query = api
            .client
            .form(method, "ListDataSources", &[("ProjectId", "10000")]);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer = read(
            http.request(method, format!("{url}/?{query}"))
                .send()
                .await
                .unwrap(),
        );
        assert_eq!(answer.await.unwrap().status, 200);
    }
    let query = api
        .client
        .form("DELETE", "ListDataSources", &[("ProjectId", "10000")]);
    let answer = read(http.delete(format!("{url}/?{query}")).send().await.unwrap())
        .await
        .unwrap();
    assert_eq!(answer.code(), "UnsupportedHTTPMethod");
    // A space may be a plus, and the action may be in the headers.
    let params = [
        ("ProjectId", "10000"),
        ("Name", "a b"),
        ("Action", ""),
        ("Version", ""),
    ];
    let form = api.client.form("POST", "ListDataSources", &params);
    assert!(form.contains("Name=a+b"));
    let request = http
        .post(url)
        .header("x-acs-action", "ListDataSources")
        .header("x-acs-version", "2020-05-18")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = read(request.body(form).send().await.unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn xml_is_for_those_who_ask_or_say_nothing() {
    let api = Api::start(&[]).await;
    for format in ["xml", "XML", ""] {
        let params = [("ProjectId", "10000"), ("Name", "rds"), ("Format", format)];
        let answer = api.client.call("ListDataSources", &params).await;
        assert_eq!(answer.headers["content-type"], "text/xml;charset=utf-8");
        let start =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListDataSourcesResponse><Success>true";
        assert!(answer.text.starts_with(start), "{}", answer.text);
        let params = [("Format", format)];
        let answer = api.client.call("ListDataSources", &params).await;
        assert!(
            answer.text.contains("<Error><RequestId>"),
            "{}",
            answer.text
        );
        assert!(
            answer.text.contains("<Code>MissingProjectId</Code>"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn what_is_too_large_is_told_so() {
    let api = Api::start(&[("max_body_bytes", "100000")]).await;
    let long = "x".repeat(20_000);
    let query = api.client.form(
        "GET",
        "ListDataSources",
        &[("ProjectId", "10000"), ("Name", &long)],
    );
    let answer = api
        .client
        .http
        .get(format!("{}/?{query}", api.client.url))
        .send()
        .await
        .unwrap();
    assert_eq!(read(answer).await.unwrap().code(), "RequestURITooLong");
    let params = [("ProjectId", "10000"), ("Name", long.as_str())];
    assert_eq!(
        api.client.call("ListDataSources", &params).await.status,
        200
    );
    let longer = "x".repeat(200_000);
    let params = [("ProjectId", "10000"), ("Name", longer.as_str())];
    assert_eq!(
        api.refusal("ListDataSources", &params).await,
        "413 RequestEntityTooLarge"
    );
    // A client that writes to the end before it reads hears of it too.
    for target in ["/", &format!("/?Name={long}")] {
        let head = format!("POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: 20000000\r\n\r\n");
        let mut bytes = head.into_bytes();
        bytes.resize(bytes.len() + 20_000_000, b'x');
        let (status, _) = send(&api, &bytes).await;
        assert_eq!(status, if target == "/" { 413 } else { 414 });
    }
}

#[tokio::test]
async fn no_garbage_is_left_without_an_end() {
    let api = Api::start(&[]).await;
    for bytes in [
        &b"\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /?Action=%FF%FE&\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let (status, body) = send_and_close(&api, bytes).await;
        assert!(
            status == 0 || (400..500).contains(&status),
            "{status} {body}"
        );
    }
    let deep = "[".repeat(100_000);
    let params = [
        ("ProjectId", "10000"),
        ("TaskType", "DI_REALTIME"),
        ("TaskParam", deep.as_str()),
    ];
    let answer = api
        .refusal("GenerateDISyncTaskConfigForCreating", &params)
        .await;
    assert_eq!(answer, "400 Invalid.DI.Parameter");
    assert_eq!(
        api.admin("GET", "nothing", Value::Null).await,
        json!({ "error": "there is no /_emulator/nothing" })
    );
}
