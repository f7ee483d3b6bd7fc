//! The end of a session: signing out, time, the key behind it, and the backend that sent the user.

use std::time::Duration;

use patchbay_test_support::Api;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn who_signs_out_is_signed_out_wherever_the_cookie_is_sent_from() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    for tab in [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?] {
        let stolen = tab.clone();
        let other = Tab::portal(&rig, &tenant, "ann")?;
        let out = tab.delete("/v1/session")?.expect(204)?;
        let cleared = format!("{}=; Path=/; Max-Age=0", tab.name());
        assert!(out.headers["set-cookie"].starts_with(&cleared), "{out:?}");
        assert_eq!(told(&stolen.get("/v1/session")?), (401, "PB5018"));
        assert_eq!(told(&stolen.delete("/v1/session")?), (401, "PB5018"));
        other.get("/v1/session")?.expect(200)?;
    }
    Ok(())
}

#[test]
fn signing_out_everywhere_ends_all_of_that_user_or_of_all_operators_and_nobody_elses() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, namesakes) = (rig.tenant("A")?, rig.tenant("B")?);
    let ann = [Tab::portal(&rig, &tenant, "ann")?, Tab::portal(&rig, &tenant, "ann")?];
    let unused = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    let others = [Tab::portal(&rig, &tenant, "bob")?, Tab::portal(&rig, &namesakes, "ann")?];
    let operators = [Tab::operator(&rig)?, Tab::operator(&rig)?];
    ann[0].delete("/v1/sessions")?.expect(204)?;
    for tab in &ann {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    let late = Tab::fresh(&rig, "portal").sign_in(&token(&unused.text_at("/url")?)?)?;
    assert_eq!(told(&late), (401, "PB5016"), "an address that was on its way");
    for tab in others.iter().chain(&operators) {
        tab.get("/v1/session")?.expect(200)?;
    }
    operators[1].delete("/v1/sessions")?.expect(204)?;
    for tab in &operators {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    others[0].get("/v1/session")?.expect(200)?;
    Ok(())
}

#[test]
fn a_session_ends_after_an_hour_without_use() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let used = [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?];
    let unused = [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "bob")?];
    for _ in 0..3 {
        rig.advance(HOUR / 2)?;
        for tab in &used {
            tab.get("/v1/session")?.expect(200)?;
        }
    }
    for tab in &unused {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    rig.advance(HOUR)?;
    for tab in &used {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    Ok(())
}

#[test]
fn a_session_ends_when_its_time_is_over_however_much_it_is_used() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let tabs = [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?];
    let mut minutes = [0, 0];
    for _ in 0..15 {
        rig.advance(59 * MINUTE)?;
        for (tab, minutes) in tabs.iter().zip(&mut minutes) {
            match told(&tab.get("/v1/session")?) {
                (200, _) => *minutes += 59,
                over => assert_eq!(over, (401, "PB5018")),
            }
        }
    }
    // In steps of 59 minutes the last one within twelve hours, and within eight.
    assert_eq!(minutes, [12 * 59, 8 * 59]);
    Ok(())
}

#[test]
fn a_revoked_key_ends_the_sessions_that_it_opened_and_the_addresses_that_it_made() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let by_operator = rig.operator_of(&tenant).post("/v1/portal-sessions", &json!({ "user": "bob" }))?.expect(201)?;
    let mut bob = Tab::fresh(&rig, "portal");
    bob.sign_in(&token(&by_operator.text_at("/url")?)?)?.expect(200)?;
    let ann = Tab::portal(&rig, &tenant, "ann")?;
    let waiting = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    let keys = rig.operator.get(&format!("/v1/tenants/{}/keys", tenant.id))?.expect(200)?;
    rig.operator.delete(&format!("/v1/tenants/{}/keys/{}", tenant.id, keys.text_at("/items/0/id")?))?.expect(204)?;
    assert_eq!(told(&ann.get("/v1/session")?), (401, "PB5018"));
    let late = Tab::fresh(&rig, "portal").sign_in(&token(&waiting.text_at("/url")?)?)?;
    assert_eq!(told(&late), (401, "PB5016"));
    bob.get("/v1/session")?.expect(200)?;
    Ok(())
}

#[test]
fn a_backend_ends_all_that_its_user_has_in_the_portal_and_nothing_of_anybody_else() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, namesakes) = (rig.tenant("A")?, rig.tenant("B")?);
    let (user, user_in_query) = ("ann+é & co/1%", "ann%2B%C3%A9%20%26%20co%2F1%25");
    let mut hers: Vec<Tab> = (0..3).map(|_| Tab::portal(&rig, &tenant, user)).collect::<Result<_>>()?;
    let unused = tenant.api.post("/v1/portal-sessions", &json!({ "user": user }))?.expect(201)?;
    let others = [Tab::portal(&rig, &tenant, "bob")?, Tab::portal(&rig, &namesakes, user)?, Tab::operator(&rig)?];
    let end = |api: &Api, user: &str| api.delete(&format!("/v1/portal-sessions?user={user}"));

    // Nobody else's backend ends them, nor an operator who names another tenant, nor one who says nothing clear.
    for api in [namesakes.api.clone(), rig.operator_of(&namesakes)] {
        assert!(end(&api, "bob")?.expect(200)?.json == json!({ "ended": 0 }));
    }
    rig.operator.delete("/v1/portal-sessions?user=bob")?.expect(422)?;
    for unclear in ["", "?user=", "?user=a%0Ab", "?user=bob&tenant=x", "?users=bob"] {
        assert_eq!(told(&tenant.api.delete(&format!("/v1/portal-sessions{unclear}"))?), (422, "PB5008"), "{unclear}");
    }
    assert_eq!(told(&hers[0].delete(&format!("/v1/portal-sessions?user={user_in_query}"))?), (403, "PB5004"));
    hers[1].delete("/v1/session")?.expect(204)?;

    assert_eq!(end(&tenant.api, user_in_query)?.expect(200)?.json, json!({ "ended": 2 }));
    for tab in &hers {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
        assert_eq!(told(&tab.get("/v1/connections")?), (401, "PB5018"));
    }
    let late = hers[0].sign_in(&token(&unused.text_at("/url")?)?)?;
    assert_eq!(told(&late), (401, "PB5016"), "an address that was on its way");
    for tab in &others {
        tab.get("/v1/session")?.expect(200)?;
    }
    assert_eq!(end(&tenant.api, user_in_query)?.expect(200)?.json, json!({ "ended": 0 }));
    let (_, actor, detail) =
        audit(&rig)?.into_iter().find(|(action, ..)| action == "portal_session.ended").expect("a line");
    assert!(actor.starts_with(&format!("tenant {} key_", tenant.id)), "{actor}");
    assert_eq!(detail, json!({ "user": user, "sessions": 2, "addresses": 1 }));

    // Whoever is sent there again gets in again; and an operator ends it, too.
    let again = Tab::portal(&rig, &tenant, user)?;
    assert_eq!(end(&rig.operator_of(&tenant), user_in_query)?.expect(200)?.json, json!({ "ended": 1 }));
    assert_eq!(told(&again.get("/v1/session")?), (401, "PB5018"));
    Ok(())
}
