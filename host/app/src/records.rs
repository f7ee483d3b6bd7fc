//! Reading what was synced: records as they are now, and the ordered feed of changes.

use patchbay_model::{Code, ConnectionId, Fault, TenantId};
use patchbay_store::{Change, FeedFilter, Page, Record, RecordFilter, StoreError};

use crate::{App, work::listed};

impl App {
    /// Records of a stream, by key.
    pub async fn records(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        filter: &RecordFilter,
    ) -> Result<Page<Record>, Fault> {
        match self.store.connection(tenant, connection).await {
            Ok(row) if self.release_of(&row).await?.manifest.stream(&filter.stream).is_none() => {
                return Err(Fault::new(Code::StreamUnknown));
            }
            // One that was deleted may have left its records: the store knows.
            Ok(_) | Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        self.store.records(tenant, connection, filter).await.map_err(listed)
    }

    /// Changes after a sequence number, in the order in which they were committed.
    pub async fn feed(&self, tenant: &TenantId, filter: &FeedFilter) -> Result<Vec<Change>, Fault> {
        if let Some(connection) = &filter.connection {
            self.store.readable(tenant, connection).await?;
        }
        Ok(self.store.feed(tenant, filter).await?)
    }
}
