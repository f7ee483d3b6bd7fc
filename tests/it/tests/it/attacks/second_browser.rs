//! S3: a link is one browser's, once, for half an hour.

use std::time::Duration;

use patchbay_it::{USER, Walk};
use patchbay_test_support::{Browser, Result, together};

use super::{HONEST, Scene, refused, stranger};

/// Presses Start at an address.
fn start(browser: &mut Browser, address: &str) -> Result<patchbay_test_support::Page> {
    let landing = browser.open(address)?;
    match landing.form_named("start") {
        Ok(form) => browser.submit(&landing, &form, &[]),
        Err(_) => Ok(landing),
    }
}

#[test]
fn a_second_browser_gets_nothing_of_a_link_that_was_opened() -> Result<()> {
    let scene = Scene::start()?;
    let mut first = scene.walk()?;
    let address = first.session.url.clone();
    // Whoever only looks takes nothing away: mail scanners and chat previews do that.
    assert_eq!(stranger().open(&address)?.status, 200);
    let review = first.browser.review(&address, HONEST)?;
    assert_eq!(review.status, 200);

    let mut second = stranger();
    refused(&second.open(&address)?, &["PB2011"])?;
    refused(&second.forge(&scene.rig.host.base(), &address, &[])?, &["PB2011"])?;
    let base = format!("{}/link/session/{}", scene.rig.host.base(), first.session.id);
    for path in [base.clone(), format!("{base}/review?connector={HONEST}")] {
        refused(&second.open(&path)?, &["PB2011"])?;
    }
    for path in [format!("{base}/review?connector={HONEST}"), format!("{base}/finish")] {
        refused(&second.forge(&scene.rig.host.base(), &path, &[])?, &["PB2011"])?;
    }
    // With a cookie of its own, from a session of its own, as well.
    let mut busy = scene.walk()?;
    busy.browser.review(&busy.session.url, HONEST)?;
    refused(&busy.browser.open(&address)?, &["PB2011"])?;
    refused(&busy.browser.open(&format!("{base}/review?connector={HONEST}"))?, &["PB2011"])?;
    // A form of another site begins nothing in the right browser either.
    refused(
        &first.browser.forge("https://evil.example", &format!("{base}/review?connector={HONEST}"), &[])?,
        &["PB2011"],
    )?;
    scene.untouched(0)?;

    let last = first.authorise(&scene.rig, "one")?;
    refused(&second.open(&base)?, &["PB2011"])?;
    refused(&second.forge(&scene.rig.host.base(), &format!("{base}/finish"), &[])?, &["PB2011"])?;
    let code = first.code(&last)?;
    scene.tenant.complete(&first.session.id, &code, USER)?.expect(200)?;
    Ok(())
}

#[test]
fn of_eight_browsers_that_open_a_link_at_the_same_time_one_gets_it() -> Result<()> {
    let scene = Scene::start()?;
    for _ in 0..5 {
        let session = scene.session()?;
        let pages = together(8, |_| start(&mut stranger(), &session.url));
        let pages = pages.into_iter().collect::<Result<Vec<_>>>()?;
        let got = pages.iter().filter(|page| page.location().is_some()).count();
        assert_eq!(got, 1, "{:?}", pages.iter().map(|page| page.status).collect::<Vec<_>>());
        for page in pages.iter().filter(|page| page.location().is_none()) {
            refused(page, &["PB2011"])?;
        }
    }
    Ok(())
}

#[test]
fn a_link_that_was_used_begins_nothing_more() -> Result<()> {
    let scene = Scene::start()?;
    let mut walk = scene.walk()?;
    scene.tenant.connect_through(&scene.rig, &mut walk, "one")?;
    let exchanges = scene.rig.exchanges();
    let base = format!("{}/link/session/{}", scene.rig.host.base(), walk.session.id);
    let review = format!("{base}/review?connector={HONEST}");
    // The browser that used it sees how it ended, and no way to begin again.
    let page = walk.browser.open(&walk.session.url)?;
    let page = walk.browser.settle_at(page, &[&scene.rig.host.base()])?;
    assert!(page.form_named("login").is_err() && page.form_named("start").is_err(), "{}", page.text);
    refused(&walk.browser.open(&review)?, &["PB2011"])?;
    refused(&walk.browser.forge(&scene.rig.host.base(), &review, &[])?, &["PB2011"])?;
    for address in [walk.session.url.as_str(), base.as_str(), review.as_str()] {
        refused(&stranger().open(address)?, &["PB2011"])?;
    }
    assert_eq!((scene.rig.exchanges(), scene.tenant.connections()?.len()), (exchanges, 1));
    Ok(())
}

#[test]
fn a_link_ends_after_half_an_hour_opened_or_not() -> Result<()> {
    let scene = Scene::with_clock()?;
    let unopened = scene.session()?;
    let mut opened = scene.walk()?;
    opened.browser.review(&opened.session.url, HONEST)?;
    let (mut begun, back) = scene.allowed("one")?;
    scene.rig.advance(Duration::from_secs(29 * 60))?;
    assert_eq!(stranger().open(&unopened.url)?.status, 200, "a minute is left");

    scene.rig.advance(Duration::from_secs(61))?;
    refused(&stranger().open(&unopened.url)?, &["PB2011"])?;
    refused(&stranger().forge(&scene.rig.host.base(), &unopened.url, &[])?, &["PB2011"])?;
    let review = format!("{}/link/session/{}/review?connector={HONEST}", scene.rig.host.base(), opened.session.id);
    for address in [opened.session.url.as_str(), review.as_str()] {
        refused(&opened.browser.open(address)?, &["PB2011"])?;
    }
    refused(&opened.browser.forge(&scene.rig.host.base(), &review, &[])?, &["PB2011"])?;
    refused(&begun.browser.follow(&back)?, &["PB2004", "PB2011"])?;
    scene.untouched(0)?;
    for session in [&unopened.id, &opened.session.id, &begun.session.id] {
        assert_eq!(scene.tenant.session_stands(session)?.0, "expired");
    }
    // A new one works.
    scene.tenant.connect_through(&scene.rig, &mut Walk::of(scene.session()?, HONEST), "one")?;
    Ok(())
}
