//! Renewals that work, and those that must not cost anybody a login.

use patchbay_model::{Secret, Timestamp};

use super::*;
use crate::{
    credential::{ACCESS_TOKEN, REFRESH_TOKEN},
    oauth::{
        TransportError, canary,
        script::{NOW, Script, books, by_access_token, client, clock, entered_client, facts, firm, held, session},
    },
};

fn old() -> Credential {
    let secrets = [(ACCESS_TOKEN, "canary-old-a"), (REFRESH_TOKEN, "canary-old-r")]
        .map(|(name, text)| (name.to_owned(), Secret::new(text)));
    Credential {
        scopes: Some(vec!["user:profile".to_owned()]),
        refresh_ends: Some(NOW.plus(Duration::from_secs(5))),
        ..Credential::entered("oauth", secrets.into(), Timestamp::from_millis(0))
    }
}

async fn refreshed(auth: &Auth, script: &Script) -> Result<Credential, RefreshError> {
    let result = refresh(auth, Some(&client()), &old(), &firm(), &clock(), script).await;
    canary::absent(&result);
    result
}

#[tokio::test]
async fn a_rotated_refresh_token_takes_the_place_of_the_old_one() {
    let script =
        Script::answering(200, r#"{"access_token":"canary-a2","refresh_token":"canary-r2","expires_in":"60"}"#);
    let fresh = refreshed(&books(), &script).await.expect("fresh");
    assert_eq!(fresh.secrets[ACCESS_TOKEN].expose(), "canary-a2");
    assert_eq!(fresh.secrets[REFRESH_TOKEN].expose(), "canary-r2");
    assert_eq!(fresh.expires_at, Some(NOW.plus(Duration::from_secs(60))));
    let body = String::from_utf8(script.request().into_body()).expect("text");
    assert!(body.starts_with("grant_type=refresh_token&refresh_token=canary-old-r&"), "{body}");
}

#[tokio::test]
async fn no_new_refresh_token_keeps_the_old_one_and_no_scope_keeps_the_scopes() {
    for body in [
        r#"{"access_token":"canary-a2"}"#,
        r#"{"access_token":"canary-a2","refresh_token":null}"#,
        r#"{"access_token":"canary-a2","refresh_token":""}"#,
    ] {
        let fresh = refreshed(&books(), &Script::answering(200, body)).await.expect("fresh");
        assert_eq!(fresh.secrets[REFRESH_TOKEN].expose(), "canary-old-r", "{body}");
        assert_eq!(fresh.scopes, old().scopes);
        assert_eq!(fresh.refresh_ends, Some(NOW.plus(Duration::from_secs(60 * 86_400))), "its use counts");
    }
    let mut auth = books();
    auth.idle_days = None;
    let fresh = refreshed(&auth, &Script::answering(200, r#"{"access_token":"canary-a2"}"#)).await.expect("fresh");
    assert_eq!(fresh.refresh_ends, old().refresh_ends);
}

#[tokio::test]
async fn the_token_request_serves_where_no_refresh_request_is_declared() {
    let mut auth = books();
    auth.refresh = None;
    let script = Script::answering(200, r#"{"access_token":"canary-a2"}"#);
    refreshed(&auth, &script).await.expect("fresh");
    assert_eq!(script.request().uri().path(), "/f/13827/oauth/token");
}

#[tokio::test]
async fn only_an_explicit_invalid_grant_is_the_end() {
    for (status, body) in [
        (400, r#"{"error":"invalid_grant","error_description":"canary-old-r was revoked"}"#),
        (401, r#"{"error":"invalid_grant"}"#),
        (200, r#"{"error":"invalid_grant"}"#),
    ] {
        let error = refreshed(&books(), &Script::answering(status, body)).await.expect_err("refused");
        assert!(matches!(error, RefreshError::Dead(_)), "{status} {body}: {error:?}");
    }
    let mut without = old();
    without.secrets.remove(REFRESH_TOKEN);
    let script = Script::answering(200, "{}");
    let error = refresh(&books(), Some(&client()), &without, &firm(), &clock(), &script).await;
    assert!(matches!(error, Err(RefreshError::Dead(_))));
    assert_eq!(script.requests(), 0);
}

#[tokio::test]
async fn everything_else_leaves_the_credential_and_says_whether_it_may_be_spent() {
    for (status, body, may_be_spent, misconfigured) in [
        (401, r#"{"error":"invalid_client","error_description":"canary client/secret+1"}"#, false, true),
        (400, r#"{"error":"unauthorized_client"}"#, false, true),
        (400, r#"{"error":"invalid_request"}"#, false, true),
        (500, "<html>database is locked", true, false),
        (500, r#"{"error":"invalid_grant"}"#, true, false),
        (503, "", true, false),
        (200, "<html>maintenance", true, false),
        (200, "", true, false),
        (200, r#"{"access_token":"canary-a2","refr"#, true, false),
        (200, r#"{"access_token":"canary-a2","token_type":"mac"}"#, true, false),
        (401, "", false, false),
        (404, "<html>", false, false),
        (429, r#"{"error":"invalid_grant"}"#, false, false),
        (302, "", false, false),
    ] {
        let error = refreshed(&books(), &Script::answering(status, body)).await.expect_err("refused");
        let RefreshError::Busy(busy) = error else { panic!("{status} {body}: {error:?}") };
        assert_eq!((busy.may_be_spent, busy.misconfigured), (may_be_spent, misconfigured), "{status} {body}");
    }
}

#[tokio::test]
async fn a_lost_answer_may_have_spent_the_token_and_an_unsent_request_has_not() {
    for (error, expected) in [
        (TransportError::NotSent("no address for canary-old-r".to_owned()), false),
        (TransportError::Unknown("15 s over, sent canary-old-r".to_owned()), true),
    ] {
        let error = refreshed(&books(), &Script::failing(error)).await.expect_err("refused");
        assert!(matches!(error, RefreshError::Busy(Busy { may_be_spent, .. }) if may_be_spent == expected));
    }
}

#[tokio::test]
async fn a_wait_that_the_provider_asks_for_is_handed_on() {
    let error = refreshed(&books(), &Script::throttling(429, "120")).await.expect_err("refused");
    assert!(matches!(error, RefreshError::Busy(Busy { retry_after: Some(wait), .. }) if wait.as_secs() == 120));
}

#[tokio::test]
async fn what_a_refresh_does_not_bring_stays_and_what_it_brings_counts() {
    let mut auth = books();
    auth.answer.more = facts(&[("user_token", "/user"), ("other", "/other")]);
    let mut old = old();
    old.secrets.extend(held(&[("user_token", "canary-u1"), ("other", "canary-o1"), ("pin", "canary-pin")]));
    let answer = r#"{"access_token":"canary-a2","user":"canary-u2","scope":"a,b","other":null}"#;
    let script = Script::answering(200, answer);
    let fresh = refresh(&auth, Some(&client()), &old, &firm(), &clock(), &script).await.expect("fresh");
    let shown: BTreeMap<_, _> = fresh.secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
    assert_eq!(
        shown,
        BTreeMap::from([
            (ACCESS_TOKEN, "canary-a2"),
            (REFRESH_TOKEN, "canary-old-r"),
            ("user_token", "canary-u2"),
            ("other", "canary-o1"),
            ("pin", "canary-pin"),
        ])
    );
    assert_eq!(fresh.scopes, Some(vec!["a".to_owned(), "b".to_owned()]), "a new scope counts");
}

#[tokio::test]
async fn an_invalid_grant_once_is_told_once() {
    let script = Script::answering(400, r#"{"error":"invalid_grant"}"#)
        .then(Script::answering(200, r#"{"access_token":"canary-a2"}"#));
    assert!(matches!(refreshed(&books(), &script).await, Err(RefreshError::Dead(_))));
    assert!(refreshed(&books(), &script).await.is_ok(), "whether to try again is the caller's to say");
}

#[tokio::test]
async fn the_manifests_rules_say_what_is_dead_throttled_or_misconfigured() {
    let rules = |text: &str| serde_json::from_str(text).expect("rules");
    let auth = Auth {
        dead: rules(r#"[{"status":400,"pointer":"/status","equals":"BAD_REFRESH_TOKEN"}]"#),
        throttled: rules(r#"[{"pointer":"/status","equals":"SLOW"}]"#),
        misconfigured: rules(r#"[{"pointer":"/status","equals":"BAD_CLIENT"}]"#),
        ..books()
    };
    let error = refreshed(&auth, &Script::answering(400, r#"{"status":"BAD_REFRESH_TOKEN"}"#)).await;
    assert!(matches!(error, Err(RefreshError::Dead(_))));
    for (body, misconfigured) in [(r#"{"status":"SLOW"}"#, false), (r#"{"status":"BAD_CLIENT"}"#, true)] {
        let error = refreshed(&auth, &Script::answering(400, body)).await.expect_err("refused");
        let RefreshError::Busy(busy) = error else { panic!("{error:?}") };
        assert_eq!((busy.may_be_spent, busy.misconfigured), (false, misconfigured), "{body}");
    }
}

fn alone() -> Credential {
    let mut alone = old();
    alone.secrets.remove(REFRESH_TOKEN);
    alone
}

#[tokio::test]
async fn an_access_token_renews_itself_even_after_its_end_until_the_provider_says_no() {
    let auth = by_access_token();
    let ended = Credential { expires_at: Some(Timestamp::from_millis(1)), ..alone() };
    let renew = async |script: &Script| {
        let result = refresh(&auth, Some(&client()), &ended, &BTreeMap::new(), &clock(), script).await;
        canary::absent(&result);
        result
    };
    let script = Script::answering(200, r#"{"access_token":"canary-a2","expires_in":5183944}"#);
    let fresh = renew(&script).await.expect("fresh");
    assert_eq!(fresh.secrets[ACCESS_TOKEN].expose(), "canary-a2");
    assert_eq!(fresh.expires_at, Some(NOW.plus(Duration::from_secs(5_183_944))));
    let request = script.request();
    assert_eq!(request.method(), http::Method::GET);
    assert!(request.uri().query().is_some_and(|query| query.contains("exchange_token=canary-old-a&")));

    let dead = renew(&Script::answering(400, r#"{"error":{"code":190,"message":"canary-old-a has expired"}}"#)).await;
    assert!(matches!(dead, Err(RefreshError::Dead(_))));
    for (status, body) in [(400, r#"{"error":{"code":4}}"#), (400, r#"{"error":{"code":1}}"#), (401, ""), (500, "")] {
        let error = renew(&Script::answering(status, body)).await;
        assert!(matches!(error, Err(RefreshError::Busy(_))), "{status} {body}");
    }
}

#[tokio::test]
async fn a_session_is_opened_again_with_what_was_entered() {
    let auth = session();
    let mut old = Credential::entered("session", held(&[("password", "canary-password")]), Timestamp::from_millis(0));
    old.secrets.extend(held(&[(ACCESS_TOKEN, "canary-old-a")]));
    let user = facts(&[("user", "ann")]);
    let script = Script::answering(200, r#"{"result":{"session":{"token":"canary-s2","ttl":60}}}"#);
    let fresh = refresh(&auth, None, &old, &user, &clock(), &script).await.expect("fresh");
    canary::absent(&fresh);
    assert_eq!(fresh.secrets[ACCESS_TOKEN].expose(), "canary-s2");
    assert_eq!(fresh.secrets["password"].expose(), "canary-password");
    let body = String::from_utf8(script.request().into_body()).expect("text");
    assert_eq!(body, r#"{"kind":"api","login":{"password":"canary-password","user":"ann"}}"#);
}

#[tokio::test]
async fn asking_afresh_spends_nothing_and_ends_only_by_a_clear_no() {
    let client_row = |status, body| (entered_client(), "client_secret", status, body);
    let session_row = |status, body| (session(), "password", status, body);
    for ((auth, secret, status, body), dead, misconfigured) in [
        (session_row(401, ""), true, false),
        (session_row(401, r#"{"message":"wrong"}"#), true, false),
        (session_row(403, r#"{"error":"canary-password is wrong"}"#), true, false),
        (session_row(200, r#"{"result":false}"#), true, false),
        (session_row(403, "<html>a gateway's page"), false, false),
        (session_row(401, "<html>a gateway's page"), false, false),
        (session_row(200, "<html>"), false, false),
        (session_row(200, "{}"), false, false),
        (session_row(404, "{}"), false, false),
        (session_row(500, r#"{"result":false}"#), false, false),
        (session_row(429, ""), false, false),
        (client_row(401, r#"{"error":"invalid_client"}"#), true, false),
        (client_row(400, r#"{"error":"invalid_client"}"#), true, false),
        (client_row(400, r#"{"error":"invalid_grant"}"#), true, false),
        (client_row(400, r#"{"error":"unauthorized_client"}"#), false, true),
        (client_row(503, r#"{"error":"invalid_client"}"#), false, false),
    ] {
        let credential = Credential::entered("a", held(&[(secret, "canary-password")]), Timestamp::from_millis(0));
        let entered = facts(&[("user", "ann"), ("client_id", "c")]);
        let script = Script::answering(status, body);
        let error = refresh(&auth, None, &credential, &entered, &clock(), &script).await.expect_err(body);
        canary::absent(&error);
        match error {
            RefreshError::Dead(_) => assert!(dead, "{status} {body}"),
            RefreshError::Busy(busy) => {
                let got = (dead, busy.may_be_spent, busy.misconfigured);
                assert_eq!(got, (false, false, misconfigured), "{status} {body}: {busy:?}");
            }
        }
    }
    let credential = Credential::entered("a", held(&[("password", "p")]), Timestamp::from_millis(0));
    let lost = Script::failing(TransportError::Unknown("15 s over".to_owned()));
    let error = refresh(&session(), None, &credential, &facts(&[("user", "ann")]), &clock(), &lost).await;
    assert!(matches!(error, Err(RefreshError::Busy(Busy { may_be_spent: false, .. }))));
}

#[tokio::test]
async fn an_operators_wrong_client_ends_nobodys_connection() {
    let auth = Auth { fields: Vec::new(), ..entered_client() };
    let credential = Credential::entered("a", held(&[(ACCESS_TOKEN, "canary-a")]), Timestamp::from_millis(0));
    for (status, body) in [(401, r#"{"error":"invalid_client"}"#), (401, ""), (403, "{}")] {
        let script = Script::answering(status, body);
        let error = refresh(&auth, Some(&client()), &credential, &BTreeMap::new(), &clock(), &script).await;
        assert!(matches!(error, Err(RefreshError::Busy(Busy { misconfigured: true, .. }))), "{status} {body}");
    }
}

#[tokio::test]
async fn entered_keys_are_not_renewed_and_nothing_is_sent() {
    let auth = Auth { kind: patchbay_model::manifest::AuthKind::Fields, ..books() };
    let script = Script::answering(200, r#"{"access_token":"canary-a2"}"#);
    assert!(matches!(refreshed(&auth, &script).await, Err(RefreshError::Dead(_))));
    assert_eq!(script.requests(), 0);
}
