//! The way to the API: the embedded endpoint, a region, or a URL; with the limits and retries that go around it.

#![expect(
    clippy::disallowed_methods,
    reason = "the seed of the embedded endpoint is read here"
)]

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::random;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::secrets::StackSecrets;
use crate::api::endpoint_of_region;
use crate::clock::SystemClock;
use crate::desired::Signature;
use crate::emulator::{self, AccessKey, Running, Seed, StartError, StoreError};
use crate::execute::Pacing;
use crate::plan::Service;
use crate::remote::credentials::{self, Credentials, SystemEnvironment};
use crate::remote::{
    Calls, Counting, Guarded, HttpRemote, HttpSettings, Limited, OsNonces, Permission, Retrying,
    Timeouts,
};
use crate::secret::Secret;

/// The API, each call sent once.
pub(super) type Api = Limited<Guarded<Arc<Counting<HttpRemote<SystemClock>>>>, SystemClock>;

/// An open way to the API.
pub(super) struct Connection {
    /// Sends a call once: for whoever decides about the next attempt, as apply does, which first looks at its lock.
    pub(super) api: Arc<Api>,
    /// Sends reads until they are answered: for whoever only looks.
    pub(super) reads: Arc<Retrying<Arc<Api>, SystemClock>>,
    /// How to wait for what takes time there.
    pub(super) pacing: Pacing,
    counting: Arc<Counting<HttpRemote<SystemClock>>>,
    embedded: Option<Running>,
}

impl Connection {
    /// What was sent so far.
    pub(super) fn calls(&self) -> Calls {
        self.counting.calls()
    }

    /// Ends the embedded endpoint, if there is one.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self.embedded {
            Some(running) => running
                .shutdown()
                .await
                .map_err(|error| Failure::of(&error)),
            None => Ok(()),
        }
    }
}

/// Opens the way that a plan's service describes; what changes something is sent as long as there is `permission`.
pub(super) async fn connect(
    context: &Context,
    service: &Service,
    state: &Path,
    secrets: Arc<StackSecrets>,
    permission: Option<Permission>,
) -> Result<Connection, Failure> {
    let embedded = match service.endpoint.as_str() {
        "embedded" => Some(start_embedded(context, service, state).await?),
        _ => None,
    };
    let (endpoint, credentials) = match &embedded {
        Some(running) => (running.url(), embedded_credentials()),
        None => (endpoint_url(service)?, find_credentials(context, service)?),
    };
    // An emulator counts questions, not seconds: on this machine there is nothing to wait for.
    let pacing = if embedded.is_some() || is_loopback(&endpoint) {
        Pacing::EMULATOR
    } else {
        Pacing::SERVICE
    };
    let settings = HttpSettings {
        endpoint,
        region: service.region.clone(),
        signature: match service.signature.as_str() {
            "acs3-hmac-sha256" => Signature::Acs3HmacSha256,
            _ => Signature::HmacSha1,
        },
        credentials,
        timeouts: Timeouts::default(),
    };
    let http = HttpRemote::new(settings, secrets, Arc::new(OsNonces), SystemClock)
        .map_err(|error| Failure::of(&error))?;
    let counting = Arc::new(Counting::new(http));
    let guarded = Guarded::new(Arc::clone(&counting), permission);
    let qps = NonZeroU32::new(service.qps).unwrap_or(NonZeroU32::MIN);
    let api = Arc::new(Limited::new(guarded, qps, SystemClock));
    Ok(Connection {
        reads: Arc::new(Retrying::new(Arc::clone(&api), SystemClock, random())),
        api,
        pacing,
        counting,
        embedded,
    })
}

fn endpoint_url(service: &Service) -> Result<String, Failure> {
    match (service.endpoint.as_str(), &service.region) {
        ("region", Some(region)) => Ok(endpoint_of_region(region)),
        ("region", None) => Err(Failure::new(
            Exit::Error,
            "neither a region nor an endpoint is given",
        )),
        (url, _) => Ok(url.to_owned()),
    }
}

fn is_loopback(url: &str) -> bool {
    ["http://127.", "http://localhost:", "http://[::1]"]
        .iter()
        .any(|start| url.starts_with(start))
}

fn embedded_credentials() -> Credentials {
    let key = AccessKey::default();
    Credentials {
        access_key_id: key.id,
        secret: Secret::new(key.secret),
        security_token: None,
        origin: "the embedded endpoint".to_owned(),
    }
}

fn find_credentials(context: &Context, service: &Service) -> Result<Credentials, Failure> {
    let environment = SystemEnvironment {
        vars: context.variables.clone(),
    };
    credentials::find(service.profile.as_deref(), &environment)
        .map_err(|error| Failure::of(&error).hint(error.hint()))
}

/// The emulator inside this process, its data beside the state.
async fn start_embedded(
    context: &Context,
    service: &Service,
    state: &Path,
) -> Result<Running, Failure> {
    let seed = service
        .seed
        .as_deref()
        .map(|seed| read_seed(&context.root, seed))
        .transpose()?;
    let options = emulator::Options {
        db: Some(embedded_db(state)),
        seed,
        chance: random(),
        ..emulator::Options::default()
    };
    emulator::start(options).await.map_err(|error| match error {
        StartError::Store(StoreError::InUse(_)) => Failure::of(&error)
            .exit(Exit::Locked)
            .context("the embedded endpoint is busy with another command of this stack")
            .hint("`syncform unlock` shows who is at work; try again when it has ended"),
        error @ StartError::Store(_) => Failure::of(&error)
            .context(format!(
                "the embedded endpoint cannot be started from {}",
                embedded_db(state).display()
            ))
            .hint(format!(
                "it holds what was applied to the embedded endpoint: put a good copy in its place; or move it and {} away, \
                 both with their -wal and -shm, and begin anew from the seed",
                state.display()
            )),
        error => Failure::of(&error),
    })
}

/// Where the embedded endpoint keeps its world: `.syncform/default.db` has `.syncform/default.emulator.db` beside it.
pub(super) fn embedded_db(state: &Path) -> PathBuf {
    state.with_extension("emulator.db")
}

fn read_seed(root: &Path, seed: &str) -> Result<Seed, Failure> {
    let path = root.join(seed);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::of(&error).context(format!("the seed {} cannot be read", path.display()))
    })?;
    Seed::parse(&text).map_err(|error| {
        let place = format!("{}:{}:{}", path.display(), error.line, error.column);
        Failure::new(
            Exit::Error,
            format!("the seed is not valid: {place}: {}", error.message),
        )
    })
}
