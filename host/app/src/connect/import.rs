//! Importing the tokens of another hub, so that nobody has to log in again.
//!
//! The tokens become a connection like any other: the connector is asked whose they are first, with an access
//! token that still works. Nothing is refreshed here: a refresh token is spent only by the connection that
//! has it, under its lease (`tokens`), or a kill in between would lose what came of it. From the import on
//! the old hub must not refresh any more, because a provider that rotates would end the one or the other.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::{
    Credential,
    credential::{ACCESS_TOKEN, REFRESH_TOKEN},
    matches_whole,
};
use patchbay_model::{
    Code, Fault, Secret, TenantId, Timestamp,
    manifest::{Auth, AuthKind, REGION, looks_like_a_token},
};

use super::{Authorised, Connected, auth_method, fields::check_fields};
use crate::{
    App,
    access::{NAME, check_text},
};

/// Bytes of one token.
const TOKEN: usize = 16 * 1024;

/// What another hub knew.
pub struct Import {
    /// Which connector.
    pub connector: String,
    /// Which auth method of it.
    pub auth: String,
    /// A name of the tenant's own.
    pub name: Option<String>,
    /// The facts of the login, by the manifest's names, and `region` where there are regions.
    pub facts: BTreeMap<String, String>,
    /// `access_token`, `refresh_token`, and what else the manifest names.
    pub secrets: BTreeMap<String, Secret>,
    /// When the access token ends, where that is known.
    pub expires_at: Option<Timestamp>,
    /// What was granted, where that is known.
    pub scopes: Option<Vec<String>>,
}

impl App {
    /// Makes or renews a connection with tokens that were got elsewhere.
    pub async fn import_connection(
        self: &Arc<Self>,
        tenant: TenantId,
        actor: String,
        import: Import,
    ) -> Result<Connected, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.import_now(tenant, actor, import).await }).await
    }

    async fn import_now(self: &Arc<Self>, tenant: TenantId, actor: String, import: Import) -> Result<Connected, Fault> {
        if let Some(name) = &import.name {
            check_text("/name", name, NAME)?;
        }
        let release = self.active_release(&import.connector).await?;
        let auth = auth_method(&release, &import.auth)?;
        if auth.kind != AuthKind::Oauth2 {
            return Err(Fault::because(
                Code::AuthUnknown,
                format!("{} is entered in a form: create the connection with its fields.", auth.label),
            ));
        }
        let facts = check_facts(auth, &import.facts)?;
        check_secrets(auth, &import.secrets)?;
        self.check_origins(&import.connector, auth, &facts).await?;
        let row = self.client_needed(auth, &tenant, &import.connector).await?;
        let now = self.clock.now();
        if import.expires_at.is_some_and(|end| end <= now) {
            let message = "has passed: renew it once more where it is, and import it then";
            return Err(Fault::new(Code::FieldInvalid).field("/expires_at", message));
        }
        let credential = Credential::imported(&auth.id, import.secrets, import.expires_at, import.scopes, now);
        let given = Authorised {
            tenant,
            release: Arc::clone(&release),
            auth: auth.id.clone(),
            client: row.map(|row| row.id),
            facts,
            credential,
            name: import.name,
            reconnect: None,
        };
        self.settle(&given, &actor).await
    }
}

/// The facts that a login would have brought: its fields, and the manifest's facts, each as it has to look.
fn check_facts(auth: &Auth, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    let (typed, said): (BTreeMap<_, _>, BTreeMap<_, _>) =
        given.clone().into_iter().partition(|(name, _)| auth.fields.iter().any(|field| field.id == *name));
    let mut facts = check_fields(auth, &typed)?.facts;
    let mut fault = Fault::new(Code::FieldInvalid);
    for (name, value) in &said {
        let good = match auth.facts.iter().find(|fact| fact.id == *name) {
            Some(fact) => matches_whole(&fact.pattern, value) == Some(true) && !looks_like_a_token(value),
            None => name == REGION && auth.region(value).is_some(),
        };
        if !good {
            fault = fault.field(format!("/facts/{name}"), "is no fact of this login, or does not look like one");
        }
    }
    facts.extend(said);
    let needed = auth.facts.iter().filter(|fact| !fact.optional).map(|fact| fact.id.as_str());
    for name in needed.chain((!auth.regions.is_empty()).then_some(REGION)) {
        if !facts.contains_key(name) {
            fault = fault.field(format!("/facts/{name}"), "is needed");
        }
    }
    if fault.fields.is_empty() { Ok(facts) } else { Err(fault) }
}

fn check_secrets(auth: &Auth, secrets: &BTreeMap<String, Secret>) -> Result<(), Fault> {
    let mut fault = Fault::new(Code::FieldInvalid);
    for (name, secret) in secrets {
        let known = [ACCESS_TOKEN, REFRESH_TOKEN].contains(&name.as_str()) || auth.answer.more.contains_key(name);
        if !known {
            fault = fault.field(format!("/secrets/{name}"), "is no token of this login");
        } else if secret.is_empty() || secret.len() > TOKEN || secret.expose().chars().any(char::is_control) {
            fault = fault.field(format!("/secrets/{name}"), "must have 1 to 16,384 bytes without control characters");
        }
    }
    if !secrets.contains_key(ACCESS_TOKEN) {
        fault = fault.field("/secrets", "needs an access token that still works");
    }
    if fault.fields.is_empty() { Ok(()) } else { Err(fault) }
}
