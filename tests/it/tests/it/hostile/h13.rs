//! H13: headers that would make another request of one are refused before a byte leaves; what is allowed arrives byte for
//! byte as the gate writes it.

use patchbay_test_support::Result;
use serde_json::{Value, json};

use super::{Guest, Stand, assert_ended};

const HEADERS: [(&str, &str); 22] = [
    ("x", "a\r\nhost: evil.example"),
    ("x", "a\nb: c"),
    ("x", "a\rb"),
    ("x", "a\0b"),
    ("x\r\nhost", "evil.example"),
    ("x y", "a"),
    (" x", "a"),
    ("x:", "a"),
    ("", "a"),
    ("Host", "evil.example"),
    ("hOsT", "evil.example"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Length", "5"),
    ("Connection", "close, authorization"),
    ("Upgrade", "h2c"),
    ("Expect", "100-continue"),
    ("Trailer", "x"),
    ("Authorization", "Bearer mine"),
    ("authorization", ""),
    ("Proxy-Authorization", "Basic eDp5"),
    ("Cookie", "a=b"),
    ("X-Forwarded-Host", "evil.example"),
];

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    let wire = &guest.stand.wire;
    let before = wire.accepted();
    let ask = |more: Value| -> Result<Value> {
        let mut asked = json!({ "url": "https://wire.example/a" });
        for (name, value) in more.as_object().into_iter().flatten() {
            asked[name] = value.clone();
        }
        guest.reads(&format!("request:{asked}"))
    };
    for (name, value) in HEADERS {
        let run = ask(json!({ "headers": [[name, value]] }))?;
        assert_eq!(run["reason"]["code"], json!("PB6001"), "{name:?}: {value:?}: {run}");
    }
    for method in ["GET / HTTP/1.1\r\nx: y\r\n\r\nGET", "get", "CONNECT", "TRACE", "DELETE", ""] {
        assert_ended(&ask(json!({ "method": method }))?, "failed", "PB6001", "");
    }
    let long: String = "a".repeat(40_000);
    assert_ended(&ask(json!({ "headers": [["x-long", long]] }))?, "failed", "PB6001", "");
    assert_eq!(wire.accepted(), before, "not a byte has left");

    let run =
        ask(json!({ "method": "POST", "effect": "repeatable", "body": "hello", "headers": [["X-Own", "value"]] }))?;
    assert_eq!(run["state"], json!("done"), "{run}");
    let requests = wire.requests();
    let arrived = String::from_utf8_lossy(requests.last().map_or(&[], Vec::as_slice)).into_owned();
    let (head, body) = arrived.split_once("\r\n\r\n").unwrap_or_default();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!((lines.remove(0), body), ("POST /a HTTP/1.1", "hello"), "{arrived}");
    lines.retain(|line| !line.starts_with("user-agent: "));
    lines.sort_unstable();
    let carried = format!("authorization: Bearer {}", guest.token);
    let wanted = ["accept-encoding: gzip", &carried, "content-length: 5", "host: wire.example", "x-own: value"];
    assert_eq!(lines, wanted, "{arrived}");
    Ok(())
}

#[test]
fn headers_that_smuggle_are_refused_and_what_is_allowed_arrives_byte_for_byte() -> Result<()> {
    Stand::start()?.beside(|stand| deeds(&stand.guest("h13")?)).map(drop)
}
