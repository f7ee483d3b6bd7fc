//! Who a bearer token belongs to and what it may.

use serde_json::{Value, json};

use super::{apps::Apps, data::Data, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    seed, strict,
};
use patchbay_model::Timestamp;

/// A token of the fake.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// What the journal calls it.
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) login: &'static str,
    pub(crate) user_id: u64,
    /// `X-OAuth-Scopes`; only classic tokens have it.
    pub(crate) scopes: Option<String>,
    pub(crate) may_write: bool,
}

/// The tokens of a seed.
pub(crate) fn all(seed: u64) -> Vec<Token> {
    let classic = |name: &str| format!("ghp_{}", seed::secret(seed, &format!("github/{name}"), 36));
    let fine = |name: &str| {
        let secret = seed::secret(seed, &format!("github/{name}"), 81);
        let (head, tail) = secret.split_at(22);
        format!("github_pat_{head}_{tail}")
    };
    let (els, piet) = (("els", 77), ("piet", 78));
    let token = |name: &str, value, (login, user_id), scopes: Option<&str>, may_write| Token {
        name: name.to_owned(),
        value,
        login,
        user_id,
        scopes: scopes.map(str::to_owned),
        may_write,
    };
    vec![
        token("owner", classic("owner"), els, Some("repo, read:user"), true),
        token("reader", fine("reader"), els, None, false),
        token("stranger", classic("stranger"), piet, Some("repo"), true),
        token("revoked", classic("revoked"), els, Some("repo"), true),
    ]
}

/// The token of a request: one of the seed, or one that an application was given.
pub(crate) fn check(
    tokens: &[Token],
    given: &Apps,
    data: &Data,
    request: &Incoming,
    now: Timestamp,
) -> Result<Token, Answer> {
    let Some(header) = request.header("authorization") else { return Err(problem(401, "Requires authentication")) };
    let Some(value) = header.strip_prefix("Bearer ") else {
        return Err(refusal("authorization must be \"Bearer <token>\"".to_owned()));
    };
    let refused = |name: &str| problem(401, "Bad credentials").to(Some(name.to_owned()));
    match tokens.iter().find(|token| token.value == value) {
        Some(token) if data.is_revoked(&token.name) => Err(refused(&token.name)),
        Some(token) => Ok(token.clone()),
        None => match given.access(value, now) {
            Some(Ok(token)) => Ok(token),
            Some(Err(name)) => Err(refused(&name)),
            None => Err(problem(401, "Bad credentials")),
        },
    }
}

/// That the token may write; a body is required then.
pub(crate) fn may_write(token: &Token, request: &Incoming) -> Result<(), Answer> {
    strict::no_query(request).map_err(refusal)?;
    if token.may_write { Ok(()) } else { Err(problem(403, "Resource not accessible by personal access token")) }
}

impl Token {
    /// `GET /user`.
    pub(crate) fn user(&self) -> Value {
        json!({
            "id": self.user_id,
            "login": self.login,
            "name": if self.login == "els" { "Els Vermeulen" } else { "Piet Janssens" },
            "email": null,
            "type": "User",
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}", self.user_id),
        })
    }
}
