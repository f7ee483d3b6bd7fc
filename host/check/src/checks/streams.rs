//! What is asked of a stream.

use std::collections::BTreeSet;

use patchbay_fixture::{Call, Kind, Placed, Read};
use patchbay_model::{
    Failure,
    contract::{Effect, Position},
    manifest::Stream,
};

use super::{Ran, Suite, astray, no_fixture, troubles};
use crate::{
    Finding,
    player::Twist,
    reading::{From, Plan, Reading, read, told},
    stage::Setting,
};

/// Pages that one check goes on from; a longer fixture is looked at here and there.
const RESUMED: usize = 12;
/// Requests that a call may make after it was told to stop.
const AFTER_STOP: usize = 2;

pub(super) async fn stream(suite: &mut Suite<'_>, stream: &Stream) {
    let of = format!("streams/{}", stream.name);
    let fixtures = suite.fixtures(&Kind::Stream(stream.name.clone()));
    if fixtures.is_empty() {
        suite.judge(&of, "has a fixture", "", vec![no_fixture(&format!("{of}.json"))]);
        return;
    }
    for placed in fixtures {
        let of = placed.file.trim_end_matches(".json").to_owned();
        let Some(Call::Read(call)) = placed.fixture.call.clone() else { continue };
        match suite.stage.setting(&suite.folder, &placed) {
            Ok(setting) => Asked { of, stream, placed: &placed, call: &call, setting: &setting }.ask(suite).await,
            Err(finding) => suite.judge(&of, "has a fixture", "", vec![finding]),
        }
    }
}

/// One fixture of a stream.
struct Asked<'a> {
    of: String,
    stream: &'a Stream,
    placed: &'a Placed,
    call: &'a Read,
    setting: &'a Setting,
}

impl Asked<'_> {
    async fn ask(&self, suite: &mut Suite<'_>) {
        let mut findings = Vec::new();
        if self.stream.per_account && self.setting.context.account.is_none() {
            let at = format!("fixtures/{}: context.account", self.placed.file);
            findings.push(Finding::of(
                "the stream is read per account, and no account is said",
                at,
                "say one in the context",
            ));
        }
        let whole = self.read(suite, Twist::None, From::default()).await;
        findings.extend(astray(&whole.heard, whole.failure(), &self.file()));
        let (keys, pages) = (whole.keys(), whole.pages.len());
        if whole.end.is_none() {
            findings.push(Finding::of("it does not end", self.file(), "answer `end` or `complete` when all is read"));
        }
        suite.figures.records += u64::try_from(keys.len()).unwrap_or(u64::MAX);
        suite.figures.read_requests += u64::try_from(whole.heard.sent.len()).unwrap_or(u64::MAX);
        let went_well = findings.is_empty();
        let seen = format!("{} records in {pages} pages, {} requests", keys.len(), whole.heard.sent.len());
        suite.judge(&self.of, "reads to its end", seen, findings);
        if !went_well {
            suite.skip(&self.of, "all else", "it does not read");
            return;
        }
        self.pages(suite, &whole);
        self.only_reads(suite, &whole);
        self.resumes(suite, &whole).await;
        self.unknown_field(suite, &whole).await;
        self.errors(suite, &whole).await;
        self.stops(suite, &whole).await;
    }

    fn file(&self) -> String {
        format!("fixtures/{}", self.placed.file)
    }

    async fn read(&self, suite: &mut Suite<'_>, twist: Twist, from: From) -> Reading {
        let plan = Plan {
            setting: self.setting,
            read: self.call,
            key: &self.stream.key,
            exchanges: &self.placed.fixture.exchanges,
            twist,
        };
        let from = match (&from.cursor, self.call.cursor_bytes()) {
            (None, Some(first)) => From { cursor: Some(first), ..from },
            _ => from,
        };
        let reading = read(suite.stage, &plan, from).await;
        let figures = &mut suite.figures;
        for page in &reading.pages {
            figures.page_bytes = figures.page_bytes.max(page.bytes);
            figures.page_records = figures.page_records.max(u32::try_from(page.keys.len()).unwrap_or(u32::MAX));
        }
        suite.note(&Ran {
            at: self.placed.file.clone(),
            heard: &reading.heard,
            log: &reading.log,
            failure: reading.failure(),
            memory_bytes: reading.memory_bytes,
            host_calls: reading.host_calls,
            ms: reading.pages.iter().map(|page| page.ms).max().unwrap_or_default(),
            calls: u64::try_from(reading.pages.len()).unwrap_or(u64::MAX),
        });
        reading
    }

    /// Keys, counts, sizes.
    fn pages(&self, suite: &mut Suite<'_>, whole: &Reading) {
        let mut findings: Vec<Finding> = whole
            .broken
            .iter()
            .map(|what| {
                Finding::of(what.clone(), self.file(), "the manifest's key pointers and the page have to agree")
            })
            .collect();
        let hint = usize::try_from(self.call.page_hint).unwrap_or(usize::MAX);
        for (number, page) in (1..).zip(&whole.pages) {
            if page.records.len() > hint {
                let what = format!("page {number} has {} records, {hint} were asked for", page.records.len());
                let remedy = "ask the provider for no more than `page-hint`, or say in the fixture's call what the provider gives at once";
                findings.push(Finding::of(what, self.file(), remedy));
            }
        }
        let most = whole.pages.iter().map(|page| page.records.len()).max().unwrap_or_default();
        let seen = format!("at most {most} of {hint} a page");
        suite.judge(&self.of, "pages keep their bounds and records their keys", seen, findings);
        if whole.keys().is_empty() {
            let finding =
                Finding::of("no record was read", self.file(), "a fixture without records shows nothing: record some");
            suite.judge(&self.of, "has records", "", vec![finding]);
        }
    }

    fn only_reads(&self, suite: &mut Suite<'_>, whole: &Reading) {
        let writes = whole.heard.sent.iter().filter(|sent| sent.effect == Effect::Write);
        let findings = writes.map(|sent| {
            Finding::of(format!("a reading writes: {}", sent.title), self.file(), "a stream reads and nothing else")
        });
        let findings: Vec<Finding> = findings.collect();
        if !findings.is_empty() {
            suite.judge(&self.of, "only reads", "", findings);
        }
    }

    /// From each cursor, in an instance that knows nothing.
    async fn resumes(&self, suite: &mut Suite<'_>, whole: &Reading) {
        let rule = "resumes from each cursor in a fresh instance";
        let later: Vec<usize> = (1..whole.pages.len()).collect();
        if later.is_empty() {
            suite.skip(
                &self.of,
                rule,
                "the fixture has one page, two show more: `patchbay record --page-hint 2` asks for small ones",
            );
            return;
        }
        let step = later.len().div_ceil(RESUMED);
        let mut findings = Vec::new();
        let mut tried = 0;
        for page in later.into_iter().step_by(step) {
            let Some(begins) = whole.pages.get(page) else { continue };
            tried += 1;
            let rest = self.read(suite, Twist::None, begins.from.clone()).await;
            let cursor = begins.from.cursor.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            let cursor: String = cursor.chars().take(120).collect();
            let at = format!("{}, cursor {cursor} behind page {page}", self.file());
            let expected: Vec<String> = whole.pages.iter().skip(page).flat_map(|page| page.keys.clone()).collect();
            let mut found = astray(&rest.heard, rest.failure(), &at);
            if found.is_empty() && rest.keys() != expected {
                let what = format!("{} records came, {} were left", rest.keys().len(), expected.len());
                found.push(Finding::of(
                    what,
                    at,
                    "put all that the next call needs into the cursor, and nothing that was not read",
                ));
            }
            findings.extend(found);
        }
        suite.judge(&self.of, rule, format!("{tried} cursors"), findings);
    }

    async fn unknown_field(&self, suite: &mut Suite<'_>, whole: &Reading) {
        let rule = "survives an unknown field in every object";
        if let Some(reason) = suite.deviations.unknown_field(&self.of).map(str::to_owned) {
            suite.skip(&self.of, rule, reason);
            return;
        }
        let again = self.read(suite, Twist::UnknownField, From::default()).await;
        let remedy = "read the members that are needed and let all others be";
        let mut findings = Vec::new();
        if let Some(failure) = again.failure() {
            findings.push(Finding::of(told(failure), self.file(), remedy));
        } else if again.keys() != whole.keys() {
            let what = format!("{} records came instead of {}", again.keys().len(), whole.keys().len());
            findings.push(Finding::of(what, self.file(), remedy));
        }
        suite.judge(&self.of, rule, format!("{} records", again.keys().len()), findings);
    }

    async fn errors(&self, suite: &mut Suite<'_>, whole: &Reading) {
        let rows = troubles::rows(&whole.heard);
        let mut findings = Vec::new();
        for row in &rows {
            let reading = self.read(suite, row.twist(), From::default()).await;
            let came = match &reading.end {
                Some(Err(failure)) => Err(failure),
                _ => Ok(()),
            };
            findings.extend(troubles::judge(suite, &self.of, &self.placed.file, *row, came, &reading.heard));
        }
        let seen = format!("{} of {} rows", rows.len() - findings.len(), rows.len());
        suite.judge(&self.of, "errors come out as the right case", seen, findings);
    }

    /// Told to stop from the first call on.
    async fn stops(&self, suite: &mut Suite<'_>, whole: &Reading) {
        let stopped = self.read(suite, Twist::None, From { stopped: true, ..From::default() }).await;
        let mut findings = Vec::new();
        let sent = stopped.heard.sent.len();
        let before = whole.pages.first().map_or(0, |page| page.requests);
        if sent > AFTER_STOP && sent >= before {
            let what = format!("{sent} requests were made after it was told to stop");
            findings.push(Finding::of(
                what,
                self.file(),
                "look at `run.should-stop` between requests, and return what is there",
            ));
        }
        match &stopped.end {
            Some(Ok(Position::More(cursor))) => {
                let used = stopped.heard.used.clone();
                let from = From { cursor: Some(cursor.clone()), used, pages: stopped.pages.len(), stopped: false };
                let rest = self.read(suite, Twist::None, from).await;
                let at = format!("{}, after a stop", self.file());
                findings.extend(astray(&rest.heard, rest.failure(), &at));
                let both: BTreeSet<String> = stopped.keys().into_iter().chain(rest.keys()).collect();
                let all: BTreeSet<String> = whole.keys().into_iter().collect();
                if findings.is_empty() && both != all {
                    let what = format!("{} records came in two parts, {} in one", both.len(), all.len());
                    findings.push(Finding::of(what, at, "the cursor of a page that was cut short says where to go on"));
                }
            }
            Some(Ok(_)) | Some(Err(Failure::Connector(_))) => {}
            Some(Err(failure)) => {
                findings.push(Finding::of(told(failure), self.file(), "return a page with a cursor, or an error"));
            }
            None => findings.push(Finding::of("it did not end", self.file(), "return a page with a cursor")),
        }
        suite.judge(&self.of, "stops when it is told to, and goes on from there", format!("{sent} requests"), findings);
    }
}
