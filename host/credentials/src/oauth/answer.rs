//! A token answer, read as hostile. **Without an access token it is never a success.**

use std::time::Duration;

use http::{Response, StatusCode, header};
use patchbay_model::Secret;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::{
    lenient::{life, scopes, wait},
    quote::Masks,
};

/// Bytes of an answer.
pub(super) const LARGEST: usize = 64 * 1024;
/// An answer with an access token.
pub(super) struct Answer {
    pub(super) access_token: Secret,
    pub(super) refresh_token: Option<Secret>,
    pub(super) expires_in: Option<Duration>,
    pub(super) refresh_expires_in: Option<Duration>,
    pub(super) scopes: Option<Vec<String>>,
    /// All of it, for facts.
    pub(super) body: Wiped,
}

/// An answer without one. The texts are for the operator, masked and bounded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// The provider said no, by an OAuth error.
    Refused {
        /// Its word, e.g. `invalid_grant`.
        error: String,
        /// All that it said.
        text: String,
    },
    /// The provider has trouble: 5xx, 408, 429.
    Trouble { text: String, retry_after: Option<Duration>, throttled: bool },
    /// It cannot be understood. `accepted` when the status said success, so that what was sent may be
    /// spent.
    Unreadable { text: String, accepted: bool },
}

/// Reads an answer. Its tokens are added to the masks.
pub(super) fn read(response: Response<Vec<u8>>, masks: &mut Masks) -> Result<Answer, Unusable> {
    let (parts, body) = response.into_parts();
    let body = zeroize::Zeroizing::new(body);
    let status = parts.status;
    if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
        return Err(Unusable::Trouble {
            text: format!("status {}", status.as_u16()),
            retry_after: parts.headers.get(header::RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?)),
            throttled: status == StatusCode::TOO_MANY_REQUESTS,
        });
    }
    let unreadable = |why: &str| Unusable::Unreadable {
        text: format!("status {}, {why}", status.as_u16()),
        accepted: status.is_success(),
    };
    let document = object(&body).map_err(unreadable)?;
    let Some(fields) = document.0.as_object() else { return Err(unreadable("no object")) };
    for token in ["access_token", "refresh_token", "id_token"] {
        if let Some(Value::String(token)) = fields.get(token) {
            masks.add(token);
        }
    }
    if let Some(error) = error_of(fields) {
        let description = fields.get("error_description").and_then(Value::as_str).unwrap_or_default();
        let (quoted, description) = (masks.quote(&error), masks.quote(description));
        let text = format!("status {}, the provider said {quoted:?}: {description:?}", status.as_u16());
        return Err(Unusable::Refused { error: quoted, text });
    }
    if !status.is_success() {
        return Err(unreadable("neither success nor an `error`"));
    }
    let access_token = match fields.get("access_token") {
        Some(Value::String(token)) if token.is_empty() => return Err(unreadable("`access_token` is empty")),
        // RFC 6749, appendix A.12; it becomes a header.
        Some(Value::String(token)) if token.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => Secret::new(token),
        Some(Value::String(_)) => return Err(unreadable("`access_token` holds what a header cannot carry")),
        Some(_) => return Err(unreadable("`access_token` is no text")),
        None => return Err(unreadable("no `access_token`")),
    };
    match fields.get("token_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(unreadable("`token_type` is not bearer")),
    }
    let refresh_token = fields.get("refresh_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    Ok(Answer {
        access_token,
        refresh_token: refresh_token.map(Secret::new),
        expires_in: fields.get("expires_in").and_then(life),
        refresh_expires_in: fields.get("refresh_token_expires_in").and_then(life),
        scopes: fields.get("scope").and_then(scopes),
        body: document,
    })
}

fn object(body: &[u8]) -> Result<Wiped, &'static str> {
    if body.len() > LARGEST {
        return Err("more than 64 KiB");
    }
    let text = body.trim_ascii();
    if text.is_empty() {
        return Err("an empty body");
    }
    // Not serde_json's message: it may quote a value.
    let document = serde_json::from_slice(text).map(Wiped).map_err(|_| match text {
        [b'<', ..] => "a page of HTML or XML instead of JSON",
        _ if is_form(text) => "a form instead of JSON, although JSON was asked for",
        _ => "not JSON, or cut off",
    })?;
    if document.0.is_object() { Ok(document) } else { Err("JSON, but no object") }
}

fn is_form(text: &[u8]) -> bool {
    url::form_urlencoded::parse(text).any(|(name, _)| name == "access_token" || name == "error")
}

/// The provider's error: a text, or an object with one. `null`, an empty text and `false` are none.
fn error_of(fields: &Map<String, Value>) -> Option<String> {
    match fields.get("error")? {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Object(inner) => {
            let said = ["code", "type", "status", "message"].iter().find_map(|name| inner.get(*name)?.as_str());
            Some(said.unwrap_or("an error of its own form").to_owned())
        }
        Value::Bool(true) | Value::Number(_) | Value::Array(_) => Some("an error of its own form".to_owned()),
    }
}

/// A document whose texts are wiped when it goes.
pub(super) struct Wiped(pub(super) Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::canary;

    fn answer(status: u16, body: impl Into<Vec<u8>>) -> Result<Answer, Unusable> {
        let response = Response::builder().status(status).body(body.into()).expect("a response");
        let mut masks = Masks::default();
        masks.add("canary-code-1");
        read(response, &mut masks)
    }

    const GOOD: &str = r#"{"access_token":"canary-access","token_type":"Bearer","expires_in":7200,
        "refresh_token":"canary-refresh","scope":"user:profile administration:read","created_at":1773302400}"#;

    #[test]
    fn a_usual_answer_is_read_whole() {
        let answer = answer(200, GOOD).expect("an answer");
        assert_eq!(answer.access_token.expose(), "canary-access");
        assert_eq!(answer.refresh_token.as_ref().map(Secret::expose), Some("canary-refresh"));
        assert_eq!(answer.expires_in, Some(Duration::from_secs(7_200)));
        assert_eq!(answer.scopes, Some(vec!["user:profile".to_owned(), "administration:read".to_owned()]));
    }

    #[test]
    fn a_github_like_answer_is_read_whole() {
        let body = r#"{"access_token":"canary-gho","scope":"repo,read:user","token_type":"bearer"}"#;
        let answer = answer(200, body).expect("an answer");
        assert_eq!(answer.scopes, Some(vec!["repo".to_owned(), "read:user".to_owned()]));
        assert!(answer.refresh_token.is_none() && answer.expires_in.is_none());
    }

    #[test]
    fn whatever_has_no_usable_access_token_is_never_a_success() {
        let exactly = format!(r#"{{"access_token":"canary-a","pad":"{}"}}"#, "x".repeat(LARGEST - 36));
        assert_eq!(exactly.len(), LARGEST);
        assert!(answer(200, exactly.clone()).is_ok(), "64 KiB are taken");
        let deep = format!(r#"{{"access_token":"canary-a","x":{}{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
        for (status, body, word) in [
            (200, "<!DOCTYPE html><title>Maintenance</title> canary-code-1", "HTML"),
            (200, "\n  <html>", "HTML"),
            (404, "<html>", "HTML"),
            (200, "", "empty"),
            (200, "  \r\n", "empty"),
            (204, "", "empty"),
            (200, "null", "no object"),
            (200, "true", "no object"),
            (200, "\"canary-access\"", "no object"),
            (200, "[]", "no object"),
            (200, r#"[{"access_token":"canary-a"}]"#, "no object"),
            (200, "{}", "no `access_token`"),
            (200, r#"{"Access_Token":"canary-a"}"#, "no `access_token`"),
            (200, r#"{"data":{"access_token":"canary-a"}}"#, "no `access_token`"),
            (200, r#"{"access_token":""}"#, "is empty"),
            (200, r#"{"access_token":null}"#, "no text"),
            (200, r#"{"access_token":17}"#, "no text"),
            (200, r#"{"access_token":{"value":"canary-a"}}"#, "no text"),
            (200, r#"{"access_token":"canary\r\nX-Evil: 1"}"#, "header"),
            (200, r#"{"access_token":"canary-é"}"#, "header"),
            (200, r#"{"access_token":"canary-a","token_type":"mac"}"#, "bearer"),
            (200, r#"{"access_token":"canary-a","token_type":"DPoP"}"#, "bearer"),
            (200, r#"{"access_token":"canary-a","token_type":["bearer"]}"#, "bearer"),
            (200, &GOOD[..GOOD.len() - 2], "cut off"),
            (200, &GOOD[..20], "cut off"),
            (200, "access_token=canary-a&token_type=bearer", "form"),
            (200, "error=bad_verification_code", "form"),
            (200, "Service Unavailable", "not JSON"),
            (200, &*format!("{GOOD} trailing"), "not JSON"),
            (200, "{\"access_token\":\"canary-a\",\"expires_in\":1e999}", "not JSON"),
            (200, &*format!("{exactly} "), "64 KiB"),
            (200, &*deep, "not JSON"),
            (302, "", "302"),
            (302, GOOD, "302"),
            (400, GOOD, "400"),
            (401, "", "empty"),
            (403, r#"{"message":"blocked"}"#, "neither"),
        ] {
            match answer(status, body) {
                Err(error @ Unusable::Unreadable { .. }) => {
                    canary::absent(&error);
                    let Unusable::Unreadable { text, accepted } = error else { unreachable!() };
                    assert!(text.contains(word), "{text:?} lacks {word:?} for {body:.60}");
                    assert_eq!(accepted, (200..300).contains(&status), "{text}");
                }
                Err(other) => panic!("{status} {body:.60}: {other:?}"),
                Ok(_) => panic!("{status} {body:.60} is taken"),
            }
        }
        assert!(matches!(answer(200, vec![0xff, 0xfe, 0x00]), Err(Unusable::Unreadable { .. })));
    }

    #[test]
    fn an_error_is_seen_whatever_the_status_says() {
        for (status, body, word) in [
            (
                200,
                r#"{"error":"bad_verification_code","error_description":"The code is wrong"}"#,
                "bad_verification_code",
            ),
            (200, r#"{"ok":false,"error":"invalid_code"}"#, "invalid_code"),
            (200, r#"{"error":"x_y","access_token":"canary-a"}"#, "x_y"),
            (400, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
            (401, r#"{"error":"invalid_client","error_description":null}"#, "invalid_client"),
            (400, r#"{"error":{"type":"OAuthException","code":190,"message":"m"}}"#, "OAuthException"),
            (400, r#"{"error":17}"#, "an error of its own form"),
            (200, r#"{"error":"e","error_description":"canary-code-1 and canary-a","access_token":"canary-a"}"#, "e"),
        ] {
            let error = answer(status, body).err().expect(body);
            canary::absent(&error);
            assert!(matches!(&error, Unusable::Refused { error, .. } if error == word), "{body}: {error:?}");
        }
        for body in [r#"{"access_token":"canary-a","error":null}"#, r#"{"access_token":"canary-a","error":""}"#] {
            assert!(answer(200, body).is_ok(), "{body}");
        }
    }

    #[test]
    fn an_errors_words_are_bounded() {
        let body = format!(r#"{{"error":"{0}","error_description":"{0}\u0000\u001b"}}"#, "x".repeat(20_000));
        let Err(Unusable::Refused { text, .. }) = answer(400, body) else { panic!("not refused") };
        assert!(text.chars().count() < 700, "{}", text.len());
        assert!(!text.chars().any(char::is_control));
    }

    #[test]
    fn trouble_at_the_provider_is_no_answer_to_the_question() {
        for status in [408, 429, 500, 502, 503, 599] {
            for body in ["<html>", GOOD, r#"{"error":"invalid_grant"}"#, ""] {
                assert!(matches!(answer(status, body), Err(Unusable::Trouble { .. })), "{status} {body}");
            }
        }
    }
}
