//! A manifest's text as it may be shown: secrets masked, control characters made visible.
//!
//! Masking works on the text itself, since it must also hold where the text is not valid TOML: whatever is assigned to
//! a key that sounds like a secret is replaced, besides the places that diagnostics ask to hide.

use std::ops::Range;

use super::safe;

/// What stands for a secret: always the same, so that not even its length is told.
const MASK: &str = "***";

/// A shown text, and where each place of the original went.
pub(super) struct Excerpt {
    /// The text to show.
    pub(super) text: String,
    /// Each replaced range, with the range that stands for it.
    replaced: Vec<(Range<usize>, Range<usize>)>,
}

impl Excerpt {
    /// Prepares a whole file; `hidden` are ranges to mask besides those that look like secrets.
    pub(super) fn new(original: &str, hidden: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut masked = secrets(original);
        masked.extend(hidden);
        masked.sort_by_key(|range| (range.start, range.end));
        let mut excerpt = Self {
            text: String::with_capacity(original.len()),
            replaced: Vec::new(),
        };
        let mut done = 0;
        for range in masked {
            let range = inner(original, range);
            // Ranges may lie within one another: what is masked stays so.
            let start = range.start.max(done);
            if start >= range.end {
                continue;
            }
            excerpt.copy(original, done..start);
            // Line breaks stay, so that lines keep their numbers.
            let breaks = original[start..range.end].matches('\n').count();
            let mask = MASK.to_owned() + &"\n".repeat(breaks);
            excerpt.replace(start..range.end, &mask);
            done = range.end;
        }
        excerpt.copy(original, done..original.len());
        excerpt
    }

    /// Where a place of the original is shown.
    pub(super) fn range(&self, original: Range<usize>) -> Range<usize> {
        self.start(original.start)..self.end(original.end)
    }

    fn start(&self, offset: usize) -> usize {
        match self.last_before(offset) {
            Some((from, to)) if offset < from.end => to.start,
            Some((from, to)) => to.end + (offset - from.end),
            None => offset,
        }
    }

    fn end(&self, offset: usize) -> usize {
        match self.last_before(offset) {
            Some((from, to)) if offset < from.end && offset > from.start => to.end,
            _ => self.start(offset),
        }
    }

    /// The last replacement that begins at or before a place.
    fn last_before(&self, offset: usize) -> Option<&(Range<usize>, Range<usize>)> {
        let after = self
            .replaced
            .partition_point(|(from, _)| from.start <= offset);
        self.replaced[..after].last()
    }

    fn copy(&mut self, original: &str, range: Range<usize>) {
        let part = &original[range.clone()];
        let mut kept = 0;
        for (i, c) in part.char_indices() {
            let next = i + c.len_utf8();
            let shown = match c {
                ' '..='~' | '\n' | '\t' => continue,
                // A line break of Windows is a line break.
                '\r' if part[next..].starts_with('\n') => "".into(),
                _ => safe::text(&part[i..next]),
            };
            if shown != part[i..next] {
                self.text.push_str(&part[kept..i]);
                self.replace(range.start + i..range.start + next, &shown);
                kept = next;
            }
        }
        self.text.push_str(&part[kept..]);
    }

    fn replace(&mut self, original: Range<usize>, shown: &str) {
        let start = self.text.len();
        self.text.push_str(shown);
        self.replaced.push((original, start..self.text.len()));
    }
}

/// A string's range without its quotes, which may stay.
fn inner(text: &str, range: Range<usize>) -> Range<usize> {
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        let whole = &text[range.clone()];
        if whole.len() >= 2 * quote.len() && whole.starts_with(quote) && whole.ends_with(quote) {
            return range.start + quote.len()..range.end - quote.len();
        }
    }
    range
}

/// Every value that seems to be given to a name which sounds like a secret.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut header_is_secret = false;
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            header_is_secret = names(line)
                .last()
                .is_some_and(|name| sounds_secret(&line[name]));
        }
        for name in names(line) {
            let word = &line[name.clone()];
            let within_secret = header_is_secret && !HARMLESS.contains(&word);
            if (sounds_secret(word) || within_secret)
                && let Some(after) = assigned(&line[name.end..])
            {
                found.extend(value(text, line_start + name.end + after));
            }
        }
        line_start += line.len();
    }
    found
}

/// What the table of a secret, or of a variable that is named like one, may have in plain sight.
const HARMLESS: [&str; 5] = ["env", "file", "command", "description", "type"];

/// The ranges of a line's words.
fn names(line: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + line[from..].find(is_name)?;
        let end = line[start..]
            .find(|c| !is_name(c))
            .map_or(line.len(), |length| start + length);
        from = end;
        Some(start..end)
    })
}

/// Where the value begins in what follows a name; with `:` instead of `=`, or neither, it is no TOML, but may be meant.
fn assigned(after: &str) -> Option<usize> {
    let unquoted = after.strip_prefix(['"', '\'']).unwrap_or(after);
    let rest = unquoted.trim_start_matches([' ', '\t']);
    let begin = after.len() - rest.len();
    match rest.chars().next()? {
        '=' | ':' => Some(begin + 1),
        '"' | '\'' => Some(begin),
        _ => None,
    }
}

/// Whether a name is that of a secret, or of one mistyped.
fn sounds_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect();
    let parts = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "accesskey",
        "credential",
        "token",
    ];
    let near = |word: &str| plain.len() > 5 && strsim::damerau_levenshtein(&plain, word) <= 2;
    parts.iter().any(|part| plain.contains(part))
        || matches!(plain.as_str(), "pwd" | "pass" | "passw")
        || near("password")
        || near("accesskey")
}

/// The value that begins at or after a place, unless it is a reference to a secret.
///
/// Where the text is broken, too much is masked rather than too little.
fn value(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text[from..].trim_start_matches([' ', '\t']);
    let start = text.len() - rest.len();
    let line = rest.find('\n').unwrap_or(rest.len());
    let length = match rest.chars().next()? {
        '"' | '\'' => {
            let length = quoted(rest);
            let next = rest[length..]
                .trim_start_matches([' ', '\t'])
                .chars()
                .next();
            // A string that goes on behind its quote had a quote within it.
            match next {
                None | Some('\n' | '\r' | ',' | '}' | ']' | '#') => length,
                Some(_) => line.max(length),
            }
        }
        '{' => {
            let length = bracketed(rest);
            if is_reference(&rest[..length]) {
                return None;
            }
            length
        }
        '[' => bracketed(rest),
        _ => line,
    };
    (length > 0).then_some(start..start + length)
}

/// The length of the string that a text begins with: to its closing quote, else to the end of the line, or of the text
/// if the string may go over lines.
fn quoted(text: &str) -> usize {
    for quote in ["\"\"\"", "'''"] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner
                .find(quote)
                .map_or(text.len(), |end| end + 2 * quote.len());
        }
    }
    let mut chars = text.char_indices();
    let Some((_, quote)) = chars.next() else {
        return 0;
    };
    while let Some((i, c)) = chars.next() {
        match c {
            '\n' => return i,
            '\\' if quote == '"' => {
                chars.next();
            }
            c if c == quote => return i + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the list or table that a text begins with; all of the text if it is not closed.
fn bracketed(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' => {
                at += quoted(&text[at..]);
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        at += c.len_utf8();
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Whether a table says nothing but where a secret is to be found.
fn is_reference(table: &str) -> bool {
    let mut keys = 0;
    for name in names(table) {
        let assigns = assigned(&table[name.end..]).is_some();
        if assigns && !HARMLESS[..3].contains(&&table[name]) {
            return false;
        }
        keys += usize::from(assigns);
    }
    keys > 0
}

#[cfg(test)]
mod tests {
    use super::Excerpt;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        Excerpt::new(text, []).text
    }

    #[test]
    fn secrets_are_masked_even_in_what_is_not_toml() {
        let cases = [
            ("password = \"hunter2\"\n", "password = \"***\"\n"),
            ("password = 'hunter2' # x\n", "password = '***' # x\n"),
            (
                "password = \"hunter2\nuser = \"x\"",
                "password = ***\nuser = \"x\"",
            ),
            (
                "a = { accessKey = \"hunter2\", b = 1 }",
                "a = { accessKey = \"***\", b = 1 }",
            ),
            ("access_key=hunter2\n", "access_key=***\n"),
            ("\"password\" = \"hun\\\"ter2\"", "\"password\" = \"***\""),
            ("passwrod = \"hunter2\"", "passwrod = \"***\""),
            (
                "password = \"\"\"\nhunter2\n\"\"\"\nx = 1",
                "password = \"\"\"***\n\n\"\"\"\nx = 1",
            ),
            (
                "password = [\n\"hunter2\"]\nx = 1",
                "password = ***\n\nx = 1",
            ),
            (
                "a = { password = { value = \"hun}ter2\" }, b = 1 }",
                "a = { password = ***, b = 1 }",
            ),
            (
                "password = \"x\"hunter2\"\nb = 1",
                "password = \"***\"\nb = 1",
            ),
            ("password: \"hunter2\"", "password: \"***\""),
            ("password \"hunter2\"", "password \"***\""),
            (
                "[a.content.password]\nplain = \"hunter2\"",
                "[a.content.password]\nplain = \"***\"",
            ),
            (
                "[a.content.password]\nenv = \"NAME\"",
                "[a.content.password]\nenv = \"NAME\"",
            ),
            ("# password = \"hunter2\"", "# password = \"***\""),
            (
                "[variables.mysql_password]\ndefault = \"hunter2\"\n",
                "[variables.mysql_password]\ndefault = \"***\"\n",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected);
            assert!(!shown(text).contains("unter2"));
        }
    }

    #[test]
    fn references_to_secrets_and_other_keys_are_shown() {
        for text in [
            "password = { env = \"MYSQL_PASSWORD\" }",
            "password = { command = [\"pass\", \"show\"] }",
            "password = { env = \"MYSQL_PASSWORD\", file = \"x\" }",
            "username = \"sync\"",
            "primary_key = [\"id\"]",
            "accessId = \"LTAI\"",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn places_follow_what_was_replaced() {
        let text = "a = \"\u{202e}\" # x\r\npassword = \"hunter2\"\nb = 2\n";
        let excerpt = Excerpt::new(text, []);
        let find = |what: &str| {
            let start = text.find(what).unwrap();
            &excerpt.text[excerpt.range(start..start + what.len())]
        };
        assert_eq!(find("\"\u{202e}\""), "\"\\u{202e}\"");
        assert_eq!(find("\"hunter2\""), "\"***\"");
        assert_eq!(find("b = 2"), "b = 2");
        assert!(!excerpt.text.contains('\r'));
    }

    proptest! {
        #[test]
        fn any_text_and_any_ranges_can_be_shown(
            text in "([a-z=\"'\\[\\]{}#, \n\\\\é\u{1b}]|password){0,60}",
            ranges in prop::collection::vec((0_usize..80, 0_usize..20), 0..4),
        ) {
            let ranges: Vec<_> = ranges
                .into_iter()
                .map(|(start, len)| {
                    let start = text.floor_char_boundary(start.min(text.len()));
                    start..text.floor_char_boundary((start + len).min(text.len()))
                })
                .collect();
            let excerpt = Excerpt::new(&text, ranges.clone());
            for range in ranges {
                let shown = excerpt.range(range);
                prop_assert!(shown.start <= shown.end && shown.end <= excerpt.text.len());
                prop_assert!(excerpt.text.get(shown).is_some());
            }
        }
    }
}
