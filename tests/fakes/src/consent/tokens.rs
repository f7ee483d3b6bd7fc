//! The token address, and what it gave out.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;
use serde_json::json;

use super::{Door, Rules};
use crate::{
    exchange::{Answer, Incoming},
    lock, login, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(300);

/// What a person allowed.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    pub(super) account: &'static str,
    pub(super) scopes: Vec<String>,
    pub(super) redirect: String,
    pub(super) challenge: Option<String>,
}

/// An access token that is good.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// What the journal calls it: `access:2`.
    pub(crate) name: String,
    pub(crate) account: &'static str,
    pub(crate) scopes: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Tokens {
    codes: Vec<(String, Allowed, Timestamp, bool)>,
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Pair {
    access: String,
    refresh: String,
    allowed: Allowed,
    access_ends: Timestamp,
    refresh_ends: Timestamp,
    access_ended: bool,
    refresh_ended: bool,
}

impl Tokens {
    pub(super) fn code(&mut self, seed: u64, name: &str, allowed: Allowed, now: Timestamp) -> String {
        let value = seed::secret(seed, &format!("{name}/code/{}", self.codes.len()), 40);
        self.codes.push((value.clone(), allowed, now.plus(CODE_LIFE), false));
        value
    }

    fn redeem(&mut self, code: &str, redirect: &str, verifier: Option<&str>, now: Timestamp) -> Option<Allowed> {
        let (_, allowed, ends, used) = self.codes.iter_mut().find(|(value, ..)| value == code)?;
        let fits = !*used
            && now < *ends
            && allowed.redirect == redirect
            && login::proves(allowed.challenge.as_deref(), verifier);
        fits.then(|| {
            *used = true;
            allowed.clone()
        })
    }

    /// Spends a refresh token.
    fn renew(&mut self, refresh: &str, now: Timestamp) -> Option<Allowed> {
        let pair = self.pairs.iter_mut().find(|pair| pair.refresh == refresh)?;
        if pair.refresh_ended || now >= pair.refresh_ends {
            return None;
        }
        pair.refresh_ended = true;
        Some(pair.allowed.clone())
    }

    fn give(&mut self, seed: u64, rules: &Rules, allowed: Allowed, now: Timestamp) -> Answer {
        let number = self.pairs.len() + 1;
        let value = |kind: &str| seed::secret(seed, &format!("{}/{kind}/{number}", rules.name), 48);
        let pair = Pair {
            access: value("access"),
            refresh: value("refresh"),
            allowed,
            access_ends: now.plus(rules.access),
            refresh_ends: now.plus(rules.refresh),
            access_ended: false,
            refresh_ended: false,
        };
        let body = json!({
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": rules.access.as_secs(),
            "refresh_token": pair.refresh,
            "scope": if pair.allowed.scopes.is_empty() { None } else { Some(pair.allowed.scopes.join(" ")) },
        });
        self.pairs.push(pair);
        Answer::json(200, &body).with("cache-control", "no-store").to(Some(format!("access:{number}")))
    }

    pub(super) fn used(&self, value: &str, now: Timestamp) -> Result<Access, Option<String>> {
        let (at, pair) = self.pairs.iter().enumerate().find(|(_, pair)| pair.access == value).ok_or(None)?;
        let name = format!("access:{}", at + 1);
        if pair.access_ended || now >= pair.access_ends {
            return Err(Some(name));
        }
        Ok(Access { name, account: pair.allowed.account, scopes: pair.allowed.scopes.clone() })
    }

    pub(super) fn expire(&mut self) {
        self.pairs.iter_mut().for_each(|pair| pair.access_ended = true);
    }

    pub(super) fn revoke(&mut self) {
        self.expire();
        self.pairs.iter_mut().for_each(|pair| pair.refresh_ended = true);
    }

    pub(super) fn accepts(&self, value: &str) -> bool {
        self.pairs.iter().any(|pair| pair.refresh == value && !pair.refresh_ended)
    }

    pub(super) fn values(&self) -> Vec<String> {
        self.pairs.iter().flat_map(|pair| [pair.access.clone(), pair.refresh.clone()]).collect()
    }
}

/// `POST {token}`: a form with the client's id and secret in it.
pub(super) fn answer(door: &Door, request: &Incoming, now: Timestamp) -> Result<Answer, Answer> {
    strict::host(request, door.rules.host).map_err(refusal)?;
    strict::headers(request, &[]).map_err(refusal)?;
    strict::no_query(request).map_err(refusal)?;
    if request.method != "POST" || request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("the token address takes a form by POST".to_owned()));
    }
    if request.header("authorization").is_some() {
        return Err(refusal("the client proves itself in the form, not by a header".to_owned()));
    }
    let form = request.form();
    let given: BTreeMap<&str, &str> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let get = |name: &str| given.get(name).copied().unwrap_or_default();
    let known: &[&str] = match get("grant_type") {
        "authorization_code" if door.rules.pkce => {
            &["grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier"]
        }
        "authorization_code" => &["grant_type", "client_id", "client_secret", "code", "redirect_uri"],
        "refresh_token" => &["grant_type", "client_id", "client_secret", "refresh_token"],
        other => return Err(problem("unsupported_grant_type", &format!("fake: grant_type is {other:?}"))),
    };
    strict::params("parameter", &form, known).map_err(refusal)?;
    let client = door.client();
    if get("client_id") != client.id || get("client_secret") != client.secret {
        return Err(problem("invalid_client", "The client credentials are invalid"));
    }
    let mut state = lock(&door.state);
    let allowed = if get("grant_type") == "refresh_token" {
        state.tokens.renew(get("refresh_token"), now).ok_or("Invalid refresh token")
    } else {
        let verifier = given.get("code_verifier").copied();
        state.tokens.redeem(get("code"), get("redirect_uri"), verifier, now).ok_or("The code is not valid")
    };
    match allowed {
        Ok(allowed) => Ok(state.tokens.give(door.seed, &door.rules, allowed, now)),
        Err(why) => Err(problem("invalid_grant", why)),
    }
}

fn problem(error: &str, description: &str) -> Answer {
    Answer::json(400, &json!({ "error": error, "error_description": description }))
}

fn refusal(why: String) -> Answer {
    problem("invalid_request", &format!("fake: {why}")).refused(&why)
}
