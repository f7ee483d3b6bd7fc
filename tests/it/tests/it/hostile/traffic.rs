//! Normal work that goes on beside: an office whose ledger changes and is read, and whose notes are written to the desk.
//!
//! It fails as soon as one run or one push of it does; and at the end the feed has to be what the ledger has, and the desk
//! has to have each note once.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use patchbay_it::{Book, DeskItem, LedgerMirror, Tenant};
use patchbay_model::Timestamp;
use patchbay_test_support::{Result, Trouble, fakes::ledger::Change};
use serde_json::{Value, json};

use super::Stand;

/// Entries that change before each run.
const CHANGED: u64 = 5;

/// An office that works.
pub(super) struct Traffic {
    tenant: Tenant,
    book: Book,
    notes: Vec<DeskItem>,
    mirror: LedgerMirror,
}

/// How long what was served took, from being asked for to its end.
#[derive(Debug, Default, Clone)]
pub(super) struct Served {
    pub(super) runs: Vec<Duration>,
    pub(super) pushes: Vec<Duration>,
}

impl Traffic {
    /// Connects the office; its first runs are done.
    pub(super) fn connect(stand: &Stand) -> Result<Self> {
        let tenant = stand.rig.tenant("Office")?;
        let book = Book::connect(&tenant, &stand.rig.fakes.ledger.provider.key("load-1"))?;
        tenant.connect_desk(&stand.rig.fakes.desk, "owner")?;
        tenant.settled()?;
        Ok(Self { tenant, book, notes: Vec::new(), mirror: LedgerMirror::default() })
    }

    /// Works once, and on until `over`; how long each took.
    pub(super) fn work(&mut self, stand: &Stand, over: &AtomicBool) -> Result<Served> {
        let mut served = Served::default();
        loop {
            let changed = (1..=CHANGED).map(|n| n + CHANGED * (served.runs.len() as u64 % 4)).collect();
            let change = Change::Put { list: "entries".to_owned(), ids: changed, at: None };
            stand.rig.fakes.ledger.provider.apply(&[change]).map_err(Trouble::new)?;
            let run = self.book.run("entries")?;
            served.runs.push(ended_well(&run, "ended_at")?);
            let note = DeskItem::of("note", &format!("n{}", self.notes.len()));
            let push = self.tenant.push_ended(&self.tenant.push(&note)?)?;
            self.notes.push(note);
            served.pushes.push(ended_well(&push, "ended_at")?);
            stand.rig.stranger().get("/readyz")?.expect(200)?;
            if over.load(Ordering::SeqCst) {
                return Ok(served);
            }
        }
    }

    /// Whether nothing was lost, doubled or invented.
    pub(super) fn compare(&mut self, stand: &Stand) -> Result<()> {
        self.book.done("entries")?;
        self.mirror.follow(&self.tenant.api)?;
        let truth = stand.rig.fakes.ledger.provider.truth("entries");
        self.mirror.compare(&self.book.id, "entries", None, &truth)?;
        let written = stand.rig.written_once(&self.notes)?;
        assert_eq!(written, self.notes.len(), "each note is at the desk");
        for run in self.tenant.runs(&self.book.id)? {
            assert_eq!(run["state"], json!("done"), "{run}");
        }
        Ok(())
    }
}

/// How long it took; an error when it did not end as `done`.
fn ended_well(work: &Value, end: &str) -> Result<Duration> {
    let time = |name: &str| -> Result<Timestamp> { Ok(work[name].as_str().unwrap_or_default().parse()?) };
    if work["state"] == json!("done") {
        Ok(time(end)?.since(time("created_at")?))
    } else {
        Err(Trouble::new(format!("normal work is not done: {work}")))
    }
}

impl Served {
    pub(super) fn add(&mut self, more: Self) {
        self.runs.extend(more.runs);
        self.pushes.extend(more.pushes);
    }
}

/// So many of a hundred are not longer.
pub(super) fn percentile(times: &[Duration], hundredth: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * hundredth).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}
