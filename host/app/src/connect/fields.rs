//! Connecting with what a person types: keys, user and password, or what opens a session or gets a token.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::{Credential, fields, login};
use patchbay_model::{
    Code, ConnectionId, Fault, TenantId,
    manifest::{Auth, AuthKind, Renewal},
};

use super::{Authorised, Connected, auth_method};
use crate::{
    App,
    access::{NAME, check_text},
    connectors::Release,
};

/// What the form was filled with.
pub struct FieldsConnect {
    /// Which connector.
    pub connector: String,
    /// Which auth method of it.
    pub auth: String,
    /// The fields, by id.
    pub fields: BTreeMap<String, String>,
    /// A name of the tenant's own.
    pub name: Option<String>,
    /// The connection that is to be repaired; another business account is then refused.
    pub reconnect: Option<ConnectionId>,
}

impl App {
    /// Checks the fields, asks the provider whose they are, and stores the connection.
    pub async fn connect_fields(
        self: &Arc<Self>,
        tenant: TenantId,
        actor: String,
        request: FieldsConnect,
    ) -> Result<Connected, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.connect_fields_now(tenant, actor, request).await }).await
    }

    async fn connect_fields_now(
        self: &Arc<Self>,
        tenant: TenantId,
        actor: String,
        request: FieldsConnect,
    ) -> Result<Connected, Fault> {
        if let Some(name) = &request.name {
            check_text("/name", name, NAME)?;
        }
        let release = self.active_release(&request.connector).await?;
        let auth = auth_method(&release, &request.auth)?;
        if auth.kind.has_consent() {
            return Err(Fault::because(
                Code::AuthUnknown,
                format!("{} logs in at the provider: make a connect session instead.", auth.label),
            ));
        }
        let mut given = self.authorise_fields(&tenant, &release, auth, &request.fields).await?;
        given.name = request.name;
        given.reconnect = request.reconnect;
        let settled = self.settle(&given, &actor).await;
        // A session that was opened for nothing is closed; what was typed is the person's own.
        if settled.is_err() && auth.renewal(false) == Renewal::Afresh {
            self.give_back(&given).await;
        }
        settled
    }

    /// What was entered, checked; for a session or client credentials, with the token that it got.
    pub(super) async fn authorise_fields(
        self: &Arc<Self>,
        tenant: &TenantId,
        release: &Arc<Release>,
        auth: &Auth,
        typed: &BTreeMap<String, String>,
    ) -> Result<Authorised, Fault> {
        let entered = check_fields(auth, typed)?;
        self.check_origins(&release.manifest.id, auth, &entered.facts).await?;
        let mut given = Authorised {
            tenant: tenant.clone(),
            release: Arc::clone(release),
            auth: auth.id.clone(),
            client: None,
            facts: entered.facts,
            credential: Credential::entered(&auth.id, BTreeMap::new(), self.clock.now()),
            name: None,
            reconnect: None,
        };
        match auth.kind {
            AuthKind::Fields | AuthKind::Oauth2 => given.credential.secrets = entered.secrets,
            AuthKind::Session | AuthKind::Oauth2ClientCredentials => {
                let row = self.client_needed(auth, tenant, &release.manifest.id).await?;
                let client = match &row {
                    Some(row) => Some(self.open_client(row).await?),
                    None => None,
                };
                let transport = self.transport_for(release);
                let tokens =
                    login::open(auth, client.as_ref(), &given.facts, entered.secrets, &*self.clock, &transport).await?;
                given.client = row.map(|row| row.id);
                given.facts.extend(tokens.facts);
                given.credential = tokens.credential;
            }
        }
        Ok(given)
    }
}

/// The fields of a form, or what is wrong with each.
pub(super) fn check_fields(auth: &Auth, typed: &BTreeMap<String, String>) -> Result<fields::Entered, Fault> {
    fields::check(auth, typed).map_err(|errors| {
        errors.into_iter().fold(Fault::new(Code::FieldInvalid), |fault, error| {
            fault.field(format!("/fields{}", error.pointer), error.message)
        })
    })
}
