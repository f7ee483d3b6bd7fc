use std::time::Duration;

use super::*;
use crate::{Settle, testing::World};

/// Ten minutes.
const LONG: Duration = Duration::from_secs(600);

/// Bytes that carry this key number as sealed ones do.
pub(crate) fn carrying(number: u8) -> Vec<u8> {
    let mut sealed = vec![number; 40];
    sealed.iter_mut().take(1).for_each(|first| *first = 1);
    sealed
}

#[tokio::test]
async fn the_first_key_of_an_owner_wins_and_every_owner_has_its_own() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, Some(&world.tenant));
    assert_eq!(store.current_data_key(tenant).await, Ok(None));
    let first = store.keep_data_key(tenant, &[1; 8], vec![11]).await.expect("kept");
    assert_eq!((first.owner.as_ref(), first.number.as_slice(), first.current), (tenant, [1; 8].as_slice(), true));
    assert_eq!(store.keep_data_key(tenant, &[2; 8], vec![22]).await, Ok(first.clone()), "somebody was quicker");
    assert_eq!(store.data_key(tenant, &[1; 8]).await, Ok(Some(first.clone())));
    assert_eq!(store.data_key(tenant, &[2; 8]).await, Ok(None));
    let ours = store.keep_data_key(None, &[1; 8], vec![33]).await.expect("the deployment's");
    assert_eq!((ours.owner.as_ref(), ours.wrapped.as_slice()), (None, [33].as_slice()));
    assert_eq!(store.data_keys().await, Ok(vec![ours, first]));
    let nobody = TenantId::fresh(&*store.clock, &*store.random);
    assert_eq!(store.keep_data_key(Some(&nobody), &[3; 8], vec![1]).await, Err(StoreError::NotFound));
}

#[tokio::test]
async fn a_key_is_replaced_once_and_the_old_one_still_opens() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, Some(&world.tenant));
    store.keep_data_key(tenant, &[1; 8], vec![11]).await.expect("kept");
    assert_eq!(store.replace_data_key(tenant, &[2; 8], vec![22], &[1; 8]).await, Ok(true));
    assert_eq!(store.replace_data_key(tenant, &[3; 8], vec![33], &[1; 8]).await, Ok(false), "it is not current");
    let current = store.current_data_key(tenant).await.expect("read").expect("current");
    assert_eq!((current.number.as_slice(), current.retired_at), ([2; 8].as_slice(), None));
    let old = store.data_key(tenant, &[1; 8]).await.expect("read").expect("old");
    assert_eq!((old.current, old.retired_at), (false, Some(store.now())));
    assert!(store.replace_data_key(tenant, &[1; 8], vec![4], &[2; 8]).await.is_err(), "a number is used once");
    assert_eq!(store.current_data_key(tenant).await, Ok(Some(current)), "and nothing was retired for it");
}

#[tokio::test]
async fn keys_are_wrapped_again_all_at_once_or_not_at_all() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, Some(&world.tenant));
    store.set_meta_once("key_check", vec![1]).await.expect("set");
    store.keep_data_key(tenant, &[1; 8], vec![11]).await.expect("kept");
    let mut rows = store.data_keys().await.expect("keys");
    rows.iter_mut().for_each(|row| row.wrapped = vec![99]);
    store.keep_data_key(None, &[5; 8], vec![55]).await.expect("added meanwhile");
    assert!(matches!(store.rewrap(rows.clone(), vec![2], "operator").await, Err(StoreError::Conflict(_))));
    let twice = [rows.clone(), rows].concat();
    assert!(matches!(store.rewrap(twice, vec![2], "operator").await, Err(StoreError::Conflict(_))), "one named twice");
    assert_eq!(store.meta("key_check").await, Ok(Some(vec![1])));
    assert_eq!(world.number("SELECT count(*) FROM data_keys WHERE wrapped = x'63'").await, 0);
    let mut other = store.data_keys().await.expect("keys");
    other.iter_mut().for_each(|row| row.wrapped = vec![99]);
    let mut strange = other.clone();
    strange.iter_mut().take(1).for_each(|row| row.number = vec![8; 8]);
    assert!(matches!(store.rewrap(strange, vec![2], "operator").await, Err(StoreError::Conflict(_))), "another key");
    assert_eq!(world.number("SELECT count(*) FROM data_keys WHERE wrapped = x'63'").await, 0);

    store.rewrap(other, vec![2], "operator").await.expect("wrapped again");
    assert_eq!(store.meta("key_check").await, Ok(Some(vec![2])));
    assert_eq!(world.number("SELECT count(*) FROM data_keys WHERE wrapped = x'63'").await, 2);
    assert_eq!(world.told("keys.rotation_started").await, 1);
}

#[tokio::test]
async fn a_key_goes_only_when_nothing_carries_it_and_it_is_long_out_of_use() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, Some(&world.tenant));
    store.keep_data_key(tenant, &[1; 8], vec![11]).await.expect("kept");
    let consent = Settle { credential: carrying(1), ..world.consent("b1") };
    store.settle(consent).await.expect("sealed with it");
    let drop = async || {
        let before = store.now().minus(LONG);
        store.drop_data_key(tenant, &[1; 8], before).await.expect("asked")
    };
    world.clock.advance(2 * LONG);
    assert!(!drop().await, "it is current");
    assert_eq!(store.replace_data_key(tenant, &[2; 8], vec![22], &[1; 8]).await, Ok(true));
    world.clock.advance(2 * LONG);
    assert_eq!(store.count_sealed_with(tenant, &[1; 8]).await, Ok(1));
    assert!(!drop().await, "a credential carries it");
    let row = store.sealed_not_with(tenant, &[2; 8], 10).await.expect("rows").remove(0);
    assert_eq!(store.reseal(&row, carrying(2)).await, Ok(true));
    assert!(drop().await);
    assert!(!drop().await, "gone");
    assert_eq!(world.told("keys.rotation_finished").await, 1);

    assert_eq!(store.replace_data_key(tenant, &[3; 8], vec![33], &[2; 8]).await, Ok(true));
    store.reseal(&crate::SealedRow { sealed: carrying(2), ..row }, carrying(3)).await.expect("resealed");
    world.clock.advance(LONG);
    assert_eq!(store.drop_data_key(tenant, &[2; 8], store.now().minus(LONG)).await, Ok(false), "too young");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(store.drop_data_key(tenant, &[2; 8], store.now().minus(LONG)).await, Ok(true));
}
