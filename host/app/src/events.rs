//! What happened, to look up or to follow: the same events that webhooks are told, for as long as they are kept.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use patchbay_model::{EventId, Fault, TenantId, Timestamp};
use patchbay_store::{Event, EventFilter, Page};
use tokio::sync::Notify;

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

    /// Begins to follow the events of a tenant: behind the one of this number, or from now on.
    pub async fn follow_events(&self, tenant: &TenantId, behind: Option<i64>) -> Result<Following, Fault> {
        let last = self.store.last_event_number().await?;
        // A number that was not given yet is of events that are all forgotten; what happened since has lower ones.
        let from = behind.map_or(last, |behind| if behind > last { 0 } else { behind });
        Ok(Following { tenant: tenant.clone(), from, told: BTreeMap::new() })
    }

    /// What has happened since this was asked last, oldest first, each with its number; so much at once, and the rest with
    /// the next question.
    pub async fn next_events(&self, following: &mut Following) -> Result<Vec<(i64, Event)>, Fault> {
        let old = self.clock.now().minus(LATE);
        while let Some(first) = following.told.first_entry().filter(|first| *first.get() < old) {
            following.from = *first.key();
            first.remove();
        }
        let (mut from, mut news) = (following.from, Vec::new());
        loop {
            let events = self.store.events_since(&following.tenant, from, AT_ONCE).await?;
            let full = u32::try_from(events.len()).is_ok_and(|read| read >= AT_ONCE);
            from = events.last().map_or(from, |(number, _)| *number);
            news.extend(events.into_iter().filter(|(number, _)| !following.told.contains_key(number)));
            if !full || !news.is_empty() {
                break;
            }
        }
        following.told.extend(news.iter().map(|(number, event)| (*number, event.at)));
        Ok(news)
    }

    /// Woken when something may have happened on this node.
    #[must_use]
    pub fn something_happened(&self) -> Arc<Notify> {
        self.store.changed()
    }
}

/// How much later than one with a higher number an event may be seen: longer than a transaction takes.
const LATE: Duration = Duration::from_secs(10);
/// Events that are read at once.
const AT_ONCE: u32 = 200;

/// How far somebody is who follows the events of a tenant.
pub struct Following {
    tenant: TenantId,
    /// Everything up to this number is told, or will not be.
    from: i64,
    /// What was told behind it, by number: when it happened.
    told: BTreeMap<i64, Timestamp>,
}
