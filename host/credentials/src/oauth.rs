//! OAuth 2 authorization code (RFC 6749, 7636, 9207) as manifests declare it.
//!
//! ```text
//! begin ──► the browser consents at the provider ──► callback ──► exchange ──► refresh, refresh, …
//!   state, verifier          (hostile)                 code        tokens
//! ```
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
mod callback;
mod exchange;
mod facts;
mod fill;
mod lenient;
mod quote;
mod refresh;
mod request;

pub use begin::{Begin, begin};
pub use callback::{Callback, callback, state_of};
pub use exchange::{TokenError, Tokens, exchange};
pub use refresh::{Busy, RefreshError, refresh};

use patchbay_model::Secret;

/// What the operator registered at the provider.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its public id.
    pub id: String,
    /// Its secret; none for a public client.
    pub secret: Option<Secret>,
    /// Where the browser comes back to, exactly as registered: one address for each registration.
    pub redirect_uri: String,
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
mod canary;
#[cfg(test)]
mod script;
