//! Every kind of login through a link, to its completion.

use patchbay_it::{Enter, Kind, RigSetup, Session, USER, kinds, leads};
use patchbay_test_support::{Browser, Page, Result, Trouble};
use serde_json::{Value, json};

use super::{CONNECTOR, Scene};

/// Fields with every secret replaced.
fn spoilt(fields: &Value, kind: &Kind) -> Value {
    let mut fields = fields.clone();
    for value in fields.as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        if value.as_str().is_some_and(|text| kind.secrets.iter().any(|secret| secret == text)) {
            *value = json!("wrong-0123456789abcdef");
        }
    }
    fields
}

fn typed(fields: &Value) -> Vec<(&str, &str)> {
    let members = fields.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect()
}

/// Connects a kind of login at the provider's pages through a link.
fn by_consent(scene: &Scene, kind: &Kind, fields: &Value, region: &str) -> Result<()> {
    let connector = format!("patchbay.{}", kind.name);
    scene.rig.install_kind(kind)?;
    let session = scene.session(&json!({ "connector": connector }))?;
    let mut browser = Browser::default();
    let away = browser.link(&session.url, &connector, &typed(fields))?;
    let known = scene.rig.fakes.logins.provider.credentials("one");
    let back = browser.logins(&leads(&away)?, &known, region, true)?;
    let last = browser.return_to(&back)?;
    completed(scene, &session, &mut browser, &last)
}

/// Completes a session; its connection is read once, and deleted.
fn completed(scene: &Scene, session: &Session, browser: &mut Browser, last: &Page) -> Result<()> {
    if scene.state(session)? != "authorised" {
        return Err(Trouble::new(format!("it is not authorised: {} {}", last.status, last.text)));
    }
    let code = browser.finish(last)?.told("code").unwrap_or_default();
    let made = scene.tenant.complete(&session.id, &code, USER)?.expect(200)?;
    let run = scene.tenant.first_run(&made.text_at("/id")?)?;
    match (made.text_at("/state")?.as_str(), run["state"].as_str()) {
        ("active", Some("done")) => {
            scene.tenant.api.delete(&format!("/v1/connections/{}", made.text_at("/id")?))?.expect(204).map(drop)
        }
        _ => Err(Trouble::new(format!("{} {run}", made.text()))),
    }
}

/// Connects a kind of form through a link: with wrong secrets first, then with the right ones.
fn by_form(scene: &Scene, kind: &Kind, fields: &Value) -> Result<()> {
    let connector = format!("patchbay.{}", kind.name);
    scene.rig.install_kind(kind)?;
    let session = scene.session(&json!({ "connector": connector }))?;
    let mut browser = Browser::default();
    let mut page = browser.review(&session.url, &connector)?;
    let wrong = spoilt(fields, kind);
    if wrong != *fields {
        page = browser.authorise(&page, &typed(&wrong))?;
        let shown = page.text.contains("wrong-0123456789");
        // The provider of this one answers 200 whatever it thinks, and its connector does not understand.
        let code = if kind.name == "json-body" { "PB1104" } else { "PB2002" };
        if page.status < 400 || !page.text.contains(code) || shown || page.form_named("login").is_err() {
            return Err(Trouble::new(format!("with a wrong secret: {} {}", page.status, page.text)));
        }
        let stands = scene.tenant.session_stands(&session.id)?;
        if stands != ("failed".to_owned(), code.to_owned()) {
            return Err(Trouble::new(format!("after a wrong secret: {stands:?}")));
        }
    }
    let last = browser.authorise(&page, &typed(fields))?;
    completed(scene, &session, &mut browser, &last)
}

/// Connects the kinds of login that this takes; how many.
fn each(scene: &Scene, connect: impl Fn(&Kind) -> Option<Result<()>>) -> Result<usize> {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    // The scene's own kind is what every other test goes through.
    let all = kinds(&scene.rig.fakes.logins.provider);
    for kind in all.iter().filter(|kind| format!("patchbay.{}", kind.name) != CONNECTOR) {
        let Some(done) = connect(kind) else { continue };
        tried += 1;
        if let Err(trouble) = done {
            wrong.push(format!("{}: {trouble}", kind.name));
        }
    }
    if wrong.is_empty() { Ok(tried) } else { Err(Trouble::new(wrong.join("\n"))) }
}

#[test]
fn every_kind_of_form_goes_through_a_link_to_its_completion() -> Result<()> {
    let customers = vec!["https://odoo.kantoor.example".to_owned()];
    let scene = Scene::start(RigSetup { customers, ..RigSetup::default() })?;
    let tried = each(&scene, |kind| match &kind.enter {
        Enter::Fields(fields) => Some(by_form(&scene, kind, fields)),
        Enter::Consent { .. } => None,
    })?;
    assert!(tried >= 11, "{tried}");
    Ok(())
}

#[test]
fn every_kind_of_consent_goes_through_a_link_to_its_completion() -> Result<()> {
    let scene = Scene::start(RigSetup::default())?;
    let tried = each(&scene, |kind| match &kind.enter {
        Enter::Fields(_) => None,
        Enter::Consent { fields, region } => Some(by_consent(&scene, kind, fields, region)),
    })?;
    assert!(tried >= 5, "{tried}");
    Ok(())
}
