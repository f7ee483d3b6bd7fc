//! The two ways in: JSON-RPC, whose errors have status 200, and JSON-2, which is there from version 19 on.

use serde_json::{Map, Value, json};

use super::{
    Odoo,
    call::{Call, Raw, User},
    exception::Exception,
};
use crate::{
    exchange::{Answer, Incoming},
    strict,
};

/// 400 for what is not in the sheet.
pub(super) fn refusal(why: &str) -> Answer {
    Answer::json(400, &json!({ "name": "werkzeug.exceptions.BadRequest", "message": format!("fake: {why}") }))
        .refused(why)
}

/// A page as werkzeug makes it.
pub(super) fn page(status: u16, title: &str) -> Answer {
    Answer::html(
        status,
        &format!("<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n"),
    )
}

pub(super) fn version(odoo: &Odoo) -> Answer {
    match odoo.version() {
        19.. => Answer::json(200, &json!({ "version_info": [19, 0, 0, "final", 0, ""], "version": "19.0" })),
        _ => page(404, "Not Found"),
    }
}

/// `POST /jsonrpc`
pub(super) fn rpc(odoo: &Odoo, request: &Incoming) -> Result<Answer, Answer> {
    if request.media_type() != "application/json" {
        return Err(page(415, "Unsupported Media Type"));
    }
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| Answer::html(400, "Invalid JSON data"))?;
    let refused = |why: &str| refusal(why);
    let known = |value: &Value, names: &[&str]| -> Result<Map<String, Value>, Answer> {
        let members = value.as_object().cloned().ok_or_else(|| refused("the body is no JSON-RPC call"))?;
        match members.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(refused(&format!("body field {name:?} is not in the sheet"))),
            None => Ok(members),
        }
    };
    let call = known(&body, &["jsonrpc", "method", "id", "params"])?;
    if call.get("jsonrpc") != Some(&json!("2.0")) || call.get("method") != Some(&json!("call")) {
        return Err(refused("jsonrpc must be 2.0 and method call"));
    }
    let id = call.get("id").cloned().unwrap_or_default();
    let params = known(call.get("params").unwrap_or(&Value::Null), &["service", "method", "args"])?;
    let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    let args = params.get("args").and_then(Value::as_array).cloned().unwrap_or_default();
    let number = odoo.version();
    let answer = match (text("service"), text("method"), args.as_slice()) {
        ("common", "version", []) => return Ok(success(&id, told_version(number))),
        ("common", "authenticate", [database, login, secret, Value::Object(_)])
        | ("common", "login", [database, login, secret]) => {
            let known = odoo.database(database).map(|own| {
                let user = own.then(|| odoo.person(login, secret)).flatten();
                (user.as_ref().map_or(json!(false), |user| json!(user.id)), user)
            });
            known.map(|(value, user)| (success(&id, value), user))
        }
        (
            "object",
            "execute_kw",
            [database, uid, secret, Value::String(model), Value::String(method), Value::Array(places), more @ ..],
        ) => {
            let named = match more {
                [] => Map::new(),
                [Value::Object(named)] => named.clone(),
                _ => return Err(refused("execute_kw takes an object of named arguments at its end")),
            };
            let user = odoo
                .database(database)
                .and_then(|own| own.then(|| odoo.number(uid, secret)).flatten().ok_or_else(Exception::denied));
            user.and_then(|user| {
                let raw = Raw {
                    model: model.clone(),
                    method: method.clone(),
                    places: places.clone(),
                    named,
                    user: user.clone(),
                    version: number,
                    rpc: true,
                };
                let call = raw.checked()?;
                odoo.called(&call).map(|done| (done.answer(|value| success(&id, value)), Some(user)))
            })
        }
        (service, method, _) => {
            return Err(refused(&format!("{service}.{method} with {} arguments is not in the sheet", args.len())));
        }
    };
    match answer {
        Ok((answer, user)) => Ok(answer.to(user.map(|user| user.token.to_owned()))),
        Err(exception) => Ok(exception.rpc(&id, number)),
    }
}

/// A result; of null there is no member at all.
fn success(id: &Value, result: Value) -> Answer {
    let mut body = json!({ "jsonrpc": "2.0", "id": id });
    if let (false, Some(members)) = (result.is_null(), body.as_object_mut()) {
        members.insert("result".to_owned(), result);
    }
    Answer::json(200, &body)
}

fn told_version(version: u16) -> Value {
    json!({
        "server_version": format!("{version}.0"), "server_version_info": [version, 0, 0, "final", 0, ""],
        "server_serie": format!("{version}.0"), "protocol_version": 1,
    })
}

/// `POST /json/2/MODEL/METHOD`
pub(super) fn json2(odoo: &Odoo, request: &Incoming, model: &str, method: &str) -> Result<Answer, Answer> {
    let number = odoo.version();
    if number < 19 {
        return Err(page(404, "Not Found"));
    }
    if let Some(name) = request.header("x-odoo-database")
        && !odoo.databases().contains(&name)
    {
        let why = "No database is selected and the requested URL was not found in the server-wide controllers.";
        return Err(Answer::html(404, &format!("<!DOCTYPE html>\n<title>404 Not Found</title>\n<p>{why}</p>\n")));
    }
    if request.media_type() != "application/json" {
        return Err(page(415, "Unsupported Media Type"));
    }
    if request.header("user-agent").is_none_or(str::is_empty) {
        return Err(refusal("a User-Agent that names the software"));
    }
    let user = bearer(odoo, request);
    let token = user.as_ref().ok().map(|user| user.token.to_owned());
    let called = user.and_then(|user| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let Value::Object(named) = body else {
            return Err(Exception::arguments("could not parse the body as json", false));
        };
        let raw = Raw {
            model: model.to_owned(),
            method: method.to_owned(),
            places: Vec::new(),
            named,
            user,
            version: number,
            rpc: false,
        };
        let call: Call = raw.checked()?;
        odoo.called(&call)
    });
    let answer = called.map_or_else(Exception::json2, |done| done.answer(|value| Answer::json(200, &value)));
    Ok(answer.to(token))
}

fn bearer(odoo: &Odoo, request: &Incoming) -> Result<User, Exception> {
    let missing = "User not authenticated, use an API Key with a Bearer Authorization header.";
    let value = request.header("authorization").ok_or_else(|| Exception::unauthorized(missing))?;
    let key = value.split_once(' ').filter(|(word, _)| word.eq_ignore_ascii_case("bearer")).map(|(_, key)| key);
    let known = key.and_then(|key| odoo.keyed(key));
    // The keys are of one database.
    let known = known.filter(|_| request.header("x-odoo-database").is_none_or(|name| name == super::DATABASE));
    known.ok_or_else(|| Exception::unauthorized("Invalid apikey"))
}

/// What both ways refuse before they look at anything.
pub(super) fn plain(request: &Incoming) -> Result<(), String> {
    strict::host(request, super::HOST)?;
    strict::headers(request, &["x-odoo-database", "transfer-encoding"])?;
    strict::no_query(request)
}
