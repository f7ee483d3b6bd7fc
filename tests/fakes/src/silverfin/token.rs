//! The token address, and the rule of its refresh tokens: **the previous refresh token is revoked when
//! the new access token is used for the first time**, not before. So a lost answer can be asked for
//! again, and a host that uses a new access token before it stored the pair loses the connection.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_model::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{HOST, Silverfin, TokenPair, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    lock, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(600);
const REFRESH_LIFE: Duration = Duration::from_secs(60 * 86_400);
const PARAMS: [&str; 7] =
    ["client_id", "client_secret", "grant_type", "code", "redirect_uri", "refresh_token", "code_verifier"];

/// Codes and tokens that were given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    pub(crate) life: Duration,
    codes: Vec<Code>,
    pairs: Vec<Pair>,
}

/// What a consent gave.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) firm: u64,
    pub(crate) scopes: String,
    pub(crate) redirect: String,
    pub(crate) challenge: Option<String>,
}

#[derive(Debug)]
struct Code {
    value: String,
    consent: Consent,
    ends: Timestamp,
    used: bool,
}

#[derive(Debug, Clone)]
struct Pair {
    number: usize,
    access: String,
    refresh: String,
    /// The refresh token that this pair was got with.
    previous: Option<String>,
    consent: Consent,
    access_ends: Timestamp,
    refresh_ends: Timestamp,
    used: bool,
    access_revoked: bool,
    refresh_revoked: bool,
}

/// An access token that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// What the journal calls it.
    pub(crate) name: String,
    pub(crate) firm: u64,
    scopes: String,
}

impl Access {
    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.split(' ').any(|granted| granted == scope)
    }
}

/// `POST /f/{firm}/oauth/token`.
pub(crate) fn answer(silverfin: &Silverfin, request: &Incoming, firm: &str) -> Result<Answer, Answer> {
    strict::host(request, HOST).map_err(refusal)?;
    strict::headers(request, &[]).map_err(refusal)?;
    if request.header("authorization").is_some() {
        return Err(problem(401, "invalid_client", "fake: the client proves itself by parameters, not by a header"));
    }
    let given = parameters(request).map_err(refusal)?;
    let get = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
    let client = silverfin.client();
    if get("client_id") != client.id || get("client_secret") != client.secret {
        return Err(problem(401, "invalid_client", "Client authentication failed due to unknown client."));
    }
    let now = silverfin.clock.now();
    let mut tokens = lock(&silverfin.tokens);
    let (consent, previous) = match get("grant_type") {
        "authorization_code" => {
            forbidden(&given, &["refresh_token"]).map_err(refusal)?;
            (tokens.redeem(get("code"), get("redirect_uri"), given.get("code_verifier"), firm, now)?, None)
        }
        "refresh_token" => {
            forbidden(&given, &["code", "code_verifier"]).map_err(refusal)?;
            let refresh = get("refresh_token");
            (tokens.renew(refresh, get("redirect_uri"), firm, now)?, Some(refresh.to_owned()))
        }
        other => return Err(problem(400, "unsupported_grant_type", &format!("fake: grant_type is {other:?}"))),
    };
    Ok(tokens.give(consent, previous, now))
}

/// Parameters from the query, or from a form or JSON body; each once.
fn parameters(request: &Incoming) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = request.query.clone();
    match request.media_type().as_str() {
        "application/json" => {
            for (name, value) in strict::object(request, &PARAMS)? {
                let text = value.as_str().ok_or_else(|| format!("parameter {name:?} must be a text"))?;
                pairs.push((name, text.to_owned()));
            }
        }
        "application/x-www-form-urlencoded" => pairs.extend(request.form()),
        _ if request.body.is_empty() => {}
        other => return Err(format!("the body must be a form or JSON, not {other:?}")),
    }
    strict::params("parameter", &pairs, &PARAMS)?;
    Ok(pairs.into_iter().collect())
}

fn forbidden(given: &BTreeMap<String, String>, names: &[&str]) -> Result<(), String> {
    match names.iter().find(|name| given.contains_key(**name)) {
        Some(name) => Err(format!("parameter {name:?} does not belong to this grant_type")),
        None => Ok(()),
    }
}

fn invalid_grant() -> Answer {
    let text = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI \
                used in the authorization request, or was issued to another client.";
    problem(400, "invalid_grant", text)
}

impl Tokens {
    pub(crate) fn open(seed: u64, life: Duration) -> Self {
        Self { seed, life, codes: Vec::new(), pairs: Vec::new() }
    }

    /// Makes the code of a consent.
    pub(crate) fn code(&mut self, consent: Consent, now: Timestamp) -> String {
        let value = seed::secret(self.seed, &format!("silverfin/code/{}", self.codes.len()), 43);
        self.codes.push(Code { value: value.clone(), consent, ends: now.plus(CODE_LIFE), used: false });
        value
    }

    fn redeem(
        &mut self,
        code: &str,
        redirect: &str,
        verifier: Option<&String>,
        firm: &str,
        now: Timestamp,
    ) -> Result<Consent, Answer> {
        let found = self.codes.iter_mut().find(|known| known.value == code).ok_or_else(invalid_grant)?;
        let fits = !found.used
            && now < found.ends
            && found.consent.redirect == redirect
            && found.consent.firm.to_string() == firm
            && verifier_fits(found.consent.challenge.as_deref(), verifier);
        if !fits {
            return Err(invalid_grant());
        }
        found.used = true;
        Ok(found.consent.clone())
    }

    fn renew(&self, refresh: &str, redirect: &str, firm: &str, now: Timestamp) -> Result<Consent, Answer> {
        let found = self.pairs.iter().find(|pair| pair.refresh == refresh).ok_or_else(invalid_grant)?;
        if found.refresh_revoked
            || now >= found.refresh_ends
            || found.consent.redirect != redirect
            || found.consent.firm.to_string() != firm
        {
            return Err(invalid_grant());
        }
        Ok(found.consent.clone())
    }

    fn give(&mut self, consent: Consent, previous: Option<String>, now: Timestamp) -> Answer {
        let number = self.pairs.len() + 1;
        let value = |kind: &str| seed::secret(self.seed, &format!("silverfin/{kind}/{number}"), 43);
        let pair = Pair {
            number,
            access: value("access"),
            refresh: value("refresh"),
            previous,
            access_ends: now.plus(self.life),
            refresh_ends: now.plus(REFRESH_LIFE),
            used: false,
            access_revoked: false,
            refresh_revoked: false,
            consent,
        };
        let body = json!({
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": self.life.as_secs(),
            "refresh_token": pair.refresh,
            "scope": pair.consent.scopes,
            "created_at": now.as_micros().div_euclid(1_000_000),
        });
        let token = Some(pair.name());
        self.pairs.push(pair);
        Answer::json(200, &body).with("cache-control", "no-store").to(token)
    }

    /// The access token of a call; its first use ends the refresh token that it came from.
    pub(crate) fn use_access(&mut self, value: &str, now: Timestamp) -> Result<Access, Option<String>> {
        let found = self.pairs.iter_mut().find(|pair| pair.access == value).ok_or(None)?;
        if found.access_revoked || now >= found.access_ends {
            return Err(Some(found.name()));
        }
        let first = !found.used;
        found.used = true;
        let (access, previous) = (found.as_access(), found.previous.clone());
        if first {
            for pair in self.pairs.iter_mut().filter(|pair| Some(&pair.refresh) == previous.as_ref()) {
                pair.refresh_revoked = true;
            }
        }
        Ok(access)
    }

    pub(crate) fn expire_access(&mut self) {
        self.pairs.iter_mut().for_each(|pair| pair.access_revoked = true);
    }

    pub(crate) fn revoke_all(&mut self) {
        self.expire_access();
        self.pairs.iter_mut().for_each(|pair| pair.refresh_revoked = true);
    }

    pub(crate) fn accepts_refresh(&self, value: &str) -> bool {
        self.pairs.iter().any(|pair| pair.refresh == value && !pair.refresh_revoked)
    }

    pub(crate) fn values(&self) -> Vec<String> {
        self.pairs.iter().flat_map(|pair| [pair.access.clone(), pair.refresh.clone()]).collect()
    }

    pub(crate) fn pairs(&self, now: Timestamp) -> Vec<TokenPair> {
        let show = |pair: &Pair| TokenPair {
            name: pair.name(),
            firm: pair.consent.firm,
            access_good: !pair.access_revoked && now < pair.access_ends,
            used: pair.used,
            refresh_good: !pair.refresh_revoked && now < pair.refresh_ends,
        };
        self.pairs.iter().map(show).collect()
    }
}

impl Pair {
    fn name(&self) -> String {
        format!("access:{}", self.number)
    }

    fn as_access(&self) -> Access {
        Access { name: self.name(), firm: self.consent.firm, scopes: self.consent.scopes.clone() }
    }
}

/// PKCE is ignored unless both halves are there and do not fit.
fn verifier_fits(challenge: Option<&str>, verifier: Option<&String>) -> bool {
    match (challenge, verifier) {
        (Some(challenge), Some(verifier)) => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_190_400_000);

    fn given(tokens: &mut Tokens, previous: Option<String>) -> (String, String) {
        let consent =
            Consent { firm: 13_827, scopes: String::new(), redirect: "http://host/cb".to_owned(), challenge: None };
        let body: Value = serde_json::from_slice(&tokens.give(consent, previous, NOW).body).expect("JSON");
        let text = |name: &str| body[name].as_str().expect("a token").to_owned();
        (text("access_token"), text("refresh_token"))
    }

    fn renews(tokens: &Tokens, refresh: &str) -> bool {
        tokens.renew(refresh, "http://host/cb", "13827", NOW).is_ok()
    }

    #[test]
    fn an_old_refresh_token_is_good_until_the_new_access_token_is_used() {
        let mut tokens = Tokens::open(1, Duration::from_secs(7_200));
        let (_, first) = given(&mut tokens, None);
        let (access, second) = given(&mut tokens, Some(first.clone()));
        assert!(renews(&tokens, &first), "the new access token was not used yet");
        tokens.use_access(&access, NOW).expect("a good access token");
        assert!(!renews(&tokens, &first));
        assert!(renews(&tokens, &second));
    }

    #[test]
    fn an_access_token_ends_with_its_life() {
        let mut tokens = Tokens::open(1, Duration::from_secs(10));
        let (access, _) = given(&mut tokens, None);
        assert!(tokens.use_access(&access, NOW.plus(Duration::from_secs(9))).is_ok());
        assert!(tokens.use_access(&access, NOW.plus(Duration::from_secs(10))).is_err());
    }
}
