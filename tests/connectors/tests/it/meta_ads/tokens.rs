//! Tokens that renew themselves while they work, and that nobody can renew once they have ended.

use std::{collections::BTreeSet, time::Duration};

use patchbay_test_support::{Result, fakes::Entry, wait_until};
use serde_json::json;

use super::{ACCOUNTS, ID, World, fake, log_in, quietly, through};

const LIMIT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// One account with its campaigns, read when a test says so.
fn world() -> Result<World> {
    World::open(&ACCOUNTS[..1], &["campaigns"])
}

fn calls(world: &World) -> Result<Vec<Entry>> {
    let all = fake(&world.rig)?.journal.entries().into_iter();
    Ok(all.filter(|entry| entry.path.starts_with("/v25.0/") && !entry.path.contains("oauth")).collect())
}

fn reads(world: &World) -> Result<()> {
    let run = world.run(&world.sync(ACCOUNTS[0], "campaigns")?)?;
    assert_eq!(run["state"], json!("done"), "{run}");
    Ok(())
}

#[test]
fn the_token_of_an_hour_is_exchanged_at_once_and_every_call_is_signed() -> Result<()> {
    let world = world()?;
    reads(&world)?;
    let tokens: BTreeSet<String> = calls(&world)?.into_iter().filter_map(|entry| entry.token).collect();
    assert_eq!(tokens, BTreeSet::from(["long:2".to_owned()]), "the token of an hour is only exchanged");
    assert!(calls(&world)?.iter().all(|entry| entry.query.contains_key("appsecret_proof")));
    world.rig.advance(Duration::from_secs(2 * 3_600))?;
    reads(&world)
}

#[test]
fn a_token_of_sixty_days_is_exchanged_thirty_days_ahead_though_nobody_uses_it() -> Result<()> {
    let world = world()?;
    world.rig.advance(DAY * 28)?;
    reads(&world)?;
    assert_eq!(world.fake()?.living(), ["long:2"], "it has more than thirty days left");
    world.rig.advance(DAY * 4)?;
    let renewed = || Ok(world.fake()?.living().contains(&"long:3".to_owned()).then_some(()));
    wait_until("the exchange", LIMIT, renewed)?;
    reads(&world)?;
    // Past the end of the first one.
    world.rig.advance(DAY * 29)?;
    reads(&world)?;
    assert!(calls(&world)?.iter().any(|entry| entry.token.as_deref() == Some("long:3")));
    Ok(())
}

#[test]
fn an_expired_token_cannot_be_exchanged_and_a_new_login_keeps_everything() -> Result<()> {
    let world = world()?;
    reads(&world)?;
    let records = world.records("campaigns")?.len();
    world.rig.advance(DAY * 61)?;
    wait_until("the end of the connection", LIMIT, || {
        Ok((world.tenant.stands(&world.connection)? == ("broken".to_owned(), "PB2002".to_owned())).then_some(()))
    })?;
    assert!(world.fake()?.living().is_empty(), "nothing was given for it");
    let again = log_in(&world.rig, &world.tenant, "owner", &[])?;
    assert_eq!(again, world.connection);
    assert_eq!(world.tenant.stands(&world.connection)?.0, "active");
    assert_eq!(world.records("campaigns")?.len(), records);
    reads(&world)
}

#[test]
fn a_system_users_token_needs_no_secret_and_never_ends_by_itself() -> Result<()> {
    let rig = World::rig()?;
    let tenant = rig.tenant("A")?;
    let fields = json!({ "token": fake(&rig)?.provider.system_token(), "business": "9001" });
    let body = json!({ "connector": ID, "auth": "token", "fields": fields });
    let connect = || tenant.api.post("/v1/connections", &body)?.expect(201)?.text_at("/id");
    let connection = quietly(&rig, &fake(&rig)?.script, &tenant, connect)?;
    let world = World { rig, tenant, connection };
    world.only(&ACCOUNTS[..1], &["campaigns"])?;
    assert_eq!(world.get("")?["business_name"], json!("Rapportage"));
    let accounts = world.get("")?["accounts"].as_array().map(Vec::len);
    assert_eq!(accounts, Some(5), "those of the business are not told twice");
    world.rig.advance(DAY * 200)?;
    reads(&world)?;
    world.fake()?.end_all(460);
    let run = world.run(&world.sync(ACCOUNTS[0], "campaigns")?)?;
    assert_eq!(run["reason"]["code"], json!("PB2002"), "{run}");
    Ok(())
}

#[test]
fn a_wrong_app_secret_connects_nothing() -> Result<()> {
    let rig = World::rig()?;
    let tenant = rig.tenant("A")?;
    let fields =
        json!({ "token": fake(&rig)?.provider.signed_token(), "app_secret": "0123456789abcdef0123456789abcdef" });
    let made =
        tenant.api.post("/v1/connections", &json!({ "connector": ID, "auth": "signed_token", "fields": fields }))?;
    assert_ne!(made.status, 201, "{}", made.text());
    assert!(tenant.connections()?.is_empty());
    Ok(())
}

#[test]
fn a_login_that_does_not_allow_to_read_ads_is_refused_and_says_so() -> Result<()> {
    let rig = World::rig()?;
    let tenant = rig.tenant("A")?;
    let (done, _) = through(&rig, &tenant, "owner", &["permission_ads_read"])?;
    assert_ne!(done.status, 200, "{}", done.text);
    assert!(done.text.contains("ads_read"), "{}", done.text);
    assert!(tenant.connections()?.is_empty());
    Ok(())
}

#[test]
fn another_persons_consent_is_another_connection() -> Result<()> {
    let world = world()?;
    let script = &fake(&world.rig)?.script;
    let other = quietly(&world.rig, script, &world.tenant, || log_in(&world.rig, &world.tenant, "other", &[]))?;
    assert_ne!(other, world.connection);
    let told = world.tenant.get(&format!("/v1/connections/{other}"))?.json;
    assert_eq!(told["business_name"], json!("Bart Claes"));
    assert_eq!(told["accounts"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn a_connection_that_is_deleted_takes_its_consent_back() -> Result<()> {
    let world = world()?;
    world.tenant.api.delete(&format!("/v1/connections/{}", world.connection))?.expect(204)?;
    wait_until("the consent's end", LIMIT, || Ok(world.fake()?.living().is_empty().then_some(())))?;
    let asked = fake(&world.rig)?.journal.entries().into_iter().find(|entry| entry.method == "DELETE");
    let asked = asked.map(|entry| (entry.path, entry.status, entry.query.contains_key("appsecret_proof")));
    assert_eq!(
        asked,
        Some(("/v25.0/me/permissions".to_owned(), Some(200), true)),
        "signed, as the application demands"
    );
    Ok(())
}
