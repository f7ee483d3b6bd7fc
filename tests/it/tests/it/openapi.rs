//! The contract of the API is the document that is checked in, and every failure has one shape.

use std::path::Path;

use patchbay_it::Rig;
use patchbay_test_support::Result;
use serde_json::Value;

#[test]
fn the_served_document_is_the_one_that_is_checked_in() -> Result<()> {
    let rig = Rig::start()?;
    let served = rig.stranger().get("/openapi.json")?.expect(200)?;
    assert!(served.headers["content-type"].starts_with("application/json"));
    let kept = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/api/openapi.json"))?;
    assert!(served.body == kept, "run `cargo xtask generate`");
    assert_eq!(served.json["openapi"], Value::from("3.1.0"));
    Ok(())
}

#[test]
fn the_documentation_is_a_page_that_reads_the_document_and_nothing_from_elsewhere() -> Result<()> {
    let rig = Rig::start()?;
    let mut page = rig.stranger().get("/docs")?;
    if let Some(to) = page.headers.get("location").cloned() {
        page = rig.stranger().get(&to)?;
    }
    let page = page.expect(200)?;
    assert!(page.headers["content-type"].starts_with("text/html"), "{page:?}");
    assert!(!page.text().contains("src=\"http"), "{}", page.text());
    let script = rig.stranger().get("/docs/swagger-initializer.js")?.expect(200)?;
    assert!(script.text().contains("/openapi.json"), "{}", script.text());
    Ok(())
}

#[test]
fn the_host_says_that_it_lives_and_is_ready() -> Result<()> {
    let rig = Rig::start()?;
    rig.stranger().get("/healthz")?.expect(200)?;
    rig.stranger().get("/readyz")?.expect(200)?;
    Ok(())
}

#[test]
fn a_failure_is_a_problem_with_a_code_whose_page_can_be_read() -> Result<()> {
    let rig = Rig::start()?;
    let failure = rig.stranger().get("/v1/connections")?.expect(401)?;
    assert_eq!(failure.headers["content-type"], "application/problem+json");
    assert_eq!(failure.headers["www-authenticate"], "Bearer");
    assert_eq!((&failure.json["status"], &failure.json["code"]), (&Value::from(401), &Value::from("PB5003")));
    for name in ["title", "detail"] {
        assert!(failure.json[name].as_str().is_some_and(|text| !text.is_empty()), "{failure:?}");
    }
    let page = rig.stranger().get(&failure.text_at("/type")?)?.expect(200)?;
    assert!(page.text().starts_with("# PB5003: "), "{}", page.text());
    rig.stranger().get("/errors/PB0000")?.expect(404)?;
    Ok(())
}
