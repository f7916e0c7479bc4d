//! The command line: dispatch to one file per command.

pub mod emulator;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Declarative Data Integration sync tasks.
#[derive(Debug, Parser)]
#[command(name = "syncform", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API on this machine
    Emulator(emulator::Args),
}

/// Runs one command line and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = Args::parse_from(args);
    match args.command {
        Command::Emulator(args) => emulator::run(&args),
    }
}
