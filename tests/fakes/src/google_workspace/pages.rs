//! Pages for people: logging in, and the consent, where each permission has a box that may be unticked. Two forms, `login` and
//! `consent`; the box of a permission is called `box:` and its name.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{GoogleWorkspace, tokens::Consent};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

pub(super) const HOST: &str = "accounts.google.com";
const AUTHORIZE: &str = "/o/oauth2/v2/auth";
const LOGIN: &str = "/signin/identifier";
const COOKIE: &str = "google_session";
const PARAMS: [&str; 12] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "access_type",
    "prompt",
    "include_granted_scopes",
    "login_hint",
    "hd",
];
/// Permissions without a box: they come with every login.
const ALWAYS: [&str; 2] = ["openid", "email"];
const BOXES: [&str; 8] = [
    "calendar.readonly",
    "calendar.calendarlist.readonly",
    "calendar.events.readonly",
    "calendar.events",
    "admin.directory.user.readonly",
    "admin.directory.group.readonly",
    "admin.directory.group.member.readonly",
    "admin.directory.user.security",
];

/// Who is logged in, and where applications may send people back to.
#[derive(Debug)]
pub(crate) struct Pages {
    seed: u64,
    pub(super) redirects: BTreeSet<String>,
    /// What the consent page answers instead of asking: `admin_policy_enforced`, `org_internal`.
    pub(super) refuses: Option<&'static str>,
    /// The person and the token in the forms, by cookie.
    sessions: BTreeMap<String, (&'static str, String)>,
}

impl Pages {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), refuses: None, sessions: BTreeMap::new() }
    }
}

/// Whether a request is for a page.
pub(super) fn serves(request: &Incoming) -> bool {
    [AUTHORIZE, LOGIN].contains(&request.path.as_str())
}

/// Answers it.
pub(super) fn answer(google: &GoogleWorkspace, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", LOGIN) => Ok(login_page(request, 200, "")),
        ("POST", LOGIN) => Ok(log_in(google, request)),
        ("GET", _) => consent_page(google, request),
        ("POST", _) => decide(google, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn login_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back: String = form_urlencoded::byte_serialize(request.param("return_to").unwrap_or("/").as_bytes()).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Sign in (fake)</title></head><body><p>{message}</p>\
         <form name=\"login\" method=\"post\" action=\"{LOGIN}?return_to={back}\">\
         <label>Email <input name=\"user\"></label><label>Password <input type=\"password\" name=\"password\"></label>\
         <button>Next</button></form></body></html>"
    );
    Answer::html(status, &page)
}

fn log_in(google: &GoogleWorkspace, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let fits = |who: &&str| {
        let login = google.login(who);
        form.get("user") == Some(&login.user) && form.get("password") == Some(&login.password)
    };
    let Some(who) = ["els", "an", "piet"].into_iter().find(fits) else {
        return login_page(request, 401, "Wrong password. Try again.");
    };
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&google.pages);
    let number = pages.sessions.len();
    let [value, token] =
        ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("google/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), (who, token));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}

fn consent_page(google: &GoogleWorkspace, request: &Incoming) -> Result<Answer, Answer> {
    let (_, consent) = asked(google, request)?;
    let Some((_, token)) = session(google, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("{LOGIN}?return_to={back}")));
    };
    let boxes = consent.scopes.iter().filter(|scope| !ALWAYS.contains(&scope.as_str()));
    let boxes: String = boxes
        .map(|scope| {
            let scope = escape(scope);
            format!("<label><input type=\"checkbox\" name=\"box:{scope}\" value=\"on\" checked>{scope}</label>")
        })
        .collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Consent (fake)</title></head><body><h1>An app wants access</h1>\
         <form name=\"consent\" method=\"post\" action=\"{}\">{boxes}\
         <input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <button name=\"decision\" value=\"allow\">Continue</button>\
         <button name=\"decision\" value=\"deny\">Cancel</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(google: &GoogleWorkspace, request: &Incoming) -> Result<Answer, Answer> {
    let (mut back, mut consent) = asked(google, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let who = session(google, request).filter(|(_, token)| token == get("authenticity_token"));
    let Some((who, _)) = who else {
        return Err(Answer::html(403, "You are not signed in, or this form is not from here."));
    };
    let refuses = lock(&google.pages).refuses;
    match (refuses, get("decision")) {
        (Some(error), _) => drop(back.query_pairs_mut().append_pair("error", error)),
        (None, "allow") => {
            consent.who = who;
            consent.scopes.retain(|scope| ALWAYS.contains(&scope.as_str()) || get(&format!("box:{scope}")) == "on");
            let scopes = consent.scopes.join(" ");
            let code = lock(&google.tokens).code(consent, google.clock.now());
            back.query_pairs_mut().append_pair("code", &code).append_pair("scope", &scopes);
        }
        (None, "deny") => drop(back.query_pairs_mut().append_pair("error", "access_denied")),
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    back.query_pairs_mut().append_pair("state", request.param("state").unwrap_or_default());
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(google: &GoogleWorkspace, request: &Incoming) -> Result<(Url, Consent), Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("response_type") != "code" || get("state").is_empty() {
        return Err(wrong("response_type must be code, and there must be a state"));
    }
    if get("client_id") != google.client().id {
        return Err(wrong("invalid_client: client_id is not known"));
    }
    let back = match Url::parse(get("redirect_uri")) {
        Ok(url) if lock(&google.pages).redirects.contains(get("redirect_uri")) => url,
        _ => return Err(wrong("redirect_uri_mismatch")),
    };
    let scopes: Vec<String> = get("scope").split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let boxed =
        |scope: &str| scope.strip_prefix("https://www.googleapis.com/auth/").is_some_and(|name| BOXES.contains(&name));
    if let Some(scope) = scopes.iter().find(|scope| !ALWAYS.contains(&scope.as_str()) && !boxed(scope)) {
        return Err(wrong(&format!("invalid_scope: {scope:?}")));
    }
    let challenge = request.param("code_challenge").map(str::to_owned);
    match (&challenge, request.param("code_challenge_method")) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        _ => return Err(wrong("code_challenge must be 43 characters with code_challenge_method S256")),
    }
    let offline = strict::choice(request, "access_type", &["online", "offline"]).map_err(|why| wrong(&why))?;
    let prompt =
        strict::choice(request, "prompt", &["none", "consent", "select_account"]).map_err(|why| wrong(&why))?;
    let include = strict::choice(request, "include_granted_scopes", &["false", "true"]).map_err(|why| wrong(&why))?;
    let consent = Consent {
        who: "",
        scopes,
        redirect: get("redirect_uri").to_owned(),
        challenge,
        offline: offline == "offline",
        asked: prompt == "consent",
        include: include == "true",
    };
    Ok((back, consent))
}

/// Who is logged in, and the token of the forms.
fn session(google: &GoogleWorkspace, request: &Incoming) -> Option<(&'static str, String)> {
    cookie(request, COOKIE).and_then(|value| lock(&google.pages).sessions.get(value).cloned())
}
