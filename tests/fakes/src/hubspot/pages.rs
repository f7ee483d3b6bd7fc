//! Pages for people: logging in, and the consent, where one portal is chosen. Two forms, `login` and `consent`.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{
    Hubspot,
    data::{MAIN, SECOND},
    tokens::{Consent, SCOPES},
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

const AUTHORIZE: &str = "/oauth/authorize";
const LOGIN: &str = "/login";
const COOKIE: &str = "hubspot_session";
const PARAMS: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "scope",
    "optional_scope",
    "state",
    // What every client sends besides.
    "response_type",
    "code_challenge",
    "code_challenge_method",
];

/// People, and the portals in which they may install.
const PEOPLE: [(&str, &[&str]); 2] = [("els", &[MAIN, SECOND]), ("jan", &[SECOND])];

/// Who is logged in, and where applications may send people back to.
#[derive(Debug)]
pub(crate) struct Pages {
    seed: u64,
    pub(super) redirects: BTreeSet<String>,
    /// Scopes that the plan of every portal lacks.
    pub(super) lacking: BTreeSet<String>,
    /// The person and the token in the forms, by cookie.
    sessions: BTreeMap<String, (&'static str, String)>,
}

impl Pages {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), lacking: BTreeSet::new(), sessions: BTreeMap::new() }
    }
}

struct Asked {
    back: Url,
    scopes: Vec<String>,
    challenge: Option<String>,
}

/// Whether a request is for a page.
pub(super) fn serves(request: &Incoming) -> bool {
    [AUTHORIZE, LOGIN].contains(&request.path.as_str())
}

/// Answers it.
pub(super) fn answer(hubspot: &Hubspot, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", LOGIN) => Ok(login_page(request, 200, "")),
        ("POST", LOGIN) => Ok(log_in(hubspot, request)),
        ("GET", AUTHORIZE) => consent_page(hubspot, request),
        ("POST", AUTHORIZE) => decide(hubspot, request),
        _ => Err(Answer::html(404, "404").refused("the fake does not know this page")),
    }
}

fn login_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back: String = form_urlencoded::byte_serialize(request.param("return_to").unwrap_or("/").as_bytes()).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>HubSpot (fake)</title></head><body><p>{message}</p>\
         <form name=\"login\" method=\"post\" action=\"{LOGIN}?return_to={back}\">\
         <label>E-mail <input name=\"user\"></label><label>Password <input type=\"password\" name=\"password\"></label>\
         <button>Log in</button></form></body></html>"
    );
    Answer::html(status, &page)
}

fn log_in(hubspot: &Hubspot, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let fits = |(who, _): &(&'static str, &[&str])| {
        let login = hubspot.login(who);
        form.get("user") == Some(&login.user) && form.get("password") == Some(&login.password)
    };
    let Some((who, _)) = PEOPLE.into_iter().find(fits) else {
        return login_page(request, 401, "That email and password do not match.");
    };
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&hubspot.pages);
    let number = pages.sessions.len();
    let [value, token] =
        ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("hubspot/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), (who, token));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}

fn portals(who: &str) -> &'static [&'static str] {
    PEOPLE.iter().find(|(known, _)| *known == who).map(|(_, portals)| *portals).unwrap_or_default()
}

fn consent_page(hubspot: &Hubspot, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(hubspot, request)?;
    let Some((who, token)) = session(hubspot, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("{LOGIN}?return_to={back}")));
    };
    let scopes: String = asked.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let options: String =
        portals(who).iter().map(|id| format!("<option value=\"{id}\">Account {id}</option>")).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>HubSpot (fake)</title></head><body><h1>Connect app?</h1>\
         <ul>{scopes}</ul><form name=\"consent\" method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <label>Account <select name=\"portal\">{options}</select></label>\
         <button name=\"decision\" value=\"allow\">Connect app</button>\
         <button name=\"decision\" value=\"deny\">Cancel</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(hubspot: &Hubspot, request: &Incoming) -> Result<Answer, Answer> {
    let Asked { mut back, scopes, challenge } = asked(hubspot, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let who = session(hubspot, request).filter(|(_, token)| token == get("authenticity_token"));
    let Some((who, _)) = who else {
        return Err(Answer::html(403, "You are not logged in, or this form is not from here."));
    };
    match get("decision") {
        "allow" => {
            let portal = portals(who).iter().find(|id| **id == get("portal"));
            let portal = portal.ok_or_else(|| Answer::html(400, "Choose an account."))?;
            let redirect = request.param("redirect_uri").unwrap_or_default().to_owned();
            let consent = Consent { who, portal, scopes, redirect, challenge };
            let code = lock(&hubspot.tokens).code(consent, hubspot.clock.now());
            back.query_pairs_mut().append_pair("code", &code);
        }
        "deny" => {
            let denied = [("error", "access_denied"), ("error_description", "The user denied the access.")];
            back.query_pairs_mut().extend_pairs(denied);
        }
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    back.query_pairs_mut().append_pair("state", request.param("state").unwrap_or_default());
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(hubspot: &Hubspot, request: &Incoming) -> Result<Asked, Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("state").is_empty() || request.param("response_type").is_some_and(|kind| kind != "code") {
        return Err(wrong("there must be a state, and response_type can only be code"));
    }
    if get("client_id") != hubspot.client().id {
        return Err(wrong("client_id is not known"));
    }
    let pages = lock(&hubspot.pages);
    let back = match Url::parse(get("redirect_uri")) {
        Ok(url) if pages.redirects.contains(get("redirect_uri")) => url,
        _ => return Err(wrong("redirect_uri is not one of the application's")),
    };
    let words =
        |name: &str| get(name).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (mut scopes, optional) = (words("scope"), words("optional_scope"));
    if let Some(scope) = scopes.iter().chain(&optional).find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(wrong(&format!("scope {scope:?} is not in the sheet")));
    }
    if !scopes.iter().any(|scope| scope == "oauth") {
        return Err(wrong("the scope oauth is always needed"));
    }
    if scopes.iter().any(|scope| pages.lacking.contains(scope)) {
        return Err(Answer::html(400, "This account's plan does not have what the app needs. It cannot be installed."));
    }
    scopes.extend(optional.into_iter().filter(|scope| !pages.lacking.contains(scope)));
    let challenge = request.param("code_challenge").map(str::to_owned);
    match (&challenge, request.param("code_challenge_method")) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        _ => return Err(wrong("code_challenge must be 43 characters with code_challenge_method S256")),
    }
    Ok(Asked { back, scopes, challenge })
}

/// Who is logged in, and the token of the forms.
fn session(hubspot: &Hubspot, request: &Incoming) -> Option<(&'static str, String)> {
    cookie(request, COOKIE).and_then(|value| lock(&hubspot.pages).sessions.get(value).cloned())
}
