//! What an error code means, and what a person can do about it (API facts 2.7, 8.3).
//!
//! Codes are compared whole: `500130` is a missing job, not a failure of the kind of HTTP 500.

use jiff::SignedDuration;

use crate::api::FaultClass;

/// The class of a code, or of the HTTP status where the code is unknown.
pub(super) fn classify(code: &str, status: u16) -> FaultClass {
    of_code(code).unwrap_or_else(|| of_status(status))
}

/// The class of a code that the facts list.
fn of_code(code: &str) -> Option<FaultClass> {
    Some(match code {
        "Throttling" | "Throttling.Api" | "Throttling.User" | "Throttling.System"
        | "Rejected.Throttling" => FaultClass::Throttled,
        "Throttling.Api.Risk" | "Throttling.Resource" => FaultClass::QuotaSpent,
        "InternalError"
        | "InternalError.System"
        | "InternalError.UserId.Missing"
        | "InternalError.DI.Parameter"
        | "ServiceUnavailable"
        // Seen for a while after a workspace was made.
        | "9990020002"
        | "9990040003" => FaultClass::Unavailable,
        "Invalid.DI.Parameter.File.Existed" => FaultClass::AlreadyThere,
        "Invalid.Tenant.ConnectionNotExists"
        | "500130"
        | "1000010005"
        | "1000011038"
        | "1101080008"
        | "1101080166" => FaultClass::NotFound,
        "ResourceNotAuthorized.Api"
        | "Forbidden.Access"
        | "Forbidden.DI.NoPrivilege"
        | "Forbidden.RAM"
        | "NoPermission"
        | "InvalidAccessKeyId.NotFound"
        | "InvalidAccessKeyId.Inactive"
        | "InvalidAccessKeySecret"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "InvalidSignatureMethod"
        | "InvalidTimeStamp.Format"
        | "InvalidTimeStamp.Expired"
        | "InvalidSecurityToken.Expired"
        | "InvalidSecurityToken.Malformed"
        | "MissingSecurityToken" => FaultClass::Denied,
        "IdempotentParameterMismatch" => FaultClass::TokenMismatch,
        // An earlier copy of this very request came through, on whichever way it was repeated, and may have worked.
        "SignatureNonceUsed" => FaultClass::Unknown,
        "Param.Invalid"
        | "Invalid.DI.Parameter"
        | "Forbidden.Not.Server"
        | "InvalidProduct.NotFound"
        | "InvalidProtocol.NeedSsl"
        | "InvalidApi.NotFound"
        | "InvalidAction.NotFound"
        | "UnsupportedHTTPMethod"
        | "InvalidParameter.Format" => FaultClass::Invalid,
        _ if code.starts_with("Throttling.") => FaultClass::Throttled,
        _ if code.starts_with("Missing") => FaultClass::Invalid,
        _ => return None,
    })
}

/// The class of an HTTP status whose code says nothing.
fn of_status(status: u16) -> FaultClass {
    match status {
        429 => FaultClass::Throttled,
        401 | 403 | 407 => FaultClass::Denied,
        // The request was received and given up on, by the service or a proxy before it.
        408 => FaultClass::Unknown,
        500.. => FaultClass::Unavailable,
        _ => FaultClass::Invalid,
    }
}

/// What the user may do next about a code.
pub(super) fn hint(code: &str, class: FaultClass, skew: Option<SignedDuration>) -> Option<String> {
    let text = match code {
        "InvalidAccessKeyId.NotFound" => {
            "the service knows no such access key id; check it, and that it belongs to this cloud account and site"
        }
        "InvalidAccessKeyId.Inactive" => {
            "the access key is disabled; enable it in RAM or use another"
        }
        "SignatureDoesNotMatch" | "InvalidAccessKeySecret" => {
            "the access key secret does not belong to the access key id; check that it was copied whole"
        }
        "InvalidTimeStamp.Expired" => return Some(skew_hint(skew)),
        "InvalidSecurityToken.Expired" => {
            "the security token has expired; get a new one and run again"
        }
        "InvalidSecurityToken.Malformed" | "MissingSecurityToken" => {
            "key id, secret and security token of temporary credentials belong together; set all three anew"
        }
        "Forbidden.DI.NoPrivilege" | "Forbidden.Access" | "ResourceNotAuthorized.Api" => {
            "two things are needed: a RAM policy that allows `dataworks:*`, and a role in the workspace (a member with \
             the development role may change tasks, a visitor may only read them)"
        }
        "NoPermission" | "Forbidden.RAM" => {
            "ask for a RAM policy that allows `dataworks:*` for this key's user or role"
        }
        "Forbidden.Not.Server" | "InvalidProduct.NotFound" => {
            "the service is not offered at this endpoint; check `region` (or `endpoint`) under [provider]"
        }
        "InvalidApi.NotFound" | "InvalidAction.NotFound" => {
            "this endpoint does not know the operation; check `endpoint` under [provider]"
        }
        "InvalidProtocol.NeedSsl" => "use an endpoint that starts with `https://`",
        "Throttling.Api.Risk" => {
            "the day's calls are used up; run again tomorrow, what is applied so far stays applied"
        }
        "Throttling.Resource" => {
            "the DataWorks edition has no API calls left; wait for the next day or upgrade the edition"
        }
        "SignatureNonceUsed" => {
            "something between here and the service sends requests twice; check proxies"
        }
        "1101080008" => "check `project_id` of the workspace, and that it is in this region",
        _ if class == FaultClass::Throttled => {
            "lower `qps` under [provider.limits]; all users of the account share the limit"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// What to say about a clock that the service does not accept.
fn skew_hint(skew: Option<SignedDuration>) -> String {
    match skew {
        Some(skew) if skew.unsigned_abs().as_secs() >= 60 => {
            let direction = if skew.is_positive() {
                "behind"
            } else {
                "ahead of"
            };
            format!(
                "this machine's clock is {} {direction} the service's; set it right (NTP) and run again",
                rounded(skew.unsigned_abs().as_secs() / 60)
            )
        }
        _ => "this machine's clock is more than 15 minutes off; set it right (NTP) and run again"
            .to_owned(),
    }
}

/// Minutes as people say them.
fn rounded(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_compared_whole() {
        let cases = [
            ("Throttling.Api", 429, FaultClass::Throttled),
            ("Throttling.Something.New", 400, FaultClass::Throttled),
            ("Throttling.Api.Risk", 429, FaultClass::QuotaSpent),
            ("Throttling.Resource", 429, FaultClass::QuotaSpent),
            ("InternalError.System", 500, FaultClass::Unavailable),
            ("Forbidden.Not.Server", 500, FaultClass::Invalid),
            ("500130", 400, FaultClass::NotFound),
            ("500131", 400, FaultClass::Invalid),
            ("Invalid.DI.Parameter", 400, FaultClass::Invalid),
            (
                "Invalid.DI.Parameter.File.Existed",
                400,
                FaultClass::AlreadyThere,
            ),
            ("Forbidden.DI.NoPrivilege", 403, FaultClass::Denied),
            ("InvalidAccessKeyId.NotFound", 404, FaultClass::Denied),
            ("InvalidAccessKeyId.NotFound", 400, FaultClass::Denied),
            (
                "IdempotentParameterMismatch",
                400,
                FaultClass::TokenMismatch,
            ),
            ("SignatureNonceUsed", 400, FaultClass::Unknown),
            ("MissingProjectId", 400, FaultClass::Invalid),
            ("InvalidProjectId", 400, FaultClass::Invalid),
            ("", 429, FaultClass::Throttled),
            ("", 403, FaultClass::Denied),
            ("", 502, FaultClass::Unavailable),
            ("", 301, FaultClass::Invalid),
        ];
        for (code, status, class) in cases {
            assert_eq!(classify(code, status), class, "{code} {status}");
        }
    }

    #[test]
    fn a_skewed_clock_is_told_by_how_much() {
        let hint = |seconds| {
            hint(
                "InvalidTimeStamp.Expired",
                FaultClass::Denied,
                Some(SignedDuration::from_secs(seconds)),
            )
            .expect("a hint")
        };
        assert!(hint(3600).contains("1 h behind"), "{}", hint(3600));
        assert!(
            hint(-5520).contains("1 h 32 min ahead of"),
            "{}",
            hint(-5520)
        );
        assert!(hint(3).contains("more than 15 minutes"), "{}", hint(3));
    }
}
