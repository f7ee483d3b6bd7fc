//! Credentials: how they are sealed at rest, entered in a form, and had from a provider by OAuth 2.
//!
//! **No SQL and no HTTP client here.** The store keeps the bytes that [`seal`] makes, and [`oauth`]
//! speaks through a [`oauth::Transport`] that the app binds to the egress gate. Time and randomness
//! are parameters.
//!
//! - [`seal`]: key file, key ring, data keys, and the format of a sealed value byte by byte.
//! - [`credential`]: what proves a connection, as it is sealed.
//! - [`fields`]: what a person enters, checked by the manifest.
//! - [`oauth`]: begin, callback, exchange, refresh, revoke.
//! - [`login`]: logins without a browser: client credentials and sessions.

pub mod credential;
pub mod fields;
pub mod oauth;
mod pattern;
pub mod seal;

pub use credential::Credential;
pub use oauth::{RefreshError, RevokeError, TokenError, Transport, TransportError, login};
pub use pattern::matches_whole;
pub use seal::{DataKey, KeyFileError, KeyNumber, KeyRing, SealContext, SealError};
