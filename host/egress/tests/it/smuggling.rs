//! H13: what a guest says becomes exactly one request, and the gate says how it is framed.

use patchbay_egress::{Body, Request, SendError};
use patchbay_model::contract::{CredentialChoice, Effect};

use crate::support::{Fake, ORIGIN, TOKEN, door, gate, get, grant, read};

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn nothing_that_smuggles_reaches_the_socket() {
    let fake = Fake::always(NO_CONTENT).await;
    let gate = gate(&fake);
    let huge = "a".repeat(1024 * 1024);
    let headers: [(&str, &str); 36] = [
        ("x", "a\r\nhost: evil.example"),
        ("x", "a\nb: c"),
        ("x", "a\rb"),
        ("x", "a\0b"),
        ("x\r\nhost", "evil.example"),
        ("x: y\r\nz", "a"),
        ("x y", "a"),
        (" x", "a"),
        ("x ", "a"),
        ("x\t", "a"),
        ("x:", "a"),
        ("", "a"),
        ("é", "a"),
        ("Host", "evil.example"),
        ("hOsT", "evil.example"),
        ("transfer-encoding", "chunked"),
        ("Transfer-Encoding", "identity, chunked"),
        ("content-length", "0"),
        ("Content-Length", "5, 6"),
        ("connection", "authorization"),
        ("Connection", "close"),
        ("keep-alive", "1"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("expect", "100-continue"),
        ("authorization", "Bearer mine"),
        ("Authorization", ""),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "keep-alive"),
        ("cookie", "a=b"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
        ("accept-encoding", "br"),
        ("x-huge", &huge),
    ];
    for (name, value) in headers {
        let request = Request { headers: vec![(name.to_owned(), value.to_owned())], ..read("/a") };
        let sent = door(&gate, grant()).send(request).await;
        assert!(matches!(sent, Err(SendError::Denied(_))), "{name:?}: {sent:?}");
    }
    for method in ["GET / HTTP/1.1\r\nx: y\r\n\r\nGET", "get", "", "CONNECT", "TRACE", "GET\t", "PATCH"] {
        let request = Request { method: method.to_owned(), ..read("/a") };
        assert!(matches!(door(&gate, grant()).send(request).await, Err(SendError::Denied(_))), "{method:?}");
    }
    for path in
        ["/a b", "/a\r\nx: y", "/a HTTP/1.1\r\nx:", "/\u{e9}", "/a/../b", "/a%2fb", "/%2e%2e/x", "//a", "/a\\b", "/%"]
    {
        assert!(matches!(door(&gate, grant()).send(read(path)).await, Err(SendError::Denied(_))), "{path:?}");
    }
    let query = read("/a?api_key=mine");
    assert!(matches!(door(&gate, grant()).send(query).await, Err(SendError::Denied(_))));
    assert_eq!((fake.accepted(), fake.seen().len()), (0, 0));
}

#[tokio::test]
async fn an_allowed_request_is_byte_for_byte_what_was_asked() {
    let fake = Fake::always(NO_CONTENT).await;
    let gate = gate(&fake);
    let request = Request {
        method: "POST".to_owned(),
        headers: vec![
            ("X-Request-Id".to_owned(), "7".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ],
        body: Body::Json(b"{\"a\":1}".to_vec()),
        effect: Effect::Repeatable,
        ..read("/v1/things/%7ex?q=a%20b&r=/")
    };
    door(&gate, grant()).send(request).await.expect("an answer");
    let expected = format!(
        "POST /v1/things/~x?q=a%20b&r=/ HTTP/1.1\r\n\
         host: api.example.com\r\n\
         x-request-id: 7\r\n\
         accept: application/json\r\n\
         content-type: application/json\r\n\
         user-agent: patchbay\r\n\
         accept-encoding: gzip\r\n\
         authorization: Bearer {TOKEN}\r\n\
         content-length: 7\r\n\
         \r\n\
         {{\"a\":1}}"
    );
    assert_eq!(fake.seen(), [expected]);
}

#[tokio::test]
async fn a_request_without_a_body_has_no_frame_and_a_bare_one_no_credential() {
    let fake = Fake::always(NO_CONTENT).await;
    let gate = gate(&fake);
    let door = door(&gate, grant());
    door.send(get(&format!("{ORIGIN}/"))).await.expect("an answer");
    let post = Request { method: "POST".to_owned(), credential: CredentialChoice::Nothing, ..read("/p") };
    door.send(post).await.expect("an answer");
    let head = "host: api.example.com\r\nuser-agent: patchbay\r\naccept-encoding: gzip\r\n";
    let expected =
        [format!("GET / HTTP/1.1\r\n{head}\r\n"), format!("POST /p HTTP/1.1\r\n{head}content-length: 0\r\n\r\n")];
    assert_eq!(fake.seen(), expected);
    assert_eq!(fake.accepted(), 1, "one connection served both");
}
