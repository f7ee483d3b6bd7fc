use super::*;
use crate::testing::World;

impl World {
    async fn api_key(&self, tenant: Option<&TenantId>, hash: u8) -> KeyId {
        self.store.insert_api_key(tenant, [hash; 32], "a key", "test").await.expect("a key").id
    }

    async fn ends(&self, tenant: Option<&TenantId>, key: &KeyId) -> Result<(), StoreError> {
        self.store.revoke_api_key(tenant, key, "test").await
    }
}

#[tokio::test]
async fn a_tenant_has_its_own_keys_and_operators_have_theirs() {
    let world = World::open().await;
    let tenant = Some(&world.tenant);
    let (its, operators) = (world.api_key(tenant, 1).await, world.api_key(None, 2).await);
    let ids = async |tenant: Option<&TenantId>| -> Vec<KeyId> {
        world.store.api_keys(tenant).await.expect("keys").into_iter().map(|key| key.id).collect()
    };
    assert_eq!(ids(tenant).await, std::slice::from_ref(&its));
    assert_eq!(ids(None).await, std::slice::from_ref(&operators));
    // Neither is ended as one of the others.
    assert_eq!(world.ends(None, &its).await, Err(StoreError::NotFound));
    assert_eq!(world.ends(tenant, &operators).await, Err(StoreError::NotFound));
    assert_eq!(world.store.api_key_counts(&its).await, Ok(true));
    assert_eq!(world.ends(tenant, &its).await, Ok(()), "a tenant may be left without a key");
}

#[tokio::test]
async fn the_last_key_of_an_operator_that_works_stays() {
    let world = World::open().await;
    let (first, second) = (world.api_key(None, 1).await, world.api_key(None, 2).await);
    world.api_key(Some(&world.tenant), 3).await;
    assert_eq!(world.ends(None, &first).await, Ok(()));
    assert_eq!(world.ends(None, &first).await, Ok(()), "once more changes nothing");
    assert!(matches!(world.ends(None, &second).await, Err(StoreError::Conflict(_))));
    assert_eq!(world.store.api_key_counts(&second).await, Ok(true));
    assert_eq!(world.told("api_key.revoked").await, 1, "what was refused, or is so already, is not told as done");
}

#[tokio::test]
async fn of_two_operators_who_end_each_other_at_once_one_stays() {
    let world = World::open().await;
    let (one, other) = (world.api_key(None, 1).await, world.api_key(None, 2).await);
    let (first, second) = tokio::join!(world.ends(None, &one), world.ends(None, &other));
    assert_eq!([first, second].iter().filter(|ended| ended.is_ok()).count(), 1);
}

#[tokio::test]
async fn those_that_work_stand_first_and_there_are_not_more_than_can_be_looked_through() {
    let world = World::open().await;
    let oldest = world.api_key(None, 0).await;
    for hash in 1..OPERATORS {
        world.api_key(None, u8::try_from(hash).expect("few")).await;
    }
    let one_more = world.store.insert_api_key(None, [200; 32], "a key", "test").await;
    assert!(matches!(one_more, Err(StoreError::Conflict(_))), "{one_more:?}");
    let newest = world.store.api_keys(None).await.expect("keys").swap_remove(0).id;
    assert_eq!(world.ends(None, &newest).await, Ok(()));
    world.api_key(None, 201).await;
    let listed = world.store.api_keys(None).await.expect("keys");
    assert_eq!(listed.last().map(|key| &key.id), Some(&newest), "what is void stands behind");
    assert!(listed.iter().take(OPERATORS as usize).any(|key| key.id == oldest));
    let at_a_start = world.store.insert_api_key(None, [199; 32], "made at a start", HOST).await;
    assert!(at_a_start.is_ok(), "whoever starts the host gets one all the same: {at_a_start:?}");
}

#[tokio::test]
async fn that_a_key_was_used_is_known() {
    let world = World::open().await;
    let key = world.api_key(None, 1).await;
    let used = async || world.store.api_keys(None).await.expect("keys").swap_remove(0).last_used_at;
    assert_eq!(used().await, None);
    world.store.touch_api_key(&key).await.expect("noted");
    assert_eq!(used().await, Some(world.store.now()));
}
