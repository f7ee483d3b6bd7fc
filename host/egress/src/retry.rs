//! What an answer or a failure means for another attempt.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::fmt::rfc2822::DateTimeParser;
use memchr::memmem;
use patchbay_model::{Timestamp, manifest::ResponseRule};
use serde_json::Value;

use crate::{answer::Answer, rate::LONGEST_PAUSE};

/// Attempts after a failure of the connection, beyond the first.
pub(crate) const FAILURES: u32 = 2;
/// `Retry-After` answers that one request sits out.
pub(crate) const WAITS: u32 = 3;
/// A wait up to this is sat out; for a longer one the guest gets the answer.
pub(crate) const SHORT_WAIT: Duration = Duration::from_secs(30);
/// A token younger than this was refused for another reason than its age.
pub(crate) const FRESH: Duration = Duration::from_secs(60);
/// What a `Retry-After` that cannot be read counts for.
const NONSENSE: Duration = Duration::from_secs(3_600);

/// How long to wait before attempt number `failures` + 1.
pub(crate) fn backoff(failures: u32) -> Duration {
    Duration::from_millis(250).saturating_mul(4_u32.saturating_pow(failures.saturating_sub(1).min(4)))
}

/// How long a 429 or 503 asks to wait: seconds or a date, at most a day; an hour when it is nonsense,
/// nothing when it does not say.
pub(crate) fn asked_to_wait(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let value = headers.get(header::RETRY_AFTER)?;
    let text = value.to_str().unwrap_or_default().trim();
    let asked = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse::<u64>().map_or(LONGEST_PAUSE, Duration::from_secs)
    } else {
        match DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text) {
            Ok(date) => Timestamp::from_micros(date.as_microsecond()).since(now),
            Err(_) => NONSENSE,
        }
    };
    Some(asked.min(LONGEST_PAUSE))
}

/// Whether an answer says that the credential is no longer accepted.
pub(crate) fn is_expired(rules: &[ResponseRule], answer: &Answer) -> bool {
    if rules.is_empty() {
        return answer.status == StatusCode::UNAUTHORIZED;
    }
    rules.iter().any(|rule| {
        let status = rule.status.is_none_or(|status| status == answer.status.as_u16());
        status && says(rule, &answer.body)
    })
}

fn says(rule: &ResponseRule, body: &[u8]) -> bool {
    let Some(pointer) = &rule.pointer else {
        // A rule that names neither status nor place would fit every answer.
        return rule.status.is_some();
    };
    if !may_have(pointer, body) {
        return rule.means(None);
    }
    let document = serde_json::from_slice::<Value>(body).ok();
    rule.means(document.as_ref().and_then(|document| document.pointer(pointer)))
}

/// Whether each member that a pointer names stands in the body at all. A page of records is not parsed
/// for a rule about errors; who escapes the name of a member without need is not understood.
fn may_have(pointer: &str, body: &[u8]) -> bool {
    pointer.split('/').skip(1).all(|token| {
        let name = token.replace("~1", "/").replace("~0", "~");
        let index = name.bytes().all(|byte| byte.is_ascii_digit());
        index || serde_json::to_vec(&name).is_ok_and(|quoted| memmem::find(body, &quoted).is_some())
    })
}

/// Whether a refused write may be sent again under its step: the provider surely did nothing.
pub(crate) fn opens_again(status: StatusCode) -> bool {
    status.is_client_error()
        && !matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_EARLY)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_provider_is_obeyed_up_to_a_day_and_nonsense_counts_for_an_hour() {
        let now = "1994-11-06T08:48:37Z".parse().expect("a time");
        let asked = |text: &str| {
            let value = http::HeaderValue::from_str(text).expect("a value");
            asked_to_wait(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::from_iter([(header::RETRY_AFTER, value)]), now)
        };
        for (text, seconds) in [
            ("0", 0),
            ("17", 17),
            (" 17 ", 17),
            ("86401", 86_400),
            ("99999999999999999999999", 86_400),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 60),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("Sat, 06 Nov 1999 08:49:37 GMT", 86_400),
            ("-1", 3_600),
            ("soon", 3_600),
            ("", 3_600),
            ("1.5", 3_600),
        ] {
            assert_eq!(asked(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(asked_to_wait(StatusCode::SERVICE_UNAVAILABLE, &HeaderMap::new(), now), None);
        let one = HeaderMap::from_iter([(header::RETRY_AFTER, http::HeaderValue::from_static("1"))]);
        assert_eq!(asked_to_wait(StatusCode::OK, &one, now), None);
    }

    #[test]
    fn an_expired_rule_needs_all_that_it_names() {
        let answer = |status: u16, body: Value| Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: body.to_string().into_bytes(),
            in_sink: false,
            whole: true,
        };
        let rule = |status, pointer: Option<&str>, equals| ResponseRule {
            status,
            pointer: pointer.map(str::to_owned),
            equals,
            unless: Vec::new(),
        };
        assert!(is_expired(&[], &answer(401, json!(null))) && !is_expired(&[], &answer(403, json!(null))));
        let slack = [rule(Some(200), Some("/error"), Some(json!("token_expired")))];
        assert!(is_expired(&slack, &answer(200, json!({"error": "token_expired"}))));
        assert!(!is_expired(&slack, &answer(200, json!({"error": "other"}))));
        assert!(!is_expired(&slack, &answer(401, json!({"error": "token_expired"}))));
        let deep = [rule(None, Some("/a~1b/0/ é\""), Some(json!(1)))];
        assert!(is_expired(&deep, &answer(200, json!({"a/b": [{" é\"": 1}]}))));
        assert!(!is_expired(&deep, &answer(200, json!({"a/b": [{"other": 1}]}))));
        assert!(is_expired(&[rule(None, Some(""), Some(json!("dead")))], &answer(200, json!("dead"))));
        assert!(is_expired(&[rule(None, Some("/dead"), None)], &answer(200, json!({"dead": 1}))));
        assert!(!is_expired(&[rule(None, None, None)], &answer(200, json!({}))));
    }

    #[test]
    fn a_refusal_that_is_excepted_is_no_expired_credential_and_any_other_is() {
        let rule: ResponseRule =
            serde_json::from_value(json!({"status": 401, "pointer": "/Detail", "unless": ["NotAllowed", 7]}))
                .expect("a rule");
        let expired = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            let body = body.as_bytes().to_vec();
            is_expired(
                std::slice::from_ref(&rule),
                &Answer { status, headers: HeaderMap::new(), body, in_sink: false, whole: true },
            )
        };
        for body in [r#"{"Detail":"NotAllowed"}"#, r#"{"Detail":7}"#] {
            assert!(!expired(401, body), "{body}");
        }
        for body in
            [r#"{"Detail":"TokenExpired: at noon"}"#, r#"{"Detail":null}"#, "{}", "", "<html>no</html>", "{\"Deta"]
        {
            assert!(expired(401, body), "{body}");
        }
        assert!(!expired(403, r#"{"Detail":"TokenExpired"}"#), "the status is meant, too");
    }

    #[test]
    fn only_a_clear_refusal_opens_a_step_again() {
        for (status, opens) in [
            (400, true),
            (401, true),
            (404, true),
            (422, true),
            (429, true),
            (408, false),
            (409, false),
            (425, false),
            (500, false),
            (503, false),
            (200, false),
            (302, false),
        ] {
            assert_eq!(opens_again(StatusCode::from_u16(status).expect("a status")), opens, "{status}");
        }
    }
}
