//! What every request to Google needs: addresses, lists, moments.
//!
//! A list says with `nextPageToken` that it goes on; a page may be short or empty and still not be the last. One that is empty
//! may come without its member.

use patchbay_sdk::{
    Context, Error, Object, RawValue, Result,
    http::{self, Request, Response},
    time,
};
use serde::Deserialize;

use crate::{
    assumed::Assumed,
    refusal::{self, Side},
};

const GOOGLE: &str = "https://www.googleapis.com";
const CALENDAR: &str = "https://www.googleapis.com/calendar/v3";
const DIRECTORY: &str = "https://admin.googleapis.com/admin/directory/v1";
pub(crate) const DAY_MS: u64 = 86_400_000;

/// How to talk to Google for one connection.
pub(crate) struct Api {
    pub(crate) assumed: Assumed,
    pub(crate) profile: Profile,
}

/// The way in which a connection logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Calendar,
    Directory,
}

/// What a tenant chose in the settings.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Settings {
    pub(crate) past_days: Option<u64>,
    #[serde(default)]
    pub(crate) send_updates: Mails,
}

/// Who gets a mail when an event changes.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) enum Mails {
    #[default]
    #[serde(rename = "none")]
    Nobody,
    #[serde(rename = "externalOnly")]
    External,
    #[serde(rename = "all")]
    All,
}

/// One page of a list.
pub(crate) struct Listing {
    response: Response,
}

/// The lists that there are, by the member that holds the rows, and where they go on.
#[derive(Deserialize)]
struct Listed<'a> {
    kind: Option<String>,
    #[serde(borrow, alias = "users", alias = "groups", alias = "members")]
    items: Option<Vec<&'a RawValue>>,
    #[serde(rename = "nextPageToken")]
    next: Option<String>,
    #[serde(rename = "nextSyncToken")]
    sync: Option<String>,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let profile = if ctx.auth == "directory" { Profile::Directory } else { Profile::Calendar };
        Ok(Self { assumed: Assumed::of(ctx)?, profile })
    }

    /// One page of a list.
    pub(crate) fn list(&self, request: Request, side: Side) -> Result<Listing> {
        Ok(Listing::of(self.ok(request.send()?, side)?))
    }

    /// The same of something that may be gone by now; none where it is.
    pub(crate) fn list_if_there(&self, request: Request, side: Side) -> Result<Option<Listing>> {
        let response = request.send()?;
        if response.status() == 404 {
            return Ok(None);
        }
        Ok(Some(Listing::of(self.ok(response, side)?)))
    }

    /// An answer that is a success; else what Google means.
    pub(crate) fn ok(&self, response: Response, side: Side) -> Result<Response> {
        if response.is_success() { Ok(response) } else { Err(refusal::error(self, &response, side)) }
    }
}

impl Listing {
    pub(crate) fn of(response: Response) -> Self {
        Self { response }
    }

    pub(crate) fn rows(&self) -> Result<Vec<&RawValue>> {
        let listed: Listed<'_> = self.response.json()?;
        match listed.items {
            Some(rows) => Ok(rows),
            None if listed.kind.is_some() => Ok(Vec::new()),
            None => Err(self.response.unreadable("no list of rows")),
        }
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| self.response.unreadable("a row of an unexpected shape"))
    }

    /// Where the list goes on; none at its end.
    pub(crate) fn next(&self) -> Result<Option<String>> {
        Ok(self.response.json::<Listed<'_>>()?.next.filter(|token| !token.is_empty()))
    }

    /// By what to ask for changes from now on; only the last page says it.
    pub(crate) fn sync(&self) -> Result<Option<String>> {
        Ok(self.response.json::<Listed<'_>>()?.sync.filter(|token| !token.is_empty()))
    }
}

impl Mails {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Nobody => "none",
            Self::External => "externalOnly",
            Self::All => "all",
        }
    }
}

/// Who logged in.
pub(crate) fn person() -> Request {
    http::get(format!("{GOOGLE}/oauth2/v2/userinfo"))
}

/// The calendars of the person.
pub(crate) fn calendar_list() -> Result<Request> {
    Ok(http::get(http::address(CALENDAR, &["users", "me", "calendarList"])?))
}

/// The events of a calendar, or one of them.
pub(crate) fn events(calendar: &str, event: Option<&str>) -> Result<String> {
    match event {
        Some(event) => http::address(CALENDAR, &["calendars", calendar, "events", event]),
        None => http::address(CALENDAR, &["calendars", calendar, "events"]),
    }
}

/// Something of the directory.
pub(crate) fn directory(path: &[&str]) -> Result<Request> {
    Ok(http::get(http::address(DIRECTORY, path)?))
}

/// An event as the result of an item: the calendar's id stands before its own.
pub(crate) fn object(calendar: &str, event: &str, link: Option<String>) -> Object {
    let object = Object::of(format!("{calendar}/{event}"));
    match link.filter(|link| link.starts_with("https://") && link.len() <= 2_000) {
        Some(link) => object.url(link),
        None => object,
    }
}

/// Calendar and event of such an id; without a calendar it is the main one.
pub(crate) fn place(id: &str) -> Result<(String, String)> {
    let (calendar, event) = id.rsplit_once('/').unwrap_or(("primary", id));
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if calendar.is_empty() || event.is_empty() || !event.chars().all(plain) {
        return Err(Error::invalid_input("Choose an event.")
            .field("/id", "This is not the id of an event, with the calendar's before it: CALENDAR/EVENT."));
    }
    Ok((calendar.to_owned(), event.to_owned()))
}

/// Milliseconds of a day, at its beginning in UTC; none where it is no day.
pub(crate) fn day_ms(day: &str) -> Option<u64> {
    if day.len() == 10 { time::parse_rfc3339(&format!("{day}T00:00:00Z")) } else { None }
}

#[cfg(test)]
mod tests {
    use super::{day_ms, place};

    #[test]
    fn an_event_is_named_with_its_calendar_before_it() {
        let of = |id: &str| place(id).ok();
        let pair = |calendar: &str, event: &str| Some((calendar.to_owned(), event.to_owned()));
        assert_eq!(
            of("els@voorbeeld.example/7k2m_20261121T090000Z"),
            pair("els@voorbeeld.example", "7k2m_20261121T090000Z")
        );
        assert_eq!(of("7k2m1h0v"), pair("primary", "7k2m1h0v"));
        for odd in ["", "/", "a/", "/b", "a/b c", "a/b%2F", "a/../b/.."] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_day_is_no_moment() {
        assert_eq!(day_ms("2026-11-21"), Some(1_795_219_200_000));
        for odd in ["2026-11-21T10:00:00Z", "21-11-2026", "", "2026-13-01"] {
            assert_eq!(day_ms(odd), None, "{odd}");
        }
    }
}
