//! The pages: choosing, what will be shared, languages.

use patchbay_it::{RigSetup, Session, USER, Variant};
use patchbay_test_support::{Browser, Page, Result};
use serde_json::json;

use super::{CONNECTOR, Scene};

/// Presses Start; the page that comes.
fn started(browser: &mut Browser, session: &Session) -> Result<Page> {
    let landing = browser.open(&session.url)?;
    let host = landing.url.origin().ascii_serialization();
    let page = browser.submit_named(&landing, "start", &[])?;
    browser.settle_at(page, &[&host])
}

/// The connectors that a page offers.
fn offered(page: &Page) -> Vec<String> {
    let links = page.text.split("before?connector=").skip(1);
    links.map(|rest| rest.split(['"', '&']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_person_chooses_among_the_connectors_of_the_session_and_finds_one_by_its_name() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let kinds = ["key-header", "basic", "pair", "session", "machine", "code-odd", "code-fixed", "code-signed"];
    for kind in kinds {
        scene.rig.install_kind(&scene.rig.kind(kind)?)?;
    }
    // One that no OAuth client is registered for cannot be connected, and is not offered.
    let mut bare = Variant::of_login("unregistered", &scene.rig.kind("code-basic")?.tables)?;
    "Zebra".clone_into(&mut bare.manifest.name);
    scene.rig.install(bare.pack()?)?;

    let three = ["patchbay.basic", "patchbay.pair", CONNECTOR];
    let session = scene.session(&json!({ "connectors": three }))?;
    let mut browser = Browser::default();
    let page = started(&mut browser, &session)?;
    let mut found = offered(&page);
    found.sort();
    let mut wanted = three.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{}", page.text);
    let refused = browser.open(&format!("{}/review?connector=patchbay.key-header", page.url))?;
    assert!(refused.text.contains("PB2011"), "{}", refused.text);

    let all = scene.session(&json!({}))?;
    let mut browser = Browser::default();
    let page = started(&mut browser, &all)?;
    let found = offered(&page);
    assert_eq!(found.len(), kinds.len() + 1, "{found:?}");
    assert!(!found.contains(&"patchbay.unregistered".to_owned()), "{found:?}");
    for (searched, wanted) in
        [("PAIR", vec!["patchbay.pair"]), (" pair ", vec!["patchbay.pair"]), ("zebra", vec![]), ("<b>", vec![])]
    {
        let form = page.form_named("search")?;
        let result = browser.submit(&page, &form, &[("q", searched)])?;
        assert_eq!(
            (result.status, offered(&result)),
            (200, wanted.iter().map(|one| (*one).to_owned()).collect()),
            "{searched}"
        );
        assert!(!result.text.contains("<b>"), "what was typed is no markup");
    }
    let several = browser.submit(&page, &page.form_named("search")?, &[("q", "code")])?;
    assert_eq!(offered(&several).len(), 4, "{}", several.text);
    // With one, there is nothing to choose.
    let mut browser = Browser::default();
    let page = started(&mut browser, &scene.one()?)?;
    assert!(page.url.path().ends_with("/review") && page.form_named("login").is_ok(), "{}", page.url);
    Ok(())
}

#[test]
fn the_review_says_what_will_be_shared_before_anything_leaves() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let before = scene.rig.fakes.logins.journal.last();
    let mut browser = Browser::default();
    let page = browser.review(&scene.one()?.url, CONNECTOR)?;
    for said in [
        "Kantoor &amp; Zn",
        "Login code-basic",
        "<summary>Chosen</summary><p>All that the connector sees.</p>",
        "<summary>Nothing</summary><p>Writes nothing and says that it is there.</p>",
        "<summary>read</summary><p>To read.</p>",
        "<summary>https://logins.example</summary><p>The provider of the test.</p>",
        "Your password is never seen here",
    ] {
        assert!(page.text.contains(said), "{said:?} is not in {}", page.text);
    }
    assert_eq!(
        page.headers.get("referrer-policy").map(String::as_str),
        Some("same-origin"),
        "other sites see no address"
    );
    assert_eq!(scene.rig.fakes.logins.journal.last(), before, "nothing left before the click");
    Ok(())
}

#[test]
fn the_pages_speak_the_language_of_the_session() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    for (language, start, review) in [
        ("en", "Connect your account", "What you will be asked to allow"),
        ("nl", "Koppel uw account", "Waarvoor u om toestemming wordt gevraagd"),
        ("pl", "Połącz swoje konto", "Na co trzeba będzie wyrazić zgodę"),
    ] {
        let session = scene.session(&json!({ "connector": CONNECTOR, "language": language }))?;
        let mut browser = Browser::default();
        let landing = browser.open(&session.url)?;
        assert!(
            landing.text.contains(&format!("lang=\"{language}\"")) && landing.text.contains(start),
            "{}",
            landing.text
        );
        let page = browser.review(&session.url, CONNECTOR)?;
        assert!(page.text.contains(review), "{language}: {}", page.text);
        assert_eq!(scene.tenant.get(&format!("/v1/connect-sessions/{}", session.id))?.text_at("/language")?, language);
    }
    let body = json!({ "connector": CONNECTOR, "language": "xx", "end_user": USER, "return_to": scene.return_to });
    let refused = scene.tenant.api.post("/v1/connect-sessions", &body)?;
    assert_eq!(
        (refused.status, &refused.json["errors"][0]["pointer"]),
        (422, &json!("/language")),
        "{}",
        refused.text()
    );
    Ok(())
}
