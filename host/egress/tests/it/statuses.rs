//! C1 and C2 at the gate: what it does with each status, and with each way to ask for a pause.
//!
//! The gate classifies little: it renews a credential once, sits out short pauses and counts failures of
//! the host. Every status is the guest's to read, which says *gone*, *fail* or *retry* by its own error.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use patchbay_egress::{CredentialSource, EgressConfig, Gate, Grant, SendError, Timeouts, Writes};
use patchbay_model::manifest::{Rate, RateScope};

use crate::support::{Fake, Names, Reply, Tokens, answer, clock, door, gate, grant, ok, read, rewritten, scope};

#[tokio::test]
async fn c1_each_status_is_the_guests_and_only_an_expired_credential_is_renewed() {
    for status in [400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 501, 502, 503, 504, 520, 599] {
        let fake = Fake::plain(move |_, _| {
            std::future::ready(Reply::Bytes(answer(&format!("{status} Status"), "x-why: a\r\n", b"{\"why\":1}")))
        })
        .await;
        let gate = gate(&fake);
        let tokens = Arc::new(Tokens::default());
        let source = Arc::clone(&tokens) as Arc<dyn CredentialSource>;
        let door = gate.door(Arc::new(grant()), source, scope(Writes::Forbidden));
        let answer = door.send(read("/a")).await.expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (status, &b"{\"why\":1}"[..]));
        assert!(answer.headers.contains(&("x-why".to_owned(), "a".to_owned())));
        let sent = if status == 401 { 2 } else { 1 };
        assert_eq!(fake.seen().len(), sent, "{status}");
        assert_eq!(tokens.renewed.load(Ordering::SeqCst), sent - 1, "{status}");
        assert_eq!((door.incident(), door.pause(), door.circuit_open()), (None, None, None), "{status}");
    }
}

#[tokio::test]
async fn c1_an_answer_without_a_body_is_not_waited_for() {
    for head in ["304 Not Modified", "204 No Content"] {
        for length in ["", "content-length: 5\r\n", "content-encoding: gzip\r\n", "transfer-encoding: chunked\r\n"] {
            let bytes = format!("HTTP/1.1 {head}\r\n{length}\r\n").into_bytes();
            let fake = Fake::plain(move |_, _| std::future::ready(Reply::Bytes(bytes.clone()))).await;
            let gate = gate(&fake);
            let door = door(&gate, grant());
            for _ in 0..2 {
                let answer = door.send(read("/a")).await.expect("an answer");
                assert_eq!((answer.status.to_string().as_str(), answer.body.len()), (&head[..3], 0), "{length}");
            }
        }
    }
}

#[tokio::test]
async fn c1_an_interim_status_is_no_answer() {
    let interim = b"HTTP/1.1 199 Wait\r\n\r\n".to_vec();
    let then = [interim.clone(), ok("there")].concat();
    let fake = Fake::plain(move |_, _| std::future::ready(Reply::Bytes(then.clone()))).await;
    assert_eq!(door(&gate(&fake), grant()).send(read("/a")).await.expect("an answer").body, b"there");
    let alone = interim.clone();
    let fake = Fake::plain(move |_, _| std::future::ready(Reply::Last(alone.clone()))).await;
    assert!(matches!(door(&gate(&fake), grant()).send(read("/a")).await, Err(SendError::Unknown(_))));
    let timeouts = Timeouts { total: Duration::from_millis(60), ..Timeouts::default() };
    let fake = Fake::plain(move |_, _| std::future::ready(Reply::Endless(Vec::new(), interim.clone()))).await;
    let config = EgressConfig { timeouts, ..rewritten(&format!("http://{}", fake.address)) };
    let gate = Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate");
    let sent = door(&gate, grant()).send(read("/a")).await;
    assert!(matches!(sent, Err(SendError::Unknown(_))), "interim answers without end: {sent:?}");
}

#[tokio::test]
async fn c2_a_pause_is_obeyed_for_a_day_at_most_however_it_is_asked_for() {
    let day = 24 * 3_600;
    for (asked, seconds) in [
        ("120", Some(120)),
        ("Fri, 20 Nov 2026 17:00:00 GMT", Some(3_600)),
        ("-1", Some(3_600)),
        ("315360000", Some(day)),
        ("Thu, 20 Nov 2036 16:00:00 GMT", Some(day)),
        ("Mon, 20 Nov 2026 17:00:00 GMT", Some(3_600)),
        ("garbage", Some(3_600)),
        ("", Some(3_600)),
    ] {
        for status in ["429 Slow Down", "503 Busy"] {
            let headers = format!("retry-after: {asked}\r\n");
            let fake = Fake::plain(move |_, _| std::future::ready(Reply::Bytes(answer(status, &headers, b"")))).await;
            let gate = gate(&fake);
            let told = door(&gate, grant());
            assert!(told.send(read("/a")).await.is_ok());
            let learnt = gate.paused("ten_1", "con_1").map(|left| left.as_secs_f64().ceil());
            assert_eq!(learnt, seconds.map(f64::from), "{status} {asked}");
            assert_eq!(door(&gate, grant()).send(read("/a")).await, Err(SendError::Stopped));
            assert_eq!(fake.seen().len(), 1);
            assert!(gate.breakers().is_empty(), "who says when to come back is not down");
        }
    }
    // Nothing said is nothing asked.
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(answer("429 Slow Down", "", b"")))).await;
    let gate = gate(&fake);
    assert!(door(&gate, grant()).send(read("/a")).await.is_ok());
    assert_eq!(gate.paused("ten_1", "con_1"), None);
}

#[tokio::test]
async fn a_throttled_path_that_waits_alone_leaves_the_connection_going() {
    let slow = || Grant {
        rates: vec![Rate {
            scope: RateScope::Connection,
            path: Some("/slow".to_owned()),
            per_second: None,
            per_minute: None,
            concurrency: None,
            remaining_header: None,
            reset_header: None,
            alone: true,
        }],
        ..grant()
    };
    for (status, alone) in [("429 Slow Down", true), ("503 Busy", false)] {
        let fake = Fake::plain(move |_, request| {
            let is_slow = request.contains("GET /slow/");
            std::future::ready(Reply::Bytes(if is_slow {
                answer(status, "retry-after: 3600\r\n", b"")
            } else {
                ok("")
            }))
        })
        .await;
        let gate = gate(&fake);
        let told = door(&gate, slow());
        assert!(told.send(read("/slow/a")).await.is_ok(), "the guest reads the answer");
        assert!(told.pause().is_some_and(|left| left > Duration::from_secs(3_500)), "{status}");
        assert_eq!(told.pauses_alone(), alone, "{status}: a host in trouble is no matter of one path");
        assert_eq!(gate.paused("ten_1", "con_1").is_none(), alone, "{status}");
        let later = door(&gate, slow());
        assert_eq!(later.send(read("/slow/a")).await, Err(SendError::Stopped), "{status}");
        assert_eq!(later.pauses_alone(), alone, "{status}");
        assert_eq!(door(&gate, slow()).send(read("/fast")).await.is_ok(), alone, "{status}");
    }
}

#[tokio::test]
async fn c2_what_another_node_was_told_stops_this_one() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    gate.pause("ten_1", "con_1", Duration::from_secs(600));
    let held = door(&gate, grant());
    assert_eq!(held.send(read("/a")).await, Err(SendError::Stopped));
    assert!(held.pause().is_some_and(|left| left > Duration::from_secs(590)));
    assert!(fake.seen().is_empty());
}
