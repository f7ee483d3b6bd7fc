//! The end of a connection: here at once, at the provider where that ends nothing else.

use std::time::Duration;

use patchbay_it::{USER, Variant, Walk};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use super::{CONNECTOR, LIMIT, Scene, id, wait_for_line};

#[test]
fn a_deleted_connection_is_gone_at_once_and_its_records_stay_or_go_as_it_was_said() -> Result<()> {
    let scene = Scene::start()?;
    for (how, keeps) in [("?records=keep", true), ("?records=remove", false), ("", false)] {
        let connection = id(&scene.by_key("one", &json!({}))?.expect(201)?)?;
        scene.tenant.first_run(&connection)?;
        let path = format!("/v1/connections/{connection}");
        let records = format!("{path}/records/chosen");
        assert_eq!(scene.tenant.get(&records)?.array_at("/items")?.len(), 1);
        scene.tenant.api.delete(&format!("{path}{how}"))?.expect(204)?;
        assert_eq!(scene.tenant.api.get(&path)?.status, 404, "{how}");
        assert_eq!(scene.tenant.connections()?, Vec::<String>::new(), "{how}");
        assert_eq!(scene.tenant.api.delete(&path)?.status, 404, "once");
        let left = scene.tenant.api.get(&records)?;
        match keeps {
            true => assert_eq!(left.expect(200)?.array_at("/items")?.len(), 1),
            false => assert_eq!(left.status, 404, "{how}"),
        }
        let feed = scene.tenant.api.get(&format!("/v1/changes?connection={connection}"))?;
        match keeps {
            true => assert_eq!(feed.expect(200)?.array_at("/changes")?.len(), 1),
            false => assert_eq!(feed.status, 404, "{how}"),
        }
        let all = scene.tenant.feed(0)?;
        let told: Vec<&Value> = all.iter().filter(|change| change["connection"] == json!(connection)).collect();
        let gone = told.iter().all(|change| change["operation"] == json!("delete") && change["record"].is_null());
        assert_eq!((told.len(), gone), (1, !keeps), "{how}: {all:?}");
        assert_eq!(scene.identify(&connection)?.status, 404);
    }
    let wrong = scene.tenant.api.delete("/v1/connections/con_00000000000000000000000000?records=some")?;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    Ok(())
}

#[test]
fn a_grant_that_two_tenants_share_ends_with_the_last_of_them() -> Result<()> {
    let scene = Scene::with_clock()?;
    let kind = scene.rig.kind("code-basic")?;
    let tables = kind.tables.replace("rotation = true\n", "rotation = true\nrevoke-ends = \"grant\"\n");
    let mut variant = Variant::of_login("code-basic", &tables)?;
    "0.2.0".clone_into(&mut variant.manifest.version);
    let posted = scene.rig.post(variant.pack()?)?.expect(201)?;
    assert_eq!(posted.text_at("/release/state")?, "ready", "that a revocation ends more is for the operator to know");
    let release = posted.text_at("/release/id")?;
    scene.rig.operator.post(&format!("/v1/releases/{release}/approve"), &json!({}))?.expect(200)?;
    let (one, two) = (&scene.tenant, scene.rig.tenant("B")?);
    let back = two.return_address()?;
    let first = scene.through("one")?;
    let mut walk = Walk::of(two.user_session(CONNECTOR, &back)?, CONNECTOR);
    let second = two.connect_through(&scene.rig, &mut walk, "one")?["id"].as_str().unwrap_or_default().to_owned();
    // Somebody else's grant, of the same client.
    let third = scene.through("two")?;

    one.api.delete(&format!("/v1/connections/{first}"))?.expect(204)?;
    wait_for_line(one, &first, "revocation.given_up")?;
    assert_eq!(scene.rig.calls_of("revoke"), 0, "the other tenant works with the same grant");
    two.api.post(&format!("/v1/connections/{second}/identify"), &json!({}))?.expect(200)?;

    two.api.delete(&format!("/v1/connections/{second}"))?.expect(204)?;
    wait_for_line(&two, &second, "revocation.done")?;
    assert_eq!(scene.rig.calls_of("revoke"), 1);
    assert_eq!(scene.identify(&third)?.status, 200, "another account is another grant");

    // What waits for its completion may come to work with the grant: its end is waited for.
    for completed in [true, false] {
        let connection = scene.through("one")?;
        let mut walk = Walk::of(two.user_session(CONNECTOR, &back)?, CONNECTOR);
        let last = walk.authorise(&scene.rig, "one")?;
        one.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
        if completed {
            let code = walk.code(&last)?;
            let made = id(&two.complete(&walk.session.id, &code, USER)?.expect(200)?)?;
            scene.rig.advance(Duration::from_secs(11 * 60))?;
            wait_for_line(one, &connection, "revocation.given_up")?;
            assert_eq!(scene.rig.calls_of("revoke"), 1);
            two.api.post(&format!("/v1/connections/{made}/identify"), &json!({}))?.expect(200)?;
            two.api.delete(&format!("/v1/connections/{made}"))?.expect(204)?;
            wait_for_line(&two, &made, "revocation.done")?;
        } else {
            scene.rig.advance(Duration::from_secs(11 * 60))?;
            wait_until("the end of what waits", LIMIT, || Ok(two.connections()?.is_empty().then_some(())))?;
            scene.rig.advance(Duration::from_secs(11 * 60))?;
            wait_for_line(one, &connection, "revocation.done")?;
        }
    }
    assert_eq!(scene.rig.calls_of("revoke"), 3);
    Ok(())
}

#[test]
fn a_login_that_waits_for_a_connection_does_not_bring_it_back_after_its_deletion() -> Result<()> {
    let scene = Scene::start()?;
    let connection = scene.through("one")?;
    let mut walk = scene.walk(&json!({ "reconnect": connection }))?;
    let last = walk.authorise(&scene.rig, "one")?;
    let code = walk.code(&last)?;
    scene.tenant.api.delete(&format!("/v1/connections/{connection}"))?.expect(204)?;
    let late = scene.tenant.complete(&walk.session.id, &code, USER)?;
    assert_eq!((late.status, &late.json["code"]), (422, &json!("PB2016")), "{}", late.text());
    assert_eq!(scene.tenant.session_stands(&walk.session.id)?.0, "expired");
    // Both are given back: what the connection had, and what waited for it.
    wait_for_line(&scene.tenant, &connection, "revocation.done")?;
    wait_for_line(&scene.tenant, &walk.session.id, "revocation.done")?;
    let tokens = scene.rig.fakes.logins.provider.tokens();
    assert!(tokens.iter().all(|token| !token.good), "{tokens:?}");
    assert_eq!((scene.tenant.connections()?.len(), scene.rig.calls_of("revoke")), (0, 2));
    Ok(())
}
