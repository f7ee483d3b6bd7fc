//! How the provider behaves: one table, of which a test sets what it is about.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Everything that differs between the providers of the sheets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// How long access and session tokens are accepted.
    pub access_life: Duration,
    /// Whether token answers say so.
    pub says_life: bool,
    /// How a login is renewed.
    pub renewal: Renewal,
    /// An access token ends when a newer one of its login is given.
    pub newest_only: bool,
    /// Token errors come with status 200.
    pub errors_in_200: bool,
    /// Tokens, life and scopes stand under `/data/auth` instead of at the top.
    pub nested: bool,
    /// How granted scopes are written.
    pub scopes: ScopesAs,
    /// How the client has to prove itself at the token address.
    pub proof: Proof,
    /// A login without an S256 challenge is refused.
    pub pkce: bool,
    /// Sent as `iss` with each callback.
    pub issuer: Option<String>,
    /// A person who allowed the client once is sent back without a page.
    pub skips_consent: bool,
    /// Each region has a client secret of its own.
    pub secret_by_region: bool,
    /// What a revocation ends.
    pub revocation: Revocation,
}

/// How a login is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// There is no refresh token; see `/oauth/exchange` and `/oauth/renew`.
    None,
    /// One refresh token for ever, given at the login only.
    Fixed,
    /// A refresh gives another refresh token. Once spent, the old one works for `grace`; after that its use
    /// is refused, and with `family` ends the whole login.
    Rotating {
        /// How long a spent token still works.
        grace: Duration,
        /// Whether a second use after that ends the login.
        family: bool,
    },
}

/// How granted scopes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopesAs {
    /// One text, separated by spaces.
    Spaces,
    /// One text, separated by commas.
    Commas,
    /// An array.
    Array,
    /// Not at all.
    Nothing,
}

/// How the client proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// HTTP Basic only.
    Basic,
    /// Parameters only.
    Body,
    /// One of both, never both.
    Either,
}

/// What a revocation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revocation {
    /// The login that the token belongs to.
    Login,
    /// All logins of that account with that client.
    Account,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            access_life: Duration::from_secs(3_600),
            says_life: true,
            renewal: Renewal::Rotating { grace: Duration::ZERO, family: true },
            newest_only: false,
            errors_in_200: false,
            nested: false,
            scopes: ScopesAs::Spaces,
            proof: Proof::Either,
            pkce: true,
            issuer: None,
            skips_consent: false,
            secret_by_region: false,
            revocation: Revocation::Login,
        }
    }
}
