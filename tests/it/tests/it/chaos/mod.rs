//! The chaos script (`trust.md`, 4.3): **whatever a provider answers, a run ends with the outcome that is written
//! down for it**, nothing is lost, doubled or deleted by it, and when the provider is well again the next run makes
//! the feed what the provider has.
//!
//! A [`Cell`] is one line of the table: a tenant with one connection to the fake ledger. All keys see the same
//! records, so cells are told apart by their **page size**: each asks for another one, and a rule of the script names
//! it (`size=37`). So the cells of a table run at the same time on one host: all read, the provider changes, each is
//! answered wrongly in its own way, all are looked at; then the provider is well again and all read the rest.

mod answers;
mod circles;
mod circuit;
mod floods;
mod holds;
mod order;
mod passes;
mod poison;
pub(crate) mod scripts;
mod stops;
mod table;
mod waits;
mod wire;

use std::time::Duration;

use patchbay_it::{Book, LedgerMirror, Rig, RigSetup, ledger_of};
use patchbay_model::{Clock, SystemClock, Timestamp};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        Act, FakesConfig, LedgerConfig, Rule,
        ledger::{Change, LedgerStand, Visit},
    },
    wait_until,
};
use serde_json::{Value, json};

/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);
/// The page size of the first cell; each further one asks for one more.
const FIRST: u64 = 11;

/// A host and the ledger beside it.
struct Ground {
    rig: Rig,
}

/// What a ground is made of.
struct Lay<'a> {
    streams: &'a [&'a str],
    ledger: LedgerConfig,
    more: &'a str,
    variables: &'a [(&'a str, &'a str)],
    test_clock: bool,
}

impl Default for Lay<'_> {
    fn default() -> Self {
        let ledger = LedgerConfig { entries: 120, snapshot: 250, bulk: 100, ..LedgerConfig::default() };
        Self { streams: &["entries"], ledger, more: "", variables: &[], test_clock: false }
    }
}

impl Lay<'_> {
    fn start(self) -> Result<Ground> {
        let rig = RigSetup {
            fakes: Some(FakesConfig { ledger: self.ledger, ..FakesConfig::small() }),
            more: self.more.to_owned(),
            variables: self.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            test_clock: self.test_clock,
            ..RigSetup::default()
        }
        .start()?;
        rig.install(ledger_of(self.streams)?)?;
        Ok(Ground { rig })
    }
}

impl Ground {
    fn ledger(&self) -> &LedgerStand {
        &self.rig.fakes.ledger
    }

    fn change(&self, changes: &[Change]) -> Result<()> {
        self.ledger().provider.apply(changes).map_err(Trouble::new)
    }

    /// Connects a cell, and waits until it has read what there is.
    fn cell(&self, number: u64, name: &str, stream: &'static str) -> Result<Cell> {
        self.cell_with(number, name, stream, json!({}))
    }

    /// The same with further settings.
    fn cell_with(&self, number: u64, name: &str, stream: &'static str, settings: Value) -> Result<Cell> {
        let tenant = self.rig.tenant(name)?;
        let key = format!("load-{number}");
        let book = Book::connect(&tenant, &self.ledger().provider.key(&key))?;
        let mut settings = settings;
        settings["page_size"] = json!(number);
        book.settings(&settings)?;
        book.settled()?;
        let mut cell = Cell::of(name, number, stream, book)?;
        // A first pass may be several runs.
        cell.rests()?;
        cell.catches_up(self)?;
        Ok(cell)
    }

    /// A cell that reads reports, once it has read the first one.
    fn reports(&self, number: u64) -> Result<Cell> {
        let key = format!("load-{number}");
        let book = Book::connect(&self.rig.tenant("reports")?, &self.ledger().provider.key(&key))?;
        let mut cell = Cell::of("reports", number, "reports", book)?;
        let mut run = cell.run()?;
        while run["state"] != json!("done") {
            cell.ended_as(&run, "more_later", Some("PB3003"))?;
            self.rig.advance(Duration::from_secs(15))?;
            run = cell.goes_on(&run)?;
        }
        cell.catches_up(self)?;
        Ok(cell)
    }
}

/// One line of a table: a connection of its own.
struct Cell {
    name: String,
    /// Its page size; nobody else asks for pages of so many.
    number: u64,
    /// The name of its key at the ledger.
    key: String,
    book: Book,
    mirror: LedgerMirror,
    stream: &'static str,
    sync: String,
}

impl Cell {
    fn of(name: &str, number: u64, stream: &'static str, book: Book) -> Result<Self> {
        let sync = book.sync(stream, None)?["id"].as_str().unwrap_or_default().to_owned();
        let (name, key) = (name.to_owned(), format!("load-{number}"));
        Ok(Self { name, number, key, book, mirror: LedgerMirror::default(), stream, sync })
    }

    /// What the ledger calls the list of its stream.
    fn list(&self) -> &'static str {
        if self.stream == "reports" { "report" } else { self.stream }
    }

    /// A rule for its requests alone, for the next one; `times(0)` for ever.
    fn rule(&self, act: Act) -> Rule {
        Rule::on("GET", &format!("/{}", self.stream), act).containing(&format!("size={}", self.number))
    }

    fn follow(&mut self) -> Result<usize> {
        self.mirror.follow(&self.book.tenant.api).map_err(|error| self.told(&error))
    }

    /// Whether the feed says exactly what the provider has; how many records.
    fn is_true(&self, ground: &Ground) -> Result<usize> {
        let truth = ground.ledger().provider.truth(self.list());
        self.mirror.compare(&self.book.id, self.stream, None, &truth).map_err(|error| self.told(&error))
    }

    /// Follows the feed and compares.
    fn catches_up(&mut self, ground: &Ground) -> Result<usize> {
        self.follow()?;
        self.is_true(ground)
    }

    /// That nothing in the feed is invented.
    fn is_served(&self, ground: &Ground) -> Result<()> {
        let ever = ground.ledger().journal.ever(self.list());
        self.mirror.was_served(&self.book.id, self.stream, None, &ever).map_err(|error| self.told(&error))
    }

    fn run(&self) -> Result<Value> {
        self.book.tenant.ended(&self.start()?).map_err(|error| self.told(&error))
    }

    fn start(&self) -> Result<String> {
        self.book.tenant.run(&self.sync).map_err(|error| self.told(&error))
    }

    /// Runs, and wants this end.
    fn ends(&self, state: &str, code: Option<&str>) -> Result<Value> {
        let run = self.run()?;
        self.ended_as(&run, state, code)?;
        Ok(run)
    }

    fn ended_as(&self, run: &Value, state: &str, code: Option<&str>) -> Result<()> {
        if run["state"] == json!(state) && run["reason"]["code"] == json!(code) {
            return Ok(());
        }
        Err(self.told(&Trouble::new(format!("{state} {code:?} was expected: {run}"))))
    }

    /// The sync as it is now.
    fn sync(&self) -> Result<Value> {
        self.book.sync(self.stream, None)
    }

    /// The run of the stream that waits or runs.
    fn open(&self) -> Result<Option<Value>> {
        let runs = self.book.tenant.runs(&self.book.id)?;
        let mine = runs.into_iter().filter(|run| run["sync"] == json!(self.sync));
        Ok(mine.into_iter().find(|run| run["ended_at"].is_null()))
    }

    /// Waits for the end of the run that follows by itself; the run. Others may have followed that one already.
    fn goes_on(&self, than: &Value) -> Result<Value> {
        let next = wait_until(&format!("{}: the run after {}", self.name, than["id"]), LIMIT, || {
            let runs = self.book.tenant.runs(&self.book.id)?;
            let mine = runs.into_iter().filter(|run| run["sync"] == json!(self.sync));
            Ok(mine.take_while(|run| run["id"] != than["id"]).last())
        })?;
        self.book.tenant.ended(next["id"].as_str().unwrap_or_default()).map_err(|error| self.told(&error))
    }

    /// Waits until no slot is due and no run is open, so that a run that is asked for is a run of its own; the newest
    /// one.
    fn rests(&self) -> Result<Value> {
        wait_until(&format!("{}: what is due to be done", self.name), LIMIT, || {
            let due = self.sync()?["next_due_at"].as_str().and_then(|due| due.parse::<Timestamp>().ok());
            Ok((due.is_some_and(|due| due > SystemClock.now()) && self.open()?.is_none()).then_some(()))
        })?;
        let mut runs = self.book.tenant.runs(&self.book.id)?.into_iter();
        let newest = runs.find(|run| run["sync"] == json!(self.sync));
        newest.ok_or_else(|| self.told(&Trouble::new("it has never run")))
    }

    /// What the ledger was asked with its key after this visit.
    fn visits(&self, ground: &Ground, after: u64) -> Vec<Visit> {
        let visits = ground.ledger().journal.since(after);
        visits.into_iter().filter(|visit| visit.key.as_deref() == Some(&self.key)).collect()
    }

    fn told(&self, error: &Trouble) -> Trouble {
        Trouble::new(format!("cell {:?}: {error}", self.name))
    }
}

/// Milliseconds between two moments of a run row.
fn millis(run: &Value, from: &str, to: &str) -> Result<i64> {
    let at = |name: &str| -> Result<i64> {
        let text = run[name].as_str().unwrap_or_default();
        let time: Timestamp = text.parse().map_err(|_| Trouble::new(format!("{name} of a run is {text:?}: {run}")))?;
        Ok(time.as_millis())
    };
    Ok(at(to)? - at(from)?)
}

fn list(name: &str) -> String {
    name.to_owned()
}
