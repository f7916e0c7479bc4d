//! The arguments as typed. The doc comments are the help texts.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// Declarative Data Integration sync tasks: TOML manifests in, a plan you can review, an apply that survives a kill.
#[derive(Debug, Parser)]
#[command(
    name = "syncform",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', long = "chdir", value_name = "DIR", global = true)]
    pub chdir: Option<PathBuf>,
    /// The environment: values of env/NAME.toml, a state file of its own
    #[arg(long = "env", value_name = "NAME", global = true)]
    pub environment: Option<String>,
    /// Sets a variable; may be given more than once
    #[arg(long = "var", value_name = "KEY=VALUE", global = true, value_parser = key_value)]
    pub variables: Vec<(String, String)>,
    /// The state file, instead of .syncform/ENV.db
    #[arg(long, value_name = "FILE", global = true)]
    pub state: Option<PathBuf>,
    /// Where the API is, instead of what the manifests say: a URL, or `embedded`
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Option<String>,
    /// Says more on stderr: -v what is done, -vv each API call
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// When to use colors
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: ColorChoice,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Writes a small working stack on the embedded endpoint
    Init(super::init::Args),
    /// Checks the manifests; no network, no state
    Validate(super::validate::Args),
    /// Shows what apply would do, why, and what it costs the data
    Plan(super::plan::Args),
    /// Carries out a plan: a saved one, or one that is made now and approved
    Apply(super::apply::Args),
    /// Deletes everything that the state knows
    Destroy(super::apply::DestroyArgs),
    /// Shows a saved plan, or what the state knows
    Show(super::show::Args),
    /// Serves the API on this machine
    Emulator(super::emulator::Args),
    /// Shows what is known of the stack's remote objects
    State(super::state::Args),
    /// Shows who holds the lock; with --force, takes it away
    Unlock(super::unlock::Args),
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
