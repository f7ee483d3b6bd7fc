//! Lists, cut into pages: the honest ones, and those of a provider that counts wrongly.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    data::{Data, List, Row, each},
    journal::Facts,
    record::{moment, record},
    serve::Given,
};
use crate::{exchange::Incoming, odd::Odd, strict};

const PAGE_SIZE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// What is asked of a list.
struct Asked {
    since_ms: i64,
    page: usize,
    size: usize,
}

/// Where a page stands, and whether another one follows.
struct Place {
    asked: Asked,
    next: Option<usize>,
}

/// A page of records: by change where `since` may be asked, else by id.
pub(super) fn records(data: &Data, request: &Incoming, name: &str, by_change: bool, odd: Option<&Odd>) -> Given {
    let Some(list) = data.lists.get(name) else { return Given::problem(404, "there is no such list") };
    let mut asked = match asked(request, by_change) {
        Ok(asked) => asked,
        Err(why) => return Given::refusal(why),
    };
    let requested = asked.page;
    match odd {
        Some(Odd::Cycle { pages }) => {
            asked.since_ms = i64::MIN;
            let pages = usize::try_from(*pages).unwrap_or(usize::MAX).max(1);
            asked.page = (requested - 1) % pages + 1;
        }
        Some(Odd::RepeatRecords) => (asked.since_ms, asked.page) = (i64::MIN, 1),
        _ => {}
    }
    let kept = |id: u64| match odd {
        Some(Odd::Keep { one_in }) => each(id, *one_in),
        Some(Odd::EmptyPages) => false,
        _ => true,
    };
    let (rows, more) = cut(list, &asked, by_change, odd == Some(&Odd::Backwards), &kept);
    let next = match odd {
        Some(Odd::Cycle { pages }) => Some(requested % usize::try_from(*pages).unwrap_or(usize::MAX).max(1) + 1),
        Some(Odd::RepeatRecords | Odd::EmptyPages) => Some(requested + 1),
        _ => more.then_some(asked.page + 1),
    };
    let written = |row: Row| match odd {
        Some(Odd::Shift { seconds }) => moment(row.changed_ms.saturating_add(seconds.saturating_mul(1_000)), 0),
        Some(Odd::Offset { minutes }) => moment(row.changed_ms, *minutes),
        _ => moment(row.changed_ms, 0),
    };
    let mut facts = facts(request, name, requested);
    let mut items = Vec::with_capacity(rows.len());
    for (id, row) in rows {
        let poison = data.poison_of(id);
        items.push(twisted(record(name, id, row.revision, &written(row), poison), id, odd));
        facts.served.push((id, row.revision));
        facts.spoilt.extend(poison.map(|_| id));
    }
    finish(request, &items, &Place { asked, next }, facts, odd)
}

/// A page of what is gone.
pub(super) fn gone(data: &Data, request: &Incoming, odd: Option<&Odd>) -> Given {
    let name = "removals";
    let Some(list) = data.lists.get(name) else { return Given::problem(404, "there is no such list") };
    let asked = match asked(request, true) {
        Ok(asked) => asked,
        Err(why) => return Given::refusal(why),
    };
    let mut rest = list.gone.range((asked.since_ms, 0)..).skip((asked.page - 1).saturating_mul(asked.size));
    let here: Vec<(i64, u64)> = rest.by_ref().take(asked.size).map(|(place, _)| *place).collect();
    let next = rest.next().map(|_| asked.page + 1);
    let mut facts = facts(request, name, asked.page);
    facts.deleted = here.iter().map(|(_, id)| *id).collect();
    let items: Vec<String> =
        here.iter().map(|(at, id)| format!("{{\"id\":\"{id}\",\"deleted_at\":\"{}\"}}", moment(*at, 0))).collect();
    finish(request, &items, &Place { asked, next }, facts, odd)
}

/// The accounts, on one page.
pub(super) fn accounts(data: &Data, request: &Incoming) -> Given {
    if let Err(why) = strict::no_query(request) {
        return Given::refusal(why);
    }
    let items: Vec<Value> = (1..=data.accounts)
        .map(|number| json!({ "id": format!("a{number}"), "name": format!("Account {number}") }))
        .collect();
    Given::json(200, &json!({ "items": items, "next": null }))
}

fn asked(request: &Incoming, by_change: bool) -> Result<Asked, String> {
    strict::no_body(request)?;
    let known: &[&str] = if by_change { &["since", "page", "size"] } else { &["page", "size"] };
    strict::params("query parameter", &request.query, known)?;
    let since_ms = match request.param("since") {
        None => i64::MIN,
        Some(text) => {
            let time: jiff::Timestamp =
                text.parse().map_err(|_| format!("since must be a moment of RFC 3339, not {text:?}"))?;
            time.as_millisecond()
        }
    };
    let page = strict::number(request, "page", 1, usize::MAX / LARGEST_PAGE, 1)?;
    Ok(Asked { since_ms, page, size: strict::number(request, "size", 1, LARGEST_PAGE, PAGE_SIZE)? })
}

/// The rows of a page, and whether there are more.
fn cut(
    list: &List,
    asked: &Asked,
    by_change: bool,
    backwards: bool,
    kept: &dyn Fn(u64) -> bool,
) -> (Vec<(u64, Row)>, bool) {
    let skipped = (asked.page - 1).saturating_mul(asked.size);
    let changes = list.order.range((asked.since_ms, 0)..).map(|(_, id)| *id);
    let mut ids: Box<dyn Iterator<Item = u64>> = match (by_change, backwards) {
        (true, false) => Box::new(changes),
        (true, true) => Box::new(changes.rev()),
        (false, false) => Box::new(list.rows.keys().copied()),
        (false, true) => Box::new(list.rows.keys().rev().copied()),
    };
    let mut rows = ids.by_ref().filter(|id| kept(*id)).skip(skipped);
    let here = rows.by_ref().take(asked.size).filter_map(|id| list.rows.get(&id).map(|row| (id, *row))).collect();
    (here, rows.next().is_some())
}

fn facts(request: &Incoming, list: &str, page: usize) -> Facts {
    let since = request.param("since").map(str::to_owned);
    Facts { list: list.to_owned(), page: u64::try_from(page).unwrap_or(u64::MAX), since, ..Facts::default() }
}

/// A record with what the rule does to each.
fn twisted(record: String, id: u64, odd: Option<&Odd>) -> String {
    let first = match odd {
        Some(Odd::NotANumber) => "\"odd\":NaN,".to_owned(),
        Some(Odd::HugeNumber) => "\"odd\":1e400,".to_owned(),
        Some(Odd::Deep { levels }) => {
            let levels = usize::try_from(*levels).unwrap_or(usize::MAX);
            format!("\"odd\":{}{},", "[".repeat(levels), "]".repeat(levels))
        }
        Some(Odd::DuplicateKeys) => format!("\"id\":\"not-{id}\","),
        _ => return record,
    };
    record.replacen('{', &format!("{{{first}"), 1)
}

fn finish(request: &Incoming, items: &[String], place: &Place, mut facts: Facts, odd: Option<&Odd>) -> Given {
    let next = place.next.map(|page| link(request, page, place.asked.size));
    facts.next = place.next.and_then(|page| u64::try_from(page).ok());
    let items = items.join(",");
    let twice = if odd == Some(&Odd::DuplicateItems) { "\"items\":[]," } else { "" };
    let body = format!("{{{twice}\"items\":[{items}],\"next\":{}}}", json!(next));
    Given { facts, ..Given::text(200, body) }
}

/// Path and query of another page.
fn link(request: &Incoming, page: usize, size: usize) -> String {
    let mut asked: BTreeMap<&str, String> =
        request.query.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    asked.insert("page", page.to_string());
    asked.insert("size", size.to_string());
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
    format!("{}?{query}", request.path)
}
