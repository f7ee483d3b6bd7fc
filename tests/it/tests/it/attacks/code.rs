//! S7: a code is good once, for the login that asked for it, and only with its verifier (RFC 7636).

use patchbay_it::{Variant, Walk, login_manifest};
use patchbay_test_support::{
    Page, Result,
    fakes::logins::{Behaviour, TokenCall},
};
use url::Url;

use super::{Scene, pairs, refused, way_back, with_query};

/// What the host says when the provider does not take a code.
const NOT_TAKEN: [&str; 3] = ["PB2005", "PB2006", "PB2002"];

fn last_call(scene: &Scene) -> Option<TokenCall> {
    scene.rig.fakes.logins.provider.calls().pop()
}

/// The way back with another code.
fn with_code(back: &Page, code: &str) -> Result<Url> {
    let own = way_back(back)?;
    let query = pairs(&own).into_iter();
    let query: Vec<_> =
        query.map(|(name, old)| if name == "code" { (name, code.to_owned()) } else { (name, old) }).collect();
    Ok(with_query(&own, &query))
}

#[test]
fn a_code_that_was_used_makes_no_second_connection() -> Result<()> {
    let scene = Scene::start()?;
    let (mut walk, back) = scene.allowed("one")?;
    let used = back.told("code").unwrap_or_default();
    walk.browser.return_to(&back)?;
    // In the same browser with a fresh state, and in another one.
    for same in [true, false] {
        let mut again = scene.walk()?;
        if same {
            again.browser = walk.tab();
        }
        let back = again.allow(&scene.rig, "two")?;
        let page = again.browser.open(with_code(&back, &used)?.as_str())?;
        refused(&page, &NOT_TAKEN)?;
        assert_eq!(last_call(&scene).and_then(|call| call.refused).as_deref(), Some("invalid_grant"));
    }
    assert_eq!(scene.tenant.connections()?.len(), 1, "what waits of the first");
    Ok(())
}

#[test]
fn a_code_without_its_own_verifier_is_worth_nothing() -> Result<()> {
    let scene = Scene::start()?;
    for (whose, own) in [("two", "one"), ("one", "one")] {
        let (_, stolen) = scene.allowed(whose)?;
        let code = stolen.told("code").unwrap_or_default();
        let (mut thief, back) = scene.allowed(own)?;
        refused(&thief.browser.open(with_code(&back, &code)?.as_str())?, &NOT_TAKEN)?;
        assert_eq!(last_call(&scene).and_then(|call| call.refused).as_deref(), Some("invalid_grant"));
        assert_eq!(scene.tenant.connections()?, Vec::<String>::new());
    }
    // The fake looks at the verifier: with its own, the same kind of code is good.
    assert_eq!(scene.walk()?.authorise(&scene.rig, "one")?.status, 200);
    Ok(())
}

#[test]
fn a_login_cannot_be_talked_down_to_plain_or_to_nothing() -> Result<()> {
    let scene = Scene::start()?;
    let mut walk = scene.walk()?;
    let to = Url::parse(&walk.away()?)?;
    let asked = pairs(&to);
    let value =
        |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default();
    assert_eq!((value("code_challenge_method").as_str(), value("code_challenge").len()), ("S256", 43));
    assert_ne!(value("code_challenge"), value("state"));

    // A provider that does not insist, and an attacker who takes the challenge out of the address.
    let logins = &scene.rig.fakes.logins.provider;
    logins.behave(Behaviour { pkce: false, ..logins.behaviour() });
    let without: Vec<_> = asked.iter().filter(|(name, _)| !name.starts_with("code_challenge")).cloned().collect();
    let known = logins.credentials("one");
    let back = walk.browser.logins(with_query(&to, &without).as_str(), &known, "", true)?;
    refused(&walk.browser.follow(&back)?, &NOT_TAKEN)?;
    assert_eq!(last_call(&scene).and_then(|call| call.refused).as_deref(), Some("invalid_grant"));
    scene.untouched(1)?;

    // `plain` is refused by the provider's page; the host never asks for it, and no manifest can.
    let plain: Vec<_> = asked
        .iter()
        .map(|(name, old)| {
            (name.clone(), if name == "code_challenge_method" { "plain".to_owned() } else { old.clone() })
        })
        .collect();
    assert_eq!(walk.browser.open(with_query(&to, &plain).as_str())?.status, 400);
    let kind = scene.rig.kind("code-basic")?;
    for param in [
        "code_challenge_method = \"plain\"",
        "code_challenge = \"x\"",
        "state = \"x\"",
        "redirect_uri = \"https://evil.example\"",
    ] {
        let authorize = "[auth.token]\n";
        let tables = kind.tables.replacen(authorize, &format!("[auth.authorize.params]\n{param}\n{authorize}"), 1);
        assert_ne!(tables, kind.tables);
        if let Ok(manifest) = login_manifest("code-basic", &tables) {
            // Whoever checks manifests missed it: the host still may not send it.
            let mut variant = Variant::of_login("code-basic", &kind.tables)?;
            variant.manifest = manifest;
            "0.9.0".clone_into(&mut variant.manifest.version);
            let posted = scene.rig.post(variant.pack()?)?;
            assert!((400..500).contains(&posted.status), "{param}: {}", posted.text());
        }
    }
    // The same verifier is never used twice.
    let challenge = |walk: &mut Walk| -> Result<String> {
        let to = Url::parse(&walk.away()?)?;
        Ok(pairs(&to)
            .into_iter()
            .find(|(name, _)| name == "code_challenge")
            .map(|(_, value)| value)
            .unwrap_or_default())
    };
    assert_ne!(challenge(&mut scene.walk()?)?, challenge(&mut scene.walk()?)?);
    Ok(())
}
