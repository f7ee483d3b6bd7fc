//! What happened, to look up: the same events that webhooks are told, for as long as they are kept.

use patchbay_model::{EventId, Fault, TenantId};
use patchbay_store::{Event, EventFilter, Page};

use crate::{App, work::listed};

impl App {
    /// Events of a tenant, newest first.
    pub async fn events(&self, tenant: &TenantId, filter: &EventFilter) -> Result<Page<Event>, Fault> {
        self.store.events(tenant, filter).await.map_err(listed)
    }

    /// One of them.
    pub async fn event(&self, tenant: &TenantId, id: &EventId) -> Result<Event, Fault> {
        Ok(self.store.event(tenant, id).await?)
    }
}
