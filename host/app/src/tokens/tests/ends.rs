//! What becomes of tokens whose connection is deleted, and of refreshes that cannot begin.

use super::{
    super::{state::Unsaved, *},
    world::{Mood, World},
};

async fn unsaved(world: &World, app: &App) -> Unsaved {
    let present = app.present(&world.tenant, &world.connection).await.expect("a credential");
    let (of, revocable) = (present.connection.clone(), present.revocable());
    Unsaved { of, revocable, follows: 1, fresh: present.credential }
}

#[tokio::test]
async fn a_pair_that_comes_after_its_connection_was_deleted_is_given_back() {
    let (world, app) = World::open(false).await;
    world.provider.tokens().mood = Mood::Waits;
    let task = world.begun(&app).await;
    world.delete(&app).await;
    world.answer();
    assert!(task.await.expect("no panic").is_err());
    assert_eq!(world.given_back(&app).await, ["r0", "r1"], "the provider goes on honouring the fresh one");
    assert!(world.store.lost_tokens(&world.connection).await.expect("read").is_empty());
}

#[tokio::test]
async fn a_pair_that_was_kept_aside_is_given_back_with_its_connection() {
    let (world, app) = World::open(false).await;
    let unsaved = unsaved(&world, &app).await;
    app.keep_unsaved(unsaved).await.expect("kept");
    assert_eq!(world.store.lost_tokens(&world.connection).await.expect("read").len(), 1);
    world.delete(&app).await;
    assert_eq!(world.given_back(&app).await, ["r0", "r0"], "each opens in the place that it says");
}

#[tokio::test]
async fn a_pair_in_hand_of_a_connection_that_was_deleted_is_given_back_once_and_forgotten() {
    let (world, app) = World::open(false).await;
    let unsaved = unsaved(&world, &app).await;
    app.refreshes.keep(&world.connection, unsaved);
    assert_eq!(app.refreshes.unsaved(), [(world.tenant.clone(), world.connection.clone())]);
    assert_eq!(app.refreshes.follows(&world.connection), Some(1));
    world.delete(&app).await;
    app.refresh_unused(&world.tenant, &world.connection).await.expect("given back");
    assert!(app.refreshes.unsaved().is_empty());
    app.refresh_unused(&world.tenant, &world.connection).await.expect("nothing left");
    assert_eq!(world.given_back(&app).await, ["r0", "r0"]);
    assert_eq!(world.provider.tokens().calls, 0);
}

#[tokio::test]
async fn a_refresh_that_cannot_even_begin_is_put_off() {
    let (world, app) = World::open(false).await;
    assert!(world.used(&app).await.is_ok());
    world.clock.advance(super::DAY);
    let due = async || world.store.refreshes_due(10).await.expect("read").len();
    assert_eq!(due().await, 1);
    world.spoil_the_registration().await;
    for _ in 0..3 {
        let refreshed = app.refresh_unused(&world.tenant, &world.connection).await;
        assert!(matches!(refreshed, Err(CredentialError::Busy(_))), "{refreshed:?}");
        assert_eq!(due().await, 0, "others are behind it");
        world.clock.advance(PUT_OFF);
        assert_eq!(due().await, 1, "it may be there again");
    }
    // One that a crash interrupted is looked at again soon, and yet does not keep its place.
    assert!(world.store.lease_refresh(&world.connection, super::LEASE).await.expect("asked").is_some());
    world.clock.advance(super::LEASE);
    assert_eq!(due().await, 1);
    assert!(app.refresh_unused(&world.tenant, &world.connection).await.is_err());
    assert_eq!(due().await, 0);
    world.clock.advance(PUT_OFF_INTERRUPTED);
    assert_eq!(due().await, 1);
    let row = world.store.credential(&world.connection).await.expect("a row");
    assert!(row.refresh_intent_at.is_some(), "nobody has found out yet what came of it");
    assert_eq!(world.provider.tokens().calls, 1);
}
