//! A tenant's name, colour and logo on the pages that its end users see, and what a logo may not be.

use patchbay_it::RigSetup;
use patchbay_test_support::{Browser, Result};
use serde_json::{Value, json};

use super::{CONNECTOR, Scene};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h8v8z\"/></svg>";

fn logo(media_type: &str, data: &[u8]) -> Value {
    json!({ "logo": { "media_type": media_type, "data": data_encoding::BASE64.encode(data) } })
}

#[test]
fn a_tenants_brand_stands_on_every_page_of_its_sessions_and_on_nobody_elses() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let brand = |api: &patchbay_test_support::Api| {
        Ok::<_, patchbay_test_support::Trouble>(api.get("/v1/brand")?.expect(200)?.json)
    };
    let plain = json!({ "name": "Kantoor & Zn", "accent": null, "logo": null });
    assert_eq!(brand(&scene.tenant.api)?, plain);

    let mut wanted = logo("image/svg+xml", SVG.as_bytes());
    wanted["name"] = json!("Ons Kantoor");
    wanted["accent"] = json!("#FFE000");
    let set = scene.tenant.api.put("/v1/brand", &wanted)?.expect(200)?.json;
    assert_eq!((&set["name"], &set["accent"]), (&json!("Ons Kantoor"), &json!("#ffe000")));
    let address = set["logo"].as_str().unwrap_or_default().to_owned();
    assert!(address.starts_with("/brand/") && address.ends_with(".svg"), "{address}");
    assert_eq!(brand(&scene.tenant.api)?, set);
    // What is left out stays; null takes it away.
    let renamed = scene.tenant.api.put("/v1/brand", &json!({ "name": null }))?.expect(200)?.json;
    assert_eq!(renamed, json!({ "name": "Kantoor & Zn", "accent": "#ffe000", "logo": address }));
    scene.tenant.api.put("/v1/brand", &json!({ "name": "Ons Kantoor" }))?.expect(200)?;

    let session = scene.one()?;
    let mut browser = Browser::default();
    let landing = browser.open(&session.url)?;
    let review = browser.review(&session.url, CONNECTOR)?;
    for page in [&landing, &review] {
        for part in ["<span>Ons Kantoor</span>", &format!("<img src=\"{address}\""), "/brand/accent-ffe000.css"] {
            assert!(page.text.contains(part), "{part} in {}", page.text);
        }
    }
    let base = scene.rig.host.base();
    let picture = browser.open(&format!("{base}{address}"))?;
    assert_eq!((picture.status, picture.text.as_str()), (200, SVG));
    let sheet = browser.open(&format!("{base}/brand/accent-ffe000.css"))?;
    assert!(sheet.text.contains("--accent-text:#000000"), "text on yellow is dark: {}", sheet.text);

    let other = scene.rig.tenant("B")?;
    assert_eq!(brand(&other.api)?["logo"], Value::Null);
    scene.tenant.api.put("/v1/brand", &json!({ "logo": null }))?.expect(200)?;
    assert_eq!(browser.open(&format!("{base}{address}"))?.status, 404, "what nobody has is nowhere");
    let audit: Vec<String> =
        scene.tenant.audit_about(&scene.tenant.id)?.into_iter().map(|(action, _)| action).collect();
    assert_eq!(audit.iter().filter(|action| *action == "brand.changed").count(), 4, "{audit:?}");
    Ok(())
}

#[test]
fn a_logo_that_is_more_than_a_picture_is_refused_and_one_that_is_taken_can_do_nothing() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let png = |width: u32| {
        let start: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        [start, &width.to_be_bytes(), &8_u32.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()
    };
    // Thirty levels, each of which is the next one twice: a thousand million paths.
    let level = |n: usize| format!("<g id='l{n}'><use href='#l{0}'/><use href='#l{0}'/></g>", n + 1);
    let levels: String = (0..30).map(level).collect();
    let bomb = format!("<svg xmlns='http://www.w3.org/2000/svg'>{levels}<path id='l30' d='M0 0h8v8z'/></svg>");
    for (wanted, pointer) in [
        (logo("image/svg+xml", b"<svg><script>alert(1)</script></svg>"), "/logo/data"),
        (logo("image/svg+xml", b"<svg onload=\"alert(1)\"/>"), "/logo/data"),
        (logo("image/svg+xml", b"<svg><image href=\"https://evil.example/x\"/></svg>"), "/logo/data"),
        (logo("image/svg+xml", b"<html><script>alert(1)</script></html>"), "/logo/data"),
        (logo("image/svg+xml", bomb.as_bytes()), "/logo/data"),
        (logo("image/svg+xml", &png(8)), "/logo/data"),
        (logo("image/png", SVG.as_bytes()), "/logo/data"),
        (logo("image/png", &png(5_000)), "/logo/data"),
        (logo("image/png", &[png(8), vec![0; 65_536]].concat()), "/logo/data"),
        (logo("text/html", b"<script>alert(1)</script>"), "/logo/media_type"),
        (json!({ "accent": "red;}body{background:url(//evil.example)" }), "/accent"),
        (json!({ "accent": "#12345" }), "/accent"),
        (json!({ "name": "" }), "/name"),
    ] {
        let refused = scene.tenant.api.put("/v1/brand", &wanted)?;
        assert_eq!(
            (refused.status, &refused.json["errors"][0]["pointer"]),
            (422, &json!(pointer)),
            "{}",
            refused.text()
        );
    }
    assert_eq!(scene.tenant.get("/v1/brand")?.json["logo"], Value::Null);

    let set = scene.tenant.api.put("/v1/brand", &logo("image/png", &png(8)))?.expect(200)?.json;
    let page =
        Browser::default().open(&format!("{}{}", scene.rig.host.base(), set["logo"].as_str().unwrap_or_default()))?;
    let policy = page.headers.get("content-security-policy").cloned().unwrap_or_default();
    assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("script"), "{policy}");
    assert_eq!(page.headers.get("x-content-type-options").map(String::as_str), Some("nosniff"));
    assert_eq!(page.headers.get("content-type").map(String::as_str), Some("image/png"));
    Ok(())
}
