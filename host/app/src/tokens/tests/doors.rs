//! Whose credential a door gets: that of the consent it was made with, or none.

use patchbay_egress::CredentialSource;
use patchbay_model::ConnectionState;

use super::{super::*, world::World};

async fn connection(world: &World) -> Connection {
    world.store.connection(&world.tenant, &world.connection).await.expect("a connection")
}

#[tokio::test]
async fn work_that_began_before_a_new_login_does_not_get_its_credential() {
    let (world, app) = World::open(false).await;
    let before = LiveCredential::of(&app, &connection(&world).await);
    let values = before.current().await.expect("values");
    assert_eq!(values.generation, 2, "a refresh in between is the same consent");
    assert!(before.current().await.is_ok());
    world.clock.advance(Duration::from_secs(60));
    assert!(world.settle(&app, 3, "of the new login").await);
    for asked in [before.current().await, before.renew(&values).await] {
        assert!(matches!(asked, Err(CredentialError::Busy(why)) if why.contains("authorised anew")));
    }
    assert_eq!(world.provider.tokens().calls, 1, "nor is it renewed for it");
    assert_eq!(before.used(), Some(2));
    let after = LiveCredential::of(&app, &connection(&world).await);
    assert_eq!(after.current().await.expect("values").generation, 3);
}

#[tokio::test]
async fn a_new_login_during_the_refresh_that_a_door_waits_for_is_not_handed_to_it() {
    let (world, app) = World::open(false).await;
    let before = LiveCredential::of(&app, &connection(&world).await);
    world.provider.tokens().mood = super::world::Mood::Waits;
    let task = tokio::spawn(async move { before.current().await });
    while world.provider.tokens().calls == 0 {
        tokio::task::yield_now().await;
    }
    world.clock.advance(Duration::from_secs(1));
    assert!(world.settle(&app, 2, "of the new login").await);
    world.answer();
    assert!(
        matches!(task.await.expect("no panic"), Err(CredentialError::Busy(why)) if why.contains("authorised anew"))
    );
}

#[tokio::test]
async fn a_login_that_an_upgrade_took_away_needs_its_owner_and_says_so() {
    let (world, app) = World::open(false).await;
    world.clock.advance(Duration::from_secs(60));
    assert!(world.settle_by(&app, 2, "r0", "gone").await);
    let used = world.used(&app).await;
    assert!(matches!(used, Err(CredentialError::Dead(text)) if text.contains("no longer offered")));
    assert_eq!(world.state().await, (ConnectionState::Broken, Some(Code::CredentialRefused)));
    let failure = app.no_way_in(&connection(&world).await).await;
    assert!(matches!(failure, patchbay_model::Failure::CredentialDead(text) if text.contains("no longer offered")));
    assert_eq!(world.provider.tokens().calls, 0);
}
