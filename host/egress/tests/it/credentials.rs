//! H10, H11: a credential goes where the manifest says, and a guest never sees one.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_egress::{Body, CredentialError, CredentialSource, Incident, Request, SendError, Values, Writes};
use patchbay_model::{
    Secret,
    contract::{CredentialChoice, Effect},
};

use crate::support::{Fake, ORIGIN, Reply, TOKEN, answer, door, gate, get, grant, host, ok, read, scope};

fn with_slot(id: &str, body: Body) -> Request {
    Request {
        method: "POST".to_owned(),
        credential: CredentialChoice::Slot(id.to_owned()),
        effect: Effect::Repeatable,
        body,
        ..read("/a?b=c")
    }
}

#[tokio::test]
async fn each_slot_fills_its_place_and_no_other() {
    let document = || Body::Json(b"{\"params\":[\"db\", 1.0, null]}".to_vec());
    let basic = STANDARD.encode(format!("me:{TOKEN}"));
    for (id, expected) in [
        ("bearer", format!("authorization: Bearer {TOKEN}\r\n")),
        ("basic", format!("authorization: Basic {basic}\r\n")),
        ("key", "POST /a?b=c&api_key=gho_0123456789abcdefABCDEF%2B%2F%3D HTTP/1.1\r\n".to_owned()),
        ("json", format!("\r\n\r\n{{\"params\":[\"db\", 1.0, \"{TOKEN}\"]}}")),
    ] {
        let fake = Fake::plain(|_, request| std::future::ready(Reply::Bytes(ok(&request)))).await;
        let answer = door(&gate(&fake), grant()).send(with_slot(id, document())).await.expect("an answer");
        let seen = fake.seen().concat();
        assert!(seen.contains(&expected), "{id}: {seen}");
        assert_eq!(seen.matches(&expected).count(), 1);
        assert_eq!(seen.contains("authorization"), matches!(id, "bearer" | "basic"), "{id}");
        // The fake echoed all that it got.
        let echoed = String::from_utf8(answer.body).expect("text");
        assert!(echoed.contains("[secret]"), "{id}: {echoed}");
        for spelling in [TOKEN, basic.as_str(), "gho_0123456789abcdef"] {
            assert!(!echoed.contains(spelling), "{id}: {echoed}");
        }
    }
}

#[tokio::test]
async fn a_host_without_the_slot_never_gets_a_credential() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("")))).await;
    let gate = gate(&fake);
    let mut some = grant();
    some.hosts = vec![host(ORIGIN, &["key"])];
    let mut none = grant();
    none.hosts = vec![host(ORIGIN, &[])];
    for (grant, credential, teaches) in [
        (&some, CredentialChoice::Standard, "slots = [… \"bearer\"]"),
        (&some, CredentialChoice::Slot("json".to_owned()), "slots = [… \"json\"]"),
        (&some, CredentialChoice::Slot("other".to_owned()), "[[auth.slot]]"),
        (&none, CredentialChoice::Standard, "ask for `nothing`"),
        (&none, CredentialChoice::Slot("bearer".to_owned()), "slots = [\"bearer\"]"),
    ] {
        let sent = door(&gate, grant.clone()).send(Request { credential, ..read("/a") }).await;
        assert!(matches!(&sent, Err(SendError::Denied(text)) if text.contains(teaches)), "{sent:?}");
    }
    assert_eq!(fake.accepted(), 0);
    door(&gate, none).send(get(&format!("{ORIGIN}/a"))).await.expect("an answer");
    assert!(!fake.seen().concat().contains(TOKEN));
}

#[tokio::test]
async fn a_json_slot_fills_only_a_null() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    for body in [
        Body::Json(b"{\"params\":[0,1,\"mine\"]}".to_vec()),
        Body::Json(b"{\"params\":[0,1]}".to_vec()),
        Body::Json(b"{\"params\":[0,1,null]".to_vec()),
        Body::Bytes(b"params".to_vec()),
        Body::Empty,
    ] {
        let sent = door(&gate, grant()).send(with_slot("json", body.clone())).await;
        assert!(matches!(sent, Err(SendError::Denied(_))), "{body:?}: {sent:?}");
    }
    assert_eq!(fake.accepted(), 0);
}

#[tokio::test]
async fn an_echo_is_masked_in_headers_and_bodies_however_it_is_spelt() {
    let spellings = [
        TOKEN.to_owned(),
        "gho_0123456789abcdefABCDEF%2b%2F%3d".to_owned(),
        TOKEN.replace('/', "\\/").replace('=', "\\u003d"),
        STANDARD.encode(TOKEN),
        STANDARD.encode(format!("x:{TOKEN}")),
        STANDARD.encode(format!("xy:{TOKEN}, and more")).replace('+', "-").replace('/', "_").replace('=', ""),
    ];
    for spelling in spellings {
        let (body, header) = (format!("{{\"echo\":\"{spelling}\"}}"), format!("location: /x?t={spelling}\r\n"));
        let fake =
            Fake::plain(move |_, _| std::future::ready(Reply::Bytes(answer("302 Found", &header, body.as_bytes()))))
                .await;
        let answer = door(&gate(&fake), grant()).send(read("/a")).await.expect("an answer");
        let body = String::from_utf8(answer.body).expect("text");
        assert!(body.starts_with("{\"echo\":\"") && body.contains("[secret]") && body.ends_with("\"}"), "{body}");
        let location = answer.headers.iter().find(|(name, _)| name == "location").expect("a header");
        assert!(location.1.starts_with("/x?t=") && location.1.contains("[secret]"), "{}", location.1);
    }
}

/// A password that is too short to be found alone.
struct Password;

#[async_trait::async_trait]
impl CredentialSource for Password {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        let secrets = BTreeMap::from([("access_token".to_owned(), Secret::new("hunter2-hunter"))]);
        Ok(Arc::new(Values { secrets, ..Values::default() }))
    }

    async fn renew(&self, _refused: &Values) -> Result<Arc<Values>, CredentialError> {
        Err(CredentialError::Busy("not in this test".to_owned()))
    }
}

#[tokio::test]
async fn what_a_basic_slot_sent_is_masked_though_the_password_is_short() {
    let fake = Fake::plain(|_, request| {
        let echo = "x-echo: hunter2-hunter\r\nx-page: hunter2-hunter is here\r\n";
        std::future::ready(Reply::Bytes(answer("200 OK", echo, request.as_bytes())))
    })
    .await;
    let door = gate(&fake).door(Arc::new(grant()), Arc::new(Password), scope(Writes::Forbidden));
    let answer = door.send(with_slot("basic", Body::Bytes(b"hunter2-hunter".to_vec()))).await.expect("an answer");
    let body = String::from_utf8(answer.body).expect("text");
    assert!(body.contains("authorization: Basic [secret]"), "{body}");
    // Alone it is masked as a whole header and nowhere else: never in a page's records.
    assert!(body.ends_with("\r\n\r\nhunter2-hunter"), "{body}");
    assert!(answer.headers.contains(&("x-echo".to_owned(), "[secret]".to_owned())));
    assert!(answer.headers.contains(&("x-page".to_owned(), "hunter2-hunter is here".to_owned())));
    let whole = Request { headers: vec![("x-a".to_owned(), "hunter2-hunter".to_owned())], ..read("/a") };
    assert_eq!(door.send(whole).await, Err(SendError::SecretSeen));
}

#[tokio::test]
async fn a_short_secret_is_masked_in_a_refusals_values_and_stays_in_a_pages_records() {
    let body = r#"{"given":"hunter2-hunter","text":"not hunter2-hunter"}"#;
    let masked = r#"{"given":"[secret]","text":"not hunter2-hunter"}"#;
    for (status, expected) in [
        ("200 OK", body),
        ("201 Created", body),
        ("302 Found", masked),
        ("403 Forbidden", masked),
        ("422 Unprocessable Content", masked),
        ("501 Not Implemented", masked),
    ] {
        let fake = Fake::plain(move |_, _| std::future::ready(Reply::Bytes(answer(status, "", body.as_bytes())))).await;
        let door = gate(&fake).door(Arc::new(grant()), Arc::new(Password), scope(Writes::Forbidden));
        let answer = door.send(read("/a")).await.expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer.body), expected, "{status}");
    }
}

#[tokio::test]
async fn a_secret_in_what_the_guest_sends_ends_the_run() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("")))).await;
    let gate = gate(&fake);
    let encoded = STANDARD.encode(format!("a:{TOKEN}"));
    let body = |body| Request { method: "POST".to_owned(), effect: Effect::Repeatable, body, ..read("/a") };
    let nothing = |url: String| Request { credential: CredentialChoice::Nothing, ..get(&url) };
    for request in [
        nothing(format!("{ORIGIN}/a?x=gho_0123456789abcdefABCDEF%2B%2f%3D")),
        nothing(format!("{ORIGIN}/%67ho_0123456789abcdefABCDEF+/=")),
        Request { headers: vec![("x-leak".to_owned(), TOKEN.to_owned())], ..read("/a") },
        Request { headers: vec![("x-leak".to_owned(), encoded.clone())], ..read("/a") },
        body(Body::Bytes(format!("...{TOKEN}...").into_bytes())),
        body(Body::Json(format!("{{\"a\":\"{encoded}\"}}").into_bytes())),
    ] {
        let door = door(&gate, grant());
        assert_eq!(door.send(request.clone()).await, Err(SendError::SecretSeen), "{request:?}");
        assert_eq!(door.incident(), Some(Incident::SecretSeen));
        // Nothing more leaves, whatever the guest makes of the error.
        assert_eq!(door.send(read("/innocent")).await, Err(SendError::SecretSeen));
    }
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_refusal_stays_as_the_runs_incident() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("")))).await;
    let gate = gate(&fake);
    let door = door(&gate, grant());
    let Err(SendError::Denied(text)) = door.send(get("https://evil.example/")).await else {
        panic!("it must be denied");
    };
    assert!(text.contains("[[host]]\norigin = \"https://evil.example\""), "{text}");
    door.send(read("/a")).await.expect("an answer");
    assert!(matches!(door.send(get("https://worse.example/")).await, Err(SendError::Denied(_))));
    assert_eq!(door.incident(), Some(Incident::Denied(text)));
    assert_eq!(door.usage().requests, 3);
}
