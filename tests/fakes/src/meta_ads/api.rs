//! The way of a call to `graph.facebook.com`: host, version, token, proof, limit of the account, and what is asked for.

use super::{
    HOST, MetaAds, VERSION,
    accounts::{self, gone},
    edges::Edge,
    limits::Kind,
    lists,
    problem::{self, problem, refusal},
    proof, reports,
    tokens::{self, Caller},
};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// Answers a call.
pub(super) fn answer(meta: &MetaAds, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, HOST).map_err(|why| refusal(&why))?;
    strict::headers(request, &[]).map_err(|why| refusal(&why))?;
    let segments = request.segments();
    let (version, rest) = match segments.as_slice() {
        ["debug_token"] => return tokens::debug(meta, request),
        [version, rest @ ..] => (*version, rest),
        [] => ("", &[][..]),
    };
    if version != VERSION {
        return Err(problem(400, 2500, 0, "Unknown path components").refused("the version is not the sheet's"));
    }
    if meta.outdated.load(std::sync::atomic::Ordering::Relaxed) {
        let text = "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version.";
        return Err(problem(400, 2635, 0, text));
    }
    match rest {
        ["oauth", "access_token"] => tokens::answer(meta, request),
        ["debug_token"] => tokens::debug(meta, request),
        rest => {
            let caller = caller(meta, request)?;
            let name = Some(caller.name.clone());
            match route(meta, request, &caller, rest) {
                Ok(answer) | Err(answer) if answer.trace.token.is_some() => Ok(answer),
                Ok(answer) => Ok(answer.to(name)),
                Err(answer) => Err(answer.to(name)),
            }
        }
    }
}

/// Whose token it is; a person's needs the proof, a system user's only where the customer's own application wants it.
fn caller(meta: &MetaAds, request: &Incoming) -> Result<Caller, Answer> {
    let header = request.header("authorization").map(|header| header.strip_prefix("Bearer "));
    let value = match (header, request.param("access_token")) {
        (Some(Some(value)), None) | (None, Some(value)) => value,
        (Some(_), _) => return Err(refusal("the token stands in the header as Bearer, or in access_token, once")),
        (None, None) => {
            let text = "An active access token must be used to query information about the current user.";
            return Err(problem(400, 2500, 0, text));
        }
    };
    let caller = lock(&meta.tokens).caller(value, &meta.system_tokens(), meta.clock.now())?;
    let (secret, demanded) = match caller.name.as_str() {
        "system" => (meta.client().secret, false),
        "signed" => (meta.app_secret(), true),
        _ => (meta.client().secret, true),
    };
    match request.param("appsecret_proof") {
        Some(given) if given == proof::of(&secret, value) => Ok(caller),
        None if !demanded => Ok(caller),
        Some(_) => Err(unproven("Invalid appsecret_proof provided in the API argument", "the proof is wrong")),
        None => Err(unproven("API calls from the server require an appsecret_proof argument", "the proof is missing")),
    }
}

fn unproven(text: &str, why: &str) -> Answer {
    problem(400, problem::PARAMETER, 0, text).refused(why)
}

fn route(meta: &MetaAds, request: &Incoming, caller: &Caller, rest: &[&str]) -> Result<Answer, Answer> {
    match (request.method.as_str(), rest) {
        ("GET", ["me"]) => accounts::me(meta, request, caller),
        ("GET", ["me", "permissions"]) => {
            strict::params("query parameter", &request.query, &["access_token", "appsecret_proof"])
                .map_err(|why| refusal(&why))?;
            Ok(tokens::permissions(caller))
        }
        ("GET", ["me", "adaccounts"]) => accounts::list(meta, request, caller, "adaccounts"),
        ("GET", [accounts::BUSINESS, of @ ("owned_ad_accounts" | "client_ad_accounts")]) => {
            accounts::list(meta, request, caller, of)
        }
        ("GET", [business, "owned_ad_accounts" | "client_ad_accounts"]) => Err(gone(business)),
        ("DELETE", [who, "permissions"]) => take_back(meta, request, caller, who),
        ("GET" | "POST", [node, edge]) if node.starts_with("act_") => {
            of_account(meta, request, caller, node.trim_start_matches("act_"), edge)
        }
        ("GET", [id]) if is_number(id) => counted(meta, id, |meta| reports::look(meta, request, caller, id)),
        ("GET", [id, "insights"]) if is_number(id) => {
            counted(meta, id, |meta| reports::read(meta, request, caller, id))
        }
        _ => {
            Err(problem(400, 2500, 0, "Unknown path components").refused("the fake does not know this method and path"))
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A call for a job counts for the account that it is of.
fn counted(
    meta: &MetaAds,
    id: &str,
    answer: impl FnOnce(&MetaAds) -> Result<Answer, Answer>,
) -> Result<Answer, Answer> {
    let number = reports::account_of(meta, id).ok_or_else(|| gone(id))?;
    let now = meta.clock.now();
    lock(&meta.limits).take(&number, Kind::Insights, now)?;
    let answer = answer(meta)?;
    Ok(lock(&meta.limits).told(answer, &number, Kind::Insights, now))
}

fn of_account(meta: &MetaAds, request: &Incoming, caller: &Caller, number: &str, edge: &str) -> Result<Answer, Answer> {
    meta.granted(caller, number)?;
    let kind = if edge == "insights" { Kind::Insights } else { Kind::Management };
    let now = meta.clock.now();
    lock(&meta.limits).take(number, kind, now)?;
    let answer = match (request.method.as_str(), edge, Edge::of(edge)) {
        ("POST", "insights", _) => reports::start(meta, request, number)?,
        ("GET", "insights", _) => reports::at_once(meta, request, number)?,
        ("GET", _, Some(edge)) => lists::objects(meta, request, number, edge)?,
        _ => return Err(refusal("the sheet does not name this edge, or not with this method")),
    };
    Ok(lock(&meta.limits).told(answer, number, kind, now))
}

/// `DELETE /{user id}/permissions`: ends everything that the person granted to the application.
fn take_back(meta: &MetaAds, request: &Incoming, caller: &Caller, who: &str) -> Result<Answer, Answer> {
    let known = ["access_token", "appsecret_proof", "client_id"];
    strict::params("query parameter", &request.query, &known).map_err(|why| refusal(&why))?;
    let (id, _) = meta.person(caller.person);
    if who != "me" && who != id {
        return Err(gone(who));
    }
    lock(&meta.tokens).end(Some(caller.person), problem::REMOVED);
    Ok(Answer::json(200, &serde_json::json!({ "success": true })))
}
