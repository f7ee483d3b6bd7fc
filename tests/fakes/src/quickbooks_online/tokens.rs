//! The token address and the revocation (sheet 2.2 to 2.4).
//!
//! No answer names the company. The refresh token is given again as it is until it is a day old; then it becomes another one, and
//! the old one is not taken any more.

use std::{collections::BTreeMap, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{Client, QuickbooksOnline, REVOKE_HOST, TOKEN_HOST, control};
use crate::{
    exchange::{Answer, Incoming},
    lock, login, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(300);
const ACCESS_LIFE: Duration = Duration::from_secs(3_600);
/// A little more than the hundred days of the documents.
const REFRESH_LIFE: Duration = Duration::from_secs(8_726_400);
const DAY: Duration = Duration::from_secs(86_400);
const TOKEN: &str = "/oauth2/v1/tokens/bearer";
const REVOKE: &str = "/v2/oauth2/tokens/revoke";

/// What a person allowed.
#[derive(Debug, Clone)]
pub(super) struct Consent {
    pub(super) who: &'static str,
    pub(super) company: usize,
    pub(super) scopes: Vec<String>,
    pub(super) redirect: String,
    pub(super) challenge: Option<String>,
}

/// An access token that is good.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// What the journal calls it: `access:2`.
    pub(super) name: String,
    pub(super) who: &'static str,
    pub(super) company: usize,
    scopes: Vec<String>,
}

impl Caller {
    pub(super) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// Why an access token is not accepted.
pub(super) enum Refused {
    Unknown,
    /// Its name.
    Ended(String),
}

/// Everything that was given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    codes: Vec<(String, Consent, Timestamp, bool)>,
    grants: Vec<Grant>,
    /// Value, grant, end.
    access: Vec<(String, usize, Timestamp)>,
    /// Everything that was ever given, for those who look where it must not be.
    given: Vec<String>,
}

/// What one consent gives.
#[derive(Debug)]
struct Grant {
    consent: Consent,
    /// The one refresh token that is taken.
    refresh: String,
    issued: Timestamp,
    ends: Timestamp,
    dead: bool,
}

impl Tokens {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, codes: Vec::new(), grants: Vec::new(), access: Vec::new(), given: Vec::new() }
    }

    pub(super) fn code(&mut self, consent: Consent, now: Timestamp) -> String {
        let value = seed::secret(self.seed, &format!("quickbooks/code/{}", self.codes.len()), 40);
        self.codes.push((value.clone(), consent, now.plus(CODE_LIFE), false));
        value
    }

    fn redeem(&mut self, form: &BTreeMap<String, String>, now: Timestamp) -> Option<usize> {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let verifier = form.get("code_verifier").map(String::as_str);
        let (_, consent, ends, used) = self.codes.iter_mut().find(|(value, ..)| value == get("code"))?;
        let fits = !*used
            && now < *ends
            && consent.redirect == get("redirect_uri")
            && login::proves(consent.challenge.as_deref(), verifier);
        *used = true;
        let consent = fits.then(|| consent.clone())?;
        let refresh = self.another();
        self.grants.push(Grant { consent, refresh, issued: now, ends: now.plus(REFRESH_LIFE), dead: false });
        Some(self.grants.len() - 1)
    }

    fn renew(&mut self, refresh: &str, now: Timestamp) -> Option<usize> {
        let fits = |grant: &Grant| grant.refresh == refresh && !grant.dead && now < grant.ends;
        let at = self.grants.iter().position(fits)?;
        let is_old = self.grants.get(at).is_some_and(|grant| now.since(grant.issued) >= DAY);
        let other = is_old.then(|| self.another());
        let grant = self.grants.get_mut(at)?;
        grant.ends = now.plus(REFRESH_LIFE);
        if let Some(other) = other {
            (grant.refresh, grant.issued) = (other, now);
        }
        Some(at)
    }

    fn another(&mut self) -> String {
        let number = self.given.len();
        let value =
            format!("RT1-{}-H0-{}", number, seed::secret(self.seed, &format!("quickbooks/refresh/{number}"), 40));
        self.given.push(value.clone());
        value
    }

    fn give(&mut self, client: &Client, at: usize, now: Timestamp) -> Option<Answer> {
        let number = self.access.len() + 1;
        // The real ones are longer than a thousand characters.
        let secret =
            |kind: &str, length: usize| seed::secret(self.seed, &format!("quickbooks/{kind}/{number}"), length);
        let (access, signature) = (secret("access", 1_100), secret("id", 43));
        let grant = self.grants.get(at)?;
        let claims = json!({ "sub": grant.consent.who, "aud": [client.id], "iss": "https://oauth.platform.intuit.com/op/v1",
            "iat": now.as_millis() / 1_000, "exp": now.plus(ACCESS_LIFE).as_millis() / 1_000 });
        let mut body = json!({
            "token_type": "bearer", "access_token": access, "expires_in": ACCESS_LIFE.as_secs(),
            "refresh_token": grant.refresh, "x_refresh_token_expires_in": REFRESH_LIFE.as_secs(),
        });
        if let Some(members) =
            body.as_object_mut().filter(|_| grant.consent.scopes.iter().any(|scope| scope == "openid"))
        {
            members.insert("id_token".to_owned(), json!(jwt(&claims, &signature)));
        }
        self.given.extend([access.clone(), signature]);
        self.access.push((access, at, now.plus(ACCESS_LIFE)));
        Some(Answer::json(200, &body).with("cache-control", "no-store").to(Some(format!("access:{number}"))))
    }

    /// Whose access token this is.
    pub(super) fn caller(&self, value: &str, now: Timestamp) -> Result<Caller, Refused> {
        let at = self.access.iter().position(|(known, ..)| known == value).ok_or(Refused::Unknown)?;
        let name = format!("access:{}", at + 1);
        let found = self.access.get(at).and_then(|(_, grant, ends)| Some((self.grants.get(*grant)?, *ends)));
        match found {
            Some((grant, ends)) if !grant.dead && now < ends => {
                let Consent { who, company, scopes, .. } = grant.consent.clone();
                Ok(Caller { name, who, company, scopes })
            }
            _ => Err(Refused::Ended(name)),
        }
    }

    /// Ends all access tokens.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.access.iter_mut().for_each(|(_, _, ends)| *ends = (*ends).min(now));
    }

    /// Ends all that was given for these companies.
    pub(super) fn end(&mut self, companies: &[usize]) {
        let of = |grant: &&mut Grant| companies.contains(&grant.consent.company);
        self.grants.iter_mut().filter(of).for_each(|grant| grant.dead = true);
    }

    /// Whether this refresh token would be accepted now.
    pub(super) fn accepts(&self, value: &str, now: Timestamp) -> bool {
        self.grants.iter().any(|grant| grant.refresh == value && !grant.dead && now < grant.ends)
    }

    pub(super) fn values(&self) -> Vec<String> {
        self.given.clone()
    }
}

fn jwt(claims: &Value, signature: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode("{\"alg\":\"RS256\",\"kid\":\"fake\"}");
    format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// `oauth.platform.intuit.com` and `developer.api.intuit.com`.
pub(super) fn answer(fake: &QuickbooksOnline, request: &Incoming) -> Result<Answer, Answer> {
    strict::headers(request, &[]).map_err(refusal)?;
    strict::no_query(request).map_err(refusal)?;
    let now = fake.clock.now();
    match (request.method.as_str(), request.header("host"), request.path.as_str()) {
        ("POST", Some(TOKEN_HOST), TOKEN) => give(fake, request, now),
        ("POST", Some(REVOKE_HOST), REVOKE) => {
            let body = strict::object(request, &["token"]).map_err(refusal)?;
            proven(fake, request)?;
            let token = body.get("token").and_then(Value::as_str).unwrap_or_default();
            let mut tokens = lock(&fake.tokens);
            let of_access = tokens.access.iter().find(|(value, ..)| value == token).map(|(_, grant, _)| *grant);
            let at = of_access.or_else(|| tokens.grants.iter().position(|grant| grant.refresh == token));
            let company = at.and_then(|at| tokens.grants.get(at)).map(|grant| grant.consent.company);
            let company = company.ok_or_else(|| wrong(400, "invalid_grant"))?;
            tokens.end(&[company]);
            Ok(Answer { status: 200, ..Answer::default() })
        }
        _ => Err(refusal(format!("there is no {} {}", request.method, request.path))),
    }
}

fn give(fake: &QuickbooksOnline, request: &Incoming, now: Timestamp) -> Result<Answer, Answer> {
    if request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("tokens are asked for by a form".to_owned()));
    }
    if request.header("accept") != Some("application/json") {
        return Err(refusal("accept must be application/json".to_owned()));
    }
    let pairs = request.form();
    let form: BTreeMap<String, String> = pairs.iter().cloned().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let known: &[&str] = match get("grant_type") {
        "authorization_code" => &["grant_type", "code", "redirect_uri", "code_verifier"],
        "refresh_token" => &["grant_type", "refresh_token"],
        _ => return Err(wrong(400, "unsupported_grant_type")),
    };
    strict::params("parameter", &pairs, known).map_err(refusal)?;
    let client = proven(fake, request)?;
    let mut tokens = lock(&fake.tokens);
    let at = match get("grant_type") {
        "refresh_token" => tokens.renew(get("refresh_token"), now),
        _ => tokens.redeem(&form, now),
    };
    at.and_then(|at| tokens.give(&client, at, now)).ok_or_else(|| wrong(400, "invalid_grant"))
}

/// That the client proves itself by Basic.
fn proven(fake: &QuickbooksOnline, request: &Incoming) -> Result<Client, Answer> {
    let client = fake.client();
    let proof = STANDARD.encode(format!("{}:{}", client.id, client.secret));
    let given = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
    if given == Some(proof.as_str()) { Ok(client) } else { Err(wrong(401, "invalid_client")) }
}

fn wrong(status: u16, error: &str) -> Answer {
    let description = if error == "invalid_grant" { "Incorrect Token type or clientID" } else { error };
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

fn refusal(why: String) -> Answer {
    wrong(400, "invalid_request").refused(&why)
}

/// Everything that must never be seen outside.
pub(super) fn secrets(fake: &QuickbooksOnline) -> Vec<String> {
    let mut secrets = lock(&fake.tokens).values();
    secrets.push(fake.client().secret);
    secrets.extend(control::PEOPLE.map(|who| fake.login(who).password));
    secrets
}
