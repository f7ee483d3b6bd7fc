//! Tokens that are given back.

use patchbay_model::Timestamp;
use serde_json::json;

use super::*;
use crate::oauth::{
    TransportError, canary,
    script::{Script, books, by_access_token, client, facts, held, session},
};

fn credential(secrets: &[(&str, &str)]) -> Credential {
    Credential::entered("oauth", held(secrets), Timestamp::from_millis(0))
}

fn both() -> Credential {
    credential(&[("access_token", "canary-a"), ("refresh_token", "canary-r")])
}

fn with_revoke(request: serde_json::Value) -> Auth {
    Auth { revoke: serde_json::from_value(request).ok(), ..books() }
}

fn standard() -> Auth {
    with_revoke(json!({"url": "https://login.books.example/oauth/revoke"}))
}

async fn revoked(auth: &Auth, script: &Script) -> Result<(), RevokeError> {
    let result = revoke(auth, Some(&client()), &both(), &facts(&[("user_id", "7")]), script).await;
    canary::absent(&result);
    result
}

async fn sent(auth: &Auth, credential: &Credential) -> String {
    let script = Script::answering(200, "");
    let known = facts(&[("user_id", "7")]);
    revoke(auth, Some(&client()), credential, &known, &script).await.expect("done");
    let request = script.request();
    let body = String::from_utf8(request.body().clone()).expect("text");
    format!("{} {} {body}", request.method(), request.uri())
}

#[tokio::test]
async fn the_refresh_token_is_given_back_or_else_the_access_token() {
    let client = "&client_id=client-1&client_secret=canary+client%2Fsecret%2B1";
    let at = "POST https://login.books.example/oauth/revoke";
    assert_eq!(sent(&standard(), &both()).await, format!("{at} token=canary-r&token_type_hint=refresh_token{client}"));
    assert_eq!(
        sent(&standard(), &credential(&[("access_token", "canary-a")])).await,
        format!("{at} token=canary-a&token_type_hint=access_token{client}")
    );
    let public = with_revoke(json!({"url": "https://login.books.example/oauth/revoke", "client-auth": "none"}));
    assert_eq!(
        sent(&public, &both()).await,
        format!("{at} token=canary-r&token_type_hint=refresh_token&client_id=client-1")
    );
}

#[tokio::test]
async fn basic_keeps_the_client_out_of_the_body() {
    let auth = with_revoke(json!({"url": "https://a.example/revoke", "client-auth": "basic", "place": "json"}));
    let script = Script::answering(200, "");
    revoke(&auth, Some(&client()), &both(), &BTreeMap::new(), &script).await.expect("done");
    let request = script.request();
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(request.body(), br#"{"token":"canary-r","token_type_hint":"refresh_token"}"#);
}

#[tokio::test]
async fn a_manifest_that_names_the_token_itself_is_followed_to_the_letter() {
    assert_eq!(
        sent(&by_access_token(), &both()).await,
        "DELETE https://graph.ads.example/7/permissions?client_id=client-1&access_token=canary-a "
    );
    let in_path =
        with_revoke(json!({"url": "https://a.example/tokens/{refresh_token}", "method": "DELETE", "place": "query",
            "client-auth": "basic"}));
    assert_eq!(sent(&in_path, &both()).await, "DELETE https://a.example/tokens/canary-r ");
    let replaced = with_revoke(json!({"url": "https://a.example/revoke", "client-auth": "basic",
        "params": {"token_type_hint": "refresh", "x": "{user_id}"}}));
    assert_eq!(
        sent(&replaced, &both()).await,
        "POST https://a.example/revoke token=canary-r&token_type_hint=refresh&x=7"
    );
}

#[tokio::test]
async fn a_request_of_the_login_is_signed_as_the_slot_says_and_the_key_stays_here() {
    let signed = |encoding: &str, client_auth: &str| {
        let mut auth = by_access_token();
        auth.slots = serde_json::from_value(json!([{"id": "proof", "place": "signed", "name": "proof",
            "value": "{access_token}", "signature": {"key": "{client_secret}", "into": "query", "encoding": encoding}}]))
        .expect("a slot");
        auth.revoke =
            serde_json::from_value(json!({"url": "https://a.example/me", "method": "DELETE", "place": "query",
            "client-auth": client_auth, "params": {"proof": "{slot.proof}", "token": "{access_token}"}}))
            .ok();
        auth
    };
    // HMAC-SHA256 of `canary-a` under `canary client/secret+1`, by another program.
    assert_eq!(
        sent(&signed("hex", "none"), &both()).await,
        "DELETE https://a.example/me?client_id=client-1&proof=d3b8b85ab724e967aa4817a2f23fd4d87de808c1d570ff0a905a0729f663dbd0&token=canary-a "
    );
    let base64 = sent(&signed("base64", "basic"), &both()).await;
    assert_eq!(
        base64,
        "DELETE https://a.example/me?proof=07i4Wrck6WeqSBei8j%2FU2H3oCMHVcP8KkFoHKfZj29A%3D&token=canary-a "
    );
    let script =
        Script::answering(400, r#"{"error":"d3b8b85ab724e967aa4817a2f23fd4d87de808c1d570ff0a905a0729f663dbd0"}"#);
    let refused = revoked(&signed("hex", "none"), &script).await.expect_err("refused");
    assert!(
        !format!("{refused:?}").contains("d3b8b85ab724e967aa4817a2f23fd4d87de808c1d570ff0a905a0729f663dbd0"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_session_is_closed_without_any_client() {
    let revoke_request = json!({"url": "https://api.books.example/session", "method": "DELETE", "place": "json",
        "params": {"/session/token": "{access_token}"}});
    let auth = Auth { revoke: serde_json::from_value(revoke_request).ok(), ..session() };
    let script = Script::answering(204, "");
    revoke(&auth, None, &both(), &BTreeMap::new(), &script).await.expect("done");
    assert_eq!(script.request().body(), br#"{"session":{"token":"canary-a"}}"#);
}

#[tokio::test]
async fn each_answer_is_done_later_or_refused() {
    #[derive(Debug, PartialEq)]
    enum Expected {
        Done,
        Later,
        Refused,
    }
    use Expected::{Done, Later, Refused};
    for (status, body, expected) in [
        (200, "", Done),
        (200, "<html>", Done),
        (200, r#"{"ok":true,"revoked":true}"#, Done),
        (204, "", Done),
        (400, r#"{"error":"invalid_token"}"#, Done),
        (404, r#"{"error":"invalid_token","error_description":"canary-r"}"#, Done),
        (400, r#"{"error":"invalid_grant"}"#, Done),
        (401, r#"{"error":{"code":"invalid_token"}}"#, Done),
        (200, r#"{"ok":false,"error":"token_revoked"}"#, Done),
        (200, r#"{"ok":false,"error":"not_allowed"}"#, Refused),
        (400, r#"{"error":"unsupported_token_type","error_description":"canary-r"}"#, Refused),
        (400, r#"{"error":"canary-r"}"#, Refused),
        (401, r#"{"error":"invalid_client"}"#, Refused),
        (400, "", Refused),
        (403, "<html>", Refused),
        (404, "<html>", Refused),
        (302, "", Refused),
        (429, r#"{"error":"invalid_token"}"#, Later),
        (408, "", Later),
        (500, "<html>", Later),
        (503, r#"{"error":"invalid_token"}"#, Later),
    ] {
        let got = match revoked(&standard(), &Script::answering(status, body)).await {
            Ok(()) => Done,
            Err(RevokeError::Later { .. }) => Later,
            Err(RevokeError::Refused(_)) => Refused,
        };
        assert_eq!(got, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn the_manifests_rules_count_here_as_well() {
    let auth = by_access_token();
    assert_eq!(revoked(&auth, &Script::answering(400, r#"{"error":{"code":190}}"#)).await, Ok(()));
    let later = revoked(&auth, &Script::answering(400, r#"{"error":{"code":4}}"#)).await;
    assert!(matches!(later, Err(RevokeError::Later { .. })));
    let refused = revoked(&auth, &Script::answering(400, r#"{"error":{"code":101}}"#)).await;
    assert!(matches!(refused, Err(RevokeError::Refused(_))));
}

#[tokio::test]
async fn no_answer_is_asked_for_again_later_and_a_wait_is_handed_on() {
    for error in [
        TransportError::NotSent("canary-r".to_owned()),
        TransportError::Unknown("canary+client%2Fsecret%2B1".to_owned()),
    ] {
        let result = revoked(&standard(), &Script::failing(error)).await;
        assert!(matches!(result, Err(RevokeError::Later { retry_after: None, .. })));
    }
    let result = revoked(&standard(), &Script::throttling(503, "120")).await;
    assert!(matches!(result, Err(RevokeError::Later { retry_after: Some(wait), .. }) if wait.as_secs() == 120));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_nothing_is_sent() {
    let script = Script::answering(200, "");
    let none = BTreeMap::new();
    for (auth, client, credential) in [
        (books(), Some(client()), both()),
        (standard(), None, both()),
        (standard(), Some(client()), credential(&[("password", "canary-p")])),
        (by_access_token(), Some(client()), both()),
        (with_revoke(json!({"url": "https://a.example/{refresh_token}"})), Some(client()), credential(&[])),
        (with_revoke(json!({"url": "http://a.example/revoke"})), Some(client()), both()),
    ] {
        let result = revoke(&auth, client.as_ref(), &credential, &none, &script).await;
        assert!(matches!(result, Err(RevokeError::Refused(_))), "{result:?}");
        canary::absent(&result);
    }
    assert_eq!(script.requests(), 0);
}
