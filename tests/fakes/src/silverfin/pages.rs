//! Pages for people: signing in, and the consent with its scopes and the choice of a firm.
//!
//! Addresses in them are relative, so that they work on the plain port that `egress.rewrite` names for
//! browsers. The person may choose another firm than the one that was asked for.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{FIRM, OTHER_FIRM, SCOPES, Silverfin, token::Consent};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::escape,
    seed, strict,
};

const COOKIE: &str = "_silverfin_session";
const PARAMS: [&str; 7] =
    ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"];

/// Who is signed in, and where applications may send people back to.
#[derive(Debug)]
pub(crate) struct Pages {
    seed: u64,
    pub(crate) redirects: BTreeSet<String>,
    sessions: BTreeMap<String, Session>,
}

/// A browser that signed in; `token` stands in each form, against forms of other sites.
#[derive(Debug, Clone)]
struct Session {
    token: String,
}

/// What the application asks for.
struct Asked {
    redirect: Url,
    state: String,
    scopes: Vec<String>,
    challenge: Option<String>,
}

impl Pages {
    pub(crate) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), sessions: BTreeMap::new() }
    }

    fn session(&self, request: &Incoming) -> Option<&Session> {
        let cookies =
            request.headers.iter().filter(|(name, _)| name == "cookie").flat_map(|(_, value)| value.split(';'));
        let mut values = cookies.filter_map(|cookie| cookie.trim().split_once('='));
        values.find(|(name, _)| *name == COOKIE).and_then(|(_, value)| self.sessions.get(value))
    }
}

/// `/oauth/authorize`, `/f/{firm}/oauth/authorize` and `/users/sign_in`.
pub(crate) fn answer(silverfin: &Silverfin, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/users/sign_in") => Ok(sign_in_page(request, "")),
        ("POST", "/users/sign_in") => Ok(sign_in(silverfin, request)),
        ("GET", _) => authorize(silverfin, request),
        ("POST", _) => decide(silverfin, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn authorize(silverfin: &Silverfin, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(silverfin, request)?;
    let pages = lock(&silverfin.pages);
    let Some(session) = pages.session(request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("/users/sign_in?return_to={back}")));
    };
    let firm = request.segments().get(1).and_then(|firm| firm.parse().ok()).unwrap_or(FIRM);
    let scopes: String = asked.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let options: String = [(FIRM, "Kantoor Vermeulen &amp; Co"), (OTHER_FIRM, "Vermeulen Gent")]
        .iter()
        .map(|(id, name)| {
            format!("<option value=\"{id}\"{}>{name}</option>", if *id == firm { " selected" } else { "" })
        })
        .collect();
    let page = format!(
        "<!doctype html><html lang=\"nl\"><head><title>Silverfin (fake)</title></head><body>\
         <h1>Toegang geven?</h1><p>De toepassing vraagt:</p><ul>{scopes}</ul>\
         <form method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"authenticity_token\" value=\"{}\">\
         <label>Kantoor <select name=\"firm_id\">{options}</select></label>\
         <button type=\"submit\" name=\"decision\" value=\"allow\">Toestaan</button>\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Weigeren</button>\
         </form></body></html>",
        escape(&request.target()),
        escape(&session.token),
    );
    Ok(Answer::html(200, &page))
}

fn decide(silverfin: &Silverfin, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(silverfin, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let signed_in = lock(&silverfin.pages).session(request).map(|session| session.token.clone());
    if signed_in.is_none_or(|token| token != get("authenticity_token")) {
        return Err(Answer::html(403, "You are not signed in, or this form is not from here."));
    }
    let mut back = asked.redirect;
    match (get("decision"), get("firm_id").parse()) {
        ("allow", Ok(firm @ (FIRM | OTHER_FIRM))) => {
            let consent = Consent {
                firm,
                scopes: asked.scopes.join(" "),
                redirect: request.param("redirect_uri").unwrap_or_default().to_owned(),
                challenge: asked.challenge,
            };
            let code = lock(&silverfin.tokens).code(consent, silverfin.clock.now());
            back.query_pairs_mut()
                .append_pair("code", &code)
                .append_pair("authorized_firm_id", &firm.to_string())
                .append_pair("state", &asked.state);
        }
        ("deny", _) => {
            back.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_description", "The resource owner or authorization server denied the request.")
                .append_pair("state", &asked.state);
        }
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(silverfin: &Silverfin, request: &Incoming) -> Result<Asked, Answer> {
    let wrong = |why: &str| Err(Answer::html(400, &format!("fake: {}", escape(why))).refused(why));
    if let Err(why) = strict::params("query parameter", &request.query, &PARAMS) {
        return wrong(&why);
    }
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("client_id") != silverfin.client().id {
        return wrong("client_id is not known");
    }
    let redirect = match Url::parse(get("redirect_uri")) {
        Ok(url) if lock(&silverfin.pages).redirects.contains(get("redirect_uri")) => url,
        _ => return wrong("redirect_uri is not one of the application's"),
    };
    if get("response_type") != "code" {
        return wrong("response_type must be code");
    }
    if get("state").is_empty() {
        return wrong("state is missing");
    }
    let scopes: Vec<String> = get("scope").split(' ').map(str::to_owned).collect();
    if let Some(scope) = scopes.iter().find(|scope| !known_scope(scope)) {
        return wrong(&format!("scope {scope:?} is not in the sheet"));
    }
    let challenge = request.param("code_challenge").map(str::to_owned);
    match (&challenge, request.param("code_challenge_method")) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        _ => return wrong("code_challenge must be 43 characters with code_challenge_method S256"),
    }
    Ok(Asked { redirect, state: get("state").to_owned(), scopes, challenge })
}

fn known_scope(scope: &str) -> bool {
    SCOPES.contains(&scope) || scope == "client_meetings:external_notes:write"
}

fn sign_in_page(request: &Incoming, message: &str) -> Answer {
    let back = request.param("return_to").unwrap_or("/");
    let page = format!(
        "<!doctype html><html lang=\"nl\"><head><title>Silverfin (fake)</title></head><body>\
         <h1>Aanmelden</h1><p>{message}</p>\
         <form method=\"post\" action=\"/users/sign_in?return_to={}\">\
         <label>E-mail <input type=\"email\" name=\"user[email]\"></label>\
         <label>Wachtwoord <input type=\"password\" name=\"user[password]\"></label>\
         <button type=\"submit\">Aanmelden</button></form></body></html>",
        form_urlencoded::byte_serialize(back.as_bytes()).collect::<String>(),
    );
    Answer::html(200, &page)
}

fn sign_in(silverfin: &Silverfin, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let login = silverfin.login();
    if form.get("user[email]") != Some(&login.user) || form.get("user[password]") != Some(&login.password) {
        return Answer { status: 401, ..sign_in_page(request, "E-mail of wachtwoord is niet juist.") };
    }
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&silverfin.pages);
    let number = pages.sessions.len();
    let [cookie, token] =
        ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("silverfin/{kind}/{number}"), 32));
    pages.sessions.insert(cookie.clone(), Session { token });
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax"))
}
