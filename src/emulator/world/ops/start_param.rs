//! `StartParam`: how much an instance puts up with, and what it does about the source's DDL.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::emulator::world::request::{Failure, Refusal, fail};

/// The events of a source that a policy can be chosen for.
pub(crate) const DDL_EVENTS: [&str; 8] = [
    "CREATETABLE",
    "DROPTABLE",
    "TRUNCATETABLE",
    "RENAMETABLE",
    "ADDCOLUMN",
    "DROPCOLUMN",
    "RENAMECOLUMN",
    "MODIFYCOLUMN",
];

/// The policies.
pub(crate) const DDL_POLICIES: [&str; 4] = ["NORMAL", "IGNORE", "WARNING", "CRITICAL"];

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StartParam {
    failover_limit: Option<FailoverLimit>,
    error_limit: Option<ErrorLimit>,
    ddl_mark_map: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FailoverLimit {
    count: u32,
    interval: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ErrorLimit {
    record: u64,
}

/// Reads the parameter; none if it is absent, and then the task keeps what it was started with before.
pub(crate) fn parse(text: Option<&str>) -> Result<Option<Map<String, Value>>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let value: Value = serde_json::from_str(text).map_err(|_| Refusal::param_invalid())?;
    let param = StartParam::deserialize(&value)
        .map_err(|error| fail(format!("StartParam is invalid: {error}.")))?;
    if let Some(rules) = &param.ddl_mark_map {
        check_ddl(rules).map_err(|message| fail(format!("StartParam is invalid: {message}.")))?;
    }
    match value {
        Value::Object(param) => Ok(Some(param)),
        _ => Err(Refusal::param_invalid().into()),
    }
}

/// Checks a map of DDL events to policies.
pub(crate) fn check_ddl(rules: &Map<String, Value>) -> Result<(), String> {
    for (event, policy) in rules {
        if !DDL_EVENTS.contains(&event.as_str()) {
            return Err(format!("the DDL event {event} is unknown"));
        }
        if !policy
            .as_str()
            .is_some_and(|policy| DDL_POLICIES.contains(&policy))
        {
            return Err(format!("the DDL policy {policy} is unknown"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::world::request::fail;

    #[test]
    fn the_documented_example_is_taken_as_it_is() {
        let text = r#"{"failoverLimit":{"count":10,"interval":30},"errorLimit":{"record":0},
            "ddlMarkMap":{"CREATETABLE":"IGNORE","DROPTABLE":"WARNING","RENAMETABLE":"CRITICAL"}}"#;
        let param = parse(Some(text)).unwrap().unwrap();
        assert_eq!(param["ddlMarkMap"]["RENAMETABLE"], "CRITICAL");
        assert_eq!(parse(None), Ok(None));
    }

    #[test]
    fn what_is_not_documented_is_refused() {
        let check = |text: &str| parse(Some(text)).unwrap_err();
        assert_eq!(check("{"), Refusal::param_invalid().into());
        assert_eq!(
            check("[]"),
            fail(
                "StartParam is invalid: invalid length 0, expected struct StartParam with 3 elements."
            )
        );
        assert_eq!(
            check(r#"{"ddlMarkMap":{"CREATETABLES":"IGNORE"}}"#),
            fail("StartParam is invalid: the DDL event CREATETABLES is unknown.")
        );
        assert_eq!(
            check(r#"{"ddlMarkMap":{"CREATETABLE":"Ignore"}}"#),
            fail("StartParam is invalid: the DDL policy \"Ignore\" is unknown.")
        );
        assert!(matches!(
            check(r#"{"startTime":1}"#),
            Failure::InBand { .. }
        ));
        assert!(matches!(
            check(r#"{"errorLimit":{"record":-1}}"#),
            Failure::InBand { .. }
        ));
    }
}
