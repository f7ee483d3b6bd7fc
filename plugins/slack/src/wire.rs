//! What every request to Slack needs, its lists, and its moments.
//!
//! One dot-named method a path. Questions are asked by GET, what changes something is sent as JSON by POST. A list goes on from
//! the cursor that it gave; a page may be short or empty and still not be the last.

use patchbay_sdk::{
    Context, Error, Object, PAGE_BYTES, RawValue, Records, Result,
    http::{self, Request, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    assumed::Assumed,
    refusal::{self, Doing, Open},
};

/// How to talk to Slack for one connection.
pub(crate) struct Api {
    pub(crate) assumed: Assumed,
    pub(crate) settings: Settings,
    /// Where people open the workspace.
    workspace: Option<String>,
    /// The workspace that is meant, where the app was installed for a whole organisation.
    team: Option<String>,
}

/// What a tenant chose in the settings.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Settings {
    pub(crate) history_days: Option<u64>,
    pub(crate) thread_days: Option<u64>,
    messages_page_size: Option<u32>,
    messages_per_minute: Option<u32>,
    #[serde(default)]
    pub(crate) files_in: FilesIn,
    #[serde(default)]
    pub(crate) link_previews: bool,
}

/// Where the files of a report go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FilesIn {
    #[default]
    Thread,
    Channel,
}

/// One page of a list.
pub(crate) struct Listing {
    response: Response,
    /// The cursor that it was asked for with.
    asked: Option<String>,
}

/// The lists that there are, by the member that holds the rows, and where the next page is.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    members: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    channels: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    messages: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    usergroups: Option<Vec<&'a RawValue>>,
    response_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    next_cursor: Option<String>,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let fact = |name: &str| ctx.fact(name).ok().map(str::to_owned);
        Ok(Self {
            assumed: Assumed::of(ctx)?,
            settings: ctx.settings()?,
            workspace: fact("workspace"),
            team: fact("org_wide_team"),
        })
    }

    /// A question.
    pub(crate) fn ask(&self, method: &str) -> Result<Request> {
        Ok(http::get(self.address(method)?).header("accept", "application/json"))
    }

    /// A question about the workspace, which has to be named where there are several.
    pub(crate) fn ask_team(&self, method: &str) -> Result<Request> {
        Ok(self.ask(method)?.query_maybe("team_id", self.team.as_deref()))
    }

    /// Something to be done.
    pub(crate) fn tell(&self, method: &str, body: &impl Serialize) -> Result<Request> {
        Ok(http::post(self.address(method)?).header("accept", "application/json").json(body))
    }

    /// Which workspace it is: a question that Slack wants by POST.
    pub(crate) fn who(&self) -> Result<Response> {
        let request = http::post(self.address("auth.test")?).header("accept", "application/json");
        refusal::ok(request.send()?, Doing::Reading)
    }

    fn address(&self, method: &str) -> Result<String> {
        http::address(&self.assumed.api_origin, &["api", method])
    }

    /// One page of a list.
    pub(crate) fn list(&self, request: Request, size: u32, cursor: Option<&str>) -> Result<Listing> {
        let request = request.query("limit", size).query_maybe("cursor", cursor);
        Ok(Listing { asked: cursor.map(str::to_owned), ..self.whole_list(request)? })
    }

    /// The same, of a channel or a thread that may be gone or closed by now: one that is stops no other.
    pub(crate) fn list_if_open(&self, request: Request, size: u32, cursor: Option<&str>) -> Result<Open<Listing>> {
        let response = request.query("limit", size).query_maybe("cursor", cursor).send()?;
        Ok(match refusal::open(response)? {
            Open::Yes(response) => Open::Yes(Listing { response, asked: cursor.map(str::to_owned) }),
            Open::Gone => Open::Gone,
            Open::Closed => Open::Closed,
        })
    }

    /// One page of a list in which something lost is looked for.
    pub(crate) fn look(&self, request: Request, size: u32, cursor: Option<&str>) -> Result<Listing> {
        let request = request.query("limit", size).query_maybe("cursor", cursor);
        Ok(Listing { response: refusal::ok(request.send()?, Doing::Looking)?, asked: cursor.map(str::to_owned) })
    }

    /// A list without pages.
    pub(crate) fn whole_list(&self, request: Request) -> Result<Listing> {
        Ok(Listing { response: refusal::ok(request.send()?, Doing::Reading)?, asked: None })
    }

    /// How many messages are asked for at once.
    pub(crate) fn messages_page(&self) -> u32 {
        self.settings.messages_page_size.unwrap_or(self.assumed.messages_page_size).clamp(1, 999)
    }

    /// How many requests for messages a minute may have.
    pub(crate) fn messages_per_minute(&self) -> u32 {
        self.settings.messages_per_minute.unwrap_or(self.assumed.messages_per_minute).clamp(1, 50)
    }

    /// A message as the result of an item: its channel and its moment are its id.
    pub(crate) fn message(&self, channel: &str, ts: &str) -> Object {
        let object = Object::of(format!("{channel}:{ts}"));
        let Some(workspace) = self.workspace.as_deref().filter(|_| !self.assumed.message_link.is_empty()) else {
            return object;
        };
        let link = self.assumed.message_link.replace("{workspace}", workspace).replace("{channel}", channel);
        object.url(link.replace("{moment}", &ts.replace('.', "")))
    }
}

impl Listing {
    pub(crate) fn rows(&self) -> Result<Vec<&RawValue>> {
        let listed: Listed<'_> = self.response.json()?;
        let rows = listed.members.or(listed.channels).or(listed.messages).or(listed.usergroups);
        rows.ok_or_else(|| self.response.unreadable("no list of rows"))
    }

    pub(crate) fn row<'a, T: Deserialize<'a>>(&self, row: &'a RawValue) -> Result<T> {
        serde_json::from_str(row.get()).map_err(|_| self.response.unreadable("a row of an unexpected shape"))
    }

    /// Where the list goes on; none at its end. One that goes on where it was asked would never end.
    pub(crate) fn next(&self) -> Result<Option<String>> {
        let listed: Listed<'_> = self.response.json()?;
        let next = listed.response_metadata.and_then(|told| told.next_cursor).filter(|cursor| !cursor.is_empty());
        if next.is_some() && next == self.asked {
            return Err(self.response.unreadable("a cursor that leads to the same page"));
        }
        Ok(next)
    }

    /// Whether what this page holds still fits behind what was gathered.
    pub(crate) fn fits(&self, records: &Records) -> bool {
        records.count() == 0 || records.bytes().saturating_add(self.response.body().len()) < PAGE_BYTES / 2
    }
}

/// A moment as Slack writes it: seconds and six digits, a text.
pub(crate) fn moment(ms: u64) -> String {
    format!("{}.{:06}", ms / 1_000, ms % 1_000 * 1_000)
}

/// Milliseconds of such a moment. It is the id of a message as well, and so is never written back from this.
pub(crate) fn moment_ms(ts: &str) -> Option<u64> {
    let (seconds, micros) = ts.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || micros.len() != 6 || !digits(micros) {
        return None;
    }
    seconds.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(micros.parse::<u64>().ok()? / 1_000)
}

/// An id of Slack: capital letters and digits behind one that says what it is of.
pub(crate) fn is_id(id: &str, kinds: &str) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    id.starts_with(|kind| kinds.contains(kind)) && (2..=32).contains(&id.len()) && id.bytes().all(capital)
}

/// The error for an id in an answer that is none.
pub(crate) fn no_id(what: &str) -> Error {
    Error::invalid_response("The provider's answer cannot be read.").detail(format!("{what} that is no id"))
}

#[cfg(test)]
mod tests {
    use super::{is_id, moment, moment_ms};

    #[test]
    fn a_moment_has_six_digits_behind_the_seconds() {
        assert_eq!(moment(1_763_700_000_007), "1763700000.007000");
        assert_eq!(moment_ms("1763700000.000216"), Some(1_763_700_000_000));
        assert_eq!(moment_ms("1763700000.007000"), Some(1_763_700_000_007));
        for odd in
            ["", "1763700000", "1763700000.", "1763700000.21", ".000216", "1e9.000216", "99999999999999999999.000000"]
        {
            assert_eq!(moment_ms(odd), None, "{odd}");
        }
    }

    #[test]
    fn an_id_says_what_it_is_of() {
        assert!(is_id("C012AB3CD", "CG") && is_id("W012A3CDE", "UW"));
        for odd in ["", "C", "c012ab3cd", "U012A3CDE", "C012/AB", "C012AB3CD012AB3CD012AB3CD012AB3CD"] {
            assert!(!is_id(odd, "CG"), "{odd}");
        }
    }
}
