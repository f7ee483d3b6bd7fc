//! A provider that works for an attacker (trust.md, S1): it sends people to an honest one with the live
//! `state`, and hopes that the code comes to its own token address.

use serde_json::json;
use url::Url;

use super::{Logins, problem};
use crate::{
    exchange::{Answer, Incoming},
    lock,
};

/// Answers a request to the evil host; a browser finds its pages under `/evil/`.
pub(super) fn answer(logins: &Logins, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/evil/authorize") => {
            let astray = lock(&logins.open).astray.clone();
            let to = astray.and_then(|to| Url::parse(&to).ok());
            let mut to = to.ok_or_else(|| problem(400, "not_set", "the test did not say where to lead people"))?;
            let names = ["state", "code_challenge", "code_challenge_method"];
            let live = names.iter().filter_map(|name| request.param(name).map(|value| (*name, value)));
            to.query_pairs_mut().extend_pairs(live);
            Ok(Answer::redirect(to.as_str()))
        }
        _ => {
            let mut caught = request.query.clone();
            caught.extend(request.form());
            caught.extend(request.headers.iter().filter(|(name, _)| name == "authorization").cloned());
            lock(&logins.open).caught.push(caught);
            Ok(Answer::json(200, &json!({ "access_token": "evil", "token_type": "Bearer", "id": "business-evil" })))
        }
    }
}
