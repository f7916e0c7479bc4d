//! Long lists on several lines.

use std::fmt::{self, Write};

use super::paint;

/// Lines are broken so that they fit beside an editor.
const WIDTH: usize = 100;

/// Writes items one after the other, on as many lines as they need. An item that is longer than a line is not cut.
pub(super) fn wrapped(
    out: &mut String,
    first: &str,
    rest: &str,
    items: impl Iterator<Item = String>,
    separator: &str,
) -> fmt::Result {
    let mut width = paint::width(first);
    out.write_str(first)?;
    let mut items = items.peekable();
    let mut begins = true;
    while let Some(item) = items.next() {
        let end = if items.peek().is_some() {
            separator
        } else {
            ""
        };
        let length = paint::width(&item);
        if !begins && width + length + end.trim_end().chars().count() > WIDTH {
            out.truncate(out.trim_end_matches(' ').len());
            write!(out, "\n{rest}")?;
            width = paint::width(rest);
        }
        write!(out, "{item}{end}")?;
        width += length + end.chars().count();
        begins = false;
    }
    out.write_char('\n')
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_line_breaks_before_the_item_that_does_not_fit() {
        let mut out = String::new();
        let items = ["a".repeat(60), "b".repeat(60), "c".to_owned()];
        wrapped(&mut out, "x ", "  ", items.into_iter(), ", ").unwrap();
        let expected = format!("x {},\n  {}, c\n", "a".repeat(60), "b".repeat(60));
        assert_eq!(out, expected);
    }
}
