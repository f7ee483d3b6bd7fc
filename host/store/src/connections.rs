//! Connections: one authorised business account of a tenant at a provider.

use patchbay_model::{ClientId, Code, ConnectionId, ConnectionState, ReleaseId, TenantId, Timestamp};
use sqlx::SqliteConnection;

use crate::{
    Page, Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, many, maybe, one, one_more, select},
};

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose.
    pub tenant: TenantId,
    /// The connector, `publisher.name`.
    pub connector: String,
    /// The release it is pinned to; none for the active one.
    pub release: Option<ReleaseId>,
    /// The OAuth registration it was made with.
    pub client: Option<ClientId>,
    /// The manifest's auth method.
    pub auth: String,
    /// The provider's id of the business account.
    pub business_id: String,
    /// What people call the business account.
    pub business_name: String,
    /// E-mail or login behind the credential.
    pub login: Option<String>,
    /// Facts, a JSON object of texts; never a secret.
    pub facts: String,
    /// Settings, a JSON object.
    pub settings: String,
    /// What the tenant calls it.
    pub name: String,
    /// How it stands.
    pub state: ConnectionState,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Why it is broken or needs set-up.
    pub reason_code: Option<Code>,
    /// The same for the person.
    pub reason: Option<String>,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it was authorised last.
    pub authorized_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// How a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionSort {
    /// Newest first.
    #[default]
    Created,
    /// By name, whatever the case of its letters.
    Name,
    /// Changed last first.
    Updated,
}

/// Which connections, in which order.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFilter {
    /// Of this connector.
    pub connector: Option<String>,
    /// In this state.
    pub state: Option<ConnectionState>,
    /// Switched on, or off.
    pub enabled: Option<bool>,
    /// Whose name, business account or login contains this.
    pub query: Option<String>,
    /// In this order.
    pub sort: ConnectionSort,
    /// [`Page::next`] of the page before, with the same filter.
    pub after: Option<String>,
    /// At most so many, and at most 200.
    pub limit: u32,
}

/// What to change; none leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectionUpdate {
    /// What the tenant calls it.
    pub name: Option<String>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// Settings, a JSON object.
    pub settings: Option<String>,
    /// The release to pin it to; the inner none unpins.
    pub release: Option<Option<ReleaseId>>,
}

impl Row for Connection {
    const TABLE: &'static str = "connections";
    const FROM: &'static str = "connections c";
    const COLUMNS: &'static str = "c.id, c.tenant, c.connector, c.release, c.client, c.auth, c.business_id, \
        c.business_name, c.login, c.facts, c.settings, c.name, c.state, c.enabled, c.reason_code, c.reason, \
        c.created_at, c.authorized_at, c.updated_at";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: r.next("id")?,
            tenant: r.next("tenant")?,
            connector: r.next("connector")?,
            release: r.next("release")?,
            client: r.next("client")?,
            auth: r.next("auth")?,
            business_id: r.next("business_id")?,
            business_name: r.next("business_name")?,
            login: r.next("login")?,
            facts: r.next("facts")?,
            settings: r.next("settings")?,
            name: r.next("name")?,
            state: r.next("state")?,
            enabled: r.next("enabled")?,
            reason_code: r.next("reason_code")?,
            reason: r.next("reason")?,
            created_at: r.next("created_at")?,
            authorized_at: r.next("authorized_at")?,
            updated_at: r.next("updated_at")?,
        })
    }
}

/// The largest page.
const LIMIT: u32 = 200;
/// Characters of an id, which starts the place where a page ends.
const ID: usize = 30;

/// The conditions that every order shares.
macro_rules! list {
    ($rest:literal) => {
        concat!(
            "WHERE c.tenant = $1 AND c.state <> 'deleted' AND ($2 IS NULL OR c.connector = $2) \
             AND ($3 IS NULL OR c.state = $3) AND ($4 IS NULL OR c.enabled = $4) \
             AND ($5 IS NULL OR instr(lower(c.name), $5) OR instr(lower(c.business_name), $5) \
             OR instr(lower(c.business_id), $5) OR instr(lower(coalesce(c.login, '')), $5)) ",
            $rest
        )
    };
}

impl Store {
    /// One connection of a tenant; a deleted one is not found.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Connection, StoreError> {
        let statement = sqlx::query(select::<Connection>("WHERE c.id = $1 AND c.tenant = $2 AND c.state <> 'deleted'"));
        one(self.read(), statement.bind(id.as_str()).bind(tenant.as_str())).await
    }

    /// The connection of a business account that is known already, and its credential's row version:
    /// what the next credential must be sealed to, plus one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn connection_for(
        &self,
        tenant: &TenantId,
        connector: &str,
        business_id: &str,
    ) -> Result<Option<(Connection, i64)>, StoreError> {
        let rest = "WHERE c.tenant = $1 AND c.connector = $2 AND c.business_id = $3 AND c.state <> 'deleted'";
        let statement = sqlx::query(select::<Connection>(rest));
        let found: Option<Connection> =
            maybe(self.read(), statement.bind(tenant.as_str()).bind(connector).bind(business_id)).await?;
        let Some(connection) = found else { return Ok(None) };
        let version = sqlx::query_scalar("SELECT row_version FROM credentials WHERE connection = $1");
        let version: Option<i64> = version.bind(connection.id.as_str()).fetch_optional(self.read()).await?;
        Ok(Some((connection, version.unwrap_or(0))))
    }

    /// Connections of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NoPlace`] for an `after` that is none.
    pub async fn connections(
        &self,
        tenant: &TenantId,
        filter: &ConnectionFilter,
    ) -> Result<Page<Connection>, StoreError> {
        let limit = filter.limit.min(LIMIT);
        let after = filter.after.as_deref().unwrap_or_default();
        let (id, place) = if after.is_empty() { ("", "") } else { place(after)? };
        let statement = match filter.sort {
            ConnectionSort::Created => {
                list!("AND ($6 = '' OR c.id < $6) AND $7 = $7 ORDER BY c.id DESC LIMIT $8")
            }
            ConnectionSort::Name => {
                list!("AND ($6 = '' OR (lower(c.name), c.id) > ($7, $6)) ORDER BY lower(c.name), c.id LIMIT $8")
            }
            ConnectionSort::Updated => {
                list!(
                    "AND ($6 = '' OR (c.updated_at, c.id) < (CAST($7 AS INTEGER), $6)) \
                     ORDER BY c.updated_at DESC, c.id DESC LIMIT $8"
                )
            }
        };
        let statement = sqlx::query(select::<Connection>(statement))
            .bind(tenant.as_str())
            .bind(filter.connector.as_deref())
            .bind(filter.state.map(ConnectionState::as_str))
            .bind(filter.enabled)
            .bind(filter.query.as_deref().filter(|query| !query.is_empty()).map(str::to_ascii_lowercase))
            .bind(id)
            .bind(place)
            .bind(one_more(limit));
        let items: Vec<Connection> = many(self.read(), statement).await?;
        let sort = filter.sort;
        Ok(Page::cut(items, limit, |connection: &Connection| match sort {
            ConnectionSort::Created => connection.id.to_string(),
            ConnectionSort::Name => format!("{}{}", connection.id, connection.name.to_ascii_lowercase()),
            ConnectionSort::Updated => format!("{}{}", connection.id, connection.updated_at.as_micros()),
        }))
    }

    /// Changes what a tenant may change.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn update_connection(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        update: ConnectionUpdate,
        actor: &str,
    ) -> Result<Connection, StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.updated", &id));
        let changed = self
            .write(move |tx| {
                Box::pin(async move {
                    let done = sqlx::query(
                        "UPDATE connections SET name = coalesce($3, name), enabled = coalesce($4, enabled), \
                         settings = coalesce($5, settings), release = CASE WHEN $6 THEN $7 ELSE release END, \
                         updated_at = $8 WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
                    )
                    .bind(id.as_str())
                    .bind(tenant.as_str())
                    .bind(update.name)
                    .bind(update.enabled)
                    .bind(update.settings)
                    .bind(update.release.is_some())
                    .bind(update.release.flatten().map(String::from))
                    .bind(now.as_micros())
                    .execute(&mut *tx)
                    .await?;
                    if done.rows_affected() == 0 {
                        return Err(StoreError::NotFound);
                    }
                    append(&mut *tx, &line).await?;
                    load(tx, &id).await
                })
            })
            .await?;
        self.woke();
        Ok(changed)
    }

    /// Moves a connection to another state; `deleted` only by [`Store::delete_connection`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_connection_state(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        state: ConnectionState,
        reason: Option<(Code, String)>,
        actor: &str,
    ) -> Result<Connection, StoreError> {
        if state == ConnectionState::Deleted {
            return Err(StoreError::Conflict("a connection is deleted by being deleted"));
        }
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let detail = serde_json::json!({ "state": state.as_str() });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.state", &id).detail(&detail));
        let moved = self
            .write(move |tx| {
                Box::pin(async move {
                    let (code, text) = reason.map_or((None, None), |(code, text)| (Some(code), Some(text)));
                    if set_state(&mut *tx, &tenant, &id, state, code, text, now).await? == 0 {
                        return Err(StoreError::NotFound);
                    }
                    append(&mut *tx, &line).await?;
                    load(tx, &id).await
                })
            })
            .await?;
        self.woke();
        Ok(moved)
    }

    /// Deletes a connection: its credential, accounts' syncs and records go, its open runs end, its
    /// history stays. Running workers lose their epoch.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete_connection(&self, tenant: &TenantId, id: &ConnectionId, actor: &str) -> Result<(), StoreError> {
        let (tenant, id, now) = (tenant.clone(), id.clone(), self.now());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "connection.deleted", &id));
        self.write(move |tx| {
            Box::pin(async move {
                let (id, now) = (id.as_str(), now.as_micros());
                let done = sqlx::query(
                    "UPDATE connections SET state = 'deleted', enabled = 0, updated_at = $3 \
                     WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
                )
                .bind(id)
                .bind(tenant.as_str())
                .bind(now)
                .execute(&mut *tx)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::NotFound);
                }
                for statement in [
                    "DELETE FROM credentials WHERE connection = $1",
                    "DELETE FROM lost_tokens WHERE connection = $1",
                    "DELETE FROM records WHERE sync_no IN (SELECT no FROM syncs WHERE connection = $1)",
                    "UPDATE syncs SET enabled = 0, next_due_at = NULL, cursor = NULL, records = 0, held = NULL \
                     WHERE connection = $1",
                ] {
                    sqlx::query(statement).bind(id).execute(&mut *tx).await?;
                }
                for statement in [
                    "UPDATE runs SET state = 'cancelled', epoch = epoch + 1, lease_until = NULL, ended_at = $2 \
                     WHERE connection = $1 AND state IN ('due', 'running')",
                    // What may have left stays unknown for a person; what has not left never will.
                    "UPDATE pushes SET state = CASE WHEN state IN ('sending', 'unknown') THEN 'unknown' ELSE 'failed' END, \
                     epoch = epoch + 1, lease_until = NULL, next_at = NULL, updated_at = $2, ended_at = $2 \
                     WHERE connection = $1 AND state IN ('waiting', 'planned', 'sending', 'unknown')",
                ] {
                    sqlx::query(statement).bind(id).bind(now).execute(&mut *tx).await?;
                }
                append(tx, &line).await
            })
        })
        .await
    }
}

/// A page's end: the id, and what the list is ordered by.
fn place(after: &str) -> Result<(&str, &str), StoreError> {
    after.split_at_checked(ID).ok_or(StoreError::NoPlace)
}

/// The connection, inside a transaction.
pub(crate) async fn load(tx: &mut SqliteConnection, id: &ConnectionId) -> Result<Connection, StoreError> {
    one(tx, sqlx::query(select::<Connection>("WHERE c.id = $1")).bind(id.as_str())).await
}

/// Moves the state, inside a transaction; how many rows.
pub(crate) async fn set_state(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    id: &ConnectionId,
    state: ConnectionState,
    code: Option<Code>,
    reason: Option<String>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE connections SET state = $3, reason_code = $4, reason = $5, updated_at = $6 \
         WHERE id = $1 AND tenant = $2 AND state <> 'deleted'",
    )
    .bind(id.as_str())
    .bind(tenant.as_str())
    .bind(state.as_str())
    .bind(code.map(Code::id))
    .bind(reason)
    .bind(now.as_micros())
    .execute(tx)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Accepted, ConnectionSort, FeedFilter, PageCommit, RecordFilter, RecordSearch, RunFilter, Step, Trigger,
        testing::{LEASE, World, page},
    };

    #[tokio::test]
    async fn what_belongs_to_another_tenant_is_not_found() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        world.store.commit_page(page(&run, Step::End, &[("a", 1)])).await.expect("stored");
        let id = settled.connection.id.clone();
        let account = world.store.accounts(&world.tenant, &id).await.expect("accounts").remove(0).id;
        let Ok(Accepted::New(push)) = world.store.accept_push(world.push("k1", Some(&id))).await else { panic!("new") };
        let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        let (store, now) = (&world.store, world.store.now());

        macro_rules! not_found {
            ($($call:expr),* $(,)?) => {$(
                assert_eq!($call.await.err(), Some(StoreError::NotFound), "{}", stringify!($call));
            )*};
        }
        let state = ConnectionState::Broken;
        let end = || crate::PushEnd::of(patchbay_model::PushState::Failed);
        not_found!(
            store.connection(&other, &id),
            store.update_connection(&other, &id, ConnectionUpdate::default(), "x"),
            store.set_connection_state(&other, &id, state, None, "x"),
            store.delete_connection(&other, &id, "x"),
            store.accounts(&other, &id),
            store.select_account(&other, &id, &account, false),
            store.syncs(&other, &id),
            store.put_syncs(&other, &id, Vec::new()),
            store.sync(&other, &run.sync),
            store.set_sync_enabled(&other, &run.sync, false, "x"),
            store.reset_sync(&other, &run.sync, "x"),
            store.approve_held(&other, &run.sync, "x"),
            store.enqueue_run(&other, &run.sync, now, Trigger::Manual),
            store.run(&other, &run.run),
            store.cancel_run(&other, &run.run),
            store.records(&other, &id, &RecordFilter { stream: "invoices".into(), ..RecordFilter::default() }),
            store.record(&other, &id, "a1", "invoices", "a"),
            store.count_records(&other, &id),
            store.search_records(&other, &id, &RecordSearch::default()),
            store.push(&other, &push.id),
            store.decide_push(&other, &push.id, end(), "x"),
            store.bind_push(&other, &push.id, &id, None),
            store.accept_push(crate::NewPush { tenant: other.clone(), ..world.push("k2", Some(&id)) }),
        );
        assert!(
            store.runs(&other, &RunFilter { limit: 9, ..RunFilter::default() }).await.expect("none").items.is_empty()
        );
        assert!(store.feed(&other, &FeedFilter { limit: 9, ..FeedFilter::default() }).await.expect("none").is_empty());
        assert_eq!(store.connection_for(&other, "acme.books", "b1").await, Ok(None));
        assert!(store.health(&other, None, None).await.expect("none").is_empty());
        let theirs = store.connections(&other, &ConnectionFilter { limit: 9, ..ConnectionFilter::default() }).await;
        assert!(theirs.expect("none").items.is_empty());
        let mut stolen = world.consent("b1");
        (stolen.tenant, stolen.id, stolen.expected_version, stolen.row_version) = (other, id.clone(), Some(1), 2);
        assert!(store.settle(stolen).await.is_err());
        assert_eq!(store.connection(&world.tenant, &id).await.map(|there| there.state), Ok(ConnectionState::Active));
    }

    #[tokio::test]
    async fn a_list_is_whole_in_every_order_page_by_page() {
        let world = World::open().await;
        for n in ["b", "A", "d", "C", "e"] {
            world.connect(n).await;
            world.clock.advance(std::time::Duration::from_secs(1));
        }
        for (sort, wanted) in
            [(ConnectionSort::Created, "eCdAb"), (ConnectionSort::Name, "AbCde"), (ConnectionSort::Updated, "eCdAb")]
        {
            let mut filter = ConnectionFilter { sort, limit: 2, ..ConnectionFilter::default() };
            let mut names = String::new();
            loop {
                let page = world.store.connections(&world.tenant, &filter).await.expect("a page");
                names.extend(page.items.iter().map(|there| there.business_id.as_str()));
                filter.after = page.next;
                if filter.after.is_none() {
                    break;
                }
            }
            assert_eq!(names, wanted, "{sort:?}");
        }
        let filter = ConnectionFilter { query: Some("books OF a".into()), limit: 9, ..ConnectionFilter::default() };
        assert_eq!(world.store.connections(&world.tenant, &filter).await.expect("found").items.len(), 1);
    }

    #[tokio::test]
    async fn a_deleted_connection_leaves_no_credential_and_no_record_and_stops_its_run() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        world.store.commit_page(page(&run, Step::More, &[("a", 1)])).await.expect("stored");
        world.store.delete_connection(&world.tenant, &settled.connection.id, "person").await.expect("deleted");
        for table in ["SELECT count(*) FROM credentials", "SELECT count(*) FROM records"] {
            assert_eq!(world.number(table).await, 0, "{table}");
        }
        let late: PageCommit = page(&run, Step::More, &[("b", 1)]);
        assert_eq!(world.store.commit_page(late).await, Err(StoreError::Stale));
        assert_eq!(world.store.heartbeat_run(&run.run, run.epoch, LEASE).await, Err(StoreError::Stale));
        let again = world.connect("b1").await;
        assert_ne!(again.connection.id, settled.connection.id);
    }
}
