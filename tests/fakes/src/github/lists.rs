//! Lists: filtered by `since`, sorted, cut into pages that the `Link` header leads through.

use patchbay_model::Timestamp;
use serde_json::Value;

use super::{ORIGIN, data::Data, data::Repository, problem, refusal, tokens::Token};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    strict,
};

const PAGE_SIZE: usize = 30;
const LARGEST_PAGE: usize = 100;
const SECOND_MICROS: i64 = 1_000_000;

/// A row before it is rendered: what it is sorted by, its id, and the row.
type Row<'a, T> = (i64, u64, &'a T);

/// `GET /user/repos`.
pub(crate) fn repositories(data: &Data, request: &Incoming, token: &Token) -> Result<Answer, Answer> {
    let known = ["sort", "direction", "since", "per_page", "page"];
    strict::params("query parameter", &request.query, &known).map_err(refusal)?;
    let by_name = strict::choice(request, "sort", &["full_name", "updated"]).map_err(refusal)? == "full_name";
    let since = since(request)?;
    let mut found: Vec<&Repository> = data
        .repositories
        .iter()
        .filter(|repository| repository.foreign == (token.name == "stranger") && repository.updated >= since)
        .collect();
    found.sort_by_key(|repository| repository.full_name());
    let rows: Vec<Row<'_, Repository>> = (0_i64..)
        .zip(found)
        .map(|(place, repository)| (if by_name { place } else { repository.updated }, repository.id, repository))
        .collect();
    let first = if by_name { "asc" } else { "desc" };
    page("repository", request, rows, first, |repository| Some(repository.json()))
}

/// `GET /repos/{owner}/{repo}/issues`: pull requests too.
pub(crate) fn issues(
    data: &Data,
    request: &Incoming,
    token: &Token,
    owner: &str,
    name: &str,
) -> Result<Answer, Answer> {
    let repository = visible(data, token, owner, name)?.id;
    let known = ["state", "sort", "direction", "since", "per_page", "page"];
    strict::params("query parameter", &request.query, &known).map_err(refusal)?;
    let state = strict::choice(request, "state", &["open", "closed", "all"]).map_err(refusal)?;
    let by_update = strict::choice(request, "sort", &["created", "updated"]).map_err(refusal)? == "updated";
    let since = since(request)?;
    let rows = data
        .issues
        .iter()
        .filter(|issue| issue.repository == repository && issue.updated >= since)
        .filter(|issue| state == "all" || (state == "open") == issue.open)
        .map(|issue| (if by_update { issue.updated } else { issue.created }, issue.id, issue))
        .collect();
    page("issue", request, rows, "desc", |issue| data.issue_json(issue))
}

/// `GET /repos/{owner}/{repo}/issues/comments`.
pub(crate) fn comments(
    data: &Data,
    request: &Incoming,
    token: &Token,
    owner: &str,
    name: &str,
) -> Result<Answer, Answer> {
    let repository = visible(data, token, owner, name)?.id;
    let known = ["sort", "direction", "since", "per_page", "page"];
    strict::params("query parameter", &request.query, &known).map_err(refusal)?;
    let by_update = strict::choice(request, "sort", &["created", "updated"]).map_err(refusal)? == "updated";
    let since = since(request)?;
    let rows = data
        .comments
        .iter()
        .filter(|comment| comment.repository == repository && comment.updated >= since)
        .map(|comment| (if by_update { comment.updated } else { comment.created }, comment.id, comment))
        .collect();
    page("comment", request, rows, "desc", |comment| data.comment_json(comment))
}

/// The repository, or the 404 that also hides a private one.
pub(crate) fn visible<'a>(data: &'a Data, token: &Token, owner: &str, name: &str) -> Result<&'a Repository, Answer> {
    data.repository(token.name == "stranger", owner, name).ok_or_else(|| problem(404, "Not Found"))
}

/// `since` in seconds; what lies before its second is left out, the second itself is not.
fn since(request: &Incoming) -> Result<i64, Answer> {
    let Some(text) = request.param("since") else { return Ok(i64::MIN) };
    let time: Result<Timestamp, _> = text.parse();
    match time {
        // A fraction of a second reaches past a record of that second, as it does at the real one.
        Ok(time) if text.ends_with('Z') => Ok((time.as_micros() + SECOND_MICROS - 1).div_euclid(SECOND_MICROS)),
        _ => Err(refusal(format!("since must be a time in UTC, YYYY-MM-DDTHH:MM:SSZ, not {text:?}"))),
    }
}

/// One page of the rows; `direction` is what holds when none is asked for.
fn page<T>(
    kind: &str,
    request: &Incoming,
    mut rows: Vec<Row<'_, T>>,
    direction: &str,
    json: impl Fn(&T) -> Option<Value>,
) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(refusal)?;
    let size = strict::number(request, "per_page", 1, LARGEST_PAGE, PAGE_SIZE).map_err(refusal)?;
    let number = strict::number(request, "page", 1, usize::MAX / LARGEST_PAGE, 1).map_err(refusal)?;
    let directions = if direction == "asc" { ["asc", "desc"] } else { ["desc", "asc"] };
    let ascending = strict::choice(request, "direction", &directions).map_err(refusal)? == "asc";
    rows.sort_by_key(|(by, id, _)| (*by, *id));
    if !ascending {
        rows.reverse();
    }
    let last = rows.len().div_ceil(size).max(1);
    let records: Vec<Value> =
        rows.iter().skip((number - 1) * size).take(size).filter_map(|(_, _, row)| json(row)).collect();
    let served = records.iter().map(|record| Served::of(kind, record)).collect();
    let mut answer = Answer::json(200, &Value::Array(records)).serving(served);
    if let Some(link) = link(request, number, last) {
        answer = answer.with("link", &link);
    }
    Ok(answer)
}

/// The `Link` header; none when there is only one page.
fn link(request: &Incoming, number: usize, last: usize) -> Option<String> {
    let to = |page: usize, relation: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(request.query.iter().filter(|(name, _)| name != "page"));
        query.append_pair("page", &page.to_string());
        format!("<{ORIGIN}{}?{}>; rel=\"{relation}\"", request.path, query.finish())
    };
    let mut links = Vec::new();
    if number > 1 {
        links.push(to(number - 1, "prev"));
    }
    if number < last {
        links.push(to(number + 1, "next"));
        links.push(to(last, "last"));
    }
    if number > 1 {
        links.push(to(1, "first"));
    }
    (!links.is_empty()).then(|| links.join(", "))
}
