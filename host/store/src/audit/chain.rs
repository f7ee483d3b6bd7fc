//! The chain: each line's hash is a MAC over the hash of the line before and all that the line says. The head
//! (the newest line's number, hash and id, under a MAC of its own) stands in `meta`, so that lines taken from
//! the end are missed too.
//!
//! Whoever can write to the database, but does not have the key, can change no line, take none out and put none
//! in without [`crate::Store::verify_audit`] finding it. What it cannot find: that the whole database was put
//! back to an earlier day. For that, keep its answer's head somewhere else.

use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sqlx::AnyConnection;

use super::{AuditLine, Entry};
use crate::{
    Store, StoreError,
    dialect::Dialect,
    row::{Reader, Row, Statement},
    writer::together,
};

/// What stands before the first line.
pub(super) const FIRST: [u8; 32] = [0; 32];
/// What a line is chained to that follows a damage: nothing has this hash, so the damage stays to be seen.
const DAMAGED: [u8; 32] = [0xff; 32];
/// The head's name in `meta`.
const HEAD: &str = "audit_head";

/// The key, shared by all clones of a store.
#[derive(Clone, Default)]
pub(crate) struct AuditKey(Arc<RwLock<[u8; 32]>>);

impl AuditKey {
    pub(super) fn set(&self, key: [u8; 32]) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    fn mac(&self, parts: &[&[u8]]) -> Result<[u8; 32], StoreError> {
        let key = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mac = Hmac::<Sha256>::new_from_slice(&key);
        let mut mac = mac.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        for part in parts {
            // Each part with its length, so that nothing can move from one into the next.
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        Ok(mac.finalize().into_bytes().into())
    }

    /// The hash of a line behind another.
    pub(super) fn hash(&self, previous: &[u8; 32], no: i64, line: &AuditLine) -> Result<[u8; 32], StoreError> {
        let tenant = line.tenant.as_ref().map(|tenant| tenant.as_str().as_bytes());
        self.mac(&[
            previous,
            &no.to_be_bytes(),
            line.id.as_str().as_bytes(),
            &line.at.as_micros().to_be_bytes(),
            &[u8::from(tenant.is_some())],
            tenant.unwrap_or_default(),
            line.actor.as_bytes(),
            line.action.as_bytes(),
            line.subject.as_bytes(),
            line.detail.as_bytes(),
        ])
    }
}

/// The newest line, as `meta` remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) no: i64,
    pub(super) hash: [u8; 32],
    pub(super) id: String,
    /// Whether it is as it was written.
    pub(super) intact: bool,
}

impl Head {
    fn write(key: &AuditKey, no: i64, hash: &[u8; 32], id: &str) -> Result<Vec<u8>, StoreError> {
        let mac = key.mac(&[HEAD.as_bytes(), &no.to_be_bytes(), hash, id.as_bytes()])?;
        Ok([&no.to_be_bytes()[..], hash, &mac, id.as_bytes()].concat())
    }

    fn read(key: &AuditKey, value: &[u8]) -> Result<Option<Self>, StoreError> {
        let Some((no, rest)) = value.split_first_chunk::<8>() else { return Ok(None) };
        let Some((hash, rest)) = rest.split_first_chunk::<32>() else { return Ok(None) };
        let Some((_, id)) = rest.split_first_chunk::<32>() else { return Ok(None) };
        let id = String::from_utf8_lossy(id).into_owned();
        let no = i64::from_be_bytes(*no);
        let intact = Self::write(key, no, hash, &id)? == value;
        Ok(Some(Self { no, hash: *hash, id, intact }))
    }

    /// The head that stands.
    pub(super) async fn load(
        on: impl sqlx::Executor<'_, Database = sqlx::Any>,
        key: &AuditKey,
    ) -> Result<Option<Self>, StoreError> {
        let statement = sqlx::query_scalar("SELECT value FROM meta WHERE key = $1").bind(HEAD);
        let value: Option<Vec<u8>> = statement.fetch_optional(on).await?;
        value.map_or(Ok(None), |value| Self::read(key, &value))
    }
}

/// A line with its place in the chain.
pub(super) struct Chained {
    pub(super) no: i64,
    pub(super) hash: Vec<u8>,
    pub(super) line: AuditLine,
}

impl Row for Chained {
    const TABLE: &'static str = "audit";
    const FROM: &'static str = "audit u";
    const COLUMNS: &'static str = "u.no, u.hash, u.id, u.at, u.tenant, u.actor, u.action, u.subject, u.detail";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self { no: r.next("no")?, hash: r.next("hash")?, line: r.join()? })
    }
}

/// What the next line is chained to: the head and the newest number, as they stand.
pub(crate) struct Standing {
    head: Option<Head>,
    last: Option<i64>,
}

impl Standing {
    /// Asks for it; inside a transaction that stands in line ([`stand_in_line`]).
    pub(crate) fn asked() -> Statement<'static> {
        sqlx::query("SELECT (SELECT value FROM meta WHERE key = $1), (SELECT max(no) FROM audit)").bind(HEAD)
    }

    /// The answer.
    pub(crate) fn read(reader: Option<Reader<'_>>, store: &Store) -> Result<Self, StoreError> {
        Self::under(reader, &store.audit_key)
    }

    fn under(reader: Option<Reader<'_>>, key: &AuditKey) -> Result<Self, StoreError> {
        let Some(mut r) = reader else { return Ok(Self { head: None, last: None }) };
        let value: Option<Vec<u8>> = r.next("value")?;
        let head = value.map_or(Ok(None), |value| Head::read(key, &value))?;
        Ok(Self { head, last: r.next("no")? })
    }

    /// Writes a line behind it: the line, and the head. Nothing else may be chained to the same.
    pub(crate) fn written(self, entry: &Entry) -> Result<[Statement<'_>; 2], StoreError> {
        let Entry { line, key } = entry;
        let Self { head, last } = self;
        // Going on from a head that is not as it was written, or not the newest line's, would hide what was done
        // to it; refusing every change from then on would be worse.
        let previous = match &head {
            None if last.is_none() => FIRST,
            Some(head) if head.intact && last == Some(head.no) => head.hash,
            _ => DAMAGED,
        };
        let no = head.map_or(0, |head| head.no).max(last.unwrap_or(0)).saturating_add(1);
        let hash = key.hash(&previous, no, line)?;
        let written = sqlx::query(
            "INSERT INTO audit (no, id, at, tenant, actor, action, subject, detail, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(no)
        .bind(line.id.as_str())
        .bind(line.at.as_micros())
        .bind(line.tenant.as_ref().map(patchbay_model::TenantId::as_str))
        .bind(line.actor.as_str())
        .bind(line.action.as_str())
        .bind(line.subject.as_str())
        .bind(line.detail.as_str())
        .bind(hash.to_vec());
        let head = sqlx::query(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(HEAD)
        .bind(Head::write(key, no, &hash, line.id.as_str())?);
        Ok([written, head])
    }
}

/// Waits until nobody else can write a line before this transaction ends. Those that run beside others stand in line
/// here, because each line is chained to the one before; so it is best done last.
pub(crate) async fn stand_in_line(tx: &mut AnyConnection) -> Result<(), StoreError> {
    if Dialect::of(tx) == Dialect::Postgres {
        sqlx::query("SELECT pg_advisory_xact_lock(7878002)").execute(tx).await?;
    }
    Ok(())
}

/// Writes a line in the transaction of what it tells; best last, see [`stand_in_line`].
pub(crate) async fn append(tx: &mut AnyConnection, entry: &Entry) -> Result<(), StoreError> {
    stand_in_line(&mut *tx).await?;
    let row = Standing::asked().fetch_optional(&mut *tx).await?;
    let standing = Standing::under(row.as_ref().map(|row| Reader::of(row, AuditLine::TABLE)), &entry.key)?;
    together(tx, standing.written(entry)?).await.map(drop)
}
