//! Everything that is sealed, wherever it stands: to seal it again when a data key is replaced.
//!
//! A new table with something sealed in it needs a kind here; else its key is dropped while it is needed.

use patchbay_model::TenantId;
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    row::{Reader, Row, int},
};

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SealedKind {
    /// The credential of a connection.
    Credential,
    /// A fresh credential whose write lost.
    LostToken,
    /// The secret of an OAuth registration; the deployment's, whoever owns the registration.
    ClientSecret,
    /// The PKCE verifier of a login under way.
    Verifier,
    /// A credential that waits for its completion.
    Pending,
    /// A credential that is to be revoked.
    Revocation,
    /// A secret that signs for a webhook endpoint.
    WebhookSecret,
    /// The key of the audit log; the deployment's.
    AuditKey,
}

/// Something sealed, and the place that it is sealed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// What it is.
    pub kind: SealedKind,
    /// Which row of its table.
    pub key: String,
    /// Whose data key; none for the deployment's.
    pub owner: Option<TenantId>,
    /// The subject of its place.
    pub subject: String,
    /// The field of its place.
    pub field: String,
    /// The row version of its place.
    pub row_version: i64,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// How the rows of a kind are found and replaced. `$1` is the owner (or null) and `$2` the number of a key.
struct Statements {
    /// key, owner, subject, field, row version and bytes of at most `$3` that do not carry the number.
    without: &'static str,
    /// How many carry the number.
    with: &'static str,
    /// Puts `$3` in the place of `$2` in row `$1`.
    replace: &'static str,
}

impl SealedKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Credential,
        Self::LostToken,
        Self::ClientSecret,
        Self::Verifier,
        Self::Pending,
        Self::Revocation,
        Self::WebhookSecret,
        Self::AuditKey,
    ];

    const fn statements(self) -> Statements {
        // Bytes 1 to 8 of what is sealed are the key's number; substr counts from 1.
        match self {
            Self::Credential => Statements {
                without: "SELECT k.connection, c.tenant, k.connection, 'credential', k.row_version, k.sealed \
                    FROM connections c JOIN credentials k ON k.connection = c.id \
                    WHERE c.tenant = $1 AND substr(k.sealed, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM connections c JOIN credentials k ON k.connection = c.id \
                    WHERE c.tenant = $1 AND substr(k.sealed, 2, 8) = $2",
                replace: "UPDATE credentials SET sealed = $3 WHERE connection = $1 AND sealed = $2",
            },
            Self::LostToken => Statements {
                without: "SELECT CAST(l.no AS TEXT), c.tenant, l.connection, 'lost', l.row_version, l.sealed \
                    FROM lost_tokens l JOIN connections c ON c.id = l.connection \
                    WHERE c.tenant = $1 AND substr(l.sealed, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM lost_tokens l JOIN connections c ON c.id = l.connection \
                    WHERE c.tenant = $1 AND substr(l.sealed, 2, 8) = $2",
                replace: "UPDATE lost_tokens SET sealed = $3 WHERE no = CAST($1 AS BIGINT) AND sealed = $2",
            },
            Self::ClientSecret => Statements {
                without: "SELECT o.id, NULL, o.id, 'client_secret', o.row_version, o.secret FROM oauth_clients o \
                    WHERE $1 IS NULL AND substr(o.secret, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM oauth_clients o WHERE $1 IS NULL AND substr(o.secret, 2, 8) = $2",
                replace: "UPDATE oauth_clients SET secret = $3 WHERE id = $1 AND secret = $2",
            },
            Self::Verifier => Statements {
                without: "SELECT coalesce(a.session, ''), a.tenant, coalesce(a.session, ''), 'verifier', a.row_version, \
                    a.verifier FROM attempts a WHERE a.tenant = $1 AND substr(a.verifier, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM attempts a WHERE a.tenant = $1 AND substr(a.verifier, 2, 8) = $2",
                replace: "UPDATE attempts SET verifier = $3 WHERE coalesce(session, '') = $1 AND verifier = $2",
            },
            Self::Pending => Statements {
                without: "SELECT n.session, n.tenant, n.session, 'pending', n.row_version, n.sealed \
                    FROM pending_authorisations n WHERE n.tenant = $1 AND substr(n.sealed, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM pending_authorisations n WHERE n.tenant = $1 AND substr(n.sealed, 2, 8) = $2",
                replace: "UPDATE pending_authorisations SET sealed = $3 WHERE session = $1 AND sealed = $2",
            },
            Self::Revocation => Statements {
                without: "SELECT CAST(v.no AS TEXT), v.tenant, v.subject, v.field, v.row_version, v.sealed \
                    FROM revocations v WHERE v.tenant = $1 AND substr(v.sealed, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM revocations v WHERE v.tenant = $1 AND substr(v.sealed, 2, 8) = $2",
                replace: "UPDATE revocations SET sealed = $3 WHERE no = CAST($1 AS BIGINT) AND sealed = $2",
            },
            // One that has ended signs nothing any more; it is carried on until it is removed.
            Self::WebhookSecret => Statements {
                without: "SELECT x.webhook || CAST(x.no AS TEXT), w.tenant, x.webhook, 'webhook_secret', x.row_version, \
                    x.sealed FROM webhooks w JOIN webhook_secrets x ON x.webhook = w.id \
                    WHERE w.tenant = $1 AND substr(x.sealed, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM webhooks w JOIN webhook_secrets x ON x.webhook = w.id \
                    WHERE w.tenant = $1 AND substr(x.sealed, 2, 8) = $2",
                replace: "UPDATE webhook_secrets SET sealed = $3 WHERE webhook = substr($1, 1, 30) \
                    AND no = CAST(substr($1, 31) AS BIGINT) AND sealed = $2",
            },
            Self::AuditKey => Statements {
                without: "SELECT m.key, NULL, 'audit', 'key', 1, m.value FROM meta m \
                    WHERE $1 IS NULL AND m.key = 'audit_key' AND substr(m.value, 2, 8) <> $2 LIMIT $3",
                with: "SELECT count(*) FROM meta m WHERE $1 IS NULL AND m.key = 'audit_key' AND substr(m.value, 2, 8) = $2",
                replace: "UPDATE meta SET value = $3 WHERE key = $1 AND value = $2",
            },
        }
    }
}

struct Found {
    key: String,
    owner: Option<TenantId>,
    subject: String,
    field: String,
    row_version: i64,
    sealed: Vec<u8>,
}

impl Row for Found {
    const TABLE: &'static str = "sealed";
    const FROM: &'static str = "";
    const COLUMNS: &'static str = "";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            key: r.next("key")?,
            owner: r.next("owner")?,
            subject: r.next("subject")?,
            field: r.next("field")?,
            row_version: r.next("row_version")?,
            sealed: r.next("sealed")?,
        })
    }
}

impl Store {
    /// What an owner has sealed with other keys than this one, so many at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sealed_not_with(
        &self,
        owner: Option<&TenantId>,
        number: &[u8],
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let mut rows = Vec::new();
        for kind in SealedKind::ALL {
            let left = i64::from(limit) - int(u64::try_from(rows.len()).unwrap_or(u64::MAX));
            if left <= 0 {
                break;
            }
            let statement = sqlx::query(kind.statements().without).bind(owner.map(TenantId::as_str));
            let found: Vec<Found> = crate::row::many(self.read(), statement.bind(number).bind(left)).await?;
            rows.extend(found.into_iter().map(|found| {
                let Found { key, owner, subject, field, row_version, sealed } = found;
                SealedRow { kind: *kind, key, owner, subject, field, row_version, sealed }
            }));
        }
        Ok(rows)
    }

    /// Puts what was sealed again in the place of the old bytes; false when something else is there by now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reseal(&self, row: &SealedRow, new: Vec<u8>) -> Result<bool, StoreError> {
        let row = row.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let statement = sqlx::query(row.kind.statements().replace).bind(row.key).bind(row.sealed);
                Ok(statement.bind(new).execute(tx).await?.rows_affected() > 0)
            })
        })
        .await
    }

    /// How much an owner has sealed with this key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_sealed_with(&self, owner: Option<&TenantId>, number: &[u8]) -> Result<u64, StoreError> {
        count(&mut *self.read().acquire().await?, owner, number).await
    }
}

/// The same inside a transaction.
pub(crate) async fn count(tx: &mut AnyConnection, owner: Option<&TenantId>, number: &[u8]) -> Result<u64, StoreError> {
    let mut sum = 0;
    for kind in SealedKind::ALL {
        let statement = sqlx::query_scalar::<_, i64>(kind.statements().with).bind(owner.map(TenantId::as_str));
        sum += u64::try_from(statement.bind(number).fetch_one(&mut *tx).await?).unwrap_or(0);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests;
