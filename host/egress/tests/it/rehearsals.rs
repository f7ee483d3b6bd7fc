//! A rehearsal: everything but the write, and what would be sent, without a secret.

use std::sync::{Arc, Mutex};

use patchbay_egress::{
    BlobBody, Body, CredentialError, CredentialSource, Door, Gate, Incident, Rehearsal, Request, SendError, Values,
    WouldSend, Writes,
};
use patchbay_model::contract::{CredentialChoice, Effect};

use crate::{
    files::{Made, file},
    support::{Fake, ORIGIN, Reply, TOKEN, Tokens, gate, get, grant, ok, read, scope, write},
};

/// Keeps what it is told.
#[derive(Default)]
struct Shown {
    requests: Mutex<Vec<WouldSend>>,
    key: Option<String>,
}

impl Rehearsal for Shown {
    fn would_send(&self, request: WouldSend) {
        self.requests.lock().expect("a lock").push(request);
    }

    fn key(&self, _step: &str) -> Option<String> {
        self.key.clone()
    }
}

impl Shown {
    fn all(&self) -> Vec<WouldSend> {
        self.requests.lock().expect("a lock").clone()
    }
}

fn rehearsing(gate: &Arc<Gate>, shown: &Arc<Shown>) -> Door {
    let writes = Writes::Rehearse(Arc::clone(shown) as Arc<dyn Rehearsal>);
    gate.door(Arc::new(grant()), Arc::new(Tokens::default()), scope(writes))
}

fn posting(effect: Effect) -> Request {
    Request { method: "POST".to_owned(), effect, body: Body::Json(b"{\"a\":1}".to_vec()), ..read("/b") }
}

#[tokio::test]
async fn only_what_is_read_leaves_and_the_rest_is_shown() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    let gate = gate(&fake);
    let shown = Arc::new(Shown::default());
    let door = rehearsing(&gate, &shown);
    let held = [
        write("/items"),
        posting(Effect::Repeatable),
        Request { effect: Effect::Repeatable, ..get(&format!("{ORIGIN}/go")) },
        // Nobody reads by these.
        Request { method: "DELETE".to_owned(), ..read("/b") },
        Request { method: "PUT".to_owned(), ..read("/b") },
    ];
    for request in &held {
        assert_eq!(door.send(request.clone()).await, Err(SendError::Stopped), "{request:?}");
    }
    assert!(fake.seen().is_empty() && fake.accepted() == 0);
    let seen = shown.all();
    assert_eq!(seen.len(), held.len());
    let first = &seen[0];
    assert_eq!((first.method.as_str(), first.url.as_str()), ("POST", "https://api.example.com/items"));
    assert_eq!((first.effect, first.step.as_deref()), (Effect::Write, Some("create")));
    assert_eq!(first.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert_eq!(first.slots, ["bearer"]);
    assert_eq!((first.body.as_slice(), first.size), (&b"{\"title\":\"x\"}"[..], 13));
    assert!(seen[1].step.is_none() && seen[2].slots.is_empty());
    assert!(door.incident().is_none());
    // And a rehearsal may still read what it needs, by POST as well.
    for request in [read("/a"), posting(Effect::Read)] {
        assert_eq!(door.send(request).await.map(|answer| answer.status), Ok(200));
    }
    assert_eq!((fake.seen().len(), shown.all().len()), (2, held.len()));
}

#[tokio::test]
async fn no_secret_is_shown() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    let shown = Arc::new(Shown::default());
    // The slot's places stay what the guest left there.
    let slot = Request {
        credential: CredentialChoice::Slot("json".to_owned()),
        body: Body::Json(b"{\"params\":[1,2,null]}".to_vec()),
        ..write("/rpc")
    };
    assert_eq!(rehearsing(&gate, &shown).send(slot).await, Err(SendError::Stopped));
    assert_eq!(shown.all()[0].body, b"{\"params\":[1,2,null]}");
    let made = Made::with(600_000, 262_140, TOKEN);
    for request in [
        Request { headers: vec![("x-a".to_owned(), format!("<{TOKEN}>"))], ..write("/items") },
        Request { body: Body::Bytes(TOKEN.as_bytes().to_vec()), ..write("/items") },
        write(&format!("/items?t={}", TOKEN.replace('+', "%2B"))),
        Request { body: Body::Blob(BlobBody { made_here: true, ..file(&Arc::new(made)) }), ..write("/items") },
    ] {
        let door = rehearsing(&gate, &shown);
        assert_eq!(door.send(request).await, Err(SendError::SecretSeen));
        assert_eq!(door.incident(), Some(Incident::SecretSeen));
    }
    assert_eq!((shown.all().len(), fake.accepted()), (1, 0));
}

#[tokio::test]
async fn a_file_is_a_note_and_a_long_body_its_beginning() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    let shown = Arc::new(Shown::default());
    let door = rehearsing(&gate, &shown);
    let source = Arc::new(Made::of(20_000_001));
    let body = Body::JsonBlobs { document: b"{\"f\":null}".to_vec(), blobs: vec![("/f".to_owned(), file(&source))] };
    assert_eq!(door.send(Request { body, ..write("/items") }).await, Err(SendError::Stopped));
    let long = Body::Bytes(vec![b'x'; 100_000]);
    assert_eq!(door.send(Request { body: long, ..write("/items") }).await, Err(SendError::Stopped));
    let seen = shown.all();
    let text = String::from_utf8_lossy(&seen[0].body).into_owned();
    assert!(text.starts_with("{\"f\":\"[a file of 20000001 bytes, SHA-256 "), "{text}");
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    assert_eq!(seen[0].size, 20_000_001_u64.div_ceil(3) * 4 + 8);
    assert_eq!(source.reads(), 0, "what is not sent is not read");
    assert_eq!((seen[1].body.len(), seen[1].size), (65_536, 100_000));
}

#[tokio::test]
async fn what_would_be_refused_is_refused() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    let shown = Arc::new(Shown { key: Some("k7".to_owned()), ..Shown::default() });
    for request in [
        Request { url: "https://elsewhere.example.com/".to_owned(), ..write("/items") },
        Request { step: None, ..write("/items") },
        Request { headers: vec![("cookie".to_owned(), "a=b".to_owned())], ..write("/items") },
        // No key.
        write("/items"),
    ] {
        let door = rehearsing(&gate, &shown);
        assert!(matches!(door.send(request).await, Err(SendError::Denied(_))));
        assert!(matches!(door.incident(), Some(Incident::Denied(_))));
    }
    assert_eq!(rehearsing(&gate, &shown).send(write("/items/k7")).await, Err(SendError::Stopped));
    assert_eq!((shown.all().len(), fake.accepted()), (1, 0));
}

/// A credential that cannot be had.
struct Dead;

#[async_trait::async_trait]
impl CredentialSource for Dead {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        Err(CredentialError::Dead("withdrawn".to_owned()))
    }

    async fn renew(&self, _refused: &Values) -> Result<Arc<Values>, CredentialError> {
        Err(CredentialError::Dead("withdrawn".to_owned()))
    }
}

#[tokio::test]
async fn a_rehearsal_needs_no_credential_and_its_guest_is_not_listened_to_for_ever() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    let shown = Arc::new(Shown::default());
    let writes = Writes::Rehearse(Arc::clone(&shown) as Arc<dyn Rehearsal>);
    let door = gate.door(Arc::new(grant()), Arc::new(Dead), scope(writes));
    for _ in 0..300 {
        assert_eq!(door.send(write("/items")).await, Err(SendError::Stopped));
    }
    assert_eq!((shown.all().len(), fake.accepted()), (100, 0));
    assert!(door.incident().is_none());
}
