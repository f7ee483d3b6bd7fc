//! The pages of `www.facebook.com`: logging in, and the consent, on which each permission and each ad account can be unticked.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{MetaAds, VERSION, tokens::Allowed};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

const LOGIN: &str = "/login";
const COOKIE: &str = "c_user";
const PARAMS: [&str; 5] = ["client_id", "redirect_uri", "state", "response_type", "scope"];
const SCOPES: [&str; 3] = ["ads_read", "ads_management", "business_management"];

/// Who is logged in, and where the application may send people back to.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) redirects: BTreeSet<String>,
    /// Of this person, the token in the forms, by cookie.
    sessions: BTreeMap<String, (&'static str, String)>,
}

/// Whether a request is for a page.
pub(super) fn serves(request: &Incoming) -> bool {
    request.path == LOGIN || request.path == dialog()
}

fn dialog() -> String {
    format!("/{VERSION}/dialog/oauth")
}

/// Answers it.
pub(super) fn answer(meta: &MetaAds, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path == LOGIN) {
        ("GET", true) => Ok(login_page(request, 200, "")),
        ("POST", true) => Ok(log_in(meta, request)),
        ("GET", false) => consent_page(meta, request),
        ("POST", false) => decide(meta, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn login_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back: String = form_urlencoded::byte_serialize(request.param("return_to").unwrap_or("/").as_bytes()).collect();
    let page = format!(
        "<!doctype html><html lang=\"nl\"><head><title>Facebook (fake)</title></head><body><p>{message}</p>\
         <form name=\"login\" method=\"post\" action=\"{LOGIN}?return_to={back}\">\
         <label>E-mail <input name=\"user\"></label>\
         <label>Wachtwoord <input type=\"password\" name=\"password\"></label>\
         <button>Aanmelden</button></form></body></html>"
    );
    Answer::html(status, &page)
}

fn log_in(meta: &MetaAds, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let typed = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let fits = |who: &&str| {
        let login = meta.login(who);
        login.user == typed("user") && login.password == typed("password")
    };
    let Some(person) = ["owner", "other"].into_iter().find(fits) else {
        return login_page(request, 401, "E-mail of wachtwoord is niet juist.");
    };
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&meta.pages);
    let number = pages.sessions.len();
    let [value, token] = ["cookie", "form"].map(|kind| seed::secret(meta.seed, &format!("meta/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), (person, token));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}

fn consent_page(meta: &MetaAds, request: &Incoming) -> Result<Answer, Answer> {
    let (_, scopes) = asked(meta, request)?;
    let Some((person, token)) = signed_in(meta, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("{LOGIN}?return_to={back}")));
    };
    let tick =
        |name: String| format!("<label><input type=\"checkbox\" name=\"{name}\" value=\"on\" checked> {name}</label>");
    let permissions: String = scopes.iter().map(|scope| tick(format!("permission_{}", escape(scope)))).collect();
    let accounts: String = meta.seen_by(person).into_iter().map(|number| tick(format!("account_{number}"))).collect();
    let page = format!(
        "<!doctype html><html lang=\"nl\"><head><title>Facebook (fake)</title></head><body><h1>Toegang geven?</h1>\
         <form name=\"consent\" method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"fb_dtsg\" value=\"{token}\">{permissions}{accounts}\
         <button name=\"decision\" value=\"allow\">Doorgaan</button>\
         <button name=\"decision\" value=\"deny\">Annuleren</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(meta: &MetaAds, request: &Incoming) -> Result<Answer, Answer> {
    let (mut back, asked) = asked(meta, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let person = signed_in(meta, request).filter(|(_, token)| form.get("fb_dtsg") == Some(token));
    let Some((person, _)) = person else {
        return Err(Answer::html(403, "You are not logged in, or this form is not from here."));
    };
    let ticked = |name: String| form.get(&name).is_some_and(|value| value == "on");
    match form.get("decision").map(String::as_str) {
        Some("allow") => {
            let (scopes, declined) = asked.into_iter().partition(|scope| ticked(format!("permission_{scope}")));
            let mut accounts = meta.seen_by(person);
            accounts.retain(|number| ticked(format!("account_{number}")));
            let redirect = request.param("redirect_uri").unwrap_or_default().to_owned();
            let allowed = Allowed { person, scopes, declined, accounts, redirect };
            let code = lock(&meta.tokens).code(allowed, meta.clock.now());
            back.query_pairs_mut().append_pair("code", &code);
        }
        Some("deny") => {
            back.query_pairs_mut().append_pair("error", "access_denied").append_pair("error_reason", "user_denied");
        }
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    back.query_pairs_mut().append_pair("state", request.param("state").unwrap_or_default());
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(meta: &MetaAds, request: &Incoming) -> Result<(Url, Vec<String>), Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("client_id") != meta.client().id {
        return Err(wrong("client_id is not known"));
    }
    let back = match Url::parse(get("redirect_uri")) {
        Ok(url) if lock(&meta.pages).redirects.contains(get("redirect_uri")) => url,
        _ => return Err(wrong("redirect_uri is not one of the application's")),
    };
    if get("response_type") != "code" || get("state").is_empty() {
        return Err(wrong("response_type must be code, and there must be a state"));
    }
    let scopes: Vec<String> = get("scope").split(',').map(str::to_owned).collect();
    match scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        Some(scope) => Err(wrong(&format!("scope {scope:?} is not in the sheet; they stand between commas"))),
        None => Ok((back, scopes)),
    }
}

fn signed_in(meta: &MetaAds, request: &Incoming) -> Option<(&'static str, String)> {
    cookie(request, COOKIE).and_then(|value| lock(&meta.pages).sessions.get(value).cloned())
}
