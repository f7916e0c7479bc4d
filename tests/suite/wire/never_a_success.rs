//! Whatever comes back: no panic, and no failure that is taken for a success.

use proptest::prelude::*;
use serde_json::{Value, json};
use syncform::api::Call;

use super::{answer, every_call};

fn any_call() -> impl Strategy<Value = Call> {
    prop::sample::select(every_call())
}

/// JSON made of the very keys and words that answers are made of, in wrong places and types.
fn any_answer() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "Success",
        "success",
        "Data",
        "Status",
        "Message",
        "Code",
        "ErrorCode",
        "HttpStatusCode",
        "RequestId",
        "FileId",
        "ProcessId",
        "TaskContent",
        "Meta",
        "Files",
        "DataSources",
        "Id",
        "Name",
        "FileName",
        "TotalCount",
        "SolutionInfo",
        "SolutionDetail",
        "ProjectIdentifier",
        "dbTables",
        "schema",
        "tableInfos",
        "steps",
        "parameter",
        "category",
    ]);
    let word = prop::sample::select(vec![
        "",
        "success",
        "true",
        "fail",
        "RUN",
        "NORUN",
        "200",
        "500",
        "{}",
        "[]",
        "7",
        "reader",
        "fileId:[100] is invalid.",
        "fileId[",
        "Throttling.Api",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|members| members
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect()),
        ]
    })
}

/// Bodies that say failure in one of the ways of the API, around anything.
fn any_failure() -> impl Strategy<Value = Value> {
    (any_answer(), 0..5).prop_map(|(mut body, way)| {
        if !body.is_object() {
            body = json!({ "Data": body });
        }
        match way {
            0 => body["Success"] = json!(false),
            1 => body["Success"] = json!("False"),
            2 => body["Code"] = json!("Param.Invalid"),
            3 => body["HttpStatusCode"] = json!("500"),
            _ => body["Data"] = json!({ "Status": "Fail", "Message": "it is broken", "FileId": 7, "ProcessId": 7 }),
        }
        body
    })
}

proptest! {
    #[test]
    fn bytes_never_panic(call in any_call(), status in 100u16..600, body: Vec<u8>) {
        let reply = answer(&call, status, &body);
        prop_assert!(reply.is_err() || (200..300).contains(&status));
    }

    #[test]
    fn json_never_panics(call in any_call(), body in any_answer()) {
        drop(answer(&call, 200, body.to_string().as_bytes()));
    }

    #[test]
    fn a_torn_answer_is_no_success(call in any_call(), body in any_answer(), cut: prop::sample::Index) {
        let whole = body.to_string();
        let torn = &whole.as_bytes()[..cut.index(whole.len())];
        prop_assert!(answer(&call, 200, torn).is_err());
    }

    #[test]
    fn a_failure_is_no_success(call in any_call(), body in any_failure()) {
        let text = body.to_string();
        prop_assert!(answer(&call, 200, text.as_bytes()).is_err(), "{text}");
    }

    #[test]
    fn a_failing_status_is_no_success(call in any_call(), status in 300u16..600, body in any_answer()) {
        prop_assert!(answer(&call, status, body.to_string().as_bytes()).is_err());
    }
}
