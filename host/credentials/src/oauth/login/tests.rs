//! Logins without a browser.

use patchbay_model::{Code, Fault};
use std::time::Duration;

use super::*;
use crate::oauth::{
    TransportError, canary,
    script::{NOW, Script, books, client, clock, entered_client, facts, held, session},
};

async fn opened(auth: &Auth, client: Option<&Client>, script: &Script) -> Result<Tokens, TokenError> {
    let entered = facts(&[("user", "ann"), ("client_id", "own client")]);
    let secrets = held(&[("password", "canary-password"), ("client_secret", "canary-own-secret")]);
    let result = open(auth, client, &entered, secrets, &clock(), script).await;
    canary::absent(&result);
    if let Err(error) = &result {
        canary::absent(&Fault::from(error.clone()));
    }
    result
}

#[tokio::test]
async fn a_session_is_opened_and_the_credential_holds_password_and_token() {
    let script = Script::answering(200, r#"{"result":{"session":{"token":"canary-s","ttl":"60"}},"error":null}"#);
    let tokens = opened(&session(), None, &script).await.expect("tokens");
    assert_eq!(tokens.credential.auth, "session");
    assert_eq!(tokens.credential.secrets[ACCESS_TOKEN].expose(), "canary-s");
    assert_eq!(tokens.credential.secrets["password"].expose(), "canary-password");
    assert_eq!(tokens.credential.expires_at, Some(NOW.plus(Duration::from_secs(60))));
    let request = script.request();
    assert_eq!(request.uri(), "https://api.books.example/session");
    let body = String::from_utf8(request.into_body()).expect("text");
    assert_eq!(body, r#"{"kind":"api","login":{"password":"canary-password","user":"ann"}}"#);
}

#[tokio::test]
async fn an_entered_client_proves_itself_by_basic_and_asks_for_its_scopes() {
    let script = Script::answering(200, r#"{"access_token":"canary-a","refresh_token":"canary-r","scope":"a"}"#);
    // The operator's client is none of this provider's business when a person enters one.
    let tokens = opened(&entered_client(), Some(&client()), &script).await.expect("tokens");
    let names: Vec<_> = tokens.credential.secrets.keys().map(String::as_str).collect();
    assert_eq!(names, [ACCESS_TOKEN, "client_secret", "password"], "a refresh token is of no use");
    assert_eq!(tokens.credential.refresh_ends, None);
    let request = script.request();
    assert_eq!(request.body(), b"grant_type=client_credentials&scope=a+b");
    let sent = request.headers()["authorization"].to_str().expect("text").to_owned();
    let expected = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "own+client:canary-own-secret");
    assert_eq!(sent, format!("Basic {expected}"));
}

#[tokio::test]
async fn the_operators_client_is_used_where_nobody_enters_one() {
    let mut auth = Auth { fields: Vec::new(), ..entered_client() };
    auth.token.as_mut().expect("token").client_auth = patchbay_model::manifest::ClientAuth::Body;
    auth.scope_separator = Some(",".to_owned());
    let script = Script::answering(200, r#"{"access_token":"canary-a"}"#);
    opened(&auth, Some(&client()), &script).await.expect("tokens");
    let body = String::from_utf8(script.request().into_body()).expect("text");
    assert_eq!(
        body,
        "grant_type=client_credentials&scope=a%2Cb&client_id=client-1&client_secret=canary+client%2Fsecret%2B1"
    );
    let script = Script::answering(200, "{}");
    assert!(matches!(opened(&auth, None, &script).await, Err(TokenError::Misconfigured(_))));
    assert_eq!(script.requests(), 0);
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_from_everything_else() {
    type Expected = fn(&TokenError) -> bool;
    const REFUSED: Expected = |error| matches!(error, TokenError::Refused(_));
    const UNFIT: Expected = |error| matches!(error, TokenError::Misconfigured(_));
    const AWAY: Expected = |error| matches!(error, TokenError::Unavailable(_));
    const ODD: Expected = |error| matches!(error, TokenError::Unreadable(_));
    for (auth, status, body, expected) in [
        (session(), 401, "", REFUSED),
        (session(), 403, "<html>canary-password", REFUSED),
        (session(), 401, r#"{"error":"invalid_request"}"#, REFUSED),
        (session(), 400, r#"{"error":"canary-password is wrong"}"#, REFUSED),
        (session(), 200, r#"{"result":false}"#, REFUSED),
        (session(), 200, "<html>", ODD),
        (session(), 200, "", ODD),
        (session(), 200, r#"{"access_token":"canary-a"}"#, ODD),
        (session(), 404, "{}", ODD),
        (session(), 302, "", ODD),
        (session(), 429, r#"{"result":false}"#, AWAY),
        (session(), 502, "<html>", AWAY),
        (entered_client(), 401, r#"{"error":"invalid_client"}"#, REFUSED),
        (entered_client(), 400, r#"{"error":"invalid_client","error_description":"canary-own-secret"}"#, REFUSED),
        (entered_client(), 400, r#"{"error":"unsupported_grant_type"}"#, UNFIT),
        (entered_client(), 400, r#"{"error":"invalid_scope"}"#, REFUSED),
        (Auth { fields: Vec::new(), ..entered_client() }, 401, r#"{"error":"invalid_client"}"#, UNFIT),
        (Auth { fields: Vec::new(), ..entered_client() }, 401, "", UNFIT),
    ] {
        let error = opened(&auth, Some(&client()), &Script::answering(status, body)).await.expect_err(body);
        assert!(expected(&error), "{:?} {status} {body}: {error:?}", auth.kind);
        if REFUSED(&error) {
            assert_eq!(Fault::from(error).code, Code::CredentialRefused, "the person enters it again");
        }
    }
    let lost = Script::failing(TransportError::Unknown("sent canary-password".to_owned()));
    assert!(AWAY(&opened(&session(), None, &lost).await.expect_err("lost")));
}

#[tokio::test]
async fn a_login_tells_facts_and_no_secret() {
    let mut auth = session();
    auth.facts = serde_json::from_value(serde_json::json!([
        {"id": "uid", "from": "answer:/uid", "pattern": "[0-9]+"},
        {"id": "name", "from": "answer:/name", "pattern": ".*"},
    ]))
    .expect("facts");
    let answer = |name: &str| format!(r#"{{"result":{{"session":{{"token":"canary-s"}}}},"uid":7,"name":"{name}"}}"#);
    let tokens = opened(&auth, None, &Script::answering(200, answer("Ann"))).await.expect("tokens");
    assert_eq!(tokens.facts, facts(&[("uid", "7"), ("name", "Ann")]));
    for name in ["canary-s", "canary-password", "it is canary-password!"] {
        let error = opened(&auth, None, &Script::answering(200, answer(name))).await.expect_err(name);
        assert!(matches!(&error, TokenError::FactMissing { fact, .. } if fact == "name"), "{error:?}");
        assert_eq!(Fault::from(error).code, Code::TokenAnswerInvalid);
    }
}

#[tokio::test]
async fn the_password_admin_does_not_forbid_the_name_admin() {
    let mut auth = session();
    auth.facts = serde_json::from_value(serde_json::json!([
        {"id": "role", "from": "answer:/role", "pattern": ".*"},
    ]))
    .expect("facts");
    let script = Script::answering(200, r#"{"result":{"session":{"token":"canary-s"}},"role":"admin"}"#);
    let tokens = open(&auth, None, &facts(&[("user", "ann")]), held(&[("password", "admin")]), &clock(), &script).await;
    assert_eq!(tokens.expect("tokens").facts, facts(&[("role", "admin")]));
}

#[tokio::test]
async fn what_cannot_be_opened_sends_nothing() {
    let script = Script::answering(200, r#"{"access_token":"canary-a"}"#);
    assert!(matches!(opened(&books(), Some(&client()), &script).await, Err(TokenError::Misconfigured(_))));
    let mut without = session();
    without.login = None;
    assert!(matches!(opened(&without, None, &script).await, Err(TokenError::Misconfigured(_))));
    let mut basic = session();
    basic.login.as_mut().expect("login").client_auth = patchbay_model::manifest::ClientAuth::Basic;
    assert!(matches!(opened(&basic, None, &script).await, Err(TokenError::Misconfigured(_))));
    for name in [ACCESS_TOKEN, REFRESH_TOKEN] {
        let secrets = held(&[(name, "canary-mine")]);
        let result = open(&session(), None, &facts(&[("user", "ann")]), secrets, &clock(), &script).await;
        assert!(matches!(result, Err(TokenError::Misconfigured(_))), "{name}");
    }
    let missing = open(&session(), None, &BTreeMap::new(), BTreeMap::new(), &clock(), &script).await;
    assert!(matches!(missing, Err(TokenError::Misconfigured(_))));
    assert_eq!(script.requests(), 0);
}
