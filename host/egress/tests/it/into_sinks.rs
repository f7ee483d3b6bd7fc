//! Answers that are not held in memory: they go to a sink while they are read, unpacked and without a
//! secret, within the bounds of any other answer.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use flate2::{Compression, write::GzEncoder};
use patchbay_egress::{AnswerSink, Begin, SendError, StoredAnswer};
use sha2::{Digest, Sha256};

use crate::support::{Diary, Fake, Reply, TOKEN, answer, door, gate, grant, ok, peak, read, write, writing_door};

const MIB: usize = 1024 * 1024;

/// Hashes what it takes; keeps the beginning.
#[derive(Default)]
pub(crate) struct Sunk {
    pub(crate) state: Mutex<State>,
    pub(crate) room: Option<usize>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) begun: Vec<Option<String>>,
    hash: Sha256,
    head: Vec<u8>,
    pub(crate) size: usize,
    largest: usize,
}

#[async_trait]
impl AnswerSink for Sunk {
    async fn begin(&self, media_type: Option<&str>) {
        let mut state = self.state.lock().expect("a lock");
        let begun = std::mem::take(&mut state.begun);
        *state = State { begun, ..State::default() };
        state.begun.push(media_type.map(str::to_owned));
    }

    async fn take(&self, bytes: Vec<u8>) -> bool {
        let mut state = self.state.lock().expect("a lock");
        state.hash.update(&bytes);
        state.size += bytes.len();
        state.largest = state.largest.max(bytes.len());
        if state.head.len() < 1_000 {
            state.head.extend_from_slice(&bytes[..bytes.len().min(1_000)]);
        }
        self.room.is_none_or(|room| state.size <= room)
    }
}

impl Sunk {
    pub(crate) fn with<T>(&self, then: impl FnOnce(&State) -> T) -> T {
        then(&self.state.lock().expect("a lock"))
    }

    fn text(&self) -> String {
        self.with(|state| String::from_utf8_lossy(&state.head).into_owned())
    }
}

pub(crate) fn sink() -> (Arc<Sunk>, Arc<dyn AnswerSink>) {
    let sunk = Arc::new(Sunk::default());
    (Arc::clone(&sunk), sunk)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("it fits into memory");
    encoder.finish().expect("it fits into memory")
}

#[tokio::test]
async fn twenty_mib_come_in_with_little_memory_and_without_a_secret_at_any_border() {
    let mut body = vec![b'.'; 20 * MIB];
    let mut at = 1;
    // First one beside the other, so that no border misses them all.
    while at + TOKEN.len() < body.len() {
        body[at..at + TOKEN.len()].copy_from_slice(TOKEN.as_bytes());
        at += if at < 3 * MIB { TOKEN.len() + 2 } else { 65_536 + 3 };
    }
    let wanted: Vec<u8> = String::from_utf8(body.clone()).expect("text").replace(TOKEN, "[secret]").into_bytes();
    let wanted = (wanted.len(), <[u8; 32]>::from(Sha256::digest(&wanted)));
    for packed in [false, true] {
        let sent = match packed {
            true => answer("200 OK", "content-type: a/b\r\ncontent-encoding: gzip\r\n", &gzip(&body)),
            false => answer("200 OK", "content-type: a/b\r\n", &body),
        };
        // The fake takes a copy for each answer.
        let sent = Arc::new(Mutex::new(vec![sent.clone(), sent]));
        let left = Arc::clone(&sent);
        let fake = Fake::plain(move |_, _| {
            std::future::ready(Reply::Bytes(left.lock().expect("a lock").pop().unwrap_or_default()))
        })
        .await;
        let one = door(&gate(&fake), grant());
        let (sunk, into) = sink();
        one.send_into(read("/a"), Arc::clone(&into)).await.expect("an answer");
        let before = peak();
        let response = one.send_into(read("/a"), into).await.expect("an answer");
        assert!((response.status, response.body.len()) == (200, 0), "the sink has it");
        let grown = peak() - before;
        assert!(grown < 8, "{packed}: {grown} MiB more");
        assert!(sunk.with(|state| (state.size, state.hash.clone().finalize().into())) == wanted, "{packed}");
        assert!(sunk.with(|state| state.largest) < 3 * MIB, "{packed}");
        assert_eq!(sunk.with(|state| state.begun.clone()), vec![Some("a/b".to_owned()); 2]);
    }
}

#[tokio::test]
async fn a_sink_begins_again_with_another_attempt() {
    let fake = Fake::plain(|number, _| {
        std::future::ready(match number {
            // Torn in the middle.
            1 => Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfirst".to_vec()),
            // Errors are read here, before anybody knows whether they are the last word.
            2 => Reply::Bytes(answer("429 Slow", "retry-after: 0\r\n", b"wait")),
            3 => Reply::Bytes(answer("401 Who", "", b"who")),
            _ => Reply::Bytes(ok("second")),
        })
    })
    .await;
    let (sunk, into) = sink();
    door(&gate(&fake), grant()).send_into(read("/a"), into).await.expect("an answer");
    assert_eq!((sunk.text(), sunk.with(|state| state.begun.len())), ("second".to_owned(), 2));
}

#[tokio::test]
async fn an_error_and_an_answer_of_the_journal_go_to_the_sink_as_well() {
    let refusal = format!("{{\"token\":\"{TOKEN}\"}}");
    let fake =
        Fake::always(&String::from_utf8(answer("422 No", "content-type: a/c\r\n", refusal.as_bytes())).expect("text"))
            .await;
    let (sunk, into) = sink();
    let response = door(&gate(&fake), grant()).send_into(read("/a"), into).await.expect("an answer");
    assert_eq!((response.status, response.body.len(), sunk.text().as_str()), (422, 0, "{\"token\":\"[secret]\"}"));
    assert_eq!(sunk.with(|state| state.begun.clone()), [Some("a/c".to_owned())]);

    let stored = StoredAnswer { status: 201, headers: Vec::new(), body: b"kept".to_vec(), whole: true };
    let diary = Arc::new(Diary { says: Mutex::new(vec![Begin::Replay(stored)]), ..Diary::default() });
    let (sunk, into) = sink();
    let response = writing_door(&gate(&fake), &diary).send_into(write("/a"), into).await.expect("an answer");
    assert!(response.replayed && response.body.is_empty());
    assert_eq!(sunk.text(), "kept");
}

#[tokio::test]
async fn the_journal_keeps_the_beginning_of_what_a_sink_took() {
    let body = format!("{TOKEN}{}", "x".repeat(200_000));
    let fake = Fake::always(&String::from_utf8(ok(&body)).expect("text")).await;
    let diary = Arc::new(Diary::default());
    let (sunk, into) = sink();
    writing_door(&gate(&fake), &diary).send_into(write("/a"), into).await.expect("an answer");
    let kept = diary.answers.lock().expect("a lock")[0].body.clone();
    assert!(kept.len() == 65_536 && kept.starts_with(b"[secret]xxx"));
    assert_eq!(sunk.with(|state| state.size), 200_008);
}

#[tokio::test]
async fn more_than_a_sink_may_get_is_too_large_and_for_a_write_unknown() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let piece = format!("10000\r\n{}\r\n", "a".repeat(65_536)).into_bytes();
    let endless = Fake::plain(move |_, _| std::future::ready(Reply::Endless(head.clone(), piece.clone()))).await;
    let (sunk, into) = sink();
    let sent = door(&gate(&endless), grant()).send_into(read("/a"), into).await;
    assert_eq!(sent, Err(SendError::TooLarge(50 * 1024 * 1024)));
    assert!(sunk.with(|state| state.size) <= 50 * MIB);
    let said = Fake::always("HTTP/1.1 200 OK\r\ncontent-length: 52428801\r\n\r\n").await;
    let (sunk, into) = sink();
    let sent = door(&gate(&said), grant()).send_into(read("/a"), into).await;
    assert!(matches!(sent, Err(SendError::TooLarge(_))) && sunk.with(|state| state.begun.is_empty()));
    // A sink without room.
    let small = Arc::new(Sunk { room: Some(1_000_000), ..Sunk::default() });
    let diary = Arc::new(Diary::default());
    let sent = writing_door(&gate(&endless), &diary).send_into(write("/a"), small).await;
    assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
    assert_eq!(diary.lines(), ["begin create", "lost"]);
}
