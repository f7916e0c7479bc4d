//! HTTP around the world: listen, read a request, pass it through the gateway, answer.
//!
//! hyper itself rather than a framework on top of it, because a scripted fault has to break a connection with
//! nothing answered, or in the middle of an answer, and because a client that sends its headers slowly must not
//! hold a connection for ever.

#![expect(
    clippy::disallowed_methods,
    reason = "this file is the emulator's door to clock and network"
)]

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::gateway::{AccessKey, Format, Parsed, Raw};
use super::host::{Host, HostError};
use super::persist::{Store, StoreError};
use super::seed::Seed;
use super::world::{self, Calls, Refusal, Settings, SwitchError, Transport, World};
use super::{admin, xml};

/// How long a request's headers, and then its body, may take to come.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a shutdown waits for the answers that are on their way.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// What time it is.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system's.
    System,
    /// Always the same, for requests that were recorded.
    Fixed(Timestamp),
}

impl Clock {
    pub(crate) fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(time) => time,
        }
    }
}

/// How to run an emulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 picks one.
    pub listen: SocketAddr,
    /// Whether it may listen beyond this machine.
    pub allow_remote: bool,
    /// Where the world is kept; without it, it ends with the process.
    pub db: Option<PathBuf>,
    /// What exists before the first call.
    pub seed: Option<Seed>,
    /// The keys it accepts.
    pub access_keys: Vec<AccessKey>,
    /// Switches by name, over those of the seed.
    pub switches: Vec<(String, String)>,
    /// What everything random follows from, in a new world.
    pub chance: u64,
    /// What time it is.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            allow_remote: false,
            db: None,
            seed: None,
            access_keys: vec![AccessKey::default()],
            switches: Vec::new(),
            chance: 0,
            clock: Clock::System,
        }
    }
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Anyone could reach it there.
    #[error("{0} is not a loopback address")]
    Remote(SocketAddr),
    /// The address cannot be had.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The database cannot be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A switch cannot be set.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// The thread cannot be had.
    #[error("could not start a thread")]
    Thread(#[source] io::Error),
}

/// An emulator at work. Dropped without [`Running::shutdown`], it stops listening and its world is left to end
/// when its last connection does.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    host: Host,
    stop: oneshot::Sender<()>,
    accepting: tokio::task::JoinHandle<()>,
    thread: JoinHandle<Result<(), StoreError>>,
}

impl Running {
    /// The endpoint, as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls so far.
    pub async fn calls(&self) -> Calls {
        self.host
            .run(|world, _| world.calls())
            .await
            .unwrap_or_default()
    }

    /// Every object, as the admin path shows it.
    pub async fn state(&self) -> Value {
        self.host
            .run(|world, _| world.state())
            .await
            .unwrap_or_default()
    }

    /// Stops listening, lets the calls in flight finish, and closes the database.
    pub async fn shutdown(self) -> Result<(), StoreError> {
        let Self {
            host,
            stop,
            accepting,
            thread,
            ..
        } = self;
        // Whoever has stopped listening already needs no telling.
        let (Ok(()) | Err(())) = stop.send(());
        drop(accepting.await);
        host.stop();
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        match ended {
            Ok(Ok(result)) => result,
            // The thread, or the runtime, has ended by a panic that was reported where it happened.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}

/// Starts an emulator on the current runtime.
pub async fn start(options: Options) -> Result<Running, StartError> {
    if !options.allow_remote && !options.listen.ip().is_loopback() {
        return Err(StartError::Remote(options.listen));
    }
    let listener =
        TcpListener::bind(options.listen)
            .await
            .map_err(|source| StartError::Listen {
                address: options.listen,
                source,
            })?;
    let address = listener.local_addr().map_err(|source| StartError::Listen {
        address: options.listen,
        source,
    })?;
    let (world, store) = open_world(&options)?;
    let settings = world.settings().clone();
    let (host, thread) = Host::start(world, store, options.clock).map_err(StartError::Thread)?;
    let service = Arc::new(Service {
        host: host.clone(),
        settings,
        access_keys: options.access_keys,
        clock: options.clock,
    });
    let (stop, stopped) = oneshot::channel();
    let accepting = tokio::spawn(accept(listener, service, stopped));
    Ok(Running {
        address,
        host,
        stop,
        accepting,
        thread,
    })
}

/// The world of the database with the seed and the switches applied; durable before anyone calls.
fn open_world(options: &Options) -> Result<(World, Option<Store>), StartError> {
    let (mut store, world) = match &options.db {
        Some(path) => {
            let (store, world) = Store::open(path)?;
            (Some(store), world)
        }
        None => (None, None),
    };
    let is_new = world.is_none();
    let mut world = world.unwrap_or_else(|| World::new(options.chance));
    if let Some(seed) = &options.seed {
        world.add(seed);
    }
    for (name, value) in &options.switches {
        world.set(name, value)?;
    }
    if let Some(store) = &mut store {
        if is_new {
            store.write(world.rows())?;
            world.note_changes();
        } else {
            store.write(world.unsaved())?;
            world.saved();
        }
    }
    Ok((world, store))
}

async fn accept(listener: TcpListener, service: Arc<Service>, mut stopped: oneshot::Receiver<()>) {
    let connections = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match stream {
            Ok((stream, _)) => serve(stream, Arc::clone(&service), &connections),
            // Out of file descriptors, most likely: let some connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    drop(listener);
    drop(tokio::time::timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await);
}

fn serve(stream: TcpStream, service: Arc<Service>, connections: &GracefulShutdown) {
    // Answers are small and whole; waiting to fill a packet would only delay them.
    drop(stream.set_nodelay(true));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| {
                let service = Arc::clone(&service);
                async move { service.respond(request).await }
            }),
        );
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // A connection ends when its client wants, or in a way that the client has to cope with.
        drop(connection.await);
    });
}

/// What every connection shares.
#[derive(Debug)]
struct Service {
    host: Host,
    settings: Settings,
    access_keys: Vec<AccessKey>,
    clock: Clock,
}

/// A scripted fault: the connection is to break with nothing answered.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct Dropped;

/// A request read to its end.
struct Received {
    method: Method,
    target: hyper::Uri,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Service {
    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Answer>, Dropped> {
        let received = match self.receive(request).await {
            Ok(received) => received,
            Err(refusal) => return Ok(self.refuse("", Format::Json, refusal).await),
        };
        if received.target.path().starts_with(admin::PREFIX) {
            let (method, path) = (&received.method, received.target.path());
            let (status, body) = admin::respond(&self.host, method, path, &received.body).await;
            return Ok(answer(status, "application/json", body.to_string()));
        }
        self.call(&received).await
    }

    /// Reads a request to its end, and keeps it if it is of a reasonable size.
    async fn receive(&self, request: Request<Incoming>) -> Result<Received, Refusal> {
        let (head, mut body) = request.into_parts();
        let received = self.keep(head, &mut body).await;
        if received.is_err() {
            // A caller that is still writing would miss an answer given now.
            let rest = async { while let Some(Ok(_)) = body.frame().await {} };
            drop(tokio::time::timeout(READ_TIMEOUT, rest).await);
        }
        received
    }

    async fn keep(&self, head: Parts, body: &mut Incoming) -> Result<Received, Refusal> {
        let limit = usize::try_from(self.settings.max_url_bytes).unwrap_or(usize::MAX);
        let length = head
            .uri
            .path_and_query()
            .map_or(0, |target| target.as_str().len());
        if length > limit {
            return Err(Refusal::new(
                414,
                "RequestURITooLong",
                format!("The request target has {length} bytes; the limit is {limit}."),
            ));
        }
        let limit = usize::try_from(self.settings.max_body_bytes).unwrap_or(usize::MAX);
        let body = tokio::time::timeout(READ_TIMEOUT, Limited::new(body, limit).collect())
            .await
            .map_err(|_| Refusal::new(408, "RequestTimeout", "The body took too long."))?
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    Refusal::new(
                        413,
                        "RequestEntityTooLarge",
                        format!("The body is too large; the limit is {limit} bytes."),
                    )
                } else {
                    Refusal::new(400, "IncompleteBody", "The body ended too early.")
                }
            })?
            .to_bytes();
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        Ok(Received {
            method: head.method,
            target: head.uri,
            headers,
            body,
        })
    }

    async fn call(&self, received: &Received) -> Result<Response<Answer>, Dropped> {
        let parsed = Parsed::new(Raw {
            method: received.method.as_str(),
            path: received.target.path(),
            query: received.target.query().unwrap_or_default(),
            headers: &received.headers,
            body: &received.body,
        });
        let (action, format) = (parsed.action().to_owned(), parsed.format(&self.settings));
        let request = match parsed.admit(&self.access_keys, &self.settings, self.clock.now()) {
            Ok(request) => request,
            Err(refusal) => return Ok(self.refuse(&action, format, refusal).await),
        };
        let outcome = match self
            .host
            .run(move |world, now| world.handle(&request, now))
            .await
        {
            Ok(outcome) => outcome,
            Err(error) => return Ok(unavailable(&action, format, error)),
        };
        let response = write(&action, format, &outcome.response);
        match outcome.transport {
            Transport::Deliver => Ok(response),
            Transport::Delay(ms) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Ok(response)
            }
            Transport::Torn => Ok(response.map(Answer::torn)),
            Transport::DropBefore | Transport::DropAfter => Err(Dropped),
        }
    }

    async fn refuse(&self, action: &str, format: Format, refusal: Refusal) -> Response<Answer> {
        let name = action.to_owned();
        match self
            .host
            .run(move |world, _| world.refuse(&name, &refusal))
            .await
        {
            Ok(response) => write(action, format, &response),
            Err(error) => unavailable(action, format, error),
        }
    }
}

/// The answer when the world itself is out of order.
fn unavailable(action: &str, format: Format, error: HostError) -> Response<Answer> {
    let refusal = Refusal::new(503, "ServiceUnavailable", error.to_string());
    write(
        action,
        format,
        &refusal.response("00000000-0000-0000-0000-000000000000", "emulator"),
    )
}

/// An answer of the world as bytes.
fn write(action: &str, format: Format, response: &world::Response) -> Response<Answer> {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (kind, text) = match format {
        Format::Json => ("application/json;charset=utf-8", response.body.to_string()),
        Format::Xml => (
            "text/xml;charset=utf-8",
            xml::render(action, &response.body),
        ),
    };
    let mut written = answer(status, kind, text);
    let request_id = response.body["RequestId"].as_str().unwrap_or_default();
    let headers = [("x-acs-request-id", request_id.to_owned())];
    for (name, value) in headers.into_iter().chain(response.headers.iter().cloned()) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            written
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    written
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(text));
    *response.status_mut() = status;
    let length = response.body().bytes.len();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// A body that arrives whole, or whose second half never comes.
#[derive(Debug)]
struct Answer {
    bytes: Bytes,
    torn: bool,
}

impl Answer {
    fn whole(text: String) -> Self {
        Self {
            bytes: Bytes::from(text),
            torn: false,
        }
    }

    fn torn(mut self) -> Self {
        self.bytes.truncate(self.bytes.len() / 2);
        self.torn = true;
        self
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready(match (bytes.is_empty(), self.torn) {
            (false, _) => Some(Ok(Frame::data(bytes))),
            (true, true) => Some(Err(Dropped)),
            (true, false) => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && !self.torn
    }

    fn size_hint(&self) -> SizeHint {
        if self.torn {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.bytes.len() as u64)
        }
    }
}
