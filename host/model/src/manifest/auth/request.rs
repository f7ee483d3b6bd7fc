//! The requests of a login.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A request of a login.
///
/// The host sends what the standard says by itself: all of it at `authorize` and `token`, and at a `refresh`
/// that names no access token; the client's proof at every request of an OAuth login; `token` and
/// `token_type_hint` at a `revoke` that names no token; nothing at a `login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenRequest {
    /// Its method; POST when left out. Only GET, POST, PUT and DELETE; a GET has its parameters in the query.
    #[serde(default = "post", skip_serializing_if = "is_post")]
    pub method: String,
    /// Its address; placeholders are facts and plain fields, percent-encoded, and the region's hosts where the
    /// region is known by then. Never a secret.
    pub url: String,
    /// Parameters besides those of the standard. Placeholders are facts, fields, and the host's
    /// `{client_id}` `{client_secret}` `{code}` `{refresh_token}` `{access_token}` `{redirect_uri}` where there
    /// is one. In a JSON body a name that begins with `/` is a pointer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// Where its parameters stand.
    #[serde(default)]
    pub place: ExchangePlace,
    /// How the client proves itself; nothing at a `login`.
    #[serde(default)]
    pub client_auth: ClientAuth,
}

impl TokenRequest {
    /// Where it goes: scheme and host as they are written, or the placeholder of a customer's own address.
    #[must_use]
    pub fn origin(&self) -> &str {
        let host = self.url.find("://").map_or(0, |at| at.saturating_add("://".len()));
        let ends = |rest: &str| rest.find(['/', '?', '#', '\\']);
        match self.url.get(host..).and_then(ends) {
            Some(length) => self.url.get(..host.saturating_add(length)).unwrap_or(&self.url),
            None => &self.url,
        }
    }
}

fn post() -> String {
    "POST".to_owned()
}

fn is_post(method: &String) -> bool {
    method == "POST"
}

/// Where the parameters of a token request stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangePlace {
    /// `application/x-www-form-urlencoded`, as the standard says.
    #[default]
    Form,
    /// A JSON object.
    Json,
    /// The query string.
    Query,
}

/// How the client proves itself at the token address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// `client_id` and `client_secret` as parameters.
    #[default]
    Body,
    /// HTTP Basic (RFC 6749, section 2.3.1).
    Basic,
    /// Only `client_id` (a public client).
    None,
}
