//! Pushes: one item each that is to be written to a provider. A key is used once, for ever.

use patchbay_model::{Code, ConnectionId, PushId, PushResult, PushState, TenantId, Timestamp};

use crate::{
    Page, Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, maybe, one, one_more, select},
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
    /// The chosen target, JSON.
    pub target: String,
    /// The payload, JSON.
    pub payload: String,
    /// The files, a JSON list.
    pub attachments: String,
    /// SHA-256 of what was accepted.
    pub content_hash: [u8; 32],
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
    /// The chosen target, JSON.
    pub target: String,
    /// The payload, JSON.
    pub payload: String,
    /// The files, a JSON list.
    pub attachments: String,
    /// SHA-256 of what is accepted.
    pub content_hash: [u8; 32],
    /// `planned` is due at once; `waiting` and `skipped` are not.
    pub state: PushState,
    /// Why it waits or is skipped.
    pub reason: Option<(Code, String)>,
}

/// What became of a push that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    New(Push),
    /// The key was used for the same content: this is that push.
    Duplicate(Push),
    /// The key was used for another content: this is that push.
    OtherContent(Push),
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
    /// [`Page::next`] of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Row for Push {
    const TABLE: &'static str = "pushes";
    const FROM: &'static str = "pushes p";
    const COLUMNS: &'static str = "p.id, p.tenant, p.connection, p.connector, p.action, p.key, p.target, p.payload, \
        p.attachments, p.content_hash, p.state, p.result, p.object_id, p.object_url, p.code, p.person, p.operator, \
        p.fields, p.attempts, p.epoch, p.lease_until, p.next_at, p.created_at, p.updated_at, p.ended_at";

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

impl Store {
    /// Accepts a push, or finds the one that used its key first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's.
    pub async fn accept_push(&self, new: NewPush) -> Result<Accepted, StoreError> {
        let (id, now) = (PushId::fresh(&*self.clock, &*self.random), self.now());
        if let Some(connection) = &new.connection {
            self.connection(&new.tenant, connection).await?;
        }
        let line = self.audit_line(NewAudit::of(Some(&new.tenant), "host", "push.accepted", &id));
        let accepted = self
            .write(move |tx| {
                Box::pin(async move {
                    let rest = "WHERE p.tenant = $1 AND p.connector = $2 AND p.action = $3 AND p.key = $4";
                    let statement = sqlx::query(select::<Push>(rest)).bind(new.tenant.as_str());
                    let statement = statement.bind(&new.connector).bind(&new.action).bind(&new.key);
                    if let Some(there) = maybe::<Push>(&mut *tx, statement).await? {
                        let same = there.content_hash == new.content_hash;
                        return Ok(if same { Accepted::Duplicate(there) } else { Accepted::OtherContent(there) });
                    }
                    let due = (new.state == PushState::Planned).then(|| now.as_micros());
                    let over = (new.state == PushState::Skipped).then(|| now.as_micros());
                    let (code, person) = new.reason.map_or((None, None), |(code, text)| (Some(code.id()), Some(text)));
                    sqlx::query(
                        "INSERT INTO pushes (id, tenant, connection, connector, action, key, target, payload, attachments, \
                         content_hash, state, code, person, fields, next_at, created_at, updated_at, ended_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '[]', $14, $15, $15, $16)",
                    )
                    .bind(id.as_str())
                    .bind(new.tenant.as_str())
                    .bind(new.connection.as_ref().map(ConnectionId::as_str))
                    .bind(new.connector)
                    .bind(new.action)
                    .bind(new.key)
                    .bind(new.target)
                    .bind(new.payload)
                    .bind(new.attachments)
                    .bind(new.content_hash.to_vec())
                    .bind(new.state.as_str())
                    .bind(code)
                    .bind(person)
                    .bind(due)
                    .bind(now.as_micros())
                    .bind(over)
                    .execute(&mut *tx)
                    .await?;
                    append(&mut *tx, &line).await?;
                    let statement = sqlx::query(select::<Push>("WHERE p.id = $1")).bind(id.as_str());
                    one(tx, statement).await.map(Accepted::New)
                })
            })
            .await?;
        self.woke();
        Ok(accepted)
    }

    /// One push of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn push(&self, tenant: &TenantId, id: &PushId) -> Result<Push, StoreError> {
        let statement = sqlx::query(select::<Push>("WHERE p.id = $1 AND p.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// Pushes of a tenant, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pushes(&self, tenant: &TenantId, filter: &PushFilter) -> Result<Page<Push>, StoreError> {
        let rest = "WHERE p.tenant = $1 AND ($2 IS NULL OR p.connection = $2) AND ($3 IS NULL OR p.connector = $3) \
            AND ($4 IS NULL OR p.state = $4) AND ($5 IS NULL OR p.key = $5) AND ($6 IS NULL OR p.id < $6) \
            ORDER BY p.id DESC LIMIT $7";
        let statement = sqlx::query(select::<Push>(rest))
            .bind(tenant.as_str())
            .bind(filter.connection.as_ref().map(ConnectionId::as_str))
            .bind(filter.connector.as_deref())
            .bind(filter.state.map(PushState::as_str))
            .bind(filter.key.as_deref())
            .bind(filter.after.as_deref())
            .bind(one_more(filter.limit));
        Ok(Page::cut(many(self.read(), statement).await?, filter.limit, |push: &Push| push.id.to_string()))
    }

    /// Gives a waiting push its connection and, where it was missing, its target.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it does not wait.
    pub async fn bind_push(
        &self,
        tenant: &TenantId,
        id: &PushId,
        connection: &ConnectionId,
        target: Option<String>,
    ) -> Result<Push, StoreError> {
        self.connection(tenant, connection).await?;
        self.push(tenant, id).await?;
        let (tenant, id, connection, now) = (tenant.clone(), id.clone(), connection.clone(), self.now());
        let bound = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "UPDATE pushes SET connection = $3, target = coalesce($4, target), state = 'planned', code = NULL, \
                         person = NULL, next_at = $5, updated_at = $5 \
                         WHERE id = $1 AND tenant = $2 AND state = 'waiting'",
                    )
                    .bind(id.as_str())
                    .bind(tenant.as_str())
                    .bind(connection.as_str())
                    .bind(target)
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                    if done.rows_affected() == 0 {
                        return Err(StoreError::Conflict("the push does not wait"));
                    }
                    one(tx, sqlx::query(select::<Push>("WHERE p.id = $1")).bind(id.as_str())).await
                })
            })
            .await?;
        self.woke();
        Ok(bound)
    }
}
