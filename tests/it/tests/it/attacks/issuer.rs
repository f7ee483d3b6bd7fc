//! S6: where the manifest names an issuer, `iss` comes with each callback, once, letter by letter (RFC 9207).

use patchbay_it::{RigSetup, USER, Variant, Walk};
use patchbay_test_support::{Page, Result, Trouble, fakes::logins::Behaviour};

use super::{HONEST, Scene, pairs, refused, way_back, with_query};

const ISSUER: &str = "https://logins.example";
const NAMED: &str = "patchbay.code-issuer";

/// The scene, with a connector whose manifest names the issuer that the provider sends.
fn scene() -> Result<Scene> {
    let scene = Scene::of(RigSetup::default())?;
    let kind = scene.rig.kind("code-basic")?;
    let tables = kind.tables.replace("rotation = true\n", &format!("rotation = true\nissuer = \"{ISSUER}\"\n"));
    assert_ne!(tables, kind.tables);
    scene.rig.install(Variant::of_login("code-issuer", &tables)?.pack()?)?;
    scene.rig.register_logins(NAMED)?;
    scene.rig.fakes.logins.provider.behave(Behaviour { issuer: Some(ISSUER.to_owned()), ..kind.behaviour });
    Ok(scene)
}

fn allowed(scene: &Scene, connector: &str) -> Result<(Walk, Page)> {
    let mut walk = Walk::of(scene.tenant.user_session(connector, &scene.return_to)?, connector);
    let back = walk.allow(&scene.rig, "one")?;
    Ok((walk, back))
}

#[test]
fn an_issuer_that_is_missing_wrong_twice_or_spelt_otherwise_is_refused_before_the_code_is_used() -> Result<()> {
    let scene = scene()?;
    let spelt = [
        "",
        " ",
        "https://evil.example",
        "https://logins.example/",
        "https://logins.example.",
        "https://logins.example:443",
        "http://logins.example",
        "HTTPS://logins.example",
        "https://LOGINS.example",
        "https://logins.example ",
        " https://logins.example",
        "https://logins.example#",
        "https://logins.example?",
        "https://logins.example\u{0}",
        "https://logins.example@evil.example",
        "https%3A%2F%2Flogins.example",
        "logins.example",
    ];
    let mut variants: Vec<Vec<&str>> = spelt.iter().map(|one| vec![*one]).collect();
    variants.extend([
        vec![],
        vec![ISSUER, ISSUER],
        vec![ISSUER, "https://evil.example"],
        vec!["https://evil.example", ISSUER],
        vec!["", ISSUER],
    ]);
    for variant in variants {
        let (mut walk, back) = allowed(&scene, NAMED)?;
        let own = way_back(&back)?;
        let query = pairs(&own).into_iter().filter(|(name, _)| name != "iss");
        let query: Vec<_> = query.chain(variant.iter().map(|iss| ("iss".to_owned(), (*iss).to_owned()))).collect();
        let page = walk.browser.open(with_query(&own, &query).as_str())?;
        refused(&page, &["PB2007"]).map_err(|error| Trouble::new(format!("{variant:?}: {error}")))?;
        scene.untouched(0)?;
        assert_eq!(scene.tenant.session_stands(&walk.session.id)?, ("failed".to_owned(), "PB2007".to_owned()));
    }
    // A name in another case is another parameter.
    let (mut walk, back) = allowed(&scene, NAMED)?;
    let own = way_back(&back)?;
    let query: Vec<_> = pairs(&own)
        .into_iter()
        .map(|(name, value)| (if name == "iss" { "ISS".to_owned() } else { name }, value))
        .collect();
    refused(&walk.browser.open(with_query(&own, &query).as_str())?, &["PB2007"])?;
    scene.untouched(0)?;
    // A refusal that somebody else's provider sends is not taken for this one's.
    let (mut walk, back) = allowed(&scene, NAMED)?;
    let state = back.told("state").unwrap_or_default();
    let forged =
        format!("{}?error=access_denied&state={state}&iss=https%3A%2F%2Fevil.example", way_back(&back)?.path());
    let page = walk.browser.open(&format!("{}{forged}", scene.rig.host.base()))?;
    refused(&page, &["PB2007"])?;
    scene.untouched(0)?;

    // The right one is taken.
    let made = scene.tenant.connect_through(
        &scene.rig,
        &mut Walk::of(scene.tenant.user_session(NAMED, &scene.return_to)?, NAMED),
        "one",
    )?;
    assert_eq!(made["state"], "active");
    Ok(())
}

#[test]
fn an_issuer_that_the_manifest_does_not_name_decides_nothing_and_is_not_taken_twice() -> Result<()> {
    let scene = scene()?;
    let (mut walk, back) = allowed(&scene, HONEST)?;
    let own = way_back(&back)?;
    let twice: Vec<_> =
        pairs(&own).into_iter().chain([("iss".to_owned(), "https://evil.example".to_owned())]).collect();
    refused(&walk.browser.open(with_query(&own, &twice).as_str())?, &["PB2007"])?;
    scene.untouched(0)?;
    // One registration, one address, one token address: the code goes where the login was begun.
    let (mut walk, back) = allowed(&scene, HONEST)?;
    let last = walk.browser.return_to(&back)?;
    let code = walk.code(&last)?;
    scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?;
    Ok(())
}
