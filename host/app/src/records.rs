//! Reading what was synced: records as they are now, and the ordered feed of changes.

use patchbay_model::{Code, ConnectionId, Fault, TenantId};
use patchbay_store::{Change, FeedFilter, Page, Record, RecordFilter, StoreError};

use crate::{App, work::listed};

/// Records of an export that are read at once.
const EXPORTED: u32 = 100;

impl App {
    /// Records of a stream, by key.
    pub async fn records(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        filter: &RecordFilter,
    ) -> Result<Page<Record>, Fault> {
        match self.store.connection(tenant, connection).await {
            Ok(row) => {
                let release = self.release_of(&row).await?;
                if self.stream_of(connection, &release.manifest, &filter.stream).await?.is_none() {
                    return Err(Fault::new(Code::StreamUnknown));
                }
            }
            // One that was deleted may have left its records: the store knows.
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        self.store.records(tenant, connection, filter).await.map_err(listed)
    }

    /// How many records that is on all pages together, where it is known without reading them. To be asked after
    /// [`App::records`] has let the tenant in.
    pub async fn records_total(&self, connection: &ConnectionId, filter: &RecordFilter) -> Result<Option<u64>, Fault> {
        Ok(self.store.records_total(connection, filter).await?)
    }

    /// A page of a stream's records for an export; `after` is the `next` of the page before. No reader stays open
    /// between two pages, however long the export takes.
    pub async fn export(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        stream: &str,
        account: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<Record>, Fault> {
        let (stream, account, after) = (stream.to_owned(), account.map(str::to_owned), after.map(str::to_owned));
        let filter = RecordFilter { stream, account, after, key: None, limit: EXPORTED };
        self.records(tenant, connection, &filter).await
    }

    /// Changes after a sequence number, in the order in which they were committed.
    /// Besides, the last sequence that there was when it was asked: whoever got fewer than asked for has everything up
    /// to there.
    pub async fn feed(&self, tenant: &TenantId, filter: &FeedFilter) -> Result<(Vec<Change>, u64), Fault> {
        if let Some(connection) = &filter.connection {
            self.store.readable(tenant, connection).await?;
        }
        let end = self.store.feed_end(tenant).await?;
        Ok((self.store.feed(tenant, filter).await?, end))
    }
}
