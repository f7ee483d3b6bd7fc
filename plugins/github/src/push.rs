//! The actions: an issue, a comment.
//!
//! GitHub takes no idempotency key. Each text ends in a comment that is not shown, with the host's key of the step; after a
//! lost answer the lists are searched for it.

use patchbay_sdk::{
    Context, Error, Item, Object, Outcome, Result,
    http::{Effect, Response},
    run, time,
};
use serde::{Deserialize, Serialize};

use crate::wire::{self, Api, ORIGIN, PER_PAGE};

/// The one step of either action.
const STEP: &str = "create";
/// How far the clocks of host and provider may be apart.
const SKEW_MS: u64 = 600_000;

#[derive(Deserialize)]
struct Target {
    /// The repository, `owner/name`.
    id: String,
    /// The issue, for a comment.
    number: Option<u64>,
}

#[derive(Deserialize)]
struct Issue {
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Serialize)]
struct IssueToCreate {
    title: String,
    body: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Comment {
    body: String,
}

/// An issue or comment as GitHub tells it.
#[derive(Deserialize)]
struct Written {
    id: u64,
    html_url: Option<String>,
    body: Option<String>,
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    let target: Target = item.target()?;
    let marker = marker(STEP)?;
    let request = match item.action.as_str() {
        "issue" => {
            let Issue { title, body, labels } = item.payload()?;
            let url = wire::repository(&target.id, &["issues"])?;
            api.post(url).json(&IssueToCreate { title, body: marked(&body, &marker), labels })
        }
        "comment" => {
            let Comment { body } = item.payload()?;
            let number = number(&target)?;
            let url = wire::repository(&target.id, &["issues", &number.to_string(), "comments"])?;
            api.post(url).json(&Comment { body: marked(&body, &marker) })
        }
        _ => return Err(item.unsupported()),
    };
    let answer = wire::ok(request.effect(Effect::Write).step(STEP).send()?)?;
    Ok(Outcome::Created(answer.json::<Written>()?.into_object()))
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    let target: Target = item.target()?;
    let list = match item.action.as_str() {
        "issue" => wire::repository(&target.id, &["issues"])?,
        "comment" => wire::repository(&target.id, &["issues", "comments"])?,
        _ => return Err(item.unsupported()),
    };
    let marker = marker(step)?;
    let api = Api::of(ctx)?;
    let mut request = api
        .get(list.as_str())
        .query("sort", "updated")
        .query("direction", "asc")
        .query("per_page", PER_PAGE)
        .query("since", time::rfc3339(sent_ms.saturating_sub(SKEW_MS)));
    if item.action == "issue" {
        request = request.query("state", "all");
    }
    loop {
        let answer: Response = wire::ok(request.send()?)?;
        let found = answer
            .json::<Vec<Written>>()?
            .into_iter()
            .find(|one| one.body.as_deref().is_some_and(|body| body.contains(&marker)));
        if found.is_some() {
            return Ok(found.map(Written::into_object));
        }
        let Some(next) = wire::next_page(&answer, &list, None)? else { return Ok(None) };
        if run::should_stop() {
            return Err(Error::transient("There was no time to look through everything."));
        }
        request = api.get(format!("{ORIGIN}{next}"));
    }
}

impl Written {
    fn into_object(self) -> Object {
        Object { id: self.id.to_string(), url: self.html_url }
    }
}

fn number(target: &Target) -> Result<u64> {
    target.number.ok_or_else(|| {
        Error::invalid_input("Say which issue the comment belongs to.")
            .field("/number", "The issue's number is missing.")
    })
}

fn marker(step: &str) -> Result<String> {
    match run::step_key(step) {
        key if key.is_empty() => Err(Error::other("The host gave no key for this step.")),
        key => Ok(format!("<!-- patchbay:{key} -->")),
    }
}

fn marked(body: &str, marker: &str) -> String {
    if body.is_empty() { marker.to_owned() } else { format!("{body}\n\n{marker}") }
}
