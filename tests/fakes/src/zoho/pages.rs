//! Pages for people: logging in, and the consent with its scopes. Where the account is decides the data centre that the
//! callback names in `location` and `accounts-server`.

use std::collections::{BTreeMap, BTreeSet};

use url::{Url, form_urlencoded};

use super::{PLACES, Zoho, accounts::Consent};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    seed, strict,
};

const COOKIE: &str = "zoho_session";
const PARAMS: [&str; 9] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "access_type",
    "prompt",
    "state",
    "code_challenge",
    "code_challenge_method",
];
/// All scopes that the two sheets name, the same of the other modules, and the one of the list of modules.
const SCOPES: [&str; 30] = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.modules.events.ALL",
    "ZohoCRM.modules.tasks.ALL",
    "ZohoCRM.modules.notes.ALL",
    "ZohoCRM.modules.attachments.ALL",
    "ZohoCRM.modules.contacts.READ",
    "ZohoCRM.modules.accounts.READ",
    "ZohoCRM.modules.leads.READ",
    "ZohoCRM.modules.deals.READ",
    "ZohoCRM.modules.custom.READ",
    "ZohoCRM.users.READ",
    "ZohoCRM.org.READ",
    "ZohoCRM.settings.fields.READ",
    "ZohoCRM.settings.modules.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.READ",
    "ZohoCRM.notifications.ALL",
    "ZohoSearch.securesearch.READ",
    "WorkDrive.files.ALL",
    "WorkDrive.files.READ",
    "WorkDrive.files.CREATE",
    "WorkDrive.files.sharing.ALL",
    "WorkDrive.files.sharing.CREATE",
    "WorkDrive.links.ALL",
    "WorkDrive.links.READ",
    "WorkDrive.links.CREATE",
    "WorkDrive.team.READ",
    "WorkDrive.workspace.READ",
    "WorkDrive.teamfolders.READ",
    "ZohoFiles.files.CREATE",
];

/// Who is logged in, and where applications may send people back to.
#[derive(Debug)]
pub(crate) struct Pages {
    seed: u64,
    pub(crate) redirects: BTreeSet<String>,
    /// Of this person, the token in the forms, by cookie.
    sessions: BTreeMap<String, (&'static str, String)>,
    /// What the next callback says as `accounts-server`, whatever is so.
    pub(crate) lie: Option<String>,
}

struct Asked {
    back: Url,
    scopes: Vec<String>,
    challenge: Option<String>,
}

impl Pages {
    pub(crate) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), sessions: BTreeMap::new(), lie: None }
    }
}

/// Whether a request is for a page.
pub(crate) fn serves(request: &Incoming) -> bool {
    ["/oauth/v2/auth", "/signin"].contains(&request.path.as_str())
}

/// Answers it.
pub(crate) fn answer(zoho: &Zoho, request: &Incoming) -> Result<Answer, Answer> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/signin") => Ok(sign_in_page(request, 200, "")),
        ("POST", "/signin") => Ok(sign_in(zoho, request)),
        ("GET", "/oauth/v2/auth") => authorize(zoho, request),
        ("POST", "/oauth/v2/auth") => decide(zoho, request),
        _ => Err(Answer::html(405, "405")),
    }
}

fn authorize(zoho: &Zoho, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(zoho, request)?;
    let Some((_, token)) = signed_in(zoho, request) else {
        let back: String = form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
        return Ok(Answer::redirect(&format!("/signin?serviceurl={back}")));
    };
    let scopes: String = asked.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Zoho (fake)</title></head><body><h1>Allow access?</h1>\
         <ul>{scopes}</ul><form name=\"consent\" method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{token}\">\
         <button name=\"approved\" value=\"true\">Accept</button>\
         <button name=\"approved\" value=\"false\">Reject</button></form></body></html>",
        escape(&request.target()),
    );
    Ok(Answer::html(200, &page))
}

fn decide(zoho: &Zoho, request: &Incoming) -> Result<Answer, Answer> {
    let asked = asked(zoho, request)?;
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let person = signed_in(zoho, request).filter(|(_, token)| form.get("csrf") == Some(token));
    let Some((person, _)) = person else {
        return Err(Answer::html(403, "You are not logged in, or this form is not from here."));
    };
    let mut back = asked.back;
    let state = request.param("state").unwrap_or_default();
    match form.get("approved").map(String::as_str) {
        Some("true") => {
            let place = place_of(person);
            let accounts = PLACES.iter().find(|(id, ..)| *id == place).map(|(_, accounts, _)| *accounts);
            let consent = Consent {
                place,
                person,
                scopes: asked.scopes,
                redirect: request.param("redirect_uri").unwrap_or_default().to_owned(),
                challenge: asked.challenge,
                offline: request.param("access_type") == Some("offline"),
            };
            let code = lock(&zoho.accounts).code(consent, zoho.clock.now());
            let told = lock(&zoho.pages).lie.take();
            let server = told.unwrap_or_else(|| format!("https://{}", accounts.unwrap_or_default()));
            back.query_pairs_mut()
                .append_pair("code", &code)
                .append_pair("location", place)
                .append_pair("accounts-server", &server)
                .append_pair("state", state);
        }
        Some("false") => {
            back.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", state);
        }
        _ => return Err(Answer::html(400, "The form was not filled in.")),
    }
    Ok(Answer::redirect(back.as_str()))
}

/// Checks the request of the application; what is wrong is shown to the person, never sent on.
fn asked(zoho: &Zoho, request: &Incoming) -> Result<Asked, Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("client_id") != zoho.client().id {
        return Err(wrong("client_id is not known"));
    }
    let back = match Url::parse(get("redirect_uri")) {
        Ok(url) if lock(&zoho.pages).redirects.contains(get("redirect_uri")) => url,
        _ => return Err(wrong("redirect_uri is not one of the application's")),
    };
    if get("response_type") != "code" || get("state").is_empty() {
        return Err(wrong("response_type must be code, and there must be a state"));
    }
    if !matches!(request.param("prompt"), None | Some("consent")) {
        return Err(wrong("prompt can only be consent"));
    }
    let scopes: Vec<String> = get("scope").split(',').map(str::to_owned).collect();
    if let Some(scope) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(wrong(&format!("scope {scope:?} is not in the sheets; they stand between commas")));
    }
    let challenge = request.param("code_challenge").map(str::to_owned);
    match (&challenge, request.param("code_challenge_method")) {
        (None, None) => {}
        (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
        _ => return Err(wrong("code_challenge must be 43 characters with code_challenge_method S256")),
    }
    Ok(Asked { back, scopes, challenge })
}

fn signed_in(zoho: &Zoho, request: &Incoming) -> Option<(&'static str, String)> {
    cookie(request, COOKIE).and_then(|value| lock(&zoho.pages).sessions.get(value).cloned())
}

/// Where a person's account is.
pub(crate) fn place_of(person: &str) -> &'static str {
    match person.split_once('@') {
        Some((_, "acme.example")) => "us",
        Some((_, "huaxia.example")) => "cn",
        _ => "eu",
    }
}

fn sign_in_page(request: &Incoming, status: u16, message: &str) -> Answer {
    let back = request.param("serviceurl").unwrap_or("/");
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Zoho (fake)</title></head><body><h1>Sign in</h1><p>{message}</p>\
         <form name=\"signin\" method=\"post\" action=\"/signin?serviceurl={}\">\
         <label>E-mail <input name=\"LOGIN_ID\"></label>\
         <label>Password <input type=\"password\" name=\"password\"></label>\
         <button>Sign in</button></form></body></html>",
        form_urlencoded::byte_serialize(back.as_bytes()).collect::<String>(),
    );
    Answer::html(status, &page)
}

fn sign_in(zoho: &Zoho, request: &Incoming) -> Answer {
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let known = [
        ("an@vermeulen.example", zoho.login()),
        ("joe@acme.example", zoho.login_in_us()),
        ("li@huaxia.example", zoho.login_in_china()),
    ];
    let typed = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let fits = |login: &crate::Login| login.user == typed("LOGIN_ID") && login.password == typed("password");
    let Some((person, _)) = known.into_iter().find(|(_, login)| fits(login)) else {
        return sign_in_page(request, 401, "Incorrect e-mail or password.");
    };
    let back = request.param("serviceurl").filter(|back| back.starts_with('/') && !back.starts_with("//"));
    let mut pages = lock(&zoho.pages);
    let number = pages.sessions.len();
    let [value, token] = ["cookie", "form"].map(|kind| seed::secret(pages.seed, &format!("zoho/{kind}/{number}"), 32));
    pages.sessions.insert(value.clone(), (person, token));
    Answer::redirect(back.unwrap_or("/"))
        .with("set-cookie", &format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax"))
}
