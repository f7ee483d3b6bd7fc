use std::time::Duration;

use patchbay_model::Code;

use super::*;
use crate::{Settle, testing::World};

fn account(provider_id: &str, selected: bool) -> NewAccount {
    NewAccount {
        provider_id: provider_id.to_owned(),
        name: provider_id.to_uppercase(),
        usable: true,
        note: None,
        facts: "{}".to_owned(),
        selected,
    }
}

fn sync(account: &str) -> NewSync {
    NewSync {
        account: account.to_owned(),
        stream: "invoices".to_owned(),
        schedule: patchbay_model::Schedule::Every(Duration::from_secs(900)),
        enabled: false,
        picked: false,
    }
}

/// When the connections of these tests are made.
fn world_began() -> Timestamp {
    Timestamp::from_millis(1_795_190_400_000)
}

/// What `identify` says of the connection that [`World::consent`] makes.
fn same(business: &str) -> IdentityUpdate {
    IdentityUpdate {
        authorized_at: world_began(),
        business_name: format!("{business} Ltd"),
        login: Some("jane@example.com".to_owned()),
        identity: "{}".to_owned(),
        accounts: vec![NewAccount { name: "Main".to_owned(), ..account("a1", true) }],
        syncs: vec![NewSync { enabled: true, ..sync("a1") }],
    }
}

#[tokio::test]
async fn an_identity_that_did_not_change_is_not_told_and_brings_no_run_forward() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let before = world.connect("b1").await.connection;
    let (due, lines) = (store.next_due().await, world.number("SELECT count(*) FROM audit").await);
    world.clock.advance(Duration::from_secs(60));
    let after = store.update_identity(tenant, &before.id, same("b1"), "host").await.expect("asked");
    assert_eq!(after.identified_at, store.now());
    assert_eq!(after.updated_at, before.updated_at);
    assert_eq!(world.number("SELECT count(*) FROM audit").await, lines);
    assert_eq!(store.next_due().await, due);
    let syncs = store.syncs(tenant, &before.id).await.expect("syncs");
    assert_eq!(syncs.len(), 1);
    assert!(syncs.iter().all(|sync| sync.next_due_at > Some(store.now())));
}

#[tokio::test]
async fn an_account_that_is_not_named_any_more_stays_with_a_note_and_one_that_is_new_gets_its_syncs() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let id = world.connect("b1").await.connection.id;
    world.clock.advance(Duration::from_secs(60));
    let update = IdentityUpdate {
        business_name: "New name".to_owned(),
        accounts: vec![account("a2", false)],
        syncs: vec![sync("a2")],
        ..same("b1")
    };
    let after = store.update_identity(tenant, &id, update, "host").await.expect("asked");
    assert_eq!((after.business_name.as_str(), after.updated_at), ("New name", store.now()));
    let accounts = store.accounts(tenant, &id).await.expect("accounts");
    let seen: Vec<_> =
        accounts.iter().map(|there| (there.provider_id.as_str(), there.usable, there.note.as_deref())).collect();
    assert_eq!(seen, [("a2", true, None), ("a1", false, Some("access lost"))]);
    assert_eq!(store.syncs(tenant, &id).await.map(|syncs| syncs.len()), Ok(2));
    assert_eq!(world.told("connection.identified").await, 1);
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.update_identity(&other, &id, same("b1"), "x").await, Err(StoreError::NotFound));
}

#[tokio::test]
async fn a_connection_works_from_the_moment_an_account_is_selected_and_needs_set_up_without_one() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let consent = Settle {
        state: ConnectionState::NeedsSetup,
        accounts: vec![account("a1", false)],
        syncs: vec![sync("a1")],
        ..world.consent("b1")
    };
    let settled = store.settle(consent).await.expect("settled");
    assert!(settled.runs.is_empty());
    let id = settled.connection.id;
    let account = store.accounts(tenant, &id).await.expect("accounts").remove(0).id;
    let state = async || store.connection(tenant, &id).await.expect("read").state;
    store.select_account(tenant, &id, &account, true, "person").await.expect("selected");
    assert_eq!(state().await, ConnectionState::Active);
    assert_eq!(world.claim().await.len(), 1, "its first run is due");
    store.select_account(tenant, &id, &account, false, "person").await.expect("not any more");
    assert_eq!(state().await, ConnectionState::NeedsSetup);
    assert_eq!((world.told("account.selected").await, world.told("connection.state").await), (2, 2));

    let found = (Code::CredentialRefused, "Connect again".to_owned());
    store.set_connection_state(tenant, &id, ConnectionState::Broken, Some(found), "x").await.expect("broken");
    store.select_account(tenant, &id, &account, true, "person").await.expect("selected");
    assert_eq!(state().await, ConnectionState::Broken, "selecting mends no credential");
}

#[tokio::test]
async fn a_connection_without_accounts_waits_for_one_that_is_selected() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let consent =
        Settle { state: ConnectionState::NeedsSetup, accounts: Vec::new(), syncs: Vec::new(), ..world.consent("b1") };
    let id = store.settle(consent).await.expect("settled").connection.id;
    let none = IdentityUpdate { accounts: Vec::new(), syncs: Vec::new(), ..same("b1") };
    let after = store.update_identity(tenant, &id, none, "host").await.expect("asked");
    assert_eq!(after.state, ConnectionState::NeedsSetup, "nothing came");
    let after = store.update_identity(tenant, &id, same("b1"), "host").await.expect("asked");
    assert_eq!(after.state, ConnectionState::Active);
    assert_eq!(world.claim().await.len(), 1);
}

#[tokio::test]
async fn set_up_that_lacks_something_else_is_not_done_by_an_account() {
    let world = World::open().await;
    let (store, tenant, id) = (&world.store, &world.tenant, world.connect("b1").await.connection.id);
    let found = (Code::SettingsWrong, "Say which journal.".to_owned());
    store.set_connection_state(tenant, &id, ConnectionState::NeedsSetup, Some(found), "x").await.expect("set");
    let after = store.update_identity(tenant, &id, same("b1"), "host").await.expect("asked");
    assert_eq!((after.state, after.reason_code), (ConnectionState::NeedsSetup, Some(Code::SettingsWrong)));
}

#[tokio::test]
async fn working_connections_that_were_not_asked_for_a_while_are_due() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let (first, second) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    let began = store.now();
    assert_eq!(store.identifies_due(began, 10).await, Ok(Vec::new()), "asked just now");
    world.clock.advance(Duration::from_secs(60));
    store.update_identity(tenant, &first, same("b1"), "host").await.expect("asked");
    assert_eq!(store.identifies_due(store.now(), 10).await, Ok(vec![(tenant.clone(), second.clone())]));
    store.break_connection(tenant, &second, None, Code::RefreshExhausted, "x").await.expect("broken");
    assert_eq!(store.identifies_due(store.now(), 10).await, Ok(Vec::new()));
}

#[tokio::test]
async fn what_was_asked_before_a_new_login_changes_nothing_of_the_new_one() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let before = world.connect("b1").await.connection;
    world.clock.advance(Duration::from_secs(60));
    let again = Settle {
        id: before.id.clone(),
        expected_version: Some(1),
        row_version: 2,
        facts: r#"{"login":{"region":"eu"},"identity":{}}"#.to_owned(),
        ..world.consent("b1")
    };
    let after = store.settle(again).await.expect("renewed").connection;
    let late = IdentityUpdate { business_name: "Old name".to_owned(), ..same("b1") };
    assert!(matches!(store.update_identity(tenant, &before.id, late, "host").await, Err(StoreError::Conflict(_))));
    assert_eq!(store.connection(tenant, &before.id).await, Ok(after.clone()));
    assert_eq!(store.accounts(tenant, &before.id).await.expect("accounts").len(), 1);

    let asked = IdentityUpdate {
        authorized_at: after.authorized_at,
        identity: r#"{"plan":"gold","quote":"\"é"}"#.to_owned(),
        ..same("b1")
    };
    let told = store.update_identity(tenant, &before.id, asked.clone(), "host").await.expect("asked");
    let facts: serde_json::Value = serde_json::from_str(&told.facts).expect("JSON");
    assert_eq!(
        facts,
        serde_json::json!({ "login": { "region": "eu" }, "identity": { "plan": "gold", "quote": "\"é" } })
    );
    assert_eq!(told.authorized_at, after.authorized_at);
    let lines = world.told("connection.identified").await;
    store.update_identity(tenant, &before.id, asked, "host").await.expect("asked");
    assert_eq!(world.told("connection.identified").await, lines, "the same again is no news");
}
