//! What happens is told while it happens, to its tenant alone, and nothing of it is missed.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use patchbay_it::{Rig, Tenant};
use patchbay_test_support::{Result, Trouble};
use serde_json::{Value, json};

use super::{LIMIT, NONSENSE, READS, becomes};

/// Somebody who looks on.
struct Watch(BufReader<TcpStream>);

/// An event as it came.
#[derive(Debug)]
struct Happened {
    id: String,
    event: Value,
}

impl Happened {
    fn kind(&self) -> &str {
        self.event["kind"].as_str().unwrap_or_default()
    }
}

impl Watch {
    /// Looks on from now on, or from behind an event.
    fn open(rig: &Rig, tenant: &Tenant, behind: Option<&str>) -> Result<Self> {
        let mut stream = TcpStream::connect(rig.host.address())?;
        stream.set_read_timeout(Some(LIMIT))?;
        let last = behind.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let asked = format!(
            "GET /v1/events/watch HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{last}\r\n",
            rig.host.address(),
            tenant.key
        );
        stream.write_all(asked.as_bytes())?;
        let (mut reader, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Err(Trouble::new(format!("the head is cut: {head}")));
            }
        }
        match head.starts_with("HTTP/1.1 200") {
            true => Ok(Self(reader)),
            false => Err(Trouble::new(head)),
        }
    }

    /// What comes next. Chunks end at the ends of events, so their lengths are lines that say nothing here.
    fn next(&mut self) -> Result<Happened> {
        let mut id = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(Trouble::new("the stream ended"));
            }
            let line = line.trim_end();
            if let Some(number) = line.strip_prefix("id: ") {
                number.clone_into(&mut id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Ok(Happened { id, event: serde_json::from_str(data)? });
            }
        }
    }

    /// The next one of a kind; what comes before it is passed over.
    fn next_of(&mut self, kind: &str) -> Result<Happened> {
        loop {
            let happened = self.next()?;
            if happened.kind() == kind {
                return Ok(happened);
            }
        }
    }
}

#[test]
fn what_changes_a_card_is_told_live() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    let mut watch = Watch::open(&rig, &tenant, None)?;
    let connection = tenant.connect_guests("0123456789", NONSENSE)?;
    let made = watch.next_of("connection.created")?;
    assert_eq!((&made.event["subject"], &made.event["data"]["state"]), (&json!(connection), &json!("active")));
    // Its stream fails: the card is a warning from now on.
    watch.next_of("connection.changed")?;
    becomes(&tenant, &connection, "warning")?;
    // Made whole by another login, it works again, and somebody is told that, too.
    let fields = json!({ "token": "0123456789", "choice": READS });
    let body = json!({ "connector": "patchbay.guests", "fields": fields, "reconnect": connection });
    tenant.api.post("/v1/connections", &body)?.expect(200)?;
    watch.next_of("connection.changed")?;
    let told = watch.next_of("connection.changed")?;
    assert_eq!(told.event["subject"], json!(connection), "the end of the trouble");
    becomes(&tenant, &connection, "active")?;
    // A release that new runs use.
    rig.install_guests("0.2.0")?;
    assert_eq!(watch.next_of("connector.activated")?.event["data"]["version"], json!("0.2.0"));
    let path = format!("/v1/connections/{connection}");
    tenant.api.delete(&path)?.expect(204)?;
    assert_eq!(watch.next_of("connection.deleted")?.event["subject"], json!(connection));
    Ok(())
}

#[test]
fn a_client_that_comes_back_goes_on_where_it_was_and_hears_nothing_of_others() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let (tenant, other) = (rig.tenant("A")?, rig.tenant("B")?);
    let mut theirs = Watch::open(&rig, &other, None)?;
    let mut watch = Watch::open(&rig, &tenant, None)?;
    let connection = tenant.connect_guests("0123456789", READS)?;
    let seen = watch.next_of("connection.created")?;
    tenant.first_run(&connection)?;
    let mut after = vec![watch.next_of("records.changed")?.id];
    drop(watch);
    let path = format!("/v1/connections/{connection}");
    for name in ["One", "Two", "Three"] {
        tenant.api.patch(&path, &json!({ "name": name }))?.expect(200)?;
    }
    let mut watch = Watch::open(&rig, &tenant, Some(&seen.id))?;
    loop {
        let happened = watch.next()?;
        if happened.kind() == "records.changed" {
            assert_eq!(happened.id, after[0], "what was told before comes again under the same number");
            break;
        }
    }
    while after.len() < 4 {
        let happened = watch.next_of("connection.changed")?;
        assert!(!after.contains(&happened.id), "twice: {happened:?}");
        after.push(happened.id);
    }
    let numbers: Vec<u64> = after.iter().filter_map(|id| id.parse().ok()).collect();
    assert!(numbers.len() == 4 && numbers.is_sorted(), "{after:?}");
    // A number of the future is of events that are forgotten: the stream begins with what there is.
    let mut early = Watch::open(&rig, &tenant, Some("999999"))?;
    assert_eq!(early.next_of("connection.created")?.id, seen.id);
    assert!(Watch::open(&rig, &tenant, Some("nonsense")).is_err());

    let own = other.connect_guests("0123456789", READS)?;
    let first = theirs.next()?;
    assert_eq!(first.event["subject"], json!(own), "the first that they hear is their own");
    Ok(())
}
