use patchbay_model::Code;

use crate::{
    FeedFilter, NewPending, RecordFilter, Step, StoreError, Trigger,
    testing::{LEASE, World, page},
};

async fn read(world: &World, keep: bool) -> (Gone, i64) {
    let (settled, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::More, &[("a", 1), ("b", 2)])).await.expect("stored");
    world.lose(&settled.connection, vec![7], 2).await;
    let deleted = world.store.delete_connection(&world.tenant, &settled.connection.id, keep, None, "person").await;
    assert_eq!(deleted, Ok(()));
    let records = world.number("SELECT count(*) FROM records WHERE content IS NOT NULL").await;
    (Gone { connection: settled.connection.id, sync: run.sync }, records)
}

struct Gone {
    connection: patchbay_model::ConnectionId,
    sync: patchbay_model::SyncId,
}

#[tokio::test]
async fn records_that_are_kept_can_still_be_read_and_no_run_follows() {
    let world = World::open().await;
    let (gone, records) = read(&world, true).await;
    let (store, tenant, id) = (&world.store, &world.tenant, &gone.connection);
    assert_eq!(records, 2);
    let filter = RecordFilter { stream: "invoices".into(), limit: 9, ..RecordFilter::default() };
    assert_eq!(store.records(tenant, id, &filter).await.expect("kept").items.len(), 2);
    assert_eq!(store.record(tenant, id, "a1", "invoices", "a").await.map(|record| record.key), Ok("a".to_owned()));
    assert_eq!(store.count_records(tenant, id).await.expect("kept").first().map(|count| count.records), Some(2));
    let feed =
        store.feed(tenant, &FeedFilter { connection: Some(id.clone()), limit: 9, ..FeedFilter::default() }).await;
    assert_eq!(feed.expect("kept").len(), 2);
    assert_eq!(store.syncs(tenant, id).await.expect("kept").first().map(|sync| sync.enabled), Some(false));
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.records(&other, id, &filter).await, Err(StoreError::NotFound), "their tenant's only");

    assert_eq!(store.connection(tenant, id).await, Err(StoreError::NotFound));
    assert_eq!(store.enqueue_run(tenant, &gone.sync, store.now(), Trigger::Manual).await, Err(StoreError::NotFound));
    assert_eq!(store.set_sync_enabled(tenant, &gone.sync, true, "x").await, Err(StoreError::NotFound));
    assert_eq!((store.schedule_due(10).await, world.claim().await.len()), (Ok(0), 0));
    for table in ["SELECT count(*) FROM credentials", "SELECT count(*) FROM lost_tokens"] {
        assert_eq!(world.number(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn records_that_are_not_kept_are_gone_with_the_connection() {
    let world = World::open().await;
    let (gone, records) = read(&world, false).await;
    assert_eq!(records, 0);
    let filter = RecordFilter { stream: "invoices".into(), limit: 9, ..RecordFilter::default() };
    assert_eq!(world.store.records(&world.tenant, &gone.connection, &filter).await, Err(StoreError::NotFound));
    assert_eq!(world.store.syncs(&world.tenant, &gone.connection).await.err(), Some(StoreError::NotFound));
}

#[tokio::test]
async fn logins_that_wait_for_a_deleted_connection_are_dropped_with_it() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let id = world.connect("b1").await.connection.id;
    let (first, second) = (world.session(1).await, world.session(2).await);
    for session in [&first, &second] {
        let login = world.login(session, &release, "b1");
        store
            .put_pending(NewPending { connection: id.clone(), new_connection: false, ..login })
            .await
            .expect("it waits");
    }
    store.delete_connection(&world.tenant, &id, false, Some(release), "person").await.expect("deleted");
    for session in [&first, &second] {
        assert_eq!(store.pending(session).await, Ok(None));
        assert_eq!(store.session_by_id(session).await.map(|there| there.code), Ok(Some(Code::SessionUnusable)));
    }
    let mut revoked = Vec::new();
    while let Some(revocation) = store.claim_revocation(LEASE).await.expect("claimed") {
        assert!(!revocation.shared, "nothing of it is left");
        revoked.push(revocation.field);
    }
    assert_eq!(revoked, ["credential", "pending", "pending"]);
    assert_eq!((world.told("session.dropped").await, world.told("revocation.asked").await), (2, 3));
}

#[tokio::test]
async fn every_token_of_a_deleted_connection_waits_to_be_revoked_not_only_the_stored_one() {
    let world = World::open().await;
    let (store, release) = (&world.store, world.release("1.0.0").await);
    let there = world.connect("b1").await.connection;
    world.lose(&there, vec![7; 40], 2).await;
    world.lose(&there, vec![8; 40], 2).await;
    let other = world.connect("b2").await.connection;
    world.lose(&other, vec![9; 40], 2).await;
    store.delete_connection(&world.tenant, &there.id, false, Some(release), "person").await.expect("deleted");
    let mut asked = Vec::new();
    while let Some(found) = store.claim_revocation(LEASE).await.expect("claimed") {
        assert_eq!((&found.connection, found.subject.as_str()), (&there.id, there.id.as_str()));
        asked.push((found.field, found.row_version, found.sealed[0]));
    }
    let lost = |byte| ("lost".to_owned(), 2, byte);
    assert_eq!(asked, [("credential".to_owned(), 1, 1), lost(7), lost(8)]);
    assert_eq!(world.told("revocation.asked").await, 3);
    assert_eq!(store.lost_tokens(&other.id).await.expect("read").len(), 1);
}

#[tokio::test]
async fn whoever_follows_the_feed_hears_that_each_record_of_a_deleted_connection_is_gone() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let (store, tenant, id) = (&world.store, &world.tenant, &settled.connection.id);
    let keys: Vec<String> = (0..2_300).map(|n| format!("k{n:04}")).collect();
    for some in keys.chunks(500) {
        let records: Vec<_> = some.iter().map(|key| (key.as_str(), 1)).collect();
        store.commit_page(page(&run, Step::More, &records)).await.expect("stored");
    }
    let refused = vec![crate::NewDeadLetter { key: None, hash: [1; 32], reason: "x".into(), excerpt: "secret".into() }];
    let bad = crate::PageCommit { refused, deleted: vec!["k0007".into()], ..page(&run, Step::More, &[]) };
    let before = store.commit_page(bad).await.expect("stored").last_seq;
    store.accept_push(world.push("p1", Some(id))).await.expect("accepted");
    store.delete_connection(tenant, id, false, None, "person").await.expect("deleted");
    assert_eq!(world.number("SELECT count(*) FROM records WHERE content IS NOT NULL").await, 299, "the rest follows");
    assert_eq!(world.number("SELECT count(*) FROM dead_letters").await, 0);
    assert_eq!(store.bury_records(200).await, Ok(200));
    assert_eq!(store.bury_records(200).await, Ok(99));
    assert_eq!(store.bury_records(200).await, Ok(0));
    assert_eq!(world.number("SELECT CAST(sum(records) AS BIGINT) FROM syncs").await, 0);

    let (mut after, mut gone) = (before, std::collections::BTreeSet::new());
    loop {
        let changes = store.feed(tenant, &FeedFilter { after, limit: 500, ..FeedFilter::default() }).await;
        let changes = changes.expect("the feed");
        let Some(last) = changes.last() else { break };
        after = last.seq;
        for change in changes {
            assert_eq!((change.operation, change.content), (crate::Operation::Delete, None));
            assert!(gone.insert(change.key));
        }
    }
    assert_eq!(gone.len(), 2_299, "all but the one that was gone before");
    let parted = "SELECT count(*) FROM pushes WHERE state = 'waiting' AND connection IS NULL AND code = 'PB4013'";
    assert_eq!(world.number(parted).await, 1, "nothing of it was sent");
    assert_eq!(world.number("SELECT count(*) FROM events WHERE kind = 'push.ended'").await, 0);
}

#[tokio::test]
async fn records_that_are_kept_are_not_turned_into_deletions() {
    let world = World::open().await;
    read(&world, true).await;
    assert_eq!(world.store.bury_records(100).await, Ok(0));
    assert_eq!(world.number("SELECT count(*) FROM records WHERE content IS NOT NULL").await, 2);
}
