//! Browser sessions: operators who are signed in to `/admin`, and tenants' users in the portal.
//!
//! A session is found by the hash of its cookie and counts until it expires, stands unused for too long, is ended, or
//! the key is revoked by which it was opened: all of that is asked in one clause ([`COUNTS`]), so that no caller can
//! forget a part of it.

pub(crate) mod ending;

use std::time::Duration;

use patchbay_model::{BrowserSessionId, KeyId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, Statement, maybe, words},
    sign_in_tokens::SIGNED_IN,
};

pub use ending::Whose;

/// What holds of a session as long as it counts: at `$1`, when one that was not used since `$2` is over.
const COUNTS: &str = "b.ended_at IS NULL AND b.expires_at > $1 AND b.used_at > $2 AND k.revoked_at IS NULL";

/// Whose browser is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// An operator's.
    Operator,
    /// That of a user of a tenant.
    Portal,
}

impl SessionKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Operator, Self::Portal];

    /// As tables, headers and answers spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Portal => "portal",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
words!(SessionKind);

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserSession {
    /// Its id (not the cookie).
    pub id: BrowserSessionId,
    /// Whose it is.
    pub kind: SessionKind,
    /// The key by which it was opened; none after a first start.
    pub key: Option<KeyId>,
    /// Of the portal: the tenant.
    pub tenant: Option<TenantId>,
    /// Of the portal: the tenant's own id of the user.
    pub user: Option<String>,
    /// Of the portal: what the user is called.
    pub name: Option<String>,
    /// Of the portal: the language of the pages, where the tenant's backend said one.
    pub language: Option<String>,
    /// When it used it last, to the minute.
    pub used_at: Timestamp,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
}

/// What a session is opened by.
#[derive(Debug, Clone)]
pub enum OpeningBy {
    /// SHA-256 of a token.
    Token([u8; 32]),
    /// An operator's key, which the caller has proved.
    Key(BrowserSessionId, KeyId),
}

/// A session to open.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Whose browser it is.
    pub kind: SessionKind,
    /// By what.
    pub by: OpeningBy,
    /// SHA-256 of its cookie: one that nobody had before.
    pub cookie_hash: [u8; 32],
    /// SHA-256 of the cookie that the browser had, whose session ends.
    pub replaces: Option<[u8; 32]>,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
    /// Where the browser is, for the audit log.
    pub peer: String,
}

impl Row for BrowserSession {
    const TABLE: &'static str = "browser_sessions";
    const FROM: &'static str = "browser_sessions b LEFT JOIN api_keys k ON k.id = b.api_key";
    const COLUMNS: &'static str =
        "b.id, b.kind, b.api_key, b.tenant, b.end_user, b.name, b.language, b.used_at, b.expires_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            kind: r.next("kind")?,
            key: r.next("api_key")?,
            tenant: r.next("tenant")?,
            user: r.next("end_user")?,
            name: r.next("name")?,
            language: r.next("language")?,
            used_at: r.next("used_at")?,
            expires_at: r.next("expires_at")?,
        })
    }
}

/// The name of a session in the audit log: an operator's, or a portal's of this user.
#[must_use]
pub fn actor(session: &BrowserSessionId, user: Option<&str>) -> String {
    match user {
        None => format!("operator session {session}"),
        Some(user) => format!("portal {user} {session}"),
    }
}

impl BrowserSession {
    /// The name that the audit log gets.
    #[must_use]
    pub fn actor(&self) -> String {
        actor(&self.id, self.user.as_deref())
    }
}

impl Store {
    /// Opens a session; none where the token opens nothing (any more). The token is spent with it, and the session that
    /// the browser had before ends.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a cookie that is there.
    pub async fn open_browser_session(&self, opening: Opening) -> Result<Option<BrowserSession>, StoreError> {
        let (now, store) = (self.now(), self.clone());
        self.write(move |tx| {
            Box::pin(async move {
                let Opening { kind, by, cookie_hash, replaces, expires_at, peer } = opening;
                let with = match &by {
                    OpeningBy::Token(_) => "token",
                    OpeningBy::Key(..) => "key",
                };
                let Some(session) = granted(tx, kind, by, now, expires_at).await? else { return Ok(None) };
                if let Some(replaces) = replaces {
                    sqlx::query(
                        "UPDATE browser_sessions SET ended_at = $3 WHERE cookie_hash = $1 AND kind = $2 AND ended_at IS NULL",
                    )
                    .bind(replaces.to_vec())
                    .bind(kind.as_str())
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                    ending::end_connects(&mut *tx, now).await?;
                }
                insert(tx, &session, cookie_hash).await?;
                if kind == SessionKind::Operator {
                    end_first_run(tx, now).await?;
                }
                let action = match kind {
                    SessionKind::Operator => "operator_session.opened",
                    SessionKind::Portal => "portal_session.opened",
                };
                let detail = serde_json::json!({ "by": with, "key": session.key.as_ref(), "peer": peer });
                let line = NewAudit::of(session.tenant.as_ref(), &session.actor(), action, &session.id).detail(&detail);
                append(tx, &store.audit_line(line)).await?;
                Ok(Some(session))
            })
        })
        .await
    }

    /// The session of a cookie, as long as it counts and was used within `idle`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn browser_session(
        &self,
        kind: SessionKind,
        cookie_hash: [u8; 32],
        idle: Duration,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let statement = format!("{} AND b.cookie_hash = $3 AND b.kind = $4", columns_of_counting());
        let statement = counting(statement, self.now(), idle);
        maybe(self.read(), statement.bind(cookie_hash.to_vec()).bind(kind.as_str())).await
    }

    /// The same by its id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn browser_session_by_id(
        &self,
        id: &BrowserSessionId,
        idle: Duration,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let statement = counting(format!("{} AND b.id = $3", columns_of_counting()), self.now(), idle);
        maybe(self.read(), statement.bind(id.as_str())).await
    }

    /// Notes that a session was used. Cheap to call seldom: once a minute is enough.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn touch_browser_session(&self, id: &BrowserSessionId) -> Result<(), StoreError> {
        let (id, now) = (id.clone(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(
                    "UPDATE browser_sessions SET used_at = $2 WHERE id = $1 AND used_at < $2 AND ended_at IS NULL",
                );
                statement.bind(id.as_str()).bind(now.as_micros()).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets sessions that were over before this, and tokens that open nothing any more; how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_browser_sessions(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let now = self.now();
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(
                    "DELETE FROM sign_in_tokens WHERE token_hash IN \
                     (SELECT t.token_hash FROM sign_in_tokens t WHERE t.expires_at <= $1 LIMIT $2)",
                );
                let statement = statement.bind(now.as_micros()).bind(i64::from(limit));
                let tokens = statement.execute(&mut *tx).await?.rows_affected();
                let statement = sqlx::query(
                    "DELETE FROM browser_sessions WHERE id IN \
                     (SELECT b.id FROM browser_sessions b WHERE b.expires_at <= $1 LIMIT $2)",
                );
                let statement = statement.bind(before.as_micros()).bind(i64::from(limit));
                Ok(tokens + statement.execute(tx).await?.rows_affected())
            })
        })
        .await
    }
}

/// What a sign-in gives, as the token or the key says; the token is spent.
async fn granted(
    tx: &mut AnyConnection,
    kind: SessionKind,
    by: OpeningBy,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Option<BrowserSession>, StoreError> {
    let hash = match by {
        OpeningBy::Token(hash) => hash,
        OpeningBy::Key(id, key) => {
            let (tenant, user, name, language) = (None, None, None, None);
            let key = Some(key);
            return Ok(Some(BrowserSession { id, kind, key, tenant, user, name, language, used_at: now, expires_at }));
        }
    };
    let spent = sqlx::query(
        "DELETE FROM sign_in_tokens WHERE token_hash = $1 AND kind = $2 AND expires_at > $3 \
         AND NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.id = sign_in_tokens.api_key AND k.revoked_at IS NOT NULL) \
         AND NOT (first_run AND EXISTS (SELECT 1 FROM meta m WHERE m.key = $4)) \
         RETURNING session, kind, api_key, tenant, end_user, name, language",
    );
    let spent = spent.bind(hash.to_vec()).bind(kind.as_str()).bind(now.as_micros()).bind(SIGNED_IN);
    let Some(row) = spent.fetch_optional(tx).await? else { return Ok(None) };
    let mut r = Reader::of(&row, "sign_in_tokens");
    Ok(Some(BrowserSession {
        id: r.next("session")?,
        kind: r.next("kind")?,
        key: r.next("api_key")?,
        tenant: r.next("tenant")?,
        user: r.next("end_user")?,
        name: r.next("name")?,
        language: r.next("language")?,
        used_at: now,
        expires_at,
    }))
}

async fn insert(tx: &mut AnyConnection, new: &BrowserSession, cookie_hash: [u8; 32]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO browser_sessions (id, cookie_hash, kind, api_key, tenant, end_user, name, language, created_at, \
         used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)",
    )
    .bind(new.id.as_str())
    .bind(cookie_hash.to_vec())
    .bind(new.kind.as_str())
    .bind(new.key.as_ref().map(KeyId::as_str))
    .bind(new.tenant.as_ref().map(TenantId::as_str))
    .bind(new.user.as_deref())
    .bind(new.name.as_deref())
    .bind(new.language.as_deref())
    .bind(new.used_at.as_micros())
    .bind(new.expires_at.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// From the first sign-in on, what a start printed opens nothing.
async fn end_first_run(tx: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
    let statement = sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING");
    statement.bind(SIGNED_IN).bind(now.to_string().into_bytes()).execute(&mut *tx).await?;
    sqlx::query("DELETE FROM sign_in_tokens WHERE first_run").execute(tx).await?;
    Ok(())
}

/// What selects sessions that count; more conditions may follow.
fn columns_of_counting() -> String {
    format!("SELECT {} FROM {} WHERE {COUNTS}", BrowserSession::COLUMNS, BrowserSession::FROM)
}

/// A statement made of literals of this file, with what [`COUNTS`] asks for.
fn counting<'q>(statement: String, now: Timestamp, idle: Duration) -> Statement<'q> {
    let statement = sqlx::query(sqlx::AssertSqlSafe(statement));
    statement.bind(now.as_micros()).bind(now.minus(idle).as_micros())
}

#[cfg(test)]
mod tests;
