//! What a stream's records look like, and how that changed: fields that were not there before, and other kinds of
//! value in old ones. Nothing fails for it; whoever reads the records is told.

use patchbay_model::{ChangeKind, EventId, EventKind, RunId, SyncId, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Page, Store, StoreError,
    events::{NewEvent, emit},
    row::{Reader, Row, many, one_more, select},
};

/// Changes of one page that are kept; the others are counted only.
const PER_PAGE: usize = 100;

/// A change of what records look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDrift {
    /// Where in the record.
    pub path: String,
    /// What changed: a word.
    pub kind: String,
    /// More about it.
    pub detail: String,
}

/// The same in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Its place.
    pub no: i64,
    /// Where in the record.
    pub path: String,
    /// What changed: a word.
    pub kind: String,
    /// More about it.
    pub detail: String,
    /// The run that met it first.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
}

impl Row for Drift {
    const TABLE: &'static str = "drifts";
    const FROM: &'static str = "syncs s JOIN drifts d ON d.sync_no = s.no";
    const COLUMNS: &'static str = "d.no, d.path, d.kind, d.detail, d.run, d.at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            no: r.next("no")?,
            path: r.next("path")?,
            kind: r.next("kind")?,
            detail: r.next("detail")?,
            run: r.next("run")?,
            at: r.next("at")?,
        })
    }
}

impl Store {
    /// How the records of a sync came to look different, newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a sync that is not the tenant's; [`StoreError::NoPlace`] for an `after` that is
    /// none.
    pub async fn drifts(
        &self,
        tenant: &TenantId,
        sync: &SyncId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Drift>, StoreError> {
        self.shape(tenant, sync).await?;
        let after = after.map(|after| after.parse::<i64>().map_err(|_| StoreError::NoPlace)).transpose()?;
        let rest = "WHERE s.id = $1 AND ($2 IS NULL OR d.no < $2) ORDER BY d.no DESC LIMIT $3";
        let statement = sqlx::query(select::<Drift>(rest)).bind(sync.as_str()).bind(after).bind(one_more(limit));
        Ok(Page::cut(many(self.read(), statement).await?, limit, |drift: &Drift| drift.no.to_string()))
    }

    /// What fields the records of a sync have had, JSON; none before the first page.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a sync that is not the tenant's.
    pub async fn shape(&self, tenant: &TenantId, sync: &SyncId) -> Result<Option<String>, StoreError> {
        let statement = sqlx::query_scalar("SELECT shape FROM syncs WHERE id = $1 AND tenant = $2");
        let shape = statement.bind(sync.as_str()).bind(tenant.as_str()).fetch_optional(self.read()).await?;
        shape.ok_or(StoreError::NotFound)
    }
}

/// Writes down how a page's records look different, inside its transaction.
pub(crate) async fn keep(
    tx: &mut AnyConnection,
    sync: i64,
    run: &RunId,
    drifts: &[NewDrift],
    event: EventId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if drifts.is_empty() {
        return Ok(());
    }
    for drift in drifts.iter().take(PER_PAGE) {
        sqlx::query(
            "INSERT INTO drifts (tenant, sync_no, run, path, kind, detail, at) \
             SELECT tenant, no, $2, $3, $4, $5, $6 FROM syncs WHERE no = $1",
        )
        .bind(sync)
        .bind(run.as_str())
        .bind(drift.path.as_str())
        .bind(drift.kind.as_str())
        .bind(drift.detail.as_str())
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    let row = sqlx::query(
        "SELECT s.tenant, s.connection, s.stream, c.connector FROM syncs s JOIN connections c ON c.id = s.connection \
         WHERE s.no = $1",
    );
    let row = row.bind(sync).fetch_one(&mut *tx).await?;
    let mut r = Reader::of(&row, "syncs");
    let (tenant, connection): (TenantId, String) = (r.next("tenant")?, r.next("connection")?);
    let (stream, connector): (String, String) = (r.next("stream")?, r.next("connector")?);
    let added = drifts.iter().filter(|drift| drift.kind == ChangeKind::Added.as_str()).count();
    let data = serde_json::json!({
        "connection": connection, "connector": connector, "stream": stream, "run": run.as_str(),
        "added": added, "changed": drifts.len() - added,
    });
    emit(tx, &NewEvent { id: event, tenant, kind: EventKind::StreamDrifted, subject: connection, data }, now).await
}

#[cfg(test)]
mod tests;
