//! **Progress is seen while it happens**: server-sent events tell how far runs are, from any node; who looks on costs
//! next to nothing, and who goes away nothing at all.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use patchbay_it::{Book, Nodes, Rig, RigSetup, ServerDatabase, Tenant, ledger_of};
use patchbay_test_support::{
    HostProcess, Result, Trouble,
    fakes::{Act, FakesConfig, LedgerConfig, Rule},
    wait_until,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
/// Streams that a tenant may have open.
const STREAMS: usize = 50;
/// Records of the list that is read, and of a page of it.
const RECORDS: u64 = 600;
const PAGE: u64 = 20;

/// Somebody who looks on.
struct Onlooker {
    reader: BufReader<TcpStream>,
    status: u16,
    head: String,
}

/// What came.
#[derive(Debug)]
enum Heard {
    /// `run` or `ended`, and how far.
    Event(String, Value),
    /// A comment: it is still there.
    Beat,
    /// It is over.
    End,
}

impl Onlooker {
    fn open(host: &HostProcess, tenant: &Tenant, query: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(host.address())?;
        stream.set_read_timeout(Some(LIMIT))?;
        let asked = format!(
            "GET /v1/progress{query} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\r\n",
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
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok(Self { reader, status, head: head.to_lowercase() })
    }

    /// What comes next. Chunks end at the ends of events, so their lengths are lines that say nothing here.
    fn next(&mut self) -> Result<Heard> {
        let mut kind = String::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 || line == "0\r\n" {
                return Ok(Heard::End);
            }
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("event: ") {
                name.clone_into(&mut kind);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Ok(Heard::Event(kind, serde_json::from_str(data)?));
            } else if line.starts_with(':') {
                return Ok(Heard::Beat);
            }
        }
    }

    /// The body of a refusal.
    fn refusal(mut self) -> Result<String> {
        let marked = self.head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let mut body = vec![0; marked.and_then(|length| length.parse().ok()).unwrap_or_default()];
        self.reader.read_exact(&mut body)?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

/// A ledger whose list `snapshot` is read in thirty pages, of which each takes this long.
fn config() -> FakesConfig {
    let ledger = LedgerConfig { snapshot: RECORDS, ..LedgerConfig::default() };
    FakesConfig { ledger, ..FakesConfig::small() }
}

fn book(rig: &Rig, tenant: &Tenant) -> Result<Book> {
    let book = Book::connect(tenant, &rig.fakes.ledger.provider.key("load-1"))?;
    book.settings(&json!({ "page_size": PAGE }))?;
    book.settled()?;
    book.done("snapshot")?;
    rig.fakes.ledger.script.add(Rule::on("GET", "/snapshot", Act::Delay { ms: 60 }).times(0));
    Ok(book)
}

/// What an onlooker of one run saw of it, and whether the stream ended with it.
fn watched(onlooker: &mut Onlooker) -> Result<(Vec<Value>, Value)> {
    let mut seen = Vec::new();
    loop {
        match onlooker.next()? {
            Heard::Event(kind, told) if kind == "run" => seen.push(told),
            Heard::Event(_, told) => {
                return match onlooker.next()? {
                    Heard::End => Ok((seen, told)),
                    more => Err(Trouble::new(format!("more came after the end: {more:?}"))),
                };
            }
            Heard::Beat => {}
            Heard::End => return Err(Trouble::new(format!("it ended before the run did: {seen:?}"))),
        }
    }
}

fn numbers(seen: &[Value], name: &str) -> Vec<u64> {
    seen.iter().map(|told| told[name].as_u64().unwrap_or_default()).collect()
}

#[test]
fn a_run_of_many_pages_is_seen_while_it_runs_and_the_stream_ends_with_it() -> Result<()> {
    let rig = RigSetup { fakes: Some(config()), ..RigSetup::default() }.start()?;
    rig.install(ledger_of(&["snapshot"])?)?;
    let tenant = rig.tenant("A")?;
    let book = book(&rig, &tenant)?;
    let run = book.start("snapshot")?;
    let begun = Instant::now();
    let mut onlooker = Onlooker::open(&rig.host, &tenant, &format!("?run={run}"))?;
    assert_eq!(onlooker.status, 200, "{}", onlooker.head);
    assert!(onlooker.head.contains("content-type: text/event-stream"), "{}", onlooker.head);
    let (seen, ended) = watched(&mut onlooker)?;
    let took = begun.elapsed();

    let (pages, records) = (numbers(&seen, "pages"), numbers(&seen, "records"));
    assert!(pages.is_sorted() && records.is_sorted(), "{seen:?}");
    let steps = records.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert!(steps >= 4, "it was seen at {steps} places only: {records:?}");
    let most = usize::try_from(took.as_millis() / 250)? + 3;
    assert!(seen.len() <= most, "{} events in {took:?}", seen.len());
    assert!(seen.iter().any(|told| told["total"] == json!(RECORDS)), "{seen:?}");
    assert!(seen.iter().any(|told| told["records_per_second"].as_f64() > Some(1.0)), "{seen:?}");
    assert!(seen.iter().any(|told| told["estimate_seconds"].is_u64()), "{seen:?}");
    assert_eq!((&ended["state"], &ended["records"], &ended["run"]), (&json!("done"), &json!(RECORDS), &json!(run)));
    assert!(ended["ended_at"].is_string() && ended["reason"].is_null(), "{ended}");
    println!("{} events over {took:?}: records {records:?}", seen.len());

    // Who comes a moment later is told how it ended, and nothing else.
    let (before, late) = watched(&mut Onlooker::open(&rig.host, &tenant, &format!("?run={run}"))?)?;
    assert_eq!((before.len(), &late["records"]), (0, &json!(RECORDS)));
    Ok(())
}

#[test]
fn a_tenant_has_fifty_streams_and_a_place_of_one_that_went_away_is_free_again() -> Result<()> {
    let rig = RigSetup { fakes: Some(config()), ..RigSetup::default() }.start()?;
    rig.install(ledger_of(&["snapshot"])?)?;
    let (tenant, other) = (rig.tenant("A")?, rig.tenant("B")?);
    let book = book(&rig, &tenant)?;
    let run = book.start("snapshot")?;
    let mut open = (0..STREAMS).map(|_| Onlooker::open(&rig.host, &tenant, "")).collect::<Result<Vec<_>>>()?;
    assert!(open.iter().all(|onlooker| onlooker.status == 200));
    let refused = Onlooker::open(&rig.host, &tenant, "")?;
    assert!(refused.head.contains("retry-after:"), "{}", refused.head);
    let (status, body) = (refused.status, refused.refusal()?);
    assert!(status == 503 && body.contains("PB5014"), "{status}: {body}");
    // Another tenant has places of its own, and sees nothing of this one.
    let mut elsewhere = Onlooker::open(&rig.host, &other, "")?;
    assert_eq!(elsewhere.status, 200);
    assert_eq!(Onlooker::open(&rig.host, &other, &format!("?run={run}"))?.status, 404);
    assert_eq!(Onlooker::open(&rig.host, &other, &format!("?connection={}", book.id))?.status, 404);

    // One leaves in the middle of a run: its place is free, and the run goes on.
    let left = Instant::now();
    open.pop();
    wait_until("a place", LIMIT, || Ok((Onlooker::open(&rig.host, &tenant, "")?.status == 200).then_some(())))?;
    println!("a place was free {:?} after somebody went away", left.elapsed());
    drop(open);
    assert_eq!(tenant.ended(&run)?["state"], json!("done"));
    // Where nothing happens, a comment says that somebody is there: nothing of the other tenant's run came before.
    let silent = Instant::now();
    match elsewhere.next()? {
        Heard::Beat => {}
        more => return Err(Trouble::new(format!("the other tenant was told: {more:?}"))),
    }
    assert!(silent.elapsed() < Duration::from_secs(20), "{:?}", silent.elapsed());
    // All places are free again, and a host that stops waits for no onlooker.
    let many = wait_until("fifty places", LIMIT, || {
        let many = (0..STREAMS).map(|_| Onlooker::open(&rig.host, &tenant, "")).collect::<Result<Vec<_>>>()?;
        Ok(many.iter().all(|onlooker| onlooker.status == 200).then_some(many))
    })?;
    let mut host = rig.host;
    let stopping = Instant::now();
    assert!(host.stop()?.success(), "{}", host.log_tail());
    assert!(stopping.elapsed() < Duration::from_secs(10), "{:?} with {} onlookers", stopping.elapsed(), many.len());
    Ok(())
}

#[test]
fn a_run_of_another_node_is_seen_too() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let nodes = Nodes::start(2, &database, RigSetup { fakes: Some(config()), ..RigSetup::default() })?;
    nodes.rig.install(ledger_of(&["snapshot"])?)?;
    let tenant = nodes.rig.tenant("A")?;
    let book = book(&nodes.rig, &tenant)?;
    let run = book.start("snapshot")?;
    let query = format!("?run={run}");
    let [mut here, mut there] =
        [Onlooker::open(nodes.host(0)?, &tenant, &query)?, Onlooker::open(nodes.host(1)?, &tenant, &query)?];
    for (node, onlooker) in [&mut here, &mut there].into_iter().enumerate() {
        let (seen, ended) = watched(onlooker)?;
        let records = numbers(&seen, "records");
        let steps = records.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert!(records.is_sorted() && steps >= 2, "node {node}: {records:?}");
        assert_eq!((&ended["state"], &ended["records"]), (&json!("done"), &json!(RECORDS)), "node {node}");
    }
    Ok(())
}
