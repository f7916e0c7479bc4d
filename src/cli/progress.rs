//! Progress of an apply: drawn on a terminal, plain lines otherwise, JSON lines when asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;
use crate::address::Address;
use crate::clock::{Clock, SystemClock};
use crate::execute;
use crate::plan::Plan;
use crate::render::{apply_text, events::Events, safe};

/// Shows what happens, as it happens.
pub(super) struct Progress<'c> {
    context: &'c Context,
    form: Form<'c>,
}

enum Form<'p> {
    Json(Events<'p>),
    Lines,
    Drawn(Drawn),
}

/// A bar for the whole, and a line for each change that is at work.
struct Drawn {
    all: MultiProgress,
    bar: ProgressBar,
    at_work: BTreeMap<Address, ProgressBar>,
}

impl<'c> Progress<'c> {
    pub(super) fn new(context: &'c Context, plan: &'c Plan, json: bool) -> Self {
        let form = if json {
            let events = Events::of(plan);
            context.ui.result(&events.planned(Some(SystemClock.now())));
            Form::Json(events)
        } else if context.ui.draws_progress() {
            Form::Drawn(Drawn::new(plan))
        } else {
            Form::Lines
        };
        Self { context, form }
    }

    pub(super) fn show(&mut self, what: &execute::Progress) {
        let line = apply_text::progress_line(what, self.context.global.verbose);
        match &mut self.form {
            Form::Json(events) => {
                let lines = events.progress(what, Some(SystemClock.now()));
                if !lines.is_empty() {
                    self.context.ui.result(&lines);
                }
            }
            Form::Lines => {
                if let Some(line) = line {
                    self.context.ui.note(&line);
                }
            }
            Form::Drawn(drawn) => drawn.show(what, line),
        }
    }

    /// Takes away what was drawn.
    pub(super) fn end(self) {
        if let Form::Drawn(drawn) = self.form {
            for spinner in drawn.at_work.values() {
                spinner.finish_and_clear();
            }
            drawn.bar.finish_and_clear();
        }
    }
}

impl Drawn {
    fn new(plan: &Plan) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let changes = plan
            .changes
            .iter()
            .filter(|planned| !planned.steps.is_empty())
            .count();
        let bar = all.add(ProgressBar::new(changes as u64));
        let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} changes, {elapsed}");
        bar.set_style(style.expect("the template is a constant"));
        bar.enable_steady_tick(Duration::from_millis(250));
        Self {
            all,
            bar,
            at_work: BTreeMap::new(),
        }
    }

    fn show(&mut self, what: &execute::Progress, line: Option<String>) {
        match what {
            execute::Progress::Started { address, action } => {
                let spinner = self
                    .all
                    .insert_before(&self.bar, ProgressBar::new_spinner());
                spinner.set_prefix(safe::line(&address.to_string()).into_owned());
                let style = ProgressStyle::with_template("  {prefix}: {msg}");
                spinner.set_style(style.expect("the template is a constant"));
                spinner.set_message(action.as_str());
                self.at_work.insert(address.clone(), spinner);
            }
            execute::Progress::Step { address, op, .. } => {
                if let Some(spinner) = self.at_work.get(address) {
                    spinner.set_message(op.as_str());
                }
            }
            execute::Progress::Stopping => {
                if let Some(line) = line {
                    self.all.println(line).ok();
                }
            }
            execute::Progress::Complete { address, .. }
            | execute::Progress::Failed { address, .. }
            | execute::Progress::Skipped { address, .. } => {
                if let Some(spinner) = self.at_work.remove(address) {
                    spinner.finish_and_clear();
                }
                self.bar.inc(1);
                if let Some(line) = line {
                    self.all.println(line).ok();
                }
            }
        }
    }
}
