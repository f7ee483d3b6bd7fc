//! A push: one item that a caller wants at a provider, once.
//!
//! The caller's key is unique for ever in (tenant, connector, action). The same key with the same
//! content is the same push, told as `duplicate_of`; with other content it is refused. What leaves is
//! decided by [`deliver`] and written down by the gate's journal ([`journal`]) before it leaves.

mod content;
mod deliver;
mod journal;
mod resolve;

use std::sync::Arc;

use patchbay_model::{Code, ConnectionId, ConnectionState, Fault, PushId, PushState, TenantId};
use patchbay_store::{Accepted, Connection, ConnectionFilter, NewPush, Page, Push, PushFilter};
use serde_json::Value;

use crate::{App, connectors::Release};

/// What a caller asks to be written.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// Which connector; may be left out when the connection is named.
    pub connector: Option<String>,
    /// Which connection; without it the tenant's single active one of the connector.
    pub connection: Option<ConnectionId>,
    /// The action's name.
    pub action: String,
    /// Names the item for ever.
    pub key: String,
    /// Where at the provider.
    pub target: Option<Value>,
    /// What.
    pub payload: Value,
}

/// The answer to a push.
pub struct PushAnswer {
    /// The push: the new one, or the first with this key and content.
    pub push: Push,
    /// Set when this is the same item again.
    pub duplicate_of: Option<PushId>,
}

impl App {
    /// Accepts an item: checks it, writes it down, and has it sent.
    pub async fn push(self: &Arc<Self>, tenant: TenantId, request: PushRequest) -> Result<PushAnswer, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.accept(&tenant, request).await }).await
    }

    async fn accept(self: &Arc<Self>, tenant: &TenantId, request: PushRequest) -> Result<PushAnswer, Fault> {
        let connection = self.connection_for_push(tenant, &request).await?;
        let connector = match (&connection, &request.connector) {
            (Some(row), Some(named)) if *named != row.connector => {
                return Err(Fault::new(Code::BodyInvalid).field("/connector", "is not the connector of the connection"));
            }
            (Some(row), _) => row.connector.clone(),
            (None, Some(named)) => named.clone(),
            (None, None) => {
                return Err(Fault::new(Code::BodyInvalid).field("/connector", "name a connector or a connection"));
            }
        };
        let release = match &connection {
            Some(row) => self.release_of(row).await?,
            None => self.active_release(&connector).await?,
        };
        check_key(&request.key)?;
        check_item(&release, &request)?;
        let because = |code: Code, text: &str| Some((code, text.to_owned()));
        let (state, reason) = match &connection {
            None => (PushState::Waiting, because(Code::Conflict, "There is no single active connection yet.")),
            Some(row) if !row.enabled => {
                (PushState::Skipped, because(Code::Conflict, "The connection is switched off."))
            }
            Some(row) if row.state != ConnectionState::Active => {
                (PushState::Waiting, because(Code::CredentialRefused, "The connection is not active."))
            }
            Some(_) => (PushState::Planned, None),
        };
        let new = NewPush {
            tenant: tenant.clone(),
            connection: connection.map(|row| row.id),
            connector,
            action: request.action.clone(),
            key: request.key.clone(),
            target: request.target.as_ref().map_or_else(|| "null".to_owned(), Value::to_string),
            payload: request.payload.to_string(),
            attachments: "[]".to_owned(),
            content_hash: content::hash(&request.payload, request.target.as_ref()),
            state,
            reason,
        };
        match self.store.accept_push(new).await? {
            Accepted::New(push) => {
                self.due.notify_one();
                Ok(PushAnswer { push, duplicate_of: None })
            }
            Accepted::Duplicate(push) => {
                let first = push.id.clone();
                Ok(PushAnswer { push, duplicate_of: Some(first) })
            }
            Accepted::OtherContent(first) => Err(Fault::because(
                Code::KeyReused,
                format!("The key {:?} was used for other content, in push {}.", request.key, first.id),
            )
            .field("/key", "stands for another item already")),
        }
    }

    async fn connection_for_push(&self, tenant: &TenantId, request: &PushRequest) -> Result<Option<Connection>, Fault> {
        if let Some(id) = &request.connection {
            return Ok(Some(self.store.connection(tenant, id).await?));
        }
        let Some(connector) = &request.connector else { return Ok(None) };
        let filter = ConnectionFilter {
            connector: Some(connector.clone()),
            state: Some(ConnectionState::Active),
            limit: 2,
            ..ConnectionFilter::default()
        };
        let mut active = self.store.connections(tenant, &filter).await?.items;
        // With several, somebody has to choose; the push waits for it.
        Ok(if active.len() == 1 { active.pop() } else { None })
    }

    /// One push of the tenant.
    pub async fn push_row(&self, tenant: &TenantId, id: &PushId) -> Result<Push, Fault> {
        Ok(self.store.push(tenant, id).await?)
    }

    /// Pushes of the tenant, newest first.
    pub async fn pushes(&self, tenant: &TenantId, filter: &PushFilter) -> Result<Page<Push>, Fault> {
        Ok(self.store.pushes(tenant, filter).await?)
    }
}

/// Settings against the manifest's schema.
pub(crate) fn check_settings(release: &Release, settings: &Value) -> Result<(), Fault> {
    let Some(schema) = &release.manifest.settings else {
        return Err(Fault::new(Code::SettingsWrong).field("/settings", "this connector has no settings"));
    };
    let found = content::violations(schema, settings)?;
    if found.is_empty() {
        return Ok(());
    }
    Err(found.into_iter().fold(Fault::new(Code::SettingsWrong), |fault, (pointer, message)| {
        fault.field(format!("/settings{pointer}"), message)
    }))
}

fn check_key(key: &str) -> Result<(), Fault> {
    if key.is_empty() || key.len() > 200 || key.chars().any(char::is_control) {
        return Err(Fault::new(Code::BodyInvalid).field("/key", "must have 1 to 200 printable characters"));
    }
    Ok(())
}

/// Payload and target against the action's schemas, before anything leaves.
fn check_item(release: &Release, request: &PushRequest) -> Result<(), Fault> {
    let action = release.manifest.action(&request.action).ok_or_else(|| {
        let known: Vec<&str> = release.manifest.actions.iter().map(|action| action.name.as_str()).collect();
        Fault::because(
            Code::ActionUnknown,
            format!("{} has no action {:?}; it has {}.", release.manifest.name, request.action, known.join(", ")),
        )
    })?;
    let mut fault = Fault::new(Code::PayloadInvalid);
    for (pointer, message) in content::violations(&action.schema, &request.payload)? {
        fault = fault.field(format!("/payload{pointer}"), message);
    }
    match (&action.target, &request.target) {
        (Some(schema), Some(target)) => {
            for (pointer, message) in content::violations(schema, target)? {
                fault = fault.field(format!("/target{pointer}"), message);
            }
        }
        (Some(_), None) => fault = fault.field("/target", "this action needs a target"),
        (None, Some(_)) => fault = fault.field("/target", "this action takes no target"),
        (None, None) => {}
    }
    if fault.fields.is_empty() { Ok(()) } else { Err(fault) }
}
