use std::time::Duration;

use super::*;
use crate::testing::World;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

#[tokio::test]
async fn a_session_belongs_to_the_first_browser_that_opens_it() {
    let world = World::open().await;
    let store = &world.store;
    let session = store.create_session(world.new_session(5)).await.expect("a session");
    assert_eq!((session.used_at, session.language.as_deref(), session.verification), (None, Some("de"), true));
    assert_eq!(store.session_by_token([5; 32]).await, Ok(Some(session.clone())));
    assert_eq!(store.session_by_id(&session.id).await, Ok(session.clone()));
    assert_eq!(store.bind_session(&session.id, [1; 32]).await, Ok(()));
    let bound = store.now();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(store.bind_session(&session.id, [1; 32]).await, Ok(()), "the same one may come again");
    assert!(store.bind_session(&session.id, [2; 32]).await.is_err());
    assert_eq!(store.session_by_id(&session.id).await.map(|there| there.used_at), Ok(Some(bound)));
    world.clock.advance(Duration::from_secs(1800));
    assert!(store.bind_session(&session.id, [1; 32]).await.is_err(), "it is too old");
    assert_eq!(world.told("session.created").await, 1);
}

#[tokio::test]
async fn a_failure_leaves_a_session_usable_and_a_connection_ends_it() {
    let world = World::open().await;
    let (store, id) = (&world.store, world.session(1).await);
    store.bind_session(&id, [1; 32]).await.expect("bound");
    store.end_session(&id, None, Some(Code::ConsentRefused)).await.expect("written down");
    let there = store.session(&world.tenant, &id).await.expect("read");
    assert_eq!((there.code, there.ended_at, there.failures), (Some(Code::ConsentRefused), None, 1));
    assert_eq!(store.bind_session(&id, [1; 32]).await, Ok(()));
    let made = world.connect("b1").await.connection.id;
    store.end_session(&id, Some(&made), None).await.expect("written down");
    assert!(store.bind_session(&id, [1; 32]).await.is_err());
    store.end_session(&id, None, Some(Code::ConsentRefused)).await.expect("too late");
    let there = store.session(&world.tenant, &id).await.expect("read");
    assert_eq!((there.made, there.code), (Some(made), None));
}

#[tokio::test]
async fn sessions_are_forgotten_a_week_after_they_expired_unless_something_waits_on_them() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    for n in 1..4 {
        world.session(n).await;
    }
    let waits = world.session(9).await;
    store.put_pending(world.login(&waits, &release, "b1")).await.expect("it waits");
    let over = Duration::from_secs(1800);
    world.clock.advance(over + WEEK);
    let week_ago = || store.now().minus(WEEK);
    assert_eq!(store.forget_sessions(week_ago(), 10).await, Ok(0), "not a moment too early");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(store.forget_sessions(week_ago(), 2).await, Ok(2), "in batches");
    assert_eq!(store.forget_sessions(week_ago(), 2).await, Ok(1));
    assert_eq!(store.forget_sessions(week_ago(), 2).await, Ok(0));
    store.drop_pending(&waits, Code::SessionUnusable, "host").await.expect("dropped");
    assert!(store.session_by_id(&waits).await.is_ok());
}
