//! A write is sent at most once, and the journal knows before anybody else.

use std::sync::{Arc, Mutex};

use patchbay_egress::{Begin, Body, Door, Grant, Incident, Journal, Request, SendError, StoredAnswer, Writes};
use patchbay_model::{contract::CredentialChoice, manifest::ResponseRule};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::support::{
    Diary, Fake, Reply, TOKEN, Tokens, answer, door, gate, gate_at, grant, ok, read, scope, write, writing_door,
};

/// A fake that writes into the same list as the journal.
async fn noting(diary: &Arc<Diary>, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Fake {
    let diary = Arc::clone(diary);
    Fake::plain(move |_, _| {
        diary.note("request");
        std::future::ready(reply())
    })
    .await
}

#[tokio::test]
async fn the_intent_is_written_before_the_first_byte_and_the_answer_before_the_guest_sees_it() {
    let diary = Arc::new(Diary::default());
    let fake = noting(&diary, || Reply::Bytes(answer("201 Created", "x-echo: a\r\n", TOKEN.as_bytes()))).await;
    let gate = gate(&fake);
    let response = writing_door(&gate, &diary).send(write("/items")).await.expect("an answer");
    diary.note("guest");
    assert_eq!(diary.lines(), ["begin create", "request", "answered 201 false", "guest"]);
    let kept = diary.answers.lock().expect("a lock").clone();
    assert_eq!(
        kept,
        [StoredAnswer { status: 201, headers: response.headers, body: b"[secret]".to_vec(), whole: true }]
    );
    assert!(!response.replayed);
}

#[tokio::test]
async fn no_rule_of_a_manifest_makes_an_unclear_answer_to_a_write_an_expired_credential() {
    for (status, tried) in
        [("500 Oops", 1), ("408 Slow", 1), ("409 Conflict", 1), ("401 Unauthorized", 2), ("200 OK", 2)]
    {
        let diary = Arc::new(Diary::default());
        let fake =
            Fake::plain(move |_, _| std::future::ready(Reply::Bytes(answer(status, "", br#"{"code":"expired"}"#))))
                .await;
        let rule = ResponseRule {
            status: None,
            pointer: Some("/code".to_owned()),
            equals: Some(serde_json::json!("expired")),
            unless: Vec::new(),
        };
        let grant = Grant { expired: vec![rule], ..grant() };
        let journal = Arc::clone(&diary) as Arc<dyn Journal>;
        let door = gate(&fake).door(Arc::new(grant), Arc::new(Tokens::default()), scope(Writes::Journal(journal)));
        drop(door.send(write("/items")).await);
        assert_eq!(fake.seen().len(), tried, "{status}: what may have been written is not sent again");
    }
}

#[tokio::test]
async fn a_known_step_is_answered_without_a_connection() {
    let stored = StoredAnswer {
        status: 201,
        headers: vec![("x".to_owned(), "y".to_owned())],
        body: b"{}".to_vec(),
        whole: true,
    };
    let fake = Fake::always("HTTP/1.1 500 Oops\r\n\r\n").await;
    let gate = gate(&fake);
    let send = async |begin: Begin| {
        let diary = Arc::new(Diary { says: Mutex::new(vec![begin]), ..Diary::default() });
        let sent = writing_door(&gate, &diary).send(write("/items")).await;
        assert_eq!(diary.lines(), ["begin create"]);
        sent
    };
    let replayed = send(Begin::Replay(stored)).await.expect("an answer");
    assert!(replayed.replayed && replayed.status == 201 && replayed.body == b"{}");
    assert!(matches!(send(Begin::Unknown).await, Err(SendError::Unknown(_))));
    assert!(matches!(send(Begin::Mismatch).await, Err(SendError::Denied(_))));
    let broken = Arc::new(Diary { broken: true, ..Diary::default() });
    assert!(matches!(writing_door(&gate, &broken).send(write("/items")).await, Err(SendError::NotSent(_))));
    assert_eq!(fake.accepted(), 0);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_never_sent_again() {
    for reply in [
        &b""[..],
        b"HTTP/1.1 201 Cre",
        b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx",
    ] {
        let diary = Arc::new(Diary::default());
        let fake = noting(&diary, move || Reply::Last(reply.to_vec())).await;
        let gate = gate(&fake);
        let sent = writing_door(&gate, &diary).send(write("/items")).await;
        assert!(matches!(sent, Err(SendError::Unknown(_))), "{reply:?}: {sent:?}");
        assert_eq!(diary.lines(), ["begin create", "request", "lost"]);
    }
}

#[tokio::test]
async fn what_never_left_is_known_to_be_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = listener.local_addr().expect("an address");
    drop(listener);
    let diary = Arc::new(Diary::default());
    let gate = gate_at(&format!("http://{closed}"));
    let sent = writing_door(&gate, &diary).send(write("/items")).await;
    assert!(matches!(sent, Err(SendError::NotSent(_))), "{sent:?}");
    assert_eq!(diary.lines(), ["begin create", "not sent"]);
}

#[tokio::test]
async fn a_write_never_rides_on_a_kept_connection() {
    let diary = Arc::new(Diary::default());
    let fake = noting(&diary, || Reply::Bytes(ok("{}"))).await;
    let gate = gate(&fake);
    let door = writing_door(&gate, &diary);
    for _ in 0..3 {
        door.send(read("/items")).await.expect("an answer");
        door.send(write("/items")).await.expect("an answer");
    }
    // One for the reads, and each write its own.
    assert_eq!((fake.seen().len(), fake.accepted()), (6, 4));
}

#[tokio::test]
async fn a_refused_write_opens_its_step_and_a_failed_one_does_not() {
    for (status, line) in [
        ("422 Unprocessable", "answered 422 true"),
        ("429 Too Many", "answered 429 true"),
        ("409 Conflict", "answered 409 false"),
        ("500 Oops", "answered 500 false"),
        ("503 Busy", "answered 503 false"),
    ] {
        let diary = Arc::new(Diary::default());
        let fake = noting(&diary, move || Reply::Bytes(answer(status, "retry-after: 0\r\n", b""))).await;
        let gate = gate(&fake);
        let response = writing_door(&gate, &diary).send(write("/items")).await.expect("an answer");
        assert!(status.starts_with(&response.status.to_string()));
        assert_eq!(diary.lines(), ["begin create", "request", line]);
    }
}

#[tokio::test]
async fn a_write_after_a_renewed_token_is_two_attempts_in_the_journal() {
    let diary = Arc::new(Diary::default());
    let both = Arc::clone(&diary);
    let fake = Fake::plain(move |number, _| {
        both.note("request");
        let status = if number == 1 { "401 Unauthorized" } else { "201 Created" };
        std::future::ready(Reply::Bytes(answer(status, "", b"")))
    })
    .await;
    let gate = gate(&fake);
    let response = writing_door(&gate, &diary).send(write("/items")).await.expect("an answer");
    assert_eq!(response.status, 201);
    let lines = ["begin create", "request", "answered 401 true", "begin create", "request", "answered 201 false"];
    assert_eq!(diary.lines(), lines);
    let hashes = diary.hashes.lock().expect("a lock").clone();
    assert_eq!(hashes[0], hashes[1], "the credential is no part of the request's hash");
}

#[tokio::test]
async fn the_hash_tells_requests_apart() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("")))).await;
    let gate = gate(&fake);
    let diary = Arc::new(Diary::default());
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let variants = [
        write("/items"),
        write("/items?x"),
        Request { method: "PUT".to_owned(), ..write("/items") },
        Request { headers: header("x-a", "b"), ..write("/items") },
        Request { headers: header("x-ab", ""), ..write("/items") },
        Request { body: Body::Json(b"{\"title\":\"y\"}".to_vec()), ..write("/items") },
        Request { body: Body::Empty, ..write("/items") },
    ];
    for request in variants.iter().chain(&variants) {
        writing_door(&gate, &diary).send(request.clone()).await.expect("an answer");
    }
    let hashes = diary.hashes.lock().expect("a lock").clone();
    let (first, second) = hashes.split_at(variants.len());
    assert_eq!(first, second);
    assert_eq!(std::collections::BTreeSet::from_iter(first).len(), variants.len());
}

#[tokio::test]
async fn a_write_needs_a_push_and_a_step() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    let refused = async |door: Door, request: Request| {
        assert!(matches!(door.send(request).await, Err(SendError::Denied(_))));
        assert!(matches!(door.incident(), Some(Incident::Denied(_))));
    };
    refused(door(&gate, grant()), write("/items")).await;
    let diary = Arc::new(Diary::default());
    for step in [None, Some(""), Some("UPPER"), Some("a b"), Some("é"), Some(&*"a".repeat(65))] {
        let request = Request { step: step.map(str::to_owned), ..write("/items") };
        refused(writing_door(&gate, &diary), request).await;
    }
    assert!(diary.lines().is_empty() && fake.accepted() == 0);
}

#[tokio::test]
async fn a_dropped_write_still_tells_the_journal_its_answer() {
    let diary = Arc::new(Diary::default());
    let (arrived, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (came, wait) = (Arc::clone(&arrived), Arc::clone(&go));
    let fake = Fake::plain(move |_, _| {
        came.add_permits(1);
        let wait = Arc::clone(&wait);
        async move {
            wait.acquire().await.expect("a permit").forget();
            Reply::Bytes(ok("{}"))
        }
    })
    .await;
    let gate = gate(&fake);
    let door = writing_door(&gate, &diary);
    let request = Request { credential: CredentialChoice::Nothing, ..write("/items") };
    tokio::select! {
        biased;
        sent = door.send(request) => panic!("no answer was given yet: {sent:?}"),
        permit = arrived.acquire() => permit.expect("a permit").forget(),
    }
    go.add_permits(1);
    while diary.lines().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(diary.lines(), ["begin create", "answered 200 false"]);
}
