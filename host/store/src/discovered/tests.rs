use std::time::Duration;

use patchbay_model::RunState;

use super::*;
use crate::{
    RunEnd, Step,
    testing::{World, page},
};

/// How many that are gone are remembered here.
const REMEMBERED: u32 = 4;

fn stream(name: &str) -> DiscoveredStream {
    DiscoveredStream {
        name: format!("model.{name}"),
        title: name.to_owned(),
        key: vec!["/id".to_owned()],
        schema: Some("{}".to_owned()),
        per_account: false,
        declared: false,
        gone_at: None,
    }
}

fn found(of: &Connection, streams: &[DiscoveredStream]) -> NewDiscovery {
    NewDiscovery {
        authorized_at: of.authorized_at,
        schedule: Schedule::Every(Duration::from_secs(3_600)),
        streams: streams.to_vec(),
        remembered: REMEMBERED,
    }
}

/// A world with a connection whose first run is over.
async fn connected() -> (World, Connection) {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("over");
    (world, settled.connection)
}

async fn put(world: &World, of: &Connection, streams: &[DiscoveredStream]) -> Discovery {
    world.store.put_discovery(&world.tenant, &of.id, found(of, streams), "test").await.expect("kept")
}

async fn sync(world: &World, of: &Connection, name: &str) -> SyncRow {
    let syncs = world.store.syncs(&world.tenant, &of.id).await.expect("syncs");
    syncs.into_iter().find(|sync| sync.stream == format!("model.{name}")).expect("a sync")
}

#[tokio::test]
async fn what_is_found_has_a_sync_that_is_off_and_is_found_once() {
    let (world, connection) = connected().await;
    let done = put(&world, &connection, &[stream("a"), stream("b")]).await;
    assert_eq!((done.added.len(), done.gone.len()), (2, 0));
    assert_eq!(put(&world, &connection, &[stream("a"), stream("b")]).await, Discovery::default());
    let row = sync(&world, &connection, "a").await;
    assert_eq!((row.enabled, row.read, row.discovered, row.next_due_at), (false, false, true, None));
    assert_eq!(row.schedule, Schedule::Every(Duration::from_secs(3_600)));
    assert_eq!(world.store.schedule_due(10).await, Ok(0));
    let listed = world.store.discovered_streams(&connection.id).await.expect("list");
    assert_eq!(
        listed.iter().map(|row| (row.name.as_str(), row.schema.as_deref())).collect::<Vec<_>>(),
        [("model.a", None), ("model.b", None)]
    );
    let one = world.store.discovered_stream(&connection.id, "model.a").await.expect("read");
    assert_eq!(one, Some(stream("a")));
    let lines = world.store.audit(Some(&world.tenant), None, 50, Some(connection.id.as_str())).await.expect("lines");
    assert_eq!(lines.items.iter().filter(|line| line.action == "connection.discovered").count(), 1);
}

#[tokio::test]
async fn a_sync_whose_stream_is_gone_gets_one_run_more_and_is_due_again_when_it_is_back() {
    let (world, connection) = connected().await;
    put(&world, &connection, &[stream("a"), stream("b")]).await;
    let id = sync(&world, &connection, "a").await.id;
    world.store.set_sync_enabled(&world.tenant, &id, true, "test").await.expect("on");
    let done = put(&world, &connection, &[stream("b")]).await;
    assert_eq!(done.gone, ["model.a"]);
    let row = sync(&world, &connection, "a").await;
    assert_eq!((row.enabled, row.read, row.gone_at.is_some(), row.next_due_at), (true, false, true, None));
    let claimed = world.claim().await;
    let last = claimed.iter().find(|run| run.sync == id).expect("one run more");
    let end = RunEnd { code: Some(Code::StreamGone), ..RunEnd::of(RunState::Failed) };
    world.store.finish_run(&last.run, last.epoch, end).await.expect("over");
    world.clock.advance(Duration::from_secs(7_200));
    world.store.schedule_due(10).await.expect("looked");
    assert!(world.claim().await.iter().all(|run| run.sync != id), "and none after that");
    for again in [
        world.store.reset_sync(&world.tenant, &id, "test").await,
        world.store.set_sync_enabled(&world.tenant, &id, true, "test").await,
        world.store.set_schedule(&world.tenant, &id, Schedule::Every(Duration::from_secs(60)), true, "test").await,
    ] {
        assert_eq!(again.expect("done").next_due_at, None, "nothing makes it due while it is gone");
    }
    assert_eq!(put(&world, &connection, &[stream("b")]).await, Discovery::default(), "told once");
    assert_eq!(put(&world, &connection, &[stream("a"), stream("b")]).await.back, ["model.a"]);
    let row = sync(&world, &connection, "a").await;
    assert_eq!((row.read, row.gone_at, row.last_code), (true, None, None));
    assert!(row.next_due_at.is_some());
}

#[tokio::test]
async fn another_key_begins_afresh_and_a_stream_per_account_has_a_sync_for_each() {
    let (world, connection) = connected().await;
    put(&world, &connection, &[stream("a")]).await;
    let before = sync(&world, &connection, "a").await;
    let other = DiscoveredStream { key: vec!["/no".to_owned()], ..stream("a") };
    assert_eq!(put(&world, &connection, std::slice::from_ref(&other)).await.rekeyed, ["model.a"]);
    assert_eq!(sync(&world, &connection, "a").await.pass, before.pass + 1);
    let each = DiscoveredStream { per_account: true, ..other };
    put(&world, &connection, &[each]).await;
    let syncs = world.store.syncs(&world.tenant, &connection.id).await.expect("syncs");
    let mut of_it = syncs.iter().filter(|sync| sync.discovered);
    assert_eq!(of_it.next().map(|sync| (sync.account.as_str(), sync.gone_at.is_some())), Some(("", true)));
    assert_eq!(of_it.next().map(|sync| (sync.account.as_str(), sync.gone_at.is_some())), Some(("a1", false)));
}

#[tokio::test]
async fn what_the_manifest_declares_has_only_its_schema_here() {
    let (world, connection) = connected().await;
    let declared = DiscoveredStream { name: "invoices".to_owned(), declared: true, ..stream("x") };
    assert_eq!(put(&world, &connection, &[declared]).await, Discovery::default());
    let syncs = world.store.syncs(&world.tenant, &connection.id).await.expect("syncs");
    assert_eq!((syncs.len(), syncs[0].discovered, syncs[0].gone_at), (1, false, None));
    assert_eq!(put(&world, &connection, &[]).await, Discovery::default(), "it cannot go");
}

#[tokio::test]
async fn what_was_said_to_another_login_is_not_kept_and_nobody_elses_connection_is_changed() {
    let (world, connection) = connected().await;
    let late = NewDiscovery { authorized_at: Timestamp::from_millis(1), ..found(&connection, &[stream("a")]) };
    let answer = world.store.put_discovery(&world.tenant, &connection.id, late, "test").await;
    assert!(matches!(answer, Err(StoreError::Conflict(_))));
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let answer = world.store.put_discovery(&other, &connection.id, found(&connection, &[]), "test").await;
    assert_eq!(answer, Err(StoreError::NotFound));
}

#[tokio::test]
async fn a_connection_is_claimed_by_one_and_comes_again_when_nothing_came_of_it() {
    let (world, connection) = connected().await;
    let again = |world: &World| world.store.now().plus(Duration::from_secs(3_600));
    assert_eq!(world.store.claim_discoveries(again(&world), 10).await, Ok(Vec::new()));
    world.store.discover_from(&connection.id, world.store.now()).await.expect("asked for");
    let claimed = world.store.claim_discoveries(again(&world), 10).await.expect("claimed");
    assert_eq!(claimed, [(world.tenant.clone(), connection.id.clone())]);
    assert_eq!(world.store.claim_discoveries(again(&world), 10).await, Ok(Vec::new()));
    world.clock.advance(Duration::from_secs(3_601));
    assert_eq!(world.store.claim_discoveries(again(&world), 10).await.map(|due| due.len()), Ok(1));
    put(&world, &connection, &[stream("a")]).await;
    world.clock.advance(Duration::from_secs(86_400));
    assert_eq!(world.store.claim_discoveries(again(&world), 10).await, Ok(Vec::new()), "until somebody asks again");
    world.store.delete_connection(&world.tenant, &connection.id, false, None, "test").await.expect("deleted");
    assert_eq!(world.number("SELECT count(*) FROM discovered").await, 0);
}

#[tokio::test]
async fn other_names_every_time_leave_only_the_newest_of_those_that_are_gone() {
    let (world, connection) = connected().await;
    for round in 0..50 {
        let fresh: Vec<DiscoveredStream> = (0..3).map(|no| stream(&format!("r{round}.{no}"))).collect();
        assert_eq!(put(&world, &connection, &fresh).await.added.len(), 3);
        world.clock.advance(Duration::from_secs(60));
        let most = 3 + i64::from(REMEMBERED);
        let rows = world.number("SELECT count(*) FROM discovered").await;
        let syncs = world.number("SELECT count(*) FROM syncs WHERE discovered").await;
        assert!(rows <= most && syncs <= most, "round {round}: {rows} rows, {syncs} syncs");
    }
    assert_eq!(world.number("SELECT count(*) FROM discovered WHERE schema IS NOT NULL").await, 3, "what is there");
    let listed = world.store.discovered_streams(&connection.id).await.expect("list");
    let names: Vec<&str> = listed.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names[..2], ["model.r47.0", "model.r48.0"], "the oldest went first");
    let back = put(&world, &connection, &[stream("r48.1"), stream("r3.0")]).await;
    assert_eq!((back.back, back.added), (vec!["model.r48.1".to_owned()], vec!["model.r3.0".to_owned()]));
    let row = world.store.discovered_stream(&connection.id, "model.r48.1").await.expect("read");
    assert_eq!(row, Some(stream("r48.1")), "with its schema again");
    assert!(!sync(&world, &connection, "r3.0").await.enabled);
}

#[tokio::test]
async fn what_was_switched_on_or_read_is_never_forgotten() {
    let (world, connection) = connected().await;
    put(&world, &connection, &[stream("read"), stream("on"), stream("timed"), stream("never")]).await;
    for name in ["read", "on"] {
        let id = sync(&world, &connection, name).await.id;
        world.store.set_sync_enabled(&world.tenant, &id, true, "test").await.expect("on");
    }
    let timed = sync(&world, &connection, "timed").await.id;
    let daily = Schedule::Every(Duration::from_secs(86_400));
    world.store.set_schedule(&world.tenant, &timed, daily, true, "test").await.expect("timed");
    world.store.schedule_due(10).await.expect("scheduled");
    let read = sync(&world, &connection, "read").await;
    let claimed = world.claim().await;
    let run = claimed.iter().find(|run| run.sync == read.id).expect("a run");
    world.store.commit_page(page(run, Step::End, &[("1", 1), ("2", 1)])).await.expect("kept");
    for run in &claimed {
        world.store.finish_run(&run.run, run.epoch, RunEnd::of(RunState::Done)).await.expect("over");
    }
    world.store.set_sync_enabled(&world.tenant, &read.id, false, "test").await.expect("off");
    for round in 0..20 {
        world.clock.advance(Duration::from_secs(60));
        put(&world, &connection, &[stream(&format!("r{round}.0")), stream(&format!("r{round}.1"))]).await;
    }
    let listed = world.store.discovered_streams(&connection.id).await.expect("list");
    let there = |name: &str| listed.iter().any(|row| row.name == format!("model.{name}"));
    assert_eq!(["read", "on", "timed", "never"].map(there), [true, true, true, false]);
    let kept = sync(&world, &connection, "read").await;
    assert_eq!((kept.id, kept.records), (read.id, 2));
    sync(&world, &connection, "on").await;
    sync(&world, &connection, "timed").await;
}

#[tokio::test]
async fn what_is_gone_takes_no_room_and_what_finds_none_is_told() {
    let (world, connection) = connected().await;
    let of = |stream: &str, gone: &str| {
        format!(
            "INSERT INTO syncs (id, tenant, connection, account, stream, schedule, enabled, created_at, every, \
             discovered, gone_at, custom) SELECT 'syn_' || i.value, tenant, connection, 'ac' || i.value, '{stream}', \
             schedule, enabled, created_at, every, TRUE, {gone}, TRUE FROM syncs, json_each('[{}]') i \
             WHERE NOT discovered",
            (0..i64::from(SYNCS)).map(|no| no.to_string()).collect::<Vec<_>>().join(",")
        )
    };
    world.ddl(of("model.old", "1")).await;
    let done = put(&world, &connection, &[stream("a")]).await;
    assert_eq!((done.added.len(), done.roomless), (1, 0), "what is gone takes none");
    world.ddl("UPDATE syncs SET stream = 'model.each', gone_at = NULL WHERE stream = 'model.old'").await;
    let each = DiscoveredStream { per_account: true, ..stream("each") };
    let done = put(&world, &connection, &[stream("a"), stream("b"), each]).await;
    assert_eq!((done.added.len(), done.roomless), (2, 2), "one for b, and one for the account of each");
}

#[tokio::test]
async fn a_connection_is_asked_by_one_at_a_time_and_what_came_to_nothing_changes_no_plan() {
    let (world, connection) = connected().await;
    let id = &connection.id;
    let until = || world.store.now().plus(Duration::from_secs(120));
    let mine = world.store.claim_discovery(id, until()).await.expect("asked").expect("mine");
    assert!(world.store.claim_discovery(id, until()).await.expect("asked").is_none(), "not twice");
    world.store.unclaim_discovery(mine).await.expect("given back");
    world.clock.advance(Duration::from_secs(86_400));
    let due = || world.store.claim_discoveries(world.store.now().plus(Duration::from_secs(3_600)), 10);
    assert_eq!(due().await, Ok(Vec::new()), "as before: never");

    world.store.discover_from(id, world.store.now()).await.expect("asked for");
    assert_eq!(due().await.map(|due| due.len()), Ok(1));
    let mine = world.store.claim_discovery(id, until()).await.expect("asked").expect("a retry in an hour is nobody's");
    // Something happened meanwhile: that stands.
    world.store.discover_from(id, world.store.now()).await.expect("asked for");
    world.store.unclaim_discovery(mine).await.expect("given back");
    assert_eq!(due().await.map(|due| due.len()), Ok(1));

    drop(world.store.claim_discovery(id, until()).await.expect("asked").expect("mine"));
    world.clock.advance(Duration::from_secs(121));
    assert_eq!(due().await.map(|due| due.len()), Ok(1), "whoever died has it no longer");
}
