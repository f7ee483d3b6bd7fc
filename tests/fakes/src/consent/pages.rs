//! The pages for people: logging in, and allowing the application. Two forms, `login` and `consent`.

use std::collections::BTreeMap;

use patchbay_model::Timestamp;
use url::{Url, form_urlencoded};

use super::{Door, tokens::Allowed};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

pub(super) const LOGIN: &str = "/login";
const COOKIE: &str = "provider_session";

/// `/login` and the consent page.
pub(super) fn answer(door: &Door, request: &Incoming, now: Timestamp) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path == LOGIN) {
        ("GET", true) => Ok(login_page(request, 200, "")),
        ("POST", true) => Ok(log_in(door, request)),
        ("GET", false) => consent_page(door, request),
        ("POST", false) => decide(door, request, now),
        _ => Err(Answer::html(405, "405")),
    }
}

fn login_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back: String = form_urlencoded::byte_serialize(request.param("return_to").unwrap_or("/").as_bytes()).collect();
    let page = format!(
        "<!doctype html><html lang=\"nl\"><head><title>Aanmelden (fake)</title></head><body><p>{message}</p>\
         <form name=\"login\" method=\"post\" action=\"{LOGIN}?return_to={back}\">\
         <label>E-mail <input type=\"email\" name=\"user\"></label>\
         <label>Wachtwoord <input type=\"password\" name=\"password\"></label>\
         <button type=\"submit\">Aanmelden</button></form></body></html>"
    );
    Answer::html(status, &page)
}

fn log_in(door: &Door, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let knows = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
    let person = door
        .people
        .iter()
        .find(|person| knows("user", &person.login.user) && knows("password", &person.login.password));
    let Some(person) = person else { return login_page(request, 401, "E-mail of wachtwoord is niet juist.") };
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut state = lock(&door.state);
    let number = state.sessions.len();
    let [value, token] =
        ["cookie", "form"].map(|kind| seed::secret(door.seed, &format!("{}/{kind}/{number}", door.rules.name), 32));
    state.sessions.insert(value.clone(), (token, person.account));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}

fn consent_page(door: &Door, request: &Incoming) -> Result<Answer, Answer> {
    let (_, allowed) = asked(door, request)?;
    let Some((token, _)) = session(door, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("{LOGIN}?return_to={back}")));
    };
    let scopes: String = allowed.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let page = format!(
        "<!doctype html><html lang=\"nl\"><head><title>Toegang (fake)</title></head><body><h1>Toegang geven?</h1>\
         <ul>{scopes}</ul><form name=\"consent\" method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <button type=\"submit\" name=\"decision\" value=\"allow\">Toestaan</button>\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Weigeren</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(door: &Door, request: &Incoming, now: Timestamp) -> Result<Answer, Answer> {
    let (mut back, allowed) = asked(door, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let account = session(door, request).filter(|(token, _)| token == get("authenticity_token"));
    let Some((_, account)) = account else {
        return Err(Answer::html(403, "You are not logged in, or this form is not from here."));
    };
    match get("decision") {
        "allow" => {
            let allowed = Allowed { account, ..allowed };
            let code = lock(&door.state).tokens.code(door.seed, door.rules.name, allowed, now);
            back.query_pairs_mut().append_pair("code", &code);
        }
        "deny" => {
            back.query_pairs_mut().append_pair("error", "access_denied");
        }
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    back.query_pairs_mut().append_pair("state", request.param("state").unwrap_or_default());
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(door: &Door, request: &Incoming) -> Result<(Url, Allowed), Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    let mut known = vec!["response_type", "client_id", "redirect_uri", "state"];
    if !door.rules.scopes.is_empty() {
        known.push("scope");
    }
    if door.rules.pkce {
        known.extend(["code_challenge", "code_challenge_method"]);
    }
    strict::params("query parameter", &request.query, &known).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("response_type") != "code" {
        return Err(wrong("response_type must be code"));
    }
    if get("client_id") != door.client().id {
        return Err(wrong("client_id is not known"));
    }
    let redirect = get("redirect_uri");
    if !lock(&door.state).redirects.contains(redirect) {
        return Err(wrong("redirect_uri is not one of the application's"));
    }
    let back = Url::parse(redirect).map_err(|_| wrong("redirect_uri is no address"))?;
    if get("state").is_empty() {
        return Err(wrong("state is missing"));
    }
    let scopes: Vec<String> = get("scope").split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if let Some(scope) = scopes.iter().find(|scope| !door.rules.scopes.contains(&scope.as_str())) {
        return Err(wrong(&format!("scope {scope:?} is not in the sheet")));
    }
    let challenge = request.param("code_challenge").map(str::to_owned);
    match (&challenge, request.param("code_challenge_method")) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        _ => return Err(wrong("code_challenge must be 43 characters with code_challenge_method S256")),
    }
    Ok((back, Allowed { account: "", scopes, redirect: redirect.to_owned(), challenge }))
}

/// The token of the forms and the account of who is logged in.
fn session(door: &Door, request: &Incoming) -> Option<(String, &'static str)> {
    cookie(request, COOKIE).and_then(|value| lock(&door.state).sessions.get(value).cloned())
}
