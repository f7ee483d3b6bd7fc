//! Pages for people: logging in, and allowing an application. Who allowed it once is sent back **without
//! being asked again**, as at the real one.

use std::collections::BTreeMap;

use url::{Url, form_urlencoded};

use super::{
    Github,
    apps::{AppKind, Consent},
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

const COOKIE: &str = "user_session";
const PARAMS: [&str; 7] =
    ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"];
const SCOPES: [&str; 4] = ["repo", "read:org", "read:user", "user:email"];

/// Who is logged in: the token in the forms, by cookie.
#[derive(Debug)]
pub(crate) struct Pages {
    seed: u64,
    sessions: BTreeMap<String, String>,
}

impl Pages {
    pub(crate) fn open(seed: u64) -> Self {
        Self { seed, sessions: BTreeMap::new() }
    }
}

/// What the application asks for.
struct Asked {
    consent: Consent,
    back: Url,
}

/// Whether a request is for a page.
pub(crate) fn serves(request: &Incoming) -> bool {
    ["/login/oauth/authorize", "/login", "/session"].contains(&request.path.as_str())
}

/// Answers it.
pub(crate) fn answer(github: &Github, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/login") => Ok(login_page(request, 200, "")),
        ("POST", "/session") => Ok(log_in(github, request)),
        ("GET", "/login/oauth/authorize") => authorize(github, request),
        ("POST", "/login/oauth/authorize") => decide(github, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn authorize(github: &Github, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(github, request)?;
    let Some(token) = signed_in(github, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("/login?return_to={back}")));
    };
    if lock(&github.apps).is_allowed(asked.consent.app, &asked.consent.scopes) {
        return Ok(allowed(github, request, asked));
    }
    let scopes: String = asked.consent.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>GitHub (fake)</title></head><body><h1>Authorize?</h1><ul>{scopes}</ul>\
         <form name=\"authorize\" method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <button name=\"authorize\" value=\"1\">Authorize</button>\
         <button name=\"authorize\" value=\"0\">Cancel</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(github: &Github, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(github, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    if signed_in(github, request).is_none_or(|token| form.get("authenticity_token") != Some(&token)) {
        return Err(Answer::html(403, "You are not logged in, or this form is not from here."));
    }
    match form.get("authorize").map(String::as_str) {
        Some("1") => Ok(allowed(github, request, asked)),
        Some("0") => Ok(back(
            asked.back,
            request,
            &[("error", "access_denied"), ("error_description", "The user has denied your application access.")],
        )),
        _ => Err(Answer::html(400, "The form was not filled in.")),
    }
}

fn allowed(github: &Github, request: &Incoming, asked: Asked) -> Answer {
    let code = lock(&github.apps).code(asked.consent, github.clock.now());
    back(asked.back, request, &[("code", &code)])
}

fn back(mut to: Url, request: &Incoming, told: &[(&str, &str)]) -> Answer {
    to.query_pairs_mut().extend_pairs(told).append_pair("state", request.param("state").unwrap_or_default());
    Answer::redirect(to.as_str())
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(github: &Github, request: &Incoming) -> Result<Asked, Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    let apps = lock(&github.apps);
    let app = apps.kind(get("client_id")).ok_or_else(|| wrong("client_id is not known"))?;
    let redirect = get("redirect_uri");
    if !apps.redirects.contains(redirect) {
        return Err(wrong("redirect_uri is not one of the application's"));
    }
    let back = Url::parse(redirect).map_err(|_| wrong("redirect_uri is no address"))?;
    if get("state").is_empty() {
        return Err(wrong("state is missing"));
    }
    let scopes: Vec<String> = get("scope").split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if let Some(scope) = scopes.iter().find(|scope| app == AppKind::Github || !SCOPES.contains(&scope.as_str())) {
        return Err(wrong(&format!("scope {scope:?} is not in the sheet, or not for this application")));
    }
    let challenge = request.param("code_challenge").map(str::to_owned);
    match (&challenge, request.param("code_challenge_method")) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        _ => return Err(wrong("code_challenge must be 43 characters with code_challenge_method S256")),
    }
    let consent = Consent { app, scopes, redirect: redirect.to_owned(), challenge };
    Ok(Asked { consent, back })
}

fn signed_in(github: &Github, request: &Incoming) -> Option<String> {
    cookie(request, COOKIE).and_then(|value| lock(&github.pages).sessions.get(value).cloned())
}

fn login_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back = request.param("return_to").unwrap_or("/");
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>GitHub (fake)</title></head><body><h1>Sign in</h1><p>{message}</p>\
         <form name=\"login\" method=\"post\" action=\"/session?return_to={}\"><label>Name <input name=\"login\"></label>\
         <label>Password <input type=\"password\" name=\"password\"></label>\
         <button>Sign in</button></form></body></html>",
        form_urlencoded::byte_serialize(back.as_bytes()).collect::<String>(),
    );
    Answer::html(status, &page)
}

fn log_in(github: &Github, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let login = github.login();
    if form.get("login") != Some(&login.user) || form.get("password") != Some(&login.password) {
        return login_page(request, 401, "Incorrect username or password.");
    }
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&github.pages);
    let number = pages.sessions.len();
    let [value, token] =
        ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("github/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), token);
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}
