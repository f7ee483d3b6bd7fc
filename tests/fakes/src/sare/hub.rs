//! `https://api.sarehub.com/v1/publish/routing/{routing}`: an event for the hub, by Basic and from an address that is known.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{HUB_HOST, Sare};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, strict,
};

const HEADERS: [&str; 4] = ["sarehub-reply_to", "sarehub-correlation_id", "sarehub-priority", "sarehub-delay"];
const USER: [&str; 6] = ["email", "emailmd5", "cookie", "mobile", "phone", "postal"];

pub(super) fn answer(sare: &Sare, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, HUB_HOST).map_err(refusal)?;
    strict::headers(request, &HEADERS).map_err(refusal)?;
    let module = sare.module();
    let sent = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
    let sent = sent.and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    if sent != Some(format!("{}:{}", module.user, module.password)) {
        return Err(state(401, "unknown module"));
    }
    let mut data = lock(&sare.data);
    let known = |answer: Answer| answer.to(Some("module".to_owned()));
    if !data.behaviour.on_whitelist {
        return Err(known(state(403, "this address is not on the whitelist")));
    }
    strict::no_query(request).map_err(refusal)?;
    let segments = request.segments();
    let ("POST", ["v1", "publish", "routing", routing]) = (request.method.as_str(), segments.as_slice()) else {
        return Err(known(refusal(format!("{} {} is not in the sheet", request.method, request.path))));
    };
    let wrong = |why: &str| {
        let status = if data.behaviour.hub_errors_in_200 { 200 } else { 400 };
        Err(known(state(status, why)))
    };
    if !is_routing(routing) {
        return wrong("the routing key is not one");
    }
    let event = strict::object(request, &["type", "user", "time", "params"]).map_err(refusal)?;
    let is_text = event.get("type").and_then(Value::as_str).is_some_and(|kind| !kind.is_empty());
    let user = event.get("user").and_then(Value::as_object);
    let good = is_text
        && event.get("time").and_then(Value::as_u64).is_some()
        && event.get("params").is_some_and(Value::is_object)
        && user.is_some_and(|user| !user.is_empty() && user.keys().all(|key| USER.contains(&key.as_str())));
    if !good {
        return wrong("type, user, time and params are required");
    }
    let mut content = Value::Object(event);
    let correlation = request.header("sarehub-correlation_id");
    if let Some(content) = content.as_object_mut() {
        content.insert("routing".to_owned(), json!(routing));
        content.insert("correlation_id".to_owned(), json!(correlation));
    }
    data.events.push(content.clone());
    let id = data.events.len().to_string();
    let created = Created { kind: "hub-event".to_owned(), id, parent: (*routing).to_owned(), content };
    Ok(known(Answer::json(201, &json!({ "state": "success" })).after(created)))
}

/// `hub<id>.<destination>[.<account_id>][.<type>][.<key>]`
fn is_routing(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let hub = parts.first().and_then(|first| first.strip_prefix("hub")).is_some_and(|id| id.parse::<u64>().is_ok());
    hub && (2..=5).contains(&parts.len()) && parts.iter().all(|part| !part.is_empty())
}

fn state(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "state": "error", "message": message }))
}

fn refusal(why: String) -> Answer {
    state(400, &format!("fake: {why}")).refused(&why)
}
