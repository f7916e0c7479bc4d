//! Exit codes: the only place that knows the numbers, and what a command says when it fails.

use std::process::ExitCode;

use crate::store::{FileProblem, StoreError};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or no changes.
    Done,
    /// An error.
    Error,
    /// `--detailed-exitcode`, and there are changes.
    Changes,
    /// Refused by a guard or policy.
    Refused,
    /// The saved plan is stale.
    Stale,
    /// The state is locked.
    Locked,
    /// Applied in part; a second apply goes on.
    Partial,
    /// Wrong usage.
    Usage,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Stale => 4,
            Self::Locked => 5,
            Self::Partial => 6,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command stopped: printed once, at the top.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What failed: a lowercase fragment.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure that ends the command with `exit`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
        }
    }

    /// An error with everything that caused it.
    pub fn of(error: &dyn std::error::Error) -> Self {
        let mut failure = Self::new(Exit::Error, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            failure.causes.push(error.to_string());
            cause = error.source();
        }
        failure
    }

    /// The same as the cause of something else.
    #[must_use]
    pub fn context(mut self, message: impl Into<String>) -> Self {
        self.causes
            .insert(0, std::mem::replace(&mut self.message, message.into()));
        self
    }

    /// The same under another exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            StoreError::Locked(_)
            | StoreError::LeaseLost { .. }
            | StoreError::LeaseExpired { .. }
            | StoreError::File {
                problem: FileProblem::Busy,
                ..
            } => Exit::Locked,
            StoreError::Stale { .. } => Exit::Stale,
            StoreError::File { .. } | StoreError::RunOpen(_) | StoreError::RunNotOpen(_) => {
                Exit::Error
            }
        };
        let mut failure = Self::of(&error).exit(exit);
        failure.hint = error.hint();
        failure
    }
}
