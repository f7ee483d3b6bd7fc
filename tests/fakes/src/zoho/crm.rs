//! `/crm/v8/…`: token and scope first, then what is asked.

use serde_json::{Value, json};

use super::{
    Zoho,
    accounts::Caller,
    data::{Crm, Module},
    lists, problem, refusal, writes,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// Answers a call of the CRM.
pub(crate) fn answer(zoho: &Zoho, request: &Incoming, place: &str, rest: &[&str]) -> Result<Answer, Answer> {
    strict::headers(request, &["if-modified-since", "transfer-encoding"]).map_err(refusal)?;
    let refused = |name: Option<String>| problem(401, "INVALID_TOKEN", "invalid oauth token").to(name);
    let caller = caller(zoho, request, place).map_err(refused)?;
    let known = |answer: Answer| answer.to(Some(caller.name.clone()));
    route(zoho, request, place, &caller, rest).map(known).map_err(known)
}

/// Whose token it is.
pub(crate) fn caller(zoho: &Zoho, request: &Incoming, place: &str) -> Result<Caller, Option<String>> {
    let value = request.header("authorization").and_then(|header| header.strip_prefix("Zoho-oauthtoken "));
    lock(&zoho.accounts).caller(place, value.ok_or(None)?, zoho.clock.now())
}

fn route(zoho: &Zoho, request: &Incoming, place: &str, caller: &Caller, rest: &[&str]) -> Result<Answer, Answer> {
    match (request.method.as_str(), rest) {
        ("GET", ["org"]) => {
            plain(request, caller, "ZohoCRM.org.READ", &[])?;
            Ok(Answer::json(200, &json!({ "org": [organisation(place)] })))
        }
        ("GET", ["users"]) => {
            plain(request, caller, "ZohoCRM.users.READ", &["type", "page", "per_page"])?;
            users(request, caller)
        }
        ("GET", ["settings", "modules"]) => {
            plain(request, caller, "ZohoCRM.settings.modules.READ", &[])?;
            let crm = lock(&zoho.crm);
            let modules: Vec<Value> = crm.modules.iter().filter(|module| !module.hidden).map(Module::json).collect();
            Ok(Answer::json(200, &json!({ "modules": modules })))
        }
        ("GET", ["settings", "fields"]) => {
            plain(request, caller, "ZohoCRM.settings.fields.READ", &["module"])?;
            let crm = lock(&zoho.crm);
            let module = module(&crm, request.param("module").unwrap_or_default())?;
            Ok(Answer::json(200, &json!({ "fields": module.fields_json() })))
        }
        (method, [name, more @ ..]) => {
            if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
                return Err(unknown());
            }
            for scoped in scoped(zoho, name, more) {
                let right = if method == "GET" { "READ" } else { "CREATE" };
                scope(caller, &format!("ZohoCRM.modules.{scoped}.{right}"))?;
            }
            match (method, more) {
                ("GET", []) => lists::records(zoho, request, name),
                ("GET", ["deleted"]) => lists::deleted(zoho, request, name),
                ("GET", [id, related @ ("Notes" | "Attachments")]) => lists::related(zoho, request, name, id, related),
                ("POST", []) if *name == "Tasks" => writes::task(zoho, request),
                ("POST", [id, "Notes"]) if ["Events", "Tasks"].contains(name) => writes::note(zoho, request, name, id),
                ("POST", [id, "Attachments"]) => writes::attachment(zoho, request, name, id),
                ("POST" | "GET", _) => Err(unknown()),
                _ => Err(problem(405, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")
                    .refused("the fake does not know this method")),
            }
        }
        _ => Err(unknown()),
    }
}

/// What scopes call the modules of a request: all own ones are `custom`, and a file needs the right to attachments too.
fn scoped(zoho: &Zoho, name: &str, more: &[&str]) -> Vec<String> {
    let custom = lock(&zoho.crm).module(name).is_some_and(|module| module.custom);
    let module = if custom { "custom".to_owned() } else { name.to_lowercase() };
    match more {
        [_, "Notes"] => vec!["notes".to_owned()],
        [_, "Attachments"] => vec![module, "attachments".to_owned()],
        _ => vec![module],
    }
}

fn unknown() -> Answer {
    problem(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
        .refused("the fake does not know this method and path")
}

/// A read with these parameters and no body.
fn plain(request: &Incoming, caller: &Caller, wanted: &str, params: &[&str]) -> Result<(), Answer> {
    scope(caller, wanted)?;
    strict::no_body(request).map_err(refusal)?;
    strict::params("query parameter", &request.query, params).map_err(refusal)
}

fn scope(caller: &Caller, wanted: &str) -> Result<(), Answer> {
    if caller.may(wanted) {
        return Ok(());
    }
    Err(problem(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL"))
}

/// The module, unless it is hidden or not there.
pub(crate) fn module<'a>(crm: &'a Crm, name: &str) -> Result<&'a Module, Answer> {
    let found = crm.module(name).filter(|module| !module.hidden);
    found.ok_or_else(|| problem(400, "INVALID_MODULE", "the module name given seems to be invalid"))
}

/// The organisation: another one in each data centre.
fn organisation(place: &str) -> Value {
    let (name, number) = if place == "us" { ("Acme Inc", "60099887766") } else { ("Vermeulen Advies", "20081234567") };
    json!({
        "id": "5543210000000020001",
        "company_name": name,
        "primary_email": "admin@vermeulen.example",
        "country_code": "BE",
        "time_zone": "Europe/Brussels",
        "currency": "EUR",
        "zgid": number,
        "primary_zuid": "20081234568",
        "domain_name": format!("org{number}"),
        "license_details": { "paid": true, "paid_type": "enterprise", "users_license_purchased": 12 },
    })
}

fn users(request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let all = [
        ("5543210000000191017", "An Peeters", "an@vermeulen.example", "20081234599"),
        ("5543210000000191033", "Bart Claes", "bart@vermeulen.example", "20081234601"),
    ];
    let kind = strict::choice(request, "type", &["AllUsers", "ActiveUsers", "AdminUsers", "CurrentUser"]);
    let own = kind.map_err(refusal)? == "CurrentUser";
    let size = strict::number(request, "per_page", 1, 200, 200).map_err(refusal)?;
    let page = strict::number(request, "page", 1, 1_000, 1).map_err(refusal)?;
    let shown: Vec<Value> = all
        .iter()
        .take(if own { 1 } else { all.len() })
        .map(|(id, name, email, zuid)| {
            json!({
                "id": id, "full_name": name, "email": if own { caller.person } else { email }, "zuid": zuid,
                "time_zone": "Europe/Brussels", "status": "active",
                "profile": { "name": "Administrator", "id": "5543210000000026011" },
            })
        })
        .collect();
    let more = shown.len() > page * size;
    let shown: Vec<Value> = shown.into_iter().skip((page - 1) * size).take(size).collect();
    let info = json!({ "per_page": size, "count": shown.len(), "page": page, "more_records": more });
    Ok(Answer::json(200, &json!({ "users": shown, "info": info })))
}
