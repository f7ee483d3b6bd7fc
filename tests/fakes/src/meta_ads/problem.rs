//! Errors as Graph says them, with HTTP 400 mostly: who calls reads `code`, then `error_subcode` (sheet 8).

use serde_json::json;

use crate::exchange::Answer;

/// The access token is not accepted.
pub(super) const TOKEN: u32 = 190;
/// Its life is over.
pub(super) const EXPIRED: u32 = 463;
/// The person has removed the application.
pub(super) const REMOVED: u32 = 458;
/// It was never given out.
pub(super) const UNKNOWN: u32 = 467;
/// A parameter is wrong, or an object is not there.
pub(super) const PARAMETER: u32 = 100;
/// Not there, or not for this token.
pub(super) const GONE: u32 = 33;
/// A permission is missing.
pub(super) const PERMISSION: u32 = 200;
/// Too many reports of an account were asked for.
pub(super) const INSIGHTS: u32 = 80_000;
/// Too many objects of an account were asked for.
pub(super) const MANAGEMENT: u32 = 80_004;

/// An error; no subcode when it is 0.
pub(super) fn problem(status: u16, code: u32, subcode: u32, message: &str) -> Answer {
    let mut error = json!({
        "message": message, "type": "OAuthException", "code": code, "is_transient": matches!(code, 1 | 2),
        "fbtrace_id": "A1b2C3",
    });
    if let (true, Some(members)) = (subcode != 0, error.as_object_mut()) {
        members.insert("error_subcode".to_owned(), json!(subcode));
    }
    Answer::json(status, &json!({ "error": error }))
}

/// The answer to who asks for more than can be answered.
pub(super) fn too_much(status: u16) -> Answer {
    problem(status, 1, 99, "Please reduce the amount of data you're asking for, then retry your request")
}

/// 400 for what the sheet does not name.
pub(super) fn refusal(why: &str) -> Answer {
    problem(400, PARAMETER, 0, &format!("(#100) fake: {why}")).refused(why)
}
