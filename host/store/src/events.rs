//! What happened, for whoever wants to be told: an event stands in the transaction in which it happened, and with
//! it one delivery for each endpoint of its tenant that wants to hear of it. What was rolled back is told to nobody,
//! and what was committed is told however often a node dies ([`crate::Store::claim_deliveries`]).

use patchbay_model::{EventId, EventKind, TenantId, Timestamp};
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Page, Store, StoreError,
    row::{Reader, Row, many, one, one_more, select, words},
    writer::together,
};

words!(EventKind);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id; sorts by time.
    pub id: EventId,
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub kind: EventKind,
    /// To what: an id.
    pub subject: String,
    /// More about it, a JSON object without secrets.
    pub data: String,
    /// When.
    pub at: Timestamp,
}

/// Which events; newest first.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// About this.
    pub subject: Option<String>,
    /// [`Page::next`] of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// An event to tell.
#[derive(Debug, Clone)]
pub(crate) struct NewEvent {
    pub(crate) id: EventId,
    pub(crate) tenant: TenantId,
    pub(crate) kind: EventKind,
    pub(crate) subject: String,
    pub(crate) data: Value,
}

impl Row for Event {
    const TABLE: &'static str = "events";
    const FROM: &'static str = "events e";
    const COLUMNS: &'static str = "e.id, e.tenant, e.kind, e.subject, e.data, e.at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            kind: r.next("kind")?,
            subject: r.next("subject")?,
            data: r.next("data")?,
            at: r.next("at")?,
        })
    }
}

impl Store {
    /// An id for an event; when nothing happens after all, it is nobody's.
    pub(crate) fn event_id(&self) -> EventId {
        EventId::fresh(&*self.clock, &*self.random)
    }

    /// Events of a tenant, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn events(&self, tenant: &TenantId, filter: &EventFilter) -> Result<Page<Event>, StoreError> {
        let rest = "WHERE e.tenant = $1 AND ($2 IS NULL OR e.kind = $2) AND ($3 IS NULL OR e.subject = $3) \
            AND ($4 IS NULL OR e.id < $4) ORDER BY e.id DESC LIMIT $5";
        let statement = sqlx::query(select::<Event>(rest))
            .bind(tenant.as_str())
            .bind(filter.kind.map(EventKind::as_str))
            .bind(filter.subject.as_deref())
            .bind(filter.after.as_deref())
            .bind(one_more(filter.limit));
        Ok(Page::cut(many(self.read(), statement).await?, filter.limit, |event: &Event| event.id.to_string()))
    }

    /// Events of a tenant whose numbers are higher than this, in the order of their numbers, each with its own.
    ///
    /// Numbers are given when an event is written, so the next event has a higher one; but on PostgreSQL of two
    /// transactions at the same time the one with the higher number may be seen first. Whoever follows looks back some
    /// seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn events_since(
        &self,
        tenant: &TenantId,
        number: i64,
        limit: u32,
    ) -> Result<Vec<(i64, Event)>, StoreError> {
        let statement = AssertSqlSafe(format!(
            "SELECT e.no, {} FROM events e WHERE e.tenant = $1 AND e.no > $2 ORDER BY e.no LIMIT $3",
            Event::COLUMNS
        ));
        let statement = sqlx::query(statement).bind(tenant.as_str()).bind(number).bind(i64::from(limit));
        let rows = statement.fetch_all(self.read()).await?;
        let read = |row| {
            let mut reader = Reader::of(row, Event::TABLE);
            Ok((reader.next("no")?, reader.join()?))
        };
        rows.iter().map(read).collect()
    }

    /// The highest number that an event of any tenant has; 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_event_number(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT coalesce(max(no), 0) FROM events").fetch_one(self.read()).await?;
        Reader::of(&row, Event::TABLE).next("no")
    }

    /// One event of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn event(&self, tenant: &TenantId, id: &EventId) -> Result<Event, StoreError> {
        let statement = sqlx::query(select::<Event>("WHERE e.id = $1 AND e.tenant = $2"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }
}

/// Tells an event in the transaction in which it happened. Whoever calls wakes the workers afterwards
/// ([`Store::woke`]): there may be something to deliver.
pub(crate) async fn emit(tx: &mut AnyConnection, event: &NewEvent, now: Timestamp) -> Result<(), StoreError> {
    let told = sqlx::query("INSERT INTO events (id, tenant, kind, subject, data, at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(event.id.as_str())
        .bind(event.tenant.as_str())
        .bind(event.kind.as_str())
        .bind(event.subject.as_str())
        .bind(event.data.to_string())
        .bind(now.as_micros());
    let delivered = sqlx::query(
        "INSERT INTO deliveries (webhook, event, tenant, state, next_at, created_at) \
         SELECT w.id, $2, w.tenant, 'due', $4, $4 FROM webhooks w WHERE w.tenant = $1 AND w.enabled \
         AND ((w.kinds = '[]' AND $5) OR $3 IN (SELECT k.value FROM json_each(w.kinds) k)) ORDER BY w.id",
    )
    .bind(event.tenant.as_str())
    .bind(event.id.as_str())
    .bind(event.kind.as_str())
    .bind(now.as_micros())
    .bind(!event.kind.is_quiet());
    together(tx, [told, delivered]).await.map(drop)
}

#[cfg(test)]
mod tests;
