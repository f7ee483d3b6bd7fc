//! Events to choose from: of the calendar that was chosen, around today, those that what was typed occurs in. A recurring event
//! is many here, so that the one of today can be chosen.

use patchbay_sdk::{Choice, Choices, Context, Error, PickRequest, Result, http, run, time};
use serde::{Deserialize, Serialize};

use crate::{
    refusal::Side,
    wire::{self, Api, DAY_MS, Profile},
};

/// Choices of an answer.
const CHOICES: u32 = 100;

#[derive(Serialize, Deserialize)]
struct Cursor {
    page: String,
    /// The same window for all pages, ms.
    from: u64,
    until: u64,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    summary: Option<String>,
    location: Option<String>,
    start: Option<Moment>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Moment {
    date: Option<String>,
    #[serde(rename = "dateTime")]
    time: Option<String>,
}

pub(crate) fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
    let api = Api::of(ctx)?;
    if request.picker != "events" {
        return Err(Error::unsupported(format!("This connector has no picker `{}`.", request.picker)));
    }
    if api.profile == Profile::Directory {
        return Ok(Choices::default());
    }
    let calendar = request.parent("calendars").unwrap_or("primary");
    let now = run::now_ms();
    let at = request.cursor::<Cursor>()?;
    let days = |count: u64| count.saturating_mul(DAY_MS);
    let (from, until) = at.as_ref().map_or_else(
        || {
            (
                now.saturating_sub(days(api.assumed.picker_past_days)),
                now.saturating_add(days(api.assumed.picker_future_days)),
            )
        },
        |at| (at.from, at.until),
    );
    let typed = request.query.trim();
    let asked = http::get(wire::events(calendar, None)?)
        .query("singleEvents", true)
        .query("orderBy", "startTime")
        .query("timeMin", time::rfc3339(from))
        .query("timeMax", time::rfc3339(until))
        .query("maxResults", CHOICES)
        .query_maybe("q", Some(typed).filter(|typed| !typed.is_empty()))
        .query_maybe("pageToken", at.as_ref().map(|at| at.page.as_str()));
    let listing = api.list(asked, Side::Calendar)?;
    let mut choices = Vec::new();
    for row in listing.rows()? {
        let event: Event = listing.row(row)?;
        if event.status.as_deref() != Some("cancelled") && !event.id.is_empty() {
            choices.push(choice(calendar, event));
        }
    }
    // What is nearest to now is what is meant most of the time.
    choices.sort_by_key(|(start, _)| start.map_or(u64::MAX, |start| start.abs_diff(now)));
    let choices: Vec<Choice> = choices.into_iter().map(|(_, choice)| choice).take(CHOICES as usize).collect();
    let choices = Choices::of(choices);
    match listing.next()? {
        Some(page) => choices.next(&Cursor { page, from, until }),
        None => Ok(choices),
    }
}

/// When it begins, and what is shown of it.
fn choice(calendar: &str, event: Event) -> (Option<u64>, Choice) {
    let start = event.start.as_ref();
    let told = start.and_then(|start| start.time.as_deref().or(start.date.as_deref())).unwrap_or_default();
    let ms = time::parse_rfc3339(told).or_else(|| wire::day_ms(told));
    let when: String = told.chars().take(16).map(|letter| if letter == 'T' { ' ' } else { letter }).collect();
    let label = event.summary.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| "(no title)".to_owned());
    let choice = Choice::of(format!("{calendar}/{}", event.id), label);
    let hint = [Some(when).filter(|when| !when.is_empty()), event.location.filter(|place| !place.trim().is_empty())];
    let hint = hint.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    (ms, if hint.is_empty() { choice } else { choice.hint(hint) })
}
