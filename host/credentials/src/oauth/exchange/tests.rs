//! Codes that become tokens, and those that do not.

mod second;

use patchbay_model::manifest::Fact;
use serde_json::json;

use super::*;
use crate::oauth::{
    TransportError, begin, canary,
    script::{NOW, Script, books, client, clock, facts, firm, region, spread, token_of},
};

async fn exchanged(auth: &Auth, script: &Script) -> Result<Tokens, TokenError> {
    let (code, verifier) = (Secret::new("canary-code-1"), Secret::new("canary-verifier".repeat(3)));
    let result = exchange(auth, &client(), &code, Some(&verifier), &firm(), &clock(), script).await;
    canary::absent(&result);
    if let Err(error) = &result {
        canary::absent(&Fault::from(error.clone()));
    }
    result
}

#[tokio::test]
async fn a_code_becomes_a_credential_that_ends_when_the_provider_says() {
    let script = Script::answering(
        200,
        r#"{"access_token":"canary-a","token_type":"bearer","expires_in":7200,"refresh_token":"canary-r"}"#,
    );
    let tokens = exchanged(&books(), &script).await.expect("tokens");
    assert_eq!(tokens.credential.auth, "oauth");
    assert_eq!(tokens.credential.secrets[ACCESS_TOKEN].expose(), "canary-a");
    assert_eq!(tokens.credential.secrets[REFRESH_TOKEN].expose(), "canary-r");
    assert_eq!(tokens.credential.obtained_at, NOW);
    assert_eq!(tokens.credential.expires_at, Some(NOW.plus(Duration::from_secs(7_200))));
    assert_eq!(tokens.credential.refresh_ends, Some(NOW.plus(Duration::from_secs(60 * 86_400))));
    assert_eq!(script.request().uri(), "https://login.books.example/f/13827/oauth/token");
}

#[tokio::test]
async fn the_verifier_that_is_sent_fits_the_challenge_that_was_shown() {
    let begun = begin(&books(), &client(), &BTreeMap::new(), &patchbay_model::SeededRandom::new(5)).expect("begun");
    let script = Script::answering(200, r#"{"access_token":"canary-a"}"#);
    let code = Secret::new("canary-code-1");
    let verifier = begun.verifier.as_ref();
    exchange(&books(), &client(), &code, verifier, &firm(), &clock(), &script).await.expect("tokens");
    let request = script.request();
    let sent: BTreeMap<_, _> = url::form_urlencoded::parse(request.body()).collect();
    let shown: BTreeMap<_, _> = begun.address.query_pairs().collect();
    let challenge = oauth2::PkceCodeChallenge::from_code_verifier_sha256(&oauth2::PkceCodeVerifier::new(
        sent["code_verifier"].to_string(),
    ));
    assert_eq!(challenge.as_str(), shown["code_challenge"]);
    assert_eq!(sent["redirect_uri"], shown["redirect_uri"]);
}

#[tokio::test]
async fn each_failure_is_told_apart() {
    type Expected = fn(&TokenError) -> bool;
    let rows: [(Script, Expected, Code); 9] = [
        (
            Script::answering(400, r#"{"error":"invalid_grant","error_description":"canary-code-1 is spent"}"#),
            |error| matches!(error, TokenError::CodeRefused(_)),
            Code::TokenAnswerInvalid,
        ),
        (
            Script::answering(200, r#"{"error":"bad_verification_code"}"#),
            |error| matches!(error, TokenError::CodeRefused(_)),
            Code::TokenAnswerInvalid,
        ),
        (
            Script::answering(401, r#"{"error":"invalid_client","error_description":"canary client/secret+1"}"#),
            |error| matches!(error, TokenError::Misconfigured(_)),
            Code::TokenAnswerInvalid,
        ),
        (
            Script::answering(500, "<html>canary-code-1"),
            |error| matches!(error, TokenError::Unavailable(_)),
            Code::CredentialBusy,
        ),
        (
            Script::failing(TransportError::Unknown("body=canary-code-1".to_owned())),
            |error| matches!(error, TokenError::Unavailable(_)),
            Code::CredentialBusy,
        ),
        (
            Script::failing(TransportError::NotSent("canary+client%2Fsecret%2B1".to_owned())),
            |error| matches!(error, TokenError::Unavailable(_)),
            Code::CredentialBusy,
        ),
        (
            Script::answering(200, "<html>"),
            |error| matches!(error, TokenError::Unreadable(_)),
            Code::TokenAnswerInvalid,
        ),
        (
            Script::answering(200, r#"{"refresh_token":"canary-r"}"#),
            |error| matches!(error, TokenError::Unreadable(_)),
            Code::TokenAnswerInvalid,
        ),
        (Script::answering(302, ""), |error| matches!(error, TokenError::Unreadable(_)), Code::TokenAnswerInvalid),
    ];
    for (at, (script, expected, code)) in rows.into_iter().enumerate() {
        let error = exchanged(&books(), &script).await.expect_err("refused");
        assert!(expected(&error), "row {at}: {error:?}");
        assert_eq!(Fault::from(error).code, code, "row {at}");
    }
}

fn with_fact(from: &str, pattern: &str) -> Auth {
    let mut auth = books();
    let (id, from, pattern) = ("org".to_owned(), from.to_owned(), pattern.to_owned());
    auth.facts.push(Fact { id, from, pattern, optional: false });
    auth
}

const WITH_ORG: &str = r#"{"access_token":"canary-a","org":{"id":42,"name":"A","self":"canary-a!","e":"canary-code-1"},
    "id_token":"canary-id"}"#;

#[tokio::test]
async fn facts_of_the_answer_are_taken_by_pointer_and_pattern() {
    for (from, pattern, value) in [("answer:/org/id", "[0-9]+", "42"), ("answer:/org/name", ".+", "A")] {
        let tokens = exchanged(&with_fact(from, pattern), &Script::answering(200, WITH_ORG)).await.expect("tokens");
        assert_eq!(tokens.facts, BTreeMap::from([("org".to_owned(), value.to_owned())]));
    }
}

#[tokio::test]
async fn a_fact_that_is_missing_wrong_or_a_secret_ends_the_login_and_is_named() {
    for (from, pattern) in [
        ("answer:/org/missing", ".*"),
        ("answer:/org", ".*"),
        ("answer:/org/id", "[a-z]+"),
        ("answer:/org/id", "4"),
        ("answer:/org/id", "("),
        ("answer:/access_token", ".*"),
        ("answer:/id_token", ".*"),
        ("answer:/org/self", ".*"),
        ("answer:/org/e", ".*"),
        ("id_token:/sub", ".*"),
        ("access_token:/sub", ".*"),
        ("nowhere:/sub", ".*"),
    ] {
        let error = exchanged(&with_fact(from, pattern), &Script::answering(200, WITH_ORG)).await.expect_err(from);
        assert!(matches!(&error, TokenError::FactMissing { fact, .. } if fact == "org"), "{from}: {error:?}");
        assert!(Fault::from(error).person.contains("org"));
    }
}

#[tokio::test]
async fn a_manifest_that_cannot_be_followed_sends_nothing() {
    let tries: [fn(&mut Auth); 3] = [
        |auth| auth.token = None,
        |auth| auth.token.as_mut().expect("token").url = "https://x.example/{nobody}".to_owned(),
        |auth| auth.token.as_mut().expect("token").url = "http://x.example/token".to_owned(),
    ];
    for change in tries {
        let mut auth = books();
        change(&mut auth);
        let script = Script::answering(200, "{}");
        assert!(matches!(exchanged(&auth, &script).await, Err(TokenError::Misconfigured(_))));
        assert_eq!(script.requests(), 0);
    }
}

#[tokio::test]
async fn an_optional_fact_may_be_missing_and_may_not_be_wrong() {
    for (from, pattern, good) in [
        ("answer:/org/missing", ".*", true),
        ("answer:/nothing", ".*", true),
        ("answer:/org/id", "[a-z]+", false),
        ("answer:/access_token", ".*", false),
        ("id_token:/sub", ".*", true),
    ] {
        let mut auth = with_fact(from, pattern);
        auth.facts.last_mut().expect("org").optional = true;
        let answer = json!({"access_token": "canary-a", "org": {"id": 42, "missing": null}}).to_string();
        let facts = exchanged(&auth, &Script::answering(200, answer)).await.map(|tokens| tokens.facts);
        assert_eq!(facts.as_ref().ok(), good.then(BTreeMap::new).as_ref(), "{from}: {facts:?}");
    }
}

#[tokio::test]
async fn claims_of_an_id_token_are_facts_when_it_was_made_for_this_client_by_this_issuer() {
    let mut auth = with_fact("id_token:/sub", "[0-9]+");
    auth.issuer = Some("https://login.books.example".to_owned());
    for (claims, good) in [
        (json!({"aud": "client-1", "iss": "https://login.books.example", "sub": "42"}), true),
        (json!({"aud": ["x", "client-1"], "iss": "https://login.books.example", "sub": 42}), true),
        (json!({"aud": "client-2", "iss": "https://login.books.example", "sub": "42"}), false),
        (json!({"aud": "client-1", "iss": "https://evil.example", "sub": "42"}), false),
        (json!({"aud": "client-1", "sub": "42"}), false),
        (json!({"aud": "client-1", "iss": "https://login.books.example"}), false),
        (json!({"aud": "client-1", "iss": "https://login.books.example", "sub": "x"}), false),
    ] {
        let answer = json!({"access_token": "canary-a", "id_token": token_of(&claims)}).to_string();
        let facts = exchanged(&auth, &Script::answering(200, answer)).await.map(|tokens| tokens.facts);
        assert_eq!(facts.is_ok_and(|facts| facts["org"] == "42"), good, "{claims}");
    }
    // An id token is never kept.
    let answer = json!({"access_token": "canary-a", "id_token": "canary.id.token"}).to_string();
    let tokens = exchanged(&books(), &Script::answering(200, answer)).await.expect("tokens");
    assert_eq!(tokens.credential.secrets.keys().collect::<Vec<_>>(), [ACCESS_TOKEN]);
}

#[tokio::test]
async fn a_claim_of_the_access_token_is_a_fact() {
    let token = token_of(&json!({"authentication_event_id": "e-1"}));
    let answer = json!({"access_token": token}).to_string();
    let auth = with_fact("access_token:/authentication_event_id", "[a-z0-9-]+");
    let tokens = exchanged(&auth, &Script::answering(200, answer)).await.expect("tokens");
    assert_eq!(tokens.facts["org"], "e-1");
}

#[tokio::test]
async fn an_answer_chooses_a_region_of_the_table_or_the_login_ends() {
    let mut auth = spread();
    auth.token.as_mut().expect("token").url = "https://accounts.books.example/oauth/v2/token".to_owned();
    auth.region_by = serde_json::from_value(json!({"from": "answer:/place"})).ok();
    for (place, expected) in [(json!("eu"), Some("eu")), (json!("mars"), None), (json!(null), None), (json!(7), None)] {
        let answer = json!({"access_token": "canary-a", "place": place}).to_string();
        match (exchanged(&auth, &Script::answering(200, answer)).await, expected) {
            (Ok(tokens), Some(expected)) => assert_eq!(tokens.facts, region(expected)),
            (Err(error), None) => assert_eq!(Fault::from(error).code, Code::RegionUnknown),
            (got, _) => panic!("{place}: {got:?}"),
        }
    }
    auth.region_by.as_mut().expect("by").otherwise = Some("us".to_owned());
    for (place, known) in [(json!(null), true), (json!(7), false), (json!("mars"), false)] {
        let answer = json!({"access_token": "canary-a", "place": place}).to_string();
        let result = exchanged(&auth, &Script::answering(200, answer)).await;
        assert_eq!(result.is_ok_and(|tokens| tokens.facts == region("us")), known, "silence only is silence: {place}");
    }
    let echo = json!({"access_token": "canary-a", "place": "canary-a"}).to_string();
    assert!(exchanged(&auth, &Script::answering(200, echo)).await.is_err());
}

#[tokio::test]
async fn further_tokens_are_secrets_of_the_credential_and_no_facts() {
    let mut auth = with_fact("answer:/person/id", ".+");
    auth.answer.more = facts(&[("user_token", "/person/token")]);
    let answer = r#"{"access_token":"canary-a","person":{"id":"U1","token":"canary-u"}}"#;
    let tokens = exchanged(&auth, &Script::answering(200, answer)).await.expect("tokens");
    assert_eq!(tokens.credential.secrets["user_token"].expose(), "canary-u");
    assert_eq!(tokens.facts, facts(&[("org", "U1")]));
    let echo = r#"{"access_token":"canary-a","person":{"id":"canary-u","token":"canary-u"}}"#;
    assert!(matches!(exchanged(&auth, &Script::answering(200, echo)).await, Err(TokenError::FactMissing { .. })));
}
