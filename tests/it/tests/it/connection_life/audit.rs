//! What the audit log says about all of it.

use patchbay_test_support::{Api, Result, Trouble};
use serde_json::{Value, json};

use super::{
    CONNECTOR, Scene, id,
    imports::{elsewhere, secrets},
    wait_for_line,
};

#[test]
fn every_step_of_a_connection_is_in_the_audit_log_with_whoever_took_it() -> Result<()> {
    let scene = Scene::start()?;
    let (tenant, operator) = (&scene.tenant, &scene.rig.operator);
    let mut walk = scene.walk(&json!({}))?;
    let session = walk.session.id.clone();
    let made = tenant.connect_through(&scene.rig, &mut walk, "one")?;
    let connection = made["id"].as_str().unwrap_or_default().to_owned();
    tenant.api.patch(&format!("/v1/connections/{connection}"), &json!({ "name": "Ours" }))?.expect(200)?;
    scene.through("one")?;
    tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    wait_for_line(tenant, &connection, "revocation.done")?;

    let lines = tenant.audit_about(&connection)?;
    let by = |action: &str| -> Vec<String> {
        lines.iter().filter(|(known, _)| known == action).map(|(_, actor)| actor.clone()).collect()
    };
    let key = format!("tenant {} key_", tenant.id);
    for action in
        ["connection.created", "connection.updated", "connection.renewed", "connection.deleted", "revocation.asked"]
    {
        let actors = by(action);
        assert!(actors.len() == 1 && actors[0].starts_with(&key), "{action}: {actors:?} in {lines:?}");
    }
    assert!(by("connection.pending").iter().any(|actor| *actor == format!("session {session}")), "{lines:?}");
    assert_eq!(by("revocation.done"), ["host"]);
    let made = tenant.audit_about(&session)?;
    assert!(made.iter().any(|(action, actor)| action == "session.created" && actor.starts_with(&key)), "{made:?}");

    // Imports, return addresses, registrations and refusals too.
    let pair = elsewhere(&scene.rig, "two")?;
    let imported =
        tenant.api.post("/v1/connections/import", &json!({ "connector": CONNECTOR, "secrets": secrets(&pair) }))?;
    let imported = id(&imported.expect(201)?)?;
    assert!(
        tenant
            .audit_about(&imported)?
            .iter()
            .any(|(action, actor)| action == "connection.created" && actor.starts_with(&key))
    );
    let returns = tenant.audit_about(&scene.return_to)?;
    assert!(
        returns.first().is_some_and(|(action, actor)| action == "return_address.created" && actor.starts_with(&key)),
        "{returns:?}"
    );
    let client = operator.get(&format!("/v1/connectors/{CONNECTOR}/oauth-client"))?.expect(200)?.text_at("/id")?;
    let about = operator.get(&format!("/v1/audit?subject={client}"))?.expect(200)?.array_at("/items")?;
    let put = about.iter().find(|line| line["action"] == json!("oauth_client.put")).cloned().unwrap_or_default();
    assert!(put["actor"].as_str().is_some_and(|actor| actor.starts_with("operator key_")), "{about:?}");
    let mut other = scene.walk(&json!({}))?;
    let last = other.authorise(&scene.rig, "one")?;
    let code = other.code(&last)?;
    assert_eq!(tenant.complete(&other.session.id, &code, "somebody else")?.status, 409);
    let dropped = tenant.audit_about(&other.session.id)?;
    assert!(
        dropped.iter().any(|(action, actor)| action == "session.dropped" && actor.starts_with(&key)),
        "{dropped:?}"
    );

    // A tenant reads its own lines only, and nobody's secrets stand in any.
    let stranger = scene.rig.tenant("B")?;
    assert_eq!(stranger.audit_about(&connection)?, Vec::<(String, String)>::new());
    let all = whole_log(operator)?;
    let told = serde_json::to_string(&all)?;
    let values = scene.rig.fakes.logins.provider.values();
    let leaked = values.iter().filter(|value| told.contains(value.as_str())).count();
    assert_eq!((leaked, told.contains(&code)), (0, false));

    let verdict = operator.get("/v1/audit/verification")?.expect(200)?.json;
    assert_eq!(verdict["broken"], Value::Null, "{verdict}");
    assert!(
        verdict["lines"].as_u64().is_some_and(|lines| lines >= all.len() as u64) && verdict["head"].is_string(),
        "{verdict}"
    );
    assert_eq!(tenant.api.get("/v1/audit/verification")?.status, 403);
    Ok(())
}

/// All lines of the deployment, newest first.
fn whole_log(operator: &Api) -> Result<Vec<Value>> {
    let (mut all, mut page) = (Vec::new(), "/v1/audit?limit=200".to_owned());
    for _ in 0..100 {
        let part = operator.get(&page)?.expect(200)?;
        all.extend(part.array_at("/items")?);
        match part.json["next"].as_str() {
            None => return Ok(all),
            Some(next) => page = format!("/v1/audit?limit=200&before={next}"),
        }
    }
    Err(Trouble::new("the log does not end"))
}
