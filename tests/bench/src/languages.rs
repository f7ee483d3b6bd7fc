//! `languages`: the example connector in each language, as `patchbay new` writes it and `patchbay package` packs it. What a
//! language costs a host: disk, the time to make it ready, the time and memory of a fresh guest, and what a page takes.
//!
//! All of them ask the same provider, which answers each question with the same page of a thousand notes, so that what differs is
//! the guest. The figures go into a file besides, from which the table in `sdk/README.md` is made: they are read on a machine
//! that somebody chose, and no test compares them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use patchbay_egress::{EgressConfig, Gate, Rewrite};
use patchbay_engine::{Component, Engine, Instance, NoBlobs, NoLog, NoSteps, RunScope};
use patchbay_model::{
    Clock, Failure, Random, Secret, SystemRandom,
    contract::{Context, Position, ReadRequest},
    package::{self, Limits},
};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    Result,
    measure::{Figures, Steady, number},
    native::Way,
    rooms::{AUTH, engine},
    table::{grouped, lay_out},
    told,
};

/// Names the folder with a packed component for each language, and takes the figures.
const FOLDER: &str = "PATCHBAY_LANGUAGES";
const LANGUAGES: &[&str] = &["rust", "js", "python"];
const ORIGIN: &str = "https://api.notebook.example";
const STREAM: &str = "notes";
const RECORDS: u32 = 1_000;
const STARTS: usize = 100;
const PAGES: u32 = 50;
const COMPONENT_BYTES: usize = 64 << 20;

/// What one language costs.
#[derive(Debug, Serialize)]
struct Cost {
    language: &'static str,
    component_kib: f64,
    compile_ms: f64,
    start_us: f64,
    start_memory_kib: f64,
    page_memory_kib: f64,
    page_ms: f64,
    records_per_second: f64,
}

pub(crate) async fn run() -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the task that runs this says where it put what it built")]
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let folder = folder.ok_or_else(|| format!("{FOLDER} is not set: run `cargo xtask bench languages`"))?;
    let connect = serve()?;
    let mut costs = Vec::new();
    for language in LANGUAGES {
        costs.push(cost(language, &folder.join(format!("{language}.wasm")), &connect).await?);
    }
    println!("\nlanguages: the example connector, {STARTS} fresh guests and {PAGES} pages of {RECORDS} notes each\n");
    let rows: Vec<Vec<String>> = costs.iter().map(Cost::row).collect();
    let headings =
        ["", "component KiB", "compiled in ms", "start us", "memory KiB", "after pages KiB", "a page ms", "records/s"];
    print!("{}", lay_out(&headings, &rows));
    let path = folder.join("figures.json");
    let text = serde_json::to_string_pretty(&costs).map_err(told)?;
    std::fs::write(&path, format!("{text}\n")).map_err(|error| format!("{}: {error}", path.display()))
}

impl Cost {
    fn row(&self) -> Vec<String> {
        let figures = [self.component_kib, self.compile_ms, self.start_us, self.start_memory_kib, self.page_memory_kib];
        let mut row = vec![self.language.to_owned()];
        row.extend(figures.map(grouped));
        row.push(format!("{:.1}", self.page_ms));
        row.push(grouped(self.records_per_second));
        row
    }
}

async fn cost(language: &'static str, file: &Path, connect: &str) -> Result<Cost> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let inspected = package::inspect(&bytes, Limits { component_bytes: COMPONENT_BYTES }).map_err(told)?;
    let clock: Arc<dyn Clock> = Arc::new(Steady::start());
    let rewrite = Rewrite { origin: ORIGIN.to_owned(), connect: connect.to_owned(), browser: None };
    let config = EgressConfig { rewrite: vec![rewrite], ..EgressConfig::default() };
    let gate = Gate::build(config, Arc::clone(&clock)).map_err(told)?;
    let mut manifest = inspected.manifest;
    // What is measured is the guest and not the manners of its manifest.
    manifest.rates.clear();
    let secrets = [("key".to_owned(), Secret::new("nb_12345678"))].into();
    let way = Way::through(gate, &manifest, secrets)?;
    let cache = tempfile::tempdir().map_err(told)?;
    let engine = engine(&cache.path().join("compiled"))?;
    let begun = Instant::now();
    let component = engine.load(&inspected.digest, &bytes).await.map_err(told)?;
    let compile_ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let house = Guests { engine, component, way, clock, random: Arc::new(SystemRandom) };
    let context = Context {
        auth: AUTH.to_owned(),
        account: None,
        facts: Vec::new(),
        account_facts: Vec::new(),
        settings: b"{}".to_vec(),
        config: format!("{{\"page_size\":{RECORDS}}}").into_bytes(),
    };
    let (start_us, start_memory) = house.starts(&context).await?;
    let (page_ms, page_memory) = house.pages(&context).await?;
    let kib = |bytes: usize| bytes as f64 / 1024.0;
    Ok(Cost {
        language,
        component_kib: kib(bytes.len()),
        compile_ms,
        start_us,
        start_memory_kib: kib(start_memory),
        page_memory_kib: kib(page_memory),
        page_ms,
        records_per_second: f64::from(RECORDS) / page_ms * 1_000.0,
    })
}

/// Guests of one component.
struct Guests {
    engine: Arc<Engine>,
    component: Arc<Component>,
    way: Way,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Guests {
    async fn open(&self) -> Result<Instance> {
        let scope = RunScope {
            door: self.way.door(),
            memory_bytes: 64 << 20,
            call_timeout: Duration::from_secs(60),
            deadline: Instant::now() + Duration::from_secs(3_600),
            stop: self.way.stop(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(NoLog),
            steps: Arc::new(NoSteps),
            blobs: Arc::new(NoBlobs),
        };
        self.engine.open(&self.component, scope).await.map_err(told)
    }

    /// A fresh guest, one question that sends nothing, and its end: microseconds, and bytes of memory.
    async fn starts(&self, context: &Context) -> Result<(f64, usize)> {
        let (mut taken, mut memory) = (Figures::default(), 0);
        for _ in 0..STARTS {
            let begun = Instant::now();
            let mut instance = self.open().await?;
            let request = ReadRequest { stream: "nothing".to_owned(), cursor: None, page_hint: 1, since_ms: None };
            match instance.read(context, &request).await {
                Err(Failure::Connector(_)) => {}
                other => return Err(told(other)),
            }
            memory = memory.max(instance.figures().memory_bytes);
            drop(instance);
            taken.add(begun.elapsed().as_secs_f64() * 1_000_000.0);
        }
        Ok((taken.median(), memory))
    }

    /// Pages in one guest, each with its request: milliseconds of one, and bytes of memory at the end.
    async fn pages(&self, context: &Context) -> Result<(f64, usize)> {
        let mut instance = self.open().await?;
        let mut cursor = None;
        let begun = Instant::now();
        for _ in 0..PAGES {
            let request = ReadRequest { stream: STREAM.to_owned(), cursor, page_hint: RECORDS, since_ms: None };
            let page = instance.read(context, &request).await.map_err(told)?;
            match page.position {
                Position::More(next) if page.count == RECORDS => cursor = Some(next),
                other => return Err(format!("a page of {} records, then {other:?}", page.count)),
            }
        }
        let took = begun.elapsed().as_secs_f64() * 1_000.0 / number(u64::from(PAGES));
        Ok((took, instance.figures().memory_bytes))
    }
}

/// Answers whatever is asked with the same page, until the process ends; says where.
fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(told)?;
    let address = listener.local_addr().map_err(told)?;
    let body = page();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let answer: Arc<[u8]> = [head.into_bytes(), body].concat().into();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || converse(&stream, &answer));
        }
    });
    Ok(format!("http://{address}"))
}

/// One connection, kept alive; a request here has no body.
fn converse(stream: &TcpStream, answer: &[u8]) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            let mut stream = stream;
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }
}

/// A thousand notes of about 280 bytes, and the name of a next page.
fn page() -> Vec<u8> {
    let text = "The client asked for the figures of the third quarter and for a proposal; somebody has to call back before \
                the end of the week and send the minutes to everybody who was there.";
    let notes: Vec<String> = (0..RECORDS)
        .map(|id| {
            format!(
                "{{\"id\":{id},\"notebook_id\":\"nb-{}\",\"text\":\"{text}\",\"author\":\"els@voorbeeld.example\",\
                 \"changed_at\":\"2026-11-20T16:45:10Z\"}}",
                id % 7
            )
        })
        .collect();
    format!("{{\"items\":[{}],\"next\":\"n\"}}", notes.join(",")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_answers_each_question_on_one_connection() {
        let connect = serve().expect("it listens");
        let mut stream = TcpStream::connect(connect.trim_start_matches("http://")).expect("there");
        for _ in 0..2 {
            stream.write_all(b"GET /v1/notes HTTP/1.1\r\nhost: x\r\n\r\n").expect("sent");
            let mut answer = BufReader::new(&stream);
            let mut line = String::new();
            let mut length = 0;
            while line != "\r\n" {
                line.clear();
                answer.read_line(&mut line).expect("a line");
                length = line.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap_or(0));
            }
            let mut body = vec![0; length];
            std::io::Read::read_exact(&mut answer, &mut body).expect("a body");
            let page: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(page["items"].as_array().map(Vec::len), Some(1_000));
        }
    }
}
