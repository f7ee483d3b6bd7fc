//! S9: no page of the journey stands in a frame of somebody else, runs a script that is not this host's, or loads
//! anything from elsewhere; pages of failures neither.

use patchbay_it::{RigSetup, Walk};
use patchbay_test_support::{Browser, Page, Result};
use serde_json::json;

use super::{CONNECTOR, Scene};

/// Everything that may be loaded, and from where.
const POLICY: [&str; 7] = [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
];

fn shielded(name: &str, page: &Page) {
    let header = |name: &str| page.headers.get(name).map(String::as_str).unwrap_or_default();
    let policy: Vec<&str> = header("content-security-policy").split("; ").collect();
    assert_eq!(policy, POLICY, "{name}: {}", page.text);
    assert_eq!(header("x-frame-options"), "DENY", "{name}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{name}");
    assert_eq!(header("cache-control"), "no-store", "{name}");
    assert!(["no-referrer", "same-origin"].contains(&header("referrer-policy")), "{name}");
    assert_eq!(page.text.matches("<script").count(), 1, "{name}");
    assert!(page.text.contains("<script src=\"/link/journey.js?v="), "{name}: {}", page.text);
}

#[test]
fn every_page_of_the_journey_and_every_failure_is_shielded() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    scene.rig.install_kind(&scene.rig.kind("pair")?)?;
    let base = scene.rig.host.base();
    let session = scene.session(&json!({}))?;
    let mut browser = Browser::default();
    let landing = browser.open(&session.url)?;
    shielded("landing", &landing);
    let started = browser.submit_named(&landing, "start", &[])?;
    shielded("choose", &browser.settle_at(started, &[&base])?);
    let at = |page: &str| format!("{base}/link/session/{}/{page}", session.id);
    let form = browser.open(&at("connect?connector=patchbay.pair"))?;
    shielded("connect", &form);
    shielded("review", &browser.open(&at(&format!("review?connector={CONNECTOR}")))?);
    let wrong = browser.submit_named(&form, "login", &[])?;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    shielded("connect with errors", &wrong);

    let mut walk = Walk::of(scene.one()?, CONNECTOR);
    shielded("confirm", &walk.authorise(&scene.rig, "one")?);
    for (name, path) in [
        ("no session", "/link/session/ses_00000000000000000000000000".to_owned()),
        ("no token", format!("/link/{}", "A".repeat(43))),
        ("another browser's", format!("/link/session/{}", walk.session.id)),
        ("an unknown parameter", format!("/link/session/{}/review?next=//evil.example", session.id)),
        ("a callback", "/oauth/callback/cli_00000000000000000000000000?state=x&code=y".to_owned()),
        ("no guide", format!("/guides/{CONNECTOR}/none")),
    ] {
        let page = browser.open(&format!("{base}{path}"))?;
        assert!(page.status >= 400, "{name}: {}", page.status);
        shielded(name, &page);
    }
    shielded("a form of another site", &browser.forge("https://evil.example", &session.url, &[])?);
    Ok(())
}

#[test]
fn the_script_and_the_sheet_are_this_hosts_own_and_may_be_kept() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let mut browser = Browser::default();
    let page = browser.open(&scene.one()?.url)?;
    for (start, kind) in [("src=\"/link/journey.js", "text/javascript"), ("href=\"/link/style.css", "text/css")] {
        let address = page.text.split(start).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let path = start.split('"').nth(1).unwrap_or_default();
        let file = browser.open(&format!("{}{path}{address}", scene.rig.host.base()))?;
        let header = |name: &str| file.headers.get(name).map(String::as_str).unwrap_or_default();
        assert!(file.status == 200 && header("content-type").starts_with(kind), "{path}{address}: {}", file.status);
        assert!(header("cache-control").contains("immutable"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
    Ok(())
}
