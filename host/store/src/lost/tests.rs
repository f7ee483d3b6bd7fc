use std::time::Duration;

use super::*;
use crate::{
    Settle,
    testing::{LEASE, World},
};

fn lost(of: &Connection, release: Option<&ReleaseId>) -> NewLostToken {
    NewLostToken { of: of.clone(), sealed: vec![7], row_version: 2, revocable: release.cloned(), ends_grant: false }
}

async fn renewed(world: &World, there: &Connection) -> Connection {
    world.clock.advance(Duration::from_secs(1));
    let again = Settle {
        id: there.id.clone(),
        expected_version: Some(1),
        row_version: 2,
        auth: "other".to_owned(),
        facts: r#"{"login":{"shop":"new"},"identity":{}}"#.to_owned(),
        ..world.consent(&there.business_id)
    };
    world.store.settle(again).await.expect("renewed").connection
}

#[tokio::test]
async fn a_lost_token_that_is_of_no_use_is_dropped_and_no_other() {
    let world = World::open().await;
    let there = world.connect("b1").await.connection;
    let (id, other) = (there.id.clone(), world.connect("b2").await.connection);
    for (of, sealed, version) in [(&there, 1, 2), (&there, 2, 3), (&there, 3, 3), (&other, 4, 3)] {
        let new = NewLostToken { sealed: vec![sealed], row_version: version, ..lost(of, None) };
        assert_eq!(world.store.keep_lost_token(new).await, Ok(LostFate::Kept));
    }
    let left = || async {
        let tokens = world.store.lost_tokens(&id).await.expect("read");
        tokens.into_iter().flat_map(|token| token.sealed).collect::<Vec<u8>>()
    };
    assert_eq!(left().await, [3, 2, 1]);
    for (version, wanted) in [(3, vec![2, 1]), (3, vec![1]), (3, vec![1]), (2, vec![])] {
        world.store.drop_lost_token(&id, version).await.expect("dropped");
        assert_eq!(left().await, wanted);
    }
    assert_eq!(world.store.lost_tokens(&other.id).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_token_that_comes_after_its_connection_was_deleted_waits_to_be_revoked() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let there = world.connect("b1").await.connection;
    store.delete_connection(&world.tenant, &there.id, false, Some(release.clone()), "person").await.expect("deleted");
    // There is nothing left that ending the grant would hurt; what shares it is looked for when it is revoked.
    let late = NewLostToken { ends_grant: true, ..lost(&there, Some(&release)) };
    assert_eq!(store.keep_lost_token(late).await, Ok(LostFate::Revoked));
    assert_eq!(world.number("SELECT count(*) FROM lost_tokens").await, 0);
    let deleted = store.claim_revocation(LEASE).await.expect("claimed").expect("that of the deletion");
    assert_eq!((deleted.field.as_str(), deleted.row_version), ("credential", 1));
    let late = store.claim_revocation(LEASE).await.expect("claimed").expect("the late one");
    assert_eq!((&late.connection, &late.release, late.auth.as_str()), (&there.id, &release, "oauth"));
    assert_eq!((late.subject.as_str(), late.field.as_str()), (there.id.as_str(), "lost"));
    assert_eq!((late.row_version, late.sealed), (2, vec![7]));
    assert_eq!(world.told("revocation.asked").await, 2);
}

#[tokio::test]
async fn a_token_without_a_way_to_revoke_it_goes_with_its_connection() {
    let world = World::open().await;
    let there = world.connect("b1").await.connection;
    world.store.delete_connection(&world.tenant, &there.id, false, None, "person").await.expect("deleted");
    assert_eq!(world.store.keep_lost_token(lost(&there, None)).await, Ok(LostFate::Dropped));
    let never = Connection { id: world.fresh(), ..there };
    assert_eq!(world.store.keep_lost_token(lost(&never, None)).await, Ok(LostFate::Dropped));
    assert_eq!(world.number("SELECT count(*) FROM lost_tokens").await, 0);
    assert_eq!(world.store.claim_revocation(LEASE).await, Ok(None));
}

#[tokio::test]
async fn a_token_of_an_earlier_consent_is_not_kept_for_the_new_one() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let before = world.connect("b1").await.connection;
    let after = renewed(&world, &before).await;
    let ends_all = NewLostToken { ends_grant: true, ..lost(&before, Some(&release)) };
    assert_eq!(store.keep_lost_token(ends_all).await, Ok(LostFate::Dropped), "it would end the new consent");
    assert_eq!(store.claim_revocation(LEASE).await, Ok(None));
    assert_eq!(store.keep_lost_token(lost(&before, Some(&release))).await, Ok(LostFate::Revoked));
    let ours = store.claim_revocation(LEASE).await.expect("claimed").expect("there");
    assert_eq!((ours.auth, ours.facts), (before.auth, before.facts), "given back where it came from");
    assert!(store.lost_tokens(&after.id).await.expect("read").is_empty());
    assert_eq!(store.keep_lost_token(lost(&after, Some(&release))).await, Ok(LostFate::Kept));
}
