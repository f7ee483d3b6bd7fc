//! What every request needs, and what HubSpot's statuses, categories and policies mean.

use patchbay_sdk::{
    Case, Context, Error, Object, Result,
    http::{self, Effect, Request, Response},
    run,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::assumed::Assumed;

const ORIGIN: &str = "https://api.hubapi.com";
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;
/// After so much of a day its requests should be free again; an offset may be an hour old.
const DAWN: u64 = 2 * 60 * MINUTE;
/// How long to wait when they are not.
const AGAIN: u64 = 30 * MINUTE;

/// How to talk to HubSpot for one connection.
pub(crate) struct Api {
    pub(crate) assumed: Assumed,
    portal: Option<String>,
    /// How much later it is in the account's zone, ms.
    pub(crate) offset_ms: i64,
}

/// An error, whole or of one row of a batch; every member may be missing. Its words may repeat what was sent, so nobody is told
/// them.
#[derive(Default, Deserialize)]
pub(crate) struct Problem {
    category: Option<String>,
    code: Option<String>,
    #[serde(rename = "policyName")]
    policy: Option<String>,
    #[serde(default)]
    context: Map<String, Value>,
    #[serde(default)]
    errors: Vec<Problem>,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let offset_ms = ctx.fact("utc_offset_ms").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
        Ok(Self { assumed: Assumed::of(ctx)?, portal: ctx.fact("portal").ok().map(str::to_owned), offset_ms })
    }

    /// An address of records. A version with a date stands behind the word that it is a version of.
    pub(crate) fn crm(&self, what: &str, rest: &[&str]) -> Result<String> {
        self.versioned(what, &self.assumed.crm_version, rest)
    }

    /// The address that links a record to another one, without a number for the link.
    pub(crate) fn link(&self, from: (&str, &str), to: (&str, &str)) -> Result<Request> {
        let rest = [from.0, from.1, "associations", "default", to.0, to.1];
        let address = self.versioned("objects", &self.assumed.association_version, &rest)?;
        Ok(accepting(http::put(address)).effect(Effect::Repeatable))
    }

    fn versioned(&self, what: &str, version: &str, rest: &[&str]) -> Result<String> {
        let numbered = version.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        let begin = if numbered { ["crm", version, what] } else { ["crm", what, version] };
        http::address(ORIGIN, &[&begin, rest].concat())
    }

    pub(crate) fn account(&self) -> Result<Request> {
        Ok(accepting(http::get(http::address(ORIGIN, &["account-info", &self.assumed.account_version, "details"])?)))
    }

    pub(crate) fn files(&self) -> Result<Request> {
        let address = http::address(ORIGIN, &["files", &self.assumed.files_version, "files"])?;
        Ok(accepting(http::post(address)).effect(Effect::Repeatable))
    }

    /// A question.
    pub(crate) fn get(&self, what: &str, rest: &[&str]) -> Result<Request> {
        Ok(accepting(http::get(self.crm(what, rest)?)))
    }

    /// Something new of a type.
    pub(crate) fn create(&self, kind: &str, step: &str) -> Result<Request> {
        Ok(accepting(http::post(self.crm("objects", &[kind])?)).effect(Effect::Write).step(step))
    }

    /// A change of a record.
    pub(crate) fn change(&self, kind: &str, id: &str, step: &str) -> Result<Request> {
        Ok(accepting(http::patch(self.crm("objects", &[kind, id])?)).effect(Effect::Write).step(step))
    }

    /// Something new of a type, or a change of what has the same value of a unique property.
    pub(crate) fn upsert(&self, kind: &str, step: &str) -> Result<Request> {
        let address = self.crm("objects", &[kind, "batch", "upsert"])?;
        Ok(accepting(http::post(address)).effect(Effect::Write).step(step))
    }

    /// Where people see a record.
    pub(crate) fn seen_at(&self, kind: &str, id: &str) -> Option<String> {
        let (portal, name) = (self.portal.as_deref()?, self.assumed.record_types.get(kind)?);
        let filled = self.assumed.record_address.replace("{portal}", portal).replace("{type}", name);
        Some(filled.replace("{id}", id)).filter(|address| !address.is_empty())
    }

    /// What was written, seen at a record.
    pub(crate) fn object(&self, wrote: &str, kind: &str, id: &str) -> Object {
        let object = Object::of(wrote);
        match self.seen_at(kind, id) {
            Some(url) => object.url(url),
            None => object,
        }
    }

    /// The answer, when it is a success; else what HubSpot means by it.
    pub(crate) fn ok(&self, response: Response) -> Result<Response> {
        if response.is_success() { Ok(response) } else { Err(self.refusal(&response, false)) }
    }

    /// The answer to a search; searches are counted apart from all else.
    pub(crate) fn found(&self, response: Response) -> Result<Response> {
        if response.is_success() { Ok(response) } else { Err(self.refusal(&response, true)) }
    }

    fn refusal(&self, response: &Response, search: bool) -> Error {
        let problem: Problem = response.json().unwrap_or_default();
        let error = problem.coded(response.error());
        let asked_to_wait = response.retry_after_ms();
        let wait = |otherwise: u64| asked_to_wait.unwrap_or(otherwise);
        match response.status() {
            400 | 422 if error.case() == Case::InvalidInput => {
                problem.fields(error.message("HubSpot refuses what was sent."))
            }
            400 | 422 => error.message("HubSpot does not understand the question that this connector asks."),
            401 => error.message("HubSpot does not accept the login any more. Reconnect."),
            403 => error.message(problem.lacking()),
            404 => {
                error.message("HubSpot does not have this record any more, or hides it from the person who connected.")
            }
            409 => error.message("HubSpot has another record with the same value already."),
            414 => error.as_case(Case::Other).message("Too many properties are asked for. Name fewer in the settings."),
            423 => error
                .as_case(Case::Transient)
                .message("The record is locked in HubSpot for a moment.")
                .retry_after_ms(wait(self.assumed.locked_wait_seconds.saturating_mul(SECOND))),
            429 => self.throttled(error, &problem, search),
            477 => error
                .as_case(Case::Transient)
                .message("HubSpot is moving the account to another data centre. It goes on later by itself.")
                .retry_after_ms(wait(self.assumed.moving_wait_minutes.saturating_mul(MINUTE))),
            _ => error,
        }
    }

    /// What one row of a batch was refused for.
    pub(crate) fn row(&self, problem: &Problem, asked: &str) -> Error {
        let case = match problem.category.as_deref() {
            Some("MISSING_SCOPES") => Case::PermissionDenied,
            Some("OBJECT_NOT_FOUND") => Case::NotFound,
            Some("CONFLICT") => Case::Conflict,
            Some("RATE_LIMITS") => Case::RateLimited,
            _ => Case::InvalidInput,
        };
        let error = Error::of(case, "HubSpot refuses what was sent.").http_status(207);
        problem.fields(problem.coded(error.detail(format!("{asked} answered 207 with a row that is an error"))))
    }

    /// How long to wait: as told, else as the policy says.
    fn throttled(&self, error: Error, problem: &Problem, search: bool) -> Error {
        if problem.policy.as_deref() == Some("DAILY") {
            return error
                .message("HubSpot's requests of the day are used up. It goes on after midnight by itself.")
                .retry_after_ms(self.until_tomorrow());
        }
        let error = error.message("HubSpot asks to wait.");
        let told = error.wait_ms();
        if search || problem.policy.as_deref() == Some("SECONDLY") {
            // Other requests are not held up by it.
            let wait = self.assumed.search_wait_seconds.saturating_mul(SECOND);
            return error.waits_alone().retry_after_ms(told.unwrap_or(wait));
        }
        let wait = self.assumed.rolling_wait_seconds.saturating_mul(SECOND);
        error.retry_after_ms(told.unwrap_or(wait))
    }

    /// Until midnight of the account's zone. Right after it, the offset may be an old one.
    fn until_tomorrow(&self) -> u64 {
        let of_day = run::now_ms().saturating_add_signed(self.offset_ms) % DAY;
        if of_day < DAWN { AGAIN } else { DAY - of_day + MINUTE }
    }
}

impl Problem {
    /// The error with HubSpot's own word for it.
    fn coded(&self, error: Error) -> Error {
        let word = [&self.policy, &self.category, &self.code].into_iter().flatten().find(|word| is_word(word));
        match word {
            Some(word) => error.provider_code(word.as_str()),
            None => error,
        }
    }

    /// The error with the fields that are wrong.
    fn fields(&self, error: Error) -> Error {
        let all = std::iter::once(self).chain(&self.errors).take(20);
        all.fold(error, |error, one| {
            let names = words(one.context.get("propertyName"));
            names.iter().fold(error, |error, name| {
                let what = match one.code.as_deref() {
                    Some("PROPERTY_DOESNT_EXIST") => format!("There is no property {name} in HubSpot."),
                    _ => format!("HubSpot does not take the value of {name}."),
                };
                error.field(pointer(name), what)
            })
        })
    }

    /// What to say of a missing permission.
    fn lacking(&self) -> String {
        let all = std::iter::once(self).chain(&self.errors);
        let names: Vec<String> =
            all.flat_map(|one| words(one.context.get("requiredGranularScopes"))).take(10).collect();
        if names.is_empty() {
            return "HubSpot does not allow this to the person who connected.".to_owned();
        }
        format!("This was not allowed when HubSpot was connected: {}. Reconnect, and agree to it.", names.join(", "))
    }
}

/// Names that an error holds: a text or a list of texts; nothing that could be somebody's data.
fn words(value: Option<&Value>) -> Vec<String> {
    let all = match value {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    all.into_iter().filter(|word| is_word(word)).map(str::to_owned).collect()
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=100).contains(&text.len()) && text.bytes().all(plain)
}

/// Where in an item the value of a property comes from.
fn pointer(property: &str) -> String {
    match property {
        "hs_note_body" | "hs_task_body" => "/text".to_owned(),
        "hs_task_subject" => "/title".to_owned(),
        "hs_task_priority" => "/priority".to_owned(),
        "dealname" => "/name".to_owned(),
        "dealstage" => "/stage".to_owned(),
        "closedate" => "/close_date".to_owned(),
        "hubspot_owner_id" => "/owner".to_owned(),
        "email" | "firstname" | "lastname" | "phone" | "company" | "jobtitle" | "name" | "domain" | "city"
        | "country" | "amount" | "pipeline" => format!("/{property}"),
        other => format!("/properties/{other}"),
    }
}

fn accepting(request: Request) -> Request {
    request.header("accept", "application/json")
}
