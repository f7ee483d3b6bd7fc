use super::*;
use crate::{
    Accepted, FeedFilter, PageCommit, RecordFilter, RecordSearch, RunFilter, Step, Trigger,
    testing::{LEASE, World, page},
};

#[tokio::test]
async fn what_belongs_to_another_tenant_is_not_found() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::End, &[("a", 1)])).await.expect("stored");
    let id = settled.connection.id.clone();
    let account = world.store.accounts(&world.tenant, &id).await.expect("accounts").remove(0).id;
    let Ok(Accepted::New(push)) = world.store.accept_push(world.push("k1", Some(&id))).await else { panic!("new") };
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let (store, now) = (&world.store, world.store.now());

    macro_rules! not_found {
        ($($call:expr),* $(,)?) => {$(
            assert_eq!($call.await.err(), Some(StoreError::NotFound), "{}", stringify!($call));
        )*};
    }
    let state = ConnectionState::Broken;
    let end = || crate::PushEnd::of(patchbay_model::PushState::Failed);
    not_found!(
        store.connection(&other, &id),
        store.update_connection(&other, &id, ConnectionUpdate::default(), "x"),
        store.set_connection_state(&other, &id, state, None, "x"),
        store.delete_connection(&other, &id, false, None, "x"),
        store.accounts(&other, &id),
        store.select_account(&other, &id, &account, false, "x"),
        store.syncs(&other, &id),
        store.put_syncs(&other, &id, Vec::new()),
        store.sync(&other, &run.sync),
        store.set_sync_enabled(&other, &run.sync, false, "x"),
        store.reset_sync(&other, &run.sync, "x"),
        store.approve_held(&other, &run.sync, "x"),
        store.enqueue_run(&other, &run.sync, now, Trigger::Manual),
        store.run(&other, &run.run),
        store.cancel_run(&other, &run.run),
        store.records(&other, &id, &RecordFilter { stream: "invoices".into(), ..RecordFilter::default() }),
        store.record(&other, &id, "a1", "invoices", "a"),
        store.count_records(&other, &id),
        store.search_records(&other, &id, &RecordSearch::default()),
        store.push(&other, &push.id),
        store.decide_push(&other, &push.id, end(), "x"),
        store.send_push(&other, &push.id, crate::SendPush::default(), "x"),
        store.withdraw_push(&other, &push.id, "x"),
        store.accept_push(crate::NewPush { tenant: other.clone(), ..world.push("k2", Some(&id)) }),
    );
    assert!(store.runs(&other, &RunFilter { limit: 9, ..RunFilter::default() }).await.expect("none").items.is_empty());
    assert!(store.feed(&other, &FeedFilter { limit: 9, ..FeedFilter::default() }).await.expect("none").is_empty());
    assert_eq!(store.connection_for(&other, "acme.books", "b1").await, Ok(None));
    assert!(store.tally(&other, None).await.expect("none").is_empty());
    let theirs = store.connections(&other, &ConnectionFilter { limit: 9, ..ConnectionFilter::default() }).await;
    assert!(theirs.expect("none").items.is_empty());
    let mut stolen = world.consent("b1");
    (stolen.tenant, stolen.id, stolen.expected_version, stolen.row_version) = (other, id.clone(), Some(1), 2);
    assert!(store.settle(stolen).await.is_err());
    assert_eq!(store.connection(&world.tenant, &id).await.map(|there| there.state), Ok(ConnectionState::Active));
}

#[tokio::test]
async fn a_deleted_connection_leaves_no_credential_and_no_record_and_stops_its_run() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    world.store.commit_page(page(&run, Step::More, &[("a", 1)])).await.expect("stored");
    world.store.delete_connection(&world.tenant, &settled.connection.id, false, None, "person").await.expect("deleted");
    for table in ["SELECT count(*) FROM credentials", "SELECT count(*) FROM records WHERE content IS NOT NULL"] {
        assert_eq!(world.number(table).await, 0, "{table}");
    }
    let late: PageCommit = page(&run, Step::More, &[("b", 1)]);
    assert_eq!(world.store.commit_page(late).await, Err(StoreError::Stale));
    assert_eq!(world.store.heartbeat_run(&run.run, run.epoch, LEASE).await, Err(StoreError::Stale));
    let again = world.connect("b1").await;
    assert_ne!(again.connection.id, settled.connection.id);
}

#[tokio::test]
async fn functions_stay_switched_off_until_somebody_says_otherwise() {
    let world = World::open().await;
    let settled = world.connect("b1").await;
    let id = &settled.connection.id;
    assert!(settled.connection.off.is_empty(), "everything is on");
    let off = vec!["reports".to_owned(), "notes".to_owned()];
    let update = ConnectionUpdate { off: Some(off.clone()), ..ConnectionUpdate::default() };
    let there = world.store.update_connection(&world.tenant, id, update, "person").await.expect("off");
    assert_eq!(there.off, off);
    let name = ConnectionUpdate { name: Some("Other".into()), ..ConnectionUpdate::default() };
    let there = world.store.update_connection(&world.tenant, id, name, "person").await.expect("renamed");
    assert_eq!(there.off, off, "another change leaves them");
    let mut again = world.consent("b1");
    (again.id, again.expected_version, again.row_version) = (id.clone(), Some(1), 2);
    assert_eq!(world.store.settle(again).await.expect("renewed").connection.off, off, "so does a new consent");
    let update = ConnectionUpdate { off: Some(Vec::new()), ..ConnectionUpdate::default() };
    let there = world.store.update_connection(&world.tenant, id, update, "person").await.expect("on");
    assert!(there.off.is_empty());
}

#[tokio::test]
async fn of_two_switches_that_are_turned_at_once_neither_is_lost() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let (store, tenant) = (&world.store, &world.tenant);
    let words = |list: &[&str]| -> Vec<String> { list.iter().map(|word| (*word).to_owned()).collect() };
    let (reports, notes, none) = (words(&["reports"]), words(&["notes"]), Vec::new());
    let (one, other) = tokio::join!(
        store.change_off(tenant, &id, &reports, &none, "one"),
        store.change_off(tenant, &id, &notes, &none, "other"),
    );
    assert!(one.is_ok() && other.is_ok());
    let mut off = store.connection(tenant, &id).await.expect("read").off;
    off.sort();
    assert_eq!(off, ["notes", "reports"]);
    let told = world.told("connection.updated").await;
    assert_eq!(told, 2);
    assert_eq!(store.change_off(tenant, &id, &notes, &reports, "x").await, Ok(notes.clone()), "on again");
    assert_eq!(store.change_off(tenant, &id, &notes, &reports, "x").await, Ok(notes.clone()));
    assert_eq!(world.told("connection.updated").await, 3, "nothing changed");
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.change_off(&other, &id, &reports, &none, "x").await, Err(StoreError::NotFound));
}
