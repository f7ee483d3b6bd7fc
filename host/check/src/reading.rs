//! A stream, read to where it stands, with what was seen at each page.

use std::collections::BTreeSet;

use patchbay_fixture::{Exchange, Read};
use patchbay_model::{
    Failure, Timestamp,
    contract::{Page, Position, ReadRequest},
    page,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    player::{Heard, Twist},
    stage::{Opening, Setting, Stage, milliseconds},
};

/// Pages of one reading; no fixture is that long.
const PAGES: usize = 2_000;

/// What is read, and how.
pub(crate) struct Plan<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) read: &'a Read,
    /// Pointers to the key.
    pub(crate) key: &'a [String],
    pub(crate) exchanges: &'a [Exchange],
    pub(crate) twist: Twist,
}

impl Plan<'_> {
    /// Of the pages that the fixture has, those behind a page that was read before.
    fn left(&self, pages: u32, from: &From) -> usize {
        usize::try_from(pages).unwrap_or(usize::MAX).saturating_sub(from.pages)
    }
}

/// Where a reading begins.
#[derive(Debug, Clone, Default)]
pub(crate) struct From {
    pub(crate) cursor: Option<Vec<u8>>,
    /// Exchanges that were used up to there.
    pub(crate) used: BTreeSet<usize>,
    /// Pages that were read up to there.
    pub(crate) pages: usize,
    /// Whether it is told to stop, and how many pages it reads then.
    pub(crate) stopped: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) pages: Vec<Seen>,
    /// Where the stream stands, or why it does not.
    pub(crate) end: Option<Result<Position, Failure>>,
    /// What broke the contract.
    pub(crate) broken: Vec<String>,
    pub(crate) heard: Heard,
    pub(crate) log: Vec<String>,
    pub(crate) memory_bytes: usize,
    pub(crate) host_calls: u32,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Where it began.
    pub(crate) from: From,
    pub(crate) keys: Vec<String>,
    pub(crate) records: Vec<Value>,
    pub(crate) bytes: usize,
    pub(crate) ms: u64,
    /// Requests that it took.
    pub(crate) requests: usize,
}

impl Reading {
    /// All keys, in their order.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.pages.iter().flat_map(|page| page.keys.clone()).collect()
    }

    /// How it ended, as the contract spells it.
    pub(crate) fn case(&self) -> &'static str {
        match &self.end {
            Some(Ok(_)) => "ok",
            Some(Err(failure)) => case(failure),
            None => "nothing",
        }
    }

    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.end.as_ref().and_then(|end| end.as_ref().err())
    }
}

/// The case of a failure: the connector's own, or what the host saw.
pub(crate) fn case(failure: &Failure) -> &'static str {
    match failure {
        Failure::Connector(error) => error.case(),
        Failure::Trap(_) => "a trap",
        Failure::OutOfMemory => "out of memory",
        Failure::ComputeSpent(_) => "computing without end",
        Failure::CallTimeout => "a call without end",
        Failure::ContractBroken(_) => "a broken contract",
        Failure::Denied(_) => "a request that is not granted",
        Failure::Cancelled => "a call that did not stop",
        _ => "a failure of the host",
    }
}

/// A failure for a person: its case and both texts; below it what the connector said last, where that explains it.
pub(crate) fn told(failure: &Failure) -> String {
    let operator = failure.operator().map(|text| format!(" ({text})")).unwrap_or_default();
    let (operator, said) = match failure {
        // Its own text is one line; the others are of the log.
        Failure::Trap(text) => text.split_once('\n').map_or((operator, String::new()), |(reason, said)| {
            (format!(" ({reason})"), format!("\nit said last:\n{said}"))
        }),
        _ => (operator, String::new()),
    };
    format!("{}: {}{operator}{said}", case(failure), failure.person())
}

/// Behind what a call came out as: the failure, where it is one.
pub(crate) fn why(failure: Option<&Failure>) -> String {
    failure.map(|failure| format!(": {}", told(failure))).unwrap_or_default()
}

/// Reads until the stream stands, in one instance.
pub(crate) async fn read(stage: &Stage, plan: &Plan<'_>, from: From) -> Reading {
    let mut reading = Reading::default();
    let opening = Opening {
        setting: plan.setting,
        exchanges: plan.exchanges,
        used: &from.used,
        twist: plan.twist,
        writer: None,
        stopped: from.stopped,
    };
    let mut run = match stage.open(opening).await {
        Ok(run) => run,
        Err(failure) => {
            reading.end = Some(Err(failure));
            return reading;
        }
    };
    let mut seen: BTreeSet<Vec<u8>> = from.cursor.iter().cloned().collect();
    let mut cursor = from.cursor.clone();
    loop {
        let pages = from.pages + reading.pages.len();
        let before = From { cursor: cursor.clone(), used: run.actor.heard().used, pages, stopped: from.stopped };
        let sent = run.actor.heard().sent.len();
        let request = ReadRequest {
            stream: plan.read.stream.clone(),
            cursor: cursor.clone(),
            page_hint: plan.read.page_hint,
            since_ms: plan.read.since.as_deref().and_then(since),
        };
        let begun = Instant::now();
        let page = run.instance.read(&plan.setting.context, &request).await;
        let ms = milliseconds(begun.elapsed());
        let page = match page {
            Ok(page) => page,
            Err(failure) => {
                reading.end = Some(Err(failure));
                break;
            }
        };
        let mut taken = taken(&page, plan.key, &mut reading.broken);
        taken.from = before;
        taken.ms = ms;
        taken.requests = run.actor.heard().sent.len() - sent;
        reading.pages.push(taken);
        match page.position {
            Position::More(next) | Position::Wait(next, _) if from.stopped => {
                reading.end = Some(Ok(Position::More(next)));
                break;
            }
            Position::More(next)
                if plan.read.pages.is_some_and(|pages| reading.pages.len() >= plan.left(pages, &from)) =>
            {
                reading.end = Some(Ok(Position::More(next)));
                break;
            }
            Position::More(next) => {
                if !seen.insert(next.clone()) {
                    let text = String::from_utf8_lossy(&next).into_owned();
                    reading.broken.push(format!("a cursor came twice: {text}"));
                    break;
                }
                cursor = Some(next);
            }
            Position::Wait(next, _) => cursor = Some(next),
            position @ (Position::End(_) | Position::Complete(_)) => {
                reading.end = Some(Ok(position));
                break;
            }
        }
        if reading.pages.len() >= PAGES {
            reading.broken.push(format!("it did not end within {PAGES} pages"));
            break;
        }
    }
    let figures = run.instance.figures();
    (reading.memory_bytes, reading.host_calls) = (figures.memory_bytes, figures.host_calls);
    reading.heard = run.actor.heard();
    // What a connector printed last is told when its instance goes.
    drop(run.instance);
    reading.log = run.log.lines();
    reading.end = reading.end.map(|end| end.map_err(|failure| run.log.explain(failure)));
    reading
}

fn since(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millis()).ok()
}

fn taken(page: &Page, key: &[String], broken: &mut Vec<String>) -> Seen {
    let mut keys = Vec::new();
    match page::split(page, key) {
        Ok(split) => {
            keys.extend(split.records.into_iter().map(|record| record.key));
            for refused in split.refused {
                broken.push(format!("record {} of a page cannot be stored: {}", refused.index, refused.reason));
            }
        }
        Err(failure) => broken.push(told(&failure)),
    }
    Seen {
        from: From::default(),
        keys,
        records: serde_json::from_slice(&page.records).unwrap_or_default(),
        bytes: page.records.len(),
        ms: 0,
        requests: 0,
    }
}
