//! What the product page shows, walked by a person from beginning to end.

use patchbay_it::{DESK, DeskItem, RigSetup, Stage, Variant, items};
use patchbay_test_support::{
    Result,
    fakes::{Act, desk::Kind, silverfin::FIRM},
};
use serde_json::{Value, json};

use super::{play, told};

const GITHUB: &str = "patchbay.github";
const SILVERFIN: &str = "patchbay.silverfin";

/// A tenant for whose people these connectors are installed, and what is typed to connect the first of them by its form.
fn tenant(stage: &Stage, connectors: &[&str]) -> Result<Value> {
    stage.rig.install_connectors(connectors)?;
    let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
    let github = &stage.rig.fakes.github;
    Ok(json!({
        "tenant": told(&tenant),
        "software": "GitHub",
        "connector": GITHUB,
        "login": "Personal access token",
        "fields": { "Token": github.provider.token("owner") },
        "wrong": github.provider.token("revoked"),
        "provider": github.plain,
    }))
}

/// The same for software that is connected by logging in at its provider.
fn by_login(stage: &Stage) -> Result<Value> {
    stage.rig.install_connectors(&["silverfin", "github"])?;
    crate::oauth::register(&stage.rig)?;
    let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
    let login = stage.rig.fakes.silverfin.provider.login();
    Ok(json!({
        "tenant": told(&tenant),
        "software": "Silverfin",
        "connector": SILVERFIN,
        "way": "Log in at Silverfin",
        "login": { "user": login.user, "password": login.password, "firm": FIRM },
    }))
}

#[test]
fn software_is_connected_by_the_form_that_its_connector_declares() -> Result<()> {
    play("connect_by_form", RigSetup::default(), |stage| tenant(stage, &["github", "silverfin", "slack", "hubspot"]))
}

#[test]
fn software_is_connected_by_a_login_in_a_window_of_its_own() -> Result<()> {
    play("connect_by_login", RigSetup::default(), by_login)
}

#[test]
fn link_leads_from_its_session_to_the_return_address_on_a_desk_and_on_a_phone() -> Result<()> {
    play("link", RigSetup::default(), |stage| {
        let (away, here) = (by_login(stage)?, tenant(stage, &["slack", "hubspot"])?);
        let member = |world: &Value, name: &str| world[name].clone();
        Ok(json!({
            "tenant": away["tenant"],
            "away": { "software": "Silverfin", "login": member(&away, "login") },
            "here": { "software": "GitHub", "way": member(&here, "login"), "fields": member(&here, "fields") },
        }))
    })
}

/// A tenant with a connection of this name to GitHub that has been read.
pub(super) fn connected(stage: &Stage, name: &str) -> Result<Value> {
    let mut world = tenant(stage, &["github"])?;
    let own = stage.rig.stranger().with_key(world["tenant"]["key"].as_str().unwrap_or_default());
    let fields = json!({ "token": stage.rig.fakes.github.provider.token("owner") });
    let body = json!({ "connector": GITHUB, "fields": fields, "name": name });
    let connection = own.post("/v1/connections", &body)?.expect(201)?.text_at("/id")?;
    world["connection"] = json!(connection);
    world["name"] = json!(name);
    Ok(world)
}

#[test]
fn trouble_appears_by_itself_says_what_to_do_and_goes_when_it_was_done() -> Result<()> {
    play("trouble", RigSetup::default(), |stage| connected(stage, "Our repositories"))
}

#[test]
fn switching_a_system_off_asks_and_switching_it_on_does_not() -> Result<()> {
    play("used", RigSetup::default(), |stage| connected(stage, "Our repositories"))
}

#[test]
fn a_report_with_a_picked_target_and_a_file_is_sent_once_and_an_unknown_one_is_resolved() -> Result<()> {
    let Some(stage) = Stage::start(RigSetup::default())? else { return Ok(()) };
    stage.rig.install_desk()?;
    let desk = &stage.rig.fakes.desk;
    let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
    let connection = tenant.connect_desk(desk, "owner")?;
    tenant.all_read(std::slice::from_ref(&connection))?;
    let clients = items(&tenant.api, &format!("/v1/connections/{connection}/records/clients?limit=10"))?;
    let client = clients.first().map(|client| client["record"]["name"].clone());
    let name = tenant.get(&format!("/v1/connections/{connection}"))?.text_at("/name")?;
    let world = json!({ "tenant": told(&tenant), "connection": connection, "name": name, "client": client });
    stage.play_with("push", &world, |wish| {
        if let Some(title) = wish["written"].as_str() {
            let reports = desk.provider.objects(Kind::Report);
            return Ok(json!(reports.iter().filter(|report| report.text("title") == title).count()));
        }
        let call = DeskItem::of("call", "one").through(&connection);
        desk.script.add(call.on("send", Act::LoseAnswer));
        let push = tenant.push(&call)?;
        tenant.push_ended(&push)?;
        Ok(json!(push))
    })
}

#[test]
fn a_version_that_asks_for_more_is_approved_by_its_difference_and_left_again() -> Result<()> {
    play("releases", RigSetup::default(), |stage| {
        stage.rig.install_connectors(&["github"])?;
        let mut wider = Variant::of_connector("github", "9.9.9")?;
        let host = wider.manifest.hosts.first().cloned();
        wider.manifest.hosts.extend(host.map(|mut host| {
            "https://uploads.github.com".clone_into(&mut host.origin);
            host
        }));
        let posted = stage.rig.post(wider.pack()?)?.expect(201)?;
        assert_eq!(posted.text_at("/release/state")?, "ready");
        Ok(json!({ "software": "GitHub", "connector": GITHUB, "version": "9.9.9", "asks": "uploads.github.com" }))
    })
}

#[test]
fn every_page_of_the_operators_is_in_order() -> Result<()> {
    play("admin_pages", RigSetup::default(), |stage| {
        let mut world = connected(stage, "Our repositories")?;
        stage.rig.install_connectors(&["silverfin", "slack"])?;
        world["tenant"]["name"] = json!("Kantoor Vermeulen");
        Ok(world)
    })
}

#[test]
fn every_page_of_a_tenants_people_is_in_order() -> Result<()> {
    play("app_pages", RigSetup::default(), |stage| {
        stage.rig.install_connectors(&["github", "silverfin"])?;
        stage.rig.install_desk()?;
        let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
        let connection = tenant.connect_desk(&stage.rig.fakes.desk, "owner")?;
        tenant.all_read(std::slice::from_ref(&connection))?;
        let push = tenant.push(&DeskItem::of("note", "The meeting of Monday"))?;
        tenant.push_ended(&push)?;
        let name = tenant.get(&format!("/v1/connections/{connection}"))?.text_at("/name")?;
        let newcomer = stage.rig.tenant("Begonia & Zn")?;
        Ok(json!({
            "tenant": told(&tenant), "newcomer": told(&newcomer), "connection": connection, "push": push, "name": name,
            "connector": DESK,
        }))
    })
}

#[test]
fn the_example_of_the_published_client_opens_link_and_lists_what_was_connected() -> Result<()> {
    play("example_client", RigSetup::default(), |stage| {
        patchbay_test_support::npm::install("sdk/client")?;
        tenant(stage, &["github"])
    })
}
