//! Client tokens: a repeated request gets its first answer and has no second effect.

use sha2::{Digest as _, Sha256};

use super::object::{Moment, Token};
use super::operation::Operation;
use super::request::{Refusal, Reply, Request};
use super::settings::{Settings, TokenMismatch};
use super::tables::Tables;

const PARAMETER: &str = "ClientToken";

/// The key of a request's token; an empty token is none.
fn key(operation: &Operation, request: &Request) -> Option<String> {
    let token = request
        .params
        .get(PARAMETER)
        .filter(|token| !token.is_empty())?;
    operation
        .token
        .then(|| format!("{} {token}", operation.name))
}

/// A hash of everything that makes two requests the same but the token. Lengths keep neighbours apart.
fn digest(request: &Request) -> String {
    let mut hash = Sha256::new();
    for (name, value) in request.params.iter().filter(|(name, _)| *name != PARAMETER) {
        for part in [name, value] {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hex::encode(hash.finalize())
}

/// The answer to a request whose token is known.
pub(crate) fn replay(
    tables: &Tables,
    settings: &Settings,
    operation: &Operation,
    request: &Request,
    now: Moment,
) -> Option<Result<Reply, Refusal>> {
    let known = tables.tokens.get(&key(operation, request)?)?;
    if !settings.token_retention.covers(now.since(known.at)) {
        return None;
    }
    let same = known.digest == digest(request);
    Some(
        if same || settings.token_mismatch == TokenMismatch::FirstResult {
            Ok(Reply::new(known.body.clone()))
        } else {
            Err(Refusal::new(
                400,
                "IdempotentParameterMismatch",
                "The request uses the same client token as a previous, but non-identical request.",
            ))
        },
    )
}

/// Remembers the answer to a request, if it carries a token.
pub(crate) fn keep(
    tables: &mut Tables,
    operation: &Operation,
    request: &Request,
    reply: &Reply,
    now: Moment,
) {
    if let Some(key) = key(operation, request) {
        let body = reply.body.clone().into();
        tables.tokens.insert(
            key,
            Token {
                digest: digest(request),
                body,
                at: now,
            },
        );
    }
}

/// Forgets the tokens whose time is over.
pub(crate) fn sweep(tables: &mut Tables, settings: &Settings, now: Moment) {
    tables
        .tokens
        .retain(|_, token| settings.token_retention.covers(now.since(token.at)));
}
