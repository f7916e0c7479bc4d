//! What happens, as programs follow it: one JSON object a line, with the type names of Terraform's machine-readable UI.
//!
//! An object has no clock of its own; whoever prints it may give the time of the event. What Terraform has no word for sits
//! under `x_syncform`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{json_text, phrase};
use crate::address::Address;
use crate::diff::{Action, Change, ReasonCode};
use crate::execute::{Ended, Outcome, Progress};
use crate::plan::{CallKind, Mode, Op, Plan, Planned};

/// Writes the events of one plan and of its apply.
#[derive(Debug, Clone)]
pub struct Events<'p> {
    plan: &'p Plan,
    changes: BTreeMap<&'p Address, &'p Planned>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// Worth reading.
    Warn,
    /// It stands in the way.
    Error,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl<'p> Events<'p> {
    /// The events of this plan.
    pub fn of(plan: &'p Plan) -> Self {
        let by_address = |planned: &'p Planned| (&planned.change.address, planned);
        let changes = plan.changes.iter().map(by_address).collect();
        Self { plan, changes }
    }

    /// The plan: drift, every change, what is withheld, and the counts.
    pub fn planned(&self, now: Option<Timestamp>) -> String {
        let left_behind = phrase::left_behind(self.plan).map(|planned| &planned.change.address);
        let left_behind: BTreeSet<&Address> = left_behind.collect();
        let mut lines = String::new();
        for drift in &self.plan.drift {
            lines.push_str(&self.drift(&drift.address, &drift.differences, now));
        }
        for planned in &self.plan.changes {
            let change = &planned.change;
            lines.push_str(&match &change.withheld {
                None => planned_change(planned, now),
                Some(withheld) => {
                    let level = match left_behind.contains(&change.address) {
                        true => Level::Warn,
                        false => Level::Error,
                    };
                    let detail = format!("{}; instead: {}", withheld.why, withheld.instead);
                    let summary = format!("{} is withheld", change.action.as_str());
                    diagnostic(level, &summary, &detail, Some(&change.address), now)
                }
            });
        }
        lines + &self.plan_summary(now)
    }

    fn drift(&self, address: &Address, differences: &[String], now: Option<Timestamp>) -> String {
        let change = self.changes.get(address).map(|planned| &planned.change);
        let gone = change.is_some_and(|change| {
            change.reason.code == ReasonCode::Vanished || change.action == Action::Forget
        });
        let action = if gone { "delete" } else { "update" };
        let message = format!(
            "{address}: changed outside of syncform: {}",
            differences.join("; ")
        );
        let body = json!({
            "change": { "resource": resource(address), "action": action },
            "x_syncform": { "differences": differences },
        });
        event(Level::Info, &message, "resource_drift", body, now)
    }

    fn plan_summary(&self, now: Option<Timestamp>) -> String {
        let carried_out = self
            .plan
            .changes
            .iter()
            .filter(|p| p.change.withheld.is_none());
        let operation = match self.plan.mode {
            Mode::Destroy => "destroy",
            Mode::Apply | Mode::RefreshOnly => "plan",
        };
        let message = if self.plan.is_empty() {
            phrase::nothing(self.plan)
        } else {
            format!("Plan: {}.", phrase::action_counts(self.plan))
        };
        summary(
            &message,
            operation,
            carried_out.map(|p| p.change.action),
            now,
        )
    }

    /// One thing that happened during an apply.
    pub fn progress(&self, progress: &Progress, now: Option<Timestamp>) -> String {
        match progress {
            Progress::Started { address, action } => {
                let message = format!("{address}: {}…", phrase::doing(*action));
                self.hook(
                    Level::Info,
                    &message,
                    "apply_start",
                    address,
                    json!({}),
                    now,
                )
            }
            Progress::Step {
                address,
                op,
                attempt,
            } => {
                let message = format!("{address}: {}", op.as_str());
                let ours = json!({ "step": op.as_str(), "attempt": attempt });
                self.hook(Level::Info, &message, "apply_progress", address, ours, now)
            }
            Progress::Complete { address, action } => {
                let message = format!("{address}: {}", phrase::done(*action));
                self.hook(
                    Level::Info,
                    &message,
                    "apply_complete",
                    address,
                    json!({}),
                    now,
                )
            }
            Progress::Failed {
                address,
                op,
                failure,
            } => {
                let message = format!("{address}: failed at {}", op.as_str());
                let ours = json!({ "step": op.as_str() });
                let errored =
                    self.hook(Level::Error, &message, "apply_errored", address, ours, now);
                let hint = failure.hint().map(|hint| format!("\nhint: {hint}"));
                let detail = format!("{failure}{}", hint.unwrap_or_default());
                let summary = format!("{} failed at {}", self.word(address), op.as_str());
                errored + &diagnostic(Level::Error, &summary, &detail, Some(address), now)
            }
            Progress::Stopping => {
                let detail = "the calls on their way are finished first, nothing new begins; once more stops at once";
                diagnostic(Level::Warn, "interrupted", detail, None, now)
            }
            Progress::Skipped { address, because } => {
                let detail = format!("it waits for `{because}`, which failed");
                let summary = format!("{} was skipped", self.word(address));
                diagnostic(Level::Warn, &summary, &detail, Some(address), now)
            }
        }
    }

    /// What an apply came to.
    pub fn outcome(&self, outcome: &Outcome, now: Option<Timestamp>) -> String {
        let mut lines = String::new();
        let early = match outcome.ended {
            Ended::Complete | Ended::Partial => None,
            Ended::QuotaSpent => Some((Level::Error, "the account has no API calls left for now")),
            Ended::Interrupted => Some((Level::Warn, "the run was interrupted")),
        };
        if let Some((level, detail)) = early {
            lines.push_str(&diagnostic(level, "the run ended early", detail, None, now));
        }
        let operation = match self.plan.mode {
            Mode::Destroy => "destroy",
            Mode::Apply | Mode::RefreshOnly => "apply",
        };
        let did = phrase::did(self.plan.mode);
        let message = format!("{did}: {}.", phrase::outcome_counts(outcome));
        let done = outcome.complete.iter().map(|(_, action)| *action);
        lines + &summary(&message, operation, done, now)
    }

    fn word(&self, address: &Address) -> &'static str {
        self.changes
            .get(address)
            .map_or("apply", |planned| planned.change.action.as_str())
    }

    fn hook(
        &self,
        level: Level,
        message: &str,
        kind: &str,
        address: &Address,
        mut ours: Value,
        now: Option<Timestamp>,
    ) -> String {
        let mut hook = json!({ "resource": resource(address) });
        if let Some(planned) = self.changes.get(address) {
            hook["action"] = json!(terraform(planned.change.action));
            ours["action"] = json!(planned.change.action);
        }
        let body = json!({ "hook": hook, "x_syncform": ours });
        event(level, message, kind, body, now)
    }
}

/// Something to say about the input, the plan or the run.
pub fn diagnostic(
    level: Level,
    summary: &str,
    detail: &str,
    address: Option<&Address>,
    now: Option<Timestamp>,
) -> String {
    let severity = match level {
        Level::Info | Level::Warn => "warning",
        Level::Error => "error",
    };
    let mut diagnostic = json!({ "severity": severity, "summary": summary, "detail": detail });
    if let Some(address) = address {
        diagnostic["address"] = json!(address);
    }
    diagnosed(diagnostic, now)
}

/// A diagnostic in the form of [`super::diagnostics_json`] as an event.
pub fn diagnosed(diagnostic: Value, now: Option<Timestamp>) -> String {
    let level = match diagnostic["severity"].as_str() {
        Some("error") => Level::Error,
        _ => Level::Warn,
    };
    let summary = diagnostic["summary"].as_str().unwrap_or_default();
    let message = match diagnostic["address"].as_str() {
        Some(address) => format!("{address}: {summary}"),
        None => summary.to_owned(),
    };
    event(
        level,
        &message,
        "diagnostic",
        json!({ "diagnostic": diagnostic }),
        now,
    )
}

fn planned_change(planned: &Planned, now: Option<Timestamp>) -> String {
    let Change {
        address,
        action,
        effect,
        reason,
        ..
    } = &planned.change;
    let message = format!("{address}: plan to {}", action.as_str());
    let steps: Vec<&str> = phrase::ops(planned).map(Op::as_str).collect();
    let body = json!({
        "change": { "resource": resource(address), "action": terraform(*action) },
        "x_syncform": {
            "action": action,
            "effect": effect,
            "reason_code": reason.code,
            "source": reason.location,
            "steps": steps,
            "api_calls": {
                "read": planned.calls(CallKind::Read),
                "write": planned.calls(CallKind::Write),
            },
        },
    });
    event(Level::Info, &message, "planned_change", body, now)
}

/// Terraform's word for an action.
fn terraform(action: Action) -> &'static str {
    match action {
        Action::Delete => "delete",
        Action::Forget => "remove",
        Action::Create => "create",
        Action::Adopt => "import",
        Action::Replace => "replace",
        Action::Update | Action::Restart | Action::Start | Action::Stop => "update",
    }
}

/// Counts as Terraform makes them: a replaced object is both added and removed. What is started or stopped is both changed
/// and acted on, as in the plan's document.
fn summary(
    message: &str,
    operation: &str,
    actions: impl Iterator<Item = Action>,
    now: Option<Timestamp>,
) -> String {
    let (mut add, mut change, mut import, mut remove, mut invocations) = (0, 0, 0, 0, 0);
    let mut ours = BTreeMap::<Action, usize>::new();
    for action in actions {
        *ours.entry(action).or_default() += 1;
        match action {
            Action::Delete => remove += 1,
            Action::Forget => {}
            Action::Create => add += 1,
            Action::Adopt => import += 1,
            Action::Replace => (add, remove) = (add + 1, remove + 1),
            Action::Update => change += 1,
            Action::Restart | Action::Start | Action::Stop => {
                (change, invocations) = (change + 1, invocations + 1);
            }
        }
    }
    let body = json!({
        "changes": {
            "add": add,
            "change": change,
            "import": import,
            "remove": remove,
            "action_invocation": invocations,
            "operation": operation,
        },
        "x_syncform": { "actions": ours },
    });
    event(Level::Info, message, "change_summary", body, now)
}

fn resource(address: &Address) -> Value {
    json!({
        "addr": address,
        "module": "",
        "resource": address,
        "implied_provider": "syncform",
        "resource_type": address.kind.as_str(),
        "resource_name": address.label,
        "resource_key": address.key,
    })
}

fn event(level: Level, message: &str, kind: &str, body: Value, now: Option<Timestamp>) -> String {
    let mut event = json!({
        "@level": level.as_str(),
        "@message": message,
        "@module": "syncform",
    });
    if let Some(now) = now {
        event["@timestamp"] = json!(now);
    }
    event["type"] = json!(kind);
    if let (Value::Object(event), Value::Object(body)) = (&mut event, body) {
        event.extend(body);
    }
    json_text::line(&event)
}
