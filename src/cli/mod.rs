//! The command line: one file per command, which resolves its arguments, makes one call into the library, and reports.

pub mod apply;
mod args;
mod connect;
pub mod context;
pub mod emulator;
pub mod exit;
mod files;
pub mod init;
mod log;
pub mod plan;
pub mod planning;
mod progress;
mod runtime;
mod secrets;
pub mod show;
mod stack;
pub mod state;
pub mod ui;
pub mod unlock;
pub mod validate;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use context::Context;
use exit::{Exit, Failure};

/// Runs one command line and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for, so they go to stdout and are no mistake; clap knows which is which.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            // A reader that went away is no reason to fail.
            error.print().ok();
            return exit.into();
        }
    };
    let context = Context::new(cli.global);
    log::init(context.global.verbose, context.ui.color_err());
    let ended = dispatch(&cli.command, &context);
    let unwritten = context.ui.unwritten();
    if let Some(failure) = &unwritten {
        context.ui.failure(failure);
    }
    match ended {
        // A result that nobody could read is none; what is no success anyway stays what it is.
        Ok(code) if code == Exit::Done.into() || code == Exit::Changes.into() => {
            unwritten.map_or(code, |failure| failure.exit.into())
        }
        Ok(code) => code,
        Err(failure) => {
            context.ui.failure(&failure);
            failure.exit.into()
        }
    }
}

/// One arm a command: each is `run(&args, &context) -> Result<Exit, Failure>` in its own file.
fn dispatch(command: &Command, context: &Context) -> Result<ExitCode, Failure> {
    Ok(match command {
        Command::Init(args) => init::run(args, context)?.into(),
        Command::Validate(args) => validate::run(args, context)?.into(),
        Command::Plan(args) => plan::run(args, context)?.into(),
        Command::Apply(args) => apply::run(args, context)?.into(),
        Command::Destroy(args) => apply::run_destroy(args, context)?.into(),
        Command::Show(args) => show::run(args, context)?.into(),
        Command::Emulator(args) => emulator::run(args),
        Command::State(args) => state::run(args, context)?.into(),
        Command::Unlock(args) => unlock::run(args, context)?.into(),
    })
}
