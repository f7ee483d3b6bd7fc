//! The lists of the calendar (sheet 5): pages, sync tokens, and what a question may hold besides them.

use serde_json::{Value, json};

use super::{
    GoogleWorkspace, problem, refusal,
    rows::{Row, Rows},
    seeded, served,
    tokens::Caller,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, seed, strict,
};

const LIST: [&str; 5] = ["maxResults", "pageToken", "showDeleted", "showHidden", "minAccessRole"];
const EVENTS: [&str; 13] = [
    "maxResults",
    "pageToken",
    "showDeleted",
    "singleEvents",
    "orderBy",
    "timeMin",
    "timeMax",
    "q",
    "updatedMin",
    "iCalUID",
    "privateExtendedProperty",
    "sharedExtendedProperty",
    "timeZone",
];
const WEEK: i64 = 7 * 86_400_000;

/// A page, and the token of the next one.
pub(super) struct Page {
    pub(super) rows: Vec<Value>,
    pub(super) next: Option<String>,
}

/// One page of these rows. **The second one is always empty** and goes on all the same. A token belongs to its question.
pub(super) fn page(
    request: &Incoming,
    all: &[Value],
    (default, ceiling): (usize, usize),
    most: Option<usize>,
) -> Result<Page, Answer> {
    let asked = strict::number(request, "maxResults", 1, ceiling, default).map_err(|why| refusal(&why))?;
    let size = most.map_or(asked, |most| asked.min(most));
    let question = request.query.iter().filter(|(name, _)| name != "pageToken");
    let question: String = question.map(|(name, value)| format!("{name}={value};")).collect();
    let mark = seed::sha256(format!("{}?{question}", request.path).as_bytes());
    let mark = mark.get(..12).unwrap_or_default();
    let wrong = || problem(400, "invalid", "Invalid page token value.").refused("a page token of another question");
    let (from, rested) = match request.param("pageToken") {
        None => (0, false),
        Some(token) => {
            let mut parts = token.split('-');
            let (of, from, rested) = (parts.next(), parts.next(), parts.next());
            let from: usize = from.and_then(|from| from.parse().ok()).ok_or_else(wrong)?;
            if of != Some(mark) || parts.next().is_some() || from > all.len() {
                return Err(wrong());
            }
            (from, rested == Some("r"))
        }
    };
    if from > 0 && !rested {
        return Ok(Page { rows: Vec::new(), next: Some(format!("{mark}-{from}-r")) });
    }
    let rows: Vec<Value> = all.iter().skip(from).take(size).cloned().collect();
    let upto = from + rows.len();
    let flag = if from == 0 { "e" } else { "r" };
    Ok(Page { rows, next: (upto < all.len()).then(|| format!("{mark}-{upto}-{flag}")) })
}

/// `users/me/calendarList`.
pub(super) fn calendars(google: &GoogleWorkspace, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let all = lock(&google.calendars);
    let rows = all.list_of(caller.who);
    let shown = |name: &str| request.param(name) == Some("true");
    let (values, sync) = chosen(request, &rows, "list", &LIST, |row| {
        (!row.gone || shown("showDeleted")) && (row.value["hidden"] != true || shown("showHidden"))
    })?;
    answer("calendar#calendarList", "calendar", request, &values, (100, 250), all.most, sync)
}

/// `calendars/{id}/events`.
pub(super) fn events(
    google: &GoogleWorkspace,
    request: &Incoming,
    caller: &Caller,
    calendar: &str,
) -> Result<Answer, Answer> {
    let all = lock(&google.calendars);
    let (id, _) = all.seen(caller.who, calendar).ok_or_else(|| problem(404, "notFound", "Not Found"))?;
    let rows = all.events.get(&id).cloned().unwrap_or_default();
    let (from, until) = (time(request, "timeMin")?, time(request, "timeMax")?);
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        return Err(problem(400, "timeRangeEmpty", "The specified time range is empty."));
    }
    let single = request.param("singleEvents") == Some("true");
    match request.param("orderBy") {
        None | Some("updated") => {}
        Some("startTime") if single => {}
        Some(_) => return Err(refusal("orderBy is updated, or startTime with singleEvents")),
    }
    let said = request.param("q").map(str::to_lowercase);
    let is_said = |row: &Row| {
        said.as_ref().is_none_or(|said| row.value["summary"].as_str().unwrap_or_default().to_lowercase().contains(said))
    };
    let within =
        |start: i64| from.is_none_or(|from| start + 3_600_000 > from) && until.is_none_or(|until| start < until);
    let expanded = if single { expand(&rows) } else { rows };
    let (mut values, sync) = chosen(request, &expanded, &id, &EVENTS, |row| {
        let gone = row.gone || (single && row.value["status"] == "cancelled");
        (!gone || request.param("showDeleted") == Some("true")) && within(row.start) && is_said(row)
    })?;
    if request.param("orderBy") == Some("startTime") {
        values.sort_by_key(|value| value["start"]["dateTime"].as_str().unwrap_or_default().to_owned());
    }
    // What is expanded, ordered or searched is no list that could be followed.
    let sync = sync.filter(|_| !single && said.is_none());
    answer("calendar#events", "event", request, &values, (250, 2_500), all.most, sync)
}

/// The rows that a question is for, and the sync token of its last page.
fn chosen(
    request: &Incoming,
    rows: &Rows,
    of: &str,
    known: &[&str],
    wanted: impl Fn(&Row) -> bool,
) -> Result<(Vec<Value>, Option<String>), Answer> {
    let mark = seed::sha256(of.as_bytes());
    let mark = mark.get(..8).unwrap_or_default();
    let next = Some(format!("s{mark}.{}", rows.number));
    let Some(token) = request.param("syncToken") else {
        strict::params("query parameter", &request.query, known).map_err(|why| refusal(&why))?;
        return Ok((rows.all.iter().filter(|row| wanted(row)).map(told).collect(), next));
    };
    // Later runs send the token and nothing else.
    strict::params("query parameter beside syncToken", &request.query, &["syncToken", "pageToken"])
        .map_err(|why| refusal(&why))?;
    let since = token.strip_prefix(&format!("s{mark}.")).and_then(|since| since.parse::<u64>().ok());
    let since = since
        .ok_or_else(|| problem(400, "invalid", "Invalid sync token value.").refused("a sync token of another list"))?;
    if since < rows.floor {
        return Err(problem(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required."));
    }
    Ok((rows.all.iter().filter(|row| row.changed > since).map(told).collect(), next))
}

/// A row as it is told; of one that is gone only its id.
pub(super) fn told(row: &Row) -> Value {
    if !row.gone {
        return row.value.clone();
    }
    match row.value["kind"].as_str() {
        Some("calendar#event") => json!({ "kind": "calendar#event", "id": row.value["id"], "status": "cancelled" }),
        _ => json!({ "kind": row.value["kind"], "id": row.value["id"], "deleted": true }),
    }
}

fn answer(
    kind: &str,
    of: &str,
    request: &Incoming,
    values: &[Value],
    sizes: (usize, usize),
    most: Option<usize>,
    sync: Option<String>,
) -> Result<Answer, Answer> {
    let page = page(request, values, sizes, most)?;
    let mut body = json!({ "kind": kind, "etag": "\"p\"", "items": page.rows });
    match (page.next, sync) {
        (Some(next), _) => body["nextPageToken"] = json!(next),
        (None, Some(sync)) => body["nextSyncToken"] = json!(sync),
        (None, None) => {}
    }
    let served = page.rows.iter().map(|row| served(of, Rows::id(row), row)).collect();
    Ok(Answer::json(200, &body).serving(served))
}

fn time(request: &Incoming, name: &str) -> Result<Option<i64>, Answer> {
    let Some(text) = request.param(name) else { return Ok(None) };
    let time: patchbay_model::Timestamp =
        text.parse().map_err(|_| refusal(&format!("{name} is no moment with an offset")))?;
    Ok(Some(time.as_millis()))
}

/// Each series as the events that it is.
fn expand(rows: &Rows) -> Rows {
    let mut all = Rows { all: Vec::new(), ..rows.clone() };
    for row in &rows.all {
        if row.value.get("recurrence").is_none() || row.gone {
            all.all.push(row.clone());
            continue;
        }
        let series = Rows::id(&row.value);
        for week in 0..4 {
            let start = row.start + week * WEEK;
            let id = seeded::instance(series, start);
            // One that is an exception stands for itself.
            if rows.row(&id).is_none() {
                all.all.push(Row { value: one_of(&row.value, &id, start), start, ..row.clone() });
            }
        }
    }
    all
}

/// One event of a series.
pub(super) fn one_of(series: &Value, id: &str, start: i64) -> Value {
    let mut one = series.clone();
    if let Some(members) = one.as_object_mut() {
        members.remove("recurrence");
    }
    let (begin, end) = (seeded::moment(start), seeded::moment(start + 3_600_000));
    one["recurringEventId"] = series["id"].clone();
    one["originalStartTime"] = json!({ "dateTime": begin, "timeZone": "Europe/Brussels" });
    one["start"] = json!({ "dateTime": begin, "timeZone": "Europe/Brussels" });
    one["end"] = json!({ "dateTime": end, "timeZone": "Europe/Brussels" });
    one["id"] = json!(id);
    one
}
