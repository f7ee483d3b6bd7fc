//! What events promise.

use std::time::Duration;

use patchbay_model::{Code, ConnectionState};

use super::*;
use crate::{testing::World, webhooks::tests::endpoint};

/// Kinds of all events in the order in which they were written.
async fn all_kinds(world: &World) -> Vec<EventKind> {
    let events = world.store.events_since(&world.tenant, 0, 1_000).await.expect("events");
    events.iter().map(|(_, event)| event.kind).collect()
}

/// The same without those that only whoever names them is told.
async fn kinds(world: &World) -> Vec<EventKind> {
    all_kinds(world).await.into_iter().filter(|kind| !kind.is_quiet()).collect()
}

#[tokio::test]
async fn a_connection_that_breaks_and_works_again_is_told_with_what_did_it() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let code = Code::CredentialRefused;
    assert_eq!(world.store.break_connection(&world.tenant, &id, Some(9), code, "x").await, Ok(false));
    assert!(kinds(&world).await.is_empty(), "nothing happened");
    world.store.break_connection(&world.tenant, &id, None, code, "Connect again").await.expect("broken");
    world.clock.advance(Duration::from_secs(1));
    let mut again = world.consent("b1");
    (again.id, again.expected_version, again.row_version) = (id.clone(), Some(1), 2);
    world.store.settle(again).await.expect("renewed");
    assert_eq!(kinds(&world).await, [EventKind::ConnectionBroken, EventKind::ConnectionRestored]);

    world.store.break_connection(&world.tenant, &id, None, code, "Connect again").await.expect("broken");
    world.clock.advance(Duration::from_secs(1));
    let active = ConnectionState::Active;
    world.store.set_connection_state(&world.tenant, &id, active, None, "operator").await.expect("active");
    world.store.set_connection_state(&world.tenant, &id, active, None, "operator").await.expect("active already");
    assert_eq!(kinds(&world).await.len(), 4);

    let filter = EventFilter { kind: Some(EventKind::ConnectionBroken), limit: 1, ..EventFilter::default() };
    let newest = world.store.events(&world.tenant, &filter).await.expect("events");
    let after = EventFilter { after: newest.next.clone(), ..filter.clone() };
    let older = world.store.events(&world.tenant, &after).await.expect("events");
    assert_eq!((newest.items.len(), older.items.len(), older.next), (1, 1, None));
    let told = &older.items[0];
    assert_eq!((told.subject.as_str(), &told.tenant), (id.as_str(), &world.tenant));
    let data: Value = serde_json::from_str(&told.data).expect("JSON");
    assert_eq!((data["code"].as_str(), data["state"].as_str()), (Some(code.id()), Some("broken")));
    assert_eq!(world.store.event(&world.tenant, &told.id).await.as_ref(), Ok(told));

    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(world.store.event(&other, &told.id).await, Err(StoreError::NotFound));
    let about = EventFilter { subject: Some(id.to_string()), limit: 9, ..EventFilter::default() };
    assert!(world.store.events(&other, &about).await.expect("events").items.is_empty());
    let about = world.store.events(&world.tenant, &about).await.expect("events").items;
    assert_eq!(about.iter().filter(|event| !event.kind.is_quiet()).count(), 4);
}

#[tokio::test]
async fn each_endpoint_is_told_what_it_wants_to_hear_and_nobody_elses() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let all = store.create_webhook(endpoint(&world, &[])).await.expect("made").id;
    let wants = [EventKind::ConnectionBroken, EventKind::RunFailed];
    let some = store.create_webhook(endpoint(&world, &wants)).await.expect("made").id;
    let deaf = store.create_webhook(endpoint(&world, &[EventKind::PushEnded])).await.expect("made").id;
    let off = store.create_webhook(endpoint(&world, &[])).await.expect("made").id;
    store.disable_webhook(&off, "gone").await.expect("off");
    let theirs = crate::NewWebhook { tenant: other.clone(), ..endpoint(&world, &[]) };
    let theirs = store.create_webhook(theirs).await.expect("made").id;

    let id = world.connect("b1").await.connection.id;
    store.break_connection(tenant, &id, None, Code::CredentialRefused, "x").await.expect("broken");
    let count = async |tenant: &TenantId, webhook| {
        let told = store.deliveries(tenant, webhook, None, None, 9).await.expect("deliveries").items;
        told.iter().filter(|delivery| delivery.kind == EventKind::ConnectionBroken).count()
    };
    for (webhook, told) in [(&all, 1), (&some, 1), (&deaf, 0), (&off, 0)] {
        assert_eq!(count(tenant, webhook).await, told);
    }
    assert_eq!(count(&other, &theirs).await, 0);
    world.clock.advance(Duration::from_secs(1));
    store.set_connection_state(tenant, &id, ConnectionState::Active, None, "x").await.expect("active");
    let told = async |webhook| store.deliveries(tenant, webhook, None, None, 9).await.expect("deliveries").items.len();
    assert_eq!((told(&some).await, told(&deaf).await), (1, 0), "it did not ask for that");
    assert_eq!(store.deliveries(&other, &all, None, None, 9).await.err(), Some(StoreError::NotFound));
}

#[tokio::test]
async fn what_was_rolled_back_is_told_to_nobody() {
    let world = World::open().await;
    let webhook = world.store.create_webhook(endpoint(&world, &[])).await.expect("made").id;
    let id = world.connect("b1").await.connection.id;
    world.refuse("INSERT", "audit").await;
    let broken = world.store.break_connection(&world.tenant, &id, None, Code::CredentialRefused, "x").await;
    assert!(broken.is_err(), "{broken:?}");
    world.mend().await;
    assert!(kinds(&world).await.is_empty());
    let told = world.store.deliveries(&world.tenant, &webhook, None, None, 9).await.expect("deliveries");
    assert!(told.items.is_empty());
}

#[tokio::test]
async fn whatever_changes_what_is_shown_of_a_connection_is_told_once() {
    use EventKind::{ConnectionChanged, ConnectionCreated, ConnectionDeleted, RunFailed};
    use patchbay_model::RunState;

    use crate::{ConnectionUpdate, RunEnd};

    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let (settled, run) = world.running("b1").await;
    let id = &settled.connection.id;
    assert_eq!(all_kinds(&world).await, [ConnectionCreated]);
    let name = ConnectionUpdate { name: Some("Mine".to_owned()), ..ConnectionUpdate::default() };
    store.update_connection(tenant, id, name, "jane").await.expect("renamed");
    store.change_off(tenant, id, &["notes".to_owned()], &[], "jane").await.expect("off");
    store.change_off(tenant, id, &["notes".to_owned()], &[], "jane").await.expect("off already");
    assert_eq!(all_kinds(&world).await, [ConnectionCreated, ConnectionChanged, ConnectionChanged]);

    // Its stream fails, fails again, and works again.
    store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Failed)).await.expect("ended");
    assert_eq!(all_kinds(&world).await[3..], [RunFailed, ConnectionChanged]);
    let sync = &run.sync;
    for (state, told) in [(RunState::Failed, 0), (RunState::Done, 1), (RunState::Done, 0), (RunState::Held, 1)] {
        let before = all_kinds(&world).await.len();
        store.enqueue_run(tenant, sync, store.now(), crate::Trigger::Manual).await.expect("due");
        let run = world.claim().await.remove(0);
        store.finish_run(&run.run, run.epoch, RunEnd::of(state)).await.expect("ended");
        let kinds = all_kinds(&world).await.split_off(before);
        assert_eq!(kinds, vec![ConnectionChanged; told], "{state:?}");
    }
    let before = all_kinds(&world).await.len();
    store.delete_connection(tenant, id, false, None, "jane").await.expect("deleted");
    assert_eq!(all_kinds(&world).await.split_off(before), [ConnectionDeleted]);
    let events = store.events_since(tenant, 0, 1_000).await.expect("events");
    assert!(events.iter().all(|(_, event)| event.subject == id.as_str()));
    assert!(events.is_sorted_by_key(|(number, _)| *number));
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.events_since(&other, 0, 9).await, Ok(Vec::new()));
}

#[tokio::test]
async fn another_release_is_told_to_those_who_are_connected_by_it() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    world.connect("b1").await;
    let release = world.release("1.0.0").await;
    store.activate_release(&release, "operator").await.expect("active");
    let told = store.events_since(tenant, 0, 9).await.expect("events").pop().expect("an event").1;
    assert_eq!((told.kind, told.subject.as_str()), (EventKind::ConnectorActivated, "acme.books"));
    let data: Value = serde_json::from_str(&told.data).expect("JSON");
    assert_eq!((data["release"].as_str(), data["version"].as_str()), (Some(release.as_str()), Some("1.0.0")));
    assert_eq!(store.events_since(&other, 0, 9).await, Ok(Vec::new()));
}

#[tokio::test]
async fn what_only_a_page_wants_to_know_is_told_to_endpoints_that_name_it() {
    let world = World::open().await;
    let store = &world.store;
    let all = store.create_webhook(endpoint(&world, &[])).await.expect("made").id;
    let named = store.create_webhook(endpoint(&world, &[EventKind::ConnectionCreated])).await.expect("made").id;
    world.connect("b1").await;
    let told =
        async |webhook| store.deliveries(&world.tenant, webhook, None, None, 9).await.expect("deliveries").items.len();
    assert_eq!((told(&all).await, told(&named).await), (0, 1));
}
