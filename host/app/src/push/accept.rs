//! What an item has to be, and what becomes of it at first: sent, kept for later, or skipped.
//!
//! | the first that fits | the push is |
//! |---|---|
//! | the connection, or the action's function, is switched off | `skipped` |
//! | the action has a target and the item has none | `waiting` |
//! | the caller said `on_demand` | `waiting` |
//! | no connection, or several and none named | `waiting` |
//! | the connection does not work just now | `waiting` |
//! | none of these | `planned` |

use std::sync::Arc;

use patchbay_model::{
    Code, ConnectionState, Fault, PushState, ReleaseId, TenantId,
    manifest::{Action, Manifest, MeetingPart},
};
use patchbay_store::{Connection, ConnectionFilter, NewPush, StoreError};
use serde_json::Value;

use super::{PushRequest, content, files::Attached, meeting};
use crate::{App, connectors::Release};

/// Bytes of a payload: what a connector gets in one piece.
const PAYLOAD: usize = 1024 * 1024;
/// Bytes of a target.
const TARGET: usize = 64 * 1024;
/// Characters of a key, and of a source.
const NAME: usize = 200;

/// An item that can be written down.
pub(super) struct Prepared {
    pub(super) release: Arc<Release>,
    pub(super) connection: Option<Connection>,
    pub(super) files: Vec<Attached>,
    pub(super) new: NewPush,
    /// Whether nobody looks at how work of the release ends.
    pub(super) unwatched: bool,
}

impl Prepared {
    pub(super) fn goes_now(&self) -> bool {
        self.new.state == PushState::Planned
    }
}

/// A failure of the store, as the answer to whoever sent an item.
pub(super) fn refused(error: StoreError) -> Fault {
    match error {
        // What else could conflict is an answer of its own.
        StoreError::Conflict(_) => Fault::new(Code::BlobUnusable).field("/attachments", "a file was removed meanwhile"),
        other => other.into(),
    }
}

impl App {
    /// Checks an item against everything that is known before anything leaves.
    pub(super) async fn prepare(&self, tenant: &TenantId, request: PushRequest) -> Result<Prepared, Fault> {
        let mut unwatched = true;
        let (connection, found) = match &request.connection {
            Some(id) => {
                let ground = self.store.ground(tenant, id).await?;
                unwatched = !ground.watched;
                (Some(ground.connection), ground.release)
            }
            None => (self.connection_for_push(tenant, &request).await?, None),
        };
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
            Some(row) => self.release_beside(row, found.as_ref()).await?,
            None => self.active_release(&connector).await?,
        };
        self.check_push_ceiling()?;
        let key = key_of(&request)?;
        let action = action_of(&release, &request.action)?;
        check_item(&release, &request)?;
        let files = match self.files_of(tenant, action, &request.attachments).await {
            Ok(files) => files,
            // A file that was removed after its time does not make the same item another one.
            Err(fault) if fault.code == Code::BlobUnusable => {
                self.files_known(tenant, &connector, action, &key, &request.attachments).await?.ok_or(fault)?
            }
            Err(fault) => return Err(fault),
        };
        let (state, reason) = first_state(connection.as_ref(), &release.manifest, action, &request);
        let kept = self.settings.push_expires;
        let expires_at = request.expires_at.or_else(|| kept.map(|kept| self.clock.now().plus(kept)));
        let new = NewPush {
            tenant: tenant.clone(),
            connection: connection.as_ref().map(|row| row.id.clone()),
            connector,
            action: action.name.clone(),
            key,
            target: request.target.as_ref().map_or_else(|| "null".to_owned(), content::canonical),
            payload: request.payload.to_string(),
            attachments: serde_json::to_string(&files).map_err(|error| Fault::new(Code::Internal).operator(error))?,
            blobs: files.iter().map(|file| file.blob.clone()).collect(),
            content_hash: content::hash(&request.payload, &files),
            state,
            reason,
            source: request.source,
            lane: lane_of(action, request.target.as_ref()),
            on_demand: request.on_demand,
            expires_at,
            update: action.update,
            claim: None,
            room: (self.settings.per_tenant, self.settings.per_connection),
        };
        Ok(Prepared { release, connection, files, new, unwatched })
    }

    async fn connection_for_push(&self, tenant: &TenantId, request: &PushRequest) -> Result<Option<Connection>, Fault> {
        let Some(connector) = &request.connector else { return Ok(None) };
        self.single_connection(tenant, connector).await
    }

    /// The release that was found with a connection, or why there is none.
    pub(super) async fn release_beside(
        &self,
        row: &Connection,
        found: Option<&ReleaseId>,
    ) -> Result<Arc<Release>, Fault> {
        match found {
            Some(release) => self.release_facts(release).await,
            // Says why.
            None => self.release_of(row).await,
        }
    }

    /// The tenant's only active connection of a connector. With several, somebody has to choose; the push waits for it.
    pub(super) async fn single_connection(
        &self,
        tenant: &TenantId,
        connector: &str,
    ) -> Result<Option<Connection>, Fault> {
        let filter = ConnectionFilter {
            connectors: vec![connector.to_owned()],
            state: Some(ConnectionState::Active),
            limit: 2,
            ..ConnectionFilter::default()
        };
        let mut active = self.store.connections(tenant, &filter).await?.items;
        Ok(if active.len() == 1 { active.pop() } else { None })
    }
}

/// What becomes of an item at first, and why where it is not sent.
fn first_state(
    connection: Option<&Connection>,
    manifest: &Manifest,
    action: &Action,
    request: &PushRequest,
) -> (PushState, Option<(Code, String)>) {
    let because = |state, code: Code, text: &str| (state, Some((code, text.to_owned())));
    let payload = || Some(request.payload.clone());
    if let Some(why) = connection.and_then(|row| item_off(row, manifest, action, payload)) {
        return because(PushState::Skipped, Code::SwitchedOff, &why);
    }
    let waits = |code: Code, text: &str| because(PushState::Waiting, code, text);
    match connection {
        // Said before all else: nothing but a target helps, so such an item is neither woken nor called ready.
        _ if action.target.is_some() && request.target.is_none() => {
            waits(Code::TargetMissing, Code::TargetMissing.title())
        }
        _ if request.on_demand => waits(Code::OnDemand, Code::OnDemand.title()),
        None => waits(Code::NoConnection, "There is no single active connection yet."),
        Some(row) if row.state != ConnectionState::Active => {
            waits(Code::CredentialRefused, "The connection is not active.")
        }
        Some(_) => (PushState::Planned, None),
    }
}

/// Why nothing of this action is sent by this connection just now.
pub(super) fn switched_off(connection: &Connection, action: &Action) -> Option<String> {
    let word = action.function.word();
    if !connection.enabled {
        Some("The connection is switched off.".to_owned())
    } else if connection.off.iter().any(|off| off == word) {
        Some(format!("The function \"{word}\" is switched off for this connection."))
    } else {
        None
    }
}

/// The same of an item: one that carries to-dos goes only where their switch is on, too.
pub(super) fn item_off(
    connection: &Connection,
    manifest: &Manifest,
    action: &Action,
    payload: impl FnOnce() -> Option<Value>,
) -> Option<String> {
    switched_off(connection, action).or_else(|| {
        let into = &action.meeting.as_ref()?.todos.as_ref()?.into;
        let todos = meeting::action_for(manifest, MeetingPart::Todo)?;
        if meeting::carries(&payload()?, into) { switched_off(connection, todos) } else { None }
    })
}

/// Items of an ordered action wait for each other where they are for one target.
pub(super) fn lane_of(action: &Action, target: Option<&Value>) -> Option<String> {
    action.ordered.then(|| content::short_hash(&target.map_or_else(|| "null".to_owned(), content::canonical)))
}

pub(super) fn action_of<'r>(release: &'r Release, name: &str) -> Result<&'r Action, Fault> {
    release.manifest.action(name).ok_or_else(|| {
        let known: Vec<&str> = release.manifest.actions.iter().map(|action| action.name.as_str()).collect();
        let text = format!("{} has no action {name:?}; it has {}.", release.manifest.name, known.join(", "));
        Fault::because(Code::ActionUnknown, text)
    })
}

/// The item's name for ever: the caller's, or what it came from.
fn key_of(request: &PushRequest) -> Result<String, Fault> {
    let named = |pointer: &str, text: &str| {
        let good = !text.is_empty() && text.chars().count() <= NAME && !text.chars().any(char::is_control);
        let problem = format!("must have 1 to {NAME} printable characters");
        if good { Ok(()) } else { Err(Fault::new(Code::BodyInvalid).field(pointer, problem)) }
    };
    if let Some(source) = &request.source {
        named("/source", source)?;
    }
    match (&request.key, &request.source) {
        (Some(key), _) => named("/key", key).map(|()| key.clone()),
        (None, Some(source)) => Ok(source.clone()),
        (None, None) => {
            Err(Fault::new(Code::BodyInvalid).field("/key", "name the item, or the source that it came from"))
        }
    }
}

/// Payload and target against the action's schemas. A target may come later.
fn check_item(release: &Release, request: &PushRequest) -> Result<(), Fault> {
    let action = action_of(release, &request.action)?;
    let mut fault = Fault::new(Code::PayloadInvalid);
    if request.payload.to_string().len() > PAYLOAD {
        return Err(fault.field("/payload", format!("may have {PAYLOAD} bytes")));
    }
    for (pointer, message) in release.schemas.payload(action, &request.payload)? {
        fault = fault.field(format!("/payload{pointer}"), message);
    }
    if let Some(target) = &request.target {
        for (pointer, message) in wrong_target(release, action, target)? {
            fault = fault.field(pointer, message);
        }
    }
    if fault.fields.is_empty() { Ok(()) } else { Err(fault) }
}

/// What is wrong with a target: JSON pointer and reason.
pub(super) fn wrong_target(release: &Release, action: &Action, target: &Value) -> Result<Vec<(String, String)>, Fault> {
    if action.target.is_none() {
        return Ok(vec![("/target".to_owned(), "this action takes no target".to_owned())]);
    }
    if target.to_string().len() > TARGET {
        return Ok(vec![("/target".to_owned(), format!("may have {TARGET} bytes"))]);
    }
    let found = release.schemas.target(action, target)?;
    Ok(found.into_iter().map(|(pointer, message)| (format!("/target{pointer}"), message)).collect())
}
