//! `oauth.v2.access` (sheet 2): codes and refresh tokens for bot tokens, errors with status 200.
//!
//! With token rotation an access token lives twelve hours and a refresh token is good once; without it the token never ends
//! and there is no refresh token. A user token, where user scopes were asked for, has its own chain.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{HOST, Slack, fine, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    lock, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(600);
const ACCESS_LIFE: Duration = Duration::from_secs(43_200);
const PARAMS: [&str; 6] = ["client_id", "client_secret", "code", "redirect_uri", "grant_type", "refresh_token"];

/// What a person allowed.
#[derive(Debug, Clone)]
pub(super) struct Consent {
    /// Of the workspace.
    pub(super) team: &'static str,
    pub(super) user: String,
    pub(super) scopes: Vec<String>,
    pub(super) user_scopes: Vec<String>,
    pub(super) redirect: String,
}

/// Whose a token is.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// What the journal calls it: `bot:2`.
    pub(super) name: String,
    pub(super) team: &'static str,
    pub(super) scopes: Vec<String>,
}

/// Codes and tokens that were given out.
#[derive(Debug)]
pub(super) struct Tokens {
    seed: u64,
    /// Whether the application has token rotation.
    pub(super) rotation: bool,
    codes: Vec<Code>,
    given: Vec<Given>,
}

#[derive(Debug)]
struct Code {
    value: String,
    consent: Consent,
    ends: Timestamp,
    used: bool,
}

/// An access token, with the refresh token that came with it.
#[derive(Debug)]
struct Given {
    kind: &'static str,
    access: String,
    refresh: Option<String>,
    consent: Consent,
    ends: Option<Timestamp>,
    /// What a call with it is told.
    dead: Option<&'static str>,
    spent: bool,
}

/// `POST /api/oauth.v2.access`.
pub(super) fn answer(slack: &Slack, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, HOST).and_then(|()| strict::headers(request, &[])).map_err(|why| refusal(&why))?;
    if request.method != "POST" || request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("oauth.v2.access takes a form by POST"));
    }
    let form = request.form();
    let checked = strict::no_query(request).and_then(|()| strict::params("parameter", &form, &PARAMS));
    checked.map_err(|why| refusal(&why))?;
    let given: BTreeMap<&str, &str> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let get = |name: &str| given.get(name).copied().unwrap_or_default();
    let (id, secret) = match basic(request)? {
        Some(_) if given.contains_key("client_secret") => {
            return Err(refusal("the client proves itself in the form or by a header, not by both"));
        }
        Some(pair) => pair,
        None => (get("client_id").to_owned(), get("client_secret").to_owned()),
    };
    let client = slack.client();
    if id != client.id {
        return Err(problem("invalid_client_id"));
    }
    if secret != client.secret {
        return Err(problem("bad_client_secret"));
    }
    let now = slack.clock.now();
    let mut tokens = lock(&slack.tokens);
    let (kind, consent) = match get("grant_type") {
        "refresh_token" if given.contains_key("code") => return Err(refusal("a refresh has no code")),
        "refresh_token" => tokens.renew(get("refresh_token"))?,
        "" | "authorization_code" if given.contains_key("refresh_token") => {
            return Err(refusal("a refresh says grant_type=refresh_token"));
        }
        "" | "authorization_code" => ("bot", tokens.redeem(get("code"), get("redirect_uri"), now)?),
        other => return Err(refusal(&format!("grant_type is {other:?}"))),
    };
    let renewal = get("grant_type") == "refresh_token";
    Ok(tokens.give(kind, &consent, renewal, now, slack))
}

fn basic(request: &Incoming) -> Result<Option<(String, String)>, Answer> {
    let Some(header) = request.header("authorization") else { return Ok(None) };
    let pair = header.strip_prefix("Basic ").and_then(|value| STANDARD.decode(value).ok());
    let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair.and_then(|text| text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned())));
    pair.map(Some).ok_or_else(|| refusal("the client proves itself by HTTP Basic or in the form"))
}

impl Tokens {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, rotation: true, codes: Vec::new(), given: Vec::new() }
    }

    /// Makes the code of a consent.
    pub(super) fn code(&mut self, consent: Consent, now: Timestamp) -> String {
        let value = seed::secret(self.seed, &format!("slack/code/{}", self.codes.len()), 48);
        self.codes.push(Code { value: value.clone(), consent, ends: now.plus(CODE_LIFE), used: false });
        value
    }

    fn redeem(&mut self, code: &str, redirect: &str, now: Timestamp) -> Result<Consent, Answer> {
        let found = self.codes.iter_mut().find(|known| known.value == code).ok_or_else(|| problem("invalid_code"))?;
        if found.used {
            return Err(problem("code_already_used"));
        }
        if now >= found.ends {
            return Err(problem("invalid_code"));
        }
        if found.consent.redirect != redirect {
            return Err(problem("bad_redirect_uri"));
        }
        found.used = true;
        Ok(found.consent.clone())
    }

    /// Spends a refresh token.
    fn renew(&mut self, refresh: &str) -> Result<(&'static str, Consent), Answer> {
        let found = self.given.iter_mut().find(|given| given.refresh.as_deref() == Some(refresh));
        let found = found.filter(|given| !given.spent).ok_or_else(|| problem("invalid_refresh_token"))?;
        found.spent = true;
        Ok((found.kind, found.consent.clone()))
    }

    fn give(&mut self, kind: &'static str, consent: &Consent, renewal: bool, now: Timestamp, slack: &Slack) -> Answer {
        let name = format!("{kind}:{}", self.given.len() + 1);
        let mut body = self.make(kind, consent, now);
        let (team, bot) = lock(&slack.spaces).of(consent.team, |space| (space.name.clone(), space.bot.clone()));
        body.insert("app_id".to_owned(), json!("A0PATCHBAY"));
        body.insert("team".to_owned(), json!({ "id": consent.team, "name": team }));
        body.insert("enterprise".to_owned(), Value::Null);
        if kind == "bot" {
            body.insert("bot_user_id".to_owned(), json!(bot));
        }
        let mut user = Map::from_iter([("id".to_owned(), json!(consent.user))]);
        if !renewal && !consent.user_scopes.is_empty() {
            user.extend(self.make("user", consent, now));
        }
        body.insert("authed_user".to_owned(), Value::Object(user));
        fine(Value::Object(body)).with("cache-control", "no-store").to(Some(name))
    }

    /// A new token, as it stands in the answer.
    fn make(&mut self, kind: &'static str, consent: &Consent, now: Timestamp) -> Map<String, Value> {
        let number = self.given.len() + 1;
        let value = |what: &str| seed::secret(self.seed, &format!("slack/{kind}/{what}/{number}"), 48);
        let letter = if kind == "bot" { 'b' } else { 'p' };
        let scopes = if kind == "bot" { &consent.scopes } else { &consent.user_scopes };
        let (access, refresh) = if self.rotation {
            (format!("xoxe.xox{letter}-1-{}", value("access")), Some(format!("xoxe-1-{}", value("refresh"))))
        } else {
            (format!("xox{letter}-{}", value("access")), None)
        };
        let mut body = Map::from_iter([
            ("access_token".to_owned(), json!(access)),
            ("token_type".to_owned(), json!(kind)),
            ("scope".to_owned(), json!(scopes.join(","))),
        ]);
        if let Some(refresh) = &refresh {
            body.insert("refresh_token".to_owned(), json!(refresh));
            body.insert("expires_in".to_owned(), json!(ACCESS_LIFE.as_secs()));
        }
        let ends = refresh.as_ref().map(|_| now.plus(ACCESS_LIFE));
        self.given.push(Given { kind, access, refresh, consent: consent.clone(), ends, dead: None, spent: false });
        body
    }

    /// Whose an access token is; else the error, and the name of a token that is good no more.
    pub(super) fn caller(&self, value: &str, now: Timestamp) -> Result<Caller, (&'static str, Option<String>)> {
        let found = self.given.iter().enumerate().find(|(_, given)| given.access == value);
        let (at, given) = found.ok_or(("invalid_auth", None))?;
        let name = format!("{}:{}", given.kind, at + 1);
        if let Some(error) = given.dead {
            return Err((error, Some(name)));
        }
        if given.ends.is_some_and(|ends| now >= ends) {
            return Err(("token_expired", Some(name)));
        }
        let scopes = if given.kind == "bot" { &given.consent.scopes } else { &given.consent.user_scopes };
        Ok(Caller { name, team: given.consent.team, scopes: scopes.clone() })
    }

    /// Ends one access token with its refresh token, as `auth.revoke` does.
    pub(super) fn revoke(&mut self, value: &str) {
        let of = |given: &&mut Given| given.access == value;
        self.given.iter_mut().filter(of).for_each(|given| given.end("token_revoked"));
    }

    /// Ends the access tokens that can end; refresh tokens stay good.
    pub(super) fn expire(&mut self) {
        let rotating = self.given.iter_mut().filter(|given| given.refresh.is_some() && given.dead.is_none());
        rotating.for_each(|given| given.dead = Some("token_expired"));
    }

    /// Ends everything; calls are told this.
    pub(super) fn end_all(&mut self, error: &'static str) {
        self.given.iter_mut().for_each(|given| given.end(error));
    }

    /// Takes a scope away from everything that was granted.
    pub(super) fn without(&mut self, scope: &str) {
        self.given.iter_mut().for_each(|given| given.consent.scopes.retain(|granted| granted != scope));
    }

    /// Whether this refresh token would be accepted now.
    pub(super) fn accepts(&self, refresh: &str) -> bool {
        self.given.iter().any(|given| given.refresh.as_deref() == Some(refresh) && !given.spent)
    }

    /// How many tokens were given out.
    pub(super) fn count(&self) -> usize {
        self.given.len()
    }

    pub(super) fn values(&self) -> Vec<String> {
        let of = |given: &Given| {
            [Some(given.access.clone()), given.refresh.clone()].into_iter().flatten().collect::<Vec<_>>()
        };
        self.given.iter().flat_map(of).chain(self.codes.iter().map(|code| code.value.clone())).collect()
    }
}

impl Given {
    fn end(&mut self, error: &'static str) {
        self.dead = Some(error);
        self.spent = true;
    }
}
