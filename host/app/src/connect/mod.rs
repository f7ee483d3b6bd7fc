//! Making or renewing a connection.
//!
//! Three ways lead here: a backend sends typed fields or tokens of another hub, a person logs in at the
//! provider, a person fills in the form of a connect session. All of them end with an [`Authorised`]: a
//! credential that nobody uses yet. The connector is asked once whose business account it is
//! (`identify`); then either one transaction makes the connection (`settle`), or the authorisation waits
//! sealed until the tenant's backend says that its own user is the one who connected (`pending`). Where a person is
//! signed in to the portal, the browser itself proves that (`browser`).

mod authorise;
mod browser;
mod callback;
mod clients;
mod fields;
mod finish;
mod grants;
mod identify;
mod import;
mod journey;
mod pending;
mod returns;
mod review;
mod sender;
mod sessions;
mod settle;
mod shape;

pub use authorise::{Authorise, Authorising};
pub use browser::Browser;
pub use callback::{LoginFailed, LoginReturned, ReturnedLogin};
pub use clients::RegisterClient;
pub use fields::FieldsConnect;
pub use import::Import;
pub use journey::{Choice, Confirm, Journey, Landing, Opened, Reached, Stage};
pub use review::{Review, Shared};
pub use sender::Sender;
pub use sessions::{Language, SessionRequest, SessionStarted};

pub(crate) use identify::AskIdentity;
pub(crate) use shape::{new_accounts, new_syncs, schedule_of};

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::Credential;
use patchbay_model::{ClientId, Code, ConnectionId, Fault, Secret, TenantId, manifest::Auth};
use patchbay_store::Connection;
use sha2::{Digest, Sha256};

use crate::{App, connectors::Release};

/// What came of a connect.
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// Whether the business account was known before.
    pub renewed: bool,
}

/// A credential that was just given, and what came with it.
pub(crate) struct Authorised {
    pub(crate) tenant: TenantId,
    pub(crate) release: Arc<Release>,
    pub(crate) auth: String,
    pub(crate) client: Option<ClientId>,
    /// Facts of the login: they fill placeholders.
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) credential: Credential,
    pub(crate) name: Option<String>,
    /// The connection that is to be repaired; another business account is then refused.
    pub(crate) reconnect: Option<ConnectionId>,
}

impl Authorised {
    pub(crate) fn auth(&self) -> Result<&Auth, Fault> {
        auth_method(&self.release, &self.auth)
    }
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

/// What a secret of a link, a browser or a completion is stored and found by.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl App {
    /// 256 random bits in 43 letters.
    fn secret(&self) -> Secret {
        let mut bits = [0_u8; 32];
        self.random.fill(&mut bits);
        Secret::new(data_encoding::BASE64URL_NOPAD.encode(&bits))
    }
}
