//! What a run can reach of files, and what it cannot.

use sha2::{Digest as _, Sha256};

use super::{
    super::RunBlobs,
    world::{World, bytes},
};
use crate::push::Attached;
use patchbay_store::{Blob, PIECE_BYTES};

fn attached(blob: &Blob) -> Attached {
    Attached {
        blob: blob.id.clone(),
        name: blob.name.clone(),
        media_type: blob.media_type.clone(),
        size: blob.size,
        sha256: data_encoding::HEXLOWER.encode(&blob.sha256.expect("it has ended")),
    }
}

#[tokio::test]
async fn a_run_reads_the_files_of_its_push_from_any_place_and_no_others() {
    let world = World::open().await;
    let (one, two) = (bytes(600_000), bytes(PIECE_BYTES));
    let (first, second) = (world.upload("1.pdf", &one).await, world.upload("2.pdf", &two).await);
    let other = world.upload("3.pdf", b"somebody else's").await;
    let blobs = RunBlobs::of(&world.app, &[attached(&first), attached(&second)]);
    let (first, second) = (first.id.to_string(), second.id.to_string());
    assert_eq!((blobs.size(&first).await, blobs.size(&second).await), (Some(600_000), Some(PIECE_BYTES as u64)));
    for offset in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 599_999] {
        let wanted = one.len().min((offset / PIECE_BYTES + 1) * PIECE_BYTES).min(offset + 70_000);
        let found = blobs.read(&first, offset as u64, 70_000).await;
        assert_eq!(found.as_deref(), one.get(offset..wanted), "{offset}");
        // Turn by turn with the other one.
        assert_eq!(blobs.read(&second, 7, 3).await.as_deref(), two.get(7..10));
    }
    assert_eq!(blobs.read(&first, 600_000, 1).await, Some(Vec::new()), "at the end there is nothing");
    assert_eq!(blobs.read(&first, u64::MAX, u32::MAX).await, Some(Vec::new()));
    assert!(!blobs.append(&first, b"x".to_vec()).await, "they are only read");
    blobs.discard(&first).await;
    assert_eq!(blobs.size(&first).await, Some(600_000));
    let body = blobs.body(&first).await.expect("a body");
    let hash: [u8; 32] = Sha256::digest(&one).into();
    assert_eq!((body.size, body.sha256, body.made_here), (600_000, hash, false));
    assert_eq!(body.source.read(599_990, 4_096).await.as_deref(), one.get(599_990..));
    for id in [other.id.as_str(), "", "run-1", "../db"] {
        assert_eq!((blobs.size(id).await, blobs.read(id, 0, 9).await), (None, None), "{id}");
        assert!(blobs.body(id).await.is_none() && !blobs.append(id, vec![1]).await, "{id}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_none_and_not_an_empty_one() {
    let world = World::open().await;
    let blob = world.upload("1.pdf", &bytes(300_000)).await;
    let blobs = RunBlobs::of(&world.app, &[attached(&blob)]);
    world.app.delete_blob(&world.tenant, &blob.id, "x").await.expect("deleted");
    assert_eq!(blobs.read(blob.id.as_str(), 0, 10).await, None);
}

#[tokio::test]
async fn what_a_run_makes_it_reads_again_and_nothing_of_it_has_a_name() {
    let world = World::open().await;
    let blobs = RunBlobs::none(&world.app);
    let (first, second) = (blobs.create("text/plain").await, blobs.create("text/plain").await);
    assert_ne!(first, second);
    let content = bytes(500_000);
    for part in content.chunks(100_001) {
        assert!(blobs.append(&first, part.to_vec()).await && blobs.append(&second, vec![0]).await);
    }
    let body = blobs.body(&first).await.expect("a body");
    assert!(blobs.append(&first, b"more".to_vec()).await);
    let hash: [u8; 32] = Sha256::digest(&content).into();
    assert_eq!((body.size, body.sha256, body.made_here), (500_000, hash, true), "as it was when it was asked for");
    assert_eq!(body.source.read(499_999, 100).await.as_deref(), content.get(499_999..));
    assert_eq!(body.source.read(500_000, 100).await, None);
    assert_eq!(blobs.read(&first, 499_999, 100).await.map(|read| read.len()), Some(5));
    assert_eq!(blobs.read(&first, 100_000, 9).await.as_deref(), content.get(100_000..100_009));
    assert_eq!(blobs.size(&second).await, Some(5));
    let scratch = world.folder.path().join("scratch");
    assert_eq!(std::fs::read_dir(&scratch).expect("the folder").count(), 0, "files without names");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(scratch).expect("the folder").permissions().mode() & 0o777, 0o700);
    // Another run has none of it.
    assert_eq!(RunBlobs::none(&world.app).size(&first).await, None);
}

#[tokio::test]
async fn a_run_makes_so_much_and_so_many_and_what_is_discarded_makes_room() {
    let world = World::open().await;
    let blobs = RunBlobs::none(&world.app);
    let mut ids = Vec::new();
    for _ in 0..32 {
        ids.push(blobs.create("text/plain").await);
    }
    let one_more = blobs.create("text/plain").await;
    assert!(!blobs.append(&one_more, vec![1]).await && blobs.size(&one_more).await.is_none());
    assert!(blobs.append(&ids[0], vec![0; 1 << 19]).await && blobs.append(&ids[1], vec![0; 1 << 19]).await);
    assert!(!blobs.append(&ids[2], vec![0]).await, "together");
    assert_eq!(blobs.size(&ids[2]).await, Some(0));
    blobs.discard(&ids[0]).await;
    assert!(blobs.append(&ids[2], vec![0; 1 << 19]).await && blobs.size(&ids[0]).await.is_none());
    assert!(!blobs.create("text/plain").await.is_empty());
}
