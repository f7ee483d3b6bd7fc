//! What the gate does again by itself, and what it leaves to the guest.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use patchbay_egress::{CredentialSource, Door, DoorScope, Gate, Grant, Incident, SendError, Writes};
use patchbay_model::manifest::{Rate, RateScope};
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

use crate::support::{Fake, Reply, TOKEN, Tokens, answer, door, gate, grant, ok, read, scope};

fn door_with(gate: &Arc<Gate>, tokens: &Arc<Tokens>) -> Door {
    let source = Arc::clone(tokens) as Arc<dyn CredentialSource>;
    gate.door(Arc::new(grant()), source, scope(Writes::Forbidden))
}

/// 401 for the first so many requests.
async fn refusing(times: usize) -> Fake {
    Fake::plain(move |number, request| {
        let bytes = if number <= times { answer("401 Unauthorized", "", b"") } else { ok(&request) };
        std::future::ready(Reply::Bytes(bytes))
    })
    .await
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_request_sent_once_more() {
    let tokens = Arc::new(Tokens::default());
    let fake = refusing(1).await;
    let door = door_with(&gate(&fake), &tokens);
    assert_eq!(door.send(read("/a")).await.expect("an answer").status, 200);
    assert_eq!((tokens.renewed.load(Ordering::SeqCst), fake.seen().len(), door.usage().retries), (1, 2, 1));
    assert!(fake.seen()[0].contains(&format!("Bearer {TOKEN}\r\n")));
    assert!(fake.seen()[1].contains(&format!("Bearer {TOKEN}1\r\n")));

    let fake = refusing(9).await;
    let tokens = Arc::new(Tokens::default());
    assert_eq!(door_with(&gate(&fake), &tokens).send(read("/a")).await.expect("an answer").status, 401);
    assert_eq!((tokens.renewed.load(Ordering::SeqCst), fake.seen().len()), (1, 2));
}

#[tokio::test]
async fn a_young_token_or_one_fetched_for_a_refusal_is_not_renewed() {
    for tokens in [Tokens { young: true, ..Tokens::default() }, Tokens { after_refusal: true, ..Tokens::default() }] {
        let tokens = Arc::new(tokens);
        let fake = refusing(9).await;
        assert_eq!(door_with(&gate(&fake), &tokens).send(read("/a")).await.expect("an answer").status, 401);
        assert_eq!((tokens.renewed.load(Ordering::SeqCst), fake.seen().len()), (0, 1));
    }
}

#[tokio::test]
async fn a_credential_that_cannot_be_renewed_ends_the_run() {
    let tokens = Arc::new(Tokens { dead: true, ..Tokens::default() });
    let fake = refusing(9).await;
    let door = door_with(&gate(&fake), &tokens);
    let dead = SendError::CredentialDead("consent withdrawn".to_owned());
    assert_eq!(door.send(read("/a")).await, Err(dead.clone()));
    assert_eq!(door.incident(), Some(Incident::CredentialDead("consent withdrawn".to_owned())));
    assert_eq!(door.send(read("/a")).await, Err(dead));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_token_that_was_replaced_is_still_masked() {
    let fake = Fake::plain(|number, _| {
        let bytes = if number == 1 { answer("401 Unauthorized", "", b"") } else { ok(&format!("old {TOKEN}!")) };
        std::future::ready(Reply::Bytes(bytes))
    })
    .await;
    let door = door_with(&gate(&fake), &Arc::new(Tokens::default()));
    assert_eq!(door.send(read("/a")).await.expect("an answer").body, b"old [secret]!");
}

#[tokio::test]
async fn a_short_wait_is_sat_out_and_a_long_one_is_the_guests() {
    let fake = Fake::plain(|number, _| {
        let bytes = if number <= 2 { answer("429 Slow Down", "retry-after: 0\r\n", b"") } else { ok("") };
        std::future::ready(Reply::Bytes(bytes))
    })
    .await;
    let patient = door(&gate(&fake), grant());
    assert_eq!(patient.send(read("/a")).await.expect("an answer").status, 200);
    assert_eq!((fake.seen().len(), patient.usage().retries, patient.pause()), (3, 2, None));

    let fake = Fake::always("HTTP/1.1 503 Busy\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n").await;
    let gate = gate(&fake);
    let told = door(&gate, grant());
    assert_eq!(told.send(read("/a")).await.expect("an answer").status, 503);
    // The provider's word holds for the whole connection, in this run and the next.
    for door in [told, door(&gate, grant())] {
        assert_eq!(door.send(read("/a")).await, Err(SendError::Stopped));
        assert!(door.pause().is_some_and(|left| left > Duration::from_secs(3_500)));
    }
    assert_eq!(fake.seen().len(), 1);
    let other = Grant { connection: Some("con_2".to_owned()), ..grant() };
    assert_eq!(door(&gate, other).send(read("/a")).await.expect("an answer").status, 503);
}

#[tokio::test]
async fn a_provider_that_always_says_wait_is_asked_four_times() {
    let fake = Fake::always("HTTP/1.1 429 Slow Down\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(door(&gate(&fake), grant()).send(read("/a")).await.expect("an answer").status, 429);
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_for_a_read() {
    let fake = Fake::plain(|number, _| {
        std::future::ready(if number <= 2 { Reply::Last(Vec::new()) } else { Reply::Bytes(ok("third")) })
    })
    .await;
    let door = door(&gate(&fake), grant());
    assert_eq!(door.send(read("/a")).await.expect("an answer").body, b"third");
    let usage = door.usage();
    assert_eq!((usage.requests, usage.retries), (1, 2));
    assert!(usage.waited > Duration::ZERO);
}

#[tokio::test]
async fn a_cancelled_run_stops_at_once() {
    let arrived = Arc::new(Semaphore::new(0));
    let came = Arc::clone(&arrived);
    let fake = Fake::plain(move |_, _| {
        came.add_permits(1);
        std::future::pending::<Reply>()
    })
    .await;
    let (stop, stopped) = watch::channel(false);
    let bounds =
        DoorScope { writes: Writes::Forbidden, deadline: Instant::now() + Duration::from_secs(30), stop: stopped };
    let door = gate(&fake).door(Arc::new(grant()), Arc::new(Tokens::default()), bounds);
    let cancel = async {
        arrived.acquire().await.expect("a permit").forget();
        stop.send_replace(true);
    };
    let (sent, ()) = tokio::join!(door.send(read("/a")), cancel);
    assert_eq!(sent, Err(SendError::Stopped));
    assert_eq!(door.send(read("/a")).await, Err(SendError::Stopped));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_run_without_time_sends_nothing() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (_, stop) = watch::channel(false);
    let bounds = DoorScope { writes: Writes::Forbidden, deadline: Instant::now(), stop };
    let door = gate(&fake).door(Arc::new(grant()), Arc::new(Tokens::default()), bounds);
    assert_eq!(door.send(read("/a")).await, Err(SendError::Stopped));
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn no_more_requests_than_granted_are_under_way_at_once() {
    let (arrived, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (came, wait, under_way, peak) = (Arc::clone(&arrived), Arc::clone(&go), Arc::clone(&now), Arc::clone(&most));
    let fake = Fake::plain(move |_, _| {
        peak.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        came.add_permits(1);
        let (wait, under_way) = (Arc::clone(&wait), Arc::clone(&under_way));
        async move {
            wait.acquire().await.expect("a permit").forget();
            under_way.fetch_sub(1, Ordering::SeqCst);
            Reply::Bytes(ok(""))
        }
    })
    .await;
    let two = Rate {
        scope: RateScope::Connection,
        path: None,
        per_second: None,
        per_minute: None,
        concurrency: Some(2),
        remaining_header: None,
        reset_header: None,
        alone: false,
    };
    let gate = gate(&fake);
    let door = Arc::new(door(&gate, Grant { rates: vec![two], ..grant() }));
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let door = Arc::clone(&door);
            tokio::spawn(async move { door.send(read("/a")).await })
        })
        .collect();
    // Two arrive; only then is one let go for each that arrives after.
    for _ in 0..6 {
        arrived.acquire().await.expect("a permit").forget();
        if fake.seen().len() >= 2 {
            go.add_permits(1);
        }
    }
    go.add_permits(6);
    for task in tasks {
        assert!(task.await.expect("a task").is_ok());
    }
    assert_eq!((most.load(Ordering::SeqCst), fake.seen().len()), (2, 6));
}
