//! Text of others in a comment: read as text, never as markup, and it calls nobody.

use std::fmt::Write;

use super::super::safe;

/// A name or a place, as code. Code spans keep everything but backticks; a table takes pipes and backslashes apart even
/// there, so that a text with one of these is spelled in entities.
pub(super) fn code(text: &str) -> String {
    let text = safe::line(text);
    let plain = !text.contains(['`', '|', '\\'])
        && !text.trim().is_empty()
        && !text.starts_with(' ')
        && !text.ends_with(' ');
    if plain {
        return format!("`{text}`");
    }
    let mut out = String::from("<code>");
    for c in text.chars() {
        push(&mut out, c, c.is_ascii_punctuation());
    }
    out.push_str("</code>");
    out
}

/// A sentence. What it has between backticks is code; markup, links, emoji and mentions in it are spelled out.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let parts = parts.into_iter().enumerate();
    let part = |(i, part): (usize, &str)| if i % 2 == 1 { code(part) } else { plain(part) };
    parts.map(part).collect()
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in safe::line(text).chars() {
        match c {
            // An entity alone would still be a mention once it is decoded; a comment parts the sign from the name.
            '@' | '#' => {
                push(&mut out, c, true);
                out.push_str("<!-- -->");
            }
            // A link without a scheme.
            '.' if out.len() >= 3
                && out[out.floor_char_boundary(out.len() - 3)..].eq_ignore_ascii_case("www") =>
            {
                push(&mut out, c, true);
            }
            _ => push(
                &mut out,
                c,
                c.is_ascii_punctuation() && !" .,;()'\"/-?%+=".contains(c),
            ),
        }
    }
    out
}

fn push(out: &mut String, c: char, as_entity: bool) {
    if as_entity {
        write!(out, "&#{};", u32::from(c)).expect("a string takes all");
    } else {
        out.push(c);
    }
}

/// A fence that none of the texts can close.
pub(super) fn fence(texts: &[String]) -> String {
    let longest = texts
        .iter()
        .flat_map(|text| text.split(|c| c != '`'))
        .map(str::len)
        .max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::{code, fence, prose};

    #[test]
    fn names_are_code_whatever_they_hold() {
        assert_eq!(code("task.orders[\"00\"]"), "`task.orders[\"00\"]`");
        assert_eq!(code("<img src=x>"), "`<img src=x>`");
        assert_eq!(code("a`b|c\\"), "<code>a&#96;b&#124;c&#92;</code>");
        assert_eq!(code("a\nb"), "<code>a&#92;nb</code>");
        assert_eq!(code(""), "<code></code>");
    }

    #[test]
    fn sentences_are_text_and_call_nobody() {
        assert_eq!(prose("it is `x`, not *y*"), "it is `x`, not &#42;y&#42;");
        assert_eq!(prose("`a|b` c`"), "&#96;a&#124;b&#96; c&#96;");
        assert_eq!(prose("`a|b` c"), "<code>a&#124;b</code> c");
        assert_eq!(prose("<b>|#1"), "&#60;b&#62;&#124;&#35;<!-- -->1");
        assert_eq!(prose("@all http://x"), "&#64;<!-- -->all http&#58;//x");
        assert_eq!(prose("see www.x.y"), "see www&#46;x.y");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fence(&[]), "```");
        assert_eq!(fence(&["a ```` b".to_owned(), "`".to_owned()]), "`````");
    }
}
