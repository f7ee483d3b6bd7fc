//! With whose OAuth client a connection is made, and which address the provider sends people back to.

use std::time::Duration;

use patchbay_it::{Tenant, Walk};
use patchbay_test_support::{Result, fakes::logins::TokenKind};
use serde_json::json;
use url::Url;

use super::{CONNECTOR, Scene, wait_for_line};

/// Client id and redirect address of the provider's address that a new session leads to.
fn asks_for(scene: &Scene, tenant: &Tenant) -> Result<(String, String)> {
    let session = tenant.session(CONNECTOR, &json!({ "verification": "off" }))?;
    let to = Url::parse(&Walk::of(session, CONNECTOR).away()?)?;
    assert_eq!(to.origin().ascii_serialization(), scene.rig.fakes.logins.plain);
    let told = |name: &str| to.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    Ok((told("client_id").unwrap_or_default(), told("redirect_uri").unwrap_or_default()))
}

#[test]
fn a_tenants_own_registration_has_its_own_address_and_is_used_for_nobody_else() -> Result<()> {
    let scene = Scene::start()?;
    let path = format!("/v1/connectors/{CONNECTOR}/oauth-client");
    let (operator, other) = (&scene.rig.operator, scene.rig.tenant("B")?);
    let common = operator.get(&path)?.expect(200)?.json;
    let own = json!({ "client_id": "own-client", "client_secret": "own-secret-0123456789" });
    let put = scene.rig.operator_of(&scene.tenant).put(&path, &own)?.expect(200)?;
    assert_eq!((put.text_at("/tenant")?, put.json["has_secret"].clone()), (scene.tenant.id.clone(), json!(true)));
    let redirect = put.text_at("/redirect_uri")?;
    assert_ne!(json!(redirect), common["redirect_uri"]);
    assert!(!put.text().contains("own-secret"), "{}", put.text());

    assert_eq!(asks_for(&scene, &scene.tenant)?, ("own-client".to_owned(), redirect.clone()));
    let theirs = asks_for(&scene, &other)?;
    assert_eq!((json!(theirs.0), json!(theirs.1)), (common["client_id"].clone(), common["redirect_uri"].clone()));
    let all = operator.get(&format!("{path}s"))?.expect(200)?.array_at("/items")?;
    assert_eq!(all.len(), 2, "{all:?}");
    // Only operators see or change registrations.
    for api in [&scene.tenant.api, &other.api] {
        assert_eq!((api.get(&path)?.status, api.put(&path, &own)?.status, api.delete(&path)?.status), (403, 403, 403));
    }
    // Taken out of use: the deployment's again.
    scene.rig.operator_of(&scene.tenant).delete(&path)?.expect(204)?;
    assert_eq!(asks_for(&scene, &scene.tenant)?, theirs);
    Ok(())
}

#[test]
fn another_client_id_is_another_registration_and_what_was_connected_before_goes_on() -> Result<()> {
    let scene = Scene::with_clock()?;
    let path = format!("/v1/connectors/{CONNECTOR}/oauth-client");
    let operator = &scene.rig.operator;
    let connection = scene.through("one")?;
    scene.tenant.settled()?;
    let before = operator.get(&path)?.expect(200)?.json;
    // Another secret of the same client is the same registration.
    let client = scene.rig.fakes.logins.provider.client();
    let same = operator.put(&path, &json!({ "client_id": client.id, "client_secret": client.secret }))?.expect(200)?;
    assert_eq!((&same.json["id"], &same.json["redirect_uri"]), (&before["id"], &before["redirect_uri"]));

    let put = operator.put(&path, &json!({ "client_id": "next", "client_secret": "next-secret-0123" }))?.expect(200)?;
    assert_ne!(put.json["id"], before["id"]);
    assert_ne!(put.json["redirect_uri"], before["redirect_uri"]);
    let all = operator.get(&format!("{path}s"))?.expect(200)?.array_at("/items")?;
    let old = all.iter().find(|row| row["id"] == before["id"]).cloned().unwrap_or_default();
    assert!(old["retired_at"].is_string() || old.is_null(), "{all:?}");
    assert_eq!(asks_for(&scene, &scene.tenant)?.0, "next");

    // The provider takes only the old client's refresh of the old client's token. (One that is younger than a
    // minute would not be renewed for a refusal.)
    scene.rig.advance(Duration::from_secs(61))?;
    scene.rig.fakes.logins.provider.end(TokenKind::Access);
    assert_eq!(scene.identify(&connection)?.status, 200);
    let calls = scene.rig.fakes.logins.provider.calls();
    let last = calls.last().map(|call| (call.grant.as_str(), call.refused.clone()));
    assert_eq!(last, Some(("refresh_token", None)), "{calls:?}");
    scene.tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    wait_for_line(&scene.tenant, &connection, "revocation.done")?;
    Ok(())
}
