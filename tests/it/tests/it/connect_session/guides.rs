//! What a connector says beforehand: its logo, what is needed, and guides that can be sent to somebody.

use patchbay_it::{RigSetup, Variant, Walk};
use patchbay_model::manifest::Guide;
use patchbay_test_support::{Browser, Result};
use serde_json::json;

use super::Scene;

const GUIDED: &str = "patchbay.guided";

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"4\"/></svg>";

fn guide(id: &str, audience: &str, title: &str) -> Guide {
    let text = "1. Open **Settings**\n2. See [help](https://help.example.com)\n\n<script>alert(1)</script>".to_owned();
    Guide { id: id.to_owned(), audience: audience.to_owned(), title: title.to_owned(), text }
}

#[test]
fn a_person_is_told_what_is_needed_first_and_a_guide_can_be_sent_to_somebody_else() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let mut variant = Variant::of_login("guided", &scene.rig.kind("code-basic")?.tables)?;
    variant.manifest.logo = Some(LOGO.to_owned());
    variant.manifest.checklist = vec!["A login with the right role.".to_owned()];
    variant.manifest.guides = vec![
        guide("end-user", "The person who connects", "Connect it"),
        guide("setup", "The operator of this installation", "Register a client"),
    ];
    scene.rig.install(variant.pack()?)?;
    scene.rig.register_logins(GUIDED)?;

    let base = scene.rig.host.base();
    let mut walk = Walk::of(scene.session(&json!({ "connector": GUIDED }))?, GUIDED);
    let landing = walk.browser.open(&walk.session.url)?;
    let started = walk.browser.submit_named(&landing, "start", &[])?;
    let before = walk.browser.settle_at(started, &[&base])?;
    assert!(before.url.path().ends_with("/before"), "{}", before.url);
    for said in
        ["A login with the right role.", "Connect it", "The person who connects", "/guides/patchbay.guided/end-user"]
    {
        assert!(before.text.contains(said), "{said} in {}", before.text);
    }
    assert!(!before.text.contains("Register a client"), "what an operator sets up is nothing for whoever connects");

    let address = before.text.split("<img class=\"mark\" src=\"").nth(1).and_then(|rest| rest.split('"').next());
    let address = address.unwrap_or_default().to_owned();
    let logo = Browser::default().open(&format!("{base}{address}"))?;
    assert_eq!((logo.status, logo.text.as_str()), (200, LOGO), "{address}");
    let header = |name: &str| logo.headers.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(header("content-type"), "image/svg+xml");
    assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    for wrong in [address.replace(".svg", ".png"), address.replace(GUIDED, "patchbay.other"), address.replace('a', "b")]
    {
        assert_eq!(Browser::default().open(&format!("{base}{wrong}"))?.status, 404, "{wrong}");
    }

    // Anybody may read a guide, in whatever browser, without a session.
    for (id, title) in [("end-user", "Connect it"), ("setup", "Register a client")] {
        let page = Browser::default().open(&format!("{base}/guides/{GUIDED}/{id}"))?;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains(&format!("<h1>{title}</h1>")) && page.text.contains("<strong>Settings</strong>"));
        assert!(page.text.contains("rel=\"noopener noreferrer\">help</a>"), "{}", page.text);
        assert!(!page.text.contains("<script>alert") && !page.text.contains("Kantoor"), "{}", page.text);
    }
    for absent in [format!("/guides/{GUIDED}/none"), "/guides/patchbay.none/end-user".to_owned()] {
        assert_eq!(Browser::default().open(&format!("{base}{absent}"))?.status, 404, "{absent}");
    }
    // And the way goes on from there.
    let made = scene.tenant.connect_through(&scene.rig, &mut walk, "one")?;
    assert_eq!(made["state"], "active");
    Ok(())
}
