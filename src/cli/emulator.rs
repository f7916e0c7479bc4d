//! `syncform emulator`: serves the API on a loopback port until it is interrupted.

#![expect(clippy::disallowed_methods, reason = "this file reads the seed")]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::emulator::world::SWITCHES;
use crate::emulator::{AccessKey, Options, Seed, StartError, start};

/// Wrong usage, as design and clap's callers have it.
const USAGE: u8 = 64;

/// Flags of `syncform emulator`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 picks one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8086")]
    listen: SocketAddr,

    /// Lets it listen beyond this machine
    #[arg(long)]
    allow_remote: bool,

    /// Keeps the world in this file; without it, the world ends with the process
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,

    /// What exists before the first call
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Accepts this key; may be repeated [default: testid:testsecret]
    #[arg(long, value_name = "ID:SECRET[:TOKEN]")]
    access_key: Vec<AccessKey>,

    /// Knows this key and refuses it as disabled; may be repeated
    #[arg(long, value_name = "ID:SECRET")]
    inactive_access_key: Vec<AccessKey>,

    /// Limits calls as the account's edition does: basic, standard, professional, enterprise or none
    #[arg(long, value_name = "EDITION")]
    edition: Option<String>,

    /// Sets a switch; an unknown one lists them all
    #[arg(long, value_name = "SWITCH=VALUE", value_parser = parse_switch)]
    set: Vec<(String, String)>,

    /// What ids of requests are drawn from, in a new world
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    chance: u64,
}

fn parse_switch(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a switch is set as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Why the command ended early.
enum Failure {
    Usage(String),
    Error(String),
}

/// Serves until it is interrupted.
pub fn run(args: &Args) -> ExitCode {
    let result = options(args).and_then(|options| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Error(format!("could not start the runtime: {error}")))?
            .block_on(serve(options))
    });
    let (message, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => (message, ExitCode::from(USAGE)),
        Err(Failure::Error(message)) => (message, ExitCode::FAILURE),
    };
    // With stderr gone there is nobody left to tell.
    drop(writeln!(std::io::stderr(), "error: {message}"));
    code
}

fn options(args: &Args) -> Result<Options, Failure> {
    let mut access_keys = args.access_key.clone();
    if access_keys.is_empty() {
        access_keys.push(AccessKey::default());
    }
    access_keys.extend(
        args.inactive_access_key
            .iter()
            .cloned()
            .map(|key| AccessKey {
                active: false,
                ..key
            }),
    );
    let edition = args
        .edition
        .iter()
        .map(|edition| ("edition".to_owned(), edition.clone()));
    Ok(Options {
        listen: args.listen,
        allow_remote: args.allow_remote,
        db: args.db.clone(),
        seed: args.seed.as_deref().map(read_seed).transpose()?,
        access_keys,
        switches: edition.chain(args.set.iter().cloned()).collect(),
        chance: args.chance,
        ..Options::default()
    })
}

fn read_seed(path: &Path) -> Result<Seed, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Error(format!("could not read the seed `{shown}`: {error}")))?;
    Seed::parse(&text).map_err(|error| Failure::Error(format!("{shown}:{error}")))
}

async fn serve(options: Options) -> Result<(), Failure> {
    let error = |error: std::io::Error| Failure::Error(error.to_string());
    let mut interrupted = signal(SignalKind::interrupt()).map_err(error)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(error)?;
    let running = start(options).await.map_err(explain)?;
    announce(&running.url()).map_err(error)?;
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    running
        .shutdown()
        .await
        .map_err(|error| Failure::Error(chain(&error)))
}

/// The one line that whoever started this process waits for.
fn announce(url: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "listening on {url}")?;
    out.flush()
}

fn explain(error: StartError) -> Failure {
    match error {
        StartError::Switch(error) => {
            let mut message = format!("{error}\n\nswitches:");
            for switch in SWITCHES {
                message.push_str(&format!(
                    "\n  {:<18} {}; takes {}",
                    switch.name, switch.about, switch.values
                ));
            }
            Failure::Usage(message)
        }
        StartError::Remote(_) => Failure::Usage(format!(
            "{error}; --allow-remote lets anyone in who can reach it"
        )),
        error => Failure::Error(chain(&error)),
    }
}

/// An error and what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(&format!("\n  caused by: {cause}"));
        source = cause.source();
    }
    message
}
