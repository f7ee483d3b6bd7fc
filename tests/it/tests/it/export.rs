//! **A stream leaves as a whole**: an export of any length is sent while it is read, holds a page and not more, and
//! ends with the client that goes away.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use patchbay_it::{Book, Rig, RigSetup, Tenant, ledger_of};
use patchbay_test_support::{
    HostProcess, Result, Trouble,
    fakes::{FakesConfig, LedgerConfig},
    wait_until,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
/// Records of the stream, about 8 MB of lines.
const RECORDS: u64 = 20_000;
/// Clients that take nothing: whole answers of them would be more than 100 MB.
const CLIENTS: usize = 16;
/// How much the host may hold for all of them.
const HELD: u64 = 48 * 1024 * 1024;

fn start() -> Result<(Rig, Tenant, Book)> {
    let ledger = LedgerConfig { bulk: RECORDS, ..LedgerConfig::default() };
    let rig =
        RigSetup { fakes: Some(FakesConfig { ledger, ..FakesConfig::small() }), ..RigSetup::default() }.start()?;
    rig.install(ledger_of(&["bulk"])?)?;
    let tenant = rig.tenant("A")?;
    let book = Book::connect(&tenant, &rig.fakes.ledger.provider.key("load-1"))?;
    wait_until("all records", LIMIT, || Ok((book.sync("bulk", None)?["records"] == json!(RECORDS)).then_some(())))?;
    book.settled()?;
    Ok((rig, tenant, book))
}

/// An export, of which the head has come.
fn ask(host: &HostProcess, tenant: &Tenant, book: &Book) -> Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(host.address())?;
    stream.set_read_timeout(Some(LIMIT))?;
    let asked = format!(
        "GET /v1/connections/{}/records/bulk/export HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
        book.id,
        host.address(),
        tenant.key
    );
    stream.write_all(asked.as_bytes())?;
    let (mut reader, mut head) = (BufReader::new(stream), String::new());
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(Trouble::new(format!("the head is cut: {head}")));
        }
    }
    let head = head.to_lowercase();
    match head.contains(" 200 ") && head.contains("application/x-ndjson") && head.contains("chunked") {
        true => Ok(reader),
        false => Err(Trouble::new(head)),
    }
}

/// What a process holds of memory, bytes.
fn resident(host: &HostProcess) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", host.pid()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kibibytes: u64 = line.split_whitespace().nth(1).unwrap_or_default().parse()?;
    Ok(kibibytes * 1024)
}

/// How many connections a process has open.
fn sockets(host: &HostProcess) -> Result<usize> {
    let folder = fs::read_dir(format!("/proc/{}/fd", host.pid()))?;
    let links = folder.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count())
}

#[test]
fn an_export_is_every_record_once_as_it_is() -> Result<()> {
    let (rig, tenant, book) = start()?;
    let (mut reader, mut body) = (ask(&rig.host, &tenant, &book)?, Vec::new());
    loop {
        let mut length = String::new();
        reader.read_line(&mut length)?;
        let length = usize::from_str_radix(length.trim(), 16)?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk)?;
        if length == 0 {
            break;
        }
        body.extend_from_slice(chunk.get(..length).unwrap_or_default());
    }
    let mut exported = BTreeMap::new();
    for line in String::from_utf8(body)?.lines() {
        let record: Value = serde_json::from_str(line)?;
        let (key, content) = (record["key"].as_str().unwrap_or_default().to_owned(), record["record"].clone());
        assert!(exported.insert(key.clone(), content).is_none(), "{key} came twice");
    }
    assert_eq!(exported.len() as u64, RECORDS);
    // The same as the feed says, and as the provider has it.
    let mut fed = BTreeMap::new();
    for change in tenant.feed(0)? {
        fed.insert(change["key"].as_str().unwrap_or_default().to_owned(), change["record"].clone());
    }
    assert!(exported == fed, "the export and the feed differ");
    let truth = rig.fakes.ledger.provider.truth("bulk");
    assert_eq!(truth.len(), exported.len());
    for (key, record) in &exported {
        let revision = key.parse().ok().and_then(|id: u64| truth.get(&id));
        assert_eq!(revision.map(|revision| json!(revision)).as_ref(), Some(&record["n"]), "{key}");
    }
    // What is not there is refused before anything is sent.
    let path = format!("/v1/connections/{}/records", book.id);
    tenant.api.get(&format!("{path}/nothing/export"))?.expect(404)?;
    let other = rig.tenant("B")?;
    other.api.get(&format!("{path}/bulk/export"))?.expect(404).map(drop)
}

#[test]
fn exports_that_nobody_takes_hold_a_page_each_and_end_with_their_clients() -> Result<()> {
    let (rig, tenant, book) = start()?;
    let host = &rig.host;
    // What one whole export needs is there before it is measured.
    let whole = tenant.get(&format!("/v1/connections/{}/records/bulk/export", book.id))?.body.len();
    let (open, before) = (sockets(host)?, resident(host)?);
    let mut clients = (0..CLIENTS).map(|_| ask(host, &tenant, &book)).collect::<Result<Vec<_>>>()?;
    // Each has taken what fits into the system's buffers; another caller is answered meanwhile.
    for client in &mut clients {
        client.read_line(&mut String::new())?;
    }
    tenant.get("/v1/connections")?;
    // Some of those that were open before stood still, and may have ended meanwhile.
    assert!(sockets(host)? >= open + CLIENTS / 2, "{} open before, {} now", open, sockets(host)?);
    let held = resident(host)?.saturating_sub(before);
    println!("{CLIENTS} exports of {whole} bytes that nobody takes: {held} bytes more");
    assert!(held < HELD, "{held} bytes for {CLIENTS} exports of {whole} bytes");
    assert!(u64::try_from(whole * CLIENTS)? > HELD * 2, "whole answers would not be more than that");
    drop(clients);
    wait_until("the end of all exports", LIMIT, || Ok((sockets(host)? <= open + 1).then_some(())))
}
