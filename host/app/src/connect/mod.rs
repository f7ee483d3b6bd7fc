//! Making or renewing a connection.
//!
//! Both ways, typed fields and a login at the provider, end in [`settle`](App::settle): the connector is
//! asked once whose business account it is (`auth.identify`), then one transaction stores the sealed
//! credential, the connection, its accounts and syncs, and an audit line. A known business account
//! renews its connection: nobody gets a second copy by connecting twice.

mod clients;
mod fields;
mod login;
mod settle;

pub use fields::FieldsConnect;
pub use login::{LoginStarted, OauthConnect, ReturnedLogin, SessionStarted, SessionView};

use patchbay_model::{Code, Fault, manifest::Auth};
use patchbay_store::Connection;

use crate::connectors::Release;

/// What came of a connect.
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// Whether the business account was known before.
    pub renewed: bool,
}

fn auth_method<'r>(release: &'r Release, id: &str) -> Result<&'r Auth, Fault> {
    release.manifest.auth(id).ok_or_else(|| {
        let known: Vec<&str> = release.manifest.auths.iter().map(|auth| auth.id.as_str()).collect();
        Fault::because(
            Code::AuthUnknown,
            format!("{} has no auth method {id:?}; it has {}.", release.manifest.name, known.join(", ")),
        )
    })
}
