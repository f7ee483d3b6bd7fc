//! Campaigns, ad sets, ads and creatives: lists of one account.
//!
//! All but creatives can be asked for by change. What was archived or deleted is in no list unless it is asked for by its
//! status, so a pass goes through two lists: what is there, then what left it. Archived ones stay records, whose status says so;
//! deleted ones are told as gone.
//!
//! Some of what they hold changes without their `updated_time`: what is left of a budget, and the state that an ad has because of its
//! campaign. So once a day, or as the operator says, a pass reads everything again.
//!
//! A pass moves on to the newest change that it met, but not past the moment at which it began: what changes while it is read
//! may be behind it already. The host begins the next one a little earlier still, for clocks that differ.

use patchbay_sdk::{
    Case, Context, Page, ReadRequest, Records, Result,
    http::{Request, Response},
    run, time,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::wire::{self, Api, Listing, Why, Work};

/// A kind of object.
pub(crate) struct Kind {
    /// Its stream, by which its fields are known too.
    pub(crate) stream: &'static str,
    /// The last part of its list's path.
    edge: &'static str,
    /// What its fields are called with in filters; none when it cannot be asked for by change.
    filter: Option<&'static str>,
}

pub(crate) const KINDS: [Kind; 4] = [
    Kind { stream: "campaigns", edge: "campaigns", filter: Some("campaign") },
    Kind { stream: "ad_sets", edge: "adsets", filter: Some("adset") },
    Kind { stream: "ads", edge: "ads", filter: Some("ad") },
    Kind { stream: "ad_creatives", edge: "adcreatives", filter: None },
];

/// Where reading stands.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// Everything that changed before was read, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// When this pass began, Unix seconds; none between passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<u64>,
    /// When the last pass that read everything began, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<u64>,
    /// This pass reads everything.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    all: bool,
    /// Rows of a page, where as many as usual are too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
    /// Where its list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// What is there was listed; now what left the list.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
    /// The newest change that was met, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<u64>,
    /// Until when the account is to be left alone, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest_until: Option<u64>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    effective_status: Option<String>,
    updated_time: Option<String>,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest, kind: &Kind) -> Result<Page> {
    let api = Api::of(ctx, Work::Objects)?;
    let now = run::now_ms();
    let start = || Place { since: request.since_ms.map(|ms| ms / 1_000), ..Place::default() };
    let stored = request.cursor::<Place>()?;
    let is_asked_since = stored.is_none() && request.since_ms.is_some();
    let mut at = stored.unwrap_or_else(start);
    if kind.filter.is_none() {
        at.since = None;
    }
    if let Some(until) = at.rest_until.take().filter(|until| *until > now) {
        return Err(wire::rests(until - now));
    }
    let began = at.began.unwrap_or(now / 1_000);
    if at.began.replace(began).is_none() {
        at.all = !is_asked_since && at.is_whole_due(began, api.assumed.full_read_hours);
    }
    let size = at.size.unwrap_or(api.assumed.page_size);
    let size = request.page_size(size.min(api.assumed.page_size));
    let answer = match api.tried(question(ctx, &api, size, kind, &at)?) {
        Ok(answer) => answer,
        Err(refused) if refused.why == Why::TooMuch && size > 1 => {
            at.size = wire::smaller(size);
            return Page::more(Records::empty(), &at);
        }
        Err(refused) if refused.why == Why::Question && at.after.is_some() => {
            return Err(refused
                .error
                .as_case(Case::CursorInvalid)
                .message("Meta does not know this place in its list any more."));
        }
        Err(refused) => return Err(refused.error),
    };
    let listing = Listing::of(&answer)?;
    let (records, deleted, newest) = sift(&answer, &listing, kind)?;
    at.newest = at.newest.max(newest);
    at.after = listing.after(&answer, at.after.as_deref())?;
    at.rest_until = Some(api.rest_ms()).filter(|rest| *rest > 0).map(|rest| now.saturating_add(rest));
    if at.after.is_some() {
        return Ok(Page::more(records, &at)?.deleted(deleted));
    }
    if !at.gone && kind.filter.is_some() {
        (at.gone, at.size) = (true, None);
        return Ok(Page::more(records, &at)?.deleted(deleted));
    }
    let is_whole = at.since_of_pass().is_none();
    let end = match kind.filter {
        Some(_) => Place {
            since: at.since.max(Some(at.newest.unwrap_or(began).min(began))),
            whole: if is_whole { Some(began) } else { at.whole },
            ..Place::default()
        },
        None => Place::default(),
    };
    // A pass that was asked only for what changed tells nothing of the others.
    Ok(if is_whole { Page::complete(records, &end) } else { Page::end(records, &end) }?.deleted(deleted))
}

impl Place {
    /// Whether a pass that begins now is to read everything.
    fn is_whole_due(&self, now: u64, hours: u64) -> bool {
        let last = self.whole.filter(|_| self.since.is_some());
        last.is_none_or(|last| now.saturating_sub(last) >= hours.saturating_mul(3_600))
    }

    /// Since when this pass asks for changes; none when it asks for everything.
    fn since_of_pass(&self) -> Option<u64> {
        self.since.filter(|_| !self.all)
    }
}

fn question(ctx: &Context, api: &Api, size: u32, kind: &Kind, at: &Place) -> Result<Request> {
    let assumed = &api.assumed;
    let mut filters = Vec::new();
    if let Some(name) = kind.filter {
        if at.gone {
            let field = format!("{name}.{}", assumed.gone_field);
            filters.push(json!({ "field": field, "operator": "IN", "value": assumed.gone_values }));
        }
        if let Some(since) = at.since_of_pass() {
            let field = format!("{name}.updated_time");
            filters.push(json!({ "field": field, "operator": "GREATER_THAN", "value": since }));
        }
    }
    let filtering = (!filters.is_empty()).then(|| serde_json::Value::from(filters));
    Ok(api
        .get(&[wire::node(ctx)?, kind.edge])?
        .query("fields", assumed.fields(kind.stream))
        .query("limit", size)
        .query_maybe("filtering", filtering)
        .query_maybe("after", at.after.as_deref()))
}

/// The records of a page, the keys of those that were deleted, and the newest change among them.
fn sift(answer: &Response, listing: &Listing<'_>, kind: &Kind) -> Result<(Records, Vec<String>, Option<u64>)> {
    let (mut records, mut deleted, mut newest) = (Records::empty(), Vec::new(), None);
    for raw in &listing.data {
        let row: Row = wire::row(answer, raw)?;
        if kind.filter.is_some() {
            let changed = row.updated_time.as_deref().and_then(seconds);
            let changed = changed.ok_or_else(|| answer.unreadable("a row whose updated_time is no moment"))?;
            newest = newest.max(Some(changed));
        }
        if kind.filter.is_some() && row.effective_status.as_deref() == Some("DELETED") {
            deleted.push(row.id);
        } else {
            records.push(raw)?;
        }
    }
    Ok((records, deleted, newest))
}

/// Unix seconds of `2026-11-20T14:03:11+0100`: Meta writes no colon in the offset.
fn seconds(moment: &str) -> Option<u64> {
    let split = moment.len().checked_sub(2)?;
    let offset = moment.len().checked_sub(5).and_then(|at| moment.get(at..))?;
    let bare = offset.starts_with(['+', '-']) && offset.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    let moment = if bare { format!("{}:{}", moment.get(..split)?, moment.get(split..)?) } else { moment.to_owned() };
    time::parse_rfc3339(&moment).map(|ms| ms / 1_000)
}
