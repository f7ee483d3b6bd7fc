//! `POST https://github.com/login/oauth/access_token` (sheet 2.2): **errors come with status 200**, granted
//! scopes are separated by commas, and without `Accept: application/json` the answer is a form.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{
    Github, SITE,
    apps::{ACCESS_LIFE, AppKind, Pair, REFRESH_LIFE},
    refusal,
};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

const PARAMS: [&str; 7] =
    ["client_id", "client_secret", "code", "redirect_uri", "code_verifier", "grant_type", "refresh_token"];

/// Answers a call of the token address.
pub(crate) fn token(github: &Github, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, SITE).map_err(refusal)?;
    strict::headers(request, &[]).map_err(refusal)?;
    if request.method != "POST" {
        return Err(refusal("the token address is asked by POST".to_owned()));
    }
    if request.header("authorization").is_some() {
        return Err(refusal("the client proves itself by parameters, not by a header".to_owned()));
    }
    if request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal(format!("the body must be a form, not {:?}", request.media_type())));
    }
    strict::no_query(request).map_err(refusal)?;
    let form = request.form();
    strict::params("parameter", &form, &PARAMS).map_err(refusal)?;
    let given: BTreeMap<String, String> = form.into_iter().collect();
    let (body, name) = match decide(github, &given).map_err(refusal)? {
        Ok(pair) => (success(&pair), Some(pair.name())),
        Err(error) => (failure(error), None),
    };
    Ok(written(request, &body).with("cache-control", "no-store").to(name))
}

/// The inner error is GitHub's, the outer one says what no sheet names.
fn decide(github: &Github, given: &BTreeMap<String, String>) -> Result<Result<Pair, &'static str>, String> {
    let get = |name: &str| given.get(name).map(String::as_str);
    let now = github.clock.now();
    let mut apps = lock(&github.apps);
    let Some(app) = apps.proven(get("client_id").unwrap_or_default(), get("client_secret").unwrap_or_default()) else {
        return Ok(Err("incorrect_client_credentials"));
    };
    let scopes = match get("grant_type") {
        None | Some("authorization_code") => {
            if get("refresh_token").is_some() {
                return Err("parameter \"refresh_token\" does not belong to this grant_type".to_owned());
            }
            let code = get("code").unwrap_or_default();
            match apps.redeem(app, code, get("redirect_uri"), get("code_verifier"), now) {
                Ok(consent) => consent.scopes,
                Err(error) => return Ok(Err(error)),
            }
        }
        Some("refresh_token") if app == AppKind::Github => {
            match apps.spend(app, get("refresh_token").unwrap_or_default(), now) {
                Some(scopes) => scopes,
                None => return Ok(Err("bad_refresh_token")),
            }
        }
        Some(_) => return Ok(Err("unsupported_grant_type")),
    };
    Ok(Ok(apps.give(app, scopes, now)))
}

fn success(pair: &Pair) -> Map<String, Value> {
    let scope = if pair.app == AppKind::Oauth { pair.scopes.join(",") } else { String::new() };
    let mut body = Map::new();
    body.insert("access_token".to_owned(), json!(pair.access));
    if let Some(refresh) = &pair.refresh {
        body.insert("expires_in".to_owned(), json!(ACCESS_LIFE.as_secs()));
        body.insert("refresh_token".to_owned(), json!(refresh));
        body.insert("refresh_token_expires_in".to_owned(), json!(REFRESH_LIFE.as_secs()));
    }
    body.insert("scope".to_owned(), json!(scope));
    body.insert("token_type".to_owned(), json!("bearer"));
    body
}

fn failure(error: &str) -> Map<String, Value> {
    let description = match error {
        "bad_verification_code" => "The code passed is incorrect or expired.",
        "bad_refresh_token" => "The refresh token passed is incorrect or expired.",
        "incorrect_client_credentials" => "The client_id and/or client_secret passed are incorrect.",
        "redirect_uri_mismatch" => "The redirect_uri MUST match the registered callback URL for this application.",
        _ => "The grant type passed is not supported.",
    };
    let page = format!("https://docs.github.com/apps/troubleshooting/#{error}");
    let texts = [("error", error), ("error_description", description), ("error_uri", page.as_str())];
    texts.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect()
}

/// As JSON where that was asked for, else as a form.
fn written(request: &Incoming, body: &Map<String, Value>) -> Answer {
    if request.header("accept").is_some_and(|accept| accept.contains("application/json")) {
        return Answer::json(200, &Value::Object(body.clone()));
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = body.iter().map(|(name, value)| (name.clone(), text(value)));
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Answer { status: 200, body: form.into_bytes(), ..Answer::default() }
        .with("content-type", "application/x-www-form-urlencoded; charset=utf-8")
}
