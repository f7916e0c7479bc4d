//! The admin paths, for tests: look at the world, count its calls, break it, edit it behind the caller's back.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::host::{Host, HostError};
use super::world::{Drift, Rule};

/// Where the admin paths begin.
pub(crate) const PREFIX: &str = "/_emulator/";

/// Answers a request to an admin path.
pub(crate) async fn respond(
    host: &Host,
    method: &Method,
    path: &str,
    body: &[u8],
) -> (StatusCode, Value) {
    let name = path.strip_prefix(PREFIX).unwrap_or_default();
    let answer = match (method.as_str(), name) {
        ("GET", "state") => run(host.run(|world, _| world.state()).await),
        ("GET", "calls") => run(host.run(|world, _| json!(world.calls())).await),
        ("DELETE", "calls") => run(host
            .run(|world, _| world.reset_calls())
            .await
            .map(|()| json!({}))),
        ("GET", "faults") => run(host.run(|world, _| world.faults()).await),
        ("PUT", "faults") => put_faults(host, body).await,
        ("DELETE", "faults") => run(host
            .run(|world, _| world.arm(Vec::new()))
            .await
            .map(|result| result.map_or_else(|error| json!(error.to_string()), |()| json!({})))),
        ("PUT", "drift") => put_drift(host, body).await,
        (_, "state" | "calls" | "faults" | "drift") => Err((
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{method} is not for {path}"),
        )),
        _ => Err((StatusCode::NOT_FOUND, format!("there is no {path}"))),
    };
    match answer {
        Ok(value) => (StatusCode::OK, value),
        Err((status, message)) => (status, json!({ "error": message })),
    }
}

type Answer = Result<Value, (StatusCode, String)>;

fn run(result: Result<Value, HostError>) -> Answer {
    result.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn made<E: std::fmt::Display>(result: Result<Result<(), E>, HostError>) -> Answer {
    match result {
        Ok(Ok(())) => Ok(json!({})),
        Ok(Err(error)) => Err((StatusCode::BAD_REQUEST, error.to_string())),
        Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

async fn put_faults(host: &Host, body: &[u8]) -> Answer {
    let rules: Vec<Rule> = parse(body)?;
    made(host.run(|world, _| world.arm(rules)).await)
}

async fn put_drift(host: &Host, body: &[u8]) -> Answer {
    let drift: Drift = parse(body)?;
    made(host.run(|world, now| world.drift(drift, now)).await)
}
