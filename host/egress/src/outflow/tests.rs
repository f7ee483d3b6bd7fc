use std::sync::Mutex;

use async_trait::async_trait;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use super::*;
use crate::BlobSource;

/// A file that says how it was read.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    /// It gives no more than this at a time; 0 for no limit.
    pub(crate) slow: usize,
    /// How far it was read, and how often its beginning was.
    pub(crate) read: Mutex<(u64, usize)>,
}

#[async_trait]
impl BlobSource for Held {
    async fn read(&self, offset: u64, len: u32) -> Option<Vec<u8>> {
        let most = if self.slow == 0 { len as usize } else { self.slow.min(len as usize) };
        let from = self.bytes.get(usize::try_from(offset).ok()?..)?;
        let piece = from.get(..most).unwrap_or(from).to_vec();
        let mut read = self.read.lock().expect("a lock");
        read.0 = read.0.max(offset + piece.len() as u64);
        read.1 += usize::from(offset == 0);
        Some(piece)
    }
}

pub(crate) fn file(bytes: &[u8]) -> BlobBody {
    of(Arc::new(Held { bytes: bytes.to_vec(), ..Held::default() }), bytes.len())
}

pub(crate) fn of(source: Arc<Held>, size: usize) -> BlobBody {
    let sha256 = Sha256::digest(&source.bytes).into();
    BlobBody { size: size as u64, sha256, made_here: false, source }
}

/// Bytes that repeat nowhere soon.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| u8::try_from((n * 7 + n / 251) % 256).expect("a byte")).collect()
}

async fn all(mut outflow: Outflow) -> Result<Vec<u8>, EndedEarly> {
    let mut all = Vec::new();
    while let Some(frame) = outflow.frame().await {
        all.extend_from_slice(&frame?.into_data().unwrap_or_default());
    }
    Ok(all)
}

async fn flown(pieces: &[Piece]) -> Result<Vec<u8>, EndedEarly> {
    let outflow = Outflow::of(pieces, Arc::default());
    let promised = outflow.size_hint().exact().expect("an exact length");
    let going = Arc::clone(&outflow.going);
    let all = all(outflow).await?;
    assert_eq!((all.len() as u64, going.bytes()), (promised, promised));
    Ok(all)
}

#[tokio::test]
async fn what_leaves_is_what_was_given_and_as_long_as_was_said() {
    for size in [0, 1, 2, 3, FRAME - 1, FRAME, FRAME + 1, PIECE as usize - 1, PIECE as usize, PIECE as usize * 2 + 7] {
        for slow in [0, 1_000, 100_001] {
            let whole = bytes(size);
            let file = of(Arc::new(Held { bytes: whole.clone(), slow, ..Held::default() }), size);
            let text = |text: &'static str| Piece::Bytes(Bytes::from_static(text.as_bytes()));
            let plain = [text("<"), Piece::File(file.clone()), text(">")];
            assert_eq!(flown(&plain).await.expect("a body"), [b"<", &whole[..], b">"].concat(), "{size} {slow}");
            let coded = [Piece::Base64(file.clone()), text("|"), Piece::Base64(file)];
            let base64 = STANDARD.encode(&whole);
            assert_eq!(flown(&coded).await.expect("a body"), format!("{base64}|{base64}").as_bytes(), "{size} {slow}");
        }
    }
}

#[tokio::test]
async fn a_file_shorter_than_it_was_said_to_be_ends_the_body_with_an_error() {
    for (has, says) in
        [(0, 1), (10, 11), (PIECE as usize, PIECE as usize + 1), (PIECE as usize * 2, PIECE as usize * 3)]
    {
        let file = of(Arc::new(Held { bytes: bytes(has), ..Held::default() }), says);
        for piece in [Piece::File(file.clone()), Piece::Base64(file.clone())] {
            let outflow = Outflow::of(std::slice::from_ref(&piece), Arc::default());
            let going = Arc::clone(&outflow.going);
            assert!(all(outflow).await.is_err(), "{has} of {says}");
            going.broken().await;
        }
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_known_before_anything_leaves() {
    let gone = Piece::File(of(Arc::default(), 10));
    let head = Piece::Bytes(Bytes::from_static(b"head"));
    assert!(Outflow::of(std::slice::from_ref(&gone), Arc::default()).prime().await.is_err());
    assert!(Outflow::of(&[head.clone(), gone], Arc::default()).prime().await.is_err());
    let there = [head, Piece::File(file(b"abc"))];
    let mut outflow = Outflow::of(&there, Arc::default());
    outflow.prime().await.expect("it is there");
    assert_eq!(all(outflow).await.expect("a body"), b"headabc");
}
