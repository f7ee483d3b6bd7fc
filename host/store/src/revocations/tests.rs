use std::time::Duration;

use crate::{
    NewPending, Settle, Store, StoreError,
    testing::{LEASE, World},
};

#[tokio::test]
async fn what_is_to_be_revoked_survives_a_restart_and_is_destroyed_when_it_is_done() {
    let world = World::open().await;
    let release = world.release("1.0.0").await;
    let id = world.connect("b1").await.connection.id;
    world.store.delete_connection(&world.tenant, &id, false, Some(release.clone()), "person").await.expect("deleted");
    world.store.close().await;
    let random = std::sync::Arc::new(patchbay_model::SeededRandom::new(8));
    let store = Store::open(world.config.clone(), world.clock.clone(), random).await.expect("opened again");
    let ours = store.claim_revocation(LEASE).await.expect("claimed").expect("there");
    assert_eq!((&ours.connection, &ours.release, ours.subject.as_str()), (&id, &release, id.as_str()));
    assert_eq!((ours.sealed, ours.row_version, ours.field.as_str(), ours.attempts), (vec![1; 40], 1, "credential", 1));
    assert_eq!(store.claim_revocation(LEASE).await, Ok(None), "somebody is at it");
    world.clock.advance(LEASE);
    let again = store.claim_revocation(LEASE).await.expect("claimed").expect("its worker died");
    assert_eq!((again.no, again.attempts), (ours.no, 2));
    store.later_revocation(ours.no, store.now().plus(Duration::from_secs(3600))).await.expect("later");
    world.clock.advance(Duration::from_secs(3599));
    assert_eq!(store.claim_revocation(LEASE).await, Ok(None));
    world.clock.advance(Duration::from_secs(1));
    assert!(store.claim_revocation(LEASE).await.expect("claimed").is_some());
    store.end_revocation(ours.no).await.expect("done");
    assert_eq!(store.end_revocation(ours.no).await, Err(StoreError::NotFound));
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM revocations").fetch_one(store.read()).await.expect("a number");
    assert_eq!(left, 0, "our copy is destroyed");
    let lines = store.audit(Some(&world.tenant), None, 10, Some(id.as_str())).await.expect("lines").items;
    let told: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
    for action in ["connection.deleted", "revocation.asked", "revocation.done"] {
        assert!(told.contains(&action), "{told:?}");
    }
}

#[tokio::test]
async fn giving_up_destroys_our_copy_and_says_why() {
    let world = World::open().await;
    let release = world.release("1.0.0").await;
    let id = world.connect("b1").await.connection.id;
    world.store.delete_connection(&world.tenant, &id, true, Some(release), "person").await.expect("deleted");
    let ours = world.store.claim_revocation(LEASE).await.expect("claimed").expect("there");
    world.store.give_up_revocation(ours.no, "tried for a day").await.expect("given up");
    assert_eq!(world.number("SELECT count(*) FROM revocations").await, 0);
    let lines = world.store.audit(None, None, 1, None).await.expect("lines").items;
    assert!(lines.iter().all(|line| line.action == "revocation.given_up" && line.detail.contains("tried for a day")));
}

#[tokio::test]
async fn without_a_way_to_revoke_nothing_is_copied() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    world.store.delete_connection(&world.tenant, &id, false, None, "person").await.expect("deleted");
    assert_eq!(world.store.claim_revocation(LEASE).await, Ok(None));
    assert_eq!(world.told("revocation.asked").await, 0);
}

/// Whether the grant of a deleted connection of `b1` is shared, with what `others` made beside it.
async fn shared(others: impl AsyncFnOnce(&World, &patchbay_model::ClientId)) -> bool {
    claimed(others).await.shared
}

async fn claimed(others: impl AsyncFnOnce(&World, &patchbay_model::ClientId)) -> crate::Revocation {
    let world = World::open().await;
    let release = world.release("1.0.0").await;
    let client = world.client("app-1").await.id;
    let login = Some("els@example.com".to_owned());
    let ours = Settle { client: Some(client.clone()), login, ..world.consent("b1") };
    let id = world.store.settle(ours).await.expect("ours").connection.id;
    others(&world, &client).await;
    world.store.delete_connection(&world.tenant, &id, false, Some(release), "person").await.expect("deleted");
    world.store.claim_revocation(LEASE).await.expect("claimed").expect("there")
}

/// The consent of another tenant.
async fn theirs(world: &World, business: &str) -> Settle {
    let tenant = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    Settle { tenant, ..world.consent(business) }
}

#[tokio::test]
async fn a_grant_is_shared_by_connections_of_any_tenant_with_the_same_client_and_business_account() {
    assert!(!shared(async |_, _| ()).await, "nobody else");
    let same = async |world: &World, client: &patchbay_model::ClientId| {
        let other = Settle { client: Some(client.clone()), ..theirs(world, "b1").await };
        world.store.settle(other).await.expect("theirs");
    };
    assert!(shared(same).await, "another tenant's");
    let elsewhere = async |world: &World, client: &patchbay_model::ClientId| {
        let login = Some("piet@example.com".to_owned());
        let other = Settle { client: Some(client.clone()), login, ..theirs(world, "b2").await };
        world.store.settle(other).await.expect("theirs");
    };
    assert!(!shared(elsewhere).await, "another person's business account");
    for login in [Some("els@example.com".to_owned()), None] {
        let perhaps = async |world: &World, client: &patchbay_model::ClientId| {
            let other = Settle { client: Some(client.clone()), login, ..theirs(world, "b2").await };
            world.store.settle(other).await.expect("theirs");
        };
        assert!(shared(perhaps).await, "another business account, and perhaps the same person's grant");
    }
    let own = async |world: &World, _: &patchbay_model::ClientId| {
        world.store.settle(theirs(world, "b1").await).await.expect("theirs");
    };
    assert!(!shared(own).await, "without a registration of ours");
    let gone = async |world: &World, client: &patchbay_model::ClientId| {
        let other = Settle { client: Some(client.clone()), ..theirs(world, "b1").await };
        let tenant = other.tenant.clone();
        let id = world.store.settle(other).await.expect("theirs").connection.id;
        world.store.delete_connection(&tenant, &id, false, None, "person").await.expect("deleted");
    };
    assert!(!shared(gone).await, "deleted as well");
}

#[tokio::test]
async fn a_grant_is_shared_through_another_registration_of_the_same_client_id() {
    let again = async |world: &World, _: &patchbay_model::ClientId| {
        world.client("app-2").await;
        let third = world.client("app-1").await.id;
        let other = Settle { client: Some(third), ..theirs(world, "b1").await };
        world.store.settle(other).await.expect("theirs");
    };
    assert!(shared(again).await, "the provider knows one client");
    let another = async |world: &World, _: &patchbay_model::ClientId| {
        let second = world.client("app-2").await.id;
        let other = Settle { client: Some(second), ..theirs(world, "b1").await };
        world.store.settle(other).await.expect("theirs");
    };
    assert!(!shared(another).await, "another client");
}

#[tokio::test]
async fn a_grant_may_be_needed_by_a_login_that_waits() {
    let waits = async |world: &World, client: &patchbay_model::ClientId| {
        let tenant = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        let new = crate::NewSession { tenant: tenant.clone(), ..world.new_session(4) };
        let session = world.store.create_session(new).await.expect("a session").id;
        let release = world.release("1.0.1").await;
        let login = NewPending { tenant, client: Some(client.clone()), ..world.login(&session, &release, "b1") };
        world.store.put_pending(login).await.expect("it waits");
        // What waits counts by itself, not by the connection that is shown for it.
        world.ddl("UPDATE connections SET client = NULL WHERE state = 'pending'").await;
    };
    let revocation = claimed(waits).await;
    assert!(revocation.awaited && !revocation.shared);
}
