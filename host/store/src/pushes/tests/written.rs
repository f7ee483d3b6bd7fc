//! What was written, or may have been, under a key, and what may be done with that key then.

use super::*;
use crate::{SendPush, conflicts};

const OTHERS: [&str; 4] = ["lost", "sending", "found", "answered"];

/// A push whose only step stands so, and that ended as failed.
async fn failed_with(world: &World, connection: &ConnectionId, state: &str, status: u16) -> Push {
    first(world, world.push("k1", Some(connection))).await;
    let ours = claimed(world).await;
    world.store.step_begin(&ours.id, ours.epoch, "create", [1; 32], true).await.expect("begun");
    let status = if state == "answered" { status.to_string() } else { "NULL".to_owned() };
    world
        .ddl(format!("UPDATE push_steps SET state = '{state}', status = {status}, headers = '[]', object_id = 'o1'"))
        .await;
    world.store.finish_push(&ours.id, ours.epoch, PushEnd::of(PushState::Failed)).await.expect("failed")
}

#[tokio::test]
async fn other_content_does_not_follow_one_that_may_be_there_without_a_name() {
    for state in OTHERS {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        let push = failed_with(&world, &id, state, 201).await;
        let busy = put(&world, changed(&world, &id, 2)).await;
        assert!(matches!(busy, Accepted::Busy(there) if there == push), "{state}");
        world.ddl("UPDATE pushes SET revision = 7").await;
        let busy = put(&world, changed(&world, &id, 2)).await;
        assert!(matches!(busy, Accepted::Busy(_)), "{state} of an earlier content is there, too");
        world.ddl("UPDATE pushes SET object_id = 'o1'").await;
        let named = put(&world, changed(&world, &id, 2)).await;
        assert!(matches!(named, Accepted::Updated(_)), "{state}: it is known which one is changed");
    }
}

#[tokio::test]
async fn other_content_follows_one_that_was_refused_or_never_left() {
    for (state, status) in [("answered", 409), ("answered", 500), ("answered", 302), ("open", 422)] {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        failed_with(&world, &id, state, status).await;
        let next = put(&world, changed(&world, &id, 2)).await;
        assert!(matches!(next, Accepted::Updated(_)), "{state} {status}");
    }
}

#[tokio::test]
async fn an_object_is_changed_only_through_the_connection_that_wrote_it() {
    let world = World::open().await;
    let (id, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    let end = PushEnd { object_id: Some("o1".into()), ..PushEnd::of(PushState::Done) };
    let done = ended(&world, &id, end).await;
    let elsewhere = put(&world, changed(&world, &other, 2)).await;
    assert_eq!(elsewhere, Accepted::Elsewhere(done.clone()));
    let nowhere = NewPush { connection: None, state: PushState::Waiting, ..changed(&world, &id, 2) };
    let Accepted::Updated(kept) = put(&world, nowhere.clone()).await else { panic!("not updated") };
    assert_eq!(kept.connection.as_ref(), Some(&id), "it keeps the one that it has");
    let Accepted::Updated(same) = put(&world, changed(&world, &id, 3)).await else { panic!("not updated") };
    assert_eq!(same.connection.as_ref(), Some(&id));
    world.store.withdraw_push(&world.tenant, &done.id, "person").await.expect("taken back");
    let revived = NewPush { content_hash: [3; 32], ..changed(&world, &other, 3) };
    assert!(matches!(put(&world, revived).await, Accepted::Elsewhere(_)), "the same content, too");
    assert!(matches!(put(&world, changed(&world, &id, 3)).await, Accepted::Revived(_)));
    world.store.withdraw_push(&world.tenant, &done.id, "person").await.expect("taken back");
    world.store.delete_connection(&world.tenant, &id, false, None, "person").await.expect("deleted");
    for hash in [3, 4] {
        let gone = NewPush { content_hash: [hash; 32], ..nowhere.clone() };
        assert!(matches!(put(&world, gone).await, Accepted::Elsewhere(_)), "it went with its connection");
        assert!(matches!(put(&world, changed(&world, &other, hash)).await, Accepted::Elsewhere(_)));
    }
    assert!(matches!(put(&world, NewPush { update: false, ..nowhere }).await, Accepted::OtherContent(_)));
}

#[tokio::test]
async fn what_may_be_there_goes_on_through_the_connection_that_may_have_written_it() {
    let world = World::open().await;
    let (id, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    let push = failed_with(&world, &id, "lost", 0).await;
    world.ddl("UPDATE pushes SET state = 'skipped'").await;
    let moved = put(&world, world.push("k1", Some(&other))).await;
    assert!(matches!(moved, Accepted::Elsewhere(there) if there.id == push.id), "it would be made twice");
    let nowhere = NewPush { state: PushState::Waiting, ..world.push("k1", None) };
    let Accepted::Revived(kept) = put(&world, nowhere).await else { panic!("not revived") };
    assert_eq!(kept.connection, Some(id));
}

#[tokio::test]
async fn an_item_whose_upload_was_forgotten_is_sent_with_the_file_that_came_again() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    for state in [PushState::Failed, PushState::Rejected] {
        let key = state.as_str();
        let item = |blob: &BlobId| with(world.push(key, Some(&id)), &[blob]);
        let one = file(&world, 1, true).await;
        let push = first(&world, item(&one)).await;
        let ours = claimed(&world).await;
        world.store.finish_push(&ours.id, ours.epoch, PushEnd::of(state)).await.expect("ended");
        world.ddl(format!("DELETE FROM push_blobs WHERE blob = '{one}'")).await;
        world.ddl(format!("DELETE FROM blobs WHERE id = '{one}'")).await;
        let send = || world.store.send_push(&world.tenant, &push.id, SendPush::default(), "person");
        assert_eq!(send().await.map(drop), Err(StoreError::Conflict(conflicts::FILE_GONE)));

        let two = file(&world, 2, true).await;
        let Accepted::Duplicate(there) = put(&world, item(&two)).await else { panic!("no duplicate") };
        assert_eq!((&there.id, there.state, there.revision), (&push.id, state, 1), "it stays as it was");
        assert_eq!(there.attachments, item(&two).attachments);
        assert_eq!(world.store.push(&world.tenant, &push.id).await, Ok(there), "and that is what is stored");
        let dated = "SELECT count(*) FROM blobs WHERE expires_at = 77";
        assert_eq!(world.number(dated).await, 1, "an item that ended keeps no file longer than its upload does");
        let sent = send().await.expect("sent");
        assert_eq!((sent.state, sent.attachments), (PushState::Planned, item(&two).attachments));
        assert_eq!(world.number(dated).await, 0, "from here on it does");
        let three = file(&world, 3, true).await;
        let Accepted::Duplicate(there) = put(&world, item(&three)).await else { panic!("no duplicate") };
        assert_eq!(there.attachments, item(&two).attachments, "one that is to be sent has its files");
        let ours = claimed(&world).await;
        world.store.finish_push(&ours.id, ours.epoch, PushEnd::of(PushState::Done)).await.expect("done");
        assert!(matches!(put(&world, item(&three)).await, Accepted::Duplicate(_)));
        assert_eq!(world.number("SELECT count(*) FROM push_blobs").await, 1);
        world.ddl("DELETE FROM push_blobs").await;
        world.ddl("DELETE FROM blobs").await;
    }
}

#[tokio::test]
async fn a_file_of_somebody_else_does_not_take_the_place_of_one_that_was_forgotten() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let (one, half) = (file(&world, 1, true).await, file(&world, 2, false).await);
    first(&world, with(world.push("k1", Some(&id)), &[&one])).await;
    let ours = claimed(&world).await;
    let failed = world.store.finish_push(&ours.id, ours.epoch, PushEnd::of(PushState::Failed)).await.expect("failed");
    let bad = world.store.accept_push(with(world.push("k1", Some(&id)), &[&half])).await;
    assert_eq!(bad, Err(StoreError::Conflict(conflicts::FILE_GONE)));
    assert_eq!(world.store.push(&world.tenant, &failed.id).await, Ok(failed), "nothing changed");
    assert_eq!(world.number("SELECT count(*) FROM push_blobs").await, 1);
}

#[tokio::test]
async fn a_push_is_found_by_its_key_and_by_nobody_elses() {
    let world = World::open().await;
    let push = first(&world, world.push("k1", None)).await;
    let store = &world.store;
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.push_by_key(&world.tenant, "acme.books", "create-invoice", "k1").await, Ok(Some(push)));
    for (tenant, connector, action, key) in [
        (&other, "acme.books", "create-invoice", "k1"),
        (&world.tenant, "acme.tax", "create-invoice", "k1"),
        (&world.tenant, "acme.books", "note", "k1"),
        (&world.tenant, "acme.books", "create-invoice", "k2"),
    ] {
        assert_eq!(store.push_by_key(tenant, connector, action, key).await, Ok(None));
    }
}

#[tokio::test]
async fn a_push_is_found_by_its_key_without_a_look_at_the_others_of_its_tenant() {
    let world = World::open().await;
    if world.store.is_shared() {
        return; // The same index; a server reads an empty table without any.
    }
    let statement = format!("EXPLAIN QUERY PLAN {}", select::<Push>(BY_KEY).0);
    let plan = sqlx::query(sqlx::AssertSqlSafe(statement)).bind("t").bind("c").bind("a").bind("k");
    let plan = plan.fetch_one(world.store.read()).await.expect("a plan");
    let plan: String = sqlx::Row::get(&plan, "detail");
    assert!(plan.ends_with("(tenant=? AND connector=? AND action=? AND key=?)"), "{plan}");
}
