//! What uploads and the files of runs promise.

mod run;
mod world;

use std::time::Duration;

use super::*;
use world::{World, bytes};

const MIB: usize = 1 << 20;

async fn begin(world: &World, length: Option<u64>) -> Result<Upload, Fault> {
    world.app.begin_upload(&world.tenant, "a.pdf".to_owned(), "application/pdf", length).await
}

async fn read(world: &World, blob: &Blob) -> Vec<u8> {
    let (mut all, mut no) = (Vec::new(), 0);
    while let Some(piece) = world.app.blob_piece(blob, no).await.expect("a piece") {
        all.extend(piece);
        no += 1;
    }
    all
}

/// That nothing of any upload is there, once what was begun has ended.
async fn nothing_is_left(world: &World) {
    world.app.tasks.close();
    world.app.tasks.wait().await;
    world.app.tasks.reopen();
    for id in world.begun() {
        let there = world.app.store.blob(&world.tenant, &id).await;
        assert_eq!(there, Err(StoreError::NotFound), "{id}");
    }
}

#[tokio::test]
async fn a_file_that_comes_in_odd_pieces_is_read_back_as_it_was_and_never_held_whole() {
    let world = World::open().await;
    let file = bytes(MIB - 3);
    for step in [1_000, 16_384, 262_144, 300_001, MIB] {
        let mut upload = begin(&world, Some(file.len() as u64)).await.expect("begun");
        for part in file.chunks(step) {
            upload.write(part).await.expect("taken");
            assert!(
                upload.whole.len() < AT_ONCE
                    && upload.piece.len() < PIECE_BYTES
                    && upload.piece.capacity() <= PIECE_BYTES
            );
        }
        let blob = upload.finish().await.expect("a file");
        let hash: [u8; 32] = Sha256::digest(&file).into();
        assert_eq!((blob.size, blob.sha256), (file.len() as u64, Some(hash)));
        assert_eq!(blob.expires_at, Some(world.app.clock.now().plus(Duration::from_secs(86_400))));
        assert_eq!(world.app.blob(&world.tenant, &blob.id).await.expect("found"), blob);
        assert!(read(&world, &blob).await == file, "{step}");
        world.app.delete_blob(&world.tenant, &blob.id, "x").await.expect("deleted");
        assert_eq!(world.app.blob_piece(&blob, 0).await.map_err(|fault| fault.code), Err(Code::NotFound));
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let world = World::open().await;
    let mut upload = begin(&world, None).await.expect("begun");
    upload.write(&bytes(600_000)).await.expect("taken");
    world.note(&upload.blob.id);
    let hidden = world.app.blob(&world.tenant, &upload.blob.id).await;
    assert_eq!(hidden.map_err(|fault| fault.code), Err(Code::NotFound), "it is no file yet");
    drop(upload);
    nothing_is_left(&world).await;

    let mut short = begin(&world, Some(700_000)).await.expect("begun");
    short.write(&bytes(600_000)).await.expect("taken");
    world.note(&short.blob.id);
    assert_eq!(short.finish().await.map_err(|fault| fault.code), Err(Code::BodyInvalid));
    nothing_is_left(&world).await;
}

#[tokio::test]
async fn a_file_that_is_empty_or_too_large_is_refused_and_leaves_nothing() {
    let world = World::open().await;
    let refused = async |length| begin(&world, length).await.map(drop).map_err(|fault| fault.code);
    assert_eq!(refused(Some(0)).await, Err(Code::BodyInvalid));
    assert_eq!(refused(Some(MIB as u64 + 1)).await, Err(Code::BodyTooLarge));
    let empty = begin(&world, None).await.expect("begun");
    world.note(&empty.blob.id);
    assert_eq!(empty.finish().await.map_err(|fault| fault.code), Err(Code::BodyInvalid));
    let mut large = begin(&world, None).await.expect("begun");
    world.note(&large.blob.id);
    large.write(&bytes(MIB)).await.expect("to the last byte");
    assert_eq!(large.write(b"x").await.map_err(|fault| fault.code), Err(Code::BodyTooLarge));
    drop(large);
    nothing_is_left(&world).await;
}

#[tokio::test]
async fn a_tenant_whose_room_is_taken_is_told_so_and_others_are_not_concerned() {
    let world = World::open().await;
    let whole = bytes(MIB);
    for _ in 0..4 {
        let mut upload = begin(&world, None).await.expect("begun");
        upload.write(&whole).await.expect("taken");
        upload.finish().await.expect("a file");
    }
    assert_eq!(begin(&world, Some(1)).await.map(drop).map_err(|fault| fault.code), Err(Code::BlobQuota));
    let other = world.app.store.create_tenant("Other", "", "test").await.expect("a tenant").id;
    let upload = world.app.begin_upload(&other, "a".to_owned(), "text/plain", None).await;
    upload.expect("another tenant's").write(b"x").await.expect("taken");
}

#[tokio::test]
async fn an_upload_that_was_forgotten_meanwhile_says_so() {
    let world = World::open().await;
    let mut upload = begin(&world, None).await.expect("begun");
    world.clock.advance(Duration::from_secs(700));
    world.app.forget_old().await.expect("forgotten");
    let late = upload.write(&bytes(MIB)).await.map_err(|fault| fault.code);
    assert_eq!(late, Err(Code::BlobUnusable));
}

#[tokio::test]
async fn a_bad_name_or_type_is_refused_before_anything_is_stored() {
    let world = World::open().await;
    for (name, media_type, code) in [
        ("../a.pdf", "application/pdf", Code::ParameterInvalid),
        ("a\0b", "application/pdf", Code::ParameterInvalid),
        ("a.pdf", "application/x-www-form-urlencoded", Code::MediaType),
        ("a.pdf", "", Code::MediaType),
    ] {
        let refused = world.app.begin_upload(&world.tenant, name.to_owned(), media_type, None).await;
        assert_eq!(refused.map(drop).map_err(|fault| fault.code), Err(code), "{name:?} {media_type:?}");
    }
}
