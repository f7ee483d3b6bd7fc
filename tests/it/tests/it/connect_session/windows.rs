//! The provider's pages in a window of their own: the page that waits notices the end by itself, and nobody else can
//! ask how far a session is.

use patchbay_it::{RigSetup, USER, Walk, leads};
use patchbay_test_support::{Browser, Page, Result};
use serde_json::{Value, json};

use super::{CONNECTOR, Scene};

/// What a page that waits is told.
fn told(page: &Page) -> Result<Value> {
    Ok(serde_json::from_str(&page.text)?)
}

/// Begins a login as the script does: the form goes to another window.
fn begin(walk: &mut Walk) -> Result<Page> {
    let review = walk.browser.review(&walk.session.url, CONNECTOR)?;
    let mut form = review.form_named("login")?;
    form.action.push_str("&window=own");
    walk.browser.submit(&review, &form, &[])
}

#[test]
fn a_page_that_waits_notices_a_refusal_and_then_the_end_and_the_other_window_says_that_it_may_be_closed() -> Result<()>
{
    let scene = Scene::start(RigSetup::default())?;
    let mut walk = Walk::of(scene.one()?, CONNECTOR);
    let state = format!("{}/link/session/{}/state", scene.rig.host.base(), walk.session.id);
    let away = begin(&mut walk)?;
    assert_eq!(told(&walk.browser.open(&state)?)?, json!({ "reached": "open", "failures": 0 }));

    let known = scene.rig.fakes.logins.provider.credentials("one");
    let no = walk.browser.logins(&leads(&away)?, &known, "", false)?;
    let failed = walk.browser.return_to(&no)?;
    assert!(failed.text.contains("PB2005") && failed.text.contains("window in which you began"), "{}", failed.text);
    assert!(!failed.text.contains("data-window"), "it stays open to be read");
    assert_eq!(told(&walk.browser.open(&state)?)?, json!({ "reached": "open", "failures": 1 }));

    let away = begin(&mut walk)?;
    let yes = walk.browser.logins(&leads(&away)?, &known, "", true)?;
    let over = walk.browser.return_to(&yes)?;
    assert!(over.url.path().starts_with("/oauth/callback/"), "{}", over.url);
    assert!(
        over.text.contains("data-window=\"over\"") && over.text.contains("You can close this window"),
        "{}",
        over.text
    );
    assert_eq!(told(&walk.browser.open(&state)?)?, json!({ "reached": "back", "failures": 1 }));

    // The page that waited goes on, to the same end as in one window.
    let last = walk.browser.open(&format!("{}/link/session/{}", scene.rig.host.base(), walk.session.id))?;
    let code = walk.code(&last)?;
    scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?;
    Ok(())
}

#[test]
fn only_the_browser_of_a_session_is_told_how_far_it_is() -> Result<()> {
    let scene = Scene::with_clock()?;
    let mut walk = Walk::of(scene.one()?, CONNECTOR);
    walk.browser.review(&walk.session.url, CONNECTOR)?;
    let state = format!("{}/link/session/{}/state", scene.rig.host.base(), walk.session.id);
    let own = walk.browser.open(&state)?;
    assert_eq!((own.status, own.headers.get("cache-control").map(String::as_str)), (200, Some("no-store")));
    let mut busy = Walk::of(scene.one()?, CONNECTOR);
    busy.browser.review(&busy.session.url, CONNECTOR)?;
    for stranger in [&mut Browser::default(), &mut busy.browser] {
        let refused = stranger.open(&state)?;
        assert_eq!((refused.status, told(&refused)?), (400, json!({ "code": "PB2011" })));
    }
    for absent in ["ses_00000000000000000000000000", "x", "..%2f"] {
        let refused = walk.browser.open(&format!("{}/link/session/{absent}/state", scene.rig.host.base()))?;
        assert_eq!(told(&refused)?, json!({ "code": "PB2011" }), "{absent}");
    }
    scene.rig.advance(std::time::Duration::from_secs(31 * 60))?;
    assert_eq!(walk.browser.open(&state)?.status, 400, "a page that waits for ever goes on to hear why");
    Ok(())
}
