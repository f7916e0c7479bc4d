//! The switches: what the facts of the API leave open, and the sizes and times that a test wants to choose.
//!
//! Where the facts leave a choice, the default is the one that is hardest on the caller. A switch is set by
//! name (`--set polls=1`, or `[emulator] polls = 1` in a seed), so [`SWITCHES`] is the whole interface: one row
//! for each, with its words for the user.

use serde::{Deserialize, Serialize};

/// How an unfinished generation answers a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum InProgress {
    Success,
    Running,
    FailWithMessage,
    FailWithoutMessage,
}

/// How long something is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Span {
    None,
    Ms(i64),
    Forever,
}

impl Span {
    /// Whether what happened `age_ms` ago still counts.
    pub(crate) fn covers(self, age_ms: i64) -> bool {
        match self {
            Self::None => false,
            Self::Ms(span) => age_ms < span,
            Self::Forever => true,
        }
    }
}

/// What a repeated client token with other parameters gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TokenMismatch {
    Error,
    FirstResult,
}

/// The status word of an instance that died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FailedStatus {
    Pause,
    NoRun,
}

/// What the table list of an update means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UpdateTables {
    Full,
    Delta,
}

/// What `table` and `selectedTables` together mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BothTables {
    Invalid,
    Selected,
}

/// The word for success in the answers of the generate operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GenerateStatus {
    True,
    Success,
}

/// The account's edition, which sets how many calls it may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Edition {
    Unlimited,
    Basic,
    Standard,
    Professional,
    Enterprise,
}

/// How requests are authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Auth {
    Strict,
    Lax,
}

/// The format of an answer to an HMAC-SHA1 request that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DefaultFormat {
    Xml,
    Json,
}

/// The value of every switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub(crate) polls: u32,
    pub(crate) generate_ms: i64,
    pub(crate) process_ttl: Span,
    pub(crate) in_progress: InProgress,
    pub(crate) generate_status: GenerateStatus,
    pub(crate) wait_reads: u32,
    pub(crate) wait_ms: i64,
    pub(crate) kill_reads: u32,
    pub(crate) kill_ms: i64,
    pub(crate) deployment_reads: u32,
    pub(crate) failed_status: FailedStatus,
    pub(crate) token_retention: Span,
    pub(crate) token_mismatch: TokenMismatch,
    pub(crate) name_hold: Span,
    pub(crate) stale_reads_ms: i64,
    pub(crate) update_tables: UpdateTables,
    pub(crate) both_tables: BothTables,
    pub(crate) edition: Edition,
    pub(crate) auth: Auth,
    pub(crate) skew_ms: i64,
    pub(crate) default_format: DefaultFormat,
    pub(crate) max_url_bytes: u32,
    pub(crate) max_body_bytes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            polls: 3,
            generate_ms: 0,
            process_ttl: Span::Ms(3_600_000),
            in_progress: InProgress::Success,
            generate_status: GenerateStatus::True,
            wait_reads: 1,
            wait_ms: 0,
            kill_reads: 1,
            kill_ms: 0,
            deployment_reads: 1,
            failed_status: FailedStatus::Pause,
            token_retention: Span::Forever,
            token_mismatch: TokenMismatch::Error,
            name_hold: Span::None,
            stale_reads_ms: 0,
            update_tables: UpdateTables::Full,
            both_tables: BothTables::Invalid,
            edition: Edition::Unlimited,
            auth: Auth::Strict,
            skew_ms: 15 * 60 * 1000,
            default_format: DefaultFormat::Xml,
            // Gateways of this kind cut the request line at 16 KiB; a body holds a script of some MiB.
            max_url_bytes: 16 * 1024,
            max_body_bytes: 16 * 1024 * 1024,
        }
    }
}

/// One switch: its name, what it takes, and what it is for.
#[derive(Debug)]
pub struct Switch {
    /// The name, as `--set` takes it.
    pub name: &'static str,
    /// The values it takes.
    pub values: &'static str,
    /// What it changes.
    pub about: &'static str,
    apply: fn(&mut Settings, &str) -> Option<()>,
}

/// A switch that could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// No switch has this name.
    #[error("there is no switch `{0}`")]
    Unknown(String),
    /// The switch does not take this value.
    #[error("the switch `{name}` takes {values}, not `{value}`")]
    Value {
        /// The switch.
        name: &'static str,
        /// What it takes.
        values: &'static str,
        /// What it was given.
        value: String,
    },
}

impl Settings {
    /// Sets one switch by its name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
        let switch = SWITCHES
            .iter()
            .find(|switch| switch.name == name)
            .ok_or_else(|| SwitchError::Unknown(name.to_owned()))?;
        (switch.apply)(self, value).ok_or_else(|| SwitchError::Value {
            name: switch.name,
            values: switch.values,
            value: value.to_owned(),
        })
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn millis(text: &str) -> Option<i64> {
    number::<u32>(text).map(i64::from)
}

fn seconds(text: &str) -> Option<i64> {
    millis(text).map(|seconds| seconds * 1000)
}

fn span(text: &str) -> Option<Span> {
    Some(match text {
        "none" | "0" => Span::None,
        "forever" => Span::Forever,
        text => Span::Ms(seconds(text)?),
    })
}

fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Option<T> {
    words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value)
}

/// Shortens the rows below: parse, then store.
macro_rules! put {
    ($field:ident, $parse:expr) => {
        |settings, text| {
            settings.$field = $parse(text)?;
            Some(())
        }
    };
    ($field:ident: $($word:literal => $value:expr),+) => {
        |settings, text| {
            settings.$field = word(text, &[$(($word, $value)),+])?;
            Some(())
        }
    };
}

/// Every switch.
pub static SWITCHES: &[Switch] = &[
    Switch {
        name: "polls",
        values: "a number (3)",
        about: "which poll of a generation gets its result",
        apply: put!(polls, number),
    },
    Switch {
        name: "generate_ms",
        values: "milliseconds (0)",
        about: "how long a generation takes at least",
        apply: put!(generate_ms, millis),
    },
    Switch {
        name: "process_ttl_s",
        values: "seconds (3600) or forever",
        about: "how long a process id can be queried",
        apply: put!(process_ttl, span),
    },
    Switch {
        name: "in_progress",
        values: "success (the default), running, fail-with-message or fail-without-message",
        about: "Data.Status of an unfinished generation",
        apply: put!(in_progress:
            "success" => InProgress::Success,
            "running" => InProgress::Running,
            "fail-with-message" => InProgress::FailWithMessage,
            "fail-without-message" => InProgress::FailWithoutMessage),
    },
    Switch {
        name: "generate_status",
        values: "true (the default) or success",
        about: "Data.Status of an accepted generation",
        apply: put!(generate_status: "true" => GenerateStatus::True, "success" => GenerateStatus::Success),
    },
    Switch {
        name: "wait_reads",
        values: "a number (1)",
        about: "how many status reads show WAIT before RUN",
        apply: put!(wait_reads, number),
    },
    Switch {
        name: "wait_ms",
        values: "milliseconds (0)",
        about: "how long WAIT takes at least",
        apply: put!(wait_ms, millis),
    },
    Switch {
        name: "kill_reads",
        values: "a number (1)",
        about: "how many status reads show KILLING before PAUSE",
        apply: put!(kill_reads, number),
    },
    Switch {
        name: "kill_ms",
        values: "milliseconds (0)",
        about: "how long KILLING takes at least",
        apply: put!(kill_ms, millis),
    },
    Switch {
        name: "deployment_reads",
        values: "a number (1)",
        about: "how many reads of a deployment show it unfinished",
        apply: put!(deployment_reads, number),
    },
    Switch {
        name: "failed_status",
        values: "pause (the default) or norun",
        about: "the status of an instance that died; its Message says why",
        apply: put!(failed_status: "pause" => FailedStatus::Pause, "norun" => FailedStatus::NoRun),
    },
    Switch {
        name: "token_retention_s",
        values: "seconds, none or forever (the default)",
        about: "how long a client token is remembered",
        apply: put!(token_retention, span),
    },
    Switch {
        name: "token_mismatch",
        values: "error (the default) or first-result",
        about: "what a known token with other parameters gets",
        apply: put!(token_mismatch:
            "error" => TokenMismatch::Error, "first-result" => TokenMismatch::FirstResult),
    },
    Switch {
        name: "name_hold_s",
        values: "seconds, none (the default) or forever",
        about: "how long a deleted file keeps its name",
        apply: put!(name_hold, span),
    },
    Switch {
        name: "stale_reads_ms",
        values: "milliseconds (0)",
        about: "how long a read may miss a write",
        apply: put!(stale_reads_ms, millis),
    },
    Switch {
        name: "update_tables",
        values: "full (the default) or delta",
        about: "whether the tables of an update are the whole set, or additions",
        apply: put!(update_tables: "full" => UpdateTables::Full, "delta" => UpdateTables::Delta),
    },
    Switch {
        name: "both_tables",
        values: "invalid (the default) or selected",
        about: "what `table` beside `selectedTables` means",
        apply: put!(both_tables: "invalid" => BothTables::Invalid, "selected" => BothTables::Selected),
    },
    Switch {
        name: "edition",
        values: "none (the default), basic, standard, professional or enterprise",
        about: "the account's edition: calls a second and a day",
        apply: put!(edition:
            "none" => Edition::Unlimited,
            "basic" => Edition::Basic,
            "standard" => Edition::Standard,
            "professional" => Edition::Professional,
            "enterprise" => Edition::Enterprise),
    },
    Switch {
        name: "auth",
        values: "strict (the default) or lax",
        about: "lax: no signature, key, time or nonce is checked",
        apply: put!(auth: "strict" => Auth::Strict, "lax" => Auth::Lax),
    },
    Switch {
        name: "skew_s",
        values: "seconds (900)",
        about: "how far a request's time may be off",
        apply: put!(skew_ms, seconds),
    },
    Switch {
        name: "default_format",
        values: "xml (the default) or json",
        about: "the answer's format when an HMAC-SHA1 request names none",
        apply: put!(default_format: "xml" => DefaultFormat::Xml, "json" => DefaultFormat::Json),
    },
    Switch {
        name: "max_url_bytes",
        values: "bytes (16384)",
        about: "longer request targets get 414",
        apply: put!(max_url_bytes, number),
    },
    Switch {
        name: "max_body_bytes",
        values: "bytes (16777216)",
        about: "longer bodies get 413",
        apply: put!(max_body_bytes, number),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_set_by_name() {
        let mut settings = Settings::default();
        settings.set("polls", "1").unwrap();
        settings.set("token_retention_s", "60").unwrap();
        settings.set("in_progress", "running").unwrap();
        assert_eq!(settings.polls, 1);
        assert_eq!(settings.token_retention, Span::Ms(60_000));
        assert_eq!(settings.in_progress, InProgress::Running);
    }

    #[test]
    fn a_wrong_name_or_value_is_told() {
        let mut settings = Settings::default();
        assert_eq!(
            settings.set("pols", "1"),
            Err(SwitchError::Unknown("pols".into()))
        );
        let error = settings.set("polls", "-1").unwrap_err().to_string();
        assert_eq!(error, "the switch `polls` takes a number (3), not `-1`");
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn every_default_is_a_value_its_switch_takes() {
        for switch in SWITCHES {
            let default = switch
                .values
                .split_once(" (the default)")
                .map(|(words, _)| words.rsplit([' ', ',']).next().unwrap_or(words))
                .or_else(|| switch.values.split(['(', ')']).nth(1));
            let default = default.expect("each row names its default");
            let mut settings = Settings::default();
            settings.set(switch.name, default).unwrap();
            assert_eq!(settings, Settings::default(), "{}", switch.name);
        }
    }
}
