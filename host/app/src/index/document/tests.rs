use patchbay_model::{SeededRandom, package::signature::SigningKey};
use serde_json::{Value, json};

use super::*;

const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn key(seed: u64) -> SigningKey {
    SigningKey::fresh(&SeededRandom::new(seed))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn index(serial: u64) -> Value {
    json!({
        "serial": serial,
        "expires_at": "2026-12-01T00:00:00Z",
        "later": "what later hosts know",
        "publishers": [{ "id": "acme", "keys": [key(9).public().to_string()] }],
        "connectors": [{
            "id": "acme.books", "name": "Books", "summary": "Reads books.", "category": "accounting",
            "versions": [{
                "version": "1.0.0", "source": format!("registry.example/acme/books@sha256:{SHA256}"), "sha256": SHA256,
                "size": 10, "contract": "0.1.0", "published_at": "2026-11-01T00:00:00Z", "signature": null,
            }],
        }],
    })
}

fn read(value: &Value) -> Result<Index, IndexError> {
    Index::read(value.to_string().as_bytes())
}

fn open(text: &str, known: u64, now: &str) -> Result<Index, IndexError> {
    Index::open(text.as_bytes(), &key(1).public(), known, at(now))
}

#[test]
fn what_was_signed_is_read_by_who_knows_the_key() {
    let signed = read(&index(7)).expect("an index").sign(&key(1)).expect("signed");
    let opened = open(&signed, 7, "2026-11-22T00:00:00Z").expect("believed");
    assert_eq!((opened.serial, opened.connectors.len()), (7, 1));
    assert_eq!(opened.keys_of("acme"), [key(9).public().fingerprint()]);
    assert!(opened.keys_of("other").is_empty());
}

#[test]
fn what_nobody_has_signed_writes_nothing_of_its_own_into_a_log() {
    let name = format!("\n\u{1b}[2J\u{202e}{}", "x".repeat(10_000));
    let Err(IndexError::Unreadable(why)) = open(&json!({ name: 1 }).to_string(), 0, "2026-11-22T00:00:00Z") else {
        panic!("it was read");
    };
    assert!(why.starts_with("unknown field") && why.len() < 300, "{why:?}");
    assert!(!why.contains(['\n', '\u{1b}', '\u{202e}']), "{why:?}");
}

#[test]
fn each_lie_about_an_index_is_refused_by_its_own_name() {
    let now = "2026-11-22T00:00:00Z";
    let signed = read(&index(7)).expect("an index").sign(&key(1)).expect("signed");
    let other = read(&index(7)).expect("an index").sign(&key(2)).expect("signed");
    assert_eq!(open(&other, 0, now), Err(IndexError::OtherKey(key(2).public().fingerprint())));
    let forged = other.replace(&key(2).public().to_string(), &key(1).public().to_string());
    assert_eq!(open(&forged, 0, now), Err(IndexError::Wrong));
    assert_eq!(open(&signed.replace("Reads books.", "Reads all of it."), 0, now), Err(IndexError::Wrong));
    assert_eq!(open(&signed.replace("patchbay-index/1", "patchbay-index/2"), 0, now), Err(IndexError::Format));
    assert_eq!(open(&signed, 8, now), Err(IndexError::GoesBack { came: 7, known: 8 }));
    let expiry = at("2026-12-01T00:00:00Z");
    assert_eq!(open(&signed, 0, "2026-12-01T00:00:00Z"), Err(IndexError::Expired(expiry)));
    for text in ["", "{}", "[]", "null", "<html>"] {
        assert!(matches!(open(text, 0, now), Err(IndexError::Unreadable(_))), "{text}");
    }
    assert!(matches!(open(&"[".repeat(100_000), 0, now), Err(IndexError::Unreadable(_))));
}

#[test]
fn a_signature_of_a_component_is_none_of_an_index() {
    let body = read(&index(7)).expect("an index");
    let mut envelope: Value = serde_json::from_str(&body.sign(&key(1)).expect("signed")).expect("JSON");
    let text = envelope["body"].as_str().expect("a body").to_owned();
    envelope["signature"] =
        json!(key(1).sign(format!("patchbay-sign/1\n{}\n", package::digest(text.as_bytes())).as_bytes()));
    assert_eq!(open(&envelope.to_string(), 0, "2026-11-22T00:00:00Z"), Err(IndexError::Wrong));
}

#[test]
fn what_no_index_says_is_not_read_whoever_signed_it() {
    let change = |pointer: &str, value: Value| {
        let mut changed = index(7);
        *changed.pointer_mut(pointer).expect(pointer) = value;
        changed
    };
    let twice = json!([index(7)["connectors"][0], index(7)["connectors"][0]]);
    for (pointer, value) in [
        ("/serial", json!(-1)),
        ("/expires_at", json!("tomorrow")),
        ("/publishers/0/keys/0", json!("AAAA")),
        ("/publishers/0/id", json!("Acme")),
        ("/connectors", twice),
        ("/connectors/0/id", json!("books")),
        ("/connectors/0/id", json!("acme.../../books")),
        ("/connectors/0/name", json!("Books\u{1b}[2J")),
        ("/connectors/0/summary", json!("\u{202e}skooB")),
        ("/connectors/0/summary", json!("x".repeat(501))),
        ("/connectors/0/versions/0/version", json!("1")),
        ("/connectors/0/versions/0/sha256", json!("AB")),
        ("/connectors/0/versions/0/source", json!("registry.example/acme/books:1.0.0")),
        ("/connectors/0/versions/0/source", json!("http://files.example/books.wasm")),
        ("/connectors/0/versions/0/source", json!("file:///etc/passwd")),
        ("/connectors/0/versions/0/contract", json!("0.1.0\n")),
        ("/connectors/0/versions/0/signature", json!({ "format": "x" })),
    ] {
        let read = read(&change(pointer, value.clone()));
        assert!(matches!(read, Err(IndexError::Unreadable(_))), "{pointer} {value}");
    }
    assert!(read(&index(7)).is_ok());
}
