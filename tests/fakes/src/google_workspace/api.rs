//! The interfaces: the token first, then the permission, then what is asked.

use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{
    ADMIN, GOOGLE, GoogleWorkspace, calendars::address, directory, lists, problem, refusal, tokens::Caller, writes,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

const CALENDAR_LIST: [&str; 2] = [
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.readonly",
];
const READ: [&str; 3] = [
    "https://www.googleapis.com/auth/calendar.events.readonly",
    "https://www.googleapis.com/auth/calendar.readonly",
    WRITE,
];
const WRITE: &str = "https://www.googleapis.com/auth/calendar.events";

/// Answers a call.
pub(super) fn answer(google: &GoogleWorkspace, request: &Incoming) -> Answer {
    let more: &[&str] =
        if request.method == "PATCH" { &["if-match", "transfer-encoding"] } else { &["transfer-encoding"] };
    if let Err(why) = strict::headers(request, more) {
        return refusal(&why);
    }
    let value = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let found = lock(&google.tokens).caller(value.unwrap_or_default(), google.clock.now());
    let caller = match found {
        Ok(caller) => caller,
        Err(name) => return problem(401, "authError", "Invalid Credentials").to(name),
    };
    let name = Some(caller.name.clone());
    route(google, request, &caller).unwrap_or_else(|answer| answer).to(name)
}

fn route(google: &GoogleWorkspace, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let decoded: Vec<String> =
        request.segments().into_iter().map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect();
    let path: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let host = request.header("host").unwrap_or_default();
    match (request.method.as_str(), host, path.as_slice()) {
        ("GET", GOOGLE, ["oauth2", "v2", "userinfo"]) => userinfo(request, caller),
        ("GET", GOOGLE, ["calendar", "v3", "users", "me", "calendarList"]) => {
            caller.may(&CALENDAR_LIST)?;
            lists::calendars(google, request, caller)
        }
        (method, GOOGLE, ["calendar", "v3", "calendars", calendar, "events", event @ ..]) => {
            caller.may(if method == "GET" { &READ } else { std::slice::from_ref(&WRITE) })?;
            match (method, event) {
                ("GET", []) => lists::events(google, request, caller, calendar),
                ("POST", []) => writes::insert(google, request, caller, calendar),
                ("GET", [event]) => writes::get(google, request, caller, (calendar, event)),
                ("PATCH", [event]) => writes::patch(google, request, caller, (calendar, event)),
                _ => Err(refusal(&format!("there is no {method} {}", request.path))),
            }
        }
        (_, ADMIN, ["admin", "directory", "v1", ..]) => {
            directory::answer(google, request, caller, decoded.get(3..).unwrap_or_default())
        }
        _ => Err(refusal(&format!("the fake does not know {} {:?} at {host}", request.method, request.path))),
    }
}

fn userinfo(request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(|why| refusal(&why))?;
    caller.may(&["openid", "email"])?;
    let mut body = json!({ "id": subject(caller.who), "verified_email": true, "email": address(caller.who) });
    if let Some(domain) = domain(caller.who) {
        body["hd"] = json!(domain);
    }
    Ok(Answer::json(200, &body))
}

/// The id of a person.
pub(super) fn subject(who: &str) -> &'static str {
    match who {
        "els" => "108204268033311374519",
        "an" => "108204268033311374520",
        _ => "108204268033311374521",
    }
}

/// The company's domain; private accounts have none.
pub(super) fn domain(who: &str) -> Option<&'static str> {
    (who != "piet").then_some("voorbeeld.example")
}
