//! The two shapes of a fault (sheet 8), and what is said of a request that the sheet does not name.

use serde_json::{Value, json};

use crate::exchange::Answer;

/// What the books say: with a capital letter.
pub(super) fn fault(status: u16, code: &str, kind: &str, message: &str) -> Answer {
    Answer::json(status, &body(code, kind, message))
}

/// The same as a value, for one slot of several.
pub(super) fn body(code: &str, kind: &str, message: &str) -> Value {
    json!({
        "Fault": {
            "Error": [{ "Message": message, "Detail": format!("{message} : null"), "code": code, "element": "" }],
            "type": kind,
        },
        "time": "2026-03-12T04:10:00.000-07:00",
    })
}

/// A record that cannot be taken: the item's fault, not the connector's.
pub(super) fn invalid(code: &str, message: &str) -> Answer {
    fault(400, code, "ValidationFault", message)
}

/// What the gateway before the books says: in small letters.
pub(super) fn expired() -> Answer {
    let message = "message=AuthenticationFailed; errorCode=003200; statusCode=401";
    Answer::json(
        401,
        &json!({
            "warnings": null, "intuitObject": null,
            "fault": {
                "error": [{ "message": message, "detail": "Token expired: fake", "code": "3200", "element": null }],
                "type": "AUTHENTICATION",
            },
            "requestId": null, "time": 1_773_302_400_000_u64, "status": null,
        }),
    )
}

/// The app may not do anything for this company.
pub(super) fn forbidden() -> Answer {
    let message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403";
    fault(403, "3100", "AuthorizationFault", message)
}

/// Too many calls; nobody says how long to wait.
pub(super) fn throttled() -> Answer {
    let message = "message=ThrottleExceeded; errorCode=003001; statusCode=429";
    fault(429, "3001", "ServiceFault", message)
}

/// 400 for what the sheet does not name.
pub(super) fn refusal(why: &str) -> Answer {
    invalid("500", &format!("Unsupported Operation: fake: {why}")).refused(why)
}
