use std::time::Duration;

use futures_util::future::join_all;
use patchbay_model::{BlobId, Code, ConnectionId, ConnectionState, EventKind};

use super::*;
use crate::{
    Accepted, EventFilter, PushEnd, StepAnswer, StepBegin,
    testing::{LEASE, World},
};

mod written;

/// An item that carries a change of what was there.
fn changed(world: &World, connection: &ConnectionId, hash: u8) -> NewPush {
    let payload = format!("{{\"n\":{hash}}}");
    NewPush { content_hash: [hash; 32], payload, update: true, ..world.push("k1", Some(connection)) }
}

fn ours(world: &World, key: &str, connection: &ConnectionId) -> NewPush {
    NewPush { claim: Some(LEASE), ..world.push(key, Some(connection)) }
}

async fn put(world: &World, new: NewPush) -> Accepted {
    world.store.accept_push(new).await.expect("accepted")
}

async fn first(world: &World, new: NewPush) -> Push {
    match put(world, new).await {
        Accepted::New(push) => push,
        other => panic!("not new: {other:?}"),
    }
}

async fn claimed(world: &World) -> Push {
    world.store.claim_pushes(&crate::testing::places(10)).await.expect("claimed").remove(0).push
}

/// A push that ended so.
async fn ended(world: &World, connection: &ConnectionId, end: PushEnd) -> Push {
    first(world, world.push("k1", Some(connection))).await;
    let ours = claimed(world).await;
    world.store.finish_push(&ours.id, ours.epoch, end).await.expect("ended")
}

async fn states(world: &World, push: &Push) -> Vec<&'static str> {
    let moves = world.store.push_moves(&push.id).await.expect("moves");
    moves.iter().map(|there| there.state.as_str()).collect()
}

#[tokio::test]
async fn an_item_that_is_taken_when_it_is_accepted_belongs_to_nobody_else() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let Accepted::Claimed(claim) = put(&world, ours(&world, "k1", &id)).await else { panic!("not ours") };
    let push = &claim.push;
    assert_eq!((claim.was, push.state, push.epoch, push.attempts), (PushState::Planned, PushState::Sending, 1, 1));
    assert_eq!((push.lease_until, push.next_at), (Some(world.store.now().plus(LEASE)), None));
    assert!(world.store.claim_pushes(&crate::testing::places(10)).await.expect("none").is_empty(), "it is ours");
    assert!(matches!(put(&world, ours(&world, "k1", &id)).await, Accepted::Duplicate(there) if there == *push));
    assert_eq!(world.store.step_begin(&push.id, push.epoch, "create", [1; 32], true).await, Ok(StepBegin::Send));
    world.clock.advance(LEASE);
    let next = claimed(&world).await;
    assert_eq!((&next.id, next.epoch, next.attempts), (&push.id, 2, 2), "who dies on it is followed by another");
    let done = world.store.finish_push(&next.id, next.epoch, PushEnd::of(PushState::Done)).await.expect("done");
    assert_eq!(states(&world, &done).await, ["planned", "sending", "done"]);
    assert_eq!(world.told("push.accepted").await, 1);
}

#[tokio::test]
async fn an_item_is_not_taken_at_once_where_its_connection_does_not_work_or_it_is_not_due() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let waiting = NewPush { state: PushState::Waiting, ..ours(&world, "k1", &id) };
    assert!(matches!(put(&world, waiting).await, Accepted::New(push) if push.lease_until.is_none()));
    let broken = ConnectionState::Broken;
    world.store.set_connection_state(&world.tenant, &id, broken, None, "test").await.expect("broken");
    let push = first(&world, ours(&world, "k2", &id)).await;
    assert_eq!((push.state, push.epoch, push.next_at), (PushState::Planned, 0, Some(world.store.now())));
    let nowhere = NewPush { state: PushState::Planned, ..world.push("k3", None) };
    assert!(matches!(world.store.accept_push(nowhere).await, Err(StoreError::Conflict(_))));
}

#[tokio::test]
async fn of_sixty_four_that_bring_one_item_at_once_one_has_it_and_all_have_its_id() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let other = world.node().await;
    let nodes = [&world.store, other.as_ref().unwrap_or(&world.store)];
    let all = (0..64).map(|n| nodes[n % 2].accept_push(ours(&world, "k1", &id)));
    let (mut claims, mut ids) = (0, Vec::new());
    for accepted in join_all(all).await {
        match accepted.expect("accepted") {
            Accepted::Claimed(claim) => {
                claims += 1;
                ids.push(claim.push.id);
            }
            Accepted::Duplicate(push) => ids.push(push.id),
            other => panic!("{other:?}"),
        }
    }
    ids.dedup();
    assert_eq!((claims, ids.len()), (1, 1));
    assert_eq!(world.number("SELECT count(*) FROM pushes").await, 1);
    if let Some(other) = other {
        other.close().await;
    }
}

#[tokio::test]
async fn a_target_is_no_part_of_the_content_until_it_is_chosen() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let aimed = |target: &str| NewPush {
        target: target.to_owned(),
        lane: (target != "null").then(|| target.to_owned()),
        state: if target == "null" { PushState::Waiting } else { PushState::Planned },
        reason: (target == "null").then(|| (Code::TargetMissing, "No target.".to_owned())),
        ..world.push("k1", Some(&id))
    };
    let push = first(&world, aimed("null")).await;
    assert!(matches!(put(&world, aimed("null")).await, Accepted::Duplicate(there) if there == push));
    world.clock.advance(Duration::from_secs(1));
    let Accepted::Revived(aims) = put(&world, aimed("\"t1\"")).await else { panic!("not revived") };
    assert_eq!((&aims.id, aims.state, aims.target.as_str()), (&push.id, PushState::Planned, "\"t1\""));
    assert_eq!((aims.lane.as_deref(), aims.queued_at), (Some("\"t1\""), world.store.now()));
    assert_eq!((aims.code, aims.person, aims.revision), (None, None, 1));
    assert!(matches!(put(&world, aimed("null")).await, Accepted::Duplicate(_)), "nothing is said against it");
    assert!(matches!(put(&world, aimed("\"t2\"")).await, Accepted::OtherContent(_)));
    let elsewhere = NewPush { update: true, content_hash: [2; 32], ..aimed("\"t2\"") };
    assert!(matches!(put(&world, elsewhere).await, Accepted::OtherContent(_)), "a change does not move it");
    let change = NewPush { update: true, content_hash: [2; 32], ..aimed("null") };
    let Accepted::Updated(kept) = put(&world, change).await else { panic!("not updated") };
    assert_eq!((kept.target.as_str(), kept.lane.as_deref()), ("\"t1\"", Some("\"t1\"")), "it was chosen once");
}

#[tokio::test]
async fn what_was_skipped_or_expired_goes_on_when_it_comes_again_and_may_be_sent() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let off = Some((Code::SwitchedOff, "Switched off.".to_owned()));
    let skipped = NewPush { state: PushState::Skipped, reason: off, ..world.push("k1", Some(&id)) };
    let push = first(&world, skipped.clone()).await;
    assert_eq!((push.ended_at, push.code), (Some(world.store.now()), Some(Code::SwitchedOff)));
    let filter = EventFilter { kind: Some(EventKind::PushEnded), limit: 9, ..EventFilter::default() };
    assert_eq!(world.store.events(&world.tenant, &filter).await.expect("events").items.len(), 1, "nobody is left out");
    assert!(matches!(put(&world, skipped).await, Accepted::Duplicate(there) if there == push), "it is off still");
    world.clock.advance(Duration::from_secs(9));
    let Accepted::Revived(on) = put(&world, world.push("k1", Some(&id))).await else { panic!("not revived") };
    assert_eq!((&on.id, on.state, on.ended_at, on.revision), (&push.id, PushState::Planned, None, 1));
    assert_eq!((on.queued_at, on.next_at, on.attempts), (world.store.now(), Some(world.store.now()), 0));
    let late = claimed(&world).await;
    let end = PushEnd::of(PushState::Expired);
    world.store.finish_push(&late.id, late.epoch, end).await.expect("ended");
    let Accepted::Revived(_) = put(&world, world.push("k1", Some(&id))).await else { panic!("not revived") };
    assert_eq!(states(&world, &push).await, ["skipped", "planned", "sending", "expired", "planned"]);
    assert_eq!((world.told("push.accepted").await, world.told("push.revived").await), (1, 2));
    for state in [PushState::Done, PushState::Rejected, PushState::Failed] {
        let ours = claimed(&world).await;
        world.store.finish_push(&ours.id, ours.epoch, PushEnd::of(state)).await.expect("ended");
        let again = put(&world, world.push("k1", Some(&id))).await;
        assert!(matches!(again, Accepted::Duplicate(_)), "{state:?}");
        world.ddl("UPDATE pushes SET state = 'planned', next_at = 0, ended_at = NULL").await;
    }
}

#[tokio::test]
async fn other_content_is_no_change_of_an_object_that_nobody_can_name() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    first(&world, world.push("k1", Some(&id))).await;
    let ours = claimed(&world).await;
    let done = world.store.finish_push(&ours.id, ours.epoch, PushEnd::of(PushState::Done)).await.expect("done");
    assert_eq!(done.object_id, None);
    assert!(
        matches!(put(&world, changed(&world, &id, 2)).await, Accepted::OtherContent(_)),
        "it would be a second one"
    );
}

#[tokio::test]
async fn other_content_is_the_next_revision_and_nothing_of_the_earlier_one_is_replayed() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    first(&world, world.push("k1", Some(&id))).await;
    let ours = claimed(&world).await;
    let (store, answer) =
        (&world.store, StepAnswer { status: 201, headers: Vec::new(), body: Vec::new(), whole: true });
    store.step_begin(&ours.id, ours.epoch, "create", [1; 32], true).await.expect("begun");
    store.step_answered(&ours.id, ours.epoch, "create", &answer, false).await.expect("answered");
    let end = PushEnd { object_id: Some("o1".into()), object_url: Some("u1".into()), ..PushEnd::of(PushState::Done) };
    store.finish_push(&ours.id, ours.epoch, end).await.expect("done");
    let no_update = NewPush { update: false, ..changed(&world, &id, 2) };
    assert!(matches!(put(&world, no_update).await, Accepted::OtherContent(_)));
    world.clock.advance(Duration::from_secs(5));
    let Accepted::Updated(next) = put(&world, changed(&world, &id, 2)).await else { panic!("not updated") };
    assert_eq!((&next.id, next.revision, next.state), (&ours.id, 2, PushState::Planned));
    assert_eq!((next.payload.as_str(), next.content_hash, next.attempts), ("{\"n\":2}", [2; 32], 0));
    assert_eq!((next.object_id.as_deref(), next.object_url.as_deref()), (Some("o1"), Some("u1")));
    assert_eq!((next.result, next.ended_at, next.queued_at), (None, None, store.now()));
    assert!(matches!(put(&world, changed(&world, &id, 2)).await, Accepted::Duplicate(_)));

    let ours = claimed(&world).await;
    assert_eq!(store.push_steps(&ours.id).await.expect("none"), []);
    assert_eq!(store.step_begin(&ours.id, ours.epoch, "create", [1; 32], true).await, Ok(StepBegin::Send), "no replay");
    let all = store.all_push_steps(&ours.id).await.expect("steps");
    assert_eq!(
        all.iter().map(|step| (step.revision, step.state.as_str())).collect::<Vec<_>>(),
        [(1, "answered"), (2, "sending")]
    );
    store.step_not_sent(&ours.id, ours.epoch, "create").await.expect("nothing left");
    let failed = store.finish_push(&ours.id, ours.epoch, PushEnd::of(PushState::Failed)).await.expect("failed");
    let kept = (failed.object_id.as_deref(), failed.object_url.as_deref());
    assert_eq!(kept, (Some("o1"), Some("u1")), "forgotten, it would be made twice");
}

#[tokio::test]
async fn an_answer_to_the_earlier_content_is_not_taken_for_one_to_the_next() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let old = ended(&world, &id, PushEnd::of(PushState::Failed)).await;
    put(&world, changed(&world, &id, 2)).await;
    let answer = StepAnswer { status: 201, headers: Vec::new(), body: Vec::new(), whole: true };
    let late = world.store.step_answered(&old.id, old.epoch, "create", &answer, false).await;
    assert_eq!(late, Err(StoreError::Stale));
}

#[tokio::test]
async fn a_change_waits_while_the_item_is_being_sent_or_nobody_knows_how_it_stands() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    first(&world, world.push("k1", Some(&id))).await;
    let Accepted::Updated(planned) = put(&world, changed(&world, &id, 2)).await else { panic!("nobody has it") };
    assert_eq!(planned.revision, 2);
    let ours = claimed(&world).await;
    let busy = put(&world, changed(&world, &id, 3)).await;
    assert!(matches!(&busy, Accepted::Busy(there) if there.state == PushState::Sending), "{busy:?}");
    world.clock.advance(LEASE);
    assert!(matches!(put(&world, changed(&world, &id, 3)).await, Accepted::Busy(_)), "its worker may have died");
    let unknown = world.store.finish_push(&ours.id, ours.epoch, PushEnd::of(PushState::Unknown)).await.expect("left");
    assert!(matches!(put(&world, changed(&world, &id, 3)).await, Accepted::Busy(there) if there == unknown));
    for (n, state) in ["done", "rejected", "failed", "skipped", "expired", "waiting"].into_iter().enumerate() {
        world
            .ddl(format!(
                "UPDATE pushes SET state = '{state}', object_id = 'o1', ended_at = 1, next_at = NULL, deaths = 2"
            ))
            .await;
        let hash = u8::try_from(n).expect("few") + 10;
        let Accepted::Updated(push) = put(&world, changed(&world, &id, hash)).await else { panic!("{state}") };
        assert_eq!((push.revision as usize, push.state, push.ended_at), (n + 3, PushState::Planned, None));
        assert_eq!(world.number("SELECT deaths FROM pushes").await, 0);
    }
    assert_eq!(world.told("push.updated").await, 7);
}

/// A file of a tenant; with a hash where its upload ended.
async fn file(world: &World, n: u8, ended: bool) -> BlobId {
    let id = BlobId::fresh(&*world.store.clock, &*world.store.random);
    let hash = if ended { "zeroblob(32)" } else { "NULL" };
    world
        .ddl(format!(
            "INSERT INTO blobs (id, tenant, name, media_type, size, sha256, expires_at, created_at) \
             VALUES ('{id}', '{}', 'f{n}', 'text/plain', 3, {hash}, 77, 1)",
            world.tenant
        ))
        .await;
    id
}

fn with(new: NewPush, files: &[&BlobId]) -> NewPush {
    let named: Vec<_> = files.iter().map(|id| serde_json::json!({ "blob": id.as_str() })).collect();
    let attachments = serde_json::Value::from(named).to_string();
    NewPush { attachments, blobs: files.iter().map(|id| (*id).clone()).collect(), ..new }
}

#[tokio::test]
async fn a_file_that_is_named_does_not_go_and_one_that_is_gone_is_not_named() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let (one, two, half) = (file(&world, 1, true).await, file(&world, 2, true).await, file(&world, 3, false).await);
    let missing = BlobId::fresh(&*world.store.clock, &*world.store.random);
    let gone = Err(StoreError::Conflict("a file is gone"));
    for bad in [&half, &missing] {
        assert_eq!(world.store.accept_push(with(world.push("k1", Some(&id)), &[&one, bad])).await, gone);
    }
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let stolen = NewPush { tenant: other, connection: None, state: PushState::Waiting, ..world.push("k1", None) };
    assert_eq!(world.store.accept_push(with(stolen, &[&one])).await, gone, "another tenant's");
    assert_eq!(world.number("SELECT count(*) FROM pushes").await, 0, "nothing is written");
    assert_eq!(world.number("SELECT count(*) FROM blobs WHERE expires_at = 77").await, 3);

    let push = first(&world, with(world.push("k1", Some(&id)), &[&one, &two, &one])).await;
    assert_eq!(world.number("SELECT count(*) FROM push_blobs").await, 2);
    assert_eq!(world.number("SELECT count(*) FROM blobs WHERE expires_at IS NULL").await, 2);
    let next = with(changed(&world, &id, 2), &[&two]);
    assert!(matches!(put(&world, next).await, Accepted::Updated(_)));
    assert_eq!(world.number("SELECT count(*) FROM push_blobs").await, 1, "the other is named by nobody");

    world.store.withdraw_push(&world.tenant, &push.id, "person").await.expect("taken back");
    world.ddl("DELETE FROM push_blobs").await;
    world.ddl(format!("DELETE FROM blobs WHERE id = '{two}'")).await;
    let send = world.store.send_push(&world.tenant, &push.id, crate::SendPush::default(), "person").await;
    assert_eq!(send.map(drop), Err(StoreError::Conflict("a file is gone")));
    let again = file(&world, 4, true).await;
    let Accepted::Revived(again) = put(&world, with(changed(&world, &id, 2), &[&again])).await else { panic!("gone") };
    assert_eq!(again.revision, 2, "the same content, uploaded once more");
    assert_eq!(world.number("SELECT count(*) FROM push_blobs").await, 1);
}

#[tokio::test]
async fn a_list_can_be_of_a_source_of_an_action_or_of_what_could_be_sent() {
    let world = World::open().await;
    let (id, other) = (world.connect("b1").await.connection.id, world.connect("b2").await.connection.id);
    let waits = |key: &str, connection: Option<&ConnectionId>| NewPush {
        state: PushState::Waiting,
        reason: Some((Code::OnDemand, "On demand.".to_owned())),
        source: Some(format!("meeting {}", key.len())),
        on_demand: true,
        ..world.push(key, connection)
    };
    first(&world, waits("r", Some(&id))).await;
    let aimless = Some((Code::TargetMissing, "No target.".to_owned()));
    first(&world, NewPush { target: "null".into(), reason: aimless, ..waits("rr", Some(&id)) }).await;
    first(&world, waits("rrr", None)).await;
    first(&world, NewPush { action: "note".into(), ..world.push("rrrr", Some(&id)) }).await;
    let world = &world;
    let keys = |filter: PushFilter| async move {
        let page = world.store.pushes(&world.tenant, &PushFilter { limit: 9, ..filter }).await.expect("a page");
        let mut keys: Vec<usize> = page.items.iter().map(|push| push.key.len()).collect();
        keys.sort_unstable();
        keys
    };
    let ready = |ready| PushFilter { ready: Some(ready), ..PushFilter::default() };
    assert_eq!(keys(PushFilter::default()).await, [1, 2, 3, 4]);
    assert_eq!(keys(PushFilter { source: Some("meeting 2".into()), ..PushFilter::default() }).await, [2]);
    assert_eq!(keys(PushFilter { action: Some("note".into()), ..PushFilter::default() }).await, [4]);
    assert_eq!((keys(ready(true)).await, keys(ready(false)).await), (vec![1], vec![2, 3]), "two could send the third");
    world.store.delete_connection(&world.tenant, &other, false, None, "person").await.expect("deleted");
    assert_eq!((keys(ready(true)).await, keys(ready(false)).await), (vec![1, 3], vec![2]));
}

/// Commits that the log of the database holds.
fn commits(world: &World) -> usize {
    let log = std::fs::read(world.folder.path().join("patchbay.db-wal")).expect("a log");
    let word = |at: usize| log.get(at..at + 4).map(|word| u32::from_be_bytes(word.try_into().expect("four bytes")));
    let page = word(8).expect("a header") as usize;
    // The second word of a frame is not 0 where it ends a commit.
    (32..).step_by(24 + page).map_while(|frame| word(frame + 4)).filter(|size| *size != 0).count()
}

#[tokio::test]
async fn an_item_from_its_arrival_to_its_end_costs_four_commits() {
    let world = World::open().await;
    if world.store.is_shared() {
        return; // The same transactions; only a file says how many there were.
    }
    let id = world.connect("b1").await.connection.id;
    let before = commits(&world);
    let lane = NewPush { lane: Some("t1".into()), ..ours(&world, "k1", &id) };
    let Accepted::Claimed(claim) = put(&world, lane).await else { panic!("not ours") };
    let (push, answer) =
        (claim.push, StepAnswer { status: 201, headers: Vec::new(), body: b"{}".to_vec(), whole: true });
    world.store.step_begin(&push.id, push.epoch, "create", [1; 32], true).await.expect("begun");
    world.store.step_answered(&push.id, push.epoch, "create", &answer, false).await.expect("answered");
    world.store.finish_push(&push.id, push.epoch, PushEnd::of(PushState::Done)).await.expect("done");
    assert_eq!(commits(&world) - before, 4);
}

#[tokio::test]
async fn a_page_of_heavy_pushes_ends_early_and_the_next_one_goes_on() {
    let world = World::open().await;
    let heavy = |key: &str, bytes: usize| NewPush {
        payload: format!("\"{}\"", "é".repeat(bytes / 2)),
        ..world.push(key, None)
    };
    for n in 0..11 {
        world.clock.advance(Duration::from_millis(1));
        let bytes = if n == 5 { 9 << 20 } else { 1 << 20 };
        first(&world, heavy(&format!("k{n:02}"), bytes)).await;
    }
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let filter = PushFilter { limit: 200, after, ..PushFilter::default() };
        let page = world.store.pushes(&world.tenant, &filter).await.expect("a page");
        pages.push(page.items.iter().map(|push| push.key.clone()).collect::<Vec<_>>());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [5, 1, 5]);
    let all: Vec<String> = pages.concat();
    assert_eq!(all, (0..11).rev().map(|n| format!("k{n:02}")).collect::<Vec<_>>());
}
