//! Reading JSON of a service that is not strict about it: numbers as texts, booleans as texts, keys in either case
//! (API facts 2.6, 10.11).

use serde_json::Value;

/// A member by its PascalCase name, or by the same name with a small first letter; null is absent.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    let found = object.get(name).or_else(|| {
        let mut lower = name.to_owned();
        lower[..1].make_ascii_lowercase();
        object.get(&lower)
    })?;
    (!found.is_null()).then_some(found)
}

/// A member that is a list; absent is empty.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    member(value, name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A member that is a number, or a text of digits.
pub(super) fn integer(value: &Value, name: &str) -> Option<i64> {
    match member(value, name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A member that is a word: a text, or a number or boolean printed; an empty text is absent.
pub(super) fn word(value: &Value, name: &str) -> Option<String> {
    let word = match member(value, name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!word.is_empty()).then_some(word)
}

/// A member that is a text, as it is; an empty one is absent.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    member(value, name)?
        .as_str()
        .filter(|text| !text.is_empty())
}

/// What a status or a flag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It worked: `success`, `true` (API facts 3.1).
    Yes,
    /// It did not: `fail`, `false`.
    No,
    /// Neither: a run status, say.
    Neither,
}

/// Reads a status word in any case, or a boolean.
pub(super) fn verdict(value: &Value, name: &str) -> Option<Verdict> {
    let word = word(value, name)?;
    let is = |words: [&str; 3]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    Some(if is(["success", "true", "1"]) {
        Verdict::Yes
    } else if is(["fail", "false", "0"]) || word.eq_ignore_ascii_case("failed") {
        Verdict::No
    } else {
        Verdict::Neither
    })
}

/// A document that travels as JSON text, or as it is.
pub(super) fn document(value: &Value, name: &str) -> Option<Value> {
    match member(value, name)? {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_found_in_either_case_and_null_is_absent() {
        let value = json!({ "Code": 1, "message": 2, "Data": null });
        assert_eq!(member(&value, "Code"), Some(&json!(1)));
        assert_eq!(member(&value, "Message"), Some(&json!(2)));
        assert_eq!(member(&value, "Data"), None);
        assert_eq!(member(&json!([1]), "Data"), None);
    }

    #[test]
    fn numbers_may_be_texts() {
        for value in [
            json!({ "Id": 7 }),
            json!({ "Id": "7" }),
            json!({ "id": " 7 " }),
        ] {
            assert_eq!(integer(&value, "Id"), Some(7));
        }
        for value in [
            json!({ "Id": 7.5 }),
            json!({ "Id": "x" }),
            json!({ "Id": [] }),
            json!({}),
        ] {
            assert_eq!(integer(&value, "Id"), None);
        }
    }

    #[test]
    fn verdicts_are_read_in_any_case_and_form() {
        for yes in [
            json!("success"),
            json!("SUCCESS"),
            json!("True"),
            json!(true),
            json!(1),
        ] {
            assert_eq!(
                verdict(&json!({ "Status": yes }), "Status"),
                Some(Verdict::Yes)
            );
        }
        for no in [
            json!("fail"),
            json!("Failed"),
            json!("FALSE"),
            json!(false),
            json!(0),
        ] {
            assert_eq!(
                verdict(&json!({ "Status": no }), "Status"),
                Some(Verdict::No)
            );
        }
        assert_eq!(
            verdict(&json!({ "Status": "RUN" }), "Status"),
            Some(Verdict::Neither)
        );
        assert_eq!(verdict(&json!({ "Status": null }), "Status"), None);
    }
}
