//! Answers, trap by trap.

use serde_json::json;
use syncform::api::wire::{WireResponse, decode};
use syncform::api::{Call, FaultClass, Reply, RunStatus};
use syncform::resource::{FileId, ProcessId, TaskType};
use syncform::secret::Secret;

use super::{
    FILE, PASSWORD, PROJECT, REALTIME, answer, class, data, datasource, deploy, err, find,
    get_task, ok,
};

fn instance(task_type: TaskType) -> Call {
    Call::GetInstance {
        project: PROJECT,
        task_type,
        file: FILE,
    }
}

#[test]
fn status_words_are_read_in_any_case_and_as_booleans() {
    for word in [
        json!("success"),
        json!("Success"),
        json!("true"),
        json!("TRUE"),
        json!(true),
    ] {
        let body = data(json!({ "Status": word, "Message": "fileId:[100] is invalid." }));
        assert_eq!(ok(&deploy(), &body), Reply::Done, "{body}");
    }
    for word in [json!("fail"), json!("FAIL"), json!("false"), json!(false)] {
        let body = data(json!({ "Status": word, "Message": "submit and deploy fail." }));
        let fault = err(&deploy(), 200, &body);
        assert_eq!(fault.class, FaultClass::Invalid, "{body}");
        assert_eq!(fault.code, "in-band failure");
        assert_eq!(fault.message, "submit and deploy fail.");
        assert_eq!(fault.request_id.as_deref(), Some("0bc1"));
    }
}

#[test]
fn a_write_that_says_neither_stays_in_doubt() {
    for body in [
        data(json!({ "Message": "x" })),
        data(json!({ "Status": "running" })),
        data(json!(null)),
        json!({ "Success": true }),
        json!({}),
    ] {
        assert_eq!(class(&deploy(), &body), FaultClass::Unknown, "{body}");
    }
    for body in [
        &b""[..],
        b"{\"Success\":true,\"Da",
        b"[]",
        b"null",
        b"<html>",
        b"\xff\xfe",
    ] {
        let fault = answer(&deploy(), 200, body).unwrap_err();
        assert_eq!(fault.class, FaultClass::Unknown, "{body:?}");
    }
}

#[test]
fn generate_answers_true_and_a_number_that_may_be_a_text() {
    let generate = find("GenerateDISyncTaskConfigForCreating");
    for id in [json!(10), json!("10")] {
        for status in ["success", "true"] {
            let body =
                data(json!({ "ProcessId": id, "Status": status, "Message": "XXX is invalid." }));
            assert_eq!(ok(&generate, &body), Reply::Process(ProcessId(10)));
        }
    }
    for id in [json!(0), json!(-1), json!(null), json!("x")] {
        let body = data(json!({ "ProcessId": id, "Status": "success" }));
        assert_eq!(class(&generate, &body), FaultClass::Unknown, "{body}");
    }
}

#[test]
fn a_taken_name_is_told_by_code_or_in_band() {
    let generate = find("GenerateDISyncTaskConfigForCreating");
    let body = json!({
        "RequestId": "R-1",
        "Code": "Invalid.DI.Parameter.File.Existed",
        "Message": "The file name already exists.",
    });
    assert_eq!(err(&generate, 400, &body).class, FaultClass::AlreadyThere);
    let body = data(json!({ "Status": "fail", "Message": "The file name already exists." }));
    for action in ["GenerateDISyncTaskConfigForCreating", "CreateDISyncTask"] {
        assert_eq!(class(&find(action), &body), FaultClass::AlreadyThere);
    }
    assert_eq!(class(&deploy(), &body), FaultClass::Invalid);
}

#[test]
fn create_answers_with_a_file() {
    let create = find("CreateDISyncTask");
    let body = data(json!({ "FileId": "1000001", "Status": "success" }));
    assert_eq!(ok(&create, &body), Reply::File(FileId(1000001)));
    let message = "Invalid path: Business Flow/xxxx/Data Integration";
    let fault = err(
        &create,
        200,
        &data(json!({ "FileId": 0, "Status": "fail", "Message": message })),
    );
    assert_eq!(
        (fault.class, fault.message.as_str()),
        (FaultClass::Invalid, message)
    );
    assert!(fault.hint.unwrap().contains("folder"));
}

#[test]
fn generation_is_polled_by_content_and_reason() {
    let poll = find("QueryDISyncTaskConfigProcessResult");
    let pending = Reply::Content(None);
    for (body, reply) in [
        (
            json!({ "Status": "success", "TaskContent": "{ }" }),
            Reply::Content(Some("{ }".into())),
        ),
        // Content decides, whatever stands beside it.
        (
            json!({ "Status": "fail", "Message": "x", "TaskContent": "{}" }),
            Reply::Content(Some("{}".into())),
        ),
        (
            json!({ "Status": "success", "TaskContent": null }),
            pending.clone(),
        ),
        (
            json!({ "Status": "success", "TaskContent": "" }),
            pending.clone(),
        ),
        (json!({ "Status": "fail" }), pending.clone()),
        (json!({ "Status": "fail", "Message": "" }), pending.clone()),
        (
            json!({ "Status": "success", "Message": "not yet" }),
            pending.clone(),
        ),
        (
            json!({ "Status": "fail", "Message": "The task is in process." }),
            pending,
        ),
    ] {
        assert_eq!(ok(&poll, &data(body.clone())), reply, "{body}");
    }
    let failed = |message: &str| {
        class(
            &poll,
            &data(json!({ "Status": "fail", "Message": message })),
        )
    };
    assert_eq!(failed("table xyx is invalid."), FaultClass::Invalid);
    for missing in ["fileId:[10] is invalid.", "processId:[10] is invalid."] {
        assert_eq!(failed(missing), FaultClass::NotFound);
    }
    assert_eq!(
        class(&poll, &data(json!({ "TaskContent": {} }))),
        FaultClass::Unknown
    );
}

#[test]
fn not_found_comes_in_two_spellings_and_names_our_own_id() {
    for message in [
        "fileId:[100] is invalid.",
        "fileId[100] is invalid",
        "FileId: [100] is invalid",
    ] {
        let body = data(json!({ "Status": "fail", "Message": message }));
        for action in [
            "GetDISyncTask",
            "DeployDISyncTask",
            "StartDISyncInstance",
            "StopDISyncInstance",
            "TerminateDISyncInstance",
            "DeleteDISyncTask",
        ] {
            assert_eq!(
                class(&find(action), &body),
                FaultClass::NotFound,
                "{action} {message}"
            );
        }
    }
    for message in [
        "fileId:[1000] is invalid.",
        "fileId:[] is invalid.",
        "resource[100] is invalid",
    ] {
        let body = data(json!({ "Status": "fail", "Message": message }));
        assert_eq!(class(&get_task(), &body), FaultClass::Invalid, "{message}");
    }
}

#[test]
fn instance_statuses() {
    let realtime = instance(REALTIME);
    for (word, status) in [
        ("NORUN", RunStatus::NoRun),
        ("WAIT", RunStatus::Wait),
        ("run", RunStatus::Run),
        ("KILLING", RunStatus::Killing),
        ("PAUSE", RunStatus::Pause),
        ("ODD", RunStatus::Other("ODD".into())),
    ] {
        let body = data(json!({ "Status": word, "Name": "n", "Message": "failover\nlimit" }));
        let message = Some("failover limit".to_owned());
        assert_eq!(ok(&realtime, &body), Reply::Instance { status, message });
    }
}

#[test]
fn a_missing_instance_is_told_by_its_message_only() {
    let realtime = instance(REALTIME);
    let message = "fileId[100] is invalid";
    for status in [
        json!(null),
        json!("NORUN"),
        json!("PAUSE"),
        json!("fail"),
        json!("success"),
    ] {
        let body = data(json!({ "Status": status, "Message": message }));
        assert_eq!(class(&realtime, &body), FaultClass::NotFound, "{body}");
    }
    // The documents print this message beside a task that runs.
    let body = data(json!({ "Status": "RUN", "Message": message }));
    assert!(matches!(
        ok(&realtime, &body),
        Reply::Instance {
            status: RunStatus::Run,
            ..
        }
    ));
    assert_eq!(
        class(&realtime, &data(json!({ "Message": "x" }))),
        FaultClass::Unknown
    );
    let failed = data(json!({ "Status": "fail", "Message": "x" }));
    assert_eq!(class(&realtime, &failed), FaultClass::Invalid);
}

#[test]
fn solutions_have_two_statuses() {
    let solution = instance(TaskType::Solution);
    let body = data(json!({
        "Status": "success",
        "SolutionInfo": { "Id": 100, "Status": "run", "StepDetail": [] },
    }));
    assert_eq!(
        ok(&solution, &body),
        Reply::Instance {
            status: RunStatus::Run,
            message: None
        }
    );
    let failed = data(json!({ "Status": "fail", "Message": "fileId[100] is invalid" }));
    assert_eq!(class(&solution, &failed), FaultClass::NotFound);
    let get = Call::GetTask {
        project: PROJECT,
        task_type: TaskType::Solution,
        file: FILE,
    };
    let body = data(json!({
        "Status": "success",
        "SolutionDetail": { "Id": 100, "Name": "holo_20211206161025", "Status": 0 },
    }));
    let (name, status) = ("holo_20211206161025".to_owned(), "0".to_owned());
    assert_eq!(ok(&get, &body), Reply::Solution { name, status });
}

#[test]
fn an_error_body_is_told_with_hint_and_request_id() {
    let body =
        json!({ "requestId": "R-9", "code": "Forbidden.DI.NoPrivilege", "message": "No access." });
    let fault = err(&deploy(), 403, &body);
    assert_eq!(fault.class, FaultClass::Denied);
    assert_eq!(
        fault.to_string(),
        "DeployDISyncTask failed: Forbidden.DI.NoPrivilege: No access. (RequestId R-9)"
    );
    assert!(fault.hint.unwrap().contains("role in the workspace"));
    let fault = answer(&deploy(), 502, b"<html>\n<b>Bad Gateway").unwrap_err();
    assert_eq!(
        (fault.class, fault.code.as_str()),
        (FaultClass::Unavailable, "HTTP 502")
    );
    assert_eq!(fault.message, "<html> <b>Bad Gateway");
}

#[test]
fn messages_repeat_no_secret_and_no_text_to_sign() {
    let secrets = [
        Secret::new(PASSWORD.to_owned()),
        Secret::new("testsecret".to_owned()),
    ];
    let refused = |code: &str, message: String| {
        let call = Call::CreateDatasource {
            spec: Box::new(datasource()),
        };
        let body = json!({ "Code": code, "Message": message }).to_string();
        let response = WireResponse {
            status: 400,
            body: body.as_bytes(),
            retry_after: None,
            request_id: Some("R-header"),
            clock_skew: None,
            secrets: &secrets,
        };
        decode(&call, &response).unwrap_err()
    };
    let fault = refused(
        "Param.Invalid",
        format!("cannot log in with {PASSWORD} at shop"),
    );
    assert_eq!(fault.message, "cannot log in with *** at shop");
    assert_eq!(fault.request_id.as_deref(), Some("R-header"));
    let fault = refused(
        "SignatureDoesNotMatch",
        "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&Content".into(),
    );
    assert_eq!(fault.class, FaultClass::Denied);
    assert!(!fault.message.contains("POST"), "{fault}");
    assert!(fault.hint.unwrap().contains("secret"));
}
