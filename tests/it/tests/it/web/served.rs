//! The web app as the binary serves it, asked without a browser.

use patchbay_it::Rig;
use patchbay_test_support::{Browser, Page, Result};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";

fn header<'a>(page: &'a Page, name: &str) -> &'a str {
    page.headers.get(name).map_or("", String::as_str)
}

/// What a page loads: the values of `src` and `href` that begin so.
fn loaded<'a>(page: &'a Page, begin: &str) -> Vec<&'a str> {
    let quoted = page.text.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with(begin)).collect()
}

#[test]
fn the_binary_carries_the_web_app_and_serves_it_under_a_strict_policy() -> Result<()> {
    let rig = Rig::start()?;
    let mut browser = Browser::default();
    let mut open = |path: &str| browser.open(&format!("{}{path}", rig.host.base()));
    let root = open("/")?;
    assert_eq!((root.status, header(&root, "location")), (303, "/app/"));
    for path in ["/app", "/app/", "/app/connections/con_x?tab=runs", "/app/enter", "/admin", "/admin/sign-in"] {
        let page = open(path)?;
        assert_eq!(
            page.status, 200,
            "{path}: {} (was the web app built before the host? `cargo xtask web`)",
            page.text
        );
        assert_eq!(header(&page, "content-security-policy"), POLICY, "{path}");
        assert_eq!(header(&page, "x-frame-options"), "DENY", "{path}");
        assert_eq!(header(&page, "cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header(&page, "cache-control"), "no-store", "{path}");
        assert!(!loaded(&page, "/assets/").is_empty() && loaded(&page, "http").is_empty(), "{path}: {}", page.text);
        assert!(!page.text.contains("<style") && !page.text.contains(" style="), "{path}: {}", page.text);
    }
    Ok(())
}

#[test]
fn what_the_page_loads_is_kept_for_ever_and_what_is_not_there_is_under_the_policy_too() -> Result<()> {
    let rig = Rig::start()?;
    let mut browser = Browser::default();
    let mut open = |path: &str| browser.open(&format!("{}{path}", rig.host.base()));
    let page = open("/app/")?;
    for path in loaded(&page, "/assets/") {
        let asset = open(path)?;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(header(&asset, "cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(header(&asset, "x-content-type-options"), "nosniff", "{path}");
        assert!(
            ["text/javascript", "text/css", "image/"]
                .iter()
                .any(|kind| header(&asset, "content-type").starts_with(kind))
        );
    }
    for path in ["/assets/", "/assets/none.js", "/assets/..%2findex.html", "/assets/.vite%2fmanifest.json"] {
        let absent = open(path)?;
        assert_eq!(absent.status, 404, "{path}");
        assert!(header(&absent, "content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
    Ok(())
}

#[test]
fn every_other_answer_loads_nothing_and_stands_in_no_frame() -> Result<()> {
    let rig = Rig::start()?;
    let mut browser = Browser::default();
    for path in ["/v1/connections", "/v1/nowhere", "/readyz", "/openapi.json", "/errors/PB5005", "/nowhere", "/docs/"] {
        let answer = browser.open(&format!("{}{path}", rig.host.base()))?;
        let policy = header(&answer, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(header(&answer, "x-frame-options"), "DENY", "{path}");
    }
    Ok(())
}
