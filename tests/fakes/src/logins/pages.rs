//! The consent page: user, password, account, region and decision in one form. A session cookie would add
//! nothing to what tests ask here.

use std::collections::BTreeMap;

use url::Url;

use super::{
    Logins, REGIONS,
    grants::{Consent, Grant},
    secrets, session,
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{cookie, escape},
    strict,
};

const PARAMS: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "access_type",
];
/// Who allowed something in this browser before: the account.
const COOKIE: &str = "logins_account";

/// `/oauth/authorize`.
pub(super) fn answer(logins: &Logins, request: &Incoming) -> Result<Answer, Answer> {
    let back = checked(logins, request)?;
    let rules = logins.behaviour();
    let form: BTreeMap<String, String> = request.form().into_iter().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if request.method == "GET" {
        return Ok(match cookie(request, COOKIE) {
            Some(account) if rules.skips_consent && lock(&logins.grants).is_allowed(account, &logins.client().id) => {
                allow(logins, request, back, account, None)
            }
            _ => page(request, 200, ""),
        });
    }
    if get("decision") != "allow" {
        return Ok(tell(logins, back, request, &[("error", "access_denied")]));
    }
    let Some(account) = session::account(logins, None, Some(get("user")), Some(get("password"))) else {
        return Ok(page(request, 401, "User or password is wrong."));
    };
    let region = Some(get("region")).filter(|region| REGIONS.contains(region));
    let cookie = format!("{COOKIE}={account}; Path=/oauth; HttpOnly; SameSite=Lax");
    Ok(allow(logins, request, back, account, region).with("set-cookie", &cookie))
}

fn allow(logins: &Logins, request: &Incoming, back: Url, account: &str, region: Option<&str>) -> Answer {
    let scopes = request.param("scope").unwrap_or_default().split([' ', ',']);
    let grant = Grant {
        account: account.to_owned(),
        client: secrets::client(logins.seed).id,
        region: region.map(str::to_owned),
        scopes: scopes.filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
    };
    let redirect = request.param("redirect_uri").unwrap_or_default().to_owned();
    let challenge = request.param("code_challenge").map(str::to_owned);
    let code = lock(&logins.grants).code(Consent { grant, redirect, challenge }, logins.clock.now());
    let realm = format!("realm-{account}");
    let mut told = vec![("code", code.as_str()), ("realm_id", realm.as_str())];
    let server = region.map(|region| format!("https://accounts-{region}.{}", super::HOST));
    if let (Some(region), Some(server)) = (region, &server) {
        told.extend([("location", region), ("accounts-server", server.as_str())]);
    }
    tell(logins, back, request, &told)
}

fn tell(logins: &Logins, mut back: Url, request: &Incoming, told: &[(&str, &str)]) -> Answer {
    back.query_pairs_mut().extend_pairs(told).append_pair("state", request.param("state").unwrap_or_default());
    if let Some(issuer) = logins.behaviour().issuer {
        back.query_pairs_mut().append_pair("iss", &issuer);
    }
    Answer::redirect(back.as_str())
}

/// Where the person goes back to; what is wrong is shown to them, never sent on.
fn checked(logins: &Logins, request: &Incoming) -> Result<Url, Answer> {
    let wrong = |why: &str| Answer::html(400, &format!("fake: {}", escape(why))).refused(why);
    strict::params("query parameter", &request.query, &PARAMS).map_err(|why| wrong(&why))?;
    let get = |name: &str| request.param(name).unwrap_or_default();
    if get("client_id") != logins.client().id {
        return Err(wrong("client_id is not known"));
    }
    let known = lock(&logins.open).redirects.contains(get("redirect_uri"));
    let back = Url::parse(get("redirect_uri")).ok().filter(|_| known);
    let back = back.ok_or_else(|| wrong("redirect_uri is not one of the client's"))?;
    if get("response_type") != "code" || get("state").is_empty() {
        return Err(wrong("response_type must be code, and there must be a state"));
    }
    match (request.param("code_challenge"), request.param("code_challenge_method")) {
        (None, None) if !logins.behaviour().pkce => Ok(back),
        (Some(challenge), Some("S256")) if challenge.len() == 43 => Ok(back),
        _ => Err(wrong("code_challenge must be 43 characters with code_challenge_method S256")),
    }
}

fn page(request: &Incoming, status: u16, message: &str) -> Answer {
    let regions: String =
        REGIONS.iter().map(|region| format!("<option value=\"{region}\">{region}</option>")).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Logins (fake)</title></head><body><h1>Allow?</h1><p>{message}</p>\
         <form name=\"consent\" method=\"post\" action=\"{}\"><label>User <input name=\"user\"></label>\
         <label>Password <input type=\"password\" name=\"password\"></label>\
         <label>Region <select name=\"region\"><option value=\"\">none</option>{regions}</select></label>\
         <button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Refuse</button></form></body></html>",
        escape(&request.target()),
    );
    Answer::html(status, &page)
}
