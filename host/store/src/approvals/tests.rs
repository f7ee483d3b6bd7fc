use std::time::Duration;

use patchbay_model::ReleaseState;

use super::*;
use crate::{GoBack, JudgedWith, testing::World};

const LESS: &str = "{}";
const MORE: &str = r#"{"push":true}"#;
const KEY: (&str, &str) = ("SHA256:one", "b25l");

fn asking(release: &ReleaseId, asks: &str) -> Option<NewApproval> {
    Some(NewApproval {
        release: release.clone(),
        connector: "acme.books".to_owned(),
        digest: "digest".to_owned(),
        asks: asks.to_owned(),
        approved_by: "operator".to_owned(),
    })
}

/// What is granted to the connector.
async fn granted(world: &World) -> Option<String> {
    world.store.latest_approval("acme.books").await.expect("read").map(|approval| approval.asks)
}

#[tokio::test]
async fn nothing_is_approved_by_an_activation_that_is_refused() {
    let world = World::open().await;
    let store = &world.store;
    let (first, second) = (world.release("1.0.0").await, world.release("1.1.0").await);
    assert!(
        store
            .activate_installed(&first, JudgedWith::revision(0), asking(&first, LESS), "operator")
            .await
            .expect("read")
            .is_some()
    );
    world.ddl("UPDATE releases SET signed_by = 'SHA256:one' WHERE version = '1.1.0'").await;
    store.trust_publisher_key("acme", KEY.0, KEY.1, false, "operator").await.expect("trusted");
    // Somebody else is a moment faster than whoever approves it.
    store.revoke_publisher_key("acme", KEY.0, "another").await.expect("revoked");
    let refused = store.activate_corrected(&second, JudgedWith::revision(0), asking(&second, MORE), "operator").await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let refused = store.activate_installed(&second, JudgedWith::revision(0), asking(&second, MORE), "operator").await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    store.set_release_state(&second, ReleaseState::Quarantined, Some("harm")).await.expect("set aside");
    assert_eq!(
        store.activate_installed(&second, JudgedWith::revision(0), asking(&second, MORE), "operator").await,
        Ok(None)
    );
    assert_eq!((granted(&world).await.as_deref(), store.approval_of(&second).await), (Some(LESS), Ok(None)));
    assert_eq!(world.told("release.approved").await, 1);

    let unsaid = store.activate_corrected(&second, JudgedWith::revision(0), None, "operator").await;
    assert!(matches!(unsaid, Err(StoreError::Conflict(_))), "it was set aside: {unsaid:?}");
    store.trust_publisher_key("acme", KEY.0, KEY.1, true, "another").await.expect("trusted again");
    store
        .activate_corrected(&second, JudgedWith::revision(0), asking(&second, MORE), "operator")
        .await
        .expect("active");
    assert_eq!((granted(&world).await.as_deref(), world.told("release.approved").await), (Some(MORE), 2));
}

#[tokio::test]
async fn what_the_active_release_does_not_ask_is_taken_back_while_it_stays_active() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let active = store
        .activate_corrected(&release, JudgedWith::revision(0), asking(&release, MORE), "operator")
        .await
        .expect("active");
    world.clock.advance(Duration::from_secs(1));
    let less = || asking(&release, LESS).expect("an approval");
    let stale = store.approve_active(JudgedWith::revision(7), less()).await;
    assert!(matches!(stale, Err(StoreError::Outdated(_))), "it was judged with another correction: {stale:?}");
    assert_eq!(granted(&world).await.as_deref(), Some(MORE));
    let again = store.approve_active(JudgedWith::revision(0), less()).await.expect("approved");
    assert_eq!((granted(&world).await.as_deref(), again.activated_at), (Some(LESS), active.activated_at));
    assert_eq!(world.told("release.activated").await, 1);

    // It was active when somebody looked at it, and another is by now: to approve what is in use does not change what is.
    let next = world.release("1.1.0").await;
    store.activate_corrected(&next, JudgedWith::revision(0), asking(&next, MORE), "operator").await.expect("active");
    let late = store.approve_active(JudgedWith::revision(0), less()).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(store.active_release_id("acme.books").await, Ok(Some(next)));
    assert_eq!(granted(&world).await.as_deref(), Some(MORE));
}

/// Whoever judges reads what is granted a moment before the release is taken into use.
#[tokio::test]
async fn what_was_judged_with_a_grant_that_was_taken_back_meanwhile_is_not_taken_into_use() {
    let world = World::open().await;
    let (store, first) = (&world.store, world.release("1.0.0").await);
    let judged = |granted| JudgedWith { revision: 0, granted: Some(granted) };
    let outdated = |done: Result<(), StoreError>| assert!(matches!(done, Err(StoreError::Outdated(_))), "{done:?}");
    assert!(store.activate_installed(&first, judged(0), asking(&first, MORE), "a").await.expect("read").is_some());
    let second = world.release("1.1.0").await;
    let twice = store.activate_installed(&second, judged(0), asking(&second, MORE), "b").await;
    outdated(twice.map(drop));

    let wide = store.latest_approval("acme.books").await.expect("read").expect("granted").no;
    assert!(store.activate_installed(&second, judged(wide), None, "b").await.expect("read").is_some());
    let third = world.release("1.2.0").await;
    // An operator takes back what only the first one asked.
    let less = asking(&second, LESS).expect("an approval");
    store.approve_active(JudgedWith::revision(0), less).await.expect("approved");
    outdated(store.activate_installed(&third, judged(wide), None, "index").await.map(drop));
    let back = GoBack { to: first, judged: judged(wide), approval: None, actor: "host".into(), reason: "harm".into() };
    outdated(store.go_back(back).await.map(drop));
    assert_eq!(store.active_release_id("acme.books").await, Ok(Some(second)));
    assert_eq!((granted(&world).await.as_deref(), world.told("release.rolled_back").await), (Some(LESS), 0));
    let narrow = store.latest_approval("acme.books").await.expect("read").expect("granted").no;
    assert!(store.activate_installed(&third, judged(narrow), None, "index").await.expect("read").is_some());
}
