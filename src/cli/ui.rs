//! The only writer: results to stdout, everything else to stderr.

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, IsTerminal, Write};

use super::args::ColorChoice;
use super::exit::Failure;
use crate::render::{events, safe};

/// What a person or a pipe reads.
#[derive(Debug)]
pub struct Ui {
    color_out: bool,
    color_err: bool,
    progress: bool,
    /// Whether results are lines of JSON, so that problems are told there too.
    events: Cell<bool>,
    /// The first result that could not be written.
    unwritten: RefCell<Option<std::io::Error>>,
}

impl Ui {
    /// Colors as asked for; progress is drawn only where a terminal shows it.
    pub fn new(color: ColorChoice, no_color: bool) -> Self {
        let colored = |terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !no_color,
        };
        let terminal = std::io::stderr().is_terminal();
        Self {
            color_out: colored(std::io::stdout().is_terminal()),
            color_err: colored(terminal),
            progress: terminal,
            events: Cell::new(false),
            unwritten: RefCell::new(None),
        }
    }

    /// Whether results may be colored.
    pub fn color_out(&self) -> bool {
        self.color_out
    }

    /// Whether notes may be colored.
    pub fn color_err(&self) -> bool {
        self.color_err
    }

    /// Whether progress is drawn rather than written line by line.
    pub fn draws_progress(&self) -> bool {
        self.progress
    }

    /// Writes a result. The text is already safe for terminals. A reader that went away has read enough; any other failure is
    /// told when the command ends.
    pub fn result(&self, text: &str) {
        if let Err(error) = write_whole(&mut std::io::stdout().lock(), text)
            && error.kind() != ErrorKind::BrokenPipe
        {
            self.unwritten.borrow_mut().get_or_insert(error);
        }
    }

    /// Why a result could not be written, if one could not.
    pub fn unwritten(&self) -> Option<Failure> {
        let error = self.unwritten.take()?;
        Some(Failure::of(&error).context("the result could not be written"))
    }

    /// Tells problems among the results too, as events.
    pub fn tell_events(&self) {
        self.events.set(true);
    }

    /// Writes events, if they are wanted.
    pub fn event(&self, lines: impl FnOnce() -> String) {
        if self.events.get() {
            self.result(&lines());
        }
    }

    /// Writes a progress line, warning or other note. The text is already safe for terminals.
    pub fn note(&self, text: &str) {
        // There is no other place to tell that this one cannot be written to.
        write_whole(&mut std::io::stderr().lock(), text).ok();
    }

    /// Asks a question whose answer is `yes` or anything else; without a terminal there is no answer.
    pub fn confirm(&self, question: &str) -> Option<bool> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        write_part(&mut std::io::stderr().lock(), question).ok();
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).unwrap_or(0);
        Some(read > 0 && answer.trim() == "yes")
    }

    /// Says why a command stopped.
    pub fn failure(&self, failure: &Failure) {
        self.event(|| {
            let hint = failure.hint.iter().map(|hint| format!("hint: {hint}"));
            let detail: Vec<String> = failure.causes.iter().cloned().chain(hint).collect();
            let level = events::Level::Error;
            events::diagnostic(level, &failure.message, &detail.join("\n"), None, None)
        });
        let (red, bold, reset) = if self.color_err {
            ("\x1b[1;31m", "\x1b[1m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        let mut text = format!(
            "{red}error{reset}{bold}:{reset} {}",
            safe::text(&failure.message)
        );
        for cause in &failure.causes {
            text.push_str(&format!("\n  caused by: {}", safe::text(cause)));
        }
        if let Some(hint) = &failure.hint {
            text.push_str(&format!("\n{bold}hint:{reset} {}", safe::text(hint)));
        }
        self.note(&text);
    }
}

/// Writes a text that ends its line.
fn write_whole(to: &mut impl Write, text: &str) -> std::io::Result<()> {
    write_part(to, text)?;
    if text.ends_with('\n') {
        Ok(())
    } else {
        write_part(to, "\n")
    }
}

fn write_part(to: &mut impl Write, text: &str) -> std::io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}
