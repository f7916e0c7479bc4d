//! JSON as text that a terminal may show: the same values, with what would steer a terminal written as escapes.

use std::fmt::Write;

use serde_json::Value;

use super::safe;

/// A document over several lines, with a line break at its end.
pub fn document(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("a value has a JSON form");
    let mut text = escape(&text);
    text.push('\n');
    text
}

/// A value on one line, with a line break at its end.
pub fn line(value: &Value) -> String {
    let mut text = escape(&value.to_string());
    text.push('\n');
    text
}

/// What steers a terminal can only be within a string, where JSON has escapes for it.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && safe::steers(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a string takes all");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{document, line};
    use serde_json::{Value, json};

    #[test]
    fn what_steers_a_terminal_is_escaped_and_means_the_same() {
        let value = json!({ "a\u{9b}": "\u{202e}\u{e0001}\u{1b}数据\n" });
        let text = line(&value);
        assert_eq!(
            text,
            "{\"a\\u009b\":\"\\u202e\\udb40\\udc01\\u001b数据\\n\"}\n"
        );
        assert_eq!(
            serde_json::from_str::<Value>(&document(&value)).unwrap(),
            value
        );
    }
}
