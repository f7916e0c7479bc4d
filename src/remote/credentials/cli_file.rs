//! `~/.aliyun/config.json`, the profiles of the `aliyun` command.

use std::path::Path;

use serde::Deserialize;

use super::{Credentials, Environment, NoCredentials};
use crate::secret::Secret;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    current: String,
    #[serde(default)]
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    name: String,
    #[serde(default)]
    mode: String,
    #[serde(flatten)]
    key: Key,
    #[serde(default)]
    process_command: String,
}

/// The keys that a profile and the output of a credential program share.
#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    access_key_id: String,
    #[serde(default)]
    access_key_secret: String,
    #[serde(default)]
    sts_token: String,
}

/// The output of a credential program.
#[derive(Deserialize)]
struct Printed {
    #[serde(default)]
    mode: String,
    #[serde(flatten)]
    key: Key,
}

/// The key of a profile, `None` meaning the file's current one; none if there is no such profile, or if the current one
/// was never filled in.
pub(super) fn find(
    path: &Path,
    text: &str,
    name: Option<&str>,
    environment: &dyn Environment,
) -> Result<Option<Credentials>, NoCredentials> {
    let file: File = serde_json::from_str(text).map_err(|error| NoCredentials::File {
        path: path.display().to_string(),
        // The error's own text could repeat what it stumbled over.
        reason: format!(
            "line {}, column {}: no profiles in JSON",
            error.line(),
            error.column()
        ),
    })?;
    let wanted = name.unwrap_or(match file.current.as_str() {
        "" => "default",
        current => current,
    });
    let Some(profile) = file.profiles.into_iter().find(|found| found.name == wanted) else {
        return Ok(None);
    };
    let untouched =
        profile.key.access_key_id.is_empty() && profile.key.access_key_secret.is_empty();
    if name.is_none() && untouched && ["", "AK"].contains(&profile.mode.as_str()) {
        return Ok(None);
    }
    let origin = format!("the profile {wanted:?} of {}", path.display());
    match profile.mode.as_str() {
        // Files of the first versions have no mode.
        "" | "AK" => key(profile.key, Token::Ignored, origin).map(Some),
        "StsToken" => key(profile.key, Token::Required, origin).map(Some),
        "External" => external(&profile.process_command, origin, environment).map(Some),
        mode => Err(NoCredentials::Unsupported {
            origin,
            mode: mode.to_owned(),
        }),
    }
}

/// Runs a profile's program, whose words are separated by spaces, as the `aliyun` command does.
fn external(
    command: &str,
    origin: String,
    environment: &dyn Environment,
) -> Result<Credentials, NoCredentials> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let failed = |reason: String| NoCredentials::Program {
        origin: origin.clone(),
        reason,
    };
    let text = environment
        .run(&words)
        .map_err(|error| failed(error.to_string()))?;
    let printed: Printed = serde_json::from_str(&text)
        .map_err(|_| failed("it does not print credentials in JSON".to_owned()))?;
    match printed.mode.as_str() {
        "AK" => key(printed.key, Token::Ignored, origin),
        "StsToken" => key(printed.key, Token::Required, origin),
        mode => Err(NoCredentials::Unsupported {
            origin,
            mode: mode.to_owned(),
        }),
    }
}

/// What a mode makes of `sts_token`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// It may be a leftover of another mode.
    Ignored,
    /// The key is worth nothing without it.
    Required,
}

fn key(key: Key, token: Token, origin: String) -> Result<Credentials, NoCredentials> {
    let missing = if key.access_key_id.is_empty() {
        Some("access_key_id")
    } else if key.access_key_secret.is_empty() {
        Some("access_key_secret")
    } else if token == Token::Required && key.sts_token.is_empty() {
        Some("sts_token")
    } else {
        None
    };
    match missing {
        Some(missing) => Err(NoCredentials::Incomplete { origin, missing }),
        None => Ok(Credentials {
            access_key_id: key.access_key_id,
            secret: Secret::new(key.access_key_secret),
            security_token: (token == Token::Required).then(|| Secret::new(key.sts_token)),
            origin,
        }),
    }
}
