//! `api.xero.com`: the token first, then the organisation, the scope, and what is asked.

use patchbay_model::Timestamp;
use serde_json::json;

use super::{
    Xero, create, files, lists, problem, records, refusal,
    tenants::{self, BODIES},
    tokens::{Caller, Refused},
    writes,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

const HEADERS: [&str; 4] = ["xero-tenant-id", "if-modified-since", "idempotency-key", "transfer-encoding"];
/// Calls that all organisations together may make in a minute: never counted here.
const OF_APP: &str = "9998";

/// Who asks, and for which organisation.
pub(super) struct Call<'a> {
    pub(super) xero: &'a Xero,
    pub(super) request: &'a Incoming,
    pub(super) caller: Caller,
    pub(super) body: usize,
}

impl Call<'_> {
    /// That this was granted; a write needs more than `.read`.
    pub(super) fn scope(&self, scope: &str) -> Result<(), Answer> {
        if self.caller.may(scope, self.request.method == "GET") {
            return Ok(());
        }
        Err(problem(401, "AuthorizationUnsuccessful").with("www-authenticate", "insufficient_scope"))
    }
}

/// Answers a call.
pub(super) fn answer(xero: &Xero, request: &Incoming) -> Answer {
    let tenant = request.header("xero-tenant-id").unwrap_or("none");
    let counted = lock(&xero.limits).count(tenant, xero.clock.now());
    let (answer, left) = match counted {
        Ok(left) => (routed(xero, request), left),
        Err(answer) => (answer, (0, 0)),
    };
    let number = format!("{:x}", xero.clock.now().as_millis());
    answer
        .with("x-minlimit-remaining", &left.0.to_string())
        .with("x-daylimit-remaining", &left.1.to_string())
        .with("x-appminlimit-remaining", OF_APP)
        .with("xero-correlation-id", &format!("c0440000-0000-4000-8000-{number:0>12}"))
}

fn routed(xero: &Xero, request: &Incoming) -> Answer {
    if let Err(why) = strict::headers(request, &HEADERS) {
        return refusal(why);
    }
    let value = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let found = lock(&xero.tokens).caller(value.unwrap_or_default(), xero.clock.now());
    let caller = match found {
        Ok(caller) => caller,
        Err(Refused::Unknown) => return problem(401, "AuthenticationUnsuccessful"),
        Err(Refused::Ended(name, at)) => {
            return problem(401, &format!("TokenExpired: token expired at {}", american(at))).to(Some(name));
        }
    };
    let name = Some(caller.name.clone());
    let answer = route(xero, request, caller).unwrap_or_else(|answer| answer).to(name);
    if answer.status < 300 && !answer.body.is_empty() && request.header("accept") != Some("application/json") {
        return xml(answer);
    }
    answer
}

fn route(xero: &Xero, request: &Incoming, caller: Caller) -> Result<Answer, Answer> {
    let segments = request.segments();
    if let ["connections", rest @ ..] = segments.as_slice() {
        return tenants::answer(xero, request, caller.who, rest);
    }
    let body = organisation(xero, request, &caller)?;
    let call = Call { xero, request, caller, body };
    if request.path == files::INBOX {
        return writes::once(&call, files::inbox);
    }
    let ["api.xro", "2.0", rest @ ..] = segments.as_slice() else { return Err(unknown()) };
    match (request.method.as_str(), rest) {
        ("GET", ["Journals"]) => {
            call.scope("accounting.journals")?;
            lists::journals(xero, request, body)
        }
        ("GET", [path]) => {
            let kind = records::of(path).ok_or_else(unknown)?;
            call.scope(kind.scope)?;
            lists::answer(xero, request, body, kind)
        }
        ("PUT" | "POST", [path, id, "History"]) => {
            let kind = lists::with_notes(path).ok_or_else(unknown)?;
            writes::once(&call, |call| writes::note(call, kind, id))
        }
        ("PUT" | "POST", [path, id, "Attachments", name]) => {
            let kind = lists::with_notes(path).ok_or_else(unknown)?;
            writes::once(&call, |call| files::attach(call, kind, id, name))
        }
        ("PUT" | "POST", ["Contacts"]) => writes::once(&call, create::contacts),
        ("PUT" | "POST", ["Invoices"]) => writes::once(&call, create::invoices),
        _ => Err(unknown()),
    }
}

/// The organisation that the header names, where this person has shared it.
fn organisation(xero: &Xero, request: &Incoming, caller: &Caller) -> Result<usize, Answer> {
    let forbidden = || problem(403, "AuthenticationUnsuccessful");
    let Some(tenant) = request.header("xero-tenant-id") else {
        return Err(forbidden().refused("xero-tenant-id is missing"));
    };
    let tenants = lock(&xero.tenants);
    if tenants.links.iter().any(|link| link.id == tenant) {
        return Err(forbidden().refused("xero-tenant-id is the id of a connection, not of a tenant"));
    }
    let body = tenants::body_of(tenant).filter(|body| tenants.is_linked(caller.who, *body)).ok_or_else(forbidden)?;
    match BODIES.get(body) {
        Some(found) if found.kind == "ORGANISATION" => Ok(body),
        _ => Err(forbidden().refused("a practice has no books")),
    }
}

fn unknown() -> Answer {
    Answer::html(404, "The resource you're looking for cannot be found").refused("the fake does not know this path")
}

/// What is answered to those who do not ask for JSON.
fn xml(answer: Answer) -> Answer {
    let body = b"<?xml version=\"1.0\"?><Response><Status>OK</Status></Response>".to_vec();
    let headers = vec![("content-type".to_owned(), "text/xml; charset=utf-8".to_owned())];
    Answer { body, headers, ..answer }
}

/// `03/10/2026 10:00:00`
fn american(at: Timestamp) -> String {
    let text = super::iso(at.as_millis());
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    format!("{}/{}/{} {}", part(5, 7), part(8, 10), part(0, 4), part(11, 19))
}

/// An envelope with one member.
pub(super) fn told(xero: &Xero, name: &str, value: serde_json::Value) -> Answer {
    let members = serde_json::Map::from_iter([(name.to_owned(), value)]);
    Answer::json(200, &lists::envelope(xero, members))
}

/// What is not there.
pub(super) fn missing() -> Answer {
    // As the real one: no JSON.
    Answer { status: 404, body: b"The resource you're looking for cannot be found".to_vec(), ..Answer::default() }
        .with("content-type", "text/plain")
}

/// The moment as writes tell it, twice.
pub(super) fn dated(now: i64) -> serde_json::Value {
    json!({ "DateUTC": super::wire_date(now), "DateUTCString": super::iso(now) })
}
