//! The token address with introspection and revocation (sheet 2.1). Everything stands in the body; what stands in the query is refused. A
//! refresh gives another access token and the same refresh token.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::Hubspot;
use crate::{
    exchange::{Answer, Incoming},
    lock, login, seed, strict,
};

const CODE_LIFE: Duration = Duration::from_secs(300);
const ACCESS_LIFE: Duration = Duration::from_secs(1_800);
/// Under which the token address is found.
const VERSIONS: [&str; 4] = ["2026-03", "2026-09", "v3", "v1"];

/// What an application may ask for.
pub(super) const SCOPES: [&str; 10] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.objects.owners.read",
    "files",
    "files.read",
];

/// What a person allowed.
#[derive(Debug, Clone)]
pub(super) struct Consent {
    pub(super) who: &'static str,
    pub(super) portal: &'static str,
    pub(super) scopes: Vec<String>,
    pub(super) redirect: String,
    pub(super) challenge: Option<String>,
}

/// An access token that is good.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// What the journal calls it: `access:2`.
    pub(super) name: String,
    pub(super) portal: &'static str,
    pub(super) scopes: Vec<String>,
}

/// Why an access token is not accepted.
pub(super) enum Refused {
    Unknown,
    Ended(String),
}

/// Everything that was given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    codes: Vec<(String, Consent, Timestamp, bool)>,
    grants: Vec<Grant>,
    accesses: Vec<Access>,
    /// Taken away from all that was granted.
    pub(super) without: Vec<String>,
    /// Whether the private app's token is good.
    pub(super) private: bool,
}

#[derive(Debug)]
struct Grant {
    refresh: String,
    consent: Consent,
    dead: bool,
}

#[derive(Debug)]
struct Access {
    value: String,
    grant: usize,
    ends: Timestamp,
}

impl Tokens {
    pub(super) fn open(seed: u64) -> Self {
        let (codes, grants, accesses, without) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { seed, codes, grants, accesses, without, private: true }
    }

    pub(super) fn code(&mut self, consent: Consent, now: Timestamp) -> String {
        let value = seed::secret(self.seed, &format!("hubspot/code/{}", self.codes.len()), 36);
        self.codes.push((value.clone(), consent, now.plus(CODE_LIFE), false));
        value
    }

    fn redeem(&mut self, form: &BTreeMap<String, String>, now: Timestamp) -> Result<usize, Answer> {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let code = self.codes.iter_mut().find(|(value, ..)| value == get("code"));
        let code = code.filter(|(_, _, ends, used)| !*used && now < *ends);
        let Some((_, consent, _, used)) = code else {
            return Err(wrong("BAD_AUTH_CODE", "missing or unknown auth code"));
        };
        if consent.redirect != get("redirect_uri") {
            return Err(wrong("MISMATCH_REDIRECT_URI_AUTH_CODE", "redirect URI does not match"));
        }
        if !login::proves(consent.challenge.as_deref(), form.get("code_verifier").map(String::as_str)) {
            return Err(wrong("BAD_AUTH_CODE", "the code verifier does not fit"));
        }
        *used = true;
        let (number, consent) = (self.grants.len() + 1, consent.clone());
        let refresh = format!("eu1-{}", seed::secret(self.seed, &format!("hubspot/refresh/{number}"), 32));
        self.grants.push(Grant { refresh, consent, dead: false });
        Ok(number - 1)
    }

    fn give(&mut self, grant: usize, now: Timestamp) -> Option<Answer> {
        let number = self.accesses.len() + 1;
        let value = format!("CL2x{}", seed::secret(self.seed, &format!("hubspot/access/{number}"), 60));
        let given = self.grants.get(grant)?;
        let body = json!({
            "token_type": "bearer", "access_token": value, "refresh_token": given.refresh,
            "expires_in": ACCESS_LIFE.as_secs(), "hub_id": number_of(given.consent.portal),
            "user_id": user_of(given.consent.who), "scopes": self.granted(&given.consent.scopes),
            "token_use": "access_token",
        });
        self.accesses.push(Access { value, grant, ends: now.plus(ACCESS_LIFE) });
        Some(Answer::json(200, &body).with("cache-control", "no-store").to(Some(format!("access:{number}"))))
    }

    fn granted(&self, scopes: &[String]) -> Vec<String> {
        scopes.iter().filter(|scope| !self.without.contains(scope)).cloned().collect()
    }

    /// Whose access token this is.
    pub(super) fn caller(&self, value: &str, private: &str, now: Timestamp) -> Result<Caller, Refused> {
        if value == private {
            let all: Vec<String> = SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
            let name = "private".to_owned();
            let caller = Caller { name, portal: super::data::MAIN, scopes: self.granted(&all) };
            return if self.private { Ok(caller) } else { Err(Refused::Unknown) };
        }
        let found = self.accesses.iter().enumerate().find(|(_, access)| access.value == value);
        let (at, access) = found.ok_or(Refused::Unknown)?;
        let name = format!("access:{}", at + 1);
        match self.grants.get(access.grant).filter(|grant| !grant.dead && now < access.ends) {
            Some(grant) => {
                Ok(Caller { name, portal: grant.consent.portal, scopes: self.granted(&grant.consent.scopes) })
            }
            None => Err(Refused::Ended(name)),
        }
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.accesses.iter_mut().for_each(|access| access.ends = access.ends.min(now));
    }

    /// Ends everything, as when the application is uninstalled.
    pub(super) fn end_all(&mut self) {
        self.grants.iter_mut().for_each(|grant| grant.dead = true);
    }

    pub(super) fn count(&self) -> usize {
        self.accesses.len()
    }

    /// Whether this refresh token would be accepted now.
    pub(super) fn accepts(&self, value: &str) -> bool {
        self.grants.iter().any(|grant| grant.refresh == value && !grant.dead)
    }

    pub(super) fn values(&self) -> Vec<String> {
        let refresh = self.grants.iter().map(|grant| grant.refresh.clone());
        refresh.chain(self.accesses.iter().map(|access| access.value.clone())).collect()
    }
}

fn number_of(portal: &str) -> u64 {
    portal.parse().unwrap_or_default()
}

fn user_of(who: &str) -> u64 {
    if who == "els" { 5_566 } else { 5_567 }
}

/// Whether a request is for one of the addresses of tokens.
pub(super) fn serves(request: &Incoming) -> bool {
    request.path.starts_with("/oauth/")
}

/// Answers it.
pub(super) fn answer(hubspot: &Hubspot, request: &Incoming) -> Result<Answer, Answer> {
    strict::headers(request, &[]).map_err(|why| refusal(&why))?;
    strict::no_query(request).map_err(|why| refusal(&why))?;
    let segments = request.segments();
    let (version, asks) = match segments.as_slice() {
        ["oauth", version, "token"] => (*version, ""),
        ["oauth", version, "token", asks @ ("introspect" | "revoke")] => (*version, *asks),
        _ => return Err(refusal("the fake does not know this path")),
    };
    if !VERSIONS.contains(&version) || request.method != "POST" {
        return Err(refusal(&format!("there is no {} {}", request.method, request.path)));
    }
    if request.media_type() != "application/x-www-form-urlencoded" || request.header("authorization").is_some() {
        return Err(refusal("tokens are asked for by a form, with the client in it"));
    }
    let pairs = request.form();
    let form: BTreeMap<String, String> = pairs.iter().cloned().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let known: &[&str] = match (asks, get("grant_type")) {
        ("", "authorization_code") => {
            &["grant_type", "client_id", "client_secret", "redirect_uri", "code", "code_verifier"]
        }
        ("", "refresh_token") => &["grant_type", "client_id", "client_secret", "refresh_token"],
        ("", _) => return Err(wrong("BAD_GRANT_TYPE", "unknown grant type")),
        _ => &["token", "token_type_hint", "client_id", "client_secret"],
    };
    strict::params("parameter", &pairs, known).map_err(|why| refusal(&why))?;
    let client = hubspot.client();
    if get("client_id") != client.id {
        return Err(wrong("BAD_CLIENT_ID", "missing or invalid client id"));
    }
    if get("client_secret") != client.secret {
        return Err(wrong("BAD_CLIENT_SECRET", "missing or invalid client secret"));
    }
    let (now, mut tokens) = (hubspot.clock.now(), lock(&hubspot.tokens));
    if asks == "introspect" {
        return Ok(introspected(&tokens, get("token"), now));
    }
    if asks == "revoke" {
        let token = get("token");
        let grant = tokens.accesses.iter().find(|access| access.value == token).map(|access| access.grant);
        let grant = grant.or_else(|| tokens.grants.iter().position(|grant| grant.refresh == token));
        if let Some(grant) = grant.and_then(|at| tokens.grants.get_mut(at)) {
            grant.dead = true;
        }
        return Ok(Answer::json(200, &json!({})));
    }
    let unknown = || wrong("BAD_REFRESH_TOKEN", "missing or invalid refresh token");
    let grant = if get("grant_type") == "refresh_token" {
        let fits = |grant: &Grant| grant.refresh == get("refresh_token") && !grant.dead;
        tokens.grants.iter().position(fits).ok_or_else(unknown)?
    } else {
        tokens.redeem(&form, now)?
    };
    tokens.give(grant, now).ok_or_else(unknown)
}

fn introspected(tokens: &Tokens, value: &str, now: Timestamp) -> Answer {
    let access = tokens.accesses.iter().find(|access| access.value == value && now < access.ends);
    let found = access.and_then(|access| Some((access, tokens.grants.get(access.grant).filter(|grant| !grant.dead)?)));
    let body = match found {
        None => json!({ "active": false }),
        Some((access, grant)) => json!({ "active": true, "hub_id": number_of(grant.consent.portal),
            "user_id": user_of(grant.consent.who), "user": format!("{}@voorbeeld.example", grant.consent.who),
            "scopes": tokens.granted(&grant.consent.scopes), "expires_in": access.ends.since(now).as_secs(), "app_id": 31_337 }),
    };
    Answer::json(200, &body)
}

/// An error of the token address.
fn wrong(status: &str, message: &str) -> Answer {
    let body: Value =
        json!({ "status": status, "message": message, "correlationId": "5a1f0000-0000-4000-8000-000000000079" });
    Answer::json(400, &body)
}

fn refusal(why: &str) -> Answer {
    wrong("BAD_REQUEST", &format!("fake: {why}")).refused(why)
}
