//! Logins and their tokens: who got what, what was spent, what is dead.

use std::time::Duration;

use patchbay_model::Timestamp;
use serde::Serialize;

use super::behaviour::{Behaviour, Renewal};
use crate::seed;

/// A login: of a person by the pages, of a machine, of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// `one`, `two`, `machine`.
    pub(crate) account: String,
    pub(crate) client: String,
    pub(crate) region: Option<String>,
    pub(crate) scopes: Vec<String>,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// Sent with calls of the API.
    Access,
    /// Renews a login.
    Refresh,
    /// A session's.
    Session,
}

/// A token, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenState {
    /// What the journal calls it: `refresh:2` is the second refresh token that was given.
    pub name: String,
    /// What it is for.
    pub kind: TokenKind,
    /// The number of its login, from 1.
    pub login: usize,
    /// It is accepted now.
    pub good: bool,
    /// It was accepted at least once by the API (access) or the token address (refresh).
    pub used: bool,
}

/// What a code stands for.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) grant: Grant,
    pub(crate) redirect: String,
    pub(crate) challenge: Option<String>,
}

/// What a login was given.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) life: Duration,
}

/// A refresh that was not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The second use of a spent token ended the login.
    pub(crate) family: bool,
}

#[derive(Debug)]
struct Code {
    value: String,
    consent: Consent,
    ends: Timestamp,
    /// The login of its first use.
    used: Option<usize>,
}

#[derive(Debug)]
struct Token {
    name: String,
    kind: TokenKind,
    value: String,
    grant: usize,
    ends: Option<Timestamp>,
    spent: Option<Timestamp>,
    dead: bool,
    used: bool,
}

/// All that was given out.
#[derive(Debug)]
pub(crate) struct Grants {
    seed: u64,
    grants: Vec<(Grant, bool)>,
    codes: Vec<Code>,
    tokens: Vec<Token>,
}

const CODE_LIFE: Duration = Duration::from_secs(180);

impl Grants {
    pub(crate) fn open(seed: u64) -> Self {
        Self { seed, grants: Vec::new(), codes: Vec::new(), tokens: Vec::new() }
    }

    pub(crate) fn code(&mut self, consent: Consent, now: Timestamp) -> String {
        let value = format!("code.{}", seed::secret(self.seed, &format!("logins/code/{}", self.codes.len()), 32));
        self.codes.push(Code { value: value.clone(), consent, ends: now.plus(CODE_LIFE), used: None });
        value
    }

    /// The consent of a code, once and where all `fits`; a second use ends what the first gave. The caller
    /// begins the login right after.
    pub(crate) fn redeem(&mut self, code: &str, now: Timestamp, fits: impl Fn(&Consent) -> bool) -> Option<Consent> {
        let next = self.grants.len();
        let found = self.codes.iter_mut().find(|known| known.value == code && now < known.ends)?;
        if let Some(first) = found.used {
            if let Some((_, dead)) = self.grants.get_mut(first) {
                *dead = true;
            }
            return None;
        }
        if !fits(&found.consent) {
            return None;
        }
        found.used = Some(next);
        Some(found.consent.clone())
    }

    /// Begins a login and gives its first tokens.
    pub(crate) fn begin(&mut self, grant: Grant, rules: &Behaviour, refresh: bool, now: Timestamp) -> Pair {
        self.grants.push((grant, false));
        let number = self.grants.len() - 1;
        self.give(number, rules, refresh && rules.renewal != Renewal::None, now)
    }

    /// Begins a session; its token.
    pub(crate) fn session(&mut self, grant: Grant, rules: &Behaviour, now: Timestamp) -> String {
        self.grants.push((grant, false));
        self.token(TokenKind::Session, self.grants.len() - 1, Some(now.plus(rules.access_life)))
    }

    /// Renews a login.
    pub(crate) fn renew(
        &mut self,
        refresh: &str,
        client: &str,
        rules: &Behaviour,
        now: Timestamp,
    ) -> Result<Pair, Refused> {
        let no = Refused { family: false };
        let found = self.tokens.iter_mut().find(|token| token.kind == TokenKind::Refresh && token.value == refresh);
        let found = found.ok_or(no)?;
        let (grant, dead) = self.grants.get_mut(found.grant).ok_or(no)?;
        if *dead || found.dead || grant.client != client {
            return Err(no);
        }
        let number = found.grant;
        let Renewal::Rotating { grace, family } = rules.renewal else {
            found.used = true;
            return Ok(self.give(number, rules, false, now));
        };
        match found.spent {
            Some(spent) if now >= spent.plus(grace) => {
                *dead |= family;
                return Err(Refused { family });
            }
            Some(_) => {}
            None => found.spent = Some(now),
        }
        found.used = true;
        Ok(self.give(number, rules, true, now))
    }

    /// Gives another access token for one that still works (`/oauth/exchange`, `/oauth/renew`).
    pub(crate) fn again(&mut self, access: &str, client: &str, rules: &Behaviour, now: Timestamp) -> Option<Pair> {
        let (number, grant) = self.live(access, TokenKind::Access, now)?;
        (grant.client == client).then(|| self.give(number, rules, false, now))
    }

    /// Whose an access or session token is; marks it used.
    pub(crate) fn open_door(&mut self, value: &str, kind: TokenKind, now: Timestamp) -> Option<(String, Grant)> {
        let (_, grant) = self.live(value, kind, now)?;
        let token = self.tokens.iter_mut().find(|token| token.value == value)?;
        token.used = true;
        Some((token.name.clone(), grant))
    }

    /// Ends the login of a token, or all of that account with that client; whether the token is known.
    pub(crate) fn revoke(&mut self, value: &str, client: &str, all: bool) -> bool {
        let Some(number) = self.tokens.iter().find(|token| token.value == value).map(|token| token.grant) else {
            return false;
        };
        let Some((of, _)) = self.grants.get(number).cloned().filter(|(grant, _)| grant.client == client) else {
            return false;
        };
        for (at, (grant, dead)) in self.grants.iter_mut().enumerate() {
            *dead |= at == number || (all && grant.account == of.account && grant.client == of.client);
        }
        true
    }

    /// Ends every token of a kind; logins go on.
    pub(crate) fn end(&mut self, kind: TokenKind) {
        self.tokens.iter_mut().filter(|token| token.kind == kind).for_each(|token| token.dead = true);
    }

    /// Ends all logins.
    pub(crate) fn end_logins(&mut self) {
        self.grants.iter_mut().for_each(|(_, dead)| *dead = true);
    }

    /// Whether this account has a live login with this client.
    pub(crate) fn is_allowed(&self, account: &str, client: &str) -> bool {
        self.grants.iter().any(|(grant, dead)| !dead && grant.account == account && grant.client == client)
    }

    /// Whether the token address would accept this refresh token now.
    pub(crate) fn accepts(&self, refresh: &str, rules: &Behaviour, now: Timestamp) -> bool {
        let found = self.tokens.iter().find(|token| token.kind == TokenKind::Refresh && token.value == refresh);
        found.is_some_and(|token| self.is_good(token, rules, now))
    }

    pub(crate) fn name(&self, value: &str) -> Option<String> {
        self.tokens.iter().find(|token| token.value == value).map(|token| token.name.clone())
    }

    pub(crate) fn values(&self) -> Vec<String> {
        self.tokens.iter().map(|token| token.value.clone()).collect()
    }

    pub(crate) fn states(&self, rules: &Behaviour, now: Timestamp) -> Vec<TokenState> {
        let show = |token: &Token| TokenState {
            name: token.name.clone(),
            kind: token.kind,
            login: token.grant + 1,
            good: self.is_good(token, rules, now),
            used: token.used,
        };
        self.tokens.iter().map(show).collect()
    }

    fn is_good(&self, token: &Token, rules: &Behaviour, now: Timestamp) -> bool {
        let grace = match rules.renewal {
            Renewal::Rotating { grace, .. } => grace,
            Renewal::None | Renewal::Fixed => Duration::ZERO,
        };
        let live = self.grants.get(token.grant).is_some_and(|(_, dead)| !dead);
        live && !token.dead
            && token.ends.is_none_or(|ends| now < ends)
            && token.spent.is_none_or(|spent| now < spent.plus(grace))
    }

    fn live(&self, value: &str, kind: TokenKind, now: Timestamp) -> Option<(usize, Grant)> {
        let token = self.tokens.iter().find(|token| token.kind == kind && token.value == value)?;
        if token.dead || token.ends.is_some_and(|ends| now >= ends) {
            return None;
        }
        self.grants.get(token.grant).filter(|(_, dead)| !dead).map(|(grant, _)| (token.grant, grant.clone()))
    }

    fn give(&mut self, number: usize, rules: &Behaviour, refresh: bool, now: Timestamp) -> Pair {
        if rules.newest_only {
            let old = |token: &&mut Token| token.grant == number && token.kind == TokenKind::Access;
            self.tokens.iter_mut().filter(old).for_each(|token| token.dead = true);
        }
        let access = self.token(TokenKind::Access, number, Some(now.plus(rules.access_life)));
        let refresh = refresh.then(|| self.token(TokenKind::Refresh, number, None));
        let scopes = self.grants.get(number).map(|(grant, _)| grant.scopes.clone()).unwrap_or_default();
        let name = self.name(&access).unwrap_or_default();
        Pair { access, refresh, name, scopes, life: rules.access_life }
    }

    fn token(&mut self, kind: TokenKind, grant: usize, ends: Option<Timestamp>) -> String {
        let word = match kind {
            TokenKind::Access => "access",
            TokenKind::Refresh => "refresh",
            TokenKind::Session => "session",
        };
        let number = self.tokens.iter().filter(|token| token.kind == kind).count() + 1;
        let name = format!("{word}:{number}");
        let value = seed::secret(self.seed, &format!("logins/{name}"), 24);
        let token = Token { name, kind, value: value.clone(), grant, ends, spent: None, dead: false, used: false };
        self.tokens.push(token);
        value
    }
}
