//! A push: one item that a caller wants at a provider, once.
//!
//! The caller's key is unique for ever in (tenant, connector, action). The same key with the same content is the same
//! push, told as `duplicate_of`; with other content it is refused, or a change where the action says so. What leaves is
//! decided by [`deliver`] and written down by the gate's journal ([`journal`]) before it leaves.
//!
//! | module | question |
//! |---|---|
//! | [`accept`] | what is wrong with the item, and does it go now, later, or not at all |
//! | [`deliver`] | one attempt, from claim to written end |
//! | [`looking`] | what to do about a write whose answer was lost |
//! | [`decide`] | what a person may do: send, withdraw, resolve |
//! | [`rehearse`] | everything but the write |
//! | [`meeting`] | one event that becomes several items |

mod accept;
mod content;
mod decide;
mod deliver;
mod files;
mod journal;
mod looking;
mod meeting;
mod rehearse;
mod schemas;

use std::sync::Arc;

use patchbay_model::{BlobId, Code, ConnectionId, Fault, PushId, PushState, TenantId, Timestamp};
use patchbay_store::{Accepted, ClaimedPush, Page, Push, PushFilter, PushMove, PushStep};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use crate::App;
use deliver::GoesBy;

pub use decide::{Resolution, SendAsked};
pub(crate) use files::Attached;
pub use meeting::{MeetingItem, MeetingNote, MeetingReport, MeetingRequest, MeetingTodo};
pub use rehearse::Rehearsed;
pub(crate) use schemas::{Schemas, check_settings};

/// Items of one batch.
const BATCH: usize = 100;

/// What a caller asks to be written.
#[derive(Debug, Clone, Default)]
pub struct PushRequest {
    /// Which connector; may be left out when the connection is named.
    pub connector: Option<String>,
    /// Which connection; without it the tenant's single active one of the connector.
    pub connection: Option<ConnectionId>,
    /// The action's name.
    pub action: String,
    /// Names the item for ever; without it the source does.
    pub key: Option<String>,
    /// What it came from at the caller.
    pub source: Option<String>,
    /// Where at the provider; without it the item waits for one.
    pub target: Option<Value>,
    /// What.
    pub payload: Value,
    /// Files, in this order.
    pub attachments: Vec<AttachmentAsked>,
    /// Sent only when somebody says so.
    pub on_demand: bool,
    /// When it ends as expired if it still waits; without it the host's setting holds.
    pub expires_at: Option<Timestamp>,
}

/// A file of an item.
#[derive(Debug, Clone)]
pub struct AttachmentAsked {
    /// Where its bytes are.
    pub blob: BlobId,
    /// Its name at the provider; without it the one it was uploaded with.
    pub name: Option<String>,
}

/// What an item did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushChange {
    /// It is new.
    Created,
    /// It is the same item again: nothing.
    Duplicate,
    /// Its push had been skipped or had expired, or lacked the target that came now: it goes on.
    Revived,
    /// Its content is other than before, and changes the object that was written.
    Updated,
}

/// The answer to a push.
pub struct PushAnswer {
    /// The push: the new one, or the first with this key.
    pub push: Push,
    /// Set when this is the same item again.
    pub duplicate_of: Option<PushId>,
    /// What the item did.
    pub change: PushChange,
}

/// A push with what happened to it.
pub struct PushDetail {
    /// The push.
    pub push: Push,
    /// Its requests to the provider that write, of all revisions, in the order in which they were begun.
    pub steps: Vec<PushStep>,
    /// The states it came to.
    pub moves: Vec<PushMove>,
    /// The push that has to end before this one is sent.
    pub waits_for: Option<PushId>,
}

impl App {
    /// Accepts an item: checks it, writes it down, and has it sent.
    pub async fn push(self: &Arc<Self>, tenant: TenantId, request: PushRequest) -> Result<PushAnswer, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.accept(&tenant, request).await }).await
    }

    /// Accepts items one after the other, in their order; each has an answer of its own.
    pub async fn push_batch(
        self: &Arc<Self>,
        tenant: TenantId,
        requests: Vec<PushRequest>,
    ) -> Result<Vec<Result<PushAnswer, Fault>>, Fault> {
        if requests.is_empty() || requests.len() > BATCH {
            let text = format!("{} items, 1 to {BATCH} are taken", requests.len());
            return Err(Fault::new(Code::BodyInvalid).field("/items", text));
        }
        let app = Arc::clone(self);
        self.own(async move {
            let mut answers = Vec::with_capacity(requests.len());
            for request in requests {
                answers.push(app.accept(&tenant, request).await);
            }
            Ok(answers)
        })
        .await
    }

    async fn accept(self: &Arc<Self>, tenant: &TenantId, request: PushRequest) -> Result<PushAnswer, Fault> {
        let mut prepared = self.prepare(tenant, request).await?;
        // Taken in the transaction that writes it down, where a place is free: nobody has to be woken for it.
        let place = self.free_place().filter(|_| prepared.goes_now());
        prepared.new.claim = place.as_ref().map(|_| self.settings.lease);
        // Asked for while the push is written down, and of no use where it does not become ours by that.
        let goes_by = match (&place, prepared.connection) {
            // Of a release that is tried, or rests, more has to be known: that is looked up when it is sent.
            (Some(_), Some(connection)) if prepared.unwatched => {
                Some(GoesBy::asked(self, connection, prepared.release))
            }
            _ => None,
        };
        let accepted = self.store.accept_push(prepared.new).await.map_err(accept::refused)?;
        let changed = |push, change| PushAnswer { push, duplicate_of: None, change };
        Ok(match accepted {
            Accepted::Claimed(claim) => {
                let push = claim.push.clone();
                self.deliver_at(claim, place, goes_by);
                changed(push, PushChange::Created)
            }
            Accepted::New(push) => {
                self.due.notify_one();
                changed(push, PushChange::Created)
            }
            Accepted::Revived(push) => {
                self.due.notify_one();
                changed(push, PushChange::Revived)
            }
            Accepted::Updated(push) => {
                self.due.notify_one();
                changed(push, PushChange::Updated)
            }
            Accepted::Duplicate(push) => {
                let first = push.id.clone();
                PushAnswer { push: seen(push), duplicate_of: Some(first), change: PushChange::Duplicate }
            }
            Accepted::OtherContent(first) => return Err(key_reused(&first)),
            Accepted::Busy(first) => return Err(busy(&first)),
            Accepted::Elsewhere(first) => return Err(elsewhere(&first)),
        })
    }

    /// A place for one more piece of work on this node, if there is one and the host goes on.
    fn free_place(&self) -> Option<OwnedSemaphorePermit> {
        if *self.stop.borrow() { None } else { Arc::clone(&self.places).try_acquire_owned().ok() }
    }

    /// Sends a claimed push in a task of its own, which holds its place until the end.
    pub(crate) fn deliver_at(
        self: &Arc<Self>,
        claim: ClaimedPush,
        place: Option<OwnedSemaphorePermit>,
        goes_by: Option<GoesBy>,
    ) {
        let app = Arc::clone(self);
        self.tasks.spawn(async move {
            app.deliver(claim, goes_by).await;
            drop(place);
            app.due.notify_one();
        });
    }

    /// One push of the tenant, with what happened to it.
    pub async fn push_detail(&self, tenant: &TenantId, id: &PushId) -> Result<PushDetail, Fault> {
        let push = self.store.push(tenant, id).await?;
        let steps = self.store.all_push_steps(id).await?;
        let moves = self.store.push_moves(id).await?;
        let waits_for = self.store.waits_for(&push).await?;
        Ok(PushDetail { push: seen(push), steps, moves, waits_for })
    }

    /// Pushes of the tenant, newest first.
    pub async fn pushes(&self, tenant: &TenantId, filter: &PushFilter) -> Result<Page<Push>, Fault> {
        let page = self.store.pushes(tenant, filter).await?;
        Ok(Page { items: page.items.into_iter().map(seen).collect(), next: page.next })
    }
}

/// The key stands for another item.
fn key_reused(first: &Push) -> Fault {
    let text = format!("The key {:?} was used for other content, in push {}.", first.key, first.id);
    Fault::because(Code::KeyReused, text).field("/key", "stands for another item already")
}

/// What was written is changed only where it was written.
fn elsewhere(first: &Push) -> Fault {
    let text = format!("What push {} wrote is changed only by the connection that wrote it.", first.id);
    Fault::because(Code::Conflict, text).field("/connection", "is another one")
}

/// The push cannot be changed just now.
fn busy(first: &Push) -> Fault {
    let text = format!("Push {} is {}, and can be changed once that is over.", first.id, first.state.as_str());
    Fault::because(Code::PushBusy, text)
}

/// One that is looked for just now goes on by itself, and is nothing for a person: at the end of the lease at the latest.
fn seen(mut push: Push) -> Push {
    if push.state == PushState::Unknown {
        push.next_at = push.next_at.or(push.lease_until);
    }
    push
}
