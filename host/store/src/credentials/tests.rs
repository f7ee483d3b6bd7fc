use super::*;
use crate::testing::{LEASE, World};

#[tokio::test]
async fn ten_workers_get_one_lease() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let asked = (0..10).map(|_| world.store.lease_refresh(&id, LEASE));
    let leases = futures_util::future::join_all(asked).await;
    let won: Vec<RefreshLease> = leases.into_iter().filter_map(|lease| lease.expect("an answer")).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won.first().map(|lease| lease.earlier_unknown), Some(false));
}

#[tokio::test]
async fn a_refresh_that_was_overtaken_cannot_store_and_its_token_is_kept() {
    let world = World::open().await;
    let of = world.connect("b1").await.connection;
    let id = of.id.clone();
    let old = world.store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    world.clock.advance(LEASE);
    let ours = world.store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    assert!(ours.earlier_unknown && ours.epoch > old.epoch);
    assert_eq!(world.store.store_refreshed(&id, old.epoch, 1, vec![7], 2, None).await, Err(StoreError::Stale));
    world.lose(&of, vec![7], 2).await;
    assert_eq!(world.store.lost_tokens(&id).await.expect("read").len(), 1);
    assert_eq!(world.store.store_refreshed(&id, ours.epoch, 1, vec![8], 2, None).await, Ok(()));
    let now = world.store.credential(&id).await.expect("a credential");
    assert_eq!((now.sealed, now.row_version, now.refresh_intent_at), (vec![8], 2, None));
    assert!(world.store.lost_tokens(&id).await.expect("read").is_empty());
    assert_eq!(world.store.release_refresh(&id, old.epoch, true).await, Err(StoreError::Stale));
}

const DAY_LONG: Duration = Duration::from_secs(86_400);

async fn fails(world: &World, id: &ConnectionId) -> u32 {
    let lease = world.store.lease_refresh(id, LEASE).await.expect("asked").expect("a lease");
    let again = world.store.now().plus(Duration::from_secs(60));
    world.store.refresh_failed(id, lease.epoch, true, again).await.expect("counted")
}

#[tokio::test]
async fn a_day_on_which_refreshes_failed_counts_once_and_a_success_begins_anew() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    assert_eq!((fails(&world, &id).await, fails(&world, &id).await), (1, 1), "one day");
    world.clock.advance(DAY_LONG);
    assert_eq!((fails(&world, &id).await, fails(&world, &id).await), (2, 2));
    world.clock.advance(3 * DAY_LONG);
    assert_eq!(fails(&world, &id).await, 3, "a day on which nobody tried does not count");
    let lease = world.store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    world.store.store_refreshed(&id, lease.epoch, 1, vec![8], 2, None).await.expect("stored");
    assert_eq!(fails(&world, &id).await, 1);
    let consent = crate::Settle { id: id.clone(), expected_version: Some(2), row_version: 3, ..world.consent("b1") };
    world.store.settle(consent).await.expect("renewed");
    world.clock.advance(DAY_LONG);
    assert_eq!(fails(&world, &id).await, 1, "a fresh consent begins anew as well");
}

#[tokio::test]
async fn a_failure_is_counted_only_by_who_has_the_lease() {
    let world = World::open().await;
    let (store, id) = (&world.store, world.connect("b1").await.connection.id);
    let old = store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    world.clock.advance(LEASE);
    let ours = store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    assert_eq!(store.refresh_failed(&id, old.epoch, true, store.now()).await, Err(StoreError::Stale));
    assert_eq!(store.refresh_failed(&id, ours.epoch, false, store.now()).await, Ok(1));
    assert_eq!(store.refresh_failed(&id, ours.epoch, false, store.now()).await, Err(StoreError::Stale), "told twice");
    let next = store.lease_refresh(&id, LEASE).await.expect("asked").expect("the lease was ended");
    assert!(next.earlier_unknown, "nobody knows what the provider did");
    assert_eq!(world.number("SELECT failing_days FROM credentials").await, 1);
}

#[tokio::test]
async fn what_is_to_be_refreshed_without_being_used_is_of_working_connections_only() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let at = store.now().plus(Duration::from_secs(3600));
    let mut ids = Vec::new();
    for (business, next) in [("b1", Some(at)), ("b2", Some(at)), ("b3", Some(at)), ("b4", None), ("b5", Some(at))] {
        let consent = crate::Settle { next_refresh_at: next, ..world.consent(business) };
        ids.push(store.settle(consent).await.expect("settled").connection.id);
    }
    let [works, broken, off, _, leased] = ids.as_slice() else { panic!("five") };
    store.break_connection(tenant, broken, None, patchbay_model::Code::RefreshExhausted, "x").await.expect("broken");
    let switch = crate::ConnectionUpdate { enabled: Some(false), ..crate::ConnectionUpdate::default() };
    store.update_connection(tenant, off, switch, "x").await.expect("off");
    world.clock.advance(Duration::from_secs(3599));
    assert_eq!(store.refreshes_due(10).await, Ok(Vec::new()), "not yet");
    world.clock.advance(Duration::from_secs(1));
    store.lease_refresh(leased, LEASE).await.expect("asked").expect("a lease");
    // Switched off, it is neither read nor written; its login is kept for the day when it is switched on again.
    let due = store.refreshes_due(10).await.expect("due");
    assert_eq!(due, [(tenant.clone(), works.clone()), (tenant.clone(), off.clone())]);
    let lease = store.lease_refresh(off, LEASE).await.expect("asked").expect("a lease");
    store.store_refreshed(off, lease.epoch, 1, vec![8], 2, None).await.expect("stored");
    fails(&world, works).await;
    assert_eq!(store.refreshes_due(10).await, Ok(Vec::new()), "again later");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(store.refreshes_due(1).await.map(|due| due.len()), Ok(1));
    let lease = store.lease_refresh(works, LEASE).await.expect("asked").expect("a lease");
    store.store_refreshed(works, lease.epoch, 1, vec![8], 2, None).await.expect("stored");
    assert!(!store.refreshes_due(10).await.expect("due").iter().any(|(_, id)| id == works), "on use only");
}

#[tokio::test]
async fn who_died_in_a_refresh_is_followed_as_soon_as_its_lease_ends_and_who_failed_after_its_pause() {
    let world = World::open().await;
    let (store, id) = (&world.store, world.connect("b1").await.connection.id);
    let due =
        || async { store.refreshes_due(10).await.expect("due").into_iter().map(|(_, id)| id).collect::<Vec<_>>() };
    store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    assert_eq!(due().await, [], "it may be alive");
    world.clock.advance(LEASE);
    assert_eq!(due().await, std::slice::from_ref(&id), "a grace period can be short");
    let lease = store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    let pause = Duration::from_secs(3_600);
    store.refresh_failed(&id, lease.epoch, false, store.now().plus(pause)).await.expect("counted");
    assert_eq!(due().await, [], "it would stand in the way of others for the whole of its pause");
    world.clock.advance(pause);
    assert_eq!(due().await, std::slice::from_ref(&id));
    let lease = store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    store.release_refresh(&id, lease.epoch, false).await.expect("released");
    assert_eq!(due().await, std::slice::from_ref(&id));
    let lease = store.lease_refresh(&id, LEASE).await.expect("asked").expect("a lease");
    store.store_refreshed(&id, lease.epoch, 1, vec![8], 2, None).await.expect("stored");
    assert_eq!(due().await, [], "on use only");
}

#[tokio::test]
async fn those_that_cannot_even_begin_are_not_in_the_way_of_the_one_behind_them() {
    let world = World::open().await;
    let (store, now) = (&world.store, world.store.now());
    let mut ids = Vec::new();
    for (business, after) in [("b1", 0), ("b2", 1), ("b3", 2)] {
        let next = Some(now.plus(Duration::from_secs(after)));
        let consent = crate::Settle { next_refresh_at: next, ..world.consent(business) };
        ids.push(store.settle(consent).await.expect("settled").connection.id);
    }
    let due = || async { store.refreshes_due(2).await.expect("due").into_iter().map(|(_, id)| id).collect::<Vec<_>>() };
    // The second one was interrupted as well: that does not keep its place for it either.
    store.lease_refresh(&ids[1], LEASE).await.expect("asked").expect("a lease");
    world.clock.advance(LEASE);
    assert_eq!(due().await, [ids[0].clone(), ids[2].clone()]);
    let later = store.now().plus(Duration::from_secs(900));
    for id in &ids[..2] {
        store.put_off_refresh(id, 1, later).await.expect("put off");
    }
    assert_eq!(due().await, [ids[2].clone()]);
    store.put_off_refresh(&ids[2], 0, later).await.expect("not put off");
    assert_eq!(due().await, [ids[2].clone()], "another credential than the one that could not be refreshed");
    let held = store.lease_refresh(&ids[2], LEASE).await.expect("asked").expect("a lease");
    store.put_off_refresh(&ids[2], 1, later).await.expect("not put off");
    let row = store.credential(&ids[2]).await.expect("a row");
    assert_eq!(row.refresh_lease_until, held.credential.refresh_lease_until, "somebody is at it");
    world.clock.advance(Duration::from_secs(900));
    assert_eq!(due().await.len(), 2);
    let row = store.credential(&ids[1]).await.expect("a row");
    assert!(row.refresh_intent_at.is_some(), "that nobody knows its outcome is not forgotten");
}

#[tokio::test]
async fn a_refresh_that_is_not_due_is_not_put_off_nor_made_due() {
    let world = World::open().await;
    let (store, id) = (&world.store, world.connect("b1").await.connection.id);
    store.put_off_refresh(&id, 1, store.now()).await.expect("nothing");
    assert_eq!(store.refreshes_due(10).await, Ok(Vec::new()), "on use only");
}
