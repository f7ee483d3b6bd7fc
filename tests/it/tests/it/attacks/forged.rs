//! S2: an attacker's code on the victim's callback. The victim would read and write the attacker's account,
//! or the attacker's account would get the victim's data.

use patchbay_test_support::Result;

use super::{Scene, pairs, refused, stranger, way_back, with_query};

/// A query with another value for one name.
fn with(query: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    query
        .iter()
        .map(|(known, old)| (known.clone(), if known == name { value } else { old.as_str() }.to_owned()))
        .collect()
}

#[test]
fn an_attackers_callback_is_refused_in_the_victims_browser_with_and_without_a_cookie() -> Result<()> {
    let scene = Scene::start()?;
    // The attacker logs in to their own account, and does not open the way back.
    let (mut attacker, attack) = scene.allowed("two")?;
    let attack = way_back(&attack)?;

    // A victim who never was here.
    refused(&stranger().open(attack.as_str())?, &["PB2004"])?;
    scene.untouched(0)?;

    // That state is spent now; the attacker gets no second try with it, not even at home.
    refused(&attacker.browser.open(attack.as_str())?, &["PB2004"])?;
    scene.untouched(0)?;

    // A victim with a session of their own, opened and not begun, and one who is at the provider right now.
    for begun in [false, true] {
        let (_, attack) = scene.allowed("two")?;
        let mut victim = scene.walk()?;
        if begun {
            victim.away()?;
        } else {
            victim.browser.review(&victim.session.url, super::HONEST)?;
        }
        refused(&victim.browser.open(way_back(&attack)?.as_str())?, &["PB2004"])?;
        assert_eq!(scene.tenant.session_stands(&victim.session.id)?.0, "started", "it is not the victim's fault");
    }
    scene.untouched(0)
}

#[test]
fn an_attackers_code_beside_the_victims_state_makes_no_connection() -> Result<()> {
    let scene = Scene::start()?;
    let (_, attack) = scene.allowed("two")?;
    let code = attack.told("code").unwrap_or_default();
    let (mut victim, back) = scene.allowed("one")?;
    let own = way_back(&back)?;
    let forged = with_query(&own, &with(&pairs(&own), "code", &code));
    refused(&victim.browser.return_to(&redirected(&back, &forged))?, &["PB2006", "PB2005", "PB2002"])?;
    let calls = scene.rig.fakes.logins.provider.calls();
    let last = calls.last().cloned();
    assert!(last.as_ref().is_some_and(|call| call.refused.as_deref() == Some("invalid_grant")), "PKCE: {last:?}");
    assert_eq!(scene.tenant.connections()?, Vec::<String>::new());

    // The victim may begin once more, and gets their own account.
    let made = scene.tenant.connect_through(&scene.rig, &mut scene.walk()?, "one")?;
    assert_eq!(made["business_id"], "business-one");
    Ok(())
}

#[test]
fn a_forged_callback_of_every_shape_changes_nothing() -> Result<()> {
    let scene = Scene::start()?;
    let (mut victim, back) = scene.allowed("one")?;
    let own = way_back(&back)?;
    let invented = "A".repeat(43);
    let code = back.told("code").unwrap_or_default();
    let one = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let forged: [Vec<(String, String)>; 9] = [
        vec![],
        vec![one("code", &code)],
        vec![one("state", &invented)],
        vec![one("code", &code), one("state", "")],
        vec![one("code", &code), one("state", &invented)],
        vec![one("code", &code), one("state", &victim.session.id)],
        vec![one("code", &code), one("State", &back.told("state").unwrap_or_default())],
        vec![one("error", "access_denied"), one("state", &invented)],
        vec![one("code", "x"), one("state", &"%41".repeat(43))],
    ];
    for query in &forged {
        for browser in [&mut stranger(), &mut victim.browser] {
            let page = browser.open(with_query(&own, query).as_str())?;
            refused(&page, &["PB2004"])?;
        }
    }
    // A cookie that somebody planted is no cookie of this host.
    for planted in ["", "x", &invented, &"x".repeat(4_000)] {
        let mut browser = stranger();
        browser.plant(patchbay_it::HERE, patchbay_it::COOKIE, planted);
        let (_, other) = scene.allowed("one")?;
        refused(&browser.open(way_back(&other)?.as_str())?, &["PB2004"])?;
    }
    scene.untouched(0)?;
    // And none of it was held against the victim.
    let last = victim.browser.return_to(&back)?;
    let code = victim.code(&last)?;
    scene.tenant.complete(&victim.session.id, &code, patchbay_it::USER)?.expect(200)?;
    Ok(())
}

/// A page that redirects to another address.
fn redirected(page: &patchbay_test_support::Page, to: &url::Url) -> patchbay_test_support::Page {
    let mut page = page.clone();
    page.headers.insert("location".to_owned(), to.to_string());
    page
}
