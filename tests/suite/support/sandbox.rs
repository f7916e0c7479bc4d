//! A copy of a stack in a directory of its own, and the binary run in it with a cleared environment.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A stack that a test may do anything with.
pub(crate) struct Sandbox {
    directory: TempDir,
    variables: BTreeMap<String, String>,
}

/// What a command came to.
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "---- stderr\n{}", self.stderr)?;
        }
        write!(f, "[exit {}]", self.code)
    }
}

impl Output {
    /// The output of a command that ended as it should.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Its stderr holds all of these.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self}");
        }
    }

    /// The number before a word in the plan's last lines, as in `17 writes`.
    #[track_caller]
    pub(crate) fn count(&self, word: &str) -> usize {
        let words: Vec<&str> = self.stdout.split_whitespace().collect();
        let at = words
            .windows(2)
            .rev()
            .find(|pair| pair[1].trim_matches(',') == word);
        at.unwrap_or_else(|| panic!("no `{word}` in {self}"))[0]
            .parse()
            .unwrap()
    }
}

impl Sandbox {
    /// A copy of `examples/<name>`.
    pub(crate) fn example(name: &str) -> Self {
        let sandbox = Self::empty();
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("examples")
                .join(name),
            sandbox.path(),
        );
        sandbox
    }

    /// The first example, with the secret that it needs.
    pub(crate) fn quickstart() -> Self {
        let mut stack = Self::example("quickstart");
        stack.set("HOLO_ACCESS_KEY", "key");
        stack
    }

    /// A directory with nothing in it.
    pub(crate) fn empty() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            variables: BTreeMap::new(),
        }
    }

    /// Sets a variable for every command that follows.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets what another stack's commands were set: its access key, for one.
    pub(crate) fn take_variables_of(&mut self, other: &Self) -> &mut Self {
        self.variables.extend(other.variables.clone());
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Replaces a piece of a file, which has to be there.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replace(from, to));
    }

    /// Takes a task's block out of the quickstart's manifests.
    #[track_caller]
    pub(crate) fn cut_task(&self, label: &str) -> String {
        let text = self.read("tasks.toml");
        let header = format!("[task.{label}]\n");
        let start = text.find(&header).expect("the block is there");
        let end = text[start..]
            .find("\n[task.")
            .map_or(text.len(), |next| start + next);
        self.write("tasks.toml", &(text[..start].to_owned() + &text[end..]));
        text[start..end].to_owned()
    }

    /// The binary with these words, ready to be started.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncform"));
        command
            .args(words)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path().join("home"))
            .env("RUST_BACKTRACE", "1")
            .envs(&self.variables)
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    #[must_use = "a command that is run has to end as it should"]
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.run_command(&mut self.command(words))
    }

    /// Runs a command to its end, such as the binary under other circumstances.
    #[must_use = "a command that is run has to end as it should"]
    pub(crate) fn run_command(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec())
                .unwrap()
                .replace(self.path().to_str().unwrap(), "[STACK]")
        };
        Output {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            code: output.status.code().expect("the command was not killed"),
        }
    }

    /// The binary with these words, started by a shell that first does something else: sets a limit, ignores a signal.
    pub(crate) fn command_after(&self, first: &str, words: &[&str]) -> Command {
        let binary = self.command(words);
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &format!("{first}; exec \"$0\" \"$@\"")])
            .arg(binary.get_program())
            .args(binary.get_args())
            .current_dir(self.path())
            .env_clear()
            .envs(
                binary
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::null());
        shell
    }

    /// Every file below the stack, for a search.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut open = vec![self.path().to_owned()];
        let mut files = Vec::new();
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path)
                } else {
                    files.push(path)
                }
            }
        }
        files.sort();
        files
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // What an example's own run left behind is none of its files.
        if entry.file_name() == ".syncform" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
