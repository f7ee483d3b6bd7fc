//! Answers that go on for a long time: they end with what asked for them, and one user leaves places for the others.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use patchbay_it::Tenant;
use patchbay_test_support::{Answer, wait_until};

use super::*;

const LIMIT: Duration = Duration::from_secs(60);
/// Streams that one user in the portal may have open.
const OF_USER: usize = 8;
/// Bytes of a file: more than all buffers between the host and a reader that stands still.
const FILE: usize = 40 * 1024 * 1024;
const STREAMS: [&str; 2] = ["/v1/progress", "/v1/events/watch"];

/// An answer that goes on.
struct Going {
    status: u16,
    head: String,
    body: TcpStream,
}

impl Going {
    /// Asks with these headers; the head has come.
    fn ask(rig: &Rig, path: &str, headers: &[(&str, &str)]) -> Result<Self> {
        let mut body = TcpStream::connect(rig.host.address())?;
        body.set_read_timeout(Some(LIMIT))?;
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", rig.host.address());
        body.write_all(head.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            body.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok(Self { status, head, body })
    }

    fn of_tab(rig: &Rig, tab: &Tab, path: &str) -> Result<Self> {
        let cookie = format!("{}={}", tab.name(), tab.cookie);
        Self::ask(rig, path, &[(SESSION, tab.kind), ("cookie", &cookie)])
    }

    fn of_key(rig: &Rig, key: &str, path: &str) -> Result<Self> {
        Self::ask(rig, path, &[("authorization", &format!("Bearer {key}"))])
    }

    fn begun(self) -> Result<Self> {
        if self.status == 200 { Ok(self) } else { Err(Trouble::new(self.head)) }
    }

    /// Everything until it ends, however it does; fails when it does not.
    fn rest(mut self) -> Result<Vec<u8>> {
        let (mut rest, mut piece, begun) = (Vec::new(), vec![0; 64 * 1024], Instant::now());
        // A stream that has nothing to say says that it is there.
        while begun.elapsed() < LIMIT {
            match self.body.read(&mut piece) {
                Ok(0) => return Ok(rest),
                Ok(count) => rest.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(rest),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Trouble::new("it does not end"))
    }

    /// That it has not ended.
    fn goes_on(&self) -> Result<()> {
        self.body.set_nonblocking(true)?;
        let state = self.body.peek(&mut [0]);
        assert!(!matches!(state, Ok(0)), "it has ended: {}", self.head);
        Ok(())
    }
}

/// Another key of a tenant: its id and its text.
fn another_key(rig: &Rig, tenant: &Tenant) -> Result<(String, String)> {
    let made = rig.operator.post(&format!("/v1/tenants/{}/keys", tenant.id), &json!({ "name": "another" }))?;
    let made = made.expect(201)?;
    Ok((made.text_at("/id")?, made.text_at("/key")?))
}

fn revoke(rig: &Rig, tenant: &Tenant, key: &str) -> Result<Answer> {
    rig.operator.delete(&format!("/v1/tenants/{}/keys/{key}", tenant.id))?.expect(204)
}

#[test]
fn a_stream_ends_with_the_session_that_asked_for_it() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let user = |name: &str| Tab::portal(&rig, &tenant, name);
    let (ann, cleo, bob) = (user("ann")?, user("cleo")?, user("bob")?);
    let watching = |tab: &Tab| STREAMS.map(|path| Going::of_tab(&rig, tab, path)?.begun());
    let ends: Vec<_> = watching(&ann).into_iter().chain(watching(&cleo)).collect::<Result<_>>()?;
    let goes_on: Vec<_> = watching(&bob).into_iter().collect::<Result<_>>()?;
    ann.delete("/v1/session")?.expect(204)?;
    // Whom the backend signs out.
    tenant.api.delete("/v1/portal-sessions?user=cleo")?.expect(200)?;
    for going in ends {
        going.rest()?;
    }
    goes_on.iter().try_for_each(Going::goes_on)
}

#[test]
fn a_stream_ends_with_the_key_that_asked_for_it() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let (id, key) = another_key(&rig, &tenant)?;
    let operator = rig.host.operator_key()?;
    let of_operator = [("authorization", format!("Bearer {operator}")), ("patchbay-tenant", tenant.id.clone())];
    let of_operator = of_operator.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (mut ends, mut goes_on) = (Vec::new(), Vec::new());
    for path in STREAMS {
        ends.push(Going::of_key(&rig, &key, path)?.begun()?);
        goes_on.push(Going::of_key(&rig, &tenant.key, path)?.begun()?);
    }
    let operators = Going::ask(&rig, STREAMS[1], &of_operator)?.begun()?;
    revoke(&rig, &tenant, &id)?;
    for going in ends {
        going.rest()?;
    }
    goes_on.iter().chain([&operators]).try_for_each(Going::goes_on)?;
    operators.body.set_nonblocking(false)?;
    // No address of the API revokes an operator's key.
    let mut database = Database::open(&rig.host.data_dir().join("patchbay.db"))?;
    database.rows("UPDATE api_keys SET revoked_at = created_at WHERE tenant IS NULL", &[])?;
    operators.rest()?;
    goes_on.iter().try_for_each(Going::goes_on)
}

#[test]
fn a_download_breaks_off_with_the_key_that_asked_for_it() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let (id, key) = another_key(&rig, &tenant)?;
    let mut file = b"%PDF-1.7 ".to_vec();
    file.resize(FILE, b'x');
    let blob = tenant.api.send("POST", "/v1/blobs?name=a.pdf", Some("application/pdf"), file)?.expect(201)?;
    let path = format!("/v1/blobs/{}/content", blob.text_at("/id")?);
    let stopped = Going::of_key(&rig, &key, &path)?.begun()?;
    let watching = Going::of_key(&rig, &key, STREAMS[1])?.begun()?;
    revoke(&rig, &tenant, &id)?;
    // So long nobody reads: then the host has looked.
    watching.rest()?;
    let got = stopped.rest()?.len();
    assert!(got < FILE / 2, "{got} bytes came");
    let whole = Going::of_key(&rig, &tenant.key, &path)?.begun()?.rest()?.len();
    assert_eq!(whole, FILE, "that of a key that counts is whole");
    Ok(())
}

#[test]
fn one_user_in_the_portal_leaves_streams_for_the_others() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let tabs = [Tab::portal(&rig, &tenant, "ann")?, Tab::portal(&rig, &tenant, "ann")?];
    let open = |no: usize| Going::of_tab(&rig, &tabs[no / 2 % 2], STREAMS[no % 2]);
    let mut hers = (0..OF_USER).map(|no| open(no)?.begun()).collect::<Result<Vec<_>>>()?;
    for no in 0..4 {
        let refused = open(no)?;
        assert!(refused.status == 503 && refused.head.contains("retry-after: "), "{}", refused.head);
        let said = String::from_utf8_lossy(&refused.rest()?).into_owned();
        assert!(said.contains("PB5014") && said.contains("You have 8 streams open"), "{said}");
    }
    let bob = Going::of_tab(&rig, &Tab::portal(&rig, &tenant, "bob")?, STREAMS[1])?.begun()?;
    let rest = 50 - OF_USER - 1;
    let backends = (0..rest).map(|_| Going::of_key(&rig, &tenant.key, STREAMS[1])?.begun());
    let backends = backends.collect::<Result<Vec<_>>>()?;
    let said = Going::of_key(&rig, &tenant.key, STREAMS[1])?.rest()?;
    assert!(String::from_utf8_lossy(&said).contains("50 streams of this tenant"), "the tenant's bound stays");
    hers.pop();
    wait_until("a place", LIMIT, || Ok((open(0)?.status == 200).then_some(())))?;
    bob.goes_on()?;
    backends.iter().try_for_each(Going::goes_on)
}
