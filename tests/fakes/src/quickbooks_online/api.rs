//! `quickbooks.api.intuit.com`: the token first, then the company, and what is asked; and the address that tells who connected.

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    QuickbooksOnline, SANDBOX_HOST, changes, companies, control, faults, files, query, records, timed,
    tokens::{Caller, Refused},
    writes,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// The scope that all calls for a company need.
const ACCOUNTING: &str = "com.intuit.quickbooks.accounting";
const HEADERS: [&str; 1] = ["transfer-encoding"];

/// Who asks, and about which company.
pub(super) struct Call<'a> {
    pub(super) fake: &'a QuickbooksOnline,
    pub(super) request: &'a Incoming,
    pub(super) company: usize,
}

impl Call<'_> {
    pub(super) fn now(&self) -> i64 {
        self.fake.clock.now().as_millis()
    }
}

/// Answers a call about a company.
pub(super) fn answer(fake: &QuickbooksOnline, request: &Incoming) -> Answer {
    if let Err(why) = strict::headers(request, &HEADERS) {
        return faults::refusal(&why);
    }
    let caller = match caller(fake, request, fake.clock.now()) {
        Ok(caller) => caller,
        Err(answer) => return answer,
    };
    let answer = route(fake, request, &caller).unwrap_or_else(|answer| answer).to(Some(caller.name));
    if answer.status < 300 && request.header("accept") != Some("application/json") {
        return xml(answer);
    }
    answer
}

/// `GET /v1/openid_connect/userinfo`
pub(super) fn person(fake: &QuickbooksOnline, request: &Incoming) -> Answer {
    let strictly = strict::headers(request, &[]).and_then(|()| strict::no_query(request));
    if let Err(why) = strictly {
        return faults::refusal(&why);
    }
    if (request.method.as_str(), request.path.as_str()) != ("GET", "/v1/openid_connect/userinfo") {
        return faults::refusal(&format!("there is no {} {}", request.method, request.path));
    }
    match caller(fake, request, fake.clock.now()) {
        Ok(caller) if caller.may("openid") => {
            let email = caller.may("email").then(|| control::user_of(caller.who));
            Answer::json(200, &json!({ "sub": caller.who, "email": email, "emailVerified": true }))
                .to(Some(caller.name))
        }
        Ok(_) => Answer::json(401, &json!({ "error": "insufficient_scope" })),
        Err(answer) => answer,
    }
}

fn caller(fake: &QuickbooksOnline, request: &Incoming, now: Timestamp) -> Result<Caller, Answer> {
    let value = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    match lock(&fake.tokens).caller(value.unwrap_or_default(), now) {
        Ok(caller) => Ok(caller),
        Err(Refused::Unknown) => Err(faults::expired()),
        Err(Refused::Ended(name)) => Err(faults::expired().to(Some(name))),
    }
}

fn route(fake: &QuickbooksOnline, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let segments = request.segments();
    let ["v3", "company", realm, rest @ ..] = segments.as_slice() else { return Err(unknown()) };
    let company = companies::company_of(realm).filter(|company| *company == caller.company);
    let Some(company) = company.filter(|_| caller.may(ACCOUNTING) && request.header("host") != Some(SANDBOX_HOST))
    else {
        return Err(faults::forbidden());
    };
    lock(&fake.limits).count(realm, fake.clock.now())?;
    {
        let companies = lock(&fake.companies);
        if !companies.administers(caller.who, company) {
            return Err(faults::fault(401, "120", "AuthorizationFault", "Authorization Failure"));
        }
        if companies.ended.contains(&company) {
            return Err(faults::invalid("6190", "Invalid Company Status"));
        }
    }
    let call = Call { fake, request, company };
    match (request.method.as_str(), rest) {
        ("GET", ["companyinfo", id]) if id == realm => {
            strict::no_body(request).map_err(|why| faults::refusal(&why))?;
            strict::params("query parameter", &request.query, &["minorversion"])
                .map_err(|why| faults::refusal(&why))?;
            Ok(told(&call, "CompanyInfo", lock(&fake.books).company(company)))
        }
        ("GET" | "POST", ["query"]) => query::answer(&call),
        ("GET", ["cdc"]) => changes::answer(&call),
        ("POST", ["attachable"]) => writes::once(&call, files::note),
        ("POST", ["upload"]) => writes::once(&call, files::upload),
        ("POST", [path]) => {
            let kind = records::at(path).ok_or_else(unknown)?;
            writes::once(&call, |call| writes::write(call, kind))
        }
        _ => Err(unknown()),
    }
}

fn unknown() -> Answer {
    Answer::html(404, "<html><body>404</body></html>").refused("the fake does not know this path")
}

/// What is answered to those who do not ask for JSON.
fn xml(answer: Answer) -> Answer {
    let body = b"<?xml version=\"1.0\"?><IntuitResponse/>".to_vec();
    let headers = vec![("content-type".to_owned(), "application/xml".to_owned())];
    Answer { body, headers, ..answer }
}

/// An answer with one member, and the moment.
pub(super) fn told(call: &Call<'_>, name: &str, value: Value) -> Answer {
    let members = [(name.to_owned(), value), ("time".to_owned(), json!(timed(call.now())))];
    Answer::json(200, &Value::Object(Map::from_iter(members)))
}
