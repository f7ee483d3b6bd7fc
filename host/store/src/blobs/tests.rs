//! What files promise, on both databases.

use patchbay_model::PushId;

use super::*;
use crate::{Accepted, Retention, testing::World};

const DAY: Duration = Duration::from_secs(86_400);
const MIB: u64 = 1024 * 1024;

fn new(world: &World, name: &str) -> NewBlob {
    NewBlob { tenant: world.tenant.clone(), name: name.to_owned(), media_type: "application/pdf".to_owned(), length: 0 }
}

/// An upload with these pieces that has not ended.
async fn begun(world: &World, name: &str, pieces: &[Vec<u8>]) -> Blob {
    let blob = world.store.begin_blob(new(world, name), 64 * MIB).await.expect("begun");
    world.store.append_blob(&world.tenant, &blob.id, 0, pieces.to_vec(), 64 * MIB).await.expect("appended");
    blob
}

/// A file that goes in a day.
async fn uploaded(world: &World, name: &str, pieces: &[Vec<u8>]) -> Blob {
    let blob = begun(world, name, pieces).await;
    world.store.end_blob(&blob.id, [7; 32], world.store.now().plus(DAY)).await.expect("ended")
}

/// A push that names a file, as accepting one leaves it.
async fn named(world: &World, key: &str, blob: &Blob) -> PushId {
    let Ok(Accepted::New(push)) = world.store.accept_push(world.push(key, None)).await else { panic!("not accepted") };
    world.ddl(format!("INSERT INTO push_blobs (push, blob) VALUES ('{}', '{}')", push.id, blob.id)).await;
    world.ddl(format!("UPDATE blobs SET expires_at = NULL WHERE id = '{}'", blob.id)).await;
    push.id
}

async fn end(world: &World, push: &PushId) {
    let now = world.store.now().as_micros();
    world.ddl(format!("UPDATE pushes SET state = 'done', ended_at = {now} WHERE id = '{push}'")).await;
}

/// Seven days after the last item, one without any.
async fn forget(world: &World) -> u64 {
    let year = DAY * 365;
    let keep = Retention {
        runs: year,
        tombstones: year,
        dead_letters: year,
        events: year,
        drifts: year,
        blobs: DAY * 7,
        unused_blobs: DAY,
        runs_per_sync: 1_000,
    };
    world.store.forget(&keep, 100).await.expect("forgotten").blobs
}

#[tokio::test]
async fn a_file_is_kept_in_pieces_and_read_piece_by_piece() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let pieces = [vec![0; PIECE_BYTES], vec![255; PIECE_BYTES], b"\0\xffend".to_vec()];
    let blob = store.begin_blob(new(&world, "Übersicht 2026.pdf"), MIB).await.expect("begun");
    assert_eq!((blob.size, blob.sha256), (0, None));
    store.append_blob(tenant, &blob.id, 0, pieces[..2].to_vec(), MIB).await.expect("appended");
    store.append_blob(tenant, &blob.id, 2, pieces[2..].to_vec(), MIB).await.expect("appended");
    let until = store.now().plus(DAY);
    let file = store.end_blob(&blob.id, [9; 32], until).await.expect("ended");
    let size = 2 * PIECE_BYTES as u64 + 5;
    let wanted = Blob { size, sha256: Some([9; 32]), expires_at: Some(until), ..blob };
    assert_eq!((&file, &file.name[..]), (&wanted, "Übersicht 2026.pdf"));
    assert_eq!(store.blob(tenant, &file.id).await.as_ref(), Ok(&file));
    for (no, piece) in (0..).zip(&pieces) {
        assert_eq!(store.blob_piece(&file.id, no).await.as_ref(), Ok(&Some(piece.clone())));
    }
    assert_eq!(store.blob_piece(&file.id, 3).await, Ok(None));
    // What has ended is changed by nobody.
    let late = store.append_blob(tenant, &file.id, 3, vec![vec![1]], MIB).await;
    assert_eq!(late, Err(StoreError::NotFound));
    assert_eq!(store.end_blob(&file.id, [1; 32], until).await, Err(StoreError::NotFound));
    store.drop_blob(&file.id).await.expect("nothing to drop");
    assert_eq!(store.blob(tenant, &file.id).await, Ok(file));
}

#[tokio::test]
async fn an_upload_that_has_not_ended_is_no_file() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let blob = begun(&world, "a.pdf", &[vec![1; 10]]).await;
    assert_eq!(store.blobs(tenant, None, 10).await.expect("a list").items, []);
    assert_eq!(store.blob_piece(&blob.id, 0).await, Ok(None));
    assert_eq!(store.delete_blob(tenant, &blob.id, "x").await, Err(StoreError::NotFound));
    store.drop_blob(&blob.id).await.expect("dropped");
    assert_eq!(store.blob(tenant, &blob.id).await, Err(StoreError::NotFound));
    let late = store.append_blob(tenant, &blob.id, 1, vec![vec![1]], MIB).await;
    assert_eq!(late, Err(StoreError::NotFound), "whoever still appends");
    assert_eq!(world.number("SELECT count(*) FROM blob_pieces").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM blobs").await, 0);
}

#[tokio::test]
async fn what_is_of_another_tenant_is_not_there() {
    let world = World::open().await;
    let store = &world.store;
    let blob = uploaded(&world, "a.pdf", &[vec![1; 10]]).await;
    let open = begun(&world, "b.pdf", &[vec![1; 10]]).await;
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert_eq!(store.blob(&other, &blob.id).await, Err(StoreError::NotFound));
    assert_eq!(store.blobs(&other, None, 10).await.expect("a list").items, []);
    assert_eq!(store.delete_blob(&other, &blob.id, "x").await, Err(StoreError::NotFound));
    let append = store.append_blob(&other, &open.id, 1, vec![vec![1]], MIB).await;
    assert_eq!(append, Err(StoreError::NotFound));
    assert_eq!(store.blob_piece(&blob.id, 0).await, Ok(Some(vec![1; 10])));
}

#[tokio::test]
async fn files_are_listed_newest_first_page_by_page() {
    let world = World::open().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(uploaded(&world, &format!("{n}.pdf"), &[vec![n]]).await.id);
        world.clock.advance(Duration::from_millis(5));
    }
    ids.reverse();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = world.store.blobs(&world.tenant, after.as_deref(), 2).await.expect("a page");
        seen.extend(page.items.into_iter().map(|blob| blob.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn the_room_of_a_tenant_is_that_of_all_its_files_and_small_ones_count_too() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let long = NewBlob { length: MIB + 1, ..new(&world, "a.pdf") };
    assert_eq!(store.begin_blob(long, MIB).await, Err(StoreError::Full), "refused before it is sent");
    let first = uploaded(&world, "a.pdf", &[vec![0; 700 * 1024]]).await;
    let blob = store.begin_blob(new(&world, "b.pdf"), MIB).await.expect("there is room");
    let more = store.append_blob(tenant, &blob.id, 0, vec![vec![0; 325 * 1024]], MIB).await;
    assert_eq!(more, Err(StoreError::Full));
    assert_eq!(store.blob(tenant, &blob.id).await.map(|blob| blob.size), Ok(0), "nothing of it was kept");
    assert_eq!(world.number("SELECT count(*) FROM blob_pieces").await, 1);
    store.append_blob(tenant, &blob.id, 0, vec![vec![0; 324 * 1024]], MIB).await.expect("to the last byte");
    // Another tenant's room is its own.
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    store.begin_blob(NewBlob { tenant: other, ..new(&world, "c.pdf") }, MIB).await.expect("begun");

    store.drop_blob(&blob.id).await.expect("dropped");
    store.delete_blob(tenant, &first.id, "x").await.expect("deleted");
    for n in 0..64 {
        store.begin_blob(new(&world, &n.to_string()), MIB).await.expect("a small one");
    }
    assert_eq!(store.begin_blob(new(&world, "one more"), MIB).await, Err(StoreError::Full));
}

#[tokio::test]
async fn two_nodes_together_do_not_take_more_room_than_there_is() {
    let world = World::open().await;
    let other = world.node().await.unwrap_or_else(|| world.store.clone());
    let half = vec![vec![0; 600 * 1024]];
    for round in 0..8 {
        let one = world.store.begin_blob(new(&world, "a"), MIB).await.expect("begun");
        let two = other.begin_blob(new(&world, "b"), MIB).await.expect("begun");
        let taken = tokio::join!(
            world.store.append_blob(&world.tenant, &one.id, 0, half.clone(), MIB),
            other.append_blob(&world.tenant, &two.id, 0, half.clone(), MIB)
        );
        let full = [&taken.0, &taken.1].into_iter().filter(|done| **done == Err(StoreError::Full)).count();
        assert_eq!(full, 1, "round {round}: {taken:?}");
        for id in [one.id, two.id] {
            world.store.drop_blob(&id).await.expect("dropped");
        }
    }
}

#[tokio::test]
async fn a_file_is_deleted_by_its_tenant_but_not_while_an_item_needs_it() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let blob = uploaded(&world, "a.pdf", &[vec![1; 10]]).await;
    let kept = uploaded(&world, "b.pdf", &[vec![2; 10]]).await;
    let push = named(&world, "k", &blob).await;
    assert_eq!(store.delete_blob(tenant, &blob.id, "person").await, Err(IN_USE));
    assert_eq!(store.blob_piece(&blob.id, 0).await, Ok(Some(vec![1; 10])));
    end(&world, &push).await;
    store.delete_blob(tenant, &blob.id, "person").await.expect("deleted");
    assert_eq!(store.blob(tenant, &blob.id).await, Err(StoreError::NotFound));
    assert_eq!(store.blob_piece(&kept.id, 0).await, Ok(Some(vec![2; 10])), "the other one stays");
    assert_eq!(world.number("SELECT count(*) FROM blob_pieces").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM push_blobs").await, 0);
    assert_eq!(world.told("blob.deleted").await, 1);
}

#[tokio::test]
async fn what_a_broken_upload_left_goes_after_some_minutes_and_one_that_goes_on_stays() {
    let world = World::open().await;
    let left = begun(&world, "a.pdf", &[vec![1; 10]]).await;
    let going = begun(&world, "b.pdf", &[vec![1; 10]]).await;
    world.clock.advance(Duration::from_secs(599));
    assert_eq!(forget(&world).await, 0);
    let more = world.store.append_blob(&world.tenant, &going.id, 1, vec![vec![1]], MIB).await;
    more.expect("it goes on");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(forget(&world).await, 1);
    assert_eq!(world.store.blob(&world.tenant, &left.id).await, Err(StoreError::NotFound));
    assert_eq!(world.store.blob(&world.tenant, &going.id).await.map(|blob| blob.size), Ok(11));
    assert_eq!(world.number("SELECT count(*) FROM blob_pieces").await, 2);
}

#[tokio::test]
async fn a_file_stays_as_long_as_an_item_needs_it_and_some_days_more() {
    let world = World::open().await;
    let blob = uploaded(&world, "a.pdf", &[vec![1; 10]]).await;
    let unused = uploaded(&world, "b.pdf", &[vec![1; 10]]).await;
    let (first, second) = (named(&world, "k1", &blob).await, named(&world, "k2", &blob).await);
    world.clock.advance(DAY);
    assert_eq!(forget(&world).await, 1, "only what nothing names");
    assert_eq!(world.store.blob(&world.tenant, &unused.id).await, Err(StoreError::NotFound));
    world.clock.advance(DAY * 30);
    end(&world, &first).await;
    assert_eq!(forget(&world).await, 0, "the other one may still be sent");
    world.clock.advance(DAY);
    end(&world, &second).await;
    let ended = world.store.now();
    // It is looked at later than it ended, and its time is counted from then.
    world.clock.advance(DAY * 2);
    assert_eq!(forget(&world).await, 0);
    let until = world.store.blob(&world.tenant, &blob.id).await.expect("it is there").expires_at;
    assert_eq!(until, Some(ended.plus(DAY * 7)));
    world.clock.advance(DAY * 5 - Duration::from_micros(1));
    assert_eq!(forget(&world).await, 0);
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(forget(&world).await, 1);
    for table in ["SELECT count(*) FROM blobs", "SELECT count(*) FROM blob_pieces", "SELECT count(*) FROM push_blobs"] {
        assert_eq!(world.number(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn an_item_that_goes_on_after_its_end_keeps_its_files() {
    let world = World::open().await;
    let blob = uploaded(&world, "a.pdf", &[vec![1; 10]]).await;
    let push = named(&world, "k", &blob).await;
    end(&world, &push).await;
    assert_eq!(forget(&world).await, 0);
    world.clock.advance(DAY * 7);
    // Sent again by a person, a moment before the file goes.
    world.ddl("UPDATE pushes SET state = 'planned', ended_at = NULL").await;
    assert_eq!(forget(&world).await, 0);
    assert_eq!(world.store.blob(&world.tenant, &blob.id).await.map(|blob| blob.expires_at), Ok(None));
    assert_eq!(world.store.blob_piece(&blob.id, 0).await, Ok(Some(vec![1; 10])));
}

#[tokio::test]
async fn large_files_go_a_few_at_a_time() {
    let world = World::open().await;
    for n in 0..5 {
        uploaded(&world, &n.to_string(), &[vec![0; 10]]).await;
    }
    world.ddl(format!("UPDATE blobs SET size = {}", 30 * MIB)).await;
    world.clock.advance(DAY);
    assert_eq!((forget(&world).await, forget(&world).await, forget(&world).await), (2, 2, 1));
    assert_eq!(forget(&world).await, 0);
}
