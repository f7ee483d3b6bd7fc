//! The second request of a login.

use patchbay_model::manifest::Fact;

use super::*;
use crate::oauth::script::by_access_token;

async fn lengthened(script: &Script) -> Result<Tokens, TokenError> {
    let code = Secret::new("canary-code-1");
    let result = exchange(&by_access_token(), &client(), &code, None, &BTreeMap::new(), &clock(), script).await;
    canary::absent(&result);
    result
}

#[tokio::test]
async fn a_second_request_gives_the_token_that_is_kept() {
    let script = Script::answering(200, r#"{"access_token":"canary-short","expires_in":3600}"#)
        .then(Script::answering(200, r#"{"access_token":"canary-long","expires_in":5183944}"#));
    let tokens = lengthened(&script).await.expect("tokens");
    assert_eq!(tokens.credential.secrets[ACCESS_TOKEN].expose(), "canary-long");
    assert_eq!(tokens.credential.expires_at, Some(NOW.plus(Duration::from_secs(5_183_944))));
    let sent: Vec<String> = script.sent().iter().map(|request| request.uri().to_string()).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[1],
        "https://graph.ads.example/oauth/access_token?client_id=client-1&client_secret=canary+client%2Fsecret%2B1\
         &exchange_token=canary-short&grant_type=exchange_token"
    );
}

#[tokio::test]
async fn what_the_second_request_does_not_bring_stays_and_a_life_is_that_of_its_own_token() {
    let first = r#"{"access_token":"canary-1","refresh_token":"canary-r","expires_in":60,"scope":"a b","id":7}"#;
    let script = Script::answering(200, first).then(Script::answering(200, r#"{"access_token":"canary-2","id":8}"#));
    let mut auth = by_access_token();
    let fact = |id: &str, from: &str| Fact {
        id: id.to_owned(),
        from: from.to_owned(),
        pattern: ".*".to_owned(),
        optional: false,
    };
    auth.facts = vec![fact("id", "answer:/id")];
    auth.exchange.as_mut().expect("exchange").url = "https://graph.ads.example/{id}/long".to_owned();
    let code = Secret::new("canary-code-1");
    let tokens = exchange(&auth, &client(), &code, None, &BTreeMap::new(), &clock(), &script).await.expect("tokens");
    assert_eq!(tokens.credential.secrets[ACCESS_TOKEN].expose(), "canary-2");
    assert_eq!(tokens.credential.secrets[REFRESH_TOKEN].expose(), "canary-r");
    assert_eq!(tokens.credential.expires_at, None);
    assert_eq!(tokens.credential.scopes, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(tokens.facts, facts(&[("id", "7")]), "the first answer's word counts");
    assert_eq!(script.sent()[1].uri().path(), "/7/long", "and fills the second address");
}

#[tokio::test]
async fn a_second_request_that_fails_ends_the_login() {
    type Expected = fn(&TokenError) -> bool;
    let rows: [(Script, Expected); 6] = [
        (Script::answering(200, "<html>canary-short"), |error| matches!(error, TokenError::Unreadable(_))),
        (Script::answering(200, r#"{"error":{"code":190,"message":"canary-short"}}"#), |error| {
            matches!(error, TokenError::CodeRefused(_))
        }),
        (Script::answering(400, r#"{"error":{"code":4}}"#), |error| matches!(error, TokenError::Unavailable(_))),
        (Script::answering(400, r#"{"error":{"code":101}}"#), |error| matches!(error, TokenError::Misconfigured(_))),
        (Script::answering(500, ""), |error| matches!(error, TokenError::Unavailable(_))),
        (Script::failing(TransportError::Unknown("canary-short".to_owned())), |error| {
            matches!(error, TokenError::Unavailable(_))
        }),
    ];
    for (at, (second, expected)) in rows.into_iter().enumerate() {
        let script = Script::answering(200, r#"{"access_token":"canary-short"}"#).then(second);
        let error = lengthened(&script).await.expect_err("refused");
        assert!(expected(&error), "row {at}: {error:?}");
    }
}
