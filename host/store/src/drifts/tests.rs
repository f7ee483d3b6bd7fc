//! What is told about records that look different.

use super::*;
use crate::{
    EventFilter, PageCommit, Step,
    testing::{World, page},
};

fn drift(path: &str, kind: ChangeKind) -> NewDrift {
    NewDrift { path: path.to_owned(), kind: kind.as_str().to_owned(), detail: "string".to_owned() }
}

#[tokio::test]
async fn a_shape_is_kept_with_its_page_and_a_change_of_it_is_listed_and_told() {
    let world = World::open().await;
    let (settled, run) = world.running("b1").await;
    let (store, tenant) = (&world.store, &world.tenant);
    assert_eq!(store.shape(tenant, &run.sync).await, Ok(None));
    let first = PageCommit { shape: Some("{\"v\":1}".to_owned()), ..page(&run, Step::More, &[("a", 1)]) };
    store.commit_page(first).await.expect("stored");
    store.commit_page(page(&run, Step::More, &[("b", 1)])).await.expect("stored");
    assert_eq!(store.shape(tenant, &run.sync).await, Ok(Some("{\"v\":1}".to_owned())), "not changed, not lost");

    let drifts = vec![drift("/vat", ChangeKind::Added), drift("/total", ChangeKind::NewType)];
    let second = PageCommit { shape: Some("{\"v\":2}".to_owned()), drifts, ..page(&run, Step::More, &[("c", 1)]) };
    store.commit_page(second).await.expect("stored");
    let newest = store.drifts(tenant, &run.sync, None, 1).await.expect("drifts");
    let older = store.drifts(tenant, &run.sync, newest.next.as_deref(), 9).await.expect("drifts");
    let seen: Vec<_> = newest.items.iter().chain(&older.items).map(|it| (it.path.as_str(), it.kind.as_str())).collect();
    assert_eq!(seen, [("/total", "new_type"), ("/vat", "added")]);
    assert_eq!((&newest.items[0].run, older.next), (&run.run, None));

    let filter = EventFilter { kind: Some(EventKind::StreamDrifted), limit: 9, ..EventFilter::default() };
    let told = store.events(tenant, &filter).await.expect("events").items;
    assert_eq!((told.len(), told[0].subject.as_str()), (1, settled.connection.id.as_str()));
    let data: serde_json::Value = serde_json::from_str(&told[0].data).expect("JSON");
    assert_eq!((data["added"].as_u64(), data["changed"].as_u64()), (Some(1), Some(1)));
    assert_eq!((data["stream"].as_str(), data["connector"].as_str()), (Some("invoices"), Some("acme.books")));

    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.drifts(&other, &run.sync, None, 9).await.err(), Some(StoreError::NotFound));
}
