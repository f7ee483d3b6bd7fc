//! Installing, a tenant, and both kinds of connecting.

use patchbay_model::{SystemRandom, package::signature::SigningKey};
use patchbay_test_support::{
    Browser,
    signed::{post_signed, signature_of},
};
use serde_json::{Value, json};

use super::{super::setup::World, told};
use crate::shell::Result;

pub(super) fn install(world: &mut World) -> Result<String> {
    let operator = world.operator()?;
    // Their publisher is this demo, which signs with a key that it made a moment ago; the host takes nothing unsigned.
    let key = SigningKey::fresh(&SystemRandom);
    let public = json!({ "key": key.public().to_string() });
    told(operator.post("/v1/publishers/patchbay/keys", &public).and_then(|answer| answer.expect(201)))?;
    let (mut said, mut all) = (Vec::new(), 0);
    for (name, file) in &world.built.connectors {
        let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let size = bytes.len() / 1024;
        let document = told(signature_of(&bytes, &key))?.to_json();
        let answer = told(post_signed(&operator, &bytes, Some(document.as_bytes()), None))?;
        let answer = told(answer.expect(201))?;
        let state = told(answer.text_at("/release/state"))?;
        if state != "active" {
            return Err(format!("{name} is {state}"));
        }
        all += size;
        if ["github", "silverfin"].contains(&name.as_str()) {
            said.push(format!("{name} {} ({size} KiB)", told(answer.text_at("/release/version"))?));
        }
    }
    let (many, key) = (world.built.connectors.len(), key.public().fingerprint());
    Ok(format!("{many} of them, {all} KiB together, signed by {key}, among them {}", said.join(" and ")))
}

pub(super) fn tenant_made(world: &mut World) -> Result<(String, String)> {
    let operator = world.operator()?;
    let body = json!({"name": "Kantoor Vermeulen", "industry": "accounting"});
    let made = told(operator.post("/v1/tenants", &body).and_then(|answer| answer.expect(201)))?;
    let id = told(made.text_at("/id"))?;
    let path = format!("/v1/tenants/{id}/keys");
    let made = told(operator.post(&path, &json!({"name": "demo"})).and_then(|answer| answer.expect(201)))?;
    Ok((id, told(made.text_at("/key"))?))
}

pub(super) fn tenant(world: &mut World) -> Result<String> {
    let (id, key) = tenant_made(world)?;
    world.left.tenant = Some(world.api().with_key(&key));
    world.left.keys.push(key);
    let cards = told(super::tenant(world)?.get("/v1/catalog").and_then(|answer| answer.expect(200)))?;
    let cards = told(cards.array_at("/items"))?;
    let installed = world.built.connectors.len();
    let other: Vec<&Value> =
        cards.iter().filter(|card| card["status"] != json!("connect")).map(|card| &card["connector"]).collect();
    match (cards.len() == installed, other.as_slice()) {
        (true, []) => Ok(format!("{id} sees {installed} cards, all with status connect")),
        (false, _) => Err(format!("{} cards for {installed} connectors", cards.len())),
        (true, other) => Err(format!("not all can be connected: {other:?}")),
    }
}

pub(super) fn github(world: &mut World) -> Result<String> {
    let token = world.fakes.github.provider.token("owner");
    let api = super::tenant(world)?;
    let wrong =
        json!({"connector": "patchbay.github", "fields": {"token": world.fakes.github.provider.token("revoked")}});
    let refused = told(api.post("/v1/connections", &wrong))?;
    if refused.status < 400 {
        return Err("a revoked token was taken".to_owned());
    }
    let body = json!({"connector": "patchbay.github", "fields": {"token": token}, "name": "Our repositories"});
    let made = told(api.post("/v1/connections", &body).and_then(|answer| answer.expect(201)))?;
    let (id, state) = (told(made.text_at("/id"))?, told(made.text_at("/state"))?);
    if state != "active" {
        return Err(format!("the connection is {state}"));
    }
    let said = format!("{} is {state}; a revoked token was refused", told(made.text_at("/business_name"))?);
    world.left.github = id;
    Ok(said)
}

/// Where the demo's application would be; nothing listens there.
const RETURN: &str = "http://localhost:5173/integrations";
/// The end user of the demo's application.
const END_USER: &str = "an";

/// Registers the fake's OAuth client and makes a session; `asks` is what else the session says.
pub(super) fn session(world: &mut World, asks: &Value) -> Result<(String, String)> {
    let operator = world.operator()?;
    let client = world.fakes.silverfin.provider.client();
    let body = json!({"client_id": client.id, "client_secret": client.secret});
    let path = "/v1/connectors/patchbay.silverfin/oauth-client";
    let registered = told(operator.put(path, &body).and_then(|answer| answer.expect(200)))?;
    world.fakes.silverfin.provider.allow_redirect(&told(registered.text_at("/redirect_uri"))?);
    let mut body = json!({"connectors": ["patchbay.silverfin"], "end_user": END_USER});
    if let (Some(body), Some(asks)) = (body.as_object_mut(), asks.as_object()) {
        body.extend(asks.clone());
    }
    let session =
        told(super::tenant(world)?.post("/v1/connect-sessions", &body).and_then(|answer| answer.expect(201)))?;
    Ok((told(session.text_at("/id"))?, told(session.text_at("/url"))?))
}

/// A session that somebody without an application behind it can finish.
pub(super) fn open_session(world: &mut World) -> Result<(String, String)> {
    session(world, &json!({"verification": "off"}))
}

pub(super) fn silverfin(world: &mut World) -> Result<String> {
    let body = json!({"name": "The demo's application", "address": RETURN});
    let registered =
        told(super::tenant(world)?.post("/v1/return-addresses", &body).and_then(|answer| answer.expect(201)))?;
    let (session, url) = session(world, &json!({"return_to": told(registered.text_at("/id"))?}))?;
    let own = world.base();
    let mut browser = Browser::default();
    // Who asks, then what is needed, then what will be shared; nothing begins without a click on each.
    let asks = told(browser.open(&url))?;
    let started = told(browser.submit_named(&asks, "start", &[]))?;
    let before = told(browser.settle_at(started, &[&own]))?;
    let review = told(browser.go_on(&before))?;
    let away = told(browser.submit_named(&review, "login", &[]))?;
    let address = away.location().ok_or_else(|| format!("the page leads nowhere: {} {}", away.status, away.text))?;
    let login = world.fakes.silverfin.provider.login();
    let firm = patchbay_test_support::fakes::silverfin::FIRM;
    let back = told(browser.silverfin(address.as_str(), &login.user, &login.password, firm, true))?;
    let returned = told(browser.follow(&back))?;
    let confirm = told(browser.settle_at(returned, &[&own]))?;
    if confirm.status != 200 {
        return Err(format!("the callback answered {}: {}", confirm.status, confirm.text));
    }
    let again = told(browser.follow(&back))?;
    if again.status < 400 {
        return Err("the same state was taken twice".to_owned());
    }
    let left = told(browser.submit_named(&confirm, "finish", &[]))?;
    let there = left.location().ok_or_else(|| format!("the journey ends nowhere: {} {}", left.status, left.text))?;
    let code = there.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
    let code = code.filter(|_| there.as_str().starts_with(RETURN)).ok_or_else(|| format!("{there} has no code"))?;
    complete(world, &session, &code)
}

/// What the application's backend does once the browser is there: it says whose browser that is.
fn complete(world: &mut World, session: &str, code: &str) -> Result<String> {
    let api = super::tenant(world)?;
    let path = format!("/v1/connect-sessions/{session}/complete");
    let body = json!({"code": code, "end_user": END_USER});
    let connection = told(api.post(&path, &body).and_then(|answer| answer.expect(200)))?;
    let (name, state) = (told(connection.text_at("/business_name"))?, told(connection.text_at("/state"))?);
    if state != "active" {
        return Err(format!("the connection is {state}"));
    }
    let again = told(api.post(&path, &body))?;
    if again.status < 400 {
        return Err("the same completion code was taken twice".to_owned());
    }
    world.left.silverfin = told(connection.text_at("/id"))?;
    Ok(format!("{name} is {state}; neither state nor completion code works twice"))
}
