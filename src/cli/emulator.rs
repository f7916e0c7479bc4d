//! `syncform emulator`: serves the API on a loopback port.

use std::process::ExitCode;

/// Flags of `syncform emulator`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Serves until it is interrupted.
pub fn run(_args: &Args) -> ExitCode {
    ExitCode::SUCCESS
}
