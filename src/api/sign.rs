//! The two request signatures of the API, as pure functions from the parts of a request to text.
//!
//! HMAC-SHA1 (version 1.0) signs the merged parameters of query and form body; ACS3-HMAC-SHA256 signs the
//! query, a chosen list of headers and the hash of the body. The client uses these functions to sign and the
//! emulator to verify, and both are held to the vectors in `tests/fixtures/wire`, so that they cannot agree
//! on a mistake. Nothing here reads a clock, draws a nonce or knows where a request goes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The name of the header scheme, which opens its `Authorization` header and its string to sign.
pub const ACS3_ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Everything is escaped but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Percent-encodes `text` as the signatures want it: space is `%20`, `*` is `%2A`, `~` stays.
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The parameters in order of their raw names, encoded and joined. A name that occurs twice is kept twice,
/// its values in order, because both are on the wire.
pub fn canonical_query<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut params: Vec<(&str, &str)> = params.into_iter().collect();
    params.sort_unstable();
    let mut canonical = String::new();
    for (name, value) in params {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        canonical.extend(utf8_percent_encode(name, ESCAPED));
        canonical.push('=');
        canonical.extend(utf8_percent_encode(value, ESCAPED));
    }
    canonical
}

/// HMAC-SHA1: the text to sign for a request with these parameters, `Signature` itself left out.
pub fn string_to_sign<'a>(
    method: &str,
    params: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    format!("{method}&%2F&{}", percent_encode(&canonical_query(params)))
}

/// HMAC-SHA1: the value of the `Signature` parameter.
pub fn sign_hmac_sha1(secret: &str, string_to_sign: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    BASE64.encode(mac.finalize().into_bytes())
}

/// ACS3: the parts of a request that are signed.
#[derive(Debug, Clone, Copy)]
pub struct Acs3Request<'a> {
    /// The HTTP method, in capitals.
    pub method: &'a str,
    /// The path, `/` for every RPC call.
    pub path: &'a str,
    /// The parameters of the query, decoded; those of a form body are covered by `content_sha256`.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers that are signed, in any order and any case; a name may occur more than once.
    pub headers: &'a [(&'a str, &'a str)],
    /// [`sha256_hex`] of the body.
    pub content_sha256: &'a str,
}

impl Acs3Request<'_> {
    /// The names of the signed headers, as the `Authorization` header lists them.
    pub fn signed_headers(&self) -> String {
        let mut names: Vec<String> = self
            .headers
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        names.sort_unstable();
        names.dedup();
        names.join(";")
    }

    /// The canonical request: one line per part.
    pub fn canonical_request(&self) -> String {
        let mut headers: Vec<(String, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
            .collect();
        headers.sort_unstable();
        let mut lines = String::new();
        let mut previous = None;
        for (name, value) in &headers {
            if previous == Some(name) {
                lines.push(',');
            } else {
                if previous.is_some() {
                    lines.push('\n');
                }
                lines.push_str(name);
                lines.push(':');
            }
            lines.push_str(value);
            previous = Some(name);
        }
        if previous.is_some() {
            lines.push('\n');
        }
        let Self {
            method,
            path,
            content_sha256,
            ..
        } = self;
        let query = canonical_query(self.query.iter().copied());
        let signed = self.signed_headers();
        format!("{method}\n{path}\n{query}\n{lines}\n{signed}\n{content_sha256}")
    }

    /// The text to sign.
    pub fn string_to_sign(&self) -> String {
        format!(
            "{ACS3_ALGORITHM}\n{}",
            sha256_hex(self.canonical_request().as_bytes())
        )
    }
}

/// ACS3: the signature, in hexadecimal.
pub fn sign_acs3(secret: &str, string_to_sign: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// ACS3: the value of the `Authorization` header.
pub fn authorization_header(access_key_id: &str, signed_headers: &str, signature: &str) -> String {
    format!(
        "{ACS3_ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}"
    )
}

/// What an `Authorization` header of the ACS3 scheme says, read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// The access key id.
    pub credential: &'a str,
    /// The names of the signed headers, joined with `;`.
    pub signed_headers: &'a str,
    /// The signature, in hexadecimal.
    pub signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads what [`authorization_header`] wrote; none if a part is absent, unknown or given twice.
    pub fn parse(header: &'a str) -> Option<Self> {
        let parts = header.strip_prefix(ACS3_ALGORITHM)?.strip_prefix(' ')?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in parts.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        Some(Self {
            credential: credential?,
            signed_headers: signed_headers?,
            signature: signature?,
        })
    }
}

/// The SHA-256 of `bytes`, in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf";
    const TASK_PARAM: &str = r#"{"FileFolderPath":"业务流程/x/数据集成"}"#;
    const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const BODY: &[u8] = b"TaskContent=%7B%22a%22%3A1%7D";

    fn common(action: &'static str) -> Vec<(&'static str, &'static str)> {
        vec![
            ("Version", "2020-05-18"),
            ("Action", action),
            ("Format", "JSON"),
            ("RegionId", "cn-shanghai"),
            ("Timestamp", "2024-01-02T03:04:05Z"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureType", ""),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", NONCE),
            ("AccessKeyId", "testid"),
        ]
    }

    fn get_disync_task() -> Vec<(&'static str, &'static str)> {
        let mut params = common("GetDISyncTask");
        params.extend([
            ("ProjectId", "10000"),
            ("TaskType", "DI_REALTIME"),
            ("FileId", "100"),
        ]);
        params
    }

    fn create_disync_task() -> Vec<(&'static str, &'static str)> {
        let mut params = common("CreateDISyncTask");
        params.extend([
            ("ProjectId", "10000"),
            ("TaskType", "DI_REALTIME"),
            ("TaskName", "my task~*中"),
            ("TaskParam", TASK_PARAM),
            ("ClientToken", "0000-ABCD"),
            ("TaskContent", r#"{"a":1}"#),
        ]);
        params
    }

    /// What the vectors give: a canonical query, a string to sign, a signature.
    fn check_hmac_sha1(params: &[(&str, &str)], recorded: &str, signature: &str) {
        let [query, text]: [&str; 2] = recorded
            .lines()
            .collect::<Vec<_>>()
            .try_into()
            .expect("two lines");
        assert_eq!(canonical_query(params.iter().copied()), query);
        assert_eq!(string_to_sign("POST", params.iter().copied()), text);
        assert_eq!(sign_hmac_sha1("testsecret", text), signature);
    }

    #[test]
    fn vector_a_has_no_body() {
        check_hmac_sha1(
            &get_disync_task(),
            include_str!("../../tests/fixtures/wire/vector_a.txt"),
            "LJOE9oilTYVLmhKYB6Jd8Wtf43k=",
        );
    }

    #[test]
    fn vector_b_merges_the_body_and_escapes_twice() {
        check_hmac_sha1(
            &create_disync_task(),
            include_str!("../../tests/fixtures/wire/vector_b.txt"),
            "r5Ts7XbqPnIwcXQug5RzjwPirRE=",
        );
    }

    #[test]
    fn vector_c_carries_a_security_token() {
        let mut params = get_disync_task();
        params.push(("SecurityToken", "CAIS/tok+en=="));
        let text = string_to_sign("POST", params);
        assert_eq!(
            sign_hmac_sha1("testsecret", &text),
            "y1uBXsL3YujQOxQ6oEqjryv7PPA="
        );
    }

    #[test]
    fn the_order_of_parameters_does_not_matter() {
        let mut reversed = create_disync_task();
        reversed.reverse();
        assert_eq!(
            canonical_query(reversed),
            canonical_query(create_disync_task())
        );
    }

    #[test]
    fn a_name_given_twice_stays_twice() {
        assert_eq!(
            canonical_query([("b", "2"), ("a", "x"), ("b", "1")]),
            "a=x&b=1&b=2"
        );
    }

    const READ_QUERY: &[(&str, &str)] = &[
        ("ProjectId", "10000"),
        ("TaskType", "DI_REALTIME"),
        ("FileId", "100"),
    ];
    const CREATE_QUERY: &[(&str, &str)] = &[
        ("ProjectId", "10000"),
        ("TaskType", "DI_REALTIME"),
        ("TaskName", "my task~*中"),
        ("ClientToken", "0000-ABCD"),
    ];

    fn acs3_headers(
        action: &'static str,
        content_sha256: &'static str,
    ) -> Vec<(&'static str, &'static str)> {
        vec![
            ("host", "dataworks.cn-shanghai.aliyuncs.com"),
            ("x-acs-version", "2020-05-18"),
            ("x-acs-action", action),
            ("x-acs-date", "2024-01-02T03:04:05Z"),
            ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
            ("x-acs-content-sha256", content_sha256),
        ]
    }

    #[test]
    fn vector_d_signs_the_least_set_of_headers() {
        let headers = acs3_headers("GetDISyncTask", EMPTY_SHA256);
        let request = Acs3Request {
            method: "POST",
            path: "/",
            query: READ_QUERY,
            headers: &headers,
            content_sha256: EMPTY_SHA256,
        };
        assert_eq!(sha256_hex(b""), EMPTY_SHA256);
        assert_eq!(
            request.canonical_request(),
            include_str!("../../tests/fixtures/wire/vector_d.txt").trim_end()
        );
        assert_eq!(
            request.string_to_sign(),
            "ACS3-HMAC-SHA256\n46aaf4557a46d5de40948dc43fc96402b2763f785ad5fad89c6bd07410847773"
        );
        let signature = sign_acs3("testsecret", &request.string_to_sign());
        let header = authorization_header("testid", &request.signed_headers(), &signature);
        assert_eq!(
            header,
            "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-action;x-acs-content-sha256;\
             x-acs-date;x-acs-signature-nonce;x-acs-version,\
             Signature=cc6c0666bf0e030e6e7b7a9fef8f7bfed258bcf39b003aee171ac31c9f6dd46a"
        );
        let read_back = Authorization::parse(&header).expect("what was written can be read");
        assert_eq!(read_back.credential, "testid");
        assert_eq!(read_back.signed_headers, request.signed_headers());
        assert_eq!(read_back.signature, signature);
    }

    #[test]
    fn vector_e_hashes_the_form_body() {
        let hash = "0f409f40ffd6464c3e422ac7fb728024fd26a851a1447efb7ad577ab0c8dd5f3";
        assert_eq!(sha256_hex(BODY), hash);
        let mut headers = acs3_headers("CreateDISyncTask", hash);
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        let request = Acs3Request {
            method: "POST",
            path: "/",
            query: CREATE_QUERY,
            headers: &headers,
            content_sha256: hash,
        };
        assert_eq!(
            request.canonical_request(),
            include_str!("../../tests/fixtures/wire/vector_e.txt").trim_end()
        );
        assert_eq!(
            sign_acs3("testsecret", &request.string_to_sign()),
            "26dc6708974f0686008dc93903795fdfe6b10a722de9bbb05d96d3809bd84878"
        );
    }

    #[test]
    fn vector_f_signs_every_header_that_the_sdk_sets() {
        let mut headers = acs3_headers("GetDISyncTask", EMPTY_SHA256);
        headers.extend([
            ("Accept", "application/json"),
            ("User-Agent", " emu-test/1.0 "),
            ("x-acs-credentials-provider", "static_ak"),
        ]);
        let request = Acs3Request {
            method: "POST",
            path: "/",
            query: READ_QUERY,
            headers: &headers,
            content_sha256: EMPTY_SHA256,
        };
        assert_eq!(
            sha256_hex(request.canonical_request().as_bytes()),
            "dc0f1e8ddb9107dda0bedbde72a2b0bf3341ca791bcf874c94a4a9b17824cf32"
        );
        assert_eq!(
            sign_acs3("testsecret", &request.string_to_sign()),
            "62f5d5e320a2baacb07dd3db0393930f0325466dba8d0007e7ff85f40eb16b4e"
        );
    }

    #[test]
    fn repeated_headers_are_sorted_and_joined() {
        let request = Acs3Request {
            method: "GET",
            path: "/",
            query: &[],
            headers: &[("x-acs-b", "2"), ("X-Acs-B", " 1 "), ("host", "h")],
            content_sha256: EMPTY_SHA256,
        };
        assert_eq!(
            request.canonical_request(),
            format!("GET\n/\n\nhost:h\nx-acs-b:1,2\n\nhost;x-acs-b\n{EMPTY_SHA256}")
        );
    }

    #[test]
    fn an_authorization_header_is_read_strictly() {
        for header in [
            "",
            "ACS3-HMAC-SHA256",
            "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host",
            "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=x,Signature=y",
            "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=x,Other=y",
            "ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=x",
        ] {
            assert_eq!(Authorization::parse(header), None, "{header}");
        }
    }
}
