//! A connect that a user begins in the portal: it completes by itself in that very browser, and in no other.

use patchbay_it::{HERE, RigSetup, Session, Tab, USER, Walk, items, leads, token};
use patchbay_test_support::{Browser, Page, Result};
use serde_json::{Value, json};

use super::{CONNECTOR, Scene};

const COOKIE: &str = "__Host-patchbay-portal";

/// A user who is signed in to the portal.
fn signed_in(scene: &Scene, user: &str) -> Result<Tab> {
    Tab::portal(&scene.rig, &scene.tenant, user)
}

/// Begins a connect in that user's browser, as the web app does.
fn begin(tab: &Tab) -> Result<Walk> {
    let made = tab.post("/v1/connect-sessions", &json!({ "connector": CONNECTOR }))?.expect(201)?;
    let mut walk = Walk::of(Session { id: made.text_at("/id")?, url: made.text_at("/url")? }, CONNECTOR);
    walk.browser.plant(HERE, COOKIE, &tab.cookie);
    Ok(walk)
}

fn refused(page: &Page) {
    assert!(page.status >= 400 && page.text.contains("PB2011"), "{} {}", page.status, page.text);
    assert!(page.form_named("start").is_err() && page.form_named("login").is_err(), "{}", page.text);
}

#[test]
fn a_connect_from_the_portal_completes_by_itself_in_the_same_browser() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let user = signed_in(&scene, USER)?;
    let mut walk = begin(&user)?;
    // One click fewer: the portal was the click.
    let landing = walk.browser.open(&walk.session.url)?;
    assert!(landing.location().is_some_and(|to| to.path().starts_with("/link/session/")), "{}", landing.text);
    let last = walk.authorise(&scene.rig, "one")?;
    assert!(last.text.contains("data-window=\"over\"") && last.text.contains("is connected"), "{}", last.text);
    assert!(last.form_named("finish").is_err(), "nobody is told a code: {}", last.text);

    let made = scene.tenant.made_by(&walk.session.id)?;
    let connection = scene.tenant.get(&format!("/v1/connections/{made}"))?.json;
    assert_eq!((&connection["state"], &connection["verified"]), (&json!("active"), &json!(true)));
    assert_eq!(scene.state(&walk.session)?, "done");
    let (_, actor) = scene.tenant.audit_about(&made)?.into_iter().next().unwrap_or_default();
    assert!(actor.contains(USER), "{actor}");
    let late = scene.tenant.complete(&walk.session.id, &"A".repeat(43), USER)?;
    assert_eq!(late.status, 422, "there is nothing to complete: {}", late.text());
    Ok(())
}

#[test]
fn a_link_from_the_portal_is_worth_nothing_in_any_other_browser() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let user = signed_in(&scene, USER)?;
    let other = signed_in(&scene, "user-2")?;
    let again = signed_in(&scene, USER)?;
    let walk = begin(&user)?;
    for cookie in [None, Some("x"), Some(other.cookie.as_str()), Some(again.cookie.as_str())] {
        let mut browser = Browser::default();
        if let Some(cookie) = cookie {
            browser.plant(HERE, COOKIE, cookie);
        }
        refused(&browser.open(&walk.session.url)?);
        refused(&browser.forge(&scene.rig.host.base(), &walk.session.url, &[])?);
    }
    // Half-way, with everything of the right browser but who is signed in.
    let mut walk = begin(&user)?;
    let review = walk.browser.review(&walk.session.url, CONNECTOR)?;
    walk.browser.plant(HERE, COOKIE, &other.cookie);
    refused(&walk.browser.open(review.url.as_str())?);
    refused(&walk.browser.authorise(&review, &[])?);
    let state = format!("{}/link/session/{}/state", scene.rig.host.base(), walk.session.id);
    assert_eq!(walk.browser.open(&state)?.status, 400);
    assert_eq!((scene.rig.exchanges(), items(&scene.tenant.api, "/v1/connections")?.len()), (0, 0));
    Ok(())
}

#[test]
fn whoever_signs_out_or_is_somebody_else_at_the_way_back_connects_nothing() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let known = scene.rig.fakes.logins.provider.credentials("one");
    for how in ["signs out", "is signed out by the backend", "is somebody else"] {
        let user = signed_in(&scene, USER)?;
        let mut walk = begin(&user)?;
        let review = walk.browser.review(&walk.session.url, CONNECTOR)?;
        let away = walk.browser.authorise(&review, &[])?;
        let back = walk.browser.logins(&leads(&away)?, &known, "", true)?;
        match how {
            "signs out" => drop(user.delete("/v1/session")?.expect(204)?),
            "is signed out by the backend" => {
                scene.tenant.api.delete(&format!("/v1/portal-sessions?user={USER}"))?.expect(200)?;
            }
            // The attacker's session in a browser in which a victim is signed in.
            _ => walk.browser.plant(HERE, COOKIE, &signed_in(&scene, "victim")?.cookie),
        }
        refused(&walk.browser.return_to(&back)?);
        let state = if how == "is somebody else" { "started" } else { "expired" };
        assert_eq!(scene.state(&walk.session)?, state, "who {how}");
        assert_eq!(scene.rig.exchanges(), 0, "the code was not even exchanged");
        assert_eq!(items(&scene.tenant.api, "/v1/connections")?, Vec::<Value>::new());
    }
    Ok(())
}

#[test]
fn a_victim_of_a_link_into_somebody_elses_portal_reads_who_gets_the_connection() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    // What a tenant calls itself and its users is its own affair; what it is registered as is not.
    scene.tenant.api.put("/v1/brand", &json!({ "name": "Your own bank" }))?.expect(200)?;
    let mut tab = Tab::fresh(&scene.rig, "portal");
    let body = json!({ "user": "mallory", "name": "<b>You</b>" });
    let sent = scene.tenant.api.post("/v1/portal-sessions", &body)?.expect(201)?;
    tab.sign_in(&token(&sent.text_at("/url")?)?)?.expect(200)?;
    let mut walk = begin(&tab)?;
    let review = walk.browser.review(&walk.session.url, CONNECTOR)?;
    assert!(review.text.contains("Your own bank"), "{}", review.text);
    let gets = "The connection goes to <strong><bdi>Kantoor &amp; Zn</bdi></strong>, as it is registered here, \
                for its user <strong><bdi>&lt;b&gt;You&lt;/b&gt; (mallory)</bdi></strong>";
    let before = review.text.split("id=\"login\"").next().unwrap_or_default();
    assert!(before.contains(gets), "above the button: {}", review.text);

    // So does whoever was sent a link without the portal, in the language of the page.
    let said = [
        ("nl", "De koppeling gaat naar <strong><bdi>Kantoor &amp; Zn</bdi></strong>"),
        ("pl", "Połączenie otrzyma <strong><bdi>Kantoor &amp; Zn</bdi></strong>"),
    ];
    for (language, gets) in said {
        let session = scene.session(&json!({ "connector": CONNECTOR, "language": language }))?;
        let review = Browser::default().review(&session.url, CONNECTOR)?;
        assert!(review.text.contains(gets) && review.text.contains(&format!("<bdi>{USER}</bdi>")), "{}", review.text);
    }
    Ok(())
}
