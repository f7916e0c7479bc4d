//! Failures on the way: which of them leave no doubt that nothing was sent, and what to tell people.

use std::error::Error;
use std::io;

use reqwest::Url;

use super::Timeouts;
use crate::api::{ApiFault, Call, FaultClass};
use crate::secret::UnavailableSecret;

/// Whether a URL names this machine. Proxies are for other machines, so one of the environment is not asked for this one.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        None => false,
        Some(host) => {
            let address = host.trim_start_matches('[').trim_end_matches(']');
            host.eq_ignore_ascii_case("localhost")
                || address
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|ip| ip.is_loopback())
        }
    }
}

/// The fault of a request that was not answered, or not to the end.
pub(super) fn fault(
    call: &Call,
    endpoint: &Url,
    timeouts: Timeouts,
    error: &reqwest::Error,
) -> ApiFault {
    // The URL of the request holds its signature and is never shown; the endpoint is, without the closing slash.
    let at = endpoint.as_str().trim_end_matches('/');
    if error.is_builder() {
        return not_sent(
            call,
            "request",
            format!("the request to {at} cannot be built"),
            None,
        );
    }
    if error.is_connect() {
        let (message, hint) = no_connection(endpoint, at, timeouts, error);
        return not_sent(call, "connection", message, Some(hint));
    }
    if error.is_timeout() {
        let seconds = timeouts.total.as_secs_f64();
        return in_doubt(
            call,
            "timeout",
            format!("no answer from {at} within {seconds} s"),
        );
    }
    in_doubt(
        call,
        "connection",
        format!("the connection to {at} broke before the answer was complete"),
    )
}

/// What to say when no connection came about.
fn no_connection(
    endpoint: &Url,
    at: &str,
    timeouts: Timeouts,
    error: &reqwest::Error,
) -> (String, String) {
    let host = endpoint.host_str().unwrap_or_default();
    if error.is_dns() {
        return (
            format!("the host name {host} cannot be resolved"),
            "check `region` (or `endpoint`) under [provider] and this machine's network".to_owned(),
        );
    }
    if error.is_timeout() {
        let seconds = timeouts.connect.as_secs_f64();
        return (
            format!("no connection to {at} within {seconds} s"),
            "check this machine's network, and HTTPS_PROXY and NO_PROXY if a proxy is in the way"
                .to_owned(),
        );
    }
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return (
            format!("no trusted connection to {at}: {tls}"),
            "the host's certificate must be signed by a CA of this machine's store (SSL_CERT_FILE adds one, such as \
             that of a proxy)"
                .to_owned(),
        );
    }
    let why = match system_error(error) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection is refused".to_owned(),
        Some(kind) => kind.to_string(),
        None => causes(error)
            .last()
            .map_or_else(String::new, ToString::to_string),
    };
    let hint = if is_loopback(endpoint) {
        "is it running? `syncform emulator` serves the API on this machine"
    } else {
        "check `endpoint` under [provider], this machine's network, and HTTPS_PROXY if a proxy is in the way"
    };
    (format!("no connection to {at}: {why}"), hint.to_owned())
}

/// The fault of a call whose secret cannot be read.
pub(super) fn no_secret(call: &Call, error: &UnavailableSecret) -> ApiFault {
    not_sent(call, "secret", error.to_string(), None)
}

/// The fault of an answer that is longer than any answer is.
pub(super) fn too_long(call: &Call, most: usize) -> ApiFault {
    in_doubt(
        call,
        "unreadable answer",
        format!("the answer is longer than {} MiB", most >> 20),
    )
}

fn not_sent(call: &Call, code: &str, message: String, hint: Option<String>) -> ApiFault {
    ApiFault {
        hint,
        ..unanswered(call, FaultClass::NotSent, code, message)
    }
}

fn in_doubt(call: &Call, code: &str, message: String) -> ApiFault {
    unanswered(call, FaultClass::Unknown, code, message)
}

fn unanswered(call: &Call, class: FaultClass, code: &str, message: String) -> ApiFault {
    ApiFault {
        class,
        operation: call.operation().name.to_owned(),
        code: code.to_owned(),
        message,
        request_id: None,
        retry_after: None,
        hint: None,
    }
}

/// The causes, outermost first. An I/O error may carry its cause as its content, TLS's for one, and `source` passes over
/// that.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let content = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match content {
            Some(content) => Some(content),
            None => cause.source(),
        }
    })
}

/// What the operating system says, where it says something.
fn system_error(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind)
        .find(|kind| *kind != io::ErrorKind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_only() {
        for (url, loopback) in [
            ("http://127.0.0.1:8086", true),
            ("http://127.9.9.9", true),
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.com", false),
            ("https://dataworks.cn-shanghai.aliyuncs.com", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), loopback, "{url}");
        }
    }
}
