//! Discovered streams that nobody ever used are forgotten once they are gone: a connector that has other names every time
//! would fill the database with them.

use patchbay_model::ConnectionId;
use sqlx::AnyConnection;

use super::SYNCS;
use crate::StoreError;

/// Whether nobody ever used a discovered sync: it was not switched on, timed, run or read, and nothing is kept of it.
macro_rules! is_unused {
    () => {
        "s.discovered AND s.gone_at IS NOT NULL AND NOT s.enabled AND NOT s.custom AND NOT s.picked \
         AND s.records = 0 AND s.cursor IS NULL AND s.last_run IS NULL AND s.bury IS NULL AND s.unseen IS NULL \
         AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.sync = s.id) \
         AND NOT EXISTS (SELECT 1 FROM records r WHERE r.sync_no = s.no) \
         AND NOT EXISTS (SELECT 1 FROM dead_letters l WHERE l.sync_no = s.no) \
         AND NOT EXISTS (SELECT 1 FROM drifts f WHERE f.sync_no = s.no)"
    };
}

/// Forgets what is gone and was never used, but for the newest. On PostgreSQL somebody may switch a sync on at this very
/// moment: what stands outside of the brackets is looked at again once it waited for that.
pub(super) async fn gone(tx: &mut AnyConnection, connection: &ConnectionId, remembered: u32) -> Result<(), StoreError> {
    let rows = sqlx::query(concat!(
        "DELETE FROM discovered WHERE connection = $1 AND name IN (SELECT d.name FROM discovered d \
         WHERE d.connection = $1 AND d.gone_at IS NOT NULL AND NOT d.declared AND NOT EXISTS (SELECT 1 FROM syncs s \
         WHERE s.connection = d.connection AND s.stream = d.name AND NOT (",
        is_unused!(),
        ")) ORDER BY d.gone_at DESC, d.name LIMIT 1000000 OFFSET $2)"
    ));
    rows.bind(connection.as_str()).bind(i64::from(remembered)).execute(&mut *tx).await?;
    let lone = sqlx::query(concat!(
        "DELETE FROM syncs WHERE NOT enabled AND NOT custom AND last_run IS NULL AND gone_at IS NOT NULL AND id IN (SELECT s.id FROM syncs s WHERE s.connection = $1 AND ",
        is_unused!(),
        " AND NOT EXISTS (SELECT 1 FROM discovered d WHERE d.connection = s.connection AND d.name = s.stream))"
    ));
    lone.bind(connection.as_str()).execute(&mut *tx).await?;
    // A name has a sync for each account, so few names may still have many.
    let many = sqlx::query(concat!(
        "DELETE FROM syncs WHERE NOT enabled AND NOT custom AND last_run IS NULL AND gone_at IS NOT NULL AND id IN (SELECT s.id FROM syncs s WHERE s.connection = $1 AND ",
        is_unused!(),
        " ORDER BY s.gone_at DESC, s.id LIMIT 1000000 OFFSET $2)"
    ));
    many.bind(connection.as_str()).bind(i64::from(SYNCS)).execute(&mut *tx).await?;
    Ok(())
}
