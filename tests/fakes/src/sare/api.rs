//! `/api/v1/{uid}/…`: the account of the key or token, then what is asked. Pages stand in the path and count from 0.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Data, HOST, OTHER_UID, Sare, UID, base::Base, base::Contact, problem, refusal, said, write};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, strict,
};

pub(super) fn answer(sare: &Sare, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, HOST).map_err(refusal)?;
    strict::headers(request, &["apikey"]).map_err(refusal)?;
    let mut data = lock(&sare.data);
    let (uid, name) = whose(sare, &data, request)?;
    let known = |answer: Answer| answer.to(Some(name.to_owned()));
    if request.path == "/oauth/account" && request.method == "GET" && request.header("apikey").is_none() {
        strict::no_query(request).map_err(refusal)?;
        let account = json!({ "uid": uid, "name": "Sklep Demo", "email": super::OWNER });
        return Ok(known(Answer::json(200, &account)));
    }
    match request.segments().as_slice() {
        ["api", "v1", asked, rest @ ..] if *asked == uid => {
            if request.header("accept") != Some("application/json") {
                return Err(known(refusal("header accept must be application/json".to_owned())));
            }
            let mut nothing = Base::empty();
            let page_size = data.behaviour.page_size;
            if uid == OTHER_UID {
                return read(&nothing, page_size, request, rest)
                    .unwrap_or_else(|| write::answer(&mut nothing, &mut Vec::new(), request, rest))
                    .map(known)
                    .map_err(known);
            }
            let Data { base, mails, .. } = &mut *data;
            read(base, page_size, request, rest)
                .unwrap_or_else(|| write::answer(base, mails, request, rest))
                .map(known)
                .map_err(known)
        }
        ["api", "v1", _, ..] => Err(known(problem(403, "Brak dostępu do tego konta"))),
        _ => Err(known(refusal(format!("{} {} is not in the sheet", request.method, request.path)))),
    }
}

/// Whose account the key or the token is for, and what the journal calls it.
fn whose<'a>(sare: &Sare, data: &Data, request: &Incoming) -> Result<(&'a str, &'a str), Answer> {
    if let Some(key) = request.header("apikey") {
        if request.header("authorization").is_some() {
            return Err(refusal("a key and a token at once".to_owned()));
        }
        return if key == sare.key_number(data.replaced) {
            Ok((UID, "key"))
        } else if key == sare.other_key() {
            Ok((OTHER_UID, "other"))
        } else {
            Err(problem(data.behaviour.wrong_key, "Nieprawidłowy klucz"))
        };
    }
    let token = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| problem(401, "Brak klucza"))?;
    match sare.door.access(token, sare.clock.now()) {
        Ok(_) => Ok((UID, "token")),
        Err(name) => Err(problem(401, "Token wygasł").to(name)),
    }
}

/// What only reads; none when it is something else.
fn read(base: &Base, size: usize, request: &Incoming, rest: &[&str]) -> Option<Result<Answer, Answer>> {
    let number = |text: &str| text.parse::<usize>().map_err(|_| refusal(format!("{text:?} is no page")));
    let paged = |kind: &str, page: &str, rows: Vec<Value>| {
        let page = number(page)?;
        let rows: Vec<Value> = rows.into_iter().skip(page.saturating_mul(size)).take(size).collect();
        let served = rows.iter().map(|row| Served::of(kind, row)).collect();
        Ok::<(Vec<Value>, Vec<Served>), Answer>((rows, served))
    };
    let list = |kind: &str, page: &str, rows: Vec<Value>| {
        paged(kind, page, rows).map(|(rows, served)| said(&Value::Array(rows)).serving(served))
    };
    let plain = || {
        strict::no_query(request).map_err(refusal)?;
        strict::no_body(request).map_err(refusal)
    };
    Some(match (request.method.as_str(), rest) {
        ("GET", ["group", "list"]) => plain().map(|()| {
            let rows = base.records("group").unwrap_or_default();
            let served = rows.iter().map(|row| Served::of("group", row)).collect();
            said(&Value::Array(rows)).serving(served)
        }),
        ("GET", ["group", "emails", group, page]) => plain().and_then(|()| match group.parse::<u64>() {
            Ok(id) if base.has_group(id) => list("address", page, base.of_group(id)),
            _ => Err(problem(404, "Nie ma takiej grupy")),
        }),
        ("GET", ["email", "props"]) => plain().map(|()| said(&json!([{ "name": "prop1" }, { "name": "miasto" }]))),
        ("GET", ["email", "by_email", email]) => plain().and_then(|()| {
            let email = percent_decode_str(email).decode_utf8_lossy();
            let contact = base.contact(&email).ok_or_else(|| problem(404, "Nie ma takiego adresu"))?;
            Ok(said(&contact.json()))
        }),
        ("POST", ["email", "by_email_list", page]) => asked(request).and_then(|emails| {
            let found = emails.iter().filter_map(|email| base.contact(email));
            list("contact", page, found.map(Contact::json).collect())
        }),
        ("GET", ["newsletter", "list", kind @ ("ready" | "temporary"), page]) => plain().and_then(|()| {
            let (rows, served) = paged("newsletter", page, base.newsletters_of(kind))?;
            Ok(said(&json!({ "data": rows })).serving(served))
        }),
        ("GET", ["report", "sends", page]) => {
            let params = strict::params("query parameter", &request.query, &["from"]).map_err(refusal);
            let day = request.param("from");
            params.and_then(|()| match day {
                Some(day) if !is_day(day) => Err(problem(422, "from")),
                _ => list("send", page, base.sends_from(day)),
            })
        }
        ("GET", ["report", "events", page]) => {
            let params = strict::params("query parameter", &request.query, &["since"]).map_err(refusal);
            let since = request.param("since").map_or(Ok(0), str::parse::<i64>).map_err(|_| problem(422, "since"));
            params.and(since).and_then(|since| list("event", page, base.events_since(since)))
        }
        _ => return None,
    })
}

/// `{"emails":[{"email":"a@b"}]}`
fn asked(request: &Incoming) -> Result<Vec<String>, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let body = strict::object(request, &["emails"]).map_err(refusal)?;
    let rows = body.get("emails").and_then(Value::as_array).filter(|rows| rows.len() <= 1_000);
    let rows = rows.ok_or_else(|| refusal("emails must be a list of at most 1000".to_owned()))?;
    rows.iter()
        .map(|row| match row.as_object() {
            Some(row) if row.len() == 1 => row.get("email").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(|| refusal("each of emails is an object with email".to_owned()))
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
