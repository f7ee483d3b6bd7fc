//! Pushes: one item each that is to be written to a provider. A key is used once, for ever.
//!
//! [`accept`] tells what becomes of an item that is offered; [`files`] keeps what it names; how it is sent is told in
//! [`crate::push_queue`].

mod accept;
mod again;
pub mod conflicts;
mod files;
pub(crate) mod ground;
mod judge;

use std::time::Duration;

use patchbay_model::{BlobId, Code, ConnectionId, PushId, PushResult, PushState, TenantId, Timestamp};
use sqlx::AnyConnection;

pub(crate) use files::{keep as keep_files, named_in};

use crate::{
    ClaimedPush, Page, Store, StoreError,
    row::{Reader, Row, json, many, maybe, one, one_more, select},
    waiting,
};

/// A push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Its id.
    pub id: PushId,
    /// Whose.
    pub tenant: TenantId,
    /// The connection; none while it waits for one.
    pub connection: Option<ConnectionId>,
    /// The connector.
    pub connector: String,
    /// The action's name in the manifest.
    pub action: String,
    /// The caller's key.
    pub key: String,
    /// The chosen target, JSON; `null` while there is none.
    pub target: String,
    /// The payload, JSON.
    pub payload: String,
    /// The files, a JSON list.
    pub attachments: String,
    /// SHA-256 of payload and files.
    pub content_hash: [u8; 32],
    /// 1, and one more with each change of the content under the same key.
    pub revision: u32,
    /// What it came from at the caller.
    pub source: Option<String>,
    /// One after the other among those of its connection with the same lane.
    pub lane: Option<String>,
    /// Its place in the lane.
    pub queued_at: Timestamp,
    /// Sent only when somebody says so.
    pub on_demand: bool,
    /// When it ends as expired if it still waits.
    pub expires_at: Option<Timestamp>,
    /// How often it was looked for since its answer was lost.
    pub looks: u32,
    /// How it stands.
    pub state: PushState,
    /// How it ended well.
    pub result: Option<PushResult>,
    /// The object at the provider.
    pub object_id: Option<String>,
    /// Where a person can see it.
    pub object_url: Option<String>,
    /// Why it stands as it does.
    pub code: Option<Code>,
    /// The same for the person.
    pub person: Option<String>,
    /// The same for the operator.
    pub operator: Option<String>,
    /// Fields that are wrong, a JSON list of pointer and message.
    pub fields: String,
    /// Attempts so far, the one under way included.
    pub attempts: u32,
    /// Raised with every claim.
    pub epoch: i64,
    /// Until when a worker holds it.
    pub lease_until: Option<Timestamp>,
    /// When it is due next; none when nothing will happen by itself.
    pub next_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A push to accept.
#[derive(Debug, Clone)]
pub struct NewPush {
    /// Whose.
    pub tenant: TenantId,
    /// The connection; none to wait for one.
    pub connection: Option<ConnectionId>,
    /// The connector.
    pub connector: String,
    /// The action's name in the manifest.
    pub action: String,
    /// The caller's key.
    pub key: String,
    /// The chosen target, canonical JSON; `null` where there is none yet.
    pub target: String,
    /// The payload, JSON.
    pub payload: String,
    /// The files, a JSON list of objects that name a `blob`.
    pub attachments: String,
    /// The blobs that those name.
    pub blobs: Vec<BlobId>,
    /// SHA-256 of payload and files, not of the target.
    pub content_hash: [u8; 32],
    /// `planned` is due at once; `waiting` and `skipped` are not.
    pub state: PushState,
    /// Why it waits or is skipped.
    pub reason: Option<(Code, String)>,
    /// What it came from at the caller.
    pub source: Option<String>,
    /// One after the other among those of its connection with the same lane.
    pub lane: Option<String>,
    /// Sent only when somebody says so.
    pub on_demand: bool,
    /// When it ends as expired if it still waits.
    pub expires_at: Option<Timestamp>,
    /// Whether other content under the same key is a change and no mistake.
    pub update: bool,
    /// Takes it at once for so long, where nothing is before it.
    pub claim: Option<Duration>,
    /// And where no more than so many of the tenant, and of the connection, are at work; 0 for any number.
    pub room: (u32, u32),
}

/// What became of a push that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    New(Push),
    /// It is new, and ours already.
    Claimed(ClaimedPush),
    /// The key was used for the same content: this is that push.
    Duplicate(Push),
    /// The same, and it had ended before anything was sent, or waited for the target that came now: it goes on.
    Revived(Push),
    /// The key was used for another content: from now on it stands for this one.
    Updated(Push),
    /// The key was used for another content: this is that push.
    OtherContent(Push),
    /// It cannot be changed just now: it is being sent, or it is not known whether it was written.
    Busy(Push),
    /// What it wrote, or may have written, is where another connection wrote it, or one that is gone: nothing changes it
    /// from here.
    Elsewhere(Push),
}

/// Which pushes; newest first.
#[derive(Debug, Clone, Default)]
pub struct PushFilter {
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// Of this connector.
    pub connector: Option<String>,
    /// In this state.
    pub state: Option<PushState>,
    /// With this key.
    pub key: Option<String>,
    /// From this source.
    pub source: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// Waiting ones that could be sent now, or that could not.
    pub ready: Option<bool>,
    /// [`Page::next`] of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Row for Push {
    const TABLE: &'static str = "pushes";
    const FROM: &'static str = "pushes p";
    // Without the alias, so that `RETURNING` takes them, too.
    const COLUMNS: &'static str = "id, tenant, connection, connector, action, key, target, payload, attachments, \
        content_hash, revision, source, lane, queued_at, on_demand, expires_at, looks, state, result, object_id, \
        object_url, code, person, operator, fields, attempts, epoch, lease_until, next_at, created_at, updated_at, ended_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            connection: r.next("connection")?,
            connector: r.next("connector")?,
            action: r.next("action")?,
            key: r.next("key")?,
            target: r.next("target")?,
            payload: r.next("payload")?,
            attachments: r.next("attachments")?,
            content_hash: r.next("content_hash")?,
            revision: r.next("revision")?,
            source: r.next("source")?,
            lane: r.next("lane")?,
            queued_at: r.next("queued_at")?,
            on_demand: r.next("on_demand")?,
            expires_at: r.next("expires_at")?,
            looks: r.next("looks")?,
            state: r.next("state")?,
            result: r.next("result")?,
            object_id: r.next("object_id")?,
            object_url: r.next("object_url")?,
            code: r.next("code")?,
            person: r.next("person")?,
            operator: r.next("operator")?,
            fields: r.next("fields")?,
            attempts: r.next("attempts")?,
            epoch: r.next("epoch")?,
            lease_until: r.next("lease_until")?,
            next_at: r.next("next_at")?,
            created_at: r.next("created_at")?,
            updated_at: r.next("updated_at")?,
            ended_at: r.next("ended_at")?,
        })
    }
}

/// The conditions that every list shares.
macro_rules! list {
    ($source:literal) => {
        concat!(
            "WHERE p.tenant = $1 AND ($2 IS NULL OR p.connection = $2) AND ($3 IS NULL OR p.connector = $3) \
             AND ($4 IS NULL OR p.state = $4) AND ($5 IS NULL OR p.key = $5) AND ($6 IS NULL OR p.id < $6) \
             AND ($8 IS NULL OR p.action = $8) AND ",
            $source
        )
    };
}

/// Exactly what the unique index is over.
const BY_KEY: &str = "WHERE p.tenant = $1 AND p.connector = $2 AND p.action = $3 AND p.key = $4";

/// What the pushes of a page carry comes to at most so many bytes, beyond the first one.
const PAGE_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes that a push carries.
const CARRIED: &str = "CAST(octet_length(p.payload) + octet_length(p.target) + octet_length(p.attachments) AS BIGINT)";

/// How heavy a push is.
struct Weight {
    id: PushId,
    bytes: u64,
}

impl Row for Weight {
    const TABLE: &'static str = "pushes";
    const FROM: &'static str = "pushes p";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { id: r.next("id")?, bytes: r.next("payload")? })
    }
}

impl Store {
    /// One push of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn push(&self, tenant: &TenantId, id: &PushId) -> Result<Push, StoreError> {
        let statement = sqlx::query(select::<Push>("WHERE p.id = $1 AND p.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// The push that used a key, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn push_by_key(
        &self,
        tenant: &TenantId,
        connector: &str,
        action: &str,
        key: &str,
    ) -> Result<Option<Push>, StoreError> {
        let statement = sqlx::query(select::<Push>(BY_KEY)).bind(tenant.as_str()).bind(connector);
        maybe(self.read(), statement.bind(action).bind(key)).await
    }

    /// Pushes of a tenant, newest first. A page ends earlier where what its pushes carry comes to more than
    /// 8 MiB; it has one at least.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pushes(&self, tenant: &TenantId, filter: &PushFilter) -> Result<Page<Push>, StoreError> {
        // A source has an index of its own, which only a plain comparison uses.
        let rest = if filter.source.is_some() { list!("p.source = $9") } else { list!("$9 IS NULL") };
        let ready = waiting::ready();
        // What they carry is measured before it is read.
        let statement = format!(
            "SELECT p.id, {CARRIED} FROM {} {rest} AND ($10 IS NULL OR (p.state = 'waiting' AND ({ready}) = $10)) ORDER BY p.id DESC LIMIT $7",
            Push::FROM
        );
        let statement = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(tenant.as_str())
            .bind(filter.connection.as_ref().map(ConnectionId::as_str))
            .bind(filter.connector.as_deref())
            .bind(filter.state.map(PushState::as_str))
            .bind(filter.key.as_deref())
            .bind(filter.after.as_deref())
            .bind(one_more(filter.limit))
            .bind(filter.action.as_deref())
            .bind(filter.source.as_deref())
            .bind(filter.ready);
        let found: Vec<Weight> = many(self.read(), statement).await?;
        let mut bytes: u64 = 0;
        let fits = found.iter().take_while(|push| {
            bytes = bytes.saturating_add(push.bytes);
            bytes <= PAGE_BYTES
        });
        let limit = filter.limit.min(u32::try_from(fits.count().max(1)).unwrap_or(u32::MAX));
        let page = Page::cut(found, limit, |push: &Weight| push.id.to_string());
        let ids: Vec<&str> = page.items.iter().map(|push| push.id.as_str()).collect();
        let statement = sqlx::query(select::<Push>(
            "WHERE p.id IN (SELECT value FROM json_each($1)) AND p.tenant = $2 ORDER BY p.id DESC",
        ));
        let items = many(self.read(), statement.bind(json(&ids)?).bind(tenant.as_str())).await?;
        Ok(Page { items, next: page.next })
    }
}

/// A push of a tenant, inside a transaction.
pub(crate) async fn of_tenant(tx: &mut AnyConnection, tenant: &TenantId, push: &PushId) -> Result<Push, StoreError> {
    let statement = sqlx::query(select::<Push>("WHERE p.id = $1 AND p.tenant = $2"));
    one(tx, statement.bind(push.as_str()).bind(tenant.as_str())).await
}

#[cfg(test)]
mod tests;
