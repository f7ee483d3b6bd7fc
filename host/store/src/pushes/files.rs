//! The files that a push names. They are kept as long as it has not ended; when they go after that is the business of
//! whoever forgets what is old.

use std::collections::BTreeSet;

use patchbay_model::{PushId, TenantId};
use serde::Deserialize;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::conflicts;
use crate::{Push, StoreError, row::json};

/// A file that is named and cannot be had.
const GONE: StoreError = StoreError::Conflict(conflicts::FILE_GONE);

/// What of a file's entry matters here.
#[derive(Deserialize)]
struct Named {
    blob: String,
}

/// The blobs that the files of a push name.
pub(crate) fn named_in(push: &Push) -> Result<Vec<String>, StoreError> {
    let odd = |_| StoreError::Inconsistent { table: "pushes", column: "attachments", row: push.id.to_string() };
    let files: Vec<Named> = serde_json::from_str(&push.attachments).map_err(odd)?;
    Ok(files.into_iter().map(|file| file.blob).collect())
}

/// Keeps what a push names, and nothing that it named before, inside a transaction.
///
/// # Errors
/// [`StoreError::Conflict`] for one that is not there, is another tenant's, or whose upload did not end.
pub(crate) async fn keep(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    push: &PushId,
    named: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    let list = json(named)?;
    forget_others(&mut *tx, push, &list).await?;
    add(tx, tenant, push, named, &list, "NULL").await
}

async fn forget_others(tx: &mut AnyConnection, push: &PushId, list: &str) -> Result<(), StoreError> {
    let statement = "DELETE FROM push_blobs WHERE push = $1 AND blob NOT IN (SELECT value FROM json_each($2))";
    sqlx::query(statement).bind(push.as_str()).bind(list).execute(tx).await?;
    Ok(())
}

/// The same of a push that has ended: what it names is kept no longer for that, as long as nobody sends it again.
pub(super) async fn name(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    push: &PushId,
    named: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    let list = json(named)?;
    forget_others(&mut *tx, push, &list).await?;
    add(tx, tenant, push, named, &list, "expires_at").await
}

/// Keeps the files of a push that named nothing before.
pub(super) async fn keep_first(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    push: &PushId,
    named: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    if named.is_empty() { Ok(()) } else { add(tx, tenant, push, named, &json(named)?, "NULL").await }
}

async fn add(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    push: &PushId,
    named: &BTreeSet<&str>,
    list: &str,
    until: &'static str,
) -> Result<(), StoreError> {
    let statement = format!(
        "UPDATE blobs SET expires_at = {until} \
         WHERE tenant = $1 AND id IN (SELECT value FROM json_each($2)) AND sha256 IS NOT NULL"
    );
    let kept = sqlx::query(AssertSqlSafe(statement));
    let kept = kept.bind(tenant.as_str()).bind(list).execute(&mut *tx).await?;
    if usize::try_from(kept.rows_affected()).ok() != Some(named.len()) {
        return Err(GONE);
    }
    sqlx::query(
        "INSERT INTO push_blobs (push, blob) SELECT $1, value FROM json_each($2) WHERE TRUE ON CONFLICT DO NOTHING",
    )
    .bind(push.as_str())
    .bind(list)
    .execute(tx)
    .await?;
    Ok(())
}
