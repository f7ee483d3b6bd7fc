//! C3 at the gate: bodies that are no data. The gate passes them on as they are (what is data and what
//! is not is decided by the contract's helpers, in the guest), and nothing it reads itself in them, the
//! rules that say that a credential expired and the search for secrets, stumbles.

use std::sync::Arc;

use patchbay_egress::{Body, CredentialSource, Grant, Request, SendError, Writes};
use patchbay_model::{
    contract::{CredentialChoice, Effect},
    manifest::ResponseRule,
};

use crate::support::{Fake, Reply, Tokens, answer, gate, grant, ok, read, scope};

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let utf16: Vec<u8> = "\u{feff}{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lone = b"{\"a\":\"\\ud800\",\"b\":\"\\udc00\\ud800\\u12\"}".to_vec();
    vec![
        ("application/json", b"<!DOCTYPE html><title>Maintenance</title>".to_vec()),
        ("text/html", b"<html>".to_vec()),
        ("application/json", Vec::new()),
        ("application/json", b"null".to_vec()),
        ("application/json", b"{\"error\":\"tok".to_vec()),
        ("text/plain", b"{\"items\":[]}".to_vec()),
        ("application/json", b"\xef\xbb\xbf{\"items\":[]}".to_vec()),
        ("application/json; charset=utf-16", utf16),
        ("application/json", b"{\"a\":NaN,\"b\":-Infinity}".to_vec()),
        ("application/json", b"{\"error\":1,\"error\":2}".to_vec()),
        ("application/json", [vec![b'['; 10_000], vec![b']'; 10_000]].concat()),
        ("application/json", "{\"error\":".repeat(10_000).into_bytes()),
        ("application/json", format!("{{\"error\":1{}}}", "0".repeat(400)).into_bytes()),
        ("application/json", b"{\"error\":1e400}".to_vec()),
        ("application/json", lone),
        ("\u{1}", b"\0\xff\xfe\\u%%2\\\\+%zz".to_vec()),
    ]
}

/// Expired is what says so at a place of the body, so that every body is read.
fn asking() -> Grant {
    let rule = ResponseRule {
        status: Some(200),
        pointer: Some("/error".to_owned()),
        equals: Some(serde_json::json!("token_expired")),
        unless: Vec::new(),
    };
    Grant { expired: vec![rule], ..grant() }
}

#[tokio::test]
async fn c3_a_body_that_is_no_data_arrives_as_it_is() {
    for (media_type, body) in bodies() {
        let whole = body.clone();
        let fake = Fake::plain(move |_, _| {
            let head = format!("content-type: {media_type}\r\n");
            std::future::ready(Reply::Bytes(answer("200 OK", &head, &body)))
        })
        .await;
        let source = Arc::new(Tokens::default()) as Arc<dyn CredentialSource>;
        let door = gate(&fake).door(Arc::new(asking()), source, scope(Writes::Forbidden));
        let sent = door.send(read("/a")).await;
        if media_type == "\u{1}" {
            assert!(matches!(sent, Err(SendError::Unknown(_))), "a header that is none: {sent:?}");
            continue;
        }
        let answer = sent.expect("an answer");
        assert!(answer.status == 200 && answer.body == whole, "{media_type}");
        assert_eq!(fake.seen().len(), 1, "none of them says that the credential expired");
    }
}

#[tokio::test]
async fn c3_what_the_guest_makes_of_it_and_sends_back_is_sent_or_refused() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("")))).await;
    let gate = gate(&fake);
    for (_, body) in bodies() {
        for credential in [CredentialChoice::Standard, CredentialChoice::Slot("json".to_owned())] {
            let filled = matches!(credential, CredentialChoice::Slot(_));
            let request = Request {
                method: "POST".to_owned(),
                effect: Effect::Repeatable,
                body: Body::Json(body.clone()),
                credential,
                ..read("/a")
            };
            let source = Arc::new(Tokens::default()) as Arc<dyn CredentialSource>;
            let sent = gate.door(Arc::new(asking()), source, scope(Writes::Forbidden)).send(request).await;
            match sent {
                Ok(answer) => assert!(answer.status == 200 && !filled),
                Err(error) => assert!(matches!(error, SendError::Denied(_)) && filled, "{error:?}"),
            }
        }
    }
}
