//! A business account is one connection, whoever consents again.

use patchbay_it::{USER, leads};
use patchbay_test_support::Result;
use serde_json::json;

use super::{CONNECTOR, KEY, Scene, id};

#[test]
fn a_business_account_is_connected_once_and_renewed_by_every_further_consent() -> Result<()> {
    let scene = Scene::start()?;
    // By the API.
    let first = id(&scene.by_key("one", &json!({ "name": "Ours" }))?.expect(201)?)?;
    let again = scene.by_key("one", &json!({}))?.expect(200)?;
    assert_eq!((id(&again)?, again.text_at("/name")?.as_str()), (first.clone(), "Ours"), "its name is kept");
    let other = id(&scene.by_key("two", &json!({}))?.expect(201)?)?;
    assert_ne!(other, first);
    // By a link; another connector is another connection.
    let linked = scene.through("one")?;
    assert!(linked != first && linked != other);
    let mut walk = scene.walk(&json!({}))?;
    let last = walk.authorise(&scene.rig, "one")?;
    assert_eq!(scene.tenant.connections()?.len(), 3, "a known account is not shown as pending");
    let code = walk.code(&last)?;
    let renewed = scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?;
    assert_eq!(id(&renewed)?, linked);
    let actions: Vec<String> = scene.tenant.audit_about(&linked)?.into_iter().map(|(action, _)| action).collect();
    assert!(
        actions.contains(&"connection.created".to_owned()) && actions.contains(&"connection.renewed".to_owned()),
        "{actions:?}"
    );
    // Two people at once: one connection.
    let mut walks = [scene.walk(&json!({}))?, scene.walk(&json!({}))?];
    for walk in &mut walks {
        walk.authorise(&scene.rig, "two")?;
    }
    let mut ids = Vec::new();
    for walk in &mut walks {
        let page = walk.browser.open(&format!("{}/link/session/{}", scene.rig.host.base(), walk.session.id))?;
        let code = walk.code(&page)?;
        ids.push(id(&scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?)?);
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(scene.tenant.connections()?.len(), 4);
    // Another tenant's is its own.
    let tenant = scene.rig.tenant("B")?;
    let key = scene.rig.fakes.logins.provider.credentials("one").api_key;
    let theirs =
        tenant.api.post("/v1/connections", &json!({ "connector": KEY, "fields": { "api_key": key } }))?.expect(201)?;
    assert_ne!(id(&theirs)?, first);
    Ok(())
}

#[test]
fn a_login_of_another_account_mends_nothing_and_says_whose_it_is() -> Result<()> {
    let scene = Scene::start()?;
    let first = id(&scene.by_key("one", &json!({}))?.expect(201)?)?;
    let refused = scene.by_key("two", &json!({ "reconnect": first }))?;
    assert_eq!((refused.status, &refused.json["code"]), (409, &json!("PB2014")), "{}", refused.text());
    let detail = refused.text_at("/detail")?;
    assert!(
        detail.contains("Office two") && detail.contains("Office one") && detail.contains("new connection"),
        "{detail}"
    );
    assert_eq!(refused.json["errors"][0]["pointer"], "/reconnect");
    id(&scene.by_key("one", &json!({ "reconnect": first }))?.expect(200)?)?;

    let linked = scene.through("one")?;
    let revoked = scene.rig.calls_of("revoke");
    let mut walk = scene.walk(&json!({ "reconnect": linked }))?;
    let page = walk.authorise(&scene.rig, "two")?;
    assert!(page.status == 400 && page.text.contains("PB2014") && page.text.contains("Office two"), "{}", page.text);
    assert_eq!(scene.tenant.session_stands(&walk.session.id)?, ("failed".to_owned(), "PB2014".to_owned()));
    assert_eq!(scene.rig.calls_of("revoke"), revoked + 1, "what cannot be kept is given back");
    assert_eq!((scene.tenant.connections()?.len(), scene.tenant.stands(&linked)?.0.as_str()), (2, "active"));
    // In the same session, with the right account.
    let review = format!("{}/link/session/{}/review?connector={CONNECTOR}", scene.rig.host.base(), walk.session.id);
    let review = walk.browser.open(&review)?;
    let away = walk.browser.authorise(&review, &[])?;
    let known = scene.rig.fakes.logins.provider.credentials("one");
    let back = walk.browser.logins(&leads(&away)?, &known, "", true)?;
    let last = walk.browser.return_to(&back)?;
    let code = walk.code(&last)?;
    assert_eq!(id(&scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?)?, linked);

    // A session cannot be made for another tenant's connection.
    let other = scene.rig.tenant("B")?;
    let body = json!({ "connector": CONNECTOR, "verification": "off", "reconnect": linked });
    assert_eq!(other.api.post("/v1/connect-sessions", &body)?.status, 404);
    Ok(())
}
