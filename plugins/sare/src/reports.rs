//! Sends and events: not documented, so off until the operator switches them on.
//!
//! Sends are asked by day, events by second. In which order they come is not known: a pass asks for one moment from its
//! first page to its empty last one, and only its end moves that moment on. A send is opened and clicked for days, so the
//! next pass begins some days before the newest one.

use patchbay_sdk::{Page, RawValue, ReadRequest, Records, Result, log, run, time};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    fetch::{next_place, room},
    wire::{Api, Said},
};

const DAY_MS: u64 = 86_400_000;

/// Where a report stands; `since` is a day for sends, and Unix seconds for events.
#[derive(Clone, Serialize, Deserialize)]
struct Place<T> {
    since: Option<T>,
    #[serde(default)]
    page: u64,
    /// Rows of that page that are done.
    #[serde(default)]
    done: usize,
    /// The newest moment that was met in this pass, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<u64>,
}

#[derive(Deserialize)]
struct Send {
    sent_at: String,
}

#[derive(Deserialize)]
struct Event {
    time: u64,
}

pub(crate) fn sends(api: &Api, request: &ReadRequest) -> Result<Page> {
    let from = request.since_ms.map(time::date);
    let Some(at) = place::<String>(api, request, from)? else { return off(&None::<String>) };
    let param = at.since.as_deref().map(|day| ("from", day));
    let said = api.report(&api.assumed.paths.report_sends, at.page, param)?;
    let back = api.assumed.sends_look_back_days.saturating_mul(DAY_MS);
    pass(
        request,
        &said,
        at,
        |row: Send| time::parse_rfc3339(&row.sent_at),
        |newest| time::date(newest.saturating_sub(back)),
    )
}

pub(crate) fn events(api: &Api, request: &ReadRequest) -> Result<Page> {
    let from = request.since_ms.map(|since| since / 1_000);
    let Some(at) = place::<u64>(api, request, from)? else { return off(&None::<u64>) };
    let since = at.since.map(|since| since.to_string());
    let param = since.as_deref().map(|since| ("since", since));
    let said = api.report(&api.assumed.paths.report_events, at.page, param)?;
    pass(request, &said, at, |row: Event| row.time.checked_mul(1_000), |newest| newest / 1_000)
}

/// Where to go on; none when reports are off.
fn place<T: DeserializeOwned>(api: &Api, request: &ReadRequest, from: Option<T>) -> Result<Option<Place<T>>> {
    if !api.assumed.reports {
        return Ok(None);
    }
    let start = Place { since: from, page: 0, done: 0, newest: None };
    Ok(Some(request.cursor::<Place<T>>()?.unwrap_or(start)))
}

fn off<T: Serialize>(since: &Option<T>) -> Result<Page> {
    log::info("reports are off in the configuration of this connector", &[]);
    Page::end(Records::empty(), &Place { since: since.as_ref(), page: 0, done: 0, newest: None })
}

/// One page: its records, and the place behind them.
fn pass<T: Serialize + Clone, R: DeserializeOwned>(
    request: &ReadRequest,
    said: &Said<'_>,
    at: Place<T>,
    moment: impl Fn(R) -> Option<u64>,
    since: impl Fn(u64) -> T,
) -> Result<Page> {
    let rows = said.rows()?;
    if rows.is_empty() {
        // One dated in the future must not hide those until then.
        let newest = at.newest.map(|newest| since(newest.min(run::now_ms())));
        return Page::end(Records::empty(), &Place { since: newest.or(at.since), page: 0, done: 0, newest: None });
    }
    let (mut records, mut newest) = (Records::empty(), at.newest);
    for row in rows.iter().skip(at.done).take(room(request)) {
        newest = newest.max(Some(told(said, row, &moment)?));
        records.push(row)?;
    }
    let (page, done) = next_place(at.page, at.done, room(request), rows.len());
    Page::more(records, &Place { since: at.since, page, done, newest })
}

fn told<R: DeserializeOwned>(said: &Said<'_>, row: &RawValue, moment: impl Fn(R) -> Option<u64>) -> Result<u64> {
    let row = serde_json::from_str(row.get()).map_err(|_| said.unreadable("a row without its moment"))?;
    moment(row).ok_or_else(|| said.unreadable("a row whose moment cannot be read"))
}
