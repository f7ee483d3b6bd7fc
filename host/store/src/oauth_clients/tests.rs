use std::time::Duration;

use super::*;
use crate::testing::World;

#[tokio::test]
async fn another_client_id_is_another_registration_and_the_old_one_is_kept_for_its_connections() {
    let world = World::open().await;
    let store = &world.store;
    let first = world.client("app-1").await;
    world.clock.advance(Duration::from_secs(1));
    let second = world.client("app-2").await;
    assert_eq!(store.oauth_client_of("acme.books", None).await, Ok(Some(second.clone())));
    assert_eq!(store.oauth_client_for("acme.books", &world.tenant).await, Ok(Some(second.clone())));
    assert_eq!(store.oauth_clients("acme.books").await, Ok(vec![second.clone()]));
    let kept = store.oauth_client(&first.id).await.expect("kept");
    assert_eq!((kept.retired_at, kept.secret.as_ref()), (Some(store.now()), first.secret.as_ref()));
    let lines = store.audit(None, None, 10, Some(first.id.as_str())).await.expect("lines").items;
    assert!(lines.iter().any(|line| line.action == "oauth_client.retired"), "{lines:?}");
}

#[tokio::test]
async fn a_new_secret_is_a_new_version_of_the_same_registration() {
    let world = World::open().await;
    let store = &world.store;
    let there = world.client("app-1").await;
    let put = |id: &ClientId, client_id: &str, row_version| PutClient {
        id: id.clone(),
        connector: "acme.books".to_owned(),
        tenant: None,
        client_id: client_id.to_owned(),
        secret: Some(vec![7; 40]),
        row_version,
        actor: "operator".to_owned(),
    };
    let next = store.put_oauth_client(put(&there.id, "app-1", 2)).await.expect("the next version");
    assert_eq!((&next.id, next.row_version, next.secret), (&there.id, 2, Some(vec![7; 40])));
    for (wrong, why) in [
        (put(&there.id, "app-1", 2), "somebody was quicker"),
        (put(&there.id, "app-2", 3), "another client id under the same registration"),
        (put(&ClientId::fresh(&*store.clock, &*store.random), "app-1", 1), "the same client id twice"),
    ] {
        assert!(matches!(store.put_oauth_client(wrong).await, Err(StoreError::Conflict(_))), "{why}");
    }
    assert_eq!(store.oauth_clients("acme.books").await.map(|all| all.len()), Ok(1));
}

#[tokio::test]
async fn a_tenants_own_registration_comes_first_until_it_is_retired() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let shared = world.client("app-1").await;
    let put = PutClient {
        id: ClientId::fresh(&*store.clock, &*store.random),
        connector: "acme.books".to_owned(),
        tenant: Some(tenant.clone()),
        client_id: "theirs".to_owned(),
        secret: None,
        row_version: 1,
        actor: "operator".to_owned(),
    };
    let own = store.put_oauth_client(put).await.expect("their own");
    assert_eq!(store.oauth_client_for("acme.books", tenant).await, Ok(Some(own.clone())));
    assert_eq!(store.oauth_clients("acme.books").await, Ok(vec![shared.clone(), own.clone()]));
    store.retire_oauth_client(&own.id, "operator").await.expect("retired");
    assert_eq!(store.retire_oauth_client(&own.id, "operator").await, Err(StoreError::NotFound));
    assert_eq!(store.oauth_client_of("acme.books", Some(tenant)).await, Ok(None));
    assert_eq!(store.oauth_client_for("acme.books", tenant).await, Ok(Some(shared)));
}
