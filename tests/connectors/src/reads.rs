//! Reading all streams of a connection, and what the host and the provider say of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use patchbay_it::items;
use patchbay_test_support::{Result, Trouble, fakes::Entry};
use serde_json::{Value, json};

use crate::{
    Scene,
    mirror::{Mirror, Truth, difference, truth},
    signs::{ended, stands, text},
};

/// Passes before the provider changes, so that a change is never of the second of the last reading.
const LATER: Duration = Duration::from_secs(5);
/// Longer than a run waits before it goes on.
const PAUSE: Duration = Duration::from_secs(90);
/// Runs that one reading may be cut into.
const RUNS: usize = 20;

/// A connection whose records are followed.
pub(crate) struct Reader<'a> {
    pub(crate) scene: &'a Scene<'a>,
    /// Its id.
    pub(crate) connection: String,
    mirror: Mirror,
    /// Streams that read only what has changed.
    incremental: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    /// Reads all streams to their ends: the feed is what the provider has, record by record.
    ///
    /// # Errors
    ///
    /// It is not, or a run ends otherwise than done.
    pub(crate) fn first(scene: &'a Scene<'a>, connection: &str) -> Result<Self> {
        let entry = scene.tenant.get(&format!("/v1/catalog/{}", scene.case.id))?;
        let of_mode = |stream: &&Value| stream.get("mode") == Some(&json!("incremental"));
        let incremental =
            entry.array_at("/streams")?.iter().filter(of_mode).map(|stream| text(stream, "name")).collect();
        let connection = connection.to_owned();
        let mut reader = Self { scene, connection, mirror: Mirror::default(), incremental };
        reader.to_the_end()?;
        reader.stored()?;
        reader.is_true()?;
        Ok(reader)
    }

    /// Lets the provider change; what has to come, stream by stream.
    ///
    /// # Errors
    ///
    /// Nothing was changed of a stream that can change.
    pub(crate) fn change(&self) -> Result<BTreeSet<(String, String, String)>> {
        // Pages of a list that changes while it is read may shift; that is no connector's fault.
        self.scene.tenant.settled()?;
        self.scene.rig.advance(LATER)?;
        let before = truth(self.scene)?;
        (self.scene.case.change)(self.scene)?;
        let changed = difference(&before, &truth(self.scene)?);
        let untouched = |name: &str| !changed.iter().any(|(stream, ..)| stream == name);
        match self.scene.case.streams.iter().find(|stream| !stream.still && untouched(stream.name)) {
            Some(stream) => Err(Trouble::new(format!("the case's change changes nothing of {:?}", stream.name))),
            None => Ok(changed),
        }
    }

    /// Lets the provider change and reads again: what comes is what has changed, and incremental streams ask for less.
    ///
    /// # Errors
    ///
    /// Something else comes, or too much is read.
    pub(crate) fn again(&mut self) -> Result<()> {
        let (known, mark) = (self.runs()?, self.scene.stage.journal.last());
        let changed = self.change()?;
        self.to_the_end()?;
        let came = self.stored()?;
        self.is_true()?;
        if came != changed {
            let (one, other) = (changed.symmetric_difference(&came).next(), came.len());
            let wanted = changed.len();
            return Err(Trouble::new(format!("{wanted} places have changed, {other} came; not in both: {one:?}")));
        }
        self.read_less(&known)?;
        self.asked_since(&self.scene.stage.journal.since(mark))
    }

    /// Runs everything now, and waits for the ends.
    ///
    /// # Errors
    ///
    /// A run ends otherwise than done.
    pub(crate) fn to_the_end(&self) -> Result<()> {
        self.scene.tenant.settled()?;
        let mut open = self.scene.tenant.run_all(&self.connection)?;
        for _ in 0..RUNS {
            let mut more = Vec::new();
            for run in &open {
                let run = ended(self.scene, run)?;
                match stands(&run) {
                    (state, _) if state == "done" => {}
                    (state, _) if state == "more_later" => more.push(text(&run, "sync")),
                    _ => return Err(Trouble::new(format!("a run is not done: {run}"))),
                }
            }
            if more.is_empty() {
                return self.scene.tenant.settled();
            }
            self.scene.rig.advance(PAUSE)?;
            open = more.iter().map(|sync| self.scene.tenant.run(sync)).collect::<Result<_>>()?;
        }
        Err(Trouble::new(format!("after {RUNS} runs it still goes on")))
    }

    /// Takes over what has come into the feed; where.
    ///
    /// # Errors
    ///
    /// Something was stored twice.
    pub(crate) fn stored(&mut self) -> Result<BTreeSet<(String, String, String)>> {
        self.mirror.follow(self.scene, &self.connection)
    }

    /// Whether the copy is what the provider has.
    ///
    /// # Errors
    ///
    /// It is not.
    pub(crate) fn is_true(&self) -> Result<Truth> {
        let truth = truth(self.scene)?;
        self.mirror.compare(&truth)?;
        Ok(truth)
    }

    /// The runs that there are.
    ///
    /// # Errors
    ///
    /// There is no list.
    pub(crate) fn runs(&self) -> Result<BTreeSet<String>> {
        Ok(self.scene.tenant.runs(&self.connection)?.iter().map(|run| text(run, "id")).collect())
    }

    /// That the runs besides these have read less of each incremental stream than there is.
    ///
    /// # Errors
    ///
    /// One has read as much.
    pub(crate) fn read_less(&self, known: &BTreeSet<String>) -> Result<()> {
        let path = format!("/v1/connections/{}/syncs", self.connection);
        let streams: BTreeMap<String, String> =
            items(&self.scene.tenant.api, &path)?.iter().map(|sync| (text(sync, "id"), text(sync, "stream"))).collect();
        let mut read: BTreeMap<&str, u64> = BTreeMap::new();
        for run in self.scene.tenant.runs(&self.connection)? {
            let stream = streams.get(&text(&run, "sync")).map(String::as_str).unwrap_or_default();
            if self.incremental.contains(stream) && !known.contains(&text(&run, "id")) {
                *read.entry(stream).or_default() += run.get("records").and_then(Value::as_u64).unwrap_or_default();
            }
        }
        let truth = truth(self.scene)?;
        for (stream, read) in read {
            let there = truth.keys().filter(|(of, ..)| of == stream).count();
            // Of a stream that never changes, what stands at the very edge may be all that there is.
            let still = self.scene.case.streams.iter().any(|known| known.name == stream && known.still);
            if read >= u64::try_from(there).unwrap_or_default() + u64::from(still) {
                return Err(Trouble::new(format!("{stream} is incremental, and read {read} of {there} records again")));
            }
        }
        Ok(())
    }

    /// That the provider was asked for what is new, where a stream names how.
    fn asked_since(&self, asked: &[Entry]) -> Result<()> {
        for stream in &self.scene.case.streams {
            let Some(text) = stream.asks_since else { continue };
            if !asked.iter().any(|entry| says(entry, text)) {
                return Err(Trouble::new(format!("no request of a second run of {} says {text:?}", stream.name)));
            }
        }
        Ok(())
    }
}

/// Whether path, query or body of a request contain this.
fn says(entry: &Entry, text: &str) -> bool {
    let query = entry.query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let body = entry.body.as_ref().map(Value::to_string).unwrap_or_default();
    [&entry.path, &query, &body].into_iter().any(|part| part.contains(text))
}
