//! The token address and the revocation (sheet 2). A refresh token comes with the first consent of a person, and later only where
//! the application asked for the consent page (`prompt=consent`); a refresh gives none.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{Client, GoogleWorkspace, api, calendars::address, problem};
use crate::{
    exchange::{Answer, Incoming},
    lock, login, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(300);
const ACCESS_LIFE: Duration = Duration::from_secs(3_599);
/// A refresh token that nobody uses ends after six months.
const IDLE: Duration = Duration::from_secs(180 * 86_400);
/// One of an application in testing after a week.
const TESTING: Duration = Duration::from_secs(7 * 86_400);

/// What a person allowed.
#[derive(Debug, Clone)]
pub(super) struct Consent {
    pub(super) who: &'static str,
    pub(super) scopes: Vec<String>,
    pub(super) redirect: String,
    pub(super) challenge: Option<String>,
    /// `access_type=offline`.
    pub(super) offline: bool,
    /// `prompt=consent`.
    pub(super) asked: bool,
    /// `include_granted_scopes=true`.
    pub(super) include: bool,
}

/// An access token that is good.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// What the journal calls it: `access:2`.
    pub(super) name: String,
    pub(super) who: &'static str,
    scopes: Vec<String>,
}

impl Caller {
    /// That one of these was granted.
    pub(super) fn may(&self, scopes: &[&str]) -> Result<(), Answer> {
        if self.scopes.iter().any(|granted| scopes.contains(&granted.as_str())) {
            return Ok(());
        }
        Err(problem(403, "insufficientPermissions", "Request had insufficient authentication scopes."))
    }
}

/// Everything that was given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    codes: Vec<(String, Consent, Timestamp, bool)>,
    access: Vec<Access>,
    refresh: Vec<Refresh>,
    id_tokens: Vec<String>,
    /// Whether the application is in status *Testing*.
    pub(super) testing: bool,
    /// Whether a policy of the company wants a new login.
    pub(super) policy: bool,
}

#[derive(Debug)]
struct Access {
    value: String,
    who: &'static str,
    scopes: Vec<String>,
    ends: Timestamp,
}

#[derive(Debug)]
struct Refresh {
    value: String,
    who: &'static str,
    scopes: Vec<String>,
    given: Timestamp,
    used: Timestamp,
    dead: bool,
}

impl Tokens {
    pub(super) fn open(seed: u64) -> Self {
        let (codes, access, refresh, id_tokens) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { seed, codes, access, refresh, id_tokens, testing: false, policy: false }
    }

    /// The code of a consent.
    pub(super) fn code(&mut self, mut consent: Consent, now: Timestamp) -> String {
        let value = format!("4/0{}", seed::secret(self.seed, &format!("google/code/{}", self.codes.len()), 60));
        if consent.include {
            let granted = self.refresh.iter().filter(|token| token.who == consent.who && !token.dead);
            for scope in granted.flat_map(|token| token.scopes.clone()).collect::<Vec<_>>() {
                if !consent.scopes.contains(&scope) {
                    consent.scopes.push(scope);
                }
            }
        }
        self.codes.push((value.clone(), consent, now.plus(CODE_LIFE), false));
        value
    }

    fn redeem(&mut self, form: &BTreeMap<String, String>, now: Timestamp) -> Option<Consent> {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let verifier = form.get("code_verifier").map(String::as_str);
        let (_, consent, ends, used) = self.codes.iter_mut().find(|(value, ..)| value == get("code"))?;
        let proven = login::proves(consent.challenge.as_deref(), verifier);
        let fits = !*used && now < *ends && consent.redirect == get("redirect_uri") && proven;
        *used = true;
        fits.then(|| consent.clone())
    }

    fn give(&mut self, who: &'static str, scopes: &[String], now: Timestamp) -> Value {
        let number = self.access.len() + 1;
        let value = format!("ya29.a0{}", seed::secret(self.seed, &format!("google/access/{number}"), 80));
        self.access.push(Access { value: value.clone(), who, scopes: scopes.to_vec(), ends: now.plus(ACCESS_LIFE) });
        json!({ "access_token": value, "expires_in": ACCESS_LIFE.as_secs(), "token_type": "Bearer", "scope": scopes.join(" ") })
    }

    /// The tokens of a consent.
    fn first(&mut self, client: &Client, consent: &Consent, now: Timestamp) -> Value {
        let mut body = self.give(consent.who, &consent.scopes, now);
        let known = self.refresh.iter().any(|token| token.who == consent.who && !token.dead);
        if consent.offline && (consent.asked || !known) {
            let number = self.refresh.len() + 1;
            let value = format!("1//0g{}", seed::secret(self.seed, &format!("google/refresh/{number}"), 60));
            body["refresh_token"] = json!(value);
            if self.testing {
                body["refresh_token_expires_in"] = json!(TESTING.as_secs());
            }
            let (who, scopes) = (consent.who, consent.scopes.clone());
            self.refresh.push(Refresh { value, who, scopes, given: now, used: now, dead: false });
        }
        let issued = now.as_millis() / 1_000;
        let mut claims = json!({ "iss": "https://accounts.google.com", "aud": client.id, "sub": api::subject(consent.who),
            "email": address(consent.who), "email_verified": true, "iat": issued, "exp": issued + 3_599 });
        if let Some(domain) = api::domain(consent.who) {
            claims["hd"] = json!(domain);
        }
        let signature = seed::secret(self.seed, &format!("google/id/{}", self.id_tokens.len()), 43);
        let head = URL_SAFE_NO_PAD.encode("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"fake\"}");
        let id_token = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        body["id_token"] = json!(id_token);
        self.id_tokens.push(id_token);
        body
    }

    fn renew(&mut self, value: &str, now: Timestamp) -> Option<Value> {
        let testing = self.testing;
        let token = self.refresh.iter_mut().find(|token| token.value == value)?;
        let old = now.since(token.used) >= IDLE || (testing && now.since(token.given) >= TESTING);
        if token.dead || old {
            return None;
        }
        token.used = now;
        let (who, scopes) = (token.who, token.scopes.clone());
        Some(self.give(who, &scopes, now))
    }

    /// Whose access token this is; the name of one that ended.
    pub(super) fn caller(&self, value: &str, now: Timestamp) -> Result<Caller, Option<String>> {
        let found = self.access.iter().enumerate().find(|(_, access)| access.value == value);
        let (at, access) = found.ok_or(None)?;
        let name = format!("access:{}", at + 1);
        if now >= access.ends {
            return Err(Some(name));
        }
        Ok(Caller { name, who: access.who, scopes: access.scopes.clone() })
    }

    /// Ends all access tokens.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.access.iter_mut().for_each(|access| access.ends = access.ends.min(now));
    }

    /// Ends all that a person allowed.
    pub(super) fn end(&mut self, who: &str, now: Timestamp) {
        self.refresh.iter_mut().filter(|token| token.who == who).for_each(|token| token.dead = true);
        self.access.iter_mut().filter(|access| access.who == who).for_each(|access| access.ends = access.ends.min(now));
    }

    /// How many access and refresh tokens were given out.
    pub(super) fn given(&self) -> (usize, usize) {
        (self.access.len(), self.refresh.len())
    }

    /// The refresh tokens that are good, by their owners.
    pub(super) fn alive(&self) -> Vec<&'static str> {
        self.refresh.iter().filter(|token| !token.dead).map(|token| token.who).collect()
    }

    pub(super) fn values(&self) -> Vec<String> {
        let access = self.access.iter().map(|token| token.value.clone());
        access
            .chain(self.refresh.iter().map(|token| token.value.clone()))
            .chain(self.id_tokens.iter().cloned())
            .collect()
    }
}

/// `oauth2.googleapis.com`.
pub(super) fn answer(google: &GoogleWorkspace, request: &Incoming) -> Result<Answer, Answer> {
    strict::headers(request, &[]).map_err(|why| refusal(&why))?;
    strict::no_query(request).map_err(|why| refusal(&why))?;
    if request.method != "POST" || request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("tokens are asked for by a form"));
    }
    let pairs = request.form();
    let form: BTreeMap<String, String> = pairs.iter().cloned().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let known: &[&str] = match (request.path.as_str(), get("grant_type")) {
        // RFC 7009 has the client and the hint, and every client may send them.
        ("/revoke", _) => &["token", "token_type_hint", "client_id"],
        ("/token", "authorization_code") => {
            &["grant_type", "code", "redirect_uri", "client_id", "client_secret", "code_verifier"]
        }
        ("/token", "refresh_token") => &["grant_type", "refresh_token", "client_id", "client_secret"],
        ("/token", _) => return Err(wrong(400, "unsupported_grant_type", "Invalid grant_type.")),
        _ => return Err(refusal(&format!("there is no {:?}", request.path))),
    };
    strict::params("parameter", &pairs, known).map_err(|why| refusal(&why))?;
    let (client, now) = (google.client(), google.clock.now());
    let mut tokens = lock(&google.tokens);
    if request.path == "/revoke" {
        let of = |value: &str| {
            let access = tokens.access.iter().find(|token| token.value == value).map(|token| token.who);
            access.or_else(|| {
                tokens.refresh.iter().find(|token| token.value == value && !token.dead).map(|token| token.who)
            })
        };
        let who = of(get("token")).ok_or_else(|| wrong(400, "invalid_token", "Token expired or revoked"))?;
        tokens.end(who, now);
        return Ok(Answer::json(200, &json!({})));
    }
    if get("client_id") != client.id || get("client_secret") != client.secret {
        return Err(wrong(401, "invalid_client", "The OAuth client was not found."));
    }
    let body = if get("grant_type") == "refresh_token" {
        if tokens.policy {
            let body = json!({ "error": "invalid_grant", "error_description": "reauth related error (invalid_rapt)", "error_subtype": "invalid_rapt" });
            return Err(Answer::json(400, &body));
        }
        tokens.renew(get("refresh_token"), now)
    } else {
        tokens.redeem(&form, now).map(|consent| tokens.first(&client, &consent, now))
    };
    let body = body.ok_or_else(|| wrong(400, "invalid_grant", "Token has been expired or revoked."))?;
    let name = format!("access:{}", tokens.access.len());
    Ok(Answer::json(200, &body).with("cache-control", "no-store").to(Some(name)))
}

fn wrong(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

fn refusal(why: &str) -> Answer {
    wrong(400, "invalid_request", &format!("fake: {why}")).refused(why)
}
