//! `/applications/{client_id}/token` and `/grant` (sheet 2.2, item 4): an application asks whether a token is
//! good, or gives it or everything back. It proves itself by HTTP Basic.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Github, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// Answers a call about a token.
pub(crate) fn answer(github: &Github, request: &Incoming, client: &str, what: &str) -> Result<Answer, Answer> {
    strict::no_query(request).map_err(refusal)?;
    let now = github.clock.now();
    let mut apps = lock(&github.apps);
    let app = basic(request)
        .filter(|(id, _)| id == client)
        .and_then(|(id, secret)| apps.proven(&id, &secret))
        .ok_or_else(|| problem(401, "Requires authentication"))?;
    let body = strict::object(request, &["access_token"]).map_err(refusal)?;
    let token = body.get("access_token").and_then(Value::as_str);
    let token = token.ok_or_else(|| problem(422, "Validation Failed: access_token is required"))?;
    if !apps.holds(app, token, now) {
        return Err(problem(404, "Not Found"));
    }
    match (request.method.as_str(), what) {
        ("POST", "token") => {
            Ok(Answer::json(200, &json!({ "app": { "client_id": client }, "user": { "login": "els", "id": 77 } })))
        }
        ("DELETE", "token" | "grant") => {
            apps.revoke(app, token, what == "grant");
            Ok(Answer { status: 204, ..Answer::default() })
        }
        _ => Err(problem(404, "Not Found").refused("the fake does not know this method and path")),
    }
}

fn basic(request: &Incoming) -> Option<(String, String)> {
    let value = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}
