//! What the outbox promises.

use std::collections::BTreeMap;

use patchbay_model::Code;

use super::*;
use crate::{
    EventFilter,
    testing::{LEASE, World},
    webhooks::tests::endpoint,
};

const DAY: Duration = Duration::from_secs(86_400);

/// Makes so many events happen.
async fn happen(world: &World, times: usize) {
    let id = match world.store.connection_for(&world.tenant, "acme.books", "b1").await.expect("read") {
        Some((there, _)) => there.id,
        None => world.connect("b1").await.connection.id,
    };
    for _ in 0..times {
        world.clock.advance(Duration::from_millis(1));
        let active = patchbay_model::ConnectionState::Active;
        world.store.break_connection(&world.tenant, &id, None, Code::CredentialRefused, "x").await.expect("broken");
        world.ddl("UPDATE connections SET reason_code = NULL, state = 'needs_setup'").await;
        world.store.set_connection_state(&world.tenant, &id, active, None, "x").await.expect("active");
    }
}

async fn webhook(world: &World) -> WebhookId {
    world.clock.advance(Duration::from_millis(1));
    world.store.create_webhook(endpoint(world, &[])).await.expect("made").id
}

async fn claim(world: &World, limit: u32, per_webhook: u32) -> Vec<ClaimedDelivery> {
    world.store.claim_deliveries(LEASE, limit, per_webhook).await.expect("claimed")
}

async fn end(world: &World, of: &ClaimedDelivery, end: DeliveryEnd) -> Result<Ended, StoreError> {
    world.store.end_delivery(of.no, of.epoch, end, DAY * 5).await
}

fn again(world: &World) -> DeliveryEnd {
    let at = world.store.now().plus(Duration::from_secs(5));
    DeliveryEnd::Again { at, status: Some(503), error: "503".to_owned() }
}

#[tokio::test]
async fn an_event_is_sent_once_and_again_until_it_arrived_or_is_given_up() {
    let world = World::open().await;
    let id = webhook(&world).await;
    happen(&world, 2).await;
    assert_eq!(world.store.next_delivery_at().await.map(|at| at.is_some()), Ok(true));
    let claimed = claim(&world, 10, 10).await;
    assert_eq!(claimed.len(), 2);
    assert!(claimed[0].event.id < claimed[1].event.id, "oldest first");
    assert_eq!((claimed[0].attempts, &claimed[0].webhook.id), (1, &id));
    assert!(claim(&world, 10, 10).await.is_empty(), "they are under way");

    let healthy = end(&world, &claimed[0], DeliveryEnd::Done { status: 204 }).await;
    assert_eq!(healthy, Ok(Ended { disabled: false }));
    assert_eq!(end(&world, &claimed[0], DeliveryEnd::Done { status: 204 }).await, Err(StoreError::Stale));
    let there = world.store.webhook(&world.tenant, &id).await.expect("read");
    assert_eq!((there.last_status, there.last_success_at), (Some(204), Some(world.store.now())));

    end(&world, &claimed[1], again(&world)).await.expect("again");
    let there = world.store.webhook(&world.tenant, &id).await.expect("read");
    assert_eq!((there.last_status, there.failing_since), (Some(503), Some(world.store.now())));
    assert!(claim(&world, 10, 10).await.is_empty(), "not before its time");
    world.clock.advance(Duration::from_secs(5));
    let second = claim(&world, 10, 10).await.remove(0);
    assert_eq!((second.no, second.epoch, second.attempts), (claimed[1].no, claimed[1].epoch + 1, 2));
    assert_eq!(end(&world, &claimed[1], DeliveryEnd::Done { status: 200 }).await, Err(StoreError::Stale));
    let given_up = DeliveryEnd::Failed { status: None, error: "no answer".to_owned() };
    end(&world, &second, given_up).await.expect("given up");
    world.clock.advance(DAY);
    assert!(claim(&world, 10, 10).await.is_empty());
    let list = world.store.deliveries(&world.tenant, &id, None, None, 1).await.expect("list");
    let newest = &list.items[0];
    assert_eq!((newest.state.as_str(), newest.attempts, newest.last_status), ("failed", 2, None));
    assert_eq!(newest.last_error.as_deref(), Some("no answer"));
    let rest = world.store.deliveries(&world.tenant, &id, None, list.next.as_deref(), 9).await.expect("list");
    assert_eq!(rest.items.iter().map(|delivery| delivery.state.as_str()).collect::<Vec<_>>(), ["done"]);
    let failed = world.store.deliveries(&world.tenant, &id, Some("failed"), None, 9).await.expect("list");
    assert_eq!(failed.items.len(), 1);
}

#[tokio::test]
async fn what_a_dead_node_was_sending_is_sent_by_another_and_the_dead_one_changes_nothing() {
    let world = World::open().await;
    webhook(&world).await;
    happen(&world, 1).await;
    let lost = claim(&world, 10, 10).await.remove(0);
    world.clock.advance(LEASE);
    let ours = claim(&world, 10, 10).await.remove(0);
    assert_eq!((ours.no, ours.epoch, ours.attempts), (lost.no, lost.epoch + 1, 2));
    assert_eq!(end(&world, &lost, DeliveryEnd::Done { status: 200 }).await, Err(StoreError::Stale));
    end(&world, &ours, DeliveryEnd::Done { status: 200 }).await.expect("ours");
}

#[tokio::test]
async fn an_endpoint_with_much_waiting_is_in_nobodys_way() {
    let world = World::open().await;
    let busy = webhook(&world).await;
    happen(&world, 6).await;
    let quiet = webhook(&world).await;
    happen(&world, 1).await;
    let claimed = claim(&world, 4, 3).await;
    let mut of: BTreeMap<&WebhookId, usize> = BTreeMap::new();
    for delivery in &claimed {
        *of.entry(&delivery.webhook.id).or_default() += 1;
    }
    assert_eq!((of.get(&busy), of.get(&quiet)), (Some(&3), Some(&1)), "in turns");
    assert!(claim(&world, 10, 3).await.is_empty(), "three of one at once, in the whole cluster");
    let first = claimed.iter().find(|delivery| delivery.webhook.id == busy).expect("one");
    end(&world, first, DeliveryEnd::Done { status: 200 }).await.expect("done");
    assert_eq!(claim(&world, 10, 3).await.len(), 1, "its place is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claimers_at_once_never_have_one_delivery_twice_nor_more_of_an_endpoint_than_allowed() {
    let world = World::open().await;
    webhook(&world).await;
    happen(&world, 8).await;
    let claims = futures_util::future::join_all((0..8).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move { store.claim_deliveries(LEASE, 2, 5).await.expect("claimed") })
    }));
    let mut nos: Vec<i64> =
        claims.await.into_iter().flat_map(|claimed| claimed.expect("ran")).map(|it| it.no).collect();
    assert_eq!(nos.len(), 5, "{nos:?}");
    nos.sort_unstable();
    nos.dedup();
    assert_eq!(nos.len(), 5, "{nos:?}");
}

#[tokio::test]
async fn an_endpoint_that_nothing_reached_for_days_is_switched_off_and_the_others_are_told() {
    let world = World::open().await;
    let dead = webhook(&world).await;
    happen(&world, 2).await;
    let other = webhook(&world).await;
    for day in 0..5 {
        let claimed = claim(&world, 10, 1).await.remove(0);
        assert_eq!(end(&world, &claimed, again(&world)).await, Ok(Ended { disabled: false }), "day {day}");
        world.clock.advance(DAY);
    }
    let claimed = claim(&world, 10, 1).await.remove(0);
    assert_eq!(end(&world, &claimed, again(&world)).await, Ok(Ended { disabled: true }));
    let off = world.store.webhook(&world.tenant, &dead).await.expect("read");
    assert!(!off.enabled && off.disabled_reason.is_some_and(|reason| reason.contains("5 days")));
    let told = claim(&world, 10, 10).await;
    assert_eq!(told.len(), 1, "nothing to the dead one");
    assert_eq!((&told[0].webhook.id, told[0].event.kind), (&other, EventKind::WebhookDisabled));
    let data: serde_json::Value = serde_json::from_str(&told[0].event.data).expect("JSON");
    assert_eq!((data["webhook"].as_str(), data["attempts"].as_u64()), (Some(dead.as_str()), Some(6)));
    assert_eq!(world.told("webhook.disabled").await, 1);
    world.clock.advance(DAY);
    assert_eq!(claim(&world, 10, 10).await.len(), 1, "what was being told to the other one");

    let on = crate::WebhookUpdate { enabled: Some(true), ..crate::WebhookUpdate::default() };
    let on = world.store.update_webhook(&world.tenant, &dead, on, "person").await.expect("on");
    assert_eq!((on.failing_since, on.disabled_reason), (None, None));
    let due = claim(&world, 10, 10).await;
    assert_eq!(due.len(), 2, "what was due is still due");
    end(&world, &due[0], DeliveryEnd::Done { status: 200 }).await.expect("done");
    assert_eq!(end(&world, &due[1], again(&world)).await, Ok(Ended { disabled: false }), "a new count of days");
}

#[tokio::test]
async fn an_event_is_told_again_when_somebody_asks_for_it() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    happen(&world, 1).await;
    let since = store.now().plus(Duration::from_millis(1));
    let id = webhook(&world).await;
    happen(&world, 1).await;
    let claimed = claim(&world, 10, 10).await.remove(0);
    assert!(store.replay_delivery(tenant, &id, &claimed.event.id).await.is_err(), "under way");
    end(&world, &claimed, DeliveryEnd::Done { status: 200 }).await.expect("done");
    store.replay_delivery(tenant, &id, &claimed.event.id).await.expect("again");
    let again = claim(&world, 10, 10).await.remove(0);
    assert_eq!((again.no, again.attempts, &again.event), (claimed.no, 1, &claimed.event));
    end(&world, &again, DeliveryEnd::Done { status: 200 }).await.expect("done");

    assert_eq!(store.replay_since(tenant, &id, since).await, Ok(1));
    assert_eq!(store.replay_since(tenant, &id, Timestamp::from_micros(0)).await, Ok(2), "before it was made, too");
    assert_eq!(claim(&world, 10, 10).await.len(), 2);
    let filter = EventFilter { limit: 9, ..EventFilter::default() };
    let event = store.events(tenant, &filter).await.expect("events").items.remove(0).id;
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.replay_delivery(&other, &id, &event).await, Err(StoreError::NotFound));
    assert_eq!(store.replay_since(&other, &id, since).await, Err(StoreError::NotFound));
    let kinds = Some(vec![EventKind::PushEnded]);
    let update = crate::WebhookUpdate { kinds, ..crate::WebhookUpdate::default() };
    store.update_webhook(tenant, &id, update, "person").await.expect("changed");
    world.clock.advance(LEASE);
    assert_eq!(store.replay_since(tenant, &id, Timestamp::from_micros(0)).await, Ok(0), "it does not want to hear");
}

#[tokio::test]
async fn twenty_thousand_waiting_for_one_endpoint_do_not_keep_another_waiting() {
    let world = World::open().await;
    let busy = webhook(&world).await;
    let numbers = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)";
    world
        .ddl(format!(
            "INSERT INTO deliveries (webhook, event, tenant, state, next_at, created_at) {numbers} \
             SELECT (SELECT min(id) FROM webhooks), 'evt_' || n.n, '', 'due', n.n, n.n FROM n"
        ))
        .await;
    let quiet = webhook(&world).await;
    happen(&world, 1).await;
    // What waits for the busy one has no event any more, so only its turn is taken.
    let claimed = claim(&world, 8, 4).await;
    assert_eq!(claimed.iter().map(|delivery| &delivery.webhook.id).collect::<Vec<_>>(), [&quiet]);
    let sending = world.number("SELECT count(*) FROM deliveries WHERE state = 'sending'").await;
    assert_eq!(sending, 5, "four of {busy} and one of {quiet}");
}
