use std::time::Duration;

use patchbay_model::ConnectionState;

use super::*;
use crate::{
    Settle,
    testing::{LEASE, World},
};

/// What the completion of a login settles.
fn settled(world: &World, login: &NewPending, business: &str) -> Settle {
    Settle {
        id: login.connection.clone(),
        through: crate::Through::Completion { session: login.session.clone(), code_hash: None },
        ..world.consent(business)
    }
}

async fn state(world: &World, id: &ConnectionId) -> Option<ConnectionState> {
    world.store.connection(&world.tenant, id).await.ok().map(|there| there.state)
}

#[tokio::test]
async fn a_new_business_account_is_shown_as_pending_and_works_when_it_is_completed() {
    let world = World::open().await;
    let (store, release, session) = (&world.store, world.release("1.0.0").await, world.session(1).await);
    let login = world.login(&session, &release, "b1");
    store.put_pending(login.clone()).await.expect("it waits");
    assert_eq!(state(&world, &login.connection).await, Some(ConnectionState::Pending));
    for table in ["SELECT count(*) FROM credentials", "SELECT count(*) FROM syncs", "SELECT count(*) FROM accounts"] {
        assert_eq!(world.number(table).await, 0, "{table}");
    }
    let known = store.connection_for(&world.tenant, "acme.books", "b1").await.expect("read").expect("known");
    assert_eq!((&known.0.id, known.1), (&login.connection, None));
    let waits = store.session(&world.tenant, &session).await.expect("read");
    assert_eq!((waits.authorised_at, waits.ended_at), (Some(store.now()), None));

    let done = store.settle(settled(&world, &login, "b1")).await.expect("completed");
    assert!(!done.renewed && done.connection.verified && done.runs.len() == 1);
    assert_eq!((&done.connection.id, done.connection.state), (&login.connection, ConnectionState::Active));
    let over = store.session(&world.tenant, &session).await.expect("read");
    assert_eq!((over.made, over.ended_at), (Some(login.connection.clone()), Some(store.now())));
    assert_eq!(store.pending(&session).await, Ok(None));
    assert_eq!((world.told("connection.pending").await, world.told("connection.created").await), (1, 1));
}

#[tokio::test]
async fn a_completion_without_its_authorisation_is_refused_and_writes_nothing() {
    let world = World::open().await;
    let (store, release, session) = (&world.store, world.release("1.0.0").await, world.session(1).await);
    let login = world.login(&session, &release, "b1");
    store.put_pending(login.clone()).await.expect("it waits");
    store.settle(settled(&world, &login, "b1")).await.expect("completed");
    let lines = world.number("SELECT count(*) FROM audit").await;
    let again =
        Settle { expected_version: Some(1), row_version: 2, credential: vec![9; 40], ..settled(&world, &login, "b1") };
    assert!(matches!(store.settle(again).await, Err(StoreError::Conflict(_))), "the same code twice");
    assert_eq!(store.credential(&login.connection).await.map(|there| there.sealed), Ok(vec![1; 40]));
    assert_eq!(world.number("SELECT count(*) FROM audit").await, lines);

    let late = world.session(2).await;
    let login = world.login(&late, &release, "b2");
    store.put_pending(login.clone()).await.expect("it waits");
    world.clock.advance(Duration::from_secs(600));
    assert!(matches!(store.settle(settled(&world, &login, "b2")).await, Err(StoreError::Conflict(_))), "too late");
    assert_eq!(state(&world, &login.connection).await, Some(ConnectionState::Pending));
    assert_eq!(store.set_completion_code(&late, [1; 32]).await, Err(StoreError::NotFound));
    assert_eq!(store.expired_pendings(10).await, Ok(vec![late]));
}

#[tokio::test]
async fn of_two_sessions_for_one_business_account_the_first_makes_and_the_second_renews() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let (first, second) = (world.session(1).await, world.session(2).await);
    let one = world.login(&first, &release, "b1");
    store.put_pending(one.clone()).await.expect("it waits");
    let raced = world.login(&second, &release, "b1");
    assert!(matches!(store.put_pending(raced.clone()).await, Err(StoreError::Conflict(_))), "it has a row by now");
    assert_eq!(store.pending(&second).await, Ok(None));
    assert_eq!(store.session_by_id(&second).await.map(|there| there.authorised_at), Ok(None));
    let two = NewPending { connection: one.connection.clone(), new_connection: false, ..raced };
    store.put_pending(two.clone()).await.expect("it waits too");

    assert!(!store.settle(settled(&world, &one, "b1")).await.expect("made").renewed);
    assert!(store.settle(settled(&world, &two, "b1")).await.is_err(), "it has a credential by now");
    assert!(store.pending(&second).await.expect("read").is_some(), "and still waits");
    let renews = Settle { expected_version: Some(1), row_version: 2, ..settled(&world, &two, "b1") };
    assert!(store.settle(renews).await.expect("renewed").renewed);
    assert_eq!(world.number("SELECT count(*) FROM connections").await, 1);
}

#[tokio::test]
async fn a_second_login_of_a_session_replaces_the_first_which_goes_to_be_revoked() {
    let world = World::open().await;
    let (store, release, session) = (&world.store, world.release("1.0.0").await, world.session(1).await);
    let first = world.login(&session, &release, "b1");
    store.put_pending(first.clone()).await.expect("it waits");
    store.set_completion_code(&session, [1; 32]).await.expect("a code");
    store.set_completion_code(&session, [2; 32]).await.expect("a newer one");
    assert_eq!(store.pending(&session).await.map(|there| there.and_then(|there| there.code_hash)), Ok(Some([2; 32])));
    let second = NewPending { sealed: vec![8; 40], ..world.login(&session, &release, "b2") };
    store.put_pending(second.clone()).await.expect("it waits");
    let there = store.pending(&session).await.expect("read").expect("the second");
    assert_eq!((there.sealed, there.code_hash), (vec![8; 40], None), "an old code is no code for it");
    assert_eq!(state(&world, &first.connection).await, None, "nobody waits for it");
    assert_eq!(state(&world, &second.connection).await, Some(ConnectionState::Pending));
    let revoked = store.claim_revocation(LEASE).await.expect("claimed").expect("the first");
    assert_eq!(
        (revoked.sealed, revoked.subject, revoked.field.as_str()),
        (vec![5; 40], session.to_string(), "pending")
    );
    assert_eq!(store.claim_revocation(LEASE).await, Ok(None));
}

#[tokio::test]
async fn the_same_login_again_keeps_the_connection_that_is_shown() {
    let world = World::open().await;
    let (store, release, session) = (&world.store, world.release("1.0.0").await, world.session(1).await);
    let first = NewPending { revocable: false, ..world.login(&session, &release, "b1") };
    store.put_pending(first.clone()).await.expect("it waits");
    let again = NewPending { new_connection: false, ..first.clone() };
    store.put_pending(again).await.expect("it waits");
    assert_eq!(state(&world, &first.connection).await, Some(ConnectionState::Pending));
    assert_eq!(store.claim_revocation(LEASE).await, Ok(None), "it cannot be revoked");
}

#[tokio::test]
async fn what_is_dropped_ends_its_session_and_is_revoked_and_its_connection_goes_when_nobody_else_waits() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let (first, second) = (world.session(1).await, world.session(2).await);
    let one = world.login(&first, &release, "b1");
    store.put_pending(one.clone()).await.expect("it waits");
    let two = NewPending {
        connection: one.connection.clone(),
        new_connection: false,
        ..world.login(&second, &release, "b1")
    };
    store.put_pending(NewPending { revocable: false, ..two }).await.expect("it waits too");

    store.drop_pending(&first, Code::EndUserMismatch, "backend").await.expect("dropped");
    assert_eq!(state(&world, &one.connection).await, Some(ConnectionState::Pending), "the other one waits");
    let over = store.session_by_id(&first).await.expect("read");
    assert_eq!((over.code, over.ended_at, over.made), (Some(Code::EndUserMismatch), Some(store.now()), None));
    assert!(store.bind_session(&first, [1; 32]).await.is_err());
    assert!(store.put_pending(world.login(&first, &release, "b9")).await.is_err(), "its session is over");
    assert_eq!(world.number("SELECT count(*) FROM revocations").await, 1);

    store.drop_pending(&second, Code::SessionUnusable, "host").await.expect("dropped");
    assert_eq!(state(&world, &one.connection).await, None);
    assert_eq!(world.number("SELECT count(*) FROM revocations").await, 1, "this one cannot be revoked");
    assert_eq!(store.drop_pending(&second, Code::SessionUnusable, "host").await, Err(StoreError::NotFound));
    assert_eq!((world.told("session.dropped").await, world.told("revocation.asked").await), (2, 1));
}

#[tokio::test]
async fn a_dropped_reconnect_leaves_the_connection_as_it_was() {
    let world = World::open().await;
    let (store, release, session) = (&world.store, world.release("1.0.0").await, world.session(1).await);
    let there = world.connect("b1").await.connection;
    let login =
        NewPending { connection: there.id.clone(), new_connection: false, ..world.login(&session, &release, "b1") };
    store.put_pending(login).await.expect("it waits");
    assert_eq!(store.connection(&world.tenant, &there.id).await.as_ref(), Ok(&there));
    store.drop_pending(&session, Code::EndUserMismatch, "backend").await.expect("dropped");
    assert_eq!(store.connection(&world.tenant, &there.id).await, Ok(there));
}

#[tokio::test]
async fn a_login_for_a_connection_that_is_gone_or_another_tenants_is_refused() {
    let world = World::open().await;
    let (store, release, session) = (&world.store, world.release("1.0.0").await, world.session(1).await);
    let there = world.connect("b1").await.connection.id;
    let login =
        NewPending { connection: there.clone(), new_connection: false, ..world.login(&session, &release, "b1") };
    let elsewhere = NewPending { business_id: "b2".to_owned(), ..login.clone() };
    assert!(matches!(store.put_pending(elsewhere).await, Err(StoreError::Conflict(_))), "another business account");
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let stolen = NewPending { tenant: other, ..login.clone() };
    assert!(matches!(store.put_pending(stolen).await, Err(StoreError::Conflict(_))), "not their session");
    store.delete_connection(&world.tenant, &there, false, None, "person").await.expect("deleted");
    assert!(matches!(store.put_pending(login).await, Err(StoreError::Conflict(_))));
}
