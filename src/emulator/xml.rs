//! Answers as XML, for callers that ask for it: `<ActionResponse>` around the same tree, `<Error>` around an error.
//!
//! A list is its element repeated; null is left out.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::Value;

/// The document for an answer to `action`.
pub(crate) fn render(action: &str, body: &Value) -> String {
    let root = if body.get("Code").is_some() {
        "Error".to_owned()
    } else {
        format!("{}Response", element_name(action))
    };
    let mut writer = Writer::new(Vec::new());
    put(
        &mut writer,
        Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)),
    );
    write(&mut writer, &root, body);
    String::from_utf8(writer.into_inner()).expect("the writer was given text only")
}

fn write(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for item in items {
                write(writer, name, item);
            }
        }
        Value::Object(fields) => {
            put(writer, Event::Start(BytesStart::new(name)));
            for (key, value) in fields {
                write(writer, &element_name(key), value);
            }
            put(writer, Event::End(BytesEnd::new(name)));
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            put(writer, Event::Start(BytesStart::new(name)));
            put(writer, Event::Text(BytesText::new(&printable(&text))));
            put(writer, Event::End(BytesEnd::new(name)));
        }
    }
}

fn put(writer: &mut Writer<Vec<u8>>, event: Event<'_>) {
    writer
        .write_event(event)
        .expect("memory does not fail to be written");
}

/// A key of a map may be anything; the name of an element may not.
fn element_name(key: &str) -> String {
    let name: String = key
        .chars()
        .map(|one| {
            if one.is_ascii_alphanumeric() || "_-.".contains(one) {
                one
            } else {
                '_'
            }
        })
        .collect();
    if name.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_') {
        name
    } else {
        format!("_{name}")
    }
}

/// XML has no way to write most control characters, not even escaped.
fn printable(text: &str) -> String {
    text.chars()
        .map(|one| match one {
            '\t' | '\n' | '\r' => one,
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            one if one.is_control() && one < '\u{20}' => '\u{fffd}',
            one => one,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_the_same_tree() {
        let body = json!({
            "Success": true,
            "Data": { "Files": [{ "FileId": 1 }, { "FileId": 2 }], "Message": null },
            "RequestId": "a<b",
        });
        assert_eq!(
            render("ListFiles", &body),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListFilesResponse><Success>true</Success><Data>\
             <Files><FileId>1</FileId></Files><Files><FileId>2</FileId></Files></Data>\
             <RequestId>a&lt;b</RequestId></ListFilesResponse>"
        );
    }

    #[test]
    fn an_error_has_its_own_root() {
        let text = render("GetDISyncTask", &json!({ "Code": "X", "Message": "\u{1}" }));
        assert!(
            text.ends_with("<Error><Code>X</Code><Message>\u{fffd}</Message></Error>"),
            "{text}"
        );
    }

    #[test]
    fn no_name_breaks_the_document() {
        assert_eq!(element_name("1 <a>"), "_1__a_");
        assert_eq!(element_name(""), "_");
    }
}
