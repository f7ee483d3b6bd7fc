//! Pages for people: logging in, and the consent, where an organisation is chosen. Two forms, `login` and `consent`.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{
    Xero,
    tenants::{BODIES, tenant_id},
    tokens::Consent,
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

const AUTHORIZE: &str = "/identity/connect/authorize";
const LOGIN: &str = "/identity/user/login";
const COOKIE: &str = "xero_session";
const PARAMS: [&str; 7] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
/// What an application of after March 2026 may ask for: granular scopes only.
const SCOPES: [&str; 21] = [
    "openid",
    "profile",
    "email",
    "offline_access",
    "accounting.settings",
    "accounting.settings.read",
    "accounting.contacts",
    "accounting.contacts.read",
    "accounting.attachments",
    "accounting.attachments.read",
    "accounting.budgets.read",
    "accounting.invoices",
    "accounting.invoices.read",
    "accounting.payments",
    "accounting.payments.read",
    "accounting.banktransactions",
    "accounting.banktransactions.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.balancesheet.read",
    "files",
    "files.read",
];
/// And what only one of the Advanced tier may ask for.
const ADVANCED: &str = "accounting.journals.read";

/// Who is logged in, and where applications may send people back to.
#[derive(Debug)]
pub(crate) struct Pages {
    seed: u64,
    pub(super) redirects: BTreeSet<String>,
    /// Whether the application is of the Advanced tier.
    pub(super) advanced: bool,
    /// The person and the token in the forms, by cookie.
    sessions: BTreeMap<String, (&'static str, String)>,
}

impl Pages {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), advanced: false, sessions: BTreeMap::new() }
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
pub(super) fn answer(xero: &Xero, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", LOGIN) => Ok(login_page(request, 200, "")),
        ("POST", LOGIN) => Ok(log_in(xero, request)),
        ("GET", _) => consent_page(xero, request),
        ("POST", _) => decide(xero, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn login_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back: String = form_urlencoded::byte_serialize(request.param("return_to").unwrap_or("/").as_bytes()).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Xero (fake)</title></head><body><p>{message}</p>\
         <form name=\"login\" method=\"post\" action=\"{LOGIN}?return_to={back}\">\
         <label>E-mail <input name=\"user\"></label><label>Password <input type=\"password\" name=\"password\"></label>\
         <button>Log in</button></form></body></html>"
    );
    Answer::html(status, &page)
}

fn log_in(xero: &Xero, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let fits = |who: &&str| {
        let login = xero.login(who);
        form.get("user") == Some(&login.user) && form.get("password") == Some(&login.password)
    };
    let Some(who) = ["owner", "other"].into_iter().find(fits) else {
        return login_page(request, 401, "Your email or password is incorrect.");
    };
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&xero.pages);
    let number = pages.sessions.len();
    let [value, token] = ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("xero/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), (who, token));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}

fn consent_page(xero: &Xero, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(xero, request)?;
    let Some((who, token)) = session(xero, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("{LOGIN}?return_to={back}")));
    };
    let scopes: String = asked.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let own = BODIES.iter().enumerate().filter(|(_, body)| body.owner == who);
    let mut options: String =
        own.map(|(at, body)| format!("<option value=\"{}\">{}</option>", tenant_id(at), body.name)).collect();
    if lock(&xero.tenants).bulk {
        options.push_str("<option value=\"all\">All of them</option>");
    }
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Xero (fake)</title></head><body><h1>Allow access?</h1>\
         <ul>{scopes}</ul><form name=\"consent\" method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <label>Organisation <select name=\"tenant\">{options}</select></label>\
         <button name=\"decision\" value=\"allow\">Allow access</button>\
         <button name=\"decision\" value=\"deny\">Cancel</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(xero: &Xero, request: &Incoming) -> Result<Answer, Answer> {
    let Asked { mut back, scopes, challenge } = asked(xero, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let who = session(xero, request).filter(|(_, token)| token == get("authenticity_token"));
    let Some((who, _)) = who else {
        return Err(Answer::html(403, "You are not logged in, or this form is not from here."));
    };
    match get("decision") {
        "allow" => {
            let mut tenants = lock(&xero.tenants);
            let all = get("tenant") == "all" && tenants.bulk;
            let own = BODIES.iter().enumerate().filter(|(_, body)| body.owner == who).map(|(at, _)| at);
            let chosen: Vec<usize> = own.filter(|at| all || tenant_id(*at) == get("tenant")).collect();
            if chosen.is_empty() {
                return Err(Answer::html(400, "Choose an organisation."));
            }
            if !tenants.has_room(who, &chosen) {
                return Err(Answer::html(403, "This app has reached its limit of connections. Contact its developer."));
            }
            let now = xero.clock.now();
            let redirect = request.param("redirect_uri").unwrap_or_default().to_owned();
            let (event, code) = lock(&xero.tokens).code(Consent::of(who, scopes, redirect, challenge), now);
            if !tenants.swallows {
                chosen.iter().for_each(|body| tenants.link(who, *body, &event, now));
            }
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
fn asked(xero: &Xero, request: &Incoming) -> Result<Asked, Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("response_type") != "code" || get("state").is_empty() {
        return Err(wrong("response_type must be code, and there must be a state"));
    }
    if get("client_id") != xero.client().id {
        return Err(wrong("unauthorized_client: client_id is not known"));
    }
    let pages = lock(&xero.pages);
    let back = match Url::parse(get("redirect_uri")) {
        Ok(url) if pages.redirects.contains(get("redirect_uri")) => url,
        _ => return Err(wrong("Invalid redirect_uri: it is not one of the application's")),
    };
    let scopes: Vec<String> = get("scope").split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let known = |scope: &str| SCOPES.contains(&scope) || (pages.advanced && scope == ADVANCED);
    if let Some(scope) = scopes.iter().find(|scope| !known(scope)) {
        return Err(wrong(&format!("unauthorized_client: Invalid scope for client: {scope:?}")));
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
fn session(xero: &Xero, request: &Incoming) -> Option<(&'static str, String)> {
    cookie(request, COOKIE).and_then(|value| lock(&xero.pages).sessions.get(value).cloned())
}
