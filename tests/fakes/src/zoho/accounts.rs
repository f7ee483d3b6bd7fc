//! The token address of each data centre (sheet 2.3). **Errors come with status 200**: only an `access_token` means success.
//!
//! A refresh token stays the same and gives at most ten access tokens in ten minutes; the sixteenth that lives ends the
//! oldest; the twenty-first refresh token of a person ends the first one.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{PLACES, Zoho, refusal};
use crate::{
    exchange::{Answer, Incoming},
    lock, login, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(180);
const ACCESS_LIFE: Duration = Duration::from_secs(3_600);
const WINDOW: Duration = Duration::from_secs(600);
const PARAMS: [&str; 7] =
    ["client_id", "client_secret", "grant_type", "code", "redirect_uri", "refresh_token", "code_verifier"];

/// Codes and tokens that were given out.
#[derive(Debug)]
pub(crate) struct Accounts {
    seed: u64,
    /// Each data centre has a client secret of its own.
    pub(crate) separate: bool,
    codes: Vec<Code>,
    grants: Vec<Grant>,
}

/// What a person allowed.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) place: &'static str,
    pub(crate) person: &'static str,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect: String,
    pub(crate) challenge: Option<String>,
    pub(crate) offline: bool,
}

#[derive(Debug)]
struct Code {
    value: String,
    consent: Consent,
    ends: Timestamp,
    used: bool,
}

/// A refresh token and the access tokens that it gave.
#[derive(Debug)]
struct Grant {
    number: usize,
    consent: Consent,
    refresh: String,
    dead: bool,
    refreshed: Vec<Timestamp>,
    access: Vec<Access>,
}

#[derive(Debug)]
struct Access {
    value: String,
    ends: Timestamp,
    dead: bool,
}

/// Whose an access token is.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) person: &'static str,
    scopes: Vec<String>,
}

impl Caller {
    /// Whether one of these scopes was granted; `ZohoCRM.modules.ALL` is one of them where `….modules.x` is.
    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| {
            granted == scope || granted.strip_suffix(".ALL").is_some_and(|head| scope.starts_with(&format!("{head}.")))
        })
    }
}

/// `/oauth/v2/token` and `/oauth/v2/token/revoke`.
pub(crate) fn answer(zoho: &Zoho, request: &Incoming, place: &'static str) -> Result<Answer, Answer> {
    strict::headers(request, &[]).map_err(refusal)?;
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/oauth/v2/token") => token(zoho, request, place),
        ("POST", "/oauth/v2/token/revoke") => revoke(zoho, request),
        ("GET", "/oauth/serverinfo") => {
            let all: BTreeMap<&str, String> =
                PLACES.iter().map(|(id, accounts, _)| (*id, format!("https://{accounts}"))).collect();
            Ok(Answer::json(200, &json!({ "result": "success", "locations": all })))
        }
        _ => Err(refusal("the fake does not know this method and path".to_owned())),
    }
}

fn token(zoho: &Zoho, request: &Incoming, place: &'static str) -> Result<Answer, Answer> {
    let given = parameters(request).map_err(refusal)?;
    let get = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
    let client = zoho.client();
    if get("client_id") != client.id {
        return Err(wrong("invalid_client"));
    }
    let secret = if lock(&zoho.accounts).separate { zoho.secret_of(place) } else { client.secret };
    if get("client_secret") != secret {
        return Err(wrong("invalid_client_secret"));
    }
    let now = zoho.clock.now();
    let mut accounts = lock(&zoho.accounts);
    match get("grant_type") {
        "authorization_code" => accounts.redeem(place, &given, now),
        "refresh_token" => accounts.refresh(place, get("refresh_token"), now),
        other => Err(refusal(format!("grant_type is {other:?}"))),
    }
}

/// Parameters from the query or from a form; each once.
fn parameters(request: &Incoming) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = request.query.clone();
    match request.media_type().as_str() {
        "application/x-www-form-urlencoded" => pairs.extend(request.form()),
        _ if request.body.is_empty() => {}
        other => return Err(format!("the body must be a form, not {other:?}")),
    }
    strict::params("parameter", &pairs, &PARAMS)?;
    Ok(pairs.into_iter().collect())
}

/// An error as Zoho says it: inside an answer that looks like a success.
fn wrong(error: &str) -> Answer {
    Answer::json(200, &json!({ "error": error }))
}

fn revoke(zoho: &Zoho, request: &Incoming) -> Result<Answer, Answer> {
    // The sheet names `token`; who it is that asks is told by every client (RFC 7009).
    strict::params("query parameter", &request.query, &["token", "client_id"]).map_err(refusal)?;
    strict::no_body(request).map_err(refusal)?;
    let token = request.param("token").unwrap_or_default();
    let mut accounts = lock(&zoho.accounts);
    match accounts.grants.iter_mut().find(|grant| grant.refresh == token) {
        Some(grant) => {
            grant.end();
            Ok(Answer::json(200, &json!({ "status": "success" })))
        }
        None => Err(wrong("invalid_code")),
    }
}

impl Accounts {
    pub(crate) fn open(seed: u64) -> Self {
        Self { seed, separate: false, codes: Vec::new(), grants: Vec::new() }
    }

    /// Makes the code of a consent.
    pub(crate) fn code(&mut self, consent: Consent, now: Timestamp) -> String {
        let value = format!("1000.{}", seed::secret(self.seed, &format!("zoho/code/{}", self.codes.len()), 64));
        self.codes.push(Code { value: value.clone(), consent, ends: now.plus(CODE_LIFE), used: false });
        value
    }

    fn redeem(&mut self, place: &str, given: &BTreeMap<String, String>, now: Timestamp) -> Result<Answer, Answer> {
        let get = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
        if given.contains_key("refresh_token") {
            return Err(refusal("parameter \"refresh_token\" does not belong to this grant_type".to_owned()));
        }
        let found = self.codes.iter_mut().find(|known| known.value == get("code") && known.consent.place == place);
        let found = found.filter(|known| !known.used && now < known.ends).ok_or_else(|| wrong("invalid_code"))?;
        if found.consent.redirect != get("redirect_uri") {
            return Err(wrong("invalid_redirect_uri"));
        }
        let verifier = given.get("code_verifier").map(String::as_str);
        if found.consent.challenge.is_some() && !login::proves(found.consent.challenge.as_deref(), verifier) {
            return Err(wrong("invalid_code"));
        }
        found.used = true;
        let consent = found.consent.clone();
        let number = self.grants.len() + 1;
        let refresh = format!("1000.{}", seed::secret(self.seed, &format!("zoho/refresh/{number}"), 64));
        let of_person: Vec<usize> = self.live(consent.person);
        if of_person.len() >= 20 {
            // The twenty-first silently ends the first.
            let first = of_person.first().copied();
            self.grants.iter_mut().filter(|grant| Some(grant.number) == first).for_each(Grant::end);
        }
        let grant = Grant { number, consent, refresh, dead: false, refreshed: Vec::new(), access: Vec::new() };
        self.grants.push(grant);
        self.give(number, now)
    }

    fn live(&self, person: &str) -> Vec<usize> {
        self.grants.iter().filter(|one| !one.dead && one.consent.person == person).map(|one| one.number).collect()
    }

    fn refresh(&mut self, place: &str, refresh: &str, now: Timestamp) -> Result<Answer, Answer> {
        let fits = |grant: &&mut Grant| grant.refresh == refresh && grant.consent.place == place && !grant.dead;
        let grant = self.grants.iter_mut().find(fits).ok_or_else(|| wrong("invalid_code"))?;
        grant.refreshed.retain(|at| now.since(*at) < WINDOW);
        if grant.refreshed.len() >= 10 {
            return Err(throttled());
        }
        grant.refreshed.push(now);
        let number = grant.number;
        self.give(number, now)
    }

    /// Gives an access token; the refresh token comes with the first one only.
    fn give(&mut self, number: usize, now: Timestamp) -> Result<Answer, Answer> {
        let seed = self.seed;
        let grant =
            self.grants.iter_mut().find(|grant| grant.number == number).ok_or_else(|| wrong("general_error"))?;
        let first = grant.access.is_empty();
        let label = format!("zoho/access/{number}/{}", grant.access.len());
        let value = format!("1000.{}", seed::secret(seed, &label, 64));
        let live = grant.access.iter().filter(|one| !one.dead && now < one.ends).count();
        if live >= 15 {
            // The sixteenth ends the oldest.
            let oldest = grant.access.iter_mut().find(|one| !one.dead && now < one.ends);
            oldest.into_iter().for_each(|one| one.dead = true);
        }
        grant.access.push(Access { value: value.clone(), ends: now.plus(ACCESS_LIFE), dead: false });
        let api = PLACES.iter().find(|(id, ..)| *id == grant.consent.place).map(|(.., api)| format!("https://{api}"));
        let mut body = json!({
            "access_token": value,
            "scope": grant.consent.scopes.join(" "),
            "api_domain": api,
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFE.as_secs(),
        });
        if let (true, true, Some(body)) = (first, grant.consent.offline, body.as_object_mut()) {
            body.insert("refresh_token".to_owned(), json!(grant.refresh));
        }
        let name = format!("access:{number}.{}", grant.access.len());
        Ok(Answer::json(200, &body).with("cache-control", "no-store").to(Some(name)))
    }

    /// Whose an access token is in this data centre; the name of a dead one.
    pub(crate) fn caller(&self, place: &str, value: &str, now: Timestamp) -> Result<Caller, Option<String>> {
        for grant in &self.grants {
            let Some(at) = grant.access.iter().position(|one| one.value == value) else { continue };
            let name = format!("access:{}.{}", grant.number, at + 1);
            let good = grant.access.get(at).is_some_and(|one| !one.dead && now < one.ends);
            if !good || grant.dead || grant.consent.place != place {
                return Err(Some(name));
            }
            return Ok(Caller { name, person: grant.consent.person, scopes: grant.consent.scopes.clone() });
        }
        Err(None)
    }

    /// Ends all access tokens; refresh tokens stay good, and nothing of the past counts for their limit.
    pub(crate) fn expire(&mut self) {
        for grant in &mut self.grants {
            grant.access.iter_mut().for_each(|one| one.dead = true);
        }
    }

    /// Ends everything, as when the person takes the consent back.
    pub(crate) fn end_all(&mut self) {
        self.grants.iter_mut().for_each(Grant::end);
    }

    /// Takes a scope away from everything that was granted.
    pub(crate) fn without(&mut self, scope: &str) {
        self.grants.iter_mut().for_each(|grant| grant.consent.scopes.retain(|granted| granted != scope));
    }

    pub(crate) fn values(&self) -> Vec<String> {
        let of = |grant: &Grant| {
            let access: Vec<String> = grant.access.iter().map(|one| one.value.clone()).collect();
            [vec![grant.refresh.clone()], access].concat()
        };
        self.grants.iter().flat_map(of).chain(self.codes.iter().map(|code| code.value.clone())).collect()
    }

    /// How many live refresh tokens there are.
    pub(crate) fn grants(&self) -> usize {
        self.grants.iter().filter(|grant| !grant.dead).count()
    }
}

impl Grant {
    fn end(&mut self) {
        self.dead = true;
    }
}

/// What is said to who refreshes too often.
fn throttled() -> Answer {
    let body: Value = json!({
        "error_description": "You have made too many requests continuously. Please try again after some time.",
        "error": "Access Denied",
        "status": "failure",
    });
    Answer::json(200, &body)
}
