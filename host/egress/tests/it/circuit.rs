//! A host that is down is left alone: what counts, what a run sees, what a push loses (nothing).

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use patchbay_egress::{BreakerState, DoorScope, EgressConfig, Gate, Grant, Request, SendError, Timeouts, Writes};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::Instant,
};

use crate::support::{
    Certificate, Diary, Fake, Names, ORIGIN, Reply, Tokens, answer, clock, door, gate, gate_at, grant, ok, read,
    rewritten, write, writing_door,
};

/// Enough requests, each in a run of its own, to open the circuit five times over.
async fn asked(gate: &Arc<Gate>) {
    for _ in 0..6 {
        let _ = door(gate, grant()).send(read("/a")).await;
    }
}

fn is_open(gate: &Gate) -> bool {
    gate.breakers().iter().any(|state| state.opened > 0)
}

async fn always(status: &'static str, headers: &'static str) -> Fake {
    Fake::plain(move |_, _| std::future::ready(Reply::Bytes(answer(status, headers, b"")))).await
}

fn half_open() -> BreakerState {
    BreakerState {
        tenant: "ten_1".to_owned(),
        origin: ORIGIN.to_owned(),
        failures: 0,
        opened: 1,
        open_for: Some(Duration::ZERO),
        last_error: "down".to_owned(),
    }
}

#[tokio::test]
async fn a_run_at_an_open_circuit_stops_with_the_time_that_is_left_and_sends_nothing() {
    let fake = always("500 Oops", "").await;
    let gate = gate(&fake);
    for _ in 0..5 {
        let door = door(&gate, grant());
        assert_eq!(door.send(read("/a")).await.expect("an answer").status, 500);
        assert_eq!(door.circuit_open(), None);
    }
    let stopped = door(&gate, grant());
    for _ in 0..1_000 {
        assert_eq!(stopped.send(read("/a")).await, Err(SendError::Stopped));
    }
    assert!(stopped.circuit_open().is_some_and(|left| left > Duration::from_secs(25)));
    assert_eq!((stopped.usage().requests, stopped.pause(), stopped.incident()), (1, None, None));
    // Not even what would be refused anyway, or goes elsewhere, is looked at.
    assert_eq!(stopped.send(read("/../b")).await, Err(SendError::Stopped));
    assert_eq!(fake.seen().len(), 5);
    let state = gate.changed_breakers().pop().expect("a circuit");
    assert_eq!((state.tenant.as_str(), state.origin.as_str()), ("ten_1", ORIGIN));
    assert_eq!((state.opened, state.last_error.as_str()), (1, "status 500"));
    // Another tenant asks for itself.
    let other = Grant { tenant: "ten_2".to_owned(), ..grant() };
    assert_eq!(door(&gate, other).send(read("/a")).await.expect("an answer").status, 500);
    gate.close_breaker("ten_1", ORIGIN);
    assert_eq!(door(&gate, grant()).send(read("/a")).await.expect("an answer").status, 500);
}

#[tokio::test]
async fn statuses_of_a_host_that_fails_count_and_those_of_one_that_answers_do_not() {
    for (status, headers, opens) in [
        ("500 Oops", "", true),
        ("502 Bad Gateway", "", true),
        ("503 Busy", "", true),
        ("503 Busy", "retry-after: 0\r\n", false),
        ("504 Late", "", true),
        ("520 Unknown", "", true),
        ("599 Late", "", true),
        ("501 Not Implemented", "", false),
        ("429 Slow Down", "", false),
        ("429 Slow Down", "retry-after: 0\r\n", false),
        ("400 Bad", "", false),
        ("401 Unauthorized", "", false),
        ("404 Not Found", "", false),
        ("408 Late", "", false),
        ("302 Found", "location: https://other.example.com/\r\n", false),
        ("200 OK", "", false),
        ("200 OK", "content-encoding: br\r\n", false),
        ("200 OK", "content-encoding: gzip\r\nx-not-packed: 1\r\n", false),
    ] {
        let fake = always(status, headers).await;
        let gate = gate(&fake);
        asked(&gate).await;
        assert_eq!(is_open(&gate), opens, "{status} {headers}");
        assert!(fake.seen().len() >= 5, "{status}");
    }
}

#[tokio::test]
async fn one_answer_among_the_failures_keeps_it_closed() {
    let fake = Fake::plain(|number, _| {
        let status = if number % 5 == 0 { "404 Not Found" } else { "500 Oops" };
        std::future::ready(Reply::Bytes(answer(status, "", b"")))
    })
    .await;
    let gate = gate(&fake);
    for _ in 0..4 {
        asked(&gate).await;
    }
    assert!(!is_open(&gate) && fake.seen().len() == 24);
}

#[tokio::test]
async fn a_host_that_is_not_there_resets_talks_nonsense_or_is_silent_opens_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = listener.local_addr().expect("an address");
    drop(listener);
    let timeouts = Timeouts { first_byte: Duration::from_millis(20), ..Timeouts::default() };
    let impatient = |connect: &str, names| {
        Gate::build_with(EgressConfig { timeouts, ..rewritten(connect) }, clock(), Arc::new(names))
    };
    let reset = Fake::plain(|_, _| std::future::ready(Reply::Last(Vec::new()))).await;
    let nonsense = Fake::plain(|_, _| std::future::ready(Reply::Last(b"SSH-2.0-x\r\n".to_vec()))).await;
    let silent = Fake::plain(|_, _| std::future::pending::<Reply>()).await;
    let stranger = Fake::tls(&Certificate::for_name("api.example.com"), |_, _| std::future::pending::<Reply>()).await;
    let mut all = JoinSet::new();
    for (what, connect) in [
        ("refused", format!("http://{closed}")),
        ("no such name", "http://nowhere.example.com".to_owned()),
        ("reset", format!("http://{}", reset.address)),
        ("nonsense", format!("http://{}", nonsense.address)),
        ("silent", format!("http://{}", silent.address)),
        ("untrusted", format!("https://{}", stranger.address)),
    ] {
        let gate = impatient(&connect, Names::default()).expect("a gate");
        all.spawn(async move {
            asked(&gate).await;
            assert!(is_open(&gate), "{what}: {:?}", gate.breakers());
        });
    }
    assert_eq!(all.join_all().await.len(), 6);
    assert_eq!((silent.seen().len(), reset.seen().len(), nonsense.seen().len()), (5, 5, 5), "and five are enough");
}

#[tokio::test]
async fn what_the_gate_refuses_and_what_the_guest_cuts_short_is_not_the_hosts_failure() {
    let silent = Fake::plain(|_, _| std::future::pending::<Reply>()).await;
    let gate = gate(&silent);
    for _ in 0..8 {
        let hasty = Request { timeout: Some(Duration::from_millis(5)), ..read("/a") };
        assert!(door(&gate, grant()).send(hasty).await.is_err());
        assert!(matches!(door(&gate, grant()).send(read("/../a")).await, Err(SendError::Denied(_))));
        let (stop, stopped) = watch::channel(false);
        let deadline = Instant::now() + Duration::from_millis(10);
        let short = DoorScope { writes: Writes::Forbidden, deadline, stop: stopped };
        let short = gate.door(Arc::new(grant()), Arc::new(Tokens::default()), short);
        assert!(short.send(read("/a")).await.is_err());
        drop(stop);
    }
    assert!(gate.breakers().is_empty(), "{:?}", gate.breakers());
    // An address that may not be reached is refused by us, whoever is down there.
    let gate = gate_at("http://169.254.169.254");
    asked(&gate).await;
    assert!(gate.breakers().is_empty());
}

#[tokio::test]
async fn a_write_is_refused_before_the_journal_begins() {
    let fake = always("200 OK", "").await;
    let gate = gate(&fake);
    gate.apply_breakers(vec![BreakerState { open_for: Some(Duration::from_secs(60)), ..half_open() }]);
    let diary = Arc::new(Diary::default());
    let door = writing_door(&gate, &diary);
    for _ in 0..3 {
        assert_eq!(door.send(write("/items")).await, Err(SendError::Stopped));
    }
    assert!(diary.lines().is_empty() && fake.accepted() == 0);
    assert!(door.circuit_open().is_some_and(|left| left > Duration::from_secs(55)));
}

#[tokio::test]
async fn the_retries_of_one_request_end_where_it_opens() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Last(Vec::new()))).await;
    let gate = gate(&fake);
    let one = door(&gate, grant());
    assert!(matches!(one.send(read("/a")).await, Err(SendError::Unknown(_))));
    assert_eq!((fake.seen().len(), one.usage().retries), (3, 2));
    let two = door(&gate, grant());
    assert_eq!(two.send(read("/a")).await, Err(SendError::Stopped));
    assert!(two.circuit_open().is_some());
    assert_eq!((fake.seen().len(), two.usage().retries), (5, 1));
}

#[tokio::test]
async fn exactly_one_probe_goes_and_its_answer_lets_the_others_in() {
    let (arrived, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (came, wait) = (Arc::clone(&arrived), Arc::clone(&go));
    let fake = Fake::plain(move |_, _| {
        came.add_permits(1);
        let wait = Arc::clone(&wait);
        async move {
            wait.acquire().await.expect("a permit").forget();
            Reply::Bytes(ok("back"))
        }
    })
    .await;
    let gate = gate(&fake);
    gate.apply_breakers(vec![half_open()]);
    let probe = door(&gate, grant());
    let others = async {
        arrived.acquire().await.expect("a permit").forget();
        for _ in 0..5 {
            let other = door(&gate, grant());
            assert_eq!(other.send(read("/a")).await, Err(SendError::Stopped));
            assert!(other.circuit_open().is_some());
        }
        go.add_permits(9);
    };
    let (sent, ()) = tokio::join!(probe.send(read("/a")), others);
    assert_eq!(sent.expect("an answer").body, b"back");
    assert!(gate.breakers().is_empty());
    assert_eq!(gate.changed_breakers().first().map(|state| (state.opened, state.open_for)), Some((0, None)));
    assert!(door(&gate, grant()).send(read("/a")).await.is_ok());
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_probe_that_is_stopped_or_answered_from_the_journal_makes_room_for_the_next() {
    let silent = Fake::plain(|_, _| std::future::pending::<Reply>()).await;
    let gate = gate(&silent);
    gate.apply_breakers(vec![half_open()]);
    for round in 1..4 {
        let one = door(&gate, grant());
        tokio::select! {
            biased;
            sent = one.send(read("/a")) => panic!("nobody answers: {sent:?}"),
            () = async { while silent.seen().len() < round { tokio::task::yield_now().await; } } => {}
        }
    }
    assert_eq!(silent.accepted(), 3);
    let stored = patchbay_egress::StoredAnswer { status: 201, headers: Vec::new(), body: Vec::new(), whole: true };
    let diary = Diary { says: std::sync::Mutex::new(vec![patchbay_egress::Begin::Replay(stored)]), ..Diary::default() };
    let replayed = writing_door(&gate, &Arc::new(diary)).send(write("/items")).await.expect("an answer");
    assert!(replayed.replayed);
    assert_eq!(gate.breakers(), [half_open()], "nothing was learnt");
}

#[tokio::test]
async fn no_credential_is_fetched_for_a_host_that_is_left_alone() {
    let fake = always("401 Unauthorized", "").await;
    let gate = gate(&fake);
    gate.apply_breakers(vec![BreakerState { open_for: Some(Duration::from_secs(60)), ..half_open() }]);
    let tokens = Arc::new(Tokens { dead: true, ..Tokens::default() });
    let source = Arc::clone(&tokens) as Arc<dyn patchbay_egress::CredentialSource>;
    let door = gate.door(Arc::new(grant()), source, crate::support::scope(Writes::Forbidden));
    assert_eq!(door.send(read("/a")).await, Err(SendError::Stopped));
    assert_eq!((tokens.renewed.load(Ordering::SeqCst), fake.accepted()), (0, 0));
}
