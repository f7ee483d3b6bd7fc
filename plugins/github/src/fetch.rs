//! The streams. Each is read in the order in which its records changed.
//!
//! GitHub pages by number, and a record that changes during the reading moves to the end: all after it shift one place, and
//! one at the edge of a page would never be seen. So a page is not followed by *the next number* but, as soon as time went
//! on within the page, by *what changed since its newest record*. The `Link` header says whether there is more; it is
//! followed where a whole page changed in the same second. `since` includes its own second, so the edge is read twice; the
//! host knows a record by its key and content.

use std::borrow::Cow;

use patchbay_sdk::{Context, Page, RawValue, ReadRequest, Records, Result, http::Response, run, time};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::wire::{self, Api, ORIGIN, PER_PAGE};

/// Where reading stands. All moments are as GitHub writes them, `2026-11-20T10:11:12Z`, so that their text sorts.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Cursor {
    /// Everything that changed before was read.
    since: Option<String>,
    /// Path and query of the next page, while pages of the same `since` are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The newest change seen on those pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<String>,
    /// A page was not in order, so only the numbers lead on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsorted: bool,
}

/// What of a record matters here.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    updated_at: Cow<'a, str>,
    pull_request: Option<IgnoredAny>,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    match request.stream.as_str() {
        "repositories" => changes(ctx, request, &format!("{ORIGIN}/user/repos"), &[]),
        "issues" => changes(ctx, request, &of_account(ctx, &["issues"])?, &[("state", "all")]),
        "issue_comments" => changes(ctx, request, &of_account(ctx, &["issues", "comments"])?, &[]),
        _ => Err(request.unsupported()),
    }
}

fn of_account(ctx: &Context, rest: &[&str]) -> Result<String> {
    ctx.account()?;
    wire::repository(ctx.account_fact("repo")?, rest)
}

/// One page of a list that is sorted by its last change.
fn changes(ctx: &Context, request: &ReadRequest, list: &str, filter: &[(&str, &str)]) -> Result<Page> {
    let api = Api::of(ctx)?;
    let cursor = match request.cursor::<Cursor>()? {
        Some(cursor) => cursor,
        None => Cursor { since: request.since_ms.map(time::rfc3339), ..Cursor::default() },
    };
    let asked = match &cursor.next {
        Some(next) => api.get(format!("{ORIGIN}{next}")),
        None => filter
            .iter()
            .fold(api.get(list), |asked, (name, value)| asked.query(name, value))
            .query("sort", "updated")
            .query("direction", "asc")
            .query("per_page", request.page_size(PER_PAGE))
            .query_maybe("since", cursor.since.as_deref()),
    };
    let answer = wire::ok(asked.send()?)?;
    let rows = answer.rows()?;
    let (records, times) = sift(&answer, &rows)?;
    let next = wire::next_page(&answer, list, ctx.account.as_deref())?;
    let in_order = times.is_sorted() && times.first().copied() >= times.first().and(cursor.newest.as_deref());
    let unsorted = cursor.unsorted || !in_order;
    let newest = times.iter().copied().chain(cursor.newest.as_deref()).max().map(str::to_owned);
    match next {
        None => Page::end(records, &Cursor { since: settled(newest.or(cursor.since)), ..Cursor::default() }),
        Some(_) if newest > cursor.since && !unsorted => {
            Page::more(records, &Cursor { since: newest, ..Cursor::default() })
        }
        Some(next) => Page::more(records, &Cursor { since: cursor.since, next: Some(next), newest, unsorted }),
    }
}

/// The records without pull requests, which GitHub lists among the issues, and when each row changed.
fn sift<'a>(answer: &Response, rows: &[&'a RawValue]) -> Result<(Records, Vec<&'a str>)> {
    let mut records = Records::empty();
    let mut times = Vec::with_capacity(rows.len());
    for raw in rows {
        let row: Row<'a> = serde_json::from_str(raw.get())
            .map_err(|_| answer.unreadable("a row that is no object, or has no updated_at"))?;
        match row.updated_at {
            Cow::Borrowed(moment) if is_moment(moment) => times.push(moment),
            _ => return Err(answer.unreadable("a row whose updated_at is no moment in UTC")),
        }
        if row.pull_request.is_none() {
            records.push(raw)?;
        }
    }
    Ok((records, times))
}

/// Exactly `2026-11-20T10:11:12Z`: only then does its text sort as its moment.
fn is_moment(text: &str) -> bool {
    text.len() == 20 && text.ends_with('Z') && time::parse_rfc3339(text).is_some()
}

/// A record dated in the future must not hide those that change until then.
fn settled(since: Option<String>) -> Option<String> {
    since.map(|since| since.min(time::rfc3339(run::now_ms())))
}
