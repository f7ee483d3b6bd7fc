//! What people do in dialogs, and whether it was really done: with connectors, tenants and webhooks; with streams and their
//! records; and what a page does when nobody is at it.

use std::time::Duration;

use patchbay_it::{
    Answers, Book, HOOKS, LEDGER, Receiver, RigSetup, Stage, Variant, ledger_of, publisher_key, signature_of,
};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{FakesConfig, LedgerConfig, ledger::Change},
    packaged,
};
use serde_json::{Value, json};

use super::{journeys::connected, play, told};

/// Records at the provider of which a pass may miss a few, and not half.
const RECORDS: u64 = 240;

#[test]
fn operators_correct_widen_and_try_connectors() -> Result<()> {
    play("connector_dialogs", RigSetup::default(), |stage| {
        let world = connected(stage, "Our repositories")?;
        stage.rig.install_connectors(&["brokercloud", "odoo"])?;
        let mut wider = Variant::of_connector("github", "9.9.9")?;
        let host = wider.manifest.hosts.first().cloned();
        wider.manifest.hosts.extend(host.map(|mut host| {
            "https://uploads.github.com".clone_into(&mut host.origin);
            host
        }));
        let posted = stage.rig.post(wider.pack()?)?.expect(201)?;
        assert_eq!(posted.text_at("/release/state")?, "ready");
        Ok(world)
    })
}

#[test]
fn operators_install_what_a_publisher_signed_and_decide_whose_keys_they_take() -> Result<()> {
    play("install_dialogs", RigSetup::default(), |stage| {
        stage.rig.install_connectors(&["github"])?;
        let (signer, other) = (publisher_key(1), publisher_key(2));
        let file = packaged("slack")?;
        let signature = signature_of(&std::fs::read(&file)?, &signer)?.to_json();
        Ok(json!({
            "slack": { "file": &file, "signature": signature, "fingerprint": signer.public().fingerprint() },
            "other": { "key": other.public().to_string(), "fingerprint": other.public().fingerprint() },
        }))
    })
}

#[test]
fn operators_make_tenants_keys_brands_and_oauth_clients_and_end_them() -> Result<()> {
    play("tenant_dialogs", RigSetup::default(), |stage| {
        stage.rig.install_connectors(&["silverfin"])?;
        Ok(json!({}))
    })
}

#[test]
fn operators_have_a_backend_told_and_see_what_it_was_told() -> Result<()> {
    let receiver = Receiver::start()?;
    let setup = RigSetup { more: receiver.toml(), ..RigSetup::default() };
    let Some(stage) = Stage::start(setup)? else { return Ok(()) };
    let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
    let world = json!({ "tenant": told(&tenant), "hooks": HOOKS, "loopback": receiver.loopback() });
    stage.play_with("webhook_dialogs", &world, |wish| {
        if let Some(status) = wish["answers"].as_u64() {
            receiver.answer("/one", Answers::Status(u16::try_from(status)?));
        }
        Ok(json!(receiver.told("/one").iter().map(patchbay_it::Told::kind).collect::<Vec<_>>()))
    })
}

/// A tenant with a ledger whose one stream has been read.
fn read(stage: &Stage) -> Result<Value> {
    stage.rig.install(ledger_of(&["snapshot"])?)?;
    let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
    let book = Book::connect(&tenant, &stage.rig.fakes.ledger.provider.key("owner"))?;
    book.settled()?;
    let name = tenant.get(&format!("/v1/connections/{}", book.id))?.text_at("/name")?;
    Ok(json!({
        "tenant": told(&tenant), "connector": LEDGER, "connection": book.id, "name": name,
        "sync": book.sync("snapshot", None)?["id"], "records": RECORDS,
    }))
}

fn of_records(test_clock: bool) -> RigSetup {
    let ledger = LedgerConfig { snapshot: RECORDS, ..LedgerConfig::default() };
    RigSetup { fakes: Some(FakesConfig { ledger, ..FakesConfig::small() }), test_clock, ..RigSetup::default() }
}

#[test]
fn streams_are_set_read_again_and_approved_and_a_connection_is_deleted_with_what_was_said() -> Result<()> {
    let Some(stage) = Stage::start(of_records(false))? else { return Ok(()) };
    let world = read(&stage)?;
    let ledger = &stage.rig.fakes.ledger.provider;
    stage.play_with("stream_dialogs", &world, |wish| {
        if let Some(count) = wish["remove"].as_u64() {
            let ids = ledger.truth("snapshot").into_keys().take(usize::try_from(count)?).collect();
            ledger.apply(&[Change::Remove { list: "snapshot".to_owned(), ids }]).map_err(Trouble::new)?;
        }
        Ok(json!(ledger.truth("snapshot").len()))
    })
}

#[test]
fn a_page_that_nobody_touches_asks_for_nothing_and_its_session_ends() -> Result<()> {
    let Some(stage) = Stage::start(of_records(true))? else { return Ok(()) };
    let world = read(&stage)?;
    stage.play_with("unattended", &world, |wish| {
        let minutes = wish["minutes"].as_u64().unwrap_or_default();
        stage.rig.advance(Duration::from_secs(minutes * 60))?;
        Ok(Value::Null)
    })
}

#[test]
fn somebody_sees_whose_a_connection_will_be_and_is_asked_before_a_link_takes_their_session() -> Result<()> {
    play("whose", RigSetup::default(), |stage| {
        let mut world = connected(stage, "Our repositories")?;
        let other = stage.rig.tenant("Somebody Else")?;
        world["other"] = told(&other);
        Ok(world)
    })
}
