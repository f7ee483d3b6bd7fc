//! Sealed credentials, and the lease under which one of many workers refreshes them.
//!
//! A refresh is: lease (epoch up by one, intent noted, committed) → call → compare-and-swap on epoch
//! and version. A worker whose lease lapsed cannot store; what it got goes to the lost tokens, because
//! a rotated refresh token that is dropped ends the connection.
//!
//! All of it may run beside others on PostgreSQL: each change is one statement fenced by epoch or version, which locks
//! the credential's row.

use std::time::Duration;

use patchbay_model::{ConnectionId, TenantId, Timestamp};

use crate::{
    Store, StoreError,
    dialect::Dialect,
    row::{Reader, Row, maybe, one, select},
};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A stored credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// The connection it belongs to.
    pub connection: ConnectionId,
    /// The credential, sealed to the connection and `row_version`.
    pub sealed: Vec<u8>,
    /// Raised with every write.
    pub row_version: i64,
    /// Raised with every refresh that was stored and every new consent.
    pub generation: u64,
    /// Raised with every lease.
    pub refresh_epoch: i64,
    /// Until when somebody refreshes it.
    pub refresh_lease_until: Option<Timestamp>,
    /// When a refresh was begun of which no outcome is known.
    pub refresh_intent_at: Option<Timestamp>,
}

/// The right to refresh, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshLease {
    /// To be named when the outcome is stored.
    pub epoch: i64,
    /// An earlier refresh ended without a known outcome: its answer may be lost, or in the lost tokens.
    pub earlier_unknown: bool,
    /// The credential as it is now.
    pub credential: CredentialRow,
}

impl Row for CredentialRow {
    const TABLE: &'static str = "credentials";
    const FROM: &'static str = "credentials k";
    const COLUMNS: &'static str = "k.connection, k.sealed, k.row_version, k.generation, k.refresh_epoch, \
        k.refresh_lease_until, k.refresh_intent_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            connection: r.next("connection")?,
            sealed: r.next("sealed")?,
            row_version: r.next("row_version")?,
            generation: r.next("generation")?,
            refresh_epoch: r.next("refresh_epoch")?,
            refresh_lease_until: r.next("refresh_lease_until")?,
            refresh_intent_at: r.next("refresh_intent_at")?,
        })
    }
}

impl Store {
    /// The credential of a connection that the caller already found for its tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn credential(&self, connection: &ConnectionId) -> Result<CredentialRow, StoreError> {
        let statement = sqlx::query(select::<CredentialRow>("WHERE k.connection = $1"));
        one(self.read(), statement.bind(connection.as_str())).await
    }

    /// The right to refresh for so long, committed before this answers; none while somebody else has it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn lease_refresh(
        &self,
        connection: &ConnectionId,
        lease: Duration,
    ) -> Result<Option<RefreshLease>, StoreError> {
        let (connection, clock) = (connection.clone(), self.clock.clone());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                // Locked, so that of two nodes that ask at once the second one sees the first one's lease.
                let rest = Dialect::of(tx).pick("WHERE k.connection = $1", "WHERE k.connection = $1 FOR UPDATE OF k");
                let statement = sqlx::query(select::<CredentialRow>(rest));
                let before: CredentialRow = one(&mut *tx, statement.bind(connection.as_str())).await?;
                if before.refresh_lease_until.is_some_and(|until| until > now) {
                    return Ok(None);
                }
                let epoch = before.refresh_epoch + 1;
                sqlx::query(
                    "UPDATE credentials SET refresh_epoch = $2, refresh_lease_until = $3, refresh_intent_at = $4 \
                     WHERE connection = $1",
                )
                .bind(connection.as_str())
                .bind(epoch)
                .bind(now.plus(lease).as_micros())
                .bind(now.as_micros())
                .execute(tx)
                .await?;
                let credential = CredentialRow {
                    refresh_epoch: epoch,
                    refresh_lease_until: Some(now.plus(lease)),
                    refresh_intent_at: Some(now),
                    ..before.clone()
                };
                Ok(Some(RefreshLease { epoch, earlier_unknown: before.refresh_intent_at.is_some(), credential }))
            })
        })
        .await
    }

    /// Stores what a refresh brought, and ends the lease, its intent and the count of days on which it failed.
    /// `next_refresh_at` is when it is refreshed without being used; none for on use only.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over or the credential was replaced: keep what was
    /// got by [`Store::keep_lost_token`].
    pub async fn store_refreshed(
        &self,
        connection: &ConnectionId,
        epoch: i64,
        expected_version: i64,
        sealed: Vec<u8>,
        new_version: i64,
        next_refresh_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (connection, now) = (connection.clone(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE credentials SET sealed = $4, row_version = $5, generation = generation + 1, \
                     refresh_lease_until = NULL, refresh_intent_at = NULL, next_refresh_at = $7, failing_days = 0, \
                     failed_day = NULL, updated_at = $6 \
                     WHERE connection = $1 AND refresh_epoch = $2 AND row_version = $3",
                )
                .bind(connection.as_str())
                .bind(epoch)
                .bind(expected_version)
                .bind(sealed)
                .bind(new_version)
                .bind(now.as_micros())
                .bind(next_refresh_at.map(Timestamp::as_micros))
                .execute(&mut *tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::Stale);
                }
                // A newer credential than any lost one stands now.
                let statement = sqlx::query("DELETE FROM lost_tokens WHERE connection = $1");
                statement.bind(connection.as_str()).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// Ends a lease without a new credential. `outcome_known`: the provider surely did not rotate
    /// anything (it refused, or nothing left); else the intent stays for the next one to see, which is due now.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over.
    pub async fn release_refresh(
        &self,
        connection: &ConnectionId,
        epoch: i64,
        outcome_known: bool,
    ) -> Result<(), StoreError> {
        let (connection, now) = (connection.clone(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE credentials SET refresh_lease_until = NULL, \
                     refresh_intent_at = CASE WHEN $3 THEN NULL ELSE refresh_intent_at END, \
                     next_refresh_at = CASE WHEN $3 THEN next_refresh_at ELSE $4 END \
                     WHERE connection = $1 AND refresh_epoch = $2",
                )
                .bind(connection.as_str())
                .bind(epoch)
                .bind(outcome_known)
                .bind(now.as_micros())
                .execute(tx)
                .await?;
                if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
            })
        })
        .await
    }

    /// Ends a lease whose refresh failed, and counts the day; on how many days (UTC) in a row it has failed
    /// now. `outcome_known` as for [`Store::release_refresh`]; without it, and where it is refreshed without use,
    /// it is tried again at `again_at`.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over, or it ended already.
    pub async fn refresh_failed(
        &self,
        connection: &ConnectionId,
        epoch: i64,
        outcome_known: bool,
        again_at: Timestamp,
    ) -> Result<u32, StoreError> {
        let (connection, now) = (connection.clone(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let days: Option<i64> = sqlx::query_scalar(
                    "UPDATE credentials SET refresh_lease_until = NULL, \
                     refresh_intent_at = CASE WHEN $3 THEN NULL ELSE refresh_intent_at END, \
                     next_refresh_at = CASE WHEN $3 AND next_refresh_at IS NULL THEN NULL ELSE $4 END, \
                     failing_days = CASE WHEN failed_day >= $5 THEN failing_days ELSE failing_days + 1 END, \
                     failed_day = CASE WHEN failed_day >= $5 THEN failed_day ELSE $5 END \
                     WHERE connection = $1 AND refresh_epoch = $2 AND refresh_lease_until IS NOT NULL \
                     RETURNING failing_days",
                )
                .bind(connection.as_str())
                .bind(epoch)
                .bind(outcome_known)
                .bind(again_at.as_micros())
                .bind(now.as_micros().div_euclid(DAY))
                .fetch_optional(tx)
                .await?;
                days.map(|days| u32::try_from(days).unwrap_or(u32::MAX)).ok_or(StoreError::Stale)
            })
        })
        .await
    }

    /// Puts off a refresh that is due and could not even begin, so that it is not in the way of others; one that
    /// somebody began (or ended) meanwhile stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_off_refresh(
        &self,
        connection: &ConnectionId,
        version: i64,
        again_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (connection, now) = (connection.clone(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE credentials SET next_refresh_at = $3, refresh_lease_until = NULL WHERE connection = $1 \
                     AND row_version = $4 AND ((next_refresh_at <= $2 AND refresh_lease_until IS NULL) OR refresh_lease_until <= $2)",
                )
                .bind(connection.as_str())
                .bind(now.as_micros())
                .bind(again_at.as_micros())
                .bind(version)
                .execute(tx)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Working connections whose credential is to be refreshed without being used, the longest due first: its
    /// time has come, or whoever refreshed it is gone (its lease lapsed) and a short grace period may be running
    /// out. One that failed is not in the way of others: it is due at the end of its pause. One that is switched
    /// off keeps its login as well: a provider that drops idle ones does not know of our switch.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refreshes_due(&self, limit: u32) -> Result<Vec<(TenantId, ConnectionId)>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.tenant, c.id FROM credentials k JOIN connections c ON c.id = k.connection \
             AND c.state IN ('active', 'needs_setup') \
             WHERE (k.next_refresh_at <= $1 AND k.refresh_lease_until IS NULL) OR k.refresh_lease_until <= $1 \
             ORDER BY coalesce(k.refresh_lease_until, k.next_refresh_at) LIMIT $2",
        );
        let rows = rows.bind(self.now().as_micros()).bind(i64::from(limit)).fetch_all(self.read()).await?;
        rows.iter()
            .map(|row| {
                let mut r = Reader::of(row, CredentialRow::TABLE);
                Ok((r.next("tenant")?, r.next("connection")?))
            })
            .collect()
    }

    /// The credential, if the connection has one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn credential_if_any(&self, connection: &ConnectionId) -> Result<Option<CredentialRow>, StoreError> {
        let statement = sqlx::query(select::<CredentialRow>("WHERE k.connection = $1"));
        maybe(self.read(), statement.bind(connection.as_str())).await
    }
}

#[cfg(test)]
mod tests;
