//! `init`: a small stack to start from, which runs on the embedded endpoint as it is.

#![expect(
    clippy::disallowed_methods,
    reason = "the files of a new stack are written here"
)]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::context::Context;
use super::exit::{Exit, Failure};
use crate::render::safe;

/// Flags of `init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write it, instead of here; it is made if it does not exist
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// What to start from
    #[arg(long, value_name = "STACK", default_value = "quickstart")]
    from: Template,
}

/// A stack that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Template {
    /// One MySQL source, a task each to MaxCompute, Kafka and Hologres, a solution, two environments
    Quickstart,
}

macro_rules! files {
    ($stack:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../examples/", $stack, "/", $path))),)*]
    };
}

impl Template {
    /// Its files: paths with `/`, and contents.
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Quickstart => files!(
                "quickstart":
                "syncform.toml"
                "datasources.toml"
                "tables.toml"
                "tasks.toml"
                "env/dev.toml"
                "env/prod.toml"
                "emulator.toml"
            ),
        }
    }

    /// What must be set before the first plan.
    fn preparation(self) -> &'static str {
        match self {
            Self::Quickstart => {
                "export HOLO_ACCESS_KEY=anything   # its one secret; the embedded endpoint takes any"
            }
        }
    }
}

/// Runs `init`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let root = match &args.directory {
        None => context.root.clone(),
        Some(directory) if context.root == Path::new(".") => directory.clone(),
        Some(directory) => context.root.join(directory),
    };
    let files = args.from.files();
    let taken: Vec<&str> = files
        .iter()
        .map(|(path, _)| *path)
        .filter(|path| root.join(path).symlink_metadata().is_ok())
        .collect();
    if !taken.is_empty() {
        let message = format!(
            "nothing was written, as there is already {}",
            taken.join(", ")
        );
        return Err(Failure::new(Exit::Error, message)
            .hint("choose another directory: `syncform init DIR`"));
    }
    for (path, content) in files {
        create(&root.join(path), content).map_err(|error| {
            let message = format!("could not write `{}`", root.join(path).display());
            let mut failure = Failure::new(Exit::Error, message);
            failure.causes.push(error.to_string());
            failure
        })?;
    }
    context.ui.result(&report(args.from, &root));
    Ok(Exit::Done)
}

/// Writes a file that must not exist yet, also if it came to be since that was looked at.
fn create(path: &Path, content: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?
        .write_all(content.as_bytes())
}

/// What was written, and what to do with it.
fn report(template: Template, root: &Path) -> String {
    let shown = root.display().to_string();
    let shown = safe::line(&shown);
    let mut text = format!("Wrote a stack to `{shown}`:\n");
    for (path, _) in template.files() {
        text.push_str(&format!("  {path}\n"));
    }
    text.push_str("\nNext, read `syncform.toml`, then:\n");
    if root != Path::new(".") {
        text.push_str(&format!("  cd {shown}\n"));
    }
    text.push_str(&format!(
        "  {}\n  syncform plan\n  syncform apply\n\nKeep `.syncform/`, where the state is, out of version control.\n",
        template.preparation()
    ));
    text
}
