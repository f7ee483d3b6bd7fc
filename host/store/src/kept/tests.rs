use patchbay_model::ConnectionId;

use super::*;
use crate::{NewCanary, testing::World};

/// Releases that were active one after the other, with their bytes.
async fn releases(world: &World, versions: &[&str]) -> Vec<ReleaseId> {
    let mut all = Vec::new();
    for version in versions {
        let id = world.release(version).await;
        world.clock.advance(Duration::from_secs(1));
        world.store.activate_release(&id, "test").await.expect("active");
        world.store.keep_component(&format!("digest of {version}"), vec![1]).await.expect("kept");
        all.push(id);
    }
    all
}

/// The versions that could be dropped where two are kept.
async fn old(world: &World) -> Vec<String> {
    world.store.old_releases(2).await.expect("read").into_iter().map(|old| old.version).collect()
}

fn trial(release: &ReleaseId, connection: &ConnectionId) -> NewCanary {
    NewCanary {
        release: release.clone(),
        connection: connection.clone(),
        wanted: 3,
        promotes: true,
        revision: 0,
        approval: None,
        actor: "operator".to_owned(),
    }
}

async fn states(world: &World) -> Vec<(String, ReleaseState)> {
    let mut all = world.store.releases(None).await.expect("read");
    all.sort_by(|one, other| one.version.cmp(&other.version));
    all.into_iter().map(|release| (release.version, release.state)).collect()
}

#[tokio::test]
async fn the_bytes_of_a_refused_release_go_after_an_hour() {
    let world = World::open().await;
    let (id, ready) = (world.release("1.0.0").await, world.release("1.1.0").await);
    world.store.set_release_state(&id, ReleaseState::Refused, Some("it does not start")).await.expect("refused");
    for digest in ["digest of 1.0.0", "digest of 1.1.0"] {
        world.store.keep_component(digest, vec![1]).await.expect("kept");
    }
    assert_eq!(world.store.refused().await, Ok(Vec::new()), "not at once");
    world.store.forget_refused("digest of 1.0.0").await.expect("judged");
    assert!(world.store.component("digest of 1.0.0").await.expect("read").is_some());
    world.clock.advance(REFUSED);
    let found = ("acme.books".to_owned(), "digest of 1.0.0".to_owned());
    assert_eq!(world.store.refused().await, Ok(vec![found]));
    for digest in ["digest of 1.0.0", "digest of 1.1.0"] {
        world.store.forget_refused(digest).await.expect("judged");
    }
    assert_eq!(world.store.component("digest of 1.0.0").await, Ok(None));
    assert!(world.store.component("digest of 1.1.0").await.expect("read").is_some(), "{ready} was not refused");
}

#[tokio::test]
async fn the_last_ones_are_kept_and_one_that_a_connection_needs_however_old_it_is() {
    let world = World::open().await;
    let connection = world.connect("b1").await.connection.id;
    let all = releases(&world, &["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]).await;
    world.clock.advance(LATELY);
    world.store.pin_connection(&world.tenant, &connection, Some(&all[0]), "test").await.expect("pinned");
    assert_eq!(old(&world).await, ["1.1.0"], "the oldest is pinned");
    assert!(world.store.drop_release(&all[1], 2).await.expect("dropped"));
    for (kept, why) in [(&all[0], "pinned"), (&all[2], "one of the last"), (&all[4], "active")] {
        assert!(!world.store.drop_release(kept, 2).await.expect("judged"), "{why}");
    }
    let dropped = states(&world).await.into_iter().filter(|(_, state)| *state == ReleaseState::Dropped);
    assert_eq!(dropped.map(|(version, _)| version).collect::<Vec<_>>(), ["1.1.0"]);
    assert_eq!(world.store.component("digest of 1.1.0").await, Ok(None), "its bytes are gone");
    let gone = (all[1].clone(), "acme.books".to_owned(), "digest of 1.1.0".to_owned());
    assert_eq!(world.store.dropped().await, Ok(vec![gone]));
    assert!(world.store.activate_release(&all[1], "test").await.is_err());

    world.store.pin_connection(&world.tenant, &connection, None, "test").await.expect("unpinned");
    assert!(world.store.drop_release(&all[0], 2).await.expect("dropped"), "nobody needs it any more");
    assert_eq!(world.told("release.dropped").await, 2);
}

#[tokio::test]
async fn what_a_trial_returns_to_is_kept_as_long_as_the_trial_lasts() {
    let world = World::open().await;
    let connection = world.connect("b1").await.connection.id;
    let all = releases(&world, &["1.0.0", "1.1.0", "1.2.0", "1.3.0"]).await;
    world.store.pin_connection(&world.tenant, &connection, Some(&all[0]), "test").await.expect("pinned");
    let tried = world.release("1.4.0").await;
    world.store.start_canary(trial(&tried, &connection)).await.expect("begun");
    world.clock.advance(LATELY);
    assert_eq!(old(&world).await, Vec::<String>::new(), "though the connection is pinned to what it tries");
    assert!(!world.store.drop_release(&all[0], 2).await.expect("judged"));
    world.store.end_canary(&tried, "it broke down", "host").await.expect("ended");
    let there = world.store.connection(&world.tenant, &connection).await.expect("there");
    let kept = world.store.release(&all[0]).await.expect("read");
    assert_eq!((there.release, kept.state), (Some(all[0].clone()), ReleaseState::Retained));

    world.store.pin_connection(&world.tenant, &connection, None, "test").await.expect("unpinned");
    assert!(world.store.drop_release(&all[0], 2).await.expect("dropped"), "nothing returns to it any more");
}

#[tokio::test]
async fn one_that_was_left_or_installed_again_is_kept_for_a_day_however_many_came_after_it() {
    let world = World::open().await;
    let all = releases(&world, &["1.0.0", "1.1.0", "1.2.0", "1.3.0"]).await;
    assert_eq!(old(&world).await, Vec::<String>::new(), "it was left a moment ago");
    assert!(!world.store.drop_release(&all[0], 2).await.expect("judged"));
    world.clock.advance(LATELY);
    assert!(world.store.drop_release(&all[0], 2).await.expect("dropped"));

    // Somebody wants to go back to it.
    assert_eq!(world.store.retain_dropped(&all[0]).await, Ok(true));
    world.clock.advance(LATELY - Duration::from_secs(1));
    assert_eq!(old(&world).await, Vec::<String>::new());
    assert!(!world.store.drop_release(&all[0], 2).await.expect("judged"), "there is a day for that");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(old(&world).await, ["1.0.0"]);
    assert!(world.store.drop_release(&all[0], 2).await.expect("dropped"));
}

#[tokio::test]
async fn needed_is_what_is_active_pinned_tried_or_returned_to() {
    let world = World::open().await;
    let (pinned, tries) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    let all = releases(&world, &["1.0.0", "1.1.0", "1.2.0", "1.3.0"]).await;
    for (connection, release) in [(&pinned, &all[0]), (&tries, &all[1])] {
        world.store.pin_connection(&world.tenant, connection, Some(release), "test").await.expect("pinned");
    }
    let tried = world.release("1.4.0").await;
    world.store.start_canary(trial(&tried, &tries)).await.expect("begun");
    let mut wanted = vec![all[0].clone(), all[1].clone(), all[3].clone(), tried.clone()];
    wanted.sort();
    let asked = [all.as_slice(), std::slice::from_ref(&tried)].concat();
    assert_eq!(world.store.needed_releases(&asked).await, Ok(wanted), "1.2.0 is only kept");
    assert_eq!(world.store.needed_releases(&all[2..]).await, Ok(vec![all[3].clone()]), "of those that were asked");
    assert_eq!(world.store.needed_releases(&[]).await, Ok(Vec::new()));
}
