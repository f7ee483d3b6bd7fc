//! What the manifest says about answers that no standard describes.

use http::StatusCode;
use patchbay_model::manifest::{Auth, ResponseRule};
use serde_json::Value;

/// What an answer means by a rule of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Wait, and ask again.
    Throttled,
    /// The grant is gone.
    Dead,
    /// The operator's client is wrong.
    Misconfigured,
}

/// The first rule that an answer fits, the mildest kind first. `document` is none when the answer is no
/// JSON object.
///
/// Trouble at the provider proves nothing about a grant or a client, so there a rule has to name the
/// status itself.
pub(super) fn meaning(auth: &Auth, status: StatusCode, document: Option<&Value>) -> Option<Meaning> {
    let any = |rules: &[ResponseRule], named: bool| {
        rules.iter().any(|rule| (!named || rule.status.is_some()) && fits(rule, status, document))
    };
    let trouble = is_trouble(status);
    if any(&auth.throttled, false) {
        Some(Meaning::Throttled)
    } else if any(&auth.dead, trouble) {
        Some(Meaning::Dead)
    } else if any(&auth.misconfigured, trouble) {
        Some(Meaning::Misconfigured)
    } else {
        None
    }
}

/// Whether a status speaks of the provider's own state and not of what it was asked.
pub(super) fn is_trouble(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

fn fits(rule: &ResponseRule, status: StatusCode, document: Option<&Value>) -> bool {
    if rule.status.is_none() && rule.pointer.is_none() {
        // It would fit everything.
        return false;
    }
    if rule.status.is_some_and(|wanted| wanted != status.as_u16()) {
        return false;
    }
    let Some(pointer) = &rule.pointer else { return true };
    rule.means(document.and_then(|document| document.pointer(pointer)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oauth::script::books;

    fn rule(text: &str) -> ResponseRule {
        serde_json::from_str(text).expect("a rule")
    }

    #[test]
    fn a_rule_fits_by_status_and_by_what_stands_at_its_pointer() {
        let document = json!({"error": {"code": 190}, "ok": false, "status": "BAD"});
        for (text, status, expected) in [
            (r#"{"status":400}"#, 400, true),
            (r#"{"status":400}"#, 401, false),
            (r#"{"pointer":"/error/code","equals":190}"#, 200, true),
            (r#"{"pointer":"/error/code","equals":"190"}"#, 200, false),
            (r#"{"pointer":"/error/code","equals":191}"#, 200, false),
            (r#"{"pointer":"/ok","equals":false}"#, 200, true),
            (r#"{"pointer":"/error"}"#, 200, true),
            (r#"{"pointer":"/nothing"}"#, 200, false),
            (r#"{"status":400,"pointer":"/status","equals":"BAD"}"#, 400, true),
            (r#"{"status":400,"pointer":"/status","equals":"BAD"}"#, 200, false),
            ("{}", 200, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(fits(&rule(text), status, Some(&document)), expected, "{text} on {status}");
        }
        assert!(fits(&rule(r#"{"status":400}"#), StatusCode::BAD_REQUEST, None), "a page of HTML has a status too");
        assert!(!fits(&rule(r#"{"pointer":"/ok"}"#), StatusCode::OK, None));
    }

    #[test]
    fn a_waiting_room_wins_over_an_end_and_trouble_ends_nothing_unless_its_status_is_named() {
        let mut auth = books();
        auth.dead = vec![rule(r#"{"pointer":"/error","equals":"gone"}"#)];
        let document = json!({"error": "gone"});
        let meaning = |auth: &Auth, status| meaning(auth, StatusCode::from_u16(status).expect("one"), Some(&document));
        assert_eq!(meaning(&auth, 400), Some(Meaning::Dead));
        assert_eq!(meaning(&auth, 200), Some(Meaning::Dead));
        assert_eq!(meaning(&auth, 503), None);
        assert_eq!(meaning(&auth, 429), None);
        auth.dead.push(rule(r#"{"status":500,"pointer":"/error"}"#));
        assert_eq!(meaning(&auth, 500), Some(Meaning::Dead));
        auth.misconfigured = vec![rule(r#"{"status":403}"#)];
        auth.throttled = vec![rule(r#"{"status":400}"#)];
        assert_eq!(meaning(&auth, 400), Some(Meaning::Throttled));
        auth.dead.clear();
        assert_eq!(meaning(&auth, 403), Some(Meaning::Misconfigured));
    }
}
