//! Lists: fields by name, filters as JSON, pages by cursor. A page is shorter than was asked for, and the one after the first
//! is empty although there is more: only a missing `paging.next` ends a list (sheet 5).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{
    MetaAds, ORIGIN,
    data::Thing,
    edges::Edge,
    problem::{self, problem, refusal},
    reports,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, strict,
};

/// Largest page, and the default.
const LIMIT: usize = 500;
const DEFAULT: usize = 25;
/// Objects on one page, whatever was asked for.
const PAGE: usize = 10;
/// The largest page of an account that is too large for more.
const LARGE: usize = 10;
/// What is left out unless it is asked for.
const HIDDEN: [&str; 2] = ["ARCHIVED", "DELETED"];
const STATUSES: [&str; 14] = [
    "ACTIVE",
    "PAUSED",
    "DELETED",
    "ARCHIVED",
    "IN_PROCESS",
    "WITH_ISSUES",
    "CAMPAIGN_PAUSED",
    "ADSET_PAUSED",
    "PENDING_REVIEW",
    "DISAPPROVED",
    "PREAPPROVED",
    "PENDING_BILLING_INFO",
    "CAMPAIGN_GROUP_PAUSED",
    "ALL",
];

/// What a list was asked for.
pub(super) struct Asked<'a> {
    fields: Vec<&'a str>,
    limit: usize,
    /// Rows before this page, and whether it is the one that is empty.
    from: (usize, bool),
}

impl<'a> Asked<'a> {
    /// Reads fields, limit and cursor of a list that takes these parameters and fields.
    pub(super) fn of(request: &'a Incoming, params: &[&str], known: &[&str]) -> Result<Self, Answer> {
        strict::no_body(request).map_err(|why| refusal(&why))?;
        let mut params = params.to_vec();
        params.extend(["access_token", "appsecret_proof"]);
        strict::params("query parameter", &request.query, &params).map_err(|why| refusal(&why))?;
        let fields = fields(request, known)?;
        let limit = strict::number(request, "limit", 1, LIMIT, DEFAULT).map_err(|why| refusal(&why))?;
        if request.param("before").is_some() {
            return Err(refusal("the fake pages forwards only"));
        }
        let from = request.param("after").map_or(Some((0, false)), place);
        let text = "(#100) Invalid cursors values. The cursors are not of this list";
        let from = from.ok_or_else(|| problem(400, problem::PARAMETER, 0, text))?;
        Ok(Self { fields, limit, from })
    }

    /// The members that were asked for; the id always.
    pub(super) fn choose(&self, record: &Map<String, Value>) -> Value {
        let name = |field: &str| field.split('{').next().unwrap_or_default().to_owned();
        let chosen = self.fields.iter().map(|field| name(field));
        let chosen = ["id".to_owned()].into_iter().chain(chosen);
        Value::Object(chosen.filter_map(|name| record.get(&name).map(|value| (name.clone(), value.clone()))).collect())
    }

    /// One page of what was found.
    pub(super) fn page(
        &self,
        request: &Incoming,
        of: &str,
        rows: Vec<(Value, Served)>,
        most: usize,
    ) -> Result<Answer, Answer> {
        let size = self.limit.min(most);
        let (from, empty) = self.from;
        let total = rows.len();
        let (shown, served): (Vec<Value>, Vec<Served>) = match empty {
            true => (Vec::new(), Vec::new()),
            false => rows.into_iter().skip(from).take(size).unzip(),
        };
        let until = from + shown.len();
        // An empty page stands behind the first one of campaigns and of accounts.
        let gap = from == 0 && !empty && ["campaigns", "adaccounts"].contains(&of);
        let mut paging = Map::new();
        if empty || !shown.is_empty() {
            let after = cursor(until, gap);
            paging.insert("cursors".to_owned(), json!({ "before": cursor(from, false), "after": after }));
            if until < total {
                paging.insert("next".to_owned(), json!(next(request, &after)));
            }
        }
        let mut body = json!({ "data": shown });
        if let (false, Some(members)) = (paging.is_empty(), body.as_object_mut()) {
            members.insert("paging".to_owned(), Value::Object(paging));
        }
        Ok(Answer::json(200, &body).serving(served))
    }
}

/// The fields of a request; one that is not known is an error.
pub(super) fn fields<'a>(request: &'a Incoming, known: &[&str]) -> Result<Vec<&'a str>, Answer> {
    split(request.param("fields").unwrap_or("id"), known)
}

/// Names between commas, where braces hold names of their own.
pub(super) fn split<'a>(text: &'a str, known: &[&str]) -> Result<Vec<&'a str>, Answer> {
    let mut depth = 0_u32;
    let names: Vec<&str> = text
        .split(|letter: char| {
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            letter == ',' && depth == 0
        })
        .collect();
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(refusal(&format!("Tried accessing nonexisting field ({name})"))),
        None => Ok(names),
    }
}

fn cursor(rows: usize, empty: bool) -> String {
    STANDARD.encode(format!("{rows}/{}", u8::from(empty)))
}

fn place(text: &str) -> Option<(usize, bool)> {
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (rows, empty) = text.split_once('/')?;
    Some((rows.parse().ok()?, empty == "1"))
}

/// The address of the next page, with the token in it, as the provider writes it.
fn next(request: &Incoming, after: &str) -> String {
    let token = request.header("authorization").and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request.query.iter().filter(|(name, _)| name != "after" && name != "access_token"));
    query.append_pair("access_token", request.param("access_token").unwrap_or(token)).append_pair("after", after);
    format!("{ORIGIN}{}?{}", request.path, query.finish())
}

/// `GET /act_…/{edge}`
pub(super) fn objects(meta: &MetaAds, request: &Incoming, number: &str, edge: Edge) -> Result<Answer, Answer> {
    let params: &[&str] = match edge {
        Edge::Creatives => &["fields", "limit", "after", "before"],
        _ => &["fields", "limit", "after", "before", "filtering", "effective_status"],
    };
    let asked = Asked::of(request, params, edge.fields())?;
    let filter = Filter::of(request, edge)?;
    if asked.limit > LARGE && reports::is_large(meta, number) {
        return Err(problem::too_much(400));
    }
    let data = lock(&meta.data);
    let things = data.account(number).map(|account| account.things(edge)).unwrap_or_default();
    // The newest stands first.
    let found = things.iter().rev().filter(|thing| edge == Edge::Creatives || filter.takes(thing));
    let rows = found
        .map(|thing| {
            let record = asked.choose(&thing.record);
            let served = thing.served(edge, &record);
            (record, served)
        })
        .collect();
    asked.page(request, edge.path(), rows, PAGE)
}

/// What of a list is wanted.
#[derive(Default)]
pub(super) struct Filter {
    since: Option<i64>,
    statuses: Option<Vec<String>>,
}

impl Filter {
    fn of(request: &Incoming, edge: Edge) -> Result<Self, Answer> {
        let mut filter = Self::default();
        if let Some(text) = request.param("effective_status") {
            let list = serde_json::from_str(text).map_err(|_| refusal("effective_status must be a JSON list"))?;
            filter.statuses = Some(statuses(&list)?);
        }
        if let Some(text) = request.param("filtering") {
            filter.read(text, edge)?;
        }
        Ok(filter)
    }

    /// Reads the JSON of `filtering`.
    pub(super) fn read(&mut self, text: &str, edge: Edge) -> Result<(), Answer> {
        let wrong = |why: &str| refusal(&format!("filtering: {why}: {text}"));
        let items: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| wrong("no list of objects"))?;
        for item in items {
            let named = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
            if item.len() != 3 {
                return Err(wrong("an item is field, operator and value"));
            }
            let field = named("field").strip_prefix(edge.word()).and_then(|field| field.strip_prefix('.'));
            let value = item.get("value").unwrap_or(&Value::Null);
            match (field.unwrap_or_default(), named("operator")) {
                ("updated_time", "GREATER_THAN") => {
                    let since = value.as_i64().or_else(|| value.as_str()?.parse().ok());
                    self.since = Some(since.ok_or_else(|| wrong("the value is no number of seconds"))?);
                }
                ("effective_status" | "delivery_info", "IN") => self.statuses = Some(statuses(value)?),
                _ => return Err(wrong("no such field or operator here")),
            }
        }
        Ok(())
    }

    fn takes(&self, thing: &Thing) -> bool {
        let status = thing.status();
        let wanted = match &self.statuses {
            Some(wanted) => wanted.iter().any(|one| one.eq_ignore_ascii_case(status) || one == "ALL"),
            None => !HIDDEN.contains(&status),
        };
        wanted && self.since.is_none_or(|since| thing.updated > since)
    }
}

fn statuses(value: &Value) -> Result<Vec<String>, Answer> {
    let texts = value.as_array().into_iter().flatten().map(|one| one.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    let known = |texts: &Vec<String>| {
        !texts.is_empty() && texts.iter().all(|text| STATUSES.contains(&text.to_ascii_uppercase().as_str()))
    };
    texts.filter(known).ok_or_else(|| refusal(&format!("these are no statuses: {value}")))
}
