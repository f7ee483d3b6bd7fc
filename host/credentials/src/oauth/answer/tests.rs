//! Answers as providers give them, and worse.

use super::*;
use crate::oauth::{canary, script::books};

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Result<Answer, Unusable> {
    let response = Response::builder().status(status).body(body.into()).expect("a response");
    let mut masks = Masks::default();
    masks.add("canary-code-1");
    read(&books(), response, &mut masks)
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
        (200, &*format!("\u{feff}{GOOD}"), "not JSON"),
        (200, r#"{"access_token":"canary-a","expires_in":NaN}"#, "not JSON"),
        (200, &*format!(r#"{{"access_token":"canary-a","x":1{}}}"#, "0".repeat(400)), "not JSON"),
        (200, r#"{"access_token":"canary-a""#, "cut off"),
        (200, r#"{"access_token":"canary-a\ud800"}"#, "not JSON"),
        (199, "", "empty"),
        (304, "", "empty"),
        (302, "", "302"),
        (302, GOOD, "302"),
        (400, GOOD, "400"),
        (401, "", "empty"),
        (403, r#"{"message":"blocked"}"#, "neither"),
    ] {
        match answer(status, body) {
            Err(error @ Unusable::Unreadable { .. }) => {
                canary::absent(&error);
                let Unusable::Unreadable { text, status: told, .. } = error else { unreachable!() };
                assert!(text.contains(word), "{text:?} lacks {word:?} for {body:.60}");
                assert_eq!(told, status, "{text}");
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
        (200, r#"{"error":"bad_verification_code","error_description":"The code is wrong"}"#, "bad_verification_code"),
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
fn what_a_provider_says_of_its_refusal_is_told_wherever_it_stands() {
    for body in [
        r#"{"error":{"message":"the version is over","type":"BadThing","code":2635}}"#,
        r#"{"error":"bad","error_description":"the version is over"}"#,
        r#"{"error":"bad","error_description":"","message":"the version is over"}"#,
        r#"{"status":"BAD_AUTH_CODE","message":"the version is over"}"#,
        r#"{"error_message":"the version is over"}"#,
    ] {
        let (Unusable::Refused { text, .. } | Unusable::Unreadable { text, .. }) =
            answer(400, body).map(|_| ()).expect_err("refused")
        else {
            panic!("{body}");
        };
        assert!(text.contains("\"the version is over\""), "{body}: {text}");
    }
    let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(20_000));
    let Err(Unusable::Unreadable { text, .. }) = answer(400, long) else { panic!("read") };
    assert!(text.len() < 1_000, "{}", text.len());
    let secret = r#"{"message":"canary-a is over","data":{"access_token":"canary-a"}}"#;
    let Err(Unusable::Unreadable { text, .. }) = answer(400, secret) else { panic!("read") };
    assert!(!text.contains("canary-a"), "{text}");
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

#[test]
fn utf_16_is_not_read_and_of_a_name_that_is_there_twice_the_last_one_counts() {
    let wide: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(answer(200, wide), Err(Unusable::Unreadable { .. })));
    let twice = answer(200, r#"{"access_token":"canary-1","access_token":"canary-2"}"#).expect("an answer");
    assert_eq!(twice.access_token.expose(), "canary-2");
}

#[test]
fn a_life_that_makes_no_sense_is_the_manifests_or_none() {
    let of_manifest = Auth { life_seconds: Some(3_600), ..books() };
    for (told, expected) in [
        (r#","expires_in":60"#, Some(60)),
        (r#","expires_in":"60""#, Some(60)),
        (r#","expires_in":60.9"#, Some(60)),
        (r#","expires_in":0"#, None),
        (r#","expires_in":-60"#, None),
        (r#","expires_in":"0""#, None),
        (r#","expires_in":"-1""#, None),
        (r#","expires_in":"soon""#, None),
        (r#","expires_in":null"#, None),
        (r#","expires_in":{}"#, None),
        (r#","expires_in":1795219200000"#, None),
        ("", None),
    ] {
        let body = format!(r#"{{"access_token":"canary-a"{told}}}"#);
        let seconds = |auth: &Auth| {
            let response = Response::new(body.clone().into_bytes());
            read(auth, response, &mut Masks::default())
                .ok()
                .and_then(|answer| answer.expires_in)
                .map(|life| life.as_secs())
        };
        assert_eq!(seconds(&books()), expected, "{told}");
        assert_eq!(seconds(&of_manifest), expected.or(Some(3_600)), "{told}");
    }
}

/// Tokens that stand where the manifest says, with one more of another person.
fn nested() -> Auth {
    let answer = serde_json::json!({"access-token": "/data/tokens/0", "refresh-token": "/data/renew",
        "expires-in": "/data/ttl", "scope": "/data/may", "more": {"user_token": "/person/token"}});
    Auth { answer: serde_json::from_value(answer).expect("places"), ..books() }
}

fn nested_answer(body: &str) -> Result<Answer, Unusable> {
    let mut masks = Masks::default();
    let result = read(&nested(), Response::new(body.as_bytes().to_vec()), &mut masks);
    if let Err(error) = &result {
        canary::absent(error);
    }
    result
}

#[test]
fn tokens_are_taken_from_where_the_manifest_says_and_nowhere_else() {
    let answer = nested_answer(
        r#"{"access_token":"canary-wrong","refresh_token":"canary-wrong","token_type":"bot","expires_in":1,
            "data":{"tokens":["canary-a"],"renew":"canary-r","ttl":"60","may":["a","b"]},"person":{"token":"canary-u"}}"#,
    )
    .expect("an answer");
    assert_eq!(answer.access_token.expose(), "canary-a");
    assert_eq!(answer.refresh_token.as_ref().map(Secret::expose), Some("canary-r"));
    assert_eq!(answer.more["user_token"].expose(), "canary-u");
    assert_eq!(answer.expires_in, Some(Duration::from_secs(60)));
    assert_eq!(answer.scopes, Some(vec!["a".to_owned(), "b".to_owned()]));
    for missing in ["{}", r#"{"person":null}"#, r#"{"person":{"token":null}}"#, r#"{"person":{"token":""}}"#] {
        let body = format!(r#"{{"data":{{"tokens":["canary-a"]}},"x":1,{}"#, &missing[1..]).replace(",}", "}");
        assert!(nested_answer(&body).expect(missing).more.is_empty(), "{missing}");
    }
}

#[test]
fn a_declared_place_without_a_usable_token_is_named() {
    for (body, word) in [
        (r#"{"access_token":"canary-a"}"#, "no `/data/tokens/0`"),
        (r#"{"data":{"tokens":[]}}"#, "no `/data/tokens/0`"),
        (r#"{"data":{"tokens":[""]}}"#, "is empty"),
        (r#"{"data":{"tokens":[7]}}"#, "no text"),
        (r#"{"data":{"tokens":["canary-a"]},"token_type":"DPoP"}"#, "bearer"),
        (r#"{"data":{"tokens":["canary-a"]},"token_type":["bot"]}"#, "bearer"),
        (r#"{"data":{"tokens":["canary-a"]},"person":{"token":7}}"#, "`/person/token` is no text"),
        (r#"{"data":{"tokens":["canary-a"]},"person":{"token":"canary\n"}}"#, "header"),
    ] {
        let Err(Unusable::Unreadable { text, .. }) = nested_answer(body) else { panic!("{body} is taken") };
        assert!(text.contains(word), "{text} lacks {word}");
    }
}

#[test]
fn a_token_is_masked_wherever_it_stands() {
    for body in [
        r#"{"error":"canary-u","person":{"token":"canary-u"}}"#,
        r#"{"error":"e","error_description":"canary-a","data":{"tokens":["canary-a"]}}"#,
        r#"{"error":"e","error_description":"canary-d canary-i","x":[{"y":{"refresh_token":"canary-d","id_token":"canary-i"}}]}"#,
    ] {
        assert!(matches!(nested_answer(body), Err(Unusable::Refused { .. })), "{body}");
    }
    let many = format!(r#"{{"error":"e","x":[{}]}}"#, vec![r#"{"access_token":"t"}"#; 2_000].join(","));
    assert!(matches!(nested_answer(&many), Err(Unusable::Refused { .. })));
}

#[test]
fn the_manifests_rules_are_asked_before_the_standard() {
    let rules = |rules: Value| serde_json::from_value(rules).expect("rules");
    let auth = Auth {
        dead: rules(serde_json::json!([{"status": 403}, {"pointer": "/error/code", "equals": 190}])),
        throttled: rules(serde_json::json!([{"pointer": "/error/code", "equals": 4}])),
        misconfigured: rules(serde_json::json!([{"pointer": "/error/code", "equals": 101}])),
        ..books()
    };
    let asked = |status: u16, body: &str| {
        let response = Response::builder().status(status).header("retry-after", "7").body(body.as_bytes().to_vec());
        let result = read(&auth, response.expect("a response"), &mut Masks::default());
        result.err().inspect(canary::absent)
    };
    assert!(matches!(asked(403, "<html>canary"), Some(Unusable::Dead(_))), "the status alone says it");
    let known = r#"{"error":{"code":190,"type":"T","access_token":"canary-a","message":"canary-a"}}"#;
    for status in [200, 400, 401] {
        assert!(matches!(asked(status, known), Some(Unusable::Dead(text)) if text.contains("\"T\"")), "{status}");
    }
    assert!(matches!(asked(500, known), Some(Unusable::Trouble { throttled: false, .. })));
    let wait = asked(400, r#"{"error":{"code":4}}"#);
    assert!(
        matches!(wait, Some(Unusable::Trouble { throttled: true, retry_after: Some(wait), .. }) if wait.as_secs() == 7)
    );
    assert!(matches!(asked(400, r#"{"error":{"code":101}}"#), Some(Unusable::Misconfigured(_))));
    assert!(matches!(asked(400, r#"{"error":{"code":7}}"#), Some(Unusable::Refused { .. })));
    assert!(asked(200, r#"{"access_token":"canary-a"}"#).is_none());
}

proptest::proptest! {
    #[test]
    fn no_bytes_at_all_make_reading_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), status in 200u16..600) {
        let _ = answer(status, body);
    }
}
