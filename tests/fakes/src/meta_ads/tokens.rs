//! The token address, and what it gave out (sheet 2): a code gives a token of an hour, a token that still works gives one of
//! about 60 days, as often as is asked; there is no refresh token. An expired token gives nothing.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{
    MetaAds, day,
    problem::{self, problem, refusal},
};
use crate::{
    exchange::{Answer, Incoming},
    lock, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_secs(3_600);
const LONG: Duration = Duration::from_secs(5_183_944);
/// How long after the person's last login data can be read.
const DATA_ACCESS: Duration = Duration::from_secs(90 * 86_400);

/// What a person allowed.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    pub(super) person: &'static str,
    pub(super) scopes: Vec<String>,
    /// Permissions that were asked for and unticked.
    pub(super) declined: Vec<String>,
    /// Numbers of the accounts that were ticked.
    pub(super) accounts: Vec<String>,
    pub(super) redirect: String,
}

/// Whose a token is.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// What the journal calls it: `short:1`, `long:2`, `system`, `signed`.
    pub(super) name: String,
    pub(super) person: &'static str,
    pub(super) scopes: Vec<String>,
    pub(super) declined: Vec<String>,
    /// None for a system user, who sees all of them.
    pub(super) accounts: Option<Vec<String>>,
}

#[derive(Debug)]
pub(super) struct Tokens {
    seed: u64,
    codes: Vec<(String, Allowed, Timestamp, bool)>,
    given: Vec<Token>,
    /// The subcode of system users' tokens, while they are not accepted.
    system_ended: Option<u32>,
    /// Whether answers say how long a token lives.
    pub(super) says_life: bool,
}

#[derive(Debug)]
struct Token {
    name: String,
    value: String,
    allowed: Allowed,
    issued: Timestamp,
    ends: Timestamp,
    /// The subcode with which it is refused.
    ended: Option<u32>,
}

impl Tokens {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, codes: Vec::new(), given: Vec::new(), system_ended: None, says_life: true }
    }

    pub(super) fn code(&mut self, allowed: Allowed, now: Timestamp) -> String {
        let value = format!("AQ{}", seed::secret(self.seed, &format!("meta/code/{}", self.codes.len()), 80));
        self.codes.push((value.clone(), allowed, now.plus(CODE_LIFE), false));
        value
    }

    fn redeem(&mut self, code: &str, redirect: &str, now: Timestamp) -> Result<Allowed, Answer> {
        let found = self.codes.iter_mut().find(|(value, ..)| value == code);
        let wrong = |subcode, text: &str| problem(400, problem::PARAMETER, subcode, text);
        let (_, allowed, ends, used) = found.ok_or_else(|| wrong(36_007, "Invalid verification code format."))?;
        if *used {
            return Err(wrong(36_009, "This authorization code has been used."));
        }
        if now >= *ends {
            return Err(wrong(36_007, "This authorization code has expired."));
        }
        if allowed.redirect != redirect {
            return Err(wrong(36_008, "Error validating verification code: the redirect_uri is another one."));
        }
        *used = true;
        Ok(allowed.clone())
    }

    fn give(&mut self, kind: &str, life: Duration, allowed: Allowed, now: Timestamp) -> Answer {
        let number = self.given.len() + 1;
        let value = format!("EAAB{}", seed::secret(self.seed, &format!("meta/token/{number}"), 160));
        let token =
            Token { name: format!("{kind}:{number}"), value, allowed, issued: now, ends: now.plus(life), ended: None };
        let mut body = json!({ "access_token": token.value, "token_type": "bearer" });
        if let (true, Some(members)) = (self.says_life, body.as_object_mut()) {
            members.insert("expires_in".to_owned(), json!(life.as_secs()));
        }
        let name = token.name.clone();
        self.given.push(token);
        Answer::json(200, &body).to(Some(name))
    }

    fn token(&self, value: &str) -> Option<&Token> {
        self.given.iter().find(|token| token.value == value)
    }

    /// Whose token this is; the error, and the token's name where it was given out.
    pub(super) fn caller(
        &self,
        value: &str,
        system: &[(&'static str, String)],
        now: Timestamp,
    ) -> Result<Caller, Answer> {
        if let Some((name, _)) = system.iter().find(|(_, known)| known == value) {
            return match self.system_ended {
                Some(subcode) => Err(refused(subcode).to(Some((*name).to_owned()))),
                None => Ok(Caller {
                    name: (*name).to_owned(),
                    person: "system",
                    scopes: vec!["ads_read".to_owned(), "business_management".to_owned()],
                    declined: Vec::new(),
                    accounts: None,
                }),
            };
        }
        let token = self.token(value).ok_or_else(|| refused(problem::UNKNOWN))?;
        let over = (now >= token.ends).then_some(problem::EXPIRED);
        if let Some(subcode) = token.ended.or(over) {
            return Err(refused(subcode).to(Some(token.name.clone())));
        }
        Ok(Caller {
            name: token.name.clone(),
            person: token.allowed.person,
            scopes: token.allowed.scopes.clone(),
            declined: token.allowed.declined.clone(),
            accounts: Some(token.allowed.accounts.clone()),
        })
    }

    /// Ends everything of one person, or of everybody.
    pub(super) fn end(&mut self, person: Option<&str>, subcode: u32) {
        let of_person = |token: &&mut Token| person.is_none_or(|person| token.allowed.person == person);
        self.given.iter_mut().filter(of_person).for_each(|token| token.ended = Some(subcode));
        if person.is_none_or(|person| person == "system") {
            self.system_ended = Some(subcode);
        }
    }

    pub(super) fn accept_system(&mut self) {
        self.system_ended = None;
    }

    pub(super) fn values(&self) -> Vec<String> {
        self.given.iter().map(|token| token.value.clone()).collect()
    }

    /// Names of the tokens that are good now.
    pub(super) fn living(&self, now: Timestamp) -> Vec<String> {
        let good = |token: &&Token| token.ended.is_none() && now < token.ends;
        self.given.iter().filter(good).map(|token| token.name.clone()).collect()
    }
}

fn refused(subcode: u32) -> Answer {
    let why = match subcode {
        problem::EXPIRED => "Session has expired",
        problem::REMOVED => "The user has not authorized application",
        460 => "The session has been invalidated because the user changed their password",
        problem::UNKNOWN => "The access token could not be decrypted",
        _ => "The session is invalid",
    };
    problem(400, problem::TOKEN, subcode, &format!("Error validating access token: {why}."))
}

/// `GET /{v}/oauth/access_token`.
pub(super) fn answer(meta: &MetaAds, request: &Incoming) -> Result<Answer, Answer> {
    let wrong = |why: String| refusal(&why);
    strict::no_body(request).map_err(wrong)?;
    if request.method != "GET" || request.header("authorization").is_some() {
        return Err(refusal("the token address is asked by GET, and not with a token in a header"));
    }
    let exchanges = request.param("grant_type") == Some("fb_exchange_token");
    let known: &[&str] = if exchanges {
        &["grant_type", "client_id", "client_secret", "fb_exchange_token"]
    } else {
        // The sheet has no `grant_type` here; every client of OAuth sends the standard's.
        &["grant_type", "client_id", "client_secret", "redirect_uri", "code"]
    };
    strict::params("query parameter", &request.query, known).map_err(wrong)?;
    if !matches!(request.param("grant_type"), None | Some("authorization_code" | "fb_exchange_token")) {
        return Err(refusal("grant_type is none of the sheet's"));
    }
    let get = |name: &str| request.param(name).unwrap_or_default();
    let client = meta.client();
    if get("client_id") != client.id {
        return Err(problem(400, 101, 0, "Error validating application. Cannot get application info."));
    }
    if get("client_secret") != client.secret {
        return Err(problem(400, 1, 0, "Error validating client secret."));
    }
    let now = meta.clock.now();
    let mut tokens = lock(&meta.tokens);
    if exchanges {
        // A system user's token never ends, and is not exchanged.
        let value = get("fb_exchange_token");
        tokens.caller(value, &[], now)?;
        let allowed = tokens.token(value).map(|token| token.allowed.clone());
        return allowed.map(|allowed| tokens.give("long", LONG, allowed, now)).ok_or_else(|| refused(problem::UNKNOWN));
    }
    let allowed = tokens.redeem(get("code"), get("redirect_uri"), now)?;
    Ok(tokens.give("short", SHORT, allowed, now))
}

/// `GET /debug_token`: asked with the application's own token.
pub(super) fn debug(meta: &MetaAds, request: &Incoming) -> Result<Answer, Answer> {
    strict::no_body(request).map_err(|why| refusal(&why))?;
    strict::params("query parameter", &request.query, &["input_token", "access_token"]).map_err(|why| refusal(&why))?;
    let client = meta.client();
    if request.param("access_token") != Some(format!("{}|{}", client.id, client.secret).as_str()) {
        return Err(problem(400, problem::PARAMETER, 0, "(#100) You must provide an app access token"));
    }
    let (value, now) = (request.param("input_token").unwrap_or_default(), meta.clock.now());
    let tokens = lock(&meta.tokens);
    let system = meta.system_tokens();
    let is_valid = tokens.caller(value, &system, now).is_ok();
    let seconds = |at: Timestamp| day::seconds(at);
    let data = match tokens.token(value) {
        Some(token) => {
            let targets: Vec<Value> = token.allowed.accounts.iter().map(|number| json!(number)).collect();
            json!({ "app_id": client.id, "type": "USER", "application": "Patchbay", "is_valid": is_valid,
                "issued_at": seconds(token.issued), "expires_at": seconds(token.ends),
                "data_access_expires_at": seconds(token.issued.plus(DATA_ACCESS)), "scopes": token.allowed.scopes,
                "granular_scopes": [{ "scope": "ads_read", "target_ids": targets }],
                "user_id": meta.person(token.allowed.person).0 })
        }
        None if system.iter().any(|(_, known)| known == value) => json!({ "app_id": client.id, "type": "SYSTEM_USER",
            "application": "Patchbay", "is_valid": is_valid, "expires_at": 0, "data_access_expires_at": 0,
            "scopes": ["ads_read", "business_management"], "granular_scopes": [], "user_id": meta.person("system").0 }),
        None => json!({ "is_valid": false, "scopes": [] }),
    };
    Ok(Answer::json(200, &json!({ "data": data })))
}

/// `GET /me/permissions` `[M]`.
pub(super) fn permissions(caller: &Caller) -> Answer {
    let mut all: BTreeMap<&str, &str> = caller.scopes.iter().map(|scope| (scope.as_str(), "granted")).collect();
    all.extend(caller.declined.iter().map(|scope| (scope.as_str(), "declined")));
    let rows: Vec<Value> =
        all.into_iter().map(|(name, status)| json!({ "permission": name, "status": status })).collect();
    Answer::json(200, &json!({ "data": rows }))
}
