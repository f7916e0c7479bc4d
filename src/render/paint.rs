//! Colors: ANSI sequences around a text, or the text alone.

use std::fmt::{self, Display};

/// Whether a text is colored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    on: bool,
}

/// A text in its color, written when it is displayed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Painted<T> {
    /// The sequence before the text; empty: no color.
    code: &'static str,
    text: T,
}

impl Paint {
    pub(super) fn new(on: bool) -> Self {
        Self { on }
    }

    fn with<T: Display>(self, code: &'static str, text: T) -> Painted<T> {
        let code = if self.on { code } else { "" };
        Painted { code, text }
    }

    pub(super) fn bold<T: Display>(self, text: T) -> Painted<T> {
        self.with("\x1b[1m", text)
    }

    pub(super) fn dim<T: Display>(self, text: T) -> Painted<T> {
        self.with("\x1b[2m", text)
    }

    pub(super) fn red<T: Display>(self, text: T) -> Painted<T> {
        self.with("\x1b[31m", text)
    }

    pub(super) fn green<T: Display>(self, text: T) -> Painted<T> {
        self.with("\x1b[32m", text)
    }

    pub(super) fn yellow<T: Display>(self, text: T) -> Painted<T> {
        self.with("\x1b[33m", text)
    }

    pub(super) fn cyan<T: Display>(self, text: T) -> Painted<T> {
        self.with("\x1b[36m", text)
    }
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            return self.text.fmt(f);
        }
        f.write_str(self.code)?;
        self.text.fmt(f)?;
        f.write_str("\x1b[0m")
    }
}

/// How many characters of a safe text are seen: all but those of its colors.
pub(super) fn width(text: &str) -> usize {
    let mut parts = text.split("\x1b[");
    let plain = parts.next().map_or(0, |part| part.chars().count());
    let after = parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest));
    plain + after.map(|part| part.chars().count()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::{Paint, width};

    #[test]
    fn colors_are_not_seen() {
        let paint = Paint::new(true);
        assert_eq!(width(&format!("a {} b", paint.red("mmö"))), 7);
        assert_eq!(width("plain"), 5);
    }

    #[test]
    fn a_width_counts_the_text_and_not_its_color() {
        let line = |on| format!("[{:>3}]", Paint::new(on).red("~"));
        assert_eq!(line(false), "[  ~]");
        assert_eq!(line(true), "[\x1b[31m  ~\x1b[0m]");
    }
}
