use super::*;
use crate::{JudgedWith, testing::World};

/// What a release waits for that a trusted signature answers.
const WAITED: &str = "is signed with another key";

#[tokio::test]
async fn a_version_has_one_set_of_bytes_for_ever() {
    let world = World::open().await;
    let id = world.release("1.0.0").await;
    assert_eq!(world.release("1.0.0").await, id);
    let there = world.store.release(&id).await.expect("a release");
    let other = NewRelease {
        connector: there.connector,
        version: there.version,
        digest: "another".to_owned(),
        size: 1,
        contract: there.contract,
        manifest: there.manifest,
        asks: there.asks,
        signed_by: None,
        source: there.source,
        state: ReleaseState::Fetched,
    };
    assert!(matches!(world.store.insert_release(other, "test").await, Err(StoreError::Conflict(_))));
}

#[tokio::test]
async fn an_installation_writes_nothing_over_a_release_that_has_moved_on() {
    let world = World::open().await;
    let store = &world.store;
    let id = world.release("1.0.0").await;
    let state = async || store.release(&id).await.expect("there").state;
    for ours in [ReleaseState::Compiled, ReleaseState::Probed, ReleaseState::Refused] {
        assert_eq!(store.advance_release(&id, ours, None).await, Ok(false), "over one that is ready: {ours:?}");
    }
    assert!(store.activate_installed(&id, JudgedWith::revision(0), None, "test").await.expect("read").is_some());
    for theirs in [ReleaseState::Active, ReleaseState::Retained, ReleaseState::Quarantined, ReleaseState::Dropped] {
        if theirs != ReleaseState::Active {
            store.set_release_state(&id, theirs, None).await.expect("set");
        }
        for ours in [ReleaseState::Compiled, ReleaseState::Ready, ReleaseState::Refused] {
            assert_eq!(store.advance_release(&id, ours, None).await, Ok(false), "{ours:?} over {theirs:?}");
        }
        assert_eq!(store.begin_release_again(&id, None, "upload").await, Ok(false));
        assert_eq!(store.activate_installed(&id, JudgedWith::revision(0), None, "test").await, Ok(None));
        assert_eq!(state().await, theirs);
    }
    assert_eq!(store.retain_dropped(&id).await, Ok(true));
    assert_eq!((state().await, store.retain_dropped(&id).await), (ReleaseState::Retained, Ok(false)));

    let other = world.release("1.1.0").await;
    store.set_release_state(&other, ReleaseState::Refused, Some("it was broken")).await.expect("set");
    assert_eq!(store.advance_release(&other, ReleaseState::Compiled, None).await, Ok(false));
    assert_eq!(store.begin_release_again(&other, None, "upload").await, Ok(true));
    for ours in [ReleaseState::Compiled, ReleaseState::Probed, ReleaseState::Ready, ReleaseState::Ready] {
        assert_eq!(store.advance_release(&other, ours, None).await, Ok(true), "{ours:?}");
    }
    assert_eq!(store.advance_release(&other, ReleaseState::Ready, Some("asks for more")).await, Ok(true));
    assert_eq!(store.activate_installed(&other, JudgedWith::revision(0), None, "test").await, Ok(None), "it waits");
}

#[tokio::test]
async fn what_an_unknown_key_signed_first_gives_way_to_what_a_trusted_one_signed() {
    let world = World::open().await;
    let store = &world.store;
    let squatted = world.release("1.2.0").await;
    world.ddl("UPDATE releases SET signed_by = 'SHA256:theirs', reason = 'is signed with another key'").await;
    store.see_publisher_key("acme", "SHA256:theirs", "dA==").await.expect("seen");
    let there = store.release(&squatted).await.expect("there");
    let genuine = |digest: &str, key: &str| NewRelease {
        connector: there.connector.clone(),
        version: there.version.clone(),
        digest: digest.to_owned(),
        size: 1,
        contract: there.contract.clone(),
        manifest: there.manifest.clone(),
        asks: there.asks.clone(),
        signed_by: Some(key.to_owned()),
        source: there.source.clone(),
        state: ReleaseState::Verified,
    };
    let taken = store.insert_release(genuine("another", "SHA256:ours"), "test").await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "nobody trusts that key either");
    assert_eq!(store.sign_release_anew(&squatted, "SHA256:ours", WAITED, "test").await, Ok(None));
    store.trust_publisher_key("acme", "SHA256:ours", "b3Vycw==", false, "operator").await.expect("trusted");

    world.ddl("UPDATE releases SET reason = 'its trial gave it up'").await;
    let signed =
        store.sign_release_anew(&squatted, "SHA256:ours", WAITED, "test").await.expect("read").expect("signed");
    assert_eq!(signed.reason.as_deref(), Some("its trial gave it up"), "that is not answered by whose bytes they are");
    world.ddl("UPDATE releases SET signed_by = 'SHA256:theirs', reason = 'is signed with another key'").await;
    let signed =
        store.sign_release_anew(&squatted, "SHA256:ours", WAITED, "test").await.expect("read").expect("signed");
    assert_eq!((signed.signed_by.as_deref(), signed.reason), (Some("SHA256:ours"), None));
    assert_eq!(
        store.sign_release_anew(&squatted, "SHA256:theirs", WAITED, "test").await,
        Ok(None),
        "never the other way"
    );
    let taken = store.insert_release(genuine("another", "SHA256:ours"), "test").await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "a trusted key's version stays");

    world.ddl("UPDATE releases SET signed_by = 'SHA256:theirs'").await;
    let replaced = store.insert_release(genuine("another", "SHA256:ours"), "test").await.expect("replaced");
    assert_ne!(replaced.id, squatted);
    assert_eq!(store.release(&squatted).await, Err(StoreError::NotFound));
}
