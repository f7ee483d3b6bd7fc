//! S10, H8, H9, C10: nothing that a guest, a person or a name server says leads to an address inside.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use patchbay_egress::{EgressConfig, ExchangeError, Gate, Grant, Request, Rewrite, SendError};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Certificate, Fake, Names, Reply, bare_door, clock, get, host, ok, read, rewritten};

/// What stands between `https://` and the port.
const LITERALS: [&str; 48] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0x7f.1",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "0x0",
    "127.000.000.001",
    "127.0x0.0.1",
    "1.1.0x7f000001",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[0:0:0:0:0:0:0:1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[fd00:ec2::254]",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "100.100.100.200",
    "10.0.0.1",
    "192.168.0.1",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "loop4.example.",
    "loop4..example",
    ".loop4.example",
    "loop4_x.example",
];

/// Whole addresses; `PORT` is a listener on loopback.
const ADDRESSES: [&str; 34] = [
    "https://good.example@127.0.0.1:PORT/",
    "https://user:pw@loop4.example:PORT/",
    "https://@loop4.example:PORT/",
    "https://good.example:443@127.0.0.1:PORT/",
    "https://127.0.0.1:PORT\\@good.example/",
    "https://good.example\\@127.0.0.1:PORT/",
    "https://good.example%40127.0.0.1:PORT/",
    "https://good.example#@127.0.0.1:PORT/",
    "https://127.0.0.1:PORT#@good.example/",
    "https://good.example%23@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/",
    "http://loop4.example:PORT/",
    "ftp://loop4.example:PORT/",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "gopher://127.0.0.1:PORT/_x",
    "//127.0.0.1:PORT/",
    "https:/127.0.0.1:PORT/",
    "https:127.0.0.1:PORT/",
    "https:\\\\127.0.0.1:PORT\\",
    "https:///127.0.0.1:PORT/",
    " https://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT /",
    "https://good.example\t:PORT/",
    "https://good.example\r\nHost: x:PORT/",
    "data:text/plain,x",
    "unix:/run/docker.sock",
    "",
    "https://",
    "https://:PORT/",
    "https://loop4.example:0/",
    "https://loop4.example:99999/",
    "https://loop4.example:/",
    "https://loop4.example:+PORT/",
];

/// Names and what a hostile name server says.
const NAMES: [(&str, &[&str]); 24] = [
    ("loop4.example", &["127.0.0.1"]),
    ("loop6.example", &["::1"]),
    ("any4.example", &["0.0.0.0"]),
    ("any6.example", &["::"]),
    ("mapped.example", &["::ffff:127.0.0.1"]),
    ("compat.example", &["::127.0.0.1"]),
    ("nat64.example", &["64:ff9b::7f00:1"]),
    ("local64.example", &["64:ff9b:1::7f00:1"]),
    ("sixtofour.example", &["2002:7f00:1::1"]),
    ("teredo.example", &["2001:0:7f00:1::80ff:fffe"]),
    ("ten.example", &["10.1.2.3"]),
    ("home.example", &["192.168.1.1"]),
    ("cgnat.example", &["100.64.0.1"]),
    ("link.example", &["169.254.1.1"]),
    ("link6.example", &["fe80::1"]),
    ("ula.example", &["fd12:3456::1"]),
    ("meta.example", &["169.254.169.254"]),
    ("meta6.example", &["fd00:ec2::254"]),
    ("metacn.example", &["100.100.100.200"]),
    ("azure.example", &["168.63.129.16"]),
    ("multi.example", &["224.0.0.1"]),
    ("all.example", &["255.255.255.255"]),
    ("mixed.example", &["8.8.8.8", "2606:4700::1111", "127.0.0.1"]),
    ("mixed6.example", &["2606:4700::1111", "::1"]),
];

/// Listeners on loopback that count who comes.
struct Inside {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Inside {
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let came = Arc::new(AtomicUsize::new(0));
        let mut listeners = vec![listener];
        listeners.extend(TcpListener::bind(("::1", port)).await);
        listeners.extend(TcpListener::bind(("127.0.0.2", port)).await);
        for listener in listeners {
            let came = Arc::clone(&came);
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    came.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, came }
    }

    /// Visits each listener, so that whoever came before was counted before.
    async fn visitors(&self) -> usize {
        let mut own = 0;
        for ip in ["127.0.0.1", "::1", "127.0.0.2"] {
            let before = self.came.load(Ordering::SeqCst);
            if TcpStream::connect((ip, self.port)).await.is_ok() {
                own += 1;
                while self.came.load(Ordering::SeqCst) == before {
                    tokio::task::yield_now().await;
                }
            }
        }
        self.came.load(Ordering::SeqCst) - own
    }
}

fn corpus(port: u16) -> Vec<String> {
    let literals = LITERALS.iter().map(|host| format!("https://{host}:{port}/"));
    let bare = LITERALS.iter().map(|host| format!("https://{host}/"));
    let addresses = ADDRESSES.iter().map(|address| address.replace("PORT", &port.to_string()));
    let names = NAMES.iter().map(|(name, _)| format!("https://{name}:{port}/"));
    literals.chain(bare).chain(addresses).chain(names).collect()
}

/// A grant that lists every origin of the corpus, so that nothing is refused for want of a grant alone.
fn generous(port: u16) -> Grant {
    let literals = LITERALS.iter().flat_map(|name| [format!("https://{name}:{port}"), format!("https://{name}")]);
    let names = NAMES.iter().map(|(name, _)| format!("https://{name}:{port}"));
    let hosts = literals.chain(names).map(|origin| host(&origin, &[])).collect();
    Grant { hosts, ..Grant::default() }
}

fn gate(port: u16) -> Arc<Gate> {
    let names = Names::default();
    for (name, answer) in NAMES {
        names.say(name, &[answer]);
    }
    names.say("localhost", &[&["127.0.0.1"]]);
    names.say("good.example", &[&["127.0.0.1"]]);
    let config = EgressConfig { allowed_ports: vec![port], ..EgressConfig::default() };
    Gate::build_with(config, clock(), Arc::new(names)).expect("a gate")
}

#[tokio::test]
async fn no_address_of_the_corpus_is_connected_to_for_a_guest() {
    let inside = Inside::listen().await;
    let gate = gate(inside.port);
    let corpus = corpus(inside.port);
    assert!(corpus.len() >= 60);
    for url in corpus {
        let door = bare_door(&gate, generous(inside.port));
        let sent = door.send(get(&url)).await;
        assert!(matches!(sent, Err(SendError::Denied(_))), "{url}: {sent:?}");
        assert!(door.incident().is_some(), "{url}");
    }
    assert_eq!(inside.visitors().await, 0);
}

#[tokio::test]
async fn no_address_of_the_corpus_is_connected_to_for_the_host() {
    let inside = Inside::listen().await;
    let gate = gate(inside.port);
    let mut asked = 0;
    for url in corpus(inside.port) {
        // What no request can even name is refused before the gate.
        if let Ok(request) = http::Request::get(&url).body(Bytes::new()) {
            asked += 1;
            let sent = gate.exchange(request).await;
            assert!(matches!(sent, Err(ExchangeError::Denied(_))), "{url}: {sent:?}");
        }
    }
    assert!(asked >= 60, "{asked}");
    assert_eq!(inside.visitors().await, 0);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_judged_address_is_the_one_that_is_connected_to() {
    let certificate = Certificate::for_name("rebind.example");
    let fake = Fake::tls(&certificate, |_, _| std::future::ready(Reply::Last(ok("public")))).await;
    let names = Arc::new(Names::default());
    names.say("rebind.example", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let config = EgressConfig {
        allow_private: vec![fake.address.to_string()],
        extra_ca: vec![certificate.authority.clone()],
        ..EgressConfig::default()
    };
    let resolver = Arc::clone(&names);
    let gate = Gate::build_with(config, clock(), resolver).expect("a gate");
    let origin = format!("https://rebind.example:{}", fake.address.port());
    let grant = Grant { hosts: vec![host(&origin, &[])], ..Grant::default() };
    let door = bare_door(&gate, grant);
    let first = door.send(get(&format!("{origin}/a"))).await.expect("an answer");
    assert_eq!((first.body, names.asked.load(Ordering::SeqCst)), (b"public".to_vec(), 1));
    // The name server changed its mind: the next connection is judged afresh.
    let second = door.send(get(&format!("{origin}/b"))).await;
    assert!(matches!(&second, Err(SendError::Denied(text)) if text.contains("127.0.0.2")), "{second:?}");
    assert_eq!(fake.accepted(), 1);
}

#[tokio::test]
async fn loopback_needs_the_operators_word_and_then_says_which() {
    let certificate = Certificate::for_name("loop4.example");
    let fake = Fake::tls(&certificate, |_, _| std::future::ready(Reply::Bytes(ok("")))).await;
    let gate = gate(fake.address.port());
    let origin = format!("https://loop4.example:{}", fake.address.port());
    let grant = Grant { hosts: vec![host(&origin, &[])], ..Grant::default() };
    let Err(SendError::Denied(text)) = bare_door(&gate, grant).send(get(&origin)).await else {
        panic!("loopback must be denied");
    };
    assert!(text.contains(&format!("egress.allow_private = [\"{}\"]", fake.address)), "{text}");
    assert_eq!(fake.accepted(), 0);
}

#[tokio::test]
async fn c10_a_redirect_is_an_answer_and_nothing_follows_it() {
    let inside = Inside::listen().await;
    let places = [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("http://127.0.0.1:{}/", inside.port),
        format!("https://localhost:{}/", inside.port),
        "https://elsewhere.example/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for place in places {
        let location = format!("location: {place}\r\n");
        let fake = Fake::plain(move |_, _| {
            std::future::ready(Reply::Bytes(crate::support::answer("302 Found", &location, b"")))
        })
        .await;
        let gate = crate::support::gate(&fake);
        let door = crate::support::door(&gate, crate::support::grant());
        let answer = door.send(read("/a")).await.expect("an answer");
        assert_eq!((answer.status, fake.seen().len()), (302, 1));
        assert!(answer.headers.contains(&("location".to_owned(), place.clone())));
        let followed = door.send(get(&place)).await;
        assert!(matches!(followed, Err(SendError::Denied(_))), "{place}: {followed:?}");
        let request = http::Request::get("https://api.example.com/logo").body(Bytes::new()).expect("a request");
        assert_eq!(gate.exchange(request).await.expect("an answer").status(), 302);
        assert_eq!(fake.seen().len(), 2);
    }
    assert_eq!(inside.visitors().await, 0);
}

#[tokio::test]
async fn c10_a_credential_never_follows_to_another_host_though_that_host_is_granted() {
    let fake = Fake::plain(|_, _| {
        let moved = crate::support::answer("307 Moved", "location: https://files.example.com/a\r\n", b"");
        std::future::ready(Reply::Bytes(moved))
    })
    .await;
    let files = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut config = rewritten(&format!("http://{}", fake.address));
    let origin = "https://files.example.com".to_owned();
    config.rewrite.push(Rewrite {
        origin: origin.clone(),
        connect: format!("http://{}", files.address),
        browser: None,
    });
    let gate = Gate::build_with(config, clock(), Arc::new(Names::default())).expect("a gate");
    let mut grant = crate::support::grant();
    grant.hosts.push(host(&origin, &[]));
    let door = crate::support::door(&gate, grant);
    assert_eq!(door.send(read("/a")).await.expect("an answer").status, 307);
    let with_credential = Request { url: format!("{origin}/a"), ..read("") };
    assert!(matches!(door.send(with_credential).await, Err(SendError::Denied(_))));
    assert!(files.seen().is_empty());
    assert_eq!(door.send(get(&format!("{origin}/a"))).await.expect("an answer").status, 204);
    assert!(!files.seen().concat().contains("authorization"), "{:?}", files.seen());
}

#[tokio::test]
async fn a_rewrite_opens_one_origin_and_no_other() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let config = rewritten(&format!("http://{}", fake.address));
    let names = Names::default();
    names.say("api.example.com", &[&["127.0.0.1"]]);
    let gate = Gate::build_with(config, clock(), Arc::new(names)).expect("a gate");
    let port = fake.address.port();
    let other = format!("https://api.example.com:{port}");
    let grant = Grant { hosts: vec![host(&other, &[]), host("https://api.example.com", &[])], ..Grant::default() };
    assert_eq!(
        bare_door(&gate, grant.clone()).send(get("https://api.example.com/")).await.expect("an answer").status,
        204
    );
    assert!(matches!(bare_door(&gate, grant).send(get(&other)).await, Err(SendError::Denied(_))));
    assert_eq!(fake.accepted(), 1);
}
