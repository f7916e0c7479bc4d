//! Where secrets come in: variables, files below the stack, programs. Each is read once a run.

#![expect(
    clippy::disallowed_methods,
    reason = "secret files and programs are read here"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::secret::{Secret, SecretRef, SecretSource, UnavailableSecret};

/// The secrets of one stack.
pub(super) struct StackSecrets {
    root: PathBuf,
    variables: BTreeMap<String, String>,
    read: Mutex<BTreeMap<SecretRef, Secret>>,
}

impl StackSecrets {
    /// The secrets that a stack's manifests may refer to.
    pub(super) fn new(root: &Path, variables: &BTreeMap<String, String>) -> Self {
        Self {
            root: root.to_owned(),
            variables: variables.clone(),
            read: Mutex::default(),
        }
    }

    fn read(&self, reference: &SecretRef) -> Result<String, String> {
        match reference {
            SecretRef::Env(name) => match self.variables.get(name) {
                Some(value) if !value.is_empty() => Ok(value.clone()),
                Some(_) => Err("it is empty".to_owned()),
                None => Err("it is not set".to_owned()),
            },
            SecretRef::File(path) => self.read_file(path),
            SecretRef::Command(words) => self.run(words),
        }
    }

    fn read_file(&self, path: &str) -> Result<String, String> {
        let says = |error: std::io::Error| error.to_string();
        let root = self.root.canonicalize().map_err(says)?;
        let file = root.join(path).canonicalize().map_err(says)?;
        // A link may lead anywhere, whatever the path looks like.
        if !file.starts_with(&root) {
            return Err("it leads outside the stack".to_owned());
        }
        std::fs::read_to_string(file)
            .map(without_line_break)
            .map_err(says)
    }

    fn run(&self, words: &[String]) -> Result<String, String> {
        let [program, arguments @ ..] = words else {
            return Err("the command is empty".to_owned());
        };
        // What it prints to stderr may be anything, the secret too; one that asks a person asks the terminal itself.
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("it ended with {}", output.status));
        }
        String::from_utf8(output.stdout)
            .map(without_line_break)
            .map_err(|_| "it does not print text".to_owned())
    }
}

fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

impl SecretSource for StackSecrets {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, UnavailableSecret> {
        let mut read = self
            .read
            .lock()
            .expect("nothing panics while it reads a secret");
        if let Some(secret) = read.get(reference) {
            return Ok(secret.clone());
        }
        let secret = self
            .read(reference)
            .map(Secret::new)
            .map_err(|reason| UnavailableSecret {
                reference: reference.clone(),
                reason,
            })?;
        read.insert(reference.clone(), secret.clone());
        Ok(secret)
    }
}
