//! Text that a terminal may show: what others wrote, without what would steer a terminal.

use std::borrow::Cow;

/// The text with control characters and direction overrides made visible; line breaks and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

/// The same for a single line: line breaks and tabs are made visible too.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let steers = |c: char| steers(c) && !keep(c);
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether a character does something to a terminal or to its neighbours instead of being seen.
pub(super) fn steers(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Characters that change how their neighbours are shown: direction marks and overrides, zero-width characters, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
        | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::{line, text};

    #[test]
    fn what_steers_a_terminal_is_made_visible() {
        assert_eq!(text("a\x1b[31mb\tc\n"), "a\\u{1b}[31mb\tc\n");
        assert_eq!(line("a\nb"), "a\\nb");
        assert_eq!(text("x\u{202E}y\u{9b}z"), "x\\u{202e}y\\u{9b}z");
        assert!(matches!(
            text("数据集成 plain"),
            std::borrow::Cow::Borrowed(_)
        ));
    }
}
