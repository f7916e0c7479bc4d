//! Bodies of failed requests: JSON in either letter case, XML, or something that no API wrote.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use super::lenient::{integer, member, word};

/// What an error body says, as far as it says it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    /// `Code`, or `ErrorCode` of the file operations.
    pub(super) code: Option<String>,
    /// `Message`, or `ErrorMessage`.
    pub(super) message: Option<String>,
    /// `RequestId`.
    pub(super) request_id: Option<String>,
    /// `HttpStatusCode` of an envelope.
    pub(super) status: Option<u16>,
    /// `AccessDeniedDetail.AuthAction`: which permission is missing.
    pub(super) missing_action: Option<String>,
}

/// Reads a body, whatever it is; a body that no API wrote becomes the message.
pub(super) fn read(body: &[u8]) -> ErrorBody {
    if let Ok(json) = serde_json::from_slice::<Value>(body)
        && json.is_object()
    {
        return from_json(&json);
    }
    let text = String::from_utf8_lossy(body);
    from_xml(&text).unwrap_or_else(|| ErrorBody {
        message: Some(text.into_owned()),
        ..ErrorBody::default()
    })
}

/// Reads a JSON object.
pub(super) fn from_json(json: &Value) -> ErrorBody {
    ErrorBody {
        code: word(json, "Code").or_else(|| word(json, "ErrorCode")),
        message: word(json, "Message").or_else(|| word(json, "ErrorMessage")),
        request_id: word(json, "RequestId"),
        status: integer(json, "HttpStatusCode").and_then(|status| u16::try_from(status).ok()),
        missing_action: member(json, "AccessDeniedDetail")
            .and_then(|detail| word(detail, "AuthAction")),
    }
}

/// Reads `<Error><Code>…</Code><Message>…</Message><RequestId>…</RequestId></Error>`; none if it has no code.
fn from_xml(text: &str) -> Option<ErrorBody> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut found = ErrorBody::default();
    loop {
        let piece = match reader.read_event().ok()? {
            Event::Start(tag) => {
                path.push(tag.local_name().as_ref().to_owned());
                continue;
            }
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Eof => break,
            Event::Text(text) => text.xml10_content().into_owned(),
            Event::CData(text) => text.xml10_content().into_owned(),
            Event::GeneralRef(name) => match name.resolve_char_ref().ok()? {
                Some(c) => c.to_string(),
                None => quick_xml::escape::resolve_predefined_entity(&name)?.to_owned(),
            },
            _ => continue,
        };
        let [_, name] = path.as_slice() else { continue };
        let slot = match name.as_str() {
            "Code" => &mut found.code,
            "Message" => &mut found.message,
            "RequestId" => &mut found.request_id,
            _ => continue,
        };
        slot.get_or_insert_default().push_str(&piece);
    }
    found.code.is_some().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(code: &str, message: &str, request_id: &str) -> ErrorBody {
        ErrorBody {
            code: Some(code.into()),
            message: Some(message.into()),
            request_id: Some(request_id.into()),
            status: None,
            missing_action: None,
        }
    }

    #[test]
    fn json_is_read_in_either_case() {
        let expected = body("Param.Invalid", "The parameter is invalid.", "R-1");
        for text in [
            r#"{"RequestId":"R-1","Code":"Param.Invalid","Message":"The parameter is invalid."}"#,
            r#"{"requestId":"R-1","code":"Param.Invalid","message":"The parameter is invalid."}"#,
            r#"{"RequestId":"R-1","ErrorCode":"Param.Invalid","ErrorMessage":"The parameter is invalid."}"#,
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_ram_denial_names_the_action() {
        let text =
            r#"{"Code":"NoPermission","AccessDeniedDetail":{"AuthAction":"dataworks:GetProject"}}"#;
        assert_eq!(
            read(text.as_bytes()).missing_action.as_deref(),
            Some("dataworks:GetProject")
        );
    }

    #[test]
    fn xml_is_read_too() {
        let text = "<?xml version='1.0'?><Error><RequestId>R-2</RequestId><HostId>h</HostId>\
                    <Code>InvalidAction.NotFound</Code><Message>a &lt;b&#62; &amp; c</Message></Error>";
        assert_eq!(
            read(text.as_bytes()),
            body("InvalidAction.NotFound", "a <b> & c", "R-2")
        );
    }

    #[test]
    fn other_bodies_become_the_message() {
        for text in [
            "",
            "<html><body>Bad Gateway",
            "[1]",
            "upstream connect error",
        ] {
            let read = read(text.as_bytes());
            assert_eq!(read.code, None, "{text}");
            assert_eq!(read.message.as_deref(), Some(text));
        }
    }
}
