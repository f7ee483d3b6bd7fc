//! The two kinds of application that GitHub knows, and what each was given: a classic OAuth application's
//! token has scopes and no end; a GitHub App's pair has an end and rotates, and **both old tokens stop
//! working at once** when it is refreshed.

use std::{collections::BTreeSet, time::Duration};

use patchbay_model::Timestamp;
use serde::Serialize;

use super::{Client, tokens::Token};
use crate::{login, seed};

const CODE_LIFE: Duration = Duration::from_secs(600);
/// Life of a GitHub App's access token.
pub(crate) const ACCESS_LIFE: Duration = Duration::from_secs(28_800);
/// Life of a GitHub App's refresh token.
pub(crate) const REFRESH_LIFE: Duration = Duration::from_secs(15_811_200);

/// Which kind of application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum AppKind {
    /// A classic OAuth application: scopes, no end, no refresh.
    Oauth,
    /// A GitHub App with tokens that end: no scopes, rotation.
    Github,
}

/// What an application was given, without values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// What the journal calls it: `oauth:1`.
    pub name: String,
    /// To which application.
    pub app: AppKind,
    /// The access token is accepted now.
    pub access_good: bool,
    /// The refresh token is accepted now.
    pub refresh_good: bool,
}

/// What a person allowed.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) app: AppKind,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect: String,
    pub(crate) challenge: Option<String>,
}

/// All that was given out.
#[derive(Debug)]
pub(crate) struct Apps {
    seed: u64,
    pub(crate) redirects: BTreeSet<String>,
    codes: Vec<Code>,
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Code {
    value: String,
    consent: Consent,
    ends: Timestamp,
    used: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Pair {
    number: usize,
    pub(crate) app: AppKind,
    pub(crate) scopes: Vec<String>,
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    access_ends: Option<Timestamp>,
    refresh_ends: Timestamp,
    dead: bool,
}

/// The application of this kind.
pub(crate) fn client(seed: u64, kind: AppKind) -> Client {
    let (prefix, label) = match kind {
        AppKind::Oauth => ("Ov23li", "oauth"),
        AppKind::Github => ("Iv23li", "app"),
    };
    let id = format!("{prefix}{}", seed::secret(seed, &format!("github/{label}/id"), 14));
    Client { id, secret: seed::secret(seed, &format!("github/{label}/secret"), 40) }
}

impl Apps {
    pub(crate) fn open(seed: u64) -> Self {
        Self { seed, redirects: BTreeSet::new(), codes: Vec::new(), pairs: Vec::new() }
    }

    /// The application with this id.
    pub(crate) fn kind(&self, id: &str) -> Option<AppKind> {
        [AppKind::Oauth, AppKind::Github].into_iter().find(|kind| client(self.seed, *kind).id == id)
    }

    /// The application that these prove to be.
    pub(crate) fn proven(&self, id: &str, secret: &str) -> Option<AppKind> {
        self.kind(id).filter(|kind| client(self.seed, *kind).secret == secret)
    }

    /// Whether a person who allowed these scopes once is asked again.
    pub(crate) fn is_allowed(&self, app: AppKind, scopes: &[String]) -> bool {
        let mut live = self.pairs.iter().filter(|pair| !pair.dead && pair.app == app);
        live.any(|pair| scopes.iter().all(|scope| pair.scopes.contains(scope)))
    }

    /// Makes the code of a consent.
    pub(crate) fn code(&mut self, consent: Consent, now: Timestamp) -> String {
        let value: String =
            seed::sha256(seed::secret(self.seed, &format!("github/code/{}", self.codes.len()), 20).as_bytes());
        let value = value.get(..20).unwrap_or_default().to_owned();
        self.codes.push(Code { value: value.clone(), consent, ends: now.plus(CODE_LIFE), used: false });
        value
    }

    /// What a code stands for; the error is the one of the sheet.
    pub(crate) fn redeem(
        &mut self,
        app: AppKind,
        code: &str,
        redirect: Option<&str>,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<Consent, &'static str> {
        let found = self.codes.iter_mut().find(|known| known.value == code && known.consent.app == app);
        let found = found.filter(|known| !known.used && now < known.ends).ok_or("bad_verification_code")?;
        if redirect.is_some_and(|redirect| redirect != found.consent.redirect) {
            return Err("redirect_uri_mismatch");
        }
        if !login::proves(found.consent.challenge.as_deref(), verifier) {
            return Err("bad_verification_code");
        }
        found.used = true;
        Ok(found.consent.clone())
    }

    /// Ends the pair of a refresh token; none when it is not good.
    pub(crate) fn spend(&mut self, app: AppKind, refresh: &str, now: Timestamp) -> Option<Vec<String>> {
        let fits = |pair: &&mut Pair| pair.app == app && pair.refresh.as_deref() == Some(refresh);
        let found = self.pairs.iter_mut().find(fits).filter(|pair| !pair.dead && now < pair.refresh_ends)?;
        found.dead = true;
        Some(found.scopes.clone())
    }

    /// Gives a token or a pair.
    pub(crate) fn give(&mut self, app: AppKind, scopes: Vec<String>, now: Timestamp) -> Pair {
        let number = self.pairs.len() + 1;
        let value = |prefix: &str, length: usize| {
            format!("{prefix}{}", seed::secret(self.seed, &format!("github/{prefix}/{number}"), length))
        };
        let (access, refresh, ends) = match app {
            AppKind::Oauth => (value("gho_", 36), None, None),
            AppKind::Github => (value("ghu_", 36), Some(value("ghr_", 76)), Some(now.plus(ACCESS_LIFE))),
        };
        let pair = Pair {
            number,
            app,
            scopes,
            access,
            refresh,
            access_ends: ends,
            refresh_ends: now.plus(REFRESH_LIFE),
            dead: false,
        };
        self.pairs.push(pair.clone());
        pair
    }

    /// Whose an access token is; its name when it is dead.
    pub(crate) fn access(&self, value: &str, now: Timestamp) -> Option<Result<Token, String>> {
        let pair = self.pairs.iter().find(|pair| pair.access == value)?;
        if !pair.is_good(now) {
            return Some(Err(pair.name()));
        }
        let (scopes, may_write) = match pair.app {
            AppKind::Oauth => (Some(pair.scopes.join(", ")), pair.scopes.iter().any(|scope| scope == "repo")),
            AppKind::Github => (None, true),
        };
        let token = Token { name: pair.name(), value: value.to_owned(), login: "els", user_id: 77, scopes, may_write };
        Some(Ok(token))
    }

    /// Whether this application has this access token, and it is good.
    pub(crate) fn holds(&self, app: AppKind, access: &str, now: Timestamp) -> bool {
        self.pairs.iter().any(|pair| pair.app == app && pair.access == access && pair.is_good(now))
    }

    /// Ends one token, or with `all` everything of that application.
    pub(crate) fn revoke(&mut self, app: AppKind, access: &str, all: bool) {
        for pair in self.pairs.iter_mut().filter(|pair| pair.app == app && (all || pair.access == access)) {
            pair.dead = true;
        }
    }

    pub(crate) fn revoke_all(&mut self) {
        self.pairs.iter_mut().for_each(|pair| pair.dead = true);
    }

    pub(crate) fn values(&self) -> Vec<String> {
        self.pairs.iter().flat_map(|pair| [Some(pair.access.clone()), pair.refresh.clone()]).flatten().collect()
    }

    pub(crate) fn given(&self, now: Timestamp) -> Vec<Given> {
        let show = |pair: &Pair| Given {
            name: pair.name(),
            app: pair.app,
            access_good: pair.is_good(now),
            refresh_good: pair.refresh.is_some() && !pair.dead && now < pair.refresh_ends,
        };
        self.pairs.iter().map(show).collect()
    }
}

impl Pair {
    pub(crate) fn name(&self) -> String {
        format!("oauth:{}", self.number)
    }

    fn is_good(&self, now: Timestamp) -> bool {
        !self.dead && self.access_ends.is_none_or(|ends| now < ends)
    }
}
