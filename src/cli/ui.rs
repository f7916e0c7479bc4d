//! The only writer: results to stdout, everything else to stderr.

use std::io::{IsTerminal, Write};

use super::args::ColorChoice;
use super::exit::Failure;
use crate::render::safe;

/// What a person or a pipe reads.
#[derive(Debug)]
pub struct Ui {
    color_out: bool,
    color_err: bool,
    progress: bool,
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

    /// Writes a result. The text is already safe for terminals.
    pub fn result(&self, text: &str) {
        write_whole(&mut std::io::stdout().lock(), text);
    }

    /// Writes a progress line, warning or other note. The text is already safe for terminals.
    pub fn note(&self, text: &str) {
        write_whole(&mut std::io::stderr().lock(), text);
    }

    /// Asks a question whose answer is `yes` or anything else; without a terminal there is no answer.
    pub fn confirm(&self, question: &str) -> Option<bool> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        write_part(&mut std::io::stderr().lock(), question);
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).unwrap_or(0);
        Some(read > 0 && answer.trim() == "yes")
    }

    /// Says why a command stopped.
    pub fn failure(&self, failure: &Failure) {
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

/// Writes a text that ends its line. A reader that went away is no reason to fail or to panic.
fn write_whole(to: &mut impl Write, text: &str) {
    write_part(to, text);
    if !text.ends_with('\n') {
        to.write_all(b"\n").ok();
    }
}

fn write_part(to: &mut impl Write, text: &str) {
    to.write_all(text.as_bytes()).and_then(|()| to.flush()).ok();
}
