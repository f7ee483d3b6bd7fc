//! The token address and the revocation (sheet 2.3 to 2.5).
//!
//! Each refresh gives another refresh token. The old one may be used again for half an hour after its first use, for
//! the case that the answer was lost: its successor is dead then, and has to be unused so far. A new consent of a person
//! ends the refresh tokens of the one before.

use std::{collections::BTreeMap, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::{Client, Xero};
use crate::{
    exchange::{Answer, Incoming},
    lock, login, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(300);
const ACCESS_LIFE: Duration = Duration::from_secs(1_800);
const REFRESH_LIFE: Duration = Duration::from_secs(60 * 86_400);
const GRACE: Duration = Duration::from_secs(1_800);
const TOKEN: &str = "/connect/token";
const REVOCATION: &str = "/connect/revocation";

/// What a person allowed.
#[derive(Debug, Clone)]
pub(super) struct Consent {
    pub(super) who: &'static str,
    scopes: Vec<String>,
    redirect: String,
    challenge: Option<String>,
    event: String,
}

impl Consent {
    pub(super) fn of(who: &'static str, scopes: Vec<String>, redirect: String, challenge: Option<String>) -> Self {
        Self { who, scopes, redirect, challenge, event: String::new() }
    }
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
    /// Whether this scope was granted; the one without `.read` allows reading too.
    pub(super) fn may(&self, scope: &str, reading: bool) -> bool {
        let read = format!("{scope}.read");
        self.scopes.iter().any(|granted| granted == scope || (reading && *granted == read))
    }
}

/// Why an access token is not accepted.
pub(super) enum Refused {
    Unknown,
    /// Its name, and when it ended.
    Ended(String, Timestamp),
}

/// Everything that was given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    codes: Vec<Code>,
    pairs: Vec<Pair>,
    /// Taken away from all that was granted.
    pub(super) without: Vec<String>,
}

#[derive(Debug)]
struct Code {
    value: String,
    consent: Consent,
    ends: Timestamp,
    used: bool,
}

#[derive(Debug)]
struct Pair {
    access: String,
    id_token: String,
    refresh: String,
    consent: Consent,
    access_ends: Timestamp,
    refresh_ends: Timestamp,
    /// When it was used for the first time.
    used: Option<Timestamp>,
    dead: bool,
    /// The pair whose refresh token gave this one.
    parent: Option<usize>,
}

impl Tokens {
    pub(super) fn open(seed: u64) -> Self {
        Self { seed, codes: Vec::new(), pairs: Vec::new(), without: Vec::new() }
    }

    /// The id of a consent, and its code. What the person granted before is not renewed any more.
    pub(super) fn code(&mut self, consent: Consent, now: Timestamp) -> (String, String) {
        let number = self.codes.len();
        let event = format!("d99e{number:04}-0000-4000-8000-000000000002");
        let value = seed::secret(self.seed, &format!("xero/code/{number}"), 43);
        let consent = Consent { event: event.clone(), ..consent };
        let older = self.pairs.iter_mut().filter(|pair| pair.consent.who == consent.who);
        older.for_each(|pair| pair.dead = true);
        self.codes.push(Code { value: value.clone(), consent, ends: now.plus(CODE_LIFE), used: false });
        (event, value)
    }

    fn redeem(&mut self, form: &BTreeMap<String, String>, now: Timestamp) -> Option<Consent> {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let verifier = form.get("code_verifier").map(String::as_str);
        let code = self.codes.iter_mut().find(|code| code.value == get("code"))?;
        let fits = !code.used
            && now < code.ends
            && code.consent.redirect == get("redirect_uri")
            && login::proves(code.consent.challenge.as_deref(), verifier);
        code.used = true;
        fits.then(|| code.consent.clone())
    }

    /// Spends a refresh token: the consent, and the pair that it belongs to.
    fn renew(&mut self, refresh: &str, now: Timestamp) -> Option<(Consent, usize)> {
        let at = self.pairs.iter().position(|pair| pair.refresh == refresh)?;
        if self.pairs.iter().any(|pair| pair.parent == Some(at) && pair.used.is_some()) {
            return None;
        }
        let pair = self.pairs.get_mut(at)?;
        let late = pair.used.is_some_and(|used| now.since(used) >= GRACE);
        if pair.dead || late || now >= pair.refresh_ends {
            return None;
        }
        pair.used.get_or_insert(now);
        let consent = pair.consent.clone();
        self.pairs.iter_mut().filter(|pair| pair.parent == Some(at)).for_each(|pair| pair.dead = true);
        Some((consent, at))
    }

    fn give(&mut self, client: &Client, consent: Consent, parent: Option<usize>, now: Timestamp) -> Answer {
        let number = self.pairs.len() + 1;
        let secret = |kind: &str| seed::secret(self.seed, &format!("xero/{kind}/{number}"), 43);
        let scopes: Vec<&String> = consent.scopes.iter().filter(|scope| !self.without.contains(scope)).collect();
        let (issued, user) = (now.as_millis() / 1_000, user_id(consent.who));
        let ends = issued + i64::try_from(ACCESS_LIFE.as_secs()).unwrap_or_default();
        let access = json!({
            "iss": "https://identity.xero.com", "aud": "https://identity.xero.com/resources", "nbf": issued,
            "exp": ends, "client_id": client.id, "sub": user, "xero_userid": user, "jti": secret("jti"),
            "authentication_event_id": consent.event, "scope": scopes,
        });
        let (given, family) = if consent.who == "owner" { ("An", "Claes") } else { ("Bart", "Maes") };
        let id = json!({
            "iss": "https://identity.xero.com", "aud": client.id, "nbf": issued, "exp": ends, "iat": issued,
            "sub": user, "xero_userid": user, "email": super::control::user_of(consent.who), "given_name": given,
            "family_name": family, "name": format!("{given} {family}"), "preferred_username": super::control::user_of(consent.who),
        });
        let asked = |scope: &str| scopes.iter().any(|asked| *asked == scope);
        let pair = Pair {
            access: jwt(&access, &secret("access")),
            id_token: jwt(&id, &secret("id")),
            refresh: secret("refresh"),
            access_ends: now.plus(ACCESS_LIFE),
            refresh_ends: now.plus(REFRESH_LIFE),
            used: None,
            dead: !asked("offline_access"),
            parent,
            consent: consent.clone(),
        };
        let mut body = json!({
            "access_token": pair.access, "expires_in": ACCESS_LIFE.as_secs(), "token_type": "Bearer",
            "scope": scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        });
        if let Some(members) = body.as_object_mut() {
            if asked("openid") {
                members.insert("id_token".to_owned(), json!(pair.id_token));
            }
            if asked("offline_access") {
                members.insert("refresh_token".to_owned(), json!(pair.refresh));
            }
        }
        self.pairs.push(pair);
        Answer::json(200, &body).with("cache-control", "no-store").to(Some(format!("access:{number}")))
    }

    /// Whose access token this is.
    pub(super) fn caller(&self, value: &str, now: Timestamp) -> Result<Caller, Refused> {
        let found = self.pairs.iter().enumerate().find(|(_, pair)| pair.access == value);
        let (at, pair) = found.ok_or(Refused::Unknown)?;
        let name = format!("access:{}", at + 1);
        if now >= pair.access_ends {
            return Err(Refused::Ended(name, pair.access_ends));
        }
        let scopes = pair.consent.scopes.iter().filter(|scope| !self.without.contains(scope)).cloned().collect();
        Ok(Caller { name, who: pair.consent.who, scopes })
    }

    /// Ends all access tokens.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.pairs.iter_mut().for_each(|pair| pair.access_ends = pair.access_ends.min(now));
    }

    /// Ends all that these people's consents gave.
    pub(super) fn end(&mut self, who: &[&str], now: Timestamp) {
        for pair in self.pairs.iter_mut().filter(|pair| who.contains(&pair.consent.who)) {
            pair.dead = true;
            pair.access_ends = pair.access_ends.min(now);
        }
    }

    /// Whether this refresh token would be accepted now for the first time.
    pub(super) fn accepts(&self, value: &str, now: Timestamp) -> bool {
        let fresh = |pair: &Pair| pair.refresh == value && !pair.dead && pair.used.is_none() && now < pair.refresh_ends;
        self.pairs.iter().any(fresh)
    }

    pub(super) fn values(&self) -> Vec<String> {
        let of = |pair: &Pair| [pair.access.clone(), pair.refresh.clone(), pair.id_token.clone()];
        self.pairs.iter().flat_map(of).collect()
    }
}

/// The id of a person.
pub(super) fn user_id(who: &str) -> String {
    format!("a71b0000-000{}-4000-8000-000000000021", if who == "owner" { 1 } else { 2 })
}

fn jwt(claims: &Value, signature: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"fake\"}");
    format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// `identity.xero.com`.
pub(super) fn answer(xero: &Xero, request: &Incoming) -> Result<Answer, Answer> {
    strict::headers(request, &[]).map_err(refusal)?;
    strict::no_query(request).map_err(refusal)?;
    if request.method != "POST" || ![TOKEN, REVOCATION].contains(&request.path.as_str()) {
        return Err(refusal(format!("there is no {} {}", request.method, request.path)));
    }
    if request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("tokens are asked for by a form".to_owned()));
    }
    let pairs = request.form();
    let form: BTreeMap<String, String> = pairs.iter().cloned().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let known: &[&str] = match get("grant_type") {
        // RFC 7009 has the hint, and every client may send it.
        _ if request.path == REVOCATION => &["token", "token_type_hint"],
        "authorization_code" => &["grant_type", "code", "redirect_uri", "client_id", "code_verifier"],
        "refresh_token" => &["grant_type", "refresh_token", "client_id"],
        _ => return Err(wrong("unsupported_grant_type")),
    };
    strict::params("parameter", &pairs, known).map_err(refusal)?;
    let client = xero.client();
    let proof = STANDARD.encode(format!("{}:{}", client.id, client.secret));
    let scheme = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
    if scheme != Some(proof.as_str()) || form.get("client_id").is_some_and(|id| *id != client.id) {
        // An application with a secret has to prove itself by it, also where it uses PKCE.
        return Err(wrong("invalid_client"));
    }
    let now = xero.clock.now();
    if request.path == REVOCATION {
        // Both at once: a consent meanwhile comes before or after all of it.
        let (mut tenants, mut tokens) = (lock(&xero.tenants), lock(&xero.tokens));
        let owner = tokens.pairs.iter().find(|pair| pair.refresh == get("token") && !pair.dead);
        if let Some(who) = owner.map(|pair| pair.consent.who) {
            tokens.end(&[who], now);
            tenants.unlink(who, None);
        }
        return Ok(Answer { status: 200, ..Answer::default() });
    }
    let mut tokens = lock(&xero.tokens);
    let given = if get("grant_type") == "refresh_token" {
        tokens.renew(get("refresh_token"), now).map(|(consent, parent)| (consent, Some(parent)))
    } else {
        tokens.redeem(&form, now).map(|consent| (consent, None))
    };
    let (consent, parent) = given.ok_or_else(|| wrong("invalid_grant"))?;
    Ok(tokens.give(&client, consent, parent, now))
}

fn wrong(error: &str) -> Answer {
    Answer::json(400, &json!({ "error": error }))
}

fn refusal(why: String) -> Answer {
    wrong("invalid_request").refused(&why)
}
