//! How a session stands, from its making to its end.

use std::time::Duration;

use patchbay_it::{RigSetup, Session, USER, Walk, items, leads};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use super::{CONNECTOR, LIMIT, Scene};

#[test]
fn what_nobody_completes_disappears_after_ten_minutes_and_is_given_back() -> Result<()> {
    let scene = Scene::with_clock()?;
    let session = scene.one()?;
    let mut walk = Walk::of(session.clone(), CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    let code = walk.code(&last)?;
    let waiting = items(&scene.tenant.api, "/v1/connections")?;
    assert_eq!((waiting.len(), &waiting[0]["state"]), (1, &json!("pending")), "{waiting:?}");
    assert_eq!(waiting[0]["account_status"], "loading_accounts");
    assert_eq!(scene.tenant.get(&format!("/v1/catalog/{CONNECTOR}"))?.text_at("/status")?, "connect");
    scene.rig.advance(Duration::from_secs(9 * 60 + 50))?;
    assert_eq!(scene.state(&session)?, "authorised", "it waits for ten minutes");

    scene.rig.advance(Duration::from_secs(11))?;
    wait_until("the end of what waits", LIMIT, || Ok(scene.tenant.connections()?.is_empty().then_some(())))?;
    wait_until("the revocation", LIMIT, || Ok((scene.rig.calls_of("revoke") > 0).then_some(())))?;
    let tokens = scene.rig.fakes.logins.provider.tokens();
    assert!(tokens.iter().all(|token| !token.good), "{tokens:?}");
    assert_eq!(scene.state(&session)?, "expired");
    let late = scene.tenant.complete(&session.id, &code, USER)?;
    assert_eq!((late.status, &late.json["code"]), (422, &json!("PB2016")), "{}", late.text());
    let page = walk.browser.submit_named(&last, "finish", &[])?;
    assert_eq!(page.told("code"), None, "{:?}", page.location());
    assert_eq!(scene.asked(), 1, "it was asked whose it is, and nothing else");
    let actions: Vec<String> = scene.tenant.audit_about(&session.id)?.into_iter().map(|(action, _)| action).collect();
    assert!(actions.contains(&"session.dropped".to_owned()), "{actions:?}");
    Ok(())
}

#[test]
fn a_session_says_at_every_step_how_it_stands() -> Result<()> {
    let scene = Scene::with_clock()?;
    let path = |session: &Session| format!("/v1/connect-sessions/{}", session.id);
    let session = scene.one()?;
    assert_eq!(scene.state(&session)?, "open");
    let mut walk = Walk::of(session.clone(), CONNECTOR);
    let to = walk.away()?;
    assert_eq!(scene.state(&session)?, "started");
    // Refused, and a change of mind in the same session.
    let known = scene.rig.fakes.logins.provider.credentials("one");
    let no = walk.browser.logins(&to, &known, "", false)?;
    let page = walk.browser.return_to(&no)?;
    assert!(page.text.contains("PB2005"), "{}", page.text);
    assert_eq!(scene.tenant.session_stands(&session.id)?, ("failed".to_owned(), "PB2005".to_owned()));
    let review = walk.browser.open(&format!(
        "{}/link/session/{}/review?connector={CONNECTOR}",
        scene.rig.host.base(),
        session.id
    ))?;
    let away = walk.browser.authorise(&review, &[])?;
    let back = walk.browser.logins(&leads(&away)?, &known, "", true)?;
    let last = walk.browser.return_to(&back)?;
    let stands = scene.tenant.get(&path(&session))?.json;
    assert_eq!(
        (&stands["state"], &stands["reason"], &stands["verified"]),
        (&json!("authorised"), &Value::Null, &json!(false))
    );
    assert!(stands["authorised_at"].is_string() && stands["connection"].is_null(), "{stands}");
    let code = walk.code(&last)?;
    let made = scene.tenant.complete(&session.id, &code, USER)?.expect(200)?;
    let stands = scene.tenant.get(&path(&session))?.json;
    assert_eq!(
        (&stands["state"], &stands["connection"], &stands["verified"]),
        (&json!("done"), &made.json["id"], &json!(true))
    );
    assert_eq!((&stands["end_user"], &stands["connectors"]), (&json!(USER), &json!([CONNECTOR])));
    let text = scene.tenant.get(&path(&session))?.text();
    assert!(!text.contains(&code) && !text.contains("/link/"), "neither code nor link are told again: {text}");

    let forgotten = scene.one()?;
    scene.rig.advance(Duration::from_secs(30 * 60))?;
    assert_eq!(scene.state(&forgotten)?, "expired");
    assert_eq!(scene.tenant.get(&path(&session))?.text_at("/state")?, "done", "for ever");
    let other = scene.rig.tenant("B")?;
    assert_eq!(other.api.get(&path(&session))?.status, 404);

    // A session without a user, or without a way back, needs the check switched off.
    for (body, pointer) in [
        (json!({ "connector": CONNECTOR, "return_to": scene.return_to }), "/end_user"),
        (json!({ "connector": CONNECTOR, "end_user": USER }), "/return_to"),
        (
            json!({ "connectors": [CONNECTOR], "connector": CONNECTOR, "end_user": USER, "return_to": scene.return_to }),
            "/connectors",
        ),
    ] {
        let refused = scene.tenant.api.post("/v1/connect-sessions", &body)?;
        assert_eq!(
            (refused.status, &refused.json["errors"][0]["pointer"]),
            (422, &json!(pointer)),
            "{}",
            refused.text()
        );
    }
    Ok(())
}

#[test]
fn without_verification_the_connection_is_made_at_once_and_marked() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let session = scene.tenant.session(CONNECTOR, &json!({ "verification": "off" }))?;
    let mut walk = Walk::of(session.clone(), CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    assert!(last.form_named("finish").is_err(), "there is nowhere to go: {}", last.text);
    let stands = scene.tenant.get(&format!("/v1/connect-sessions/{}", session.id))?.json;
    assert_eq!(
        (&stands["state"], &stands["verified"], &stands["verification"]),
        (&json!("done"), &json!(false), &json!("off"))
    );
    let made = scene.tenant.made_by(&session.id)?;
    let connection = scene.tenant.get(&format!("/v1/connections/{made}"))?.json;
    assert_eq!((&connection["state"], &connection["verified"]), (&json!("active"), &json!(false)));
    let late = scene.tenant.complete(&session.id, &"A".repeat(43), USER)?;
    assert_eq!(late.status, 422, "there is nothing to complete: {}", late.text());

    // With a way back, the browser goes there without a code; and a verified login marks it anew.
    let body = json!({ "verification": "off", "return_to": scene.return_to });
    let mut walk = Walk::of(scene.tenant.session(CONNECTOR, &body)?, CONNECTOR);
    let last = walk.authorise(&scene.rig, "one")?;
    let left = walk.browser.finish(&last)?;
    assert_eq!((left.told("session"), left.told("code")), (Some(walk.session.id.clone()), None));
    let renewed = scene.tenant.connect_through(&scene.rig, &mut Walk::of(scene.one()?, CONNECTOR), "one")?;
    assert_eq!((&renewed["id"], &renewed["verified"]), (&json!(made), &json!(true)));
    Ok(())
}
