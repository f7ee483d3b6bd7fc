//! Connecting with what a person types: keys, or user and password.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::{Credential, fields};
use patchbay_model::{Code, ConnectionId, Fault, TenantId, manifest::AuthKind};

use super::{Connected, auth_method, settle::Authorised};
use crate::{
    App,
    access::{NAME, check_text},
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
        if auth.kind != AuthKind::Fields {
            return Err(Fault::because(
                Code::AuthUnknown,
                format!("{} logs in at the provider: make a connect session instead.", auth.label),
            ));
        }
        let entered = fields::check(auth, &request.fields).map_err(|errors| {
            errors.into_iter().fold(Fault::new(Code::FieldInvalid), |fault, error| {
                fault.field(format!("/fields{}", error.pointer), error.message)
            })
        })?;
        let credential = Credential::entered(&auth.id, entered.secrets, self.clock.now());
        self.settle(
            Authorised {
                tenant,
                release: Arc::clone(&release),
                auth: auth.id.clone(),
                client: None,
                facts: entered.facts,
                credential,
                name: request.name,
                reconnect: request.reconnect,
            },
            &actor,
        )
        .await
    }
}
