//! Pages for people: signing in, and the consent with the choice of a workspace. Scopes stand between commas, those of the
//! bot and those of the person apart.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{Slack, data, tokens::Consent};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{Login, cookie, escape},
    seed, strict,
};

const AUTHORIZE: &str = "/oauth/v2/authorize";
const SIGN_IN: &str = "/signin";
const COOKIE: &str = "d";
/// `response_type` is not in the sheet: every client of the standard sends it, and it may only say the one thing.
const PARAMS: [&str; 7] = ["client_id", "scope", "user_scope", "state", "redirect_uri", "team", "response_type"];
/// All bot scopes that the sheet asks for, and the one of `conversations.join`, which it names without its scope.
const SCOPES: [&str; 14] = [
    "users:read",
    "users:read.email",
    "team:read",
    "channels:read",
    "groups:read",
    "channels:history",
    "groups:history",
    "usergroups:read",
    "chat:write",
    "chat:write.public",
    "files:write",
    "files:read",
    "im:write",
    "channels:join",
];

/// Who is signed in, and where applications may send people back to.
#[derive(Debug)]
pub(super) struct Pages {
    seed: u64,
    pub(super) redirects: BTreeSet<String>,
    /// Of this person, the token in the forms, by cookie.
    sessions: BTreeMap<String, (String, String)>,
}

struct Asked {
    back: Url,
    scopes: Vec<String>,
    user_scopes: Vec<String>,
}

impl Pages {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), sessions: BTreeMap::new() }
    }

    /// Nobody is signed in any more; the application stays as it is.
    pub(super) fn forget(&mut self) {
        self.sessions.clear();
    }
}

/// Whether a request is for a page.
pub(super) fn serves(request: &Incoming) -> bool {
    [AUTHORIZE, SIGN_IN].contains(&request.path.as_str())
}

/// Answers it.
pub(super) fn answer(slack: &Slack, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", SIGN_IN) => Ok(sign_in_page(request, 200, "")),
        ("POST", SIGN_IN) => Ok(sign_in(slack, request)),
        ("GET", _) => authorize(slack, request),
        ("POST", _) => decide(slack, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn authorize(slack: &Slack, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(slack, request)?;
    let Some((user, token)) = signed_in(slack, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("{SIGN_IN}?return_to={back}")));
    };
    let wanted = request.param("team").unwrap_or_default();
    let option = |(id, name): (&'static str, String)| {
        let chosen = if id == wanted { " selected" } else { "" };
        format!("<option value=\"{id}\"{chosen}>{}</option>", escape(&name))
    };
    let teams: String = teams_of(slack, &user).into_iter().map(option).collect();
    let item = |scope: &String| format!("<li>{}</li>", escape(scope));
    let scopes: String = asked.scopes.iter().chain(&asked.user_scopes).map(item).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Slack (fake)</title></head><body>\
         <h1>Patchbay is requesting permission to access a workspace</h1><ul>{scopes}</ul>\
         <form name=\"consent\" method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"crumb\" value=\"{token}\">\
         <select name=\"team\">{teams}</select><button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"cancel\">Cancel</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(slack: &Slack, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(slack, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let Some((user, _)) = signed_in(slack, request).filter(|(_, token)| token == get("crumb")) else {
        return Err(Answer::html(403, "You are not signed in, or this form is not from here."));
    };
    let mut back = asked.back;
    match get("decision") {
        "allow" => {
            let team = teams_of(slack, &user).into_iter().map(|(id, _)| id).find(|id| *id == get("team"));
            let Some(team) = team else { return Err(Answer::html(403, "This is no workspace of yours.")) };
            let (scopes, user_scopes) = (asked.scopes, asked.user_scopes);
            let redirect = request.param("redirect_uri").unwrap_or_default().to_owned();
            let consent = Consent { team, user: data::ELS.to_owned(), scopes, user_scopes, redirect };
            let code = lock(&slack.tokens).code(consent, slack.clock.now());
            back.query_pairs_mut().append_pair("code", &code);
        }
        "cancel" => {
            back.query_pairs_mut().append_pair("error", "access_denied");
        }
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    back.query_pairs_mut().append_pair("state", request.param("state").unwrap_or_default());
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(slack: &Slack, request: &Incoming) -> Result<Asked, Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("client_id") != slack.client().id {
        return Err(wrong("client_id is not known"));
    }
    let back = match Url::parse(get("redirect_uri")) {
        Ok(url) if lock(&slack.pages).redirects.contains(get("redirect_uri")) => url,
        _ => return Err(wrong("redirect_uri is not one of the application's")),
    };
    if !matches!(request.param("response_type"), None | Some("code")) || get("state").is_empty() {
        return Err(wrong("response_type can only be code, and there must be a state"));
    }
    let list =
        |text: &str| text.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect::<Vec<String>>();
    let (scopes, user_scopes) = (list(get("scope")), list(get("user_scope")));
    if scopes.is_empty() {
        return Err(wrong("a bot without scopes can do nothing"));
    }
    match scopes.iter().chain(&user_scopes).find(|scope| !SCOPES.contains(&scope.as_str())) {
        Some(scope) => Err(wrong(&format!("scope {scope:?} is not in the sheet; they stand between commas"))),
        None => Ok(Asked { back, scopes, user_scopes }),
    }
}

fn signed_in(slack: &Slack, request: &Incoming) -> Option<(String, String)> {
    cookie(request, COOKIE).and_then(|value| lock(&slack.pages).sessions.get(value).cloned())
}

/// The workspaces of a person: id and name.
fn teams_of(slack: &Slack, user: &str) -> Vec<(&'static str, String)> {
    let spaces = lock(&slack.spaces);
    let all = [&spaces.main, &spaces.other].map(|space| (space.id, space.name.clone()));
    all.into_iter().filter(|(id, _)| *id == data::OTHER || user == slack.login().user).collect()
}

fn sign_in_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back: String = form_urlencoded::byte_serialize(request.param("return_to").unwrap_or("/").as_bytes()).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Slack (fake)</title></head><body><h1>Sign in</h1><p>{message}</p>\
         <form name=\"signin\" method=\"post\" action=\"{SIGN_IN}?return_to={back}\">\
         <label>E-mail <input type=\"email\" name=\"email\"></label>\
         <label>Password <input type=\"password\" name=\"password\"></label><button>Sign in</button></form></body></html>"
    );
    Answer::html(status, &page)
}

fn sign_in(slack: &Slack, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let typed = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let fits = |login: &Login| login.user == typed("email") && login.password == typed("password");
    let Some(login) = [slack.login(), slack.login_of_other()].into_iter().find(fits) else {
        return sign_in_page(request, 401, "E-mail or password is wrong.");
    };
    let back = request.param("return_to").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&slack.pages);
    let number = pages.sessions.len();
    let [value, token] = ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("slack/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), (login.user, token));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}
