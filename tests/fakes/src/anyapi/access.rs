//! Credentials: six manners, each refused where it is mixed with another.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use patchbay_model::Timestamp;
use serde_json::json;

use super::{AnyApi, LOGIN_HOST, nothing, refusal};
use crate::{
    exchange::{Answer, Incoming},
    lock, seed, strict,
};

/// How long a token of the token address lives.
const LIFE_SECONDS: i64 = 3_600;

/// How a request proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// `Authorization: Bearer`.
    Bearer,
    /// `X-Api-Key`.
    HeaderKey,
    /// `?api_key=`.
    QueryKey,
    /// `Authorization: Basic`.
    Basic,
    /// A token of the token address.
    ClientCredentials,
    /// Not at all.
    None,
}

impl Manner {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Bearer, Self::HeaderKey, Self::QueryKey, Self::Basic, Self::ClientCredentials, Self::None];

    /// As the manifest of the connector spells it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::HeaderKey => "header-key",
            Self::QueryKey => "query-key",
            Self::Basic => "basic",
            Self::ClientCredentials => "client-credentials",
            Self::None => "none",
        }
    }
}

/// The values that are accepted.
pub(super) struct Access {
    seed: u64,
}

impl Access {
    pub(super) fn of(seed: u64) -> Self {
        Self { seed }
    }

    fn secret(&self, what: &str) -> String {
        seed::secret(self.seed, &format!("anyapi/{what}"), 32)
    }

    pub(super) fn entered(&self, manner: Manner) -> BTreeMap<String, String> {
        let fields: Vec<(&str, String)> = match manner {
            Manner::Bearer => vec![("token", self.secret("token"))],
            Manner::HeaderKey | Manner::QueryKey => vec![("api_key", self.secret("key"))],
            Manner::Basic => vec![("user", "els@acme.example".to_owned()), ("password", self.secret("password"))],
            Manner::ClientCredentials => {
                vec![("client_id", "acme-client".to_owned()), ("client_secret", self.secret("client"))]
            }
            Manner::None => Vec::new(),
        };
        let all = fields.into_iter().chain([("subdomain", "acme".to_owned())]);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Which manner this request has; none when what it shows is not accepted.
    pub(super) fn manner(&self, request: &Incoming, tokens: &BTreeMap<String, i64>, now: Timestamp) -> Option<Manner> {
        let (authorization, key) = (request.header("authorization"), request.header("x-api-key"));
        let in_query = request.param("api_key");
        match (authorization, key, in_query) {
            (None, None, None) => Some(Manner::None),
            (None, Some(key), None) => (key == self.secret("key")).then_some(Manner::HeaderKey),
            (None, None, Some(key)) => (key == self.secret("key")).then_some(Manner::QueryKey),
            (Some(value), None, None) => {
                if let Some(token) = value.strip_prefix("Bearer ") {
                    if token == self.secret("token") {
                        return Some(Manner::Bearer);
                    }
                    let ends = tokens.get(token)?;
                    return (now.as_millis() < *ends).then_some(Manner::ClientCredentials);
                }
                let pair = format!("els@acme.example:{}", self.secret("password"));
                (value.strip_prefix("Basic ")? == STANDARD.encode(pair)).then_some(Manner::Basic)
            }
            _ => None,
        }
    }
}

/// `POST /oauth/token` at the host of logins (RFC 6749, section 4.4).
pub(super) fn token(api: &AnyApi, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, LOGIN_HOST).map_err(refusal)?;
    if request.method != "POST" || request.path != "/oauth/token" {
        return Err(nothing());
    }
    if request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("the token address takes a form".to_owned()));
    }
    let form = request.form();
    strict::params("parameter", &form, &["grant_type", "client_id", "client_secret", "scope"]).map_err(refusal)?;
    let get = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let entered = api.access.entered(Manner::ClientCredentials);
    let good = ["client_id", "client_secret"].iter().all(|name| get(name) == entered.get(*name).map(String::as_str));
    let mut data = lock(&api.data);
    if !good || get("grant_type") != Some("client_credentials") || data.revoked.contains(&Manner::ClientCredentials) {
        return Err(Answer::json(401, &json!({ "error": "invalid_client" })));
    }
    data.given += 1;
    let token = seed::secret(api.seed, &format!("anyapi/given/{}", data.given), 40);
    data.tokens.insert(token.clone(), api.clock.now().as_millis() + LIFE_SECONDS * 1_000);
    Ok(Answer::json(200, &json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFE_SECONDS })))
}
