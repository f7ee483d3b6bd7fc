//! What a person may do about a push: send it now, take it back, or say what became of it.

use std::sync::Arc;

use patchbay_model::{
    Code, ConnectionId, ConnectionState, Fault, PushId, PushResult, PushState, TenantId, contract::Object,
    manifest::Idempotency,
};
use patchbay_store::{Connection, Push, PushEnd, SendPush, StoreError, conflicts};
use serde_json::Value;

use super::{accept, content};
use crate::{App, connectors::Release};

/// Bytes of the id and of the address that a person gives.
const OBJECT: usize = 2_000;

/// What is still missing to send an item.
#[derive(Debug, Clone, Default)]
pub struct SendAsked {
    /// Which connection, where there are several.
    pub connection: Option<ConnectionId>,
    /// Where at the provider, where the item came without.
    pub target: Option<Value>,
}

/// What a person says about a push of which it is not known whether it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Look again, now.
    LookAgain,
    /// It is there.
    Done {
        /// The object, where the person can name it.
        object: Option<Object>,
    },
    /// It is not there, or twice does no harm: send it again.
    SendAnyway,
    /// Leave it.
    GiveUp,
}

impl App {
    /// Sends an item that waits, or that ended without having been written.
    pub async fn send_push(
        self: &Arc<Self>,
        tenant: TenantId,
        id: PushId,
        asked: SendAsked,
        actor: String,
    ) -> Result<Push, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.send_now(&tenant, &id, asked, &actor).await }).await
    }

    async fn send_now(&self, tenant: &TenantId, id: &PushId, asked: SendAsked, actor: &str) -> Result<Push, Fault> {
        let push = self.store.push(tenant, id).await?;
        let connection = self.connection_to_send_by(tenant, &push, asked.connection.as_ref()).await?;
        let release = self.release_of(&connection).await?;
        let action = accept::action_of(&release, &push.action)?;
        let payload = || serde_json::from_str(&push.payload).ok();
        if let Some(why) = accept::item_off(&connection, &release.manifest, action, payload) {
            return Err(Fault::because(Code::SwitchedOff, why));
        }
        if connection.state != ConnectionState::Active {
            return Err(Fault::because(Code::Conflict, "The connection is not active: reconnect it first."));
        }
        let known: Option<Value> = serde_json::from_str(&push.target).unwrap_or(None);
        if let (Some(known), Some(asked)) = (&known, &asked.target)
            && content::canonical(known) != content::canonical(asked)
        {
            let text = "The item has another target already; a target is never changed.";
            return Err(Fault::because(Code::Conflict, text).field("/target", "differs from the one it has"));
        }
        let target = asked.target.or(known);
        if let Some(target) = &target {
            check_target(&release, action, target)?;
        } else if action.target.is_some() {
            return Err(Fault::new(Code::TargetMissing).field("/target", "choose one"));
        }
        let send = SendPush {
            connection: Some(connection.id),
            lane: accept::lane_of(action, target.as_ref()),
            target: target.as_ref().map(content::canonical),
            expires_at: push.expires_at,
        };
        let sent = self.store.send_push(tenant, id, send, actor).await.map_err(|error| busy(&push, error))?;
        self.due.notify_one();
        Ok(sent)
    }

    async fn connection_to_send_by(
        &self,
        tenant: &TenantId,
        push: &Push,
        asked: Option<&ConnectionId>,
    ) -> Result<Connection, Fault> {
        // One that was deleted is none: the item goes by another one, if somebody says so.
        let bound = match &push.connection {
            None => None,
            Some(id) => match self.store.connection(tenant, id).await {
                Ok(row) => Some(row.id),
                Err(StoreError::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
        };
        if let (Some(bound), Some(asked)) = (&bound, asked)
            && bound != asked
        {
            let text = "The item belongs to another connection already.";
            return Err(Fault::because(Code::Conflict, text).field("/connection", "differs from the one it has"));
        }
        if let Some(id) = asked.or(bound.as_ref()) {
            let row = self.store.connection(tenant, id).await?;
            if row.connector != push.connector {
                return Err(Fault::new(Code::BodyInvalid).field("/connection", "is one of another connector"));
            }
            return Ok(row);
        }
        let single = self.single_connection(tenant, &push.connector).await?;
        single.ok_or_else(|| Fault::new(Code::NoConnection).field("/connection", "name one"))
    }

    /// Takes back an item of which nothing was sent.
    pub async fn withdraw_push(self: &Arc<Self>, tenant: TenantId, id: PushId, actor: String) -> Result<Push, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            let push = app.store.push(&tenant, &id).await?;
            app.store.withdraw_push(&tenant, &id, &actor).await.map_err(|error| busy(&push, error))
        })
        .await
    }

    /// A person's word about a push of which it is not known whether it was written.
    pub async fn resolve_push(
        self: &Arc<Self>,
        tenant: TenantId,
        id: PushId,
        resolution: Resolution,
        actor: String,
    ) -> Result<Push, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.resolve_now(&tenant, &id, resolution, &actor).await }).await
    }

    async fn resolve_now(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: &PushId,
        resolution: Resolution,
        actor: &str,
    ) -> Result<Push, Fault> {
        let push = self.store.push(tenant, id).await?;
        let settles = matches!(resolution, Resolution::Done { .. });
        let fits = match push.state {
            PushState::Unknown => true,
            // Somebody wrote it by hand meanwhile, or sees that it is there after all.
            PushState::Failed | PushState::Rejected => settles,
            _ => false,
        };
        if !fits {
            let text = format!("Push {id} is {}: there is nothing to resolve.", push.state.as_str());
            return Err(Fault::because(Code::Conflict, text));
        }
        let now = self.clock.now();
        let end = match resolution {
            Resolution::LookAgain => {
                self.can_be_looked_for(&push).await?;
                let mut end = super::deliver::unknown();
                end.next_at = Some(now);
                end
            }
            Resolution::Done { object } => {
                let mut end = PushEnd::of(PushState::Done);
                end.result = Some(PushResult::Exists);
                if let Some(object) = object.map(checked).transpose()? {
                    (end.object_id, end.object_url) = (Some(object.id), object.url);
                }
                end
            }
            Resolution::SendAnyway => {
                let mut end = PushEnd::of(PushState::Planned);
                end.next_at = Some(now);
                end
            }
            Resolution::GiveUp => {
                let mut end = PushEnd::of(PushState::Failed);
                end.code = Some(Code::OutcomeUnknown);
                end.person = Some("Somebody gave it up; it is not known whether it was written.".to_owned());
                end
            }
        };
        let decided = self.store.decide_push(tenant, id, end, actor).await.map_err(|error| busy(&push, error))?;
        self.due.notify_one();
        Ok(decided)
    }

    /// Whether another look can say anything.
    async fn can_be_looked_for(self: &Arc<Self>, push: &Push) -> Result<(), Fault> {
        let Some(connection) = &push.connection else { return Err(Fault::new(Code::NoConnection)) };
        let row = self.store.connection(&push.tenant, connection).await?;
        let release = self.release_of(&row).await?;
        let action = accept::action_of(&release, &push.action)?;
        if action.idempotency == Idempotency::None {
            let text = "This provider cannot be asked for it: look there, and say `done` or `send_anyway`.";
            return Err(Fault::because(Code::Conflict, text));
        }
        Ok(())
    }
}

fn check_target(release: &Release, action: &patchbay_model::manifest::Action, target: &Value) -> Result<(), Fault> {
    let wrong = accept::wrong_target(release, action, target)?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.into_iter().fold(Fault::new(Code::PayloadInvalid), |fault, (pointer, text)| fault.field(pointer, text)))
}

/// An object as a person names it: bounded, and an address that a browser may open.
fn checked(object: Object) -> Result<Object, Fault> {
    let plain = |text: &str| !text.is_empty() && text.len() <= OBJECT && !text.chars().any(char::is_control);
    if !plain(&object.id) {
        return Err(Fault::new(Code::BodyInvalid).field("/object/id", "must have 1 to 2000 printable characters"));
    }
    if object.url.as_ref().is_some_and(|url| !plain(url) || !url.starts_with("https://")) {
        return Err(Fault::new(Code::BodyInvalid).field("/object/url", "must begin with https://"));
    }
    Ok(object)
}

/// What stands in the way of a person's word: something that passes, or something that is to be done about it.
fn busy(push: &Push, error: StoreError) -> Fault {
    match error {
        StoreError::Conflict(conflicts::FILE_GONE) => {
            let text =
                "A file of the item was removed after its time: upload it again and send the item under its key.";
            Fault::because(Code::BlobUnusable, text)
        }
        StoreError::Conflict(conflicts::CONNECTION_GONE | conflicts::NO_CONNECTION) => {
            Fault::because(Code::NoConnection, "The connection of the item was deleted: name another one.")
        }
        StoreError::Conflict(conflicts::SENT_ELSEWHERE) => {
            Fault::because(Code::Conflict, "Something of the item was sent by its connection or to its target already.")
        }
        StoreError::Conflict(why) => {
            Fault::because(Code::PushBusy, format!("Push {} is {}.", push.id, push.state.as_str())).operator(why)
        }
        other => other.into(),
    }
}
