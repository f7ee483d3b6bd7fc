//! S4: the victim completes the attacker's flow. The tenant's backend says whose browser came back, and only
//! the user whom the session was made for gets the connection.

use std::time::Duration;

use patchbay_it::{Rig, Tenant, USER, Variant, Walk};
use patchbay_test_support::{Answer, Browser, Result, together, wait_until};
use serde_json::{Value, json};

use super::{HONEST, LIMIT, Scene};

/// The same login, where a revocation ends everything that the person granted.
const GRANT: &str = "patchbay.code-grant";

fn said(answer: &Answer) -> (u16, String) {
    let code = answer.json.get("code").and_then(Value::as_str).unwrap_or_default();
    (answer.status, code.to_owned())
}

/// An authorised session and its completion code.
fn authorised(rig: &Rig, tenant: &Tenant, connector: &str, return_to: &str, account: &str) -> Result<(Walk, String)> {
    let mut walk = Walk::of(tenant.user_session(connector, return_to)?, connector);
    let last = walk.authorise(rig, account)?;
    let code = walk.code(&last)?;
    Ok((walk, code))
}

/// Installs [`GRANT`].
fn install_grant(rig: &Rig) -> Result<()> {
    let kind = rig.kind("code-basic")?;
    let tables = kind.tables.replace("rotation = true\n", "rotation = true\nrevoke-ends = \"grant\"\n");
    assert_ne!(tables, kind.tables);
    rig.install(Variant::of_login("code-grant", &tables)?.pack()?)?;
    rig.register_logins(GRANT).map(drop)
}

#[test]
fn another_end_user_gets_nothing_and_what_was_authorised_is_taken_back_where_that_ends_nothing_else() -> Result<()> {
    let scene = Scene::start()?;
    install_grant(&scene.rig)?;
    let logins = &scene.rig.fakes.logins.provider;
    // First the one whose revocation would end a whole grant: what comes after it in the queue proves that its
    // turn has passed.
    for (connector, account) in [(GRANT, "two"), (HONEST, "one")] {
        let (walk, code) = authorised(&scene.rig, &scene.tenant, connector, &scene.return_to, account)?;
        assert_eq!(scene.tenant.session_stands(&walk.session.id)?.0, "authorised");
        let refused = scene.tenant.complete(&walk.session.id, &code, "user-of-somebody-else")?;
        assert_eq!(said(&refused), (409, "PB2015".to_owned()), "{}", refused.text());
        assert_eq!(scene.tenant.session_stands(&walk.session.id)?, ("failed".to_owned(), "PB2015".to_owned()));
        // The right name comes too late.
        let late = scene.tenant.complete(&walk.session.id, &code, USER)?;
        assert_eq!(said(&late), (422, "PB2016".to_owned()), "{}", late.text());
        assert_eq!(scene.tenant.connections()?, Vec::<String>::new());
    }
    wait_until("the revocation", LIMIT, || Ok((scene.rig.calls_of("revoke") > 0).then_some(())))?;
    let good: Vec<usize> = logins.tokens().iter().filter(|token| token.good).map(|token| token.login).collect();
    assert_eq!(
        (scene.rig.calls_of("revoke"), good),
        (1, vec![1, 1]),
        "the grant's tokens are left to end by themselves"
    );
    let runs = scene.tenant.get("/v1/runs")?.array_at("/items")?;
    assert!(runs.is_empty(), "nothing was read: {runs:?}");
    Ok(())
}

#[test]
fn names_that_only_look_like_the_end_user_are_other_users() -> Result<()> {
    let scene = Scene::start()?;
    for name in ["USER-4711", " user-4711", "user-4711 ", "user-4711\u{0}", "user\u{2010}4711", "user-471", ""] {
        let (walk, code) = authorised(&scene.rig, &scene.tenant, HONEST, &scene.return_to, "one")?;
        let refused = scene.tenant.complete(&walk.session.id, &code, name)?;
        assert!((400..500).contains(&refused.status), "{name:?}: {}", refused.text());
    }
    assert_eq!(scene.tenant.connections()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_code_is_good_for_its_own_session_its_own_tenant_and_as_it_was_given() -> Result<()> {
    let scene = Scene::start()?;
    let (one, first) = authorised(&scene.rig, &scene.tenant, HONEST, &scene.return_to, "one")?;
    let (two, second) = authorised(&scene.rig, &scene.tenant, HONEST, &scene.return_to, "two")?;
    let crossed = [(&one, &second), (&two, &first)];
    for (walk, code) in crossed {
        assert_eq!(said(&scene.tenant.complete(&walk.session.id, code, USER)?), (422, "PB2016".to_owned()));
    }
    let other = scene.rig.tenant("B")?;
    assert_eq!(said(&other.complete(&one.session.id, &first, USER)?).0, 404, "another tenant's key");
    let nobody = scene.rig.stranger();
    let body = json!({ "code": first, "end_user": USER });
    assert_eq!(nobody.post(&format!("/v1/connect-sessions/{}/complete", one.session.id), &body)?.status, 401);
    let mut longer = first.clone();
    longer.push('A');
    for wrong in ["", "x", &first[..42], &longer, &first.to_lowercase(), &"A".repeat(43), &"A".repeat(100_000)] {
        let answer = scene.tenant.complete(&one.session.id, wrong, USER)?;
        assert!((400..500).contains(&answer.status), "{wrong:?}: {}", answer.text());
    }
    // All of that spoilt nothing.
    for (walk, code) in [(&one, &first), (&two, &second)] {
        scene.tenant.complete(&walk.session.id, code, USER)?.expect(200)?;
    }
    assert_eq!(scene.tenant.connections()?.len(), 2);
    Ok(())
}

#[test]
fn a_code_that_is_redeemed_eight_times_at_once_is_redeemed_once() -> Result<()> {
    let scene = Scene::start()?;
    for account in ["one", "two", "one"] {
        let (walk, code) = authorised(&scene.rig, &scene.tenant, HONEST, &scene.return_to, account)?;
        let answers = together(8, |_| scene.tenant.complete(&walk.session.id, &code, USER));
        let answers = answers.into_iter().collect::<Result<Vec<_>>>()?;
        let mut all: Vec<(u16, String)> = answers.iter().map(said).collect();
        all.sort();
        assert_eq!(all.remove(0), (200, String::new()), "{all:?}");
        assert!(all.iter().all(|one| *one == (422, "PB2016".to_owned())), "{all:?}");
        assert_eq!(scene.tenant.session_stands(&walk.session.id)?.0, "done");
    }
    assert_eq!(scene.tenant.connections()?.len(), 2, "the third was a renewal");
    Ok(())
}

#[test]
fn only_the_newest_code_counts() -> Result<()> {
    let scene = Scene::start()?;
    let mut walk = scene.walk()?;
    let last = walk.authorise(&scene.rig, "one")?;
    let (first, second) = (walk.code(&last)?, walk.code(&last)?);
    assert_ne!(first, second);
    assert_eq!(said(&scene.tenant.complete(&walk.session.id, &first, USER)?), (422, "PB2016".to_owned()));
    scene.tenant.complete(&walk.session.id, &second, USER)?.expect(200)?;
    assert_eq!(said(&scene.tenant.complete(&walk.session.id, &second, USER)?), (422, "PB2016".to_owned()));
    Ok(())
}

#[test]
fn a_code_is_too_old_after_ten_minutes() -> Result<()> {
    let scene = Scene::with_clock()?;
    let (early, good) = authorised(&scene.rig, &scene.tenant, HONEST, &scene.return_to, "one")?;
    scene.rig.advance(Duration::from_secs(9 * 60 + 50))?;
    scene.tenant.complete(&early.session.id, &good, USER)?.expect(200)?;

    let (late, code) = authorised(&scene.rig, &scene.tenant, HONEST, &scene.return_to, "two")?;
    scene.rig.advance(Duration::from_secs(10 * 60 + 1))?;
    assert_eq!(said(&scene.tenant.complete(&late.session.id, &code, USER)?), (422, "PB2016".to_owned()));
    let one = || Ok((scene.tenant.connections()?.len() == 1).then_some(()));
    wait_until("the end of what waited", LIMIT, one)
}

#[test]
fn a_victim_who_follows_an_attackers_link_gives_the_attacker_nothing() -> Result<()> {
    let scene = Scene::start()?;
    // The attacker is a user of the same tenant, and sends the link on unopened.
    let session = scene.tenant.user_session(HONEST, &scene.return_to)?;
    let mut victim = Walk::of(session, HONEST);
    let last = victim.authorise(&scene.rig, "one")?;
    let code = victim.code(&last)?;
    // The victim's browser comes to the application, where the victim is logged in as somebody else.
    let refused = scene.tenant.complete(&victim.session.id, &code, "victim")?;
    assert_eq!(said(&refused), (409, "PB2015".to_owned()));
    // The attacker has neither the code nor a way to get another one.
    let finish = format!("{}/link/session/{}/finish", scene.rig.host.base(), victim.session.id);
    for browser in [&mut Browser::default(), &mut victim.browser] {
        let page = browser.forge(&scene.rig.host.base(), &finish, &[])?;
        assert!(page.told("code").is_none(), "{:?}", page.location());
    }
    assert_eq!(scene.tenant.connections()?, Vec::<String>::new());
    Ok(())
}
