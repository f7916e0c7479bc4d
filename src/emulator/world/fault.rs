//! Scripted misbehaviour: which calls are hit, and by what.
//!
//! A [`Rule`] is armed over the admin path, is kept with the world and counts the calls it matches. The same
//! rules over the same calls hit the same ones: a probability draws from the rule's own seed.

use globset::Glob;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::request::Refusal;

/// What happens to a call that is hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// It is refused, with nothing done.
    Error {
        /// The error code; the usual ones imply their status and message.
        code: String,
        /// The HTTP status, for a code that implies none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// Another message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The value of `x-acs-retry-after`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// It fails with HTTP 200, with nothing done.
    InBand {
        /// The message in the body.
        message: String,
    },
    /// The answer takes so long.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection breaks, with nothing done.
    DropBefore,
    /// The connection breaks, with everything done.
    DropAfter,
    /// The connection breaks, and it takes effect only after a time.
    Late {
        /// Milliseconds.
        ms: u32,
    },
    /// Half of the answer arrives.
    Torn,
    /// A read is answered from the world as it was.
    Stale {
        /// Milliseconds.
        ms: u32,
    },
    /// The generation that the call asks for never ends.
    NeverFinish,
    /// The instance that the call is about dies.
    Die {
        /// What the instance says of it.
        message: String,
    },
}

/// Codes that a fault may name without their status.
const CODES: &[(&str, u16, &str)] = &[
    (
        "Throttling.Api",
        429,
        "The request was denied due to the quota of this resource.",
    ),
    (
        "Throttling.User",
        429,
        "Request was denied due to user flow control.",
    ),
    ("Throttling.System", 429, "DataWorks is busy, try later."),
    (
        "Throttling.Api.Risk",
        429,
        "The daily quota of API calls is exceeded.",
    ),
    (
        "Throttling.Resource",
        429,
        "The quota of API calls of the edition is exhausted.",
    ),
    ("InternalError.System", 500, "An internal error occurred."),
    (
        "InternalError.UserId.Missing",
        500,
        "An internal system error occurred.",
    ),
    (
        "InternalError.DI.Parameter",
        500,
        "A DI internal error occurred.",
    ),
    (
        "InternalError",
        500,
        "The request processing has failed due to some unknown error.",
    ),
    (
        "Forbidden.Not.Server",
        500,
        "The API service is not available in this region.",
    ),
    (
        "ServiceUnavailable",
        503,
        "The request has failed due to a temporary failure of the server.",
    ),
    (
        "ResourceNotAuthorized.Api",
        403,
        "You are not authorized to access the resource.",
    ),
    ("Forbidden.Access", 403, "Access is forbidden."),
    ("Forbidden.DI.NoPrivilege", 403, "No access."),
    (
        "Forbidden.RAM",
        403,
        "User not authorized to operate on the specified resource.",
    ),
    (
        "NoPermission",
        403,
        "You are not authorized to do this action.",
    ),
    ("Param.Invalid", 400, "The parameter is invalid."),
    ("Invalid.DI.Parameter", 400, "The parameter is invalid."),
    (
        "Invalid.DI.Parameter.File.Existed",
        400,
        "The file name already exists.",
    ),
    (
        "InvalidSecurityToken.Expired",
        400,
        "Specified SecurityToken is expired.",
    ),
];

impl Fault {
    /// The refusal that an `error` fault stands for.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let Self::Error {
            code,
            status,
            message,
            retry_after_ms,
        } = self
        else {
            return None;
        };
        let known = CODES.iter().find(|(known, _, _)| known == code);
        let status = status.or(known.map(|(_, status, _)| *status))?;
        let words = known.map_or("A scripted fault.", |(_, _, words)| words);
        Some(Refusal {
            status,
            code: code.clone(),
            message: message.clone().unwrap_or_else(|| words.to_owned()),
            retry_after_ms: *retry_after_ms,
        })
    }
}

/// Which calls are hit, by what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The operation's name, or a glob.
    pub operation: String,
    /// The first call hit, counted from 1 since the rule was armed; one call is hit unless `times` says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How likely each call is hit, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What the draws start from.
    #[serde(default)]
    pub seed: u64,
    /// How many calls are hit at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens to them.
    pub fault: Fault,
}

/// A rule that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The operation is no glob.
    #[error("`{0}` is no operation and no glob")]
    Glob(String),
    /// No operation has a name that it matches.
    #[error("no operation is called `{0}`")]
    NoOperation(String),
    /// Both triggers at once.
    #[error("a rule has `nth` or `probability`, not both")]
    TwoTriggers,
    /// Calls are counted from one.
    #[error("`nth` counts from 1")]
    Zeroth,
    /// A probability outside its range.
    #[error("`probability` is between 0 and 1")]
    Probability,
    /// A code of which nobody knows the status.
    #[error("the code `{0}` needs a `status`")]
    Status(String),
    /// A status that is no error.
    #[error("`status` is between 400 and 599")]
    NoError,
}

/// A rule at work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Armed {
    pub(crate) rule: Rule,
    /// Calls it matched.
    pub(crate) seen: u64,
    /// Calls it hit.
    pub(crate) hits: u64,
}

impl Armed {
    pub(crate) fn new(rule: Rule) -> Result<Self, RuleError> {
        let glob = Glob::new(&rule.operation)
            .map_err(|_| RuleError::Glob(rule.operation.clone()))?
            .compile_matcher();
        if !super::operation::names().any(|name| glob.is_match(name)) {
            return Err(RuleError::NoOperation(rule.operation));
        }
        match (rule.nth, rule.probability) {
            (Some(_), Some(_)) => return Err(RuleError::TwoTriggers),
            (Some(0), None) => return Err(RuleError::Zeroth),
            (None, Some(chance)) if !(0.0..=1.0).contains(&chance) => {
                return Err(RuleError::Probability);
            }
            _ => {}
        }
        if let Fault::Error { code, .. } = &rule.fault {
            match rule.fault.refusal() {
                None => return Err(RuleError::Status(code.clone())),
                Some(refusal) if !(400..=599).contains(&refusal.status) => {
                    return Err(RuleError::NoError);
                }
                Some(_) => {}
            }
        }
        Ok(Self {
            rule,
            seen: 0,
            hits: 0,
        })
    }

    pub(crate) fn matches(&self, operation: &str) -> bool {
        self.rule.operation == operation
            || Glob::new(&self.rule.operation)
                .is_ok_and(|glob| glob.compile_matcher().is_match(operation))
    }

    /// Counts a call that it matches, and tells whether it is one to hit.
    pub(crate) fn sees(&mut self) -> bool {
        self.seen += 1;
        let due = match (self.rule.nth, self.rule.probability) {
            (Some(nth), _) => self.seen >= nth,
            (None, Some(chance)) => draw(self.rule.seed, self.seen) < chance,
            (None, None) => true,
        };
        let limit = self.rule.times.or(self.rule.nth.map(|_| 1));
        due && limit.is_none_or(|limit| self.hits < limit)
    }
}

/// A number between 0 and 1 that depends on nothing but the seed and the call's number.
fn draw(seed: u64, number: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armed(rule: serde_json::Value) -> Armed {
        Armed::new(serde_json::from_value(rule).unwrap()).unwrap()
    }

    fn hits(mut rule: Armed, calls: usize) -> Vec<usize> {
        let mut hit = |_: &usize| {
            let hit = rule.sees();
            rule.hits += u64::from(hit);
            hit
        };
        (1..=calls).filter(|call| hit(call)).collect()
    }

    #[test]
    fn the_nth_call_is_hit_once_or_as_often_as_asked() {
        let rule = serde_json::json!({
            "operation": "CreateDISyncTask", "nth": 2, "fault": { "kind": "drop_after" }
        });
        assert_eq!(hits(armed(rule.clone()), 5), [2]);
        let mut twice = rule;
        twice["times"] = 3.into();
        assert_eq!(hits(armed(twice), 5), [2, 3, 4]);
    }

    #[test]
    fn a_probability_hits_the_same_calls_each_time() {
        let rule = serde_json::json!({
            "operation": "*", "probability": 0.25, "seed": 7, "fault": { "kind": "torn" }
        });
        let first = hits(armed(rule.clone()), 400);
        assert_eq!(first, hits(armed(rule), 400));
        assert!((60..140).contains(&first.len()), "{}", first.len());
    }

    #[test]
    fn globs_match_families() {
        let rule = armed(serde_json::json!({
            "operation": "{Create,Delete}DISync*", "fault": { "kind": "delay", "ms": 5 }
        }));
        assert!(rule.matches("CreateDISyncTask") && rule.matches("DeleteDISyncTask"));
        assert!(!rule.matches("GetDISyncTask"));
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let check = |rule: serde_json::Value| {
            Armed::new(serde_json::from_value(rule).unwrap())
                .unwrap_err()
                .to_string()
        };
        let fault = serde_json::json!({ "kind": "torn" });
        assert_eq!(
            check(serde_json::json!({ "operation": "*", "nth": 0, "fault": fault })),
            "`nth` counts from 1"
        );
        assert_eq!(
            check(serde_json::json!({
                "operation": "*", "nth": 1, "probability": 0.5, "fault": fault
            })),
            "a rule has `nth` or `probability`, not both"
        );
        assert_eq!(
            check(serde_json::json!({ "operation": "CreateDISyncTsak", "fault": fault })),
            "no operation is called `CreateDISyncTsak`"
        );
        assert_eq!(
            check(serde_json::json!({
                "operation": "*", "fault": { "kind": "error", "code": "Odd" }
            })),
            "the code `Odd` needs a `status`"
        );
    }

    #[test]
    fn the_usual_codes_know_their_status() {
        let fault: Fault = serde_json::from_value(
            serde_json::json!({ "kind": "error", "code": "Throttling.User" }),
        )
        .unwrap();
        assert_eq!(fault.refusal().unwrap().status, 429);
    }
}
