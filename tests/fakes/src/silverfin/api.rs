//! `/api/v4/f/{firm_id}/…`: token, firm and scope first, then what is read.

use serde_json::{Value, json};

use super::{
    FIRM, HOST, Silverfin,
    data::{Company, Period},
    documents, problem, refusal, remarks,
    token::Access,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, strict,
};

/// Default and largest page of companies, periods and remarks.
const PAGE_SIZE: usize = 200;

/// Answers a call of the API.
pub(crate) fn answer(silverfin: &Silverfin, request: &Incoming, firm: &str, rest: &[&str]) -> Result<Answer, Answer> {
    strict::host(request, HOST).map_err(refusal)?;
    strict::headers(request, &[]).map_err(refusal)?;
    let access = access(silverfin, request)?;
    let name = access.name.clone();
    let known = |answer: Answer| answer.to(Some(name.clone()));
    route(silverfin, request, &access, firm, rest).map(known).map_err(known)
}

fn route(
    silverfin: &Silverfin,
    request: &Incoming,
    access: &Access,
    firm: &str,
    rest: &[&str],
) -> Result<Answer, Answer> {
    if request.header("accept") != Some("application/json") {
        return Err(refusal(format!("header accept must be application/json, not {:?}", request.header("accept"))));
    }
    if access.firm.to_string() != firm {
        return Err(not_found());
    }
    match (request.method.as_str(), rest) {
        ("GET", ["user"]) => {
            plain(request, access, &["user:profile"])?;
            Ok(Answer::json(200, &user()))
        }
        ("GET", ["user", "firm"]) => {
            plain(request, access, &[])?;
            let name = if access.firm == FIRM { "Kantoor Vermeulen & Co" } else { "Vermeulen Gent" };
            Ok(Answer::json(200, &json!({ "id": access.firm, "name": name })))
        }
        ("GET", ["companies"]) => {
            scope(access, &["administration:read"])?;
            query(request, &["page", "per_page", "file_code"])?;
            let data = lock(&silverfin.data);
            let code = request.param("file_code");
            let fits = |company: &&Company| code.is_none_or(|code| company.file_code() == code);
            page(request, "company", data.listed(access.firm).filter(fits).map(Company::json).collect())
        }
        ("GET", ["companies", id]) => {
            plain(request, access, &["administration:read"])?;
            let data = lock(&silverfin.data);
            let record = company(&data, access, id)?.json();
            let served = vec![Served::of("company", &record)];
            Ok(Answer::json(200, &record).serving(served))
        }
        ("GET", ["companies", id, "periods"]) => {
            scope(access, &["communication:read", "financials:read"])?;
            query(request, &["page", "per_page", "public"])?;
            strict::choice(request, "public", &["false", "true"]).map_err(refusal)?;
            let data = lock(&silverfin.data);
            // None of the fake's periods is public.
            let none = request.param("public") == Some("true");
            let periods = company(&data, access, id)?.periods.iter().filter(|_| !none);
            page(request, "period", periods.map(Period::json).collect())
        }
        ("GET", ["companies", id, "periods", period, "reconciliations"]) => {
            scope(access, &["financials:read"])?;
            query(request, &["page", "per_page"])?;
            let data = lock(&silverfin.data);
            let mut periods = company(&data, access, id)?.periods.iter();
            let period = periods.find(|known| known.id.to_string() == *period).ok_or_else(not_found)?;
            page(request, "reconciliation", period.papers())
        }
        ("POST", ["companies", id, "permanent_documents"]) => {
            scope(access, &["permanent_documents:write"])?;
            strict::no_query(request).map_err(refusal)?;
            documents::create(silverfin, request, access, id)
        }
        ("GET", ["companies", id, "periods", period, "remarks"]) => {
            scope(access, &["communication:read"])?;
            query(request, &["page", "per_page"])?;
            remarks::list(silverfin, request, access, id, period)
        }
        ("POST", ["companies", id, "periods", period, "remarks"]) => {
            scope(access, &["communication:write"])?;
            strict::no_query(request).map_err(refusal)?;
            remarks::create(silverfin, request, access, id, period)
        }
        _ => Err(Answer { status: 404, ..refusal("the fake does not know this method and path".to_owned()) }),
    }
}

/// The access token of the call.
fn access(silverfin: &Silverfin, request: &Incoming) -> Result<Access, Answer> {
    let refused = |token: Option<String>, why: &str| {
        let challenge = format!("Bearer realm=\"Silverfin\", error=\"invalid_token\", error_description=\"{why}\"");
        problem(401, "invalid_token", why).with("www-authenticate", &challenge).to(token)
    };
    let value = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let value = value.ok_or_else(|| refused(None, "The access token is missing"))?;
    let used = lock(&silverfin.tokens).use_access(value, silverfin.clock.now());
    used.map_err(|token| refused(token, "The access token expired or was revoked"))
}

/// That one of these scopes was granted; none are needed when there are none.
fn scope(access: &Access, any: &[&str]) -> Result<(), Answer> {
    if any.is_empty() || any.iter().any(|scope| access.may(scope)) {
        return Ok(());
    }
    let challenge = format!("Bearer realm=\"Silverfin\", error=\"insufficient_scope\", scope=\"{}\"", any.join(" "));
    let answer = problem(403, "insufficient_scope", &format!("The access token needs {}", any.join(" or ")));
    Err(answer.with("www-authenticate", &challenge))
}

fn query(request: &Incoming, names: &[&str]) -> Result<(), Answer> {
    strict::no_body(request).map_err(refusal)?;
    strict::params("query parameter", &request.query, names).map_err(refusal)
}

/// A call without parameters and body.
fn plain(request: &Incoming, access: &Access, scopes: &[&str]) -> Result<(), Answer> {
    scope(access, scopes)?;
    query(request, &[])
}

/// The company, or the 404 that also hides archived and hidden ones.
pub(crate) fn company<'a>(data: &'a super::data::Data, access: &Access, id: &str) -> Result<&'a Company, Answer> {
    data.listed(access.firm).find(|company| company.id.to_string() == id).ok_or_else(not_found)
}

pub(crate) fn not_found() -> Answer {
    Answer::json(404, &json!({ "error": "Record not found" }))
}

/// One page of a bare array, with the headers `total` and `per-page`.
pub(crate) fn page(request: &Incoming, kind: &str, records: Vec<Value>) -> Result<Answer, Answer> {
    let size = strict::number(request, "per_page", 1, PAGE_SIZE, PAGE_SIZE).map_err(refusal)?;
    let number = strict::number(request, "page", 1, usize::MAX / PAGE_SIZE, 1).map_err(refusal)?;
    let total = records.len().to_string();
    let records: Vec<Value> = records.into_iter().skip((number - 1) * size).take(size).collect();
    let served = records.iter().map(|record| Served::of(kind, record)).collect();
    let answer = Answer::json(200, &Value::Array(records)).with("total", &total).with("per-page", &size.to_string());
    Ok(answer.serving(served))
}

fn user() -> Value {
    json!({
        "id": 554_005,
        "name": "An Peeters",
        "username": "an.peeters",
        "created_at": "2021-04-02T09:11:00.000+02:00",
        "external": false,
        "email": "an@vermeulen.example",
        "staff_access": false,
        "email_notification_frequency": "daily",
        "locale": "nl",
    })
}
