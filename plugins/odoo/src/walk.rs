//! The way through a model: all of it, and what has changed since.
//!
//! **All of it** goes by id, so that nothing shifts while it is read, and ends with a page that is empty: then everything
//! was met, and what was not is gone. **What has changed** goes by `write_date`, which shows whole seconds. Up to version 18 it
//! is compared by microseconds that nobody sees, in 19 by seconds, and one import gives thousands of records one date. So
//! nothing depends on either: a page is read from a second on, the rows of its last second are left for the next page, and
//! when one second fills a page, that second is read by id.
//!
//! A transaction's records have the date at which it began, and may appear later: the host begins each run fifteen
//! minutes earlier (`look-back` in the manifest), which is how long a transaction may take.
//!
//! Odoo keeps no trace of what was deleted. A walk through all remembers how many records there were up to the last id, and
//! as long as their number is the same, nothing has vanished: ids are given out once.

use patchbay_sdk::{Case, Error, PAGE_BYTES, Page, RawValue, ReadRequest, Records, Result, log, run, time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    call::Call,
    models::Source,
    record::{self, Flags, Mark},
    wire::{Api, Told},
};

/// Requests for rows in one call of `read`, so that what was read is stored from time to time.
const REQUESTS: usize = 20;
const HOUR_MS: u64 = 3_600_000;

/// Where a walk is. Between two runs it holds `since` and `known` only.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Up to when changes are read; the host takes it back by the look-back when a run begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doing: Option<Doing>,
    /// The fields that this database has of those that are wanted: asked once in a walk.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Flags>,
    /// What the last walk through all met.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Doing {
    /// Reading all, by id.
    All { after: u64, count: u64 },
    /// Reading what has changed.
    Changes,
    /// Reading one second, by id; it filled a page.
    Second { at: String, after: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    /// The last id.
    max: u64,
    /// How many there were up to it.
    count: u64,
    /// When.
    at_ms: u64,
}

/// How a step ended.
enum Step {
    On,
    /// What came does not fit into this page any more; the same step comes again.
    Full,
    UpToDate,
    AllRead,
}

struct Walk<'a> {
    api: &'a Api,
    source: &'a Source<'a>,
    limit: usize,
    /// Nothing that changed before is wanted.
    from: Option<String>,
}

pub(crate) fn read(api: &Api, source: &Source<'_>, request: &ReadRequest) -> Result<Page> {
    let mut at: Cursor = request.cursor()?.unwrap_or_default();
    let limit = request.page_size(api.assumed.page_size);
    let from = request.since_ms.map(|ms| odoo(&time::rfc3339(ms)));
    let walk = Walk { api, source, limit: usize::try_from(limit).unwrap_or(1), from };
    let mut records = Records::empty();
    if at.doing.is_none() {
        at.doing = Some(walk.begin(&mut at)?);
        if run::should_stop() {
            return Page::more(records, &at);
        }
    }
    let kept = at.fields.is_some();
    if !kept {
        let fields = source.fields(api, &["type"])?;
        at.fields = Some(fields.into_iter().map(|(name, field)| (name, field.kind == "boolean")).collect());
    }
    for _ in 0..REQUESTS {
        match walk.step(&mut at, &mut records) {
            Ok(Step::On) => {}
            Ok(Step::Full) => break,
            Ok(Step::UpToDate) => return Page::end(records, &at.rested()),
            Ok(Step::AllRead) => return Page::complete(records, &at.rested()),
            // The database was upgraded, or an app removed, in the middle of a walk.
            Err(error) if kept && error.case() == Case::Unsupported => {
                return Err(Error::cursor_invalid("The fields of this model have changed. Reading starts afresh."));
            }
            Err(error) => return Err(error),
        }
        if records.count().saturating_add(limit) > request.page_hint.max(limit) || run::should_stop() {
            break;
        }
    }
    Page::more(records, &at)
}

impl Walk<'_> {
    /// What a run begins with.
    fn begin(&self, at: &mut Cursor) -> Result<Doing> {
        let (Some(_), Some(known), false) = (&at.since, &at.known, self.source.whole) else { return self.all(at) };
        let assumed = &self.api.assumed;
        let age_ms = run::now_ms().saturating_sub(known.at_ms);
        if age_ms >= assumed.full_pass_days.saturating_mul(24 * HOUR_MS) {
            return self.all(at);
        }
        // Where only what changed lately is wanted, the number changes without anything having vanished.
        if self.from.is_some() {
            return Ok(Doing::Changes);
        }
        let call = Call::of(self.source.model, "search_count").place("domain", json!([["id", "<=", known.max]]));
        let count: u64 = self.api.ask(&call)?.value()?;
        if count != known.count {
            log::info("records have vanished or appeared", &[("known", &known.count), ("now", &count)]);
            if age_ms >= assumed.full_pass_hours.saturating_mul(HOUR_MS) {
                return self.all(at);
            }
        }
        Ok(Doing::Changes)
    }

    /// Everything from now on: what changes meanwhile is read afterwards, by the server's own clock.
    fn all(&self, at: &mut Cursor) -> Result<Doing> {
        if !self.source.whole {
            let newest: Vec<Mark> =
                self.api.search(self.source.model, json!([]), &["write_date"], "write_date desc, id desc", 1)?;
            at.reach(newest.first().and_then(|newest| newest.write_date.as_deref()))?;
        }
        Ok(Doing::All { after: 0, count: 0 })
    }

    fn step(&self, at: &mut Cursor, records: &mut Records) -> Result<Step> {
        match at.doing.clone() {
            Some(Doing::All { after, count }) => self.more_of_all(at, after, count, records),
            Some(Doing::Second { at: second, after }) => self.more_of_a_second(at, second, after, records),
            Some(Doing::Changes) | None => self.more_changes(at, records),
        }
    }

    fn more_of_all(&self, at: &mut Cursor, after: u64, count: u64, records: &mut Records) -> Result<Step> {
        let mut domain = vec![json!(["id", ">", after])];
        domain.extend(self.from.as_ref().map(|from| json!(["write_date", ">=", from])));
        let (told, _) = self.ask(at, json!(domain), "id asc")?;
        let rows = told.rows()?;
        let marks = record::marks(&told, &rows)?;
        let Some(last) = marks.last() else {
            at.known = Some(Known { max: after, count, at_ms: run::now_ms() });
            return Ok(Step::AllRead);
        };
        ascending(&told, after, &marks)?;
        if !take(at, &told, &rows, records)? {
            return Ok(Step::Full);
        }
        let count = count.saturating_add(u64::try_from(marks.len()).unwrap_or_default());
        run::progress(count, None);
        at.doing = Some(Doing::All { after: last.id, count });
        Ok(Step::On)
    }

    fn more_changes(&self, at: &mut Cursor, records: &mut Records) -> Result<Step> {
        let since = at.since.as_deref().map(odoo).unwrap_or_default();
        let (told, limit) = self.ask(at, json!([["write_date", ">=", since]]), "write_date asc, id asc")?;
        let rows = told.rows()?;
        let marks = record::marks(&told, &rows)?;
        let dates: Vec<&str> = marks.iter().filter_map(|mark| mark.write_date.as_deref()).collect();
        let in_order = dates.len() == marks.len()
            && dates.is_sorted()
            && dates.first().is_none_or(|first| *first >= since.as_str());
        if !in_order || dates.iter().any(|date| rfc3339(date).is_none()) {
            return Err(told.unreadable("rows without a write_date, or in another order than was asked"));
        }
        let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return Ok(Step::UpToDate) };
        if rows.len() < limit {
            if !take(at, &told, &rows, records)? {
                return Ok(Step::Full);
            }
            at.reach(Some(last))?;
            return Ok(Step::UpToDate);
        }
        if first == last {
            at.reach(Some(last))?;
            at.doing = Some(Doing::Second { at: (*last).to_owned(), after: 0 });
            return Ok(Step::On);
        }
        let whole = dates.partition_point(|date| date < last);
        if !take(at, &told, rows.get(..whole).unwrap_or_default(), records)? {
            return Ok(Step::Full);
        }
        at.reach(Some(last))?;
        Ok(Step::On)
    }

    fn more_of_a_second(&self, at: &mut Cursor, second: String, after: u64, records: &mut Records) -> Result<Step> {
        let next = next_second(&second).ok_or_else(|| Error::cursor_invalid("Reading starts afresh."))?;
        let domain = json!([["write_date", ">=", second], ["write_date", "<", next], ["id", ">", after]]);
        let (told, limit) = self.ask(at, domain, "id asc")?;
        let rows = told.rows()?;
        let marks = record::marks(&told, &rows)?;
        ascending(&told, after, &marks)?;
        if !take(at, &told, &rows, records)? {
            return Ok(Step::Full);
        }
        match marks.last() {
            Some(last) if marks.len() >= limit => {
                at.doing = Some(Doing::Second { at: second, after: last.id });
            }
            _ => {
                // A run that was cut off begins earlier than this second: then it goes on from there.
                let here = rfc3339(&second);
                if at.since >= here {
                    at.since = rfc3339(&next);
                }
                at.doing = Some(Doing::Changes);
            }
        }
        Ok(Step::On)
    }

    /// A page, and how many rows it could have had.
    fn ask(&self, at: &Cursor, domain: Value, order: &str) -> Result<(Told, usize)> {
        let names: Vec<&String> = at.fields.iter().flat_map(|fields| fields.keys()).collect();
        let mut limit = self.limit;
        loop {
            let call =
                Call::of(self.source.model, "search_read").place("domain", domain.clone()).named("fields", &names);
            let told = self.api.ask(&call.named("order", order).named("limit", limit));
            match told {
                // Too large for the gate (there is no status then): a few of them at a time are not.
                Err(error) if limit > 1 && is_too_large(&error) => limit = (limit / 8).max(1),
                other => return other.map(|told| (told, limit)),
            }
        }
    }
}

/// Whether the rows fitted into the page.
fn take(at: &Cursor, told: &Told, rows: &[&RawValue], records: &mut Records) -> Result<bool> {
    if records.count() > 0 && records.bytes().saturating_add(told.bytes()) > PAGE_BYTES {
        return Ok(false);
    }
    let fields = at.fields.as_ref().map_or_else(Flags::new, Flags::clone);
    record::add(told, rows, &fields, records).map(|()| true)
}

impl Cursor {
    /// What stays between two runs.
    fn rested(self) -> Self {
        Self { doing: None, fields: None, ..self }
    }

    /// Everything up to this date is read; what is dated in the future must not hide what changes until then.
    fn reach(&mut self, date: Option<&str>) -> Result<()> {
        let Some(date) = date else { return Ok(()) };
        let unreadable = || Error::invalid_response("Odoo sent a date that cannot be read.");
        let reached = rfc3339(date).ok_or_else(unreadable)?.min(time::rfc3339(run::now_ms()));
        if self.since.as_ref().is_none_or(|since| *since < reached) {
            self.since = Some(reached);
        }
        Ok(())
    }
}

fn is_too_large(error: &Error) -> bool {
    error.case() == Case::InvalidResponse && error.status().is_none()
}

/// Ids that do not rise would be read for ever.
fn ascending(told: &Told, after: u64, marks: &[Mark]) -> Result<()> {
    let mut last = after;
    for mark in marks {
        if mark.id <= last {
            return Err(told.unreadable("rows in another order than was asked"));
        }
        last = mark.id;
    }
    Ok(())
}

/// `2026-03-10 14:02:31`, which is in UTC, as RFC 3339.
fn rfc3339(date: &str) -> Option<String> {
    let text = format!("{}Z", date.replacen(' ', "T", 1));
    (date.len() == 19 && time::parse_rfc3339(&text).is_some()).then_some(text)
}

/// The other way.
pub(crate) fn odoo(moment: &str) -> String {
    let whole = moment.get(..19).unwrap_or(moment);
    whole.replacen('T', " ", 1)
}

fn next_second(date: &str) -> Option<String> {
    let ms = time::parse_rfc3339(&rfc3339(date)?)?;
    Some(odoo(&time::rfc3339(ms.saturating_add(1_000))))
}
