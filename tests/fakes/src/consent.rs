//! OAuth 2 by code with refresh tokens that rotate, as two providers have it: a page to log in, a page to consent, and
//! the token address. The old refresh token ends at once when a new one is given.

mod pages;
mod tokens;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use patchbay_model::Timestamp;

use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::{Client, Login},
    seed,
};
pub(crate) use tokens::Access;
use tokens::Tokens;

/// What is fixed about a provider's login.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// What its seeds begin with.
    pub(crate) name: &'static str,
    /// Host of all three addresses.
    pub(crate) host: &'static str,
    /// Path of the consent page.
    pub(crate) authorize: &'static str,
    /// Path of the token address.
    pub(crate) token: &'static str,
    /// Scopes that may be asked for; where there are none, the parameter is not known.
    pub(crate) scopes: &'static [&'static str],
    /// Whether PKCE is taken.
    pub(crate) pkce: bool,
    /// How long access tokens live.
    pub(crate) access: Duration,
    /// How long refresh tokens live.
    pub(crate) refresh: Duration,
}

/// Somebody who can log in, and what is seen with the tokens of that person.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) login: Login,
    /// Which account of the provider: `broker`, `portal`.
    pub(crate) account: &'static str,
}

/// A provider's login, with all that was given out.
#[derive(Debug)]
pub(crate) struct Door {
    seed: u64,
    rules: Rules,
    people: Vec<Person>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    redirects: BTreeSet<String>,
    /// Who is logged in, by cookie: the token in the forms, and the account.
    sessions: BTreeMap<String, (String, &'static str)>,
    tokens: Tokens,
}

impl Door {
    /// People by user name and account; their passwords are made of the seed.
    pub(crate) fn open(seed: u64, rules: Rules, people: &[(&str, &'static str)]) -> Self {
        let person = |(user, account): &(&str, &'static str)| Person {
            login: Login {
                user: (*user).to_owned(),
                password: seed::secret(seed, &format!("{}/password/{account}", rules.name), 16),
            },
            account,
        };
        Self { seed, rules, people: people.iter().map(person).collect(), state: Mutex::default() }
    }

    /// The registered application.
    pub(crate) fn client(&self) -> Client {
        let secret = |kind: &str| seed::secret(self.seed, &format!("{}/{kind}", self.rules.name), 40);
        Client { id: secret("client"), secret: secret("secret") }
    }

    /// Who sees this account.
    pub(crate) fn login(&self, account: &str) -> Option<Login> {
        self.people.iter().find(|person| person.account == account).map(|person| person.login.clone())
    }

    pub(crate) fn allow_redirect(&self, address: &str) {
        lock(&self.state).redirects.insert(address.to_owned());
    }

    /// Ends all access tokens; refresh tokens stay good.
    pub(crate) fn expire_access(&self) {
        lock(&self.state).tokens.expire();
    }

    /// Ends everything that was given out.
    pub(crate) fn revoke_all(&self) {
        lock(&self.state).tokens.revoke();
    }

    /// Whether this refresh token would be accepted now.
    pub(crate) fn accepts_refresh(&self, value: &str) -> bool {
        lock(&self.state).tokens.accepts(value)
    }

    /// The values of all tokens, and the client's secret.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = lock(&self.state).tokens.values();
        secrets.push(self.client().secret);
        secrets
    }

    pub(crate) fn reset(&self) {
        let mut state = lock(&self.state);
        let redirects = std::mem::take(&mut state.redirects);
        *state = State { redirects, ..State::default() };
    }

    /// The access token of a request; the name of one that is not good, where it was given out.
    pub(crate) fn access(&self, value: &str, now: Timestamp) -> Result<Access, Option<String>> {
        lock(&self.state).tokens.used(value, now)
    }

    /// Whether a request is for one of the login's addresses.
    pub(crate) fn serves(&self, request: &Incoming) -> bool {
        let path = request.path.as_str();
        path == self.rules.authorize || path == self.rules.token || path == pages::LOGIN
    }

    /// Answers it.
    pub(crate) fn answer(&self, request: &Incoming, now: Timestamp) -> Answer {
        let answered = if request.path == self.rules.token {
            tokens::answer(self, request, now)
        } else {
            pages::answer(self, request, now)
        };
        answered.unwrap_or_else(|answer| answer)
    }
}
