use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::{Attempt, Settle, data_keys::tests::carrying, testing::World};

/// One sealed thing of each kind, all with key 1; the session that two of them are of.
async fn one_of_each(world: &World) -> patchbay_model::SessionId {
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let session = world.session(1).await;
    let consent = |business| Settle { credential: carrying(1), ..world.consent(business) };
    let of = store.settle(consent("b1")).await.expect("a credential").connection;
    world.lose(&of, carrying(1), 2).await;
    let gone = store.settle(consent("b2")).await.expect("another").connection.id;
    store.delete_connection(&world.tenant, &gone, false, Some(release.clone()), "x").await.expect("a revocation");
    world.client("app-1").await;
    let (sealed, attempt) = (
        carrying(1),
        Attempt {
            state_hash: [1; 32],
            session: Some(session.clone()),
            tenant: world.tenant.clone(),
            connector: "acme.books".to_owned(),
            release: release.clone(),
            client: None,
            auth: "oauth".to_owned(),
            verifier: Some(carrying(1)),
            row_version: 1,
            cookie_hash: None,
            reconnect: None,
            name: None,
            facts: "{}".to_owned(),
            own_window: false,
            created_at: store.now(),
            expires_at: store.now().plus(Duration::from_secs(600)),
        },
    );
    store.insert_attempt(attempt).await.expect("a verifier");
    let login = world.login(&session, &release, "b3");
    store.put_pending(crate::NewPending { sealed, ..login }).await.expect("a pending one");
    let webhook = crate::NewWebhook { sealed: carrying(1), ..crate::webhooks::tests::endpoint(world, &[]) };
    store.create_webhook(webhook).await.expect("a webhook secret");
    store.set_meta_once("audit_key", carrying(1)).await.expect("an audit key");
    let secret = "UPDATE oauth_clients SET secret = x'01010101010101010101010101'";
    world.ddl(secret).await;
    session
}

async fn found(world: &World, number: u8) -> Vec<SealedRow> {
    let mut rows = world.store.sealed_not_with(Some(&world.tenant), &[number; 8], 100).await.expect("rows");
    rows.extend(world.store.sealed_not_with(None, &[number; 8], 100).await.expect("rows"));
    rows
}

#[tokio::test]
async fn every_kind_of_sealed_thing_is_found_with_the_place_it_is_sealed_to() {
    let world = World::open().await;
    let session = one_of_each(&world).await;
    let rows = found(&world, 2).await;
    let kinds: BTreeSet<SealedKind> = rows.iter().map(|row| row.kind).collect();
    assert_eq!((kinds.len(), rows.len()), (SealedKind::ALL.len(), SealedKind::ALL.len()), "{rows:?}");
    for row in &rows {
        let (deployment, subject, field, version) = match row.kind {
            SealedKind::Credential => (false, "con_", "credential", 1),
            SealedKind::LostToken => (false, "con_", "lost", 2),
            SealedKind::ClientSecret => (true, "cli_", "client_secret", 1),
            SealedKind::Verifier => (false, session.as_str(), "verifier", 1),
            SealedKind::Pending => (false, session.as_str(), "pending", 1),
            SealedKind::Revocation => (false, "con_", "credential", 1),
            SealedKind::WebhookSecret => (false, "whk_", "webhook_secret", 1),
            SealedKind::AuditKey => (true, "audit", "key", 1),
        };
        assert_eq!(row.owner.as_ref(), Some(&world.tenant).filter(|_| !deployment), "{row:?}");
        assert!(row.subject.starts_with(subject), "{row:?}");
        assert_eq!((row.field.as_str(), row.row_version), (field, version), "{row:?}");
    }
    assert!(found(&world, 1).await.is_empty(), "all carry it");
    assert_eq!(world.store.count_sealed_with(Some(&world.tenant), &[1; 8]).await, Ok(6));
    assert_eq!(world.store.count_sealed_with(None, &[1; 8]).await, Ok(2));
    assert_eq!(world.store.sealed_not_with(Some(&world.tenant), &[2; 8], 3).await.map(|rows| rows.len()), Ok(3));
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(world.store.sealed_not_with(Some(&other), &[2; 8], 100).await, Ok(Vec::new()), "nobody else's");
}

#[tokio::test]
async fn every_kind_of_sealed_thing_is_sealed_again_in_its_place_and_only_where_nothing_came_between() {
    let world = World::open().await;
    one_of_each(&world).await;
    for row in found(&world, 2).await {
        let raced = SealedRow { sealed: carrying(9), ..row.clone() };
        assert_eq!(world.store.reseal(&raced, carrying(2)).await, Ok(false), "{row:?}");
        assert_eq!(world.store.reseal(&row, carrying(2)).await, Ok(true), "{row:?}");
        assert_eq!(world.store.reseal(&row, carrying(3)).await, Ok(false), "{row:?}");
    }
    assert!(found(&world, 2).await.is_empty());
    assert_eq!(world.store.count_sealed_with(Some(&world.tenant), &[1; 8]).await, Ok(0));
}

#[tokio::test]
async fn a_credential_that_was_refreshed_meanwhile_is_not_overwritten() {
    let world = World::open().await;
    let consent = Settle { credential: carrying(1), ..world.consent("b1") };
    let id = world.store.settle(consent).await.expect("settled").connection.id;
    let row = found(&world, 2).await.remove(0);
    let lease = world.store.lease_refresh(&id, crate::testing::LEASE).await.expect("asked").expect("a lease");
    let mut fresh = carrying(1);
    fresh.push(7);
    world.store.store_refreshed(&id, lease.epoch, 1, fresh.clone(), 2, None).await.expect("stored");
    assert_eq!(world.store.reseal(&row, carrying(2)).await, Ok(false));
    assert_eq!(world.store.credential(&id).await.map(|there| there.sealed), Ok(fresh));
}
