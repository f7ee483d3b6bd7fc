//! Pages for people: logging in, and the consent, where a company is chosen. Two forms, `login` and `consent`.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{
    CONSENT_HOST, QuickbooksOnline,
    companies::{COMPANIES, company_of, realm_of},
    control::PEOPLE,
    tokens::Consent,
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

const AUTHORIZE: &str = "/connect/oauth2";
const LOGIN: &str = "/app/sign-in";
const COOKIE: &str = "qbn_session";
const PARAMS: [&str; 7] =
    ["client_id", "response_type", "scope", "redirect_uri", "state", "code_challenge", "code_challenge_method"];
const ACCOUNTING: &str = "com.intuit.quickbooks.accounting";
const SCOPES: [&str; 7] =
    [ACCOUNTING, "com.intuit.quickbooks.payment", "openid", "profile", "email", "phone", "address"];

/// Who is logged in, and where applications may send people back to.
#[derive(Debug)]
pub(crate) struct Pages {
    seed: u64,
    pub(super) redirects: BTreeSet<String>,
    /// The person and the token in the forms, by cookie.
    sessions: BTreeMap<String, (&'static str, String)>,
}

impl Pages {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), sessions: BTreeMap::new() }
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
pub(super) fn answer(fake: &QuickbooksOnline, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", LOGIN) => Ok(login_page(request, 200, "")),
        ("POST", LOGIN) => Ok(log_in(fake, request)),
        ("GET", _) => consent_page(fake, request),
        ("POST", _) => decide(fake, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn login_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back: String = form_urlencoded::byte_serialize(request.param("return_to").unwrap_or("/").as_bytes()).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Intuit (fake)</title></head><body><p>{message}</p>\
         <form name=\"login\" method=\"post\" action=\"{LOGIN}?return_to={back}\">\
         <label>Email <input name=\"user\"></label><label>Password <input type=\"password\" name=\"password\"></label>\
         <button>Sign in</button></form></body></html>"
    );
    Answer::html(status, &page)
}

fn log_in(fake: &QuickbooksOnline, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let fits = |who: &&str| {
        let login = fake.login(who);
        form.get("user") == Some(&login.user) && form.get("password") == Some(&login.password)
    };
    let Some(who) = PEOPLE.into_iter().find(fits) else {
        return login_page(request, 401, "We didn't recognize the email or password.");
    };
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&fake.pages);
    let number = pages.sessions.len();
    let [value, token] =
        ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("quickbooks/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), (who, token));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}

fn consent_page(fake: &QuickbooksOnline, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(fake, request)?;
    let Some((who, token)) = session(fake, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("{LOGIN}?return_to={back}")));
    };
    let scopes: String = asked.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let companies = lock(&fake.companies);
    let own = COMPANIES.iter().enumerate().filter(|(at, _)| companies.administers(who, *at));
    let options: String =
        own.map(|(at, company)| format!("<option value=\"{}\">{}</option>", realm_of(at), company.name)).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Intuit (fake)</title></head><body><h1>Connect your company?</h1>\
         <ul>{scopes}</ul><form name=\"consent\" method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <label>Company <select name=\"realm\">{options}</select></label>\
         <button name=\"decision\" value=\"allow\">Connect</button>\
         <button name=\"decision\" value=\"deny\">Cancel</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(fake: &QuickbooksOnline, request: &Incoming) -> Result<Answer, Answer> {
    let Asked { mut back, scopes, challenge } = asked(fake, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let who = session(fake, request).filter(|(_, token)| token == get("authenticity_token"));
    let Some((who, _)) = who else {
        return Err(Answer::html(403, "You are not signed in, or this form is not from here."));
    };
    let state = request.param("state").unwrap_or_default();
    match get("decision") {
        "allow" => {
            let company = company_of(get("realm")).filter(|at| lock(&fake.companies).administers(who, *at));
            let company = company.ok_or_else(|| Answer::html(403, "Only an administrator can connect an app."))?;
            let names_company = scopes.iter().any(|scope| scope == ACCOUNTING);
            let redirect = request.param("redirect_uri").unwrap_or_default().to_owned();
            let consent = Consent { who, company, scopes, redirect, challenge };
            let code = lock(&fake.tokens).code(consent, fake.clock.now());
            back.query_pairs_mut().append_pair("code", &code).append_pair("state", state);
            if names_company {
                back.query_pairs_mut().append_pair("realmId", &realm_of(company));
            }
        }
        "deny" => {
            back.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", state);
        }
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(fake: &QuickbooksOnline, request: &Incoming) -> Result<Asked, Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    if request.header("host").is_some_and(|host| host.ends_with(".intuit.com") && host != CONSENT_HOST) {
        return Err(wrong("the consent is at another host"));
    }
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("response_type") != "code" || get("state").is_empty() {
        return Err(wrong("response_type must be code, and there must be a state"));
    }
    if get("client_id") != fake.client().id {
        return Err(wrong("client_id is not known"));
    }
    let back = match Url::parse(get("redirect_uri")) {
        Ok(url) if lock(&fake.pages).redirects.contains(get("redirect_uri")) => url,
        _ => {
            return Err(wrong("The redirect_uri query parameter value is invalid: it is not one of the application's"));
        }
    };
    let scopes: Vec<String> = get("scope").split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if let Some(scope) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(wrong(&format!("invalid_scope: {scope:?}")));
    }
    let challenge = request.param("code_challenge").map(str::to_owned);
    match (&challenge, request.param("code_challenge_method")) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        _ => return Err(wrong("code_challenge must be 43 characters with code_challenge_method S256")),
    }
    Ok(Asked { back, scopes, challenge })
}

/// Who is logged in, and the token of the forms.
fn session(fake: &QuickbooksOnline, request: &Incoming) -> Option<(&'static str, String)> {
    cookie(request, COOKIE).and_then(|value| lock(&fake.pages).sessions.get(value).cloned())
}
