//! The door through which credentials come in: variables, files, programs.

#![expect(
    clippy::disallowed_methods,
    reason = "credential files and programs are read here"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// What looking for credentials may ask of the outside.
pub trait Environment {
    /// An environment variable.
    fn var(&self, name: &str) -> Option<String>;

    /// A file's text.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// What a program prints. The words go to it as they are, no shell reads them.
    fn run(&self, words: &[&str]) -> io::Result<String>;
}

/// This machine, with the variables that were read at the start.
#[derive(Clone)]
pub struct SystemEnvironment {
    /// The environment variables.
    pub vars: BTreeMap<String, String>,
}

impl Environment for SystemEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn run(&self, words: &[&str]) -> io::Result<String> {
        let [program, arguments @ ..] = words else {
            return Err(io::Error::other("the command is empty"));
        };
        // What it prints to stderr is for the person at the terminal, a login prompt perhaps.
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::inherit())
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(io::Error::other(output.status.to_string()));
        }
        String::from_utf8(output.stdout).map_err(|_| io::Error::other("it does not print text"))
    }
}
