//! Where the access key comes from: the order of the official clients (API facts 9.1).
//!
//! 1. the profile that the manifest names, from the CLI's file; nothing else is asked then
//! 2. environment variables
//! 3. the CLI's file, 4. the INI file: the profile of `ALIBABA_CLOUD_PROFILE`, or the file's own default
//!
//! What needs the network to get a key (roles, OIDC, instance metadata, credential URIs) is not supported. Where it is
//! configured, that is an error: to go on looking would be to act as somebody else than was asked for.

mod cli_file;
mod environment;
mod ini_file;

use std::path::{Path, PathBuf};

pub use environment::{Environment, SystemEnvironment};

use crate::secret::Secret;

/// An access key.
#[derive(Clone)]
pub struct Credentials {
    /// `AccessKeyId`.
    pub access_key_id: String,
    /// `AccessKeySecret`.
    pub secret: Secret,
    /// The token that temporary keys come with.
    pub security_token: Option<Secret>,
    /// Where it was found, for people.
    pub origin: String,
}

/// Why there is no access key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCredentials {
    /// Nothing is configured.
    #[error("no access key is configured")]
    NotConfigured,
    /// One half of a key.
    #[error("{origin} has no {missing}")]
    Incomplete {
        /// Where.
        origin: String,
        /// What is not there.
        missing: &'static str,
    },
    /// A profile that no file has.
    #[error("there is no profile {name:?} in {looked_in}")]
    UnknownProfile {
        /// The profile.
        name: String,
        /// The files.
        looked_in: String,
    },
    /// A kind of credentials that syncform does not get.
    #[error("{origin} asks for credentials of the kind {mode}, which syncform does not support")]
    Unsupported {
        /// Where.
        origin: String,
        /// The mode, as it is written there.
        mode: String,
    },
    /// A file that cannot be read or understood.
    #[error("{path} cannot be read: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A profile's program failed.
    #[error("the credential program of {origin} failed: {reason}")]
    Program {
        /// The profile.
        origin: String,
        /// What went wrong.
        reason: String,
    },
}

impl NoCredentials {
    /// What the user may do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotConfigured => {
                "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run `aliyun configure`"
            }
            Self::Unsupported { .. } => {
                "get a temporary key by other means and set ALIBABA_CLOUD_ACCESS_KEY_ID, \
                 ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, or use a CLI profile of the mode \
                 AK, StsToken or External"
            }
            Self::UnknownProfile { .. } => {
                "`aliyun configure list` shows the profiles; check `profile` under [provider] and ALIBABA_CLOUD_PROFILE"
            }
            Self::Incomplete { .. } => "an access key has an id and a secret; set both",
            Self::File { .. } => {
                "mend the file, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
            }
            Self::Program { .. } => {
                "run the profile's `process_command` by hand to see what it says"
            }
        }
    }
}

/// Finds the access key: of the profile that the manifest names, or the first that is configured.
pub fn find(
    profile: Option<&str>,
    environment: &dyn Environment,
) -> Result<Credentials, NoCredentials> {
    let found = match profile {
        Some(name) => of_named_profile(name, environment)?,
        None => match of_variables(environment)? {
            Some(credentials) => Some(credentials),
            None => of_files(environment)?,
        },
    };
    found.ok_or(NoCredentials::NotConfigured)
}

/// The profile of the manifest: it exists, or nothing does.
fn of_named_profile(
    name: &str,
    environment: &dyn Environment,
) -> Result<Option<Credentials>, NoCredentials> {
    let path = cli_path(environment);
    let found = match read(&path, environment)? {
        Some(text) => cli_file::find(&path, &text, Some(name), environment)?,
        None => None,
    };
    match found {
        Some(credentials) => Ok(Some(credentials)),
        None => Err(NoCredentials::UnknownProfile {
            name: name.to_owned(),
            looked_in: path.display().to_string(),
        }),
    }
}

/// A key in variables, or variables that ask for another way.
fn of_variables(environment: &dyn Environment) -> Result<Option<Credentials>, NoCredentials> {
    const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
    const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
    let incomplete = |missing| NoCredentials::Incomplete {
        origin: "the environment".to_owned(),
        missing,
    };
    match (set(environment, ID), set(environment, SECRET)) {
        (Some(access_key_id), Some(secret)) => Ok(Some(Credentials {
            access_key_id,
            secret: Secret::new(secret),
            security_token: set(environment, "ALIBABA_CLOUD_SECURITY_TOKEN").map(Secret::new),
            origin: format!("the environment variable {ID}"),
        })),
        (Some(_), None) => Err(incomplete(SECRET)),
        (None, Some(_)) => Err(incomplete(ID)),
        (None, None) => {
            let oidc = [
                "ALIBABA_CLOUD_ROLE_ARN",
                "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
                "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
            ];
            if oidc.iter().all(|name| set(environment, name).is_some()) {
                return Err(unsupported_variable(oidc[2], "OIDC"));
            }
            Ok(None)
        }
    }
}

/// The CLI's file, then the INI file, then what the environment says about the ways that are left.
fn of_files(environment: &dyn Environment) -> Result<Option<Credentials>, NoCredentials> {
    let profile = set(environment, "ALIBABA_CLOUD_PROFILE");
    let mut looked_in = Vec::new();
    if set(environment, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED").as_deref() != Some("true") {
        let path = cli_path(environment);
        if let Some(text) = read(&path, environment)? {
            let found = cli_file::find(&path, &text, profile.as_deref(), environment)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        looked_in.push(path.display().to_string());
    }
    let path = ini_path(environment);
    match read(&path, environment)? {
        Some(text) => {
            let found = ini_file::find(&path, &text, profile.as_deref().unwrap_or("default"))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        None if set(environment, INI_FILE).is_some() => {
            return Err(NoCredentials::File {
                path: path.display().to_string(),
                reason: format!("{INI_FILE} names it, and it does not exist"),
            });
        }
        None => {}
    }
    looked_in.push(path.display().to_string());
    if let Some(name) = profile {
        let looked_in = looked_in.join(" and ");
        return Err(NoCredentials::UnknownProfile { name, looked_in });
    }
    for (variable, mode) in [
        ("ALIBABA_CLOUD_ECS_METADATA", "EcsRamRole"),
        ("ALIBABA_CLOUD_CREDENTIALS_URI", "credentials URI"),
    ] {
        if set(environment, variable).is_some() {
            return Err(unsupported_variable(variable, mode));
        }
    }
    Ok(None)
}

/// The variable that names the INI file.
const INI_FILE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";

fn unsupported_variable(variable: &str, mode: &str) -> NoCredentials {
    NoCredentials::Unsupported {
        origin: format!("the environment variable {variable}"),
        mode: mode.to_owned(),
    }
}

/// A variable; an empty one counts as unset.
fn set(environment: &dyn Environment, name: &str) -> Option<String> {
    environment.var(name).filter(|value| !value.is_empty())
}

fn home(environment: &dyn Environment) -> PathBuf {
    ["HOME", "HOMEPATH"]
        .iter()
        .find_map(|name| set(environment, name))
        .map(PathBuf::from)
        .unwrap_or_default()
}

fn cli_path(environment: &dyn Environment) -> PathBuf {
    home(environment).join(".aliyun/config.json")
}

fn ini_path(environment: &dyn Environment) -> PathBuf {
    match set(environment, INI_FILE) {
        Some(path) => PathBuf::from(path),
        None => home(environment).join(".alibabacloud/credentials.ini"),
    }
}

/// A file's text; none if there is no such file.
fn read(path: &Path, environment: &dyn Environment) -> Result<Option<String>, NoCredentials> {
    match environment.read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if [
                std::io::ErrorKind::NotFound,
                std::io::ErrorKind::NotADirectory,
            ]
            .contains(&error.kind()) =>
        {
            Ok(None)
        }
        Err(error) => Err(NoCredentials::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        }),
    }
}
