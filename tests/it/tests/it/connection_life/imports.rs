//! Tokens that another hub had.

use std::time::Duration;

use patchbay_it::Rig;
use patchbay_model::{Clock, SystemClock};
use patchbay_test_support::{
    Api, Browser, Result,
    fakes::logins::{Behaviour, Proof, TokenKind},
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{CONNECTOR, KEY, Scene, id};

/// Logs in at the fake as another hub does; the token answer.
pub(crate) fn elsewhere(rig: &Rig, account: &str) -> Result<Value> {
    // RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let hub = "https://old-hub.example/callback";
    let logins = &rig.fakes.logins.provider;
    logins.allow_redirect(hub);
    let client = logins.client();
    let mut to = Url::parse(&format!("{}/oauth/authorize", rig.fakes.logins.plain))?;
    to.query_pairs_mut()
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", hub)
        .append_pair("response_type", "code")
        .append_pair("scope", "read")
        .append_pair("state", "old")
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256");
    let back = Browser::default().logins(to.as_str(), &logins.credentials(account), "", true)?;
    let rules = logins.behaviour();
    logins.behave(Behaviour { proof: Proof::Either, ..rules.clone() });
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", &back.told("code").unwrap_or_default())
        .append_pair("redirect_uri", hub)
        .append_pair("code_verifier", verifier)
        .append_pair("client_id", &client.id)
        .append_pair("client_secret", &client.secret)
        .finish();
    let desk = Api::new(&rig.fakes.logins.plain);
    let answer = desk.send("POST", "/oauth/token", Some("application/x-www-form-urlencoded"), form.into_bytes())?;
    logins.behave(rules);
    Ok(answer.expect(200)?.json)
}

pub(crate) fn secrets(pair: &Value) -> Value {
    json!({ "access_token": pair["access_token"], "refresh_token": pair["refresh_token"] })
}

#[test]
fn tokens_of_another_hub_become_a_connection_that_renews_them() -> Result<()> {
    let scene = Scene::with_clock()?;
    let import = |body: &Value| scene.tenant.api.post("/v1/connections/import", body);
    let pair = elsewhere(&scene.rig, "one")?;
    let body = json!({ "connector": CONNECTOR, "name": "Moved", "secrets": secrets(&pair), "expires_at": "2099-01-01T00:00:00Z" });
    let made = import(&body)?.expect(201)?;
    assert_eq!(
        (made.text_at("/state")?.as_str(), made.text_at("/business_id")?.as_str(), made.text_at("/name")?.as_str()),
        ("active", "business-one", "Moved")
    );
    assert_eq!(scene.rig.calls_of("refresh_token"), 0, "a token that is good is not spent");
    let connection = id(&made)?;
    assert_eq!(scene.tenant.first_run(&connection)?["state"], json!("done"));
    for value in [&pair["access_token"], &pair["refresh_token"]] {
        assert!(!made.text().contains(value.as_str().unwrap_or("?")), "no token is told again");
    }
    // Known already: renewed.
    let pair = elsewhere(&scene.rig, "one")?;
    let again = import(&json!({ "connector": CONNECTOR, "secrets": secrets(&pair) }))?.expect(200)?;
    assert_eq!((id(&again)?, again.text_at("/name")?.as_str()), (connection.clone(), "Moved"));

    // One that ends soon is good for the import, and renewed by the connection that has it.
    let pair = elsewhere(&scene.rig, "two")?;
    let soon = SystemClock.now().plus(Duration::from_secs(300)).to_string();
    let made =
        import(&json!({ "connector": CONNECTOR, "secrets": secrets(&pair), "expires_at": soon }))?.expect(201)?;
    assert_eq!(made.text_at("/business_id")?, "business-two");
    scene.tenant.settled()?;
    assert_eq!(scene.rig.calls_of("refresh_token"), 0, "there are five minutes left");
    scene.rig.advance(Duration::from_secs(301))?;
    assert_eq!(scene.identify(&id(&made)?)?.status, 200);
    assert_eq!(scene.rig.calls_of("refresh_token"), 1);
    Ok(())
}

#[test]
fn an_import_spends_no_token_whatever_becomes_of_it() -> Result<()> {
    let scene = Scene::start()?;
    let logins = &scene.rig.fakes.logins.provider;
    let import = |body: &Value| scene.tenant.api.post("/v1/connections/import", body);
    let pair = elsewhere(&scene.rig, "one")?;
    let past = json!({ "connector": CONNECTOR, "secrets": secrets(&pair), "expires_at": "2020-01-01T00:00:00Z" });
    let refused = import(&past)?;
    assert_eq!(
        (refused.status, &refused.json["errors"][0]["pointer"]),
        (422, &json!("/expires_at")),
        "{}",
        refused.text()
    );
    let bare = json!({ "connector": CONNECTOR, "secrets": { "refresh_token": pair["refresh_token"] } });
    let refused = import(&bare)?;
    assert_eq!(
        (refused.status, &refused.json["errors"][0]["pointer"]),
        (422, &json!("/secrets")),
        "{}",
        refused.text()
    );
    logins.end(TokenKind::Access);
    let ended = import(&json!({ "connector": CONNECTOR, "secrets": secrets(&pair) }))?;
    assert_eq!((ended.status, &ended.json["code"]), (422, &json!("PB2002")), "{}", ended.text());
    // The old hub still has what it had.
    assert_eq!((scene.rig.calls_of("refresh_token"), scene.rig.calls_of("revoke")), (0, 0));
    assert!(logins.accepts_refresh(pair["refresh_token"].as_str().unwrap_or_default()));
    assert_eq!(scene.tenant.connections()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_import_that_is_wrong_says_where() -> Result<()> {
    let scene = Scene::start()?;
    scene.rig.install_kind(&scene.rig.kind("region-callback")?)?;
    let region = "patchbay.region-callback";
    let good = json!({ "access_token": "x".repeat(24) });
    for (body, pointers) in [
        (json!({ "connector": region, "secrets": good }), vec!["/facts/region"]),
        (json!({ "connector": region, "secrets": good, "facts": { "region": "mars" } }), vec!["/facts/region"]),
        (
            json!({ "connector": region, "secrets": good, "facts": { "region": "eu", "host": "evil.example" } }),
            vec!["/facts/host"],
        ),
        (
            json!({ "connector": region, "secrets": good, "facts": { "region": "https://evil.example", "a": "b" } }),
            vec!["/facts/a", "/facts/region"],
        ),
        (json!({ "connector": CONNECTOR, "secrets": {} }), vec!["/secrets"]),
        (json!({ "connector": CONNECTOR, "secrets": { "password": "x" } }), vec!["/secrets", "/secrets/password"]),
        (json!({ "connector": CONNECTOR, "secrets": { "access_token": "" } }), vec!["/secrets/access_token"]),
        (json!({ "connector": CONNECTOR, "secrets": { "access_token": "a\r\nb" } }), vec!["/secrets/access_token"]),
        (
            json!({ "connector": CONNECTOR, "secrets": { "access_token": "x".repeat(20_000) } }),
            vec!["/secrets/access_token"],
        ),
        (json!({ "connector": CONNECTOR, "secrets": good, "expires_at": "tomorrow" }), vec!["/expires_at"]),
        (json!({ "connector": CONNECTOR, "secrets": good, "name": "" }), vec!["/name"]),
    ] {
        let refused = scene.tenant.api.post("/v1/connections/import", &body)?;
        let errors = refused.array_at("/errors").unwrap_or_default();
        let mut found: Vec<&str> = errors.iter().filter_map(|error| error["pointer"].as_str()).collect();
        found.sort_unstable();
        assert_eq!((refused.status, found), (422, pointers), "{body}: {}", refused.text());
        assert!(!refused.text().contains(&"x".repeat(24)), "what was sent is not said back");
    }
    let refused = scene.tenant.api.post("/v1/connections/import", &json!({ "connector": KEY, "secrets": good }))?;
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("PB2013")), "{}", refused.text());
    assert_eq!(scene.tenant.connections()?, Vec::<String>::new());
    assert_eq!(scene.rig.calls_of("refresh_token"), 0);
    Ok(())
}
