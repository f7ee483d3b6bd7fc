//! OAuth 2 (RFC 6749, 7009, 7636, 9207) and logins like it, as manifests declare them.
//!
//! ```text
//! begin ──► the browser consents at the provider ──► callback ──► exchange ──► refresh, refresh, … ──► revoke
//!   state, verifier          (hostile)                 code        tokens
//!
//!                    what a person or operator entered ──► login::open ──► refresh (asks again), … ──► revoke
//! ```
//!
//! The second line are logins without a browser: client credentials, and sessions of a provider's own kind.
//!
//! The `oauth2` crate builds the authorize address and the PKCE challenge. Token requests and answers
//! are ours: the crate sends forms only, and knows neither facts, `iss`, errors inside a status 200,
//! nor bounds.
//!
//! What the caller keeps: the attempt by the hash of its state, taken in one statement so that a second
//! callback finds nothing; the registration, tenant, connector and browser it belongs to; the release
//! whose manifest began it. What is promised here: no text of an error holds a secret that was sent or
//! received, and nothing of a provider is longer than a few hundred letters.

mod answer;
mod begin;
mod body;
mod call;
mod callback;
mod exchange;
mod facts;
mod fill;
mod grant;
mod jwt;
mod lenient;
pub mod login;
mod quote;
mod refresh;
pub(crate) mod region;
mod request;
mod revoke;
mod rules;
mod signed;

pub use begin::{Begin, begin};
pub use callback::{Callback, callback, state_of};
pub use exchange::{TokenError, Tokens, exchange};
pub use refresh::{Busy, RefreshError, refresh};
pub use revoke::{RevokeError, revoke};

use std::collections::BTreeMap;

use patchbay_model::{Secret, manifest::REGION};

/// What the operator registered at the provider.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its public id.
    pub id: String,
    /// Its secret; none for a public client.
    pub secret: Option<Secret>,
    /// Secrets of its own for some regions, by the id of the region.
    pub region_secrets: BTreeMap<String, Secret>,
    /// Where the browser comes back to, exactly as registered: one address for each registration.
    pub redirect_uri: String,
}

impl Client {
    /// The secret for a login with these facts: that of its region, where there is one.
    #[must_use]
    pub fn secret_for(&self, facts: &BTreeMap<String, String>) -> Option<&Secret> {
        let of_region = facts.get(REGION).and_then(|region| self.region_secrets.get(region));
        of_region.or(self.secret.as_ref())
    }
}

/// How a token request leaves the host: the app gives the egress gate's `exchange`.
///
/// Implementations follow no redirect, use https only, stop at 64 KiB and 15 s, and log no query.
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and reads all of the answer.
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError>;
}

/// Why there is no answer. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Surely nothing has left: no address, no connection, not allowed.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have arrived, and its answer is lost.
    #[error("no answer: {0}")]
    Unknown(String),
}

#[cfg(test)]
pub(crate) mod canary;
#[cfg(test)]
mod late;
#[cfg(test)]
pub(crate) mod script;
