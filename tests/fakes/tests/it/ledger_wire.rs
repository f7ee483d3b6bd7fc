//! Each oddity of the ledger does on the wire what it says: read from a bare socket, byte by byte.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use super::{
    calls::plain,
    ledger::{get, start},
};
use patchbay_fakes::{Act, Fakes, Odd, Rule, ledger::HOST};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(20);

fn ask(fakes: &Fakes, path: &str) -> TcpStream {
    let address = fakes.ledger.plain.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    let key = fakes.ledger.provider.key("owner");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\nx-api-key: {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    stream
}

/// What the first page of entries is answered with under this rule, up to `most` bytes, and how it ended.
fn odd(fakes: &Fakes, odd: Odd, most: usize) -> (String, Vec<u8>, io::Result<()>) {
    fakes.ledger.script.clear();
    fakes.ledger.script.add(Rule::on("GET", "/entries", Act::odd(odd)));
    let mut stream = ask(fakes, "/entries?size=5");
    let (mut all, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    let ending = loop {
        match stream.read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(read) => all.extend_from_slice(&piece[..read]),
            Err(error) => break Err(error),
        }
        if all.len() >= most || whole(&all) {
            break Ok(());
        }
    };
    let at = all.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(all.len(), |at| at + 4);
    let body = all.split_off(at);
    (String::from_utf8(all).expect("a head of text"), body, ending)
}

/// Whether head and body by its length are there.
fn whole(all: &[u8]) -> bool {
    let text = String::from_utf8_lossy(all);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    length(head).is_some_and(|length| all.len() >= head.len() + 4 + length)
}

fn length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()
}

fn is_reset(ending: &io::Result<()>) -> bool {
    ending.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn a_connection_is_reset_at_each_phase() {
    let fakes = start();
    let (head, body, ending) = odd(&fakes, Odd::ResetAtOnce, usize::MAX);
    assert!(head.is_empty() && body.is_empty() && is_reset(&ending), "{ending:?}");
    let (head, body, ending) = odd(&fakes, Odd::ResetInHead { bytes: 20 }, usize::MAX);
    assert!(head.len() == 20 && body.is_empty() && is_reset(&ending), "{head:?} {ending:?}");
    let (head, body, ending) = odd(&fakes, Odd::ResetAfterHeaders, usize::MAX);
    assert!(head.starts_with("HTTP/1.1 200 OK") && body.is_empty() && is_reset(&ending), "{ending:?}");
    let (_, body, ending) = odd(&fakes, Odd::ResetInBody { bytes: 700 }, usize::MAX);
    assert!(body.len() == 700 && is_reset(&ending), "{} {ending:?}", body.len());
    let (head, body, ending) = odd(&fakes, Odd::CloseInBody { bytes: 700 }, usize::MAX);
    assert!(body.len() == 700 && ending.is_ok() && length(&head).is_some_and(|length| length > 1_500));
    let visits = fakes.ledger.journal.visits();
    assert!(visits.len() == 5 && visits.iter().all(|visit| !visit.honest && visit.rule.is_some()));
    assert_eq!(visits.iter().map(|visit| visit.facts.served.len()).collect::<Vec<_>>(), [0, 5, 5, 5, 5]);
    assert!(fakes.ledger.journal.newest("entries").is_empty());
}

#[test]
fn a_slow_body_comes_byte_by_byte_and_is_whole_in_the_end() {
    let fakes = start();
    let begun = Instant::now();
    let (head, body, _) = odd(&fakes, Odd::Trickle { bytes: 20, ms: 10 }, usize::MAX);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert_eq!(Some(body.len()), length(&head));
    assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON")["items"].as_array().map(Vec::len), Some(5));
    assert_eq!(fakes.ledger.journal.newest("entries").len(), 5);
}

#[test]
fn a_stalled_answer_stays_open() {
    let fakes = start();
    for (odd, last) in
        [(Odd::Stall { bytes: 10 }, b"{\"items\":[".as_slice()), (Odd::StallInHead { bytes: 12 }, b"HTTP/1.1 200")]
    {
        fakes.ledger.script.add(Rule::on("GET", "/entries", Act::odd(odd)));
        let mut stream = ask(&fakes, "/entries?size=5");
        let (mut all, mut piece) = (Vec::new(), [0; 4_096]);
        while !all.ends_with(last) {
            let read = stream.read(&mut piece).expect("bytes");
            all.extend_from_slice(&piece[..read]);
        }
        stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a limit");
        let more = stream.read(&mut piece).expect_err("nothing more");
        assert!(matches!(more.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{more:?}");
    }
}

#[test]
fn bodies_and_headers_without_end_go_on() {
    let fakes = start();
    let (head, body, ending) = odd(&fakes, Odd::Endless, 4 * 1024 * 1024);
    assert!(head.contains("transfer-encoding: chunked") && body.len() > 3 * 1024 * 1024 && ending.is_ok());
    assert!(body.starts_with(b"10000\r\n ") && body[65_543..].starts_with(b"\r\n10000\r\n"));
    let (head, body, _) = odd(&fakes, Odd::EndlessHeaders, 1024 * 1024);
    assert!(head.len() >= 1024 * 1024 && body.is_empty());
    let (head, body, _) = odd(&fakes, Odd::ManyHeaders { count: 100_000 }, usize::MAX);
    assert!(head.lines().count() > 100_000 && serde_json::from_slice::<Value>(&body).is_ok());
}

#[test]
fn a_bomb_says_that_it_is_gzip_and_a_lie_is_not() {
    let fakes = start();
    let (head, body, _) = odd(&fakes, Odd::GzipBomb { mib: 64, layers: 1 }, usize::MAX);
    assert!(head.contains("content-encoding: gzip") && body.starts_with(&[0x1f, 0x8b]) && body.len() < 80_000);
    let (head, body, _) = odd(&fakes, Odd::GzipBomb { mib: 64, layers: 2 }, usize::MAX);
    assert!(head.contains("content-encoding: gzip, gzip") && body.starts_with(&[0x1f, 0x8b]) && body.len() < 2_000);
    let (head, body, ending) = odd(&fakes, Odd::Length { bytes: 10_737_418_240 }, usize::MAX);
    assert!(length(&head) == Some(10_737_418_240) && body.ends_with(b"}") && ending.is_ok());
    let (head, body, _) = odd(&fakes, Odd::Encoding { value: "br".to_owned() }, usize::MAX);
    assert!(head.contains("content-encoding: br") && body.starts_with(b"{"));
}

#[test]
fn texts_are_wrong_in_the_way_that_was_asked_for() {
    let fakes = start();
    let body = |kind| odd(&fakes, kind, usize::MAX).1;
    let text = |kind| String::from_utf8(body(kind)).expect("text");
    assert!(body(Odd::Bom).starts_with(b"\xef\xbb\xbf{"));
    assert!(body(Odd::Utf16).starts_with(b"\xff\xfe{\0\"\0"));
    assert_eq!(text(Odd::Null), "null");
    assert_eq!(text(Odd::NotANumber).matches(":NaN,").count(), 5);
    assert_eq!(text(Odd::HugeNumber).matches(":1e400,").count(), 5);
    assert!(text(Odd::Deep { levels: 10_000 }).contains(&"[".repeat(10_000)));
    assert_eq!(text(Odd::DuplicateKeys).matches("\"id\":").count(), 10);
    assert_eq!(text(Odd::DuplicateItems).matches("\"items\":").count(), 2);
    let (head, ..) = odd(&fakes, Odd::ContentType { value: "text/html".to_owned() }, usize::MAX);
    assert!(head.contains("content-type: text/html\r\n"));
}

#[test]
fn what_the_other_fakes_can_do_it_can_too() {
    let fakes = start();
    let rule = |act| fakes.ledger.script.add(Rule::on("GET", "/entries", act));
    rule(Act::too_many("-5"));
    rule(Act::html());
    rule(Act::status(599));
    rule(Act::Cut { bytes: 50 });
    rule(Act::Drop);
    rule(Act::LoseAnswer);
    let wait = get(&fakes, "/entries");
    assert_eq!((wait.status, wait.headers.get("retry-after").map(String::as_str)), (429, Some("-5")));
    assert!(get(&fakes, "/entries").body.starts_with("<!doctype"));
    assert_eq!(get(&fakes, "/entries").status, 599);
    assert_eq!(get(&fakes, "/entries").body.len(), 50);
    let key = fakes.ledger.provider.key("owner");
    let url = format!("{}/entries", fakes.ledger.plain);
    for _ in 0..2 {
        assert!(plain("GET", &url, &[("host", HOST), ("x-api-key", &key)], "").is_err());
    }
    assert_eq!(get(&fakes, "/entries").status, 200);
    let visits = fakes.ledger.journal.visits();
    let seen: Vec<_> = visits.iter().map(|visit| (visit.status, visit.facts.served.len())).collect();
    let none = [(Some(429), 0), (Some(200), 0), (Some(599), 0), (Some(200), 100), (None, 0), (None, 100)];
    assert_eq!(seen, [none.as_slice(), &[(Some(200), 100)]].concat());
}

#[test]
fn a_held_request_waits_until_it_is_let_go_and_ends_with_its_caller() {
    let fakes = start();
    let hold = |name: &str| Act::Hold { name: name.to_owned(), applied: false };
    fakes.ledger.script.add(Rule::on("GET", "/entries", hold("first")));
    fakes.ledger.script.add(Rule::on("GET", "/entries", hold("second")));
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| get(&fakes, "/entries").status);
        assert!(fakes.ledger.script.wait_until_held("first", LIMIT));
        fakes.ledger.script.release("first");
        assert_eq!(answer.join().expect("an answer"), 200);
    });
    let stream = ask(&fakes, "/entries");
    assert!(fakes.ledger.script.wait_until_held("second", LIMIT));
    drop(stream);
    let begun = Instant::now();
    // The line is written after the request was counted out.
    while fakes.ledger.journal.last() < 2 && begun.elapsed() < LIMIT {
        std::thread::yield_now();
    }
    assert_eq!(fakes.ledger.script.holding("second"), 0);
    assert_eq!(fakes.ledger.journal.visits().last().map(|visit| visit.status), Some(None));
}

#[test]
fn one_connection_carries_many_requests() {
    let fakes = start();
    let mut stream = ask(&fakes, "/tick");
    let request =
        format!("GET /tick HTTP/1.1\r\nhost: {HOST}\r\nx-api-key: {}\r\n\r\n", fakes.ledger.provider.key("owner"));
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).expect("a request");
    }
    let (mut all, mut piece) = (String::new(), [0; 4_096]);
    while all.matches("\"next\":null}").count() < 4 {
        let read = stream.read(&mut piece).expect("bytes");
        all.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    assert_eq!((all.matches("HTTP/1.1 200 OK").count(), fakes.ledger.journal.count("/tick")), (4, 4));
}

#[test]
fn another_fake_says_that_it_cannot_do_this() {
    let fakes = start();
    fakes.github.script.add(Rule::on("GET", "/user", Act::odd(Odd::Bom)));
    let answer = plain("GET", &format!("{}/user", fakes.github.plain), &[], "").expect("an answer");
    assert_eq!((answer.status, answer.body.contains("only the ledger")), (501, true));
}
