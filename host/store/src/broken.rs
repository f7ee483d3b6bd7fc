//! A connection that no longer works: only a person can mend it, so it is said only of the credential that
//! was refused, never of one that came after it.

use patchbay_model::{Code, ConnectionId, ConnectionState, EventKind, TenantId, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    events::{NewEvent, emit},
    push_queue::parted,
    row::Reader,
};

/// A connection that somebody found broken.
#[derive(Debug, Clone)]
pub struct BreakConnection {
    /// `broken` or `needs_setup`.
    pub state: ConnectionState,
    /// The version of the credential that was refused; none where no credential is at fault.
    pub row_version: Option<i64>,
    /// Why.
    pub code: Code,
    /// The same for the person.
    pub person: String,
}

impl Store {
    /// Says that an active connection is broken, and why. With a version only while the credential still
    /// has it: a fresh consent in between is not undone. Whether it was said.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn break_connection(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        row_version: Option<i64>,
        code: Code,
        person: &str,
    ) -> Result<bool, StoreError> {
        let state = ConnectionState::Broken;
        let found = BreakConnection { state, row_version, code, person: person.to_owned() };
        let (tenant, id, now) = (tenant.clone(), connection.clone(), self.now());
        let detail = serde_json::json!({ "state": state.as_str() });
        let line = self.audit_line(NewAudit::of(Some(&tenant), "host", "connection.state", &id).detail(&detail));
        let store = self.clone();
        let said = self
            .write(move |tx| {
                Box::pin(async move {
                    let said = set(&mut *tx, &store, &tenant, &id, &found, now).await?;
                    if said {
                        append(tx, &line).await?;
                    }
                    Ok(said)
                })
            })
            .await?;
        if said {
            self.put_aside_the_rest(connection).await?;
            self.woke();
        }
        Ok(said)
    }
}

/// Moves an active connection to what was found and tells it, inside a transaction; whether it was that.
pub(crate) async fn set(
    tx: &mut AnyConnection,
    store: &Store,
    tenant: &TenantId,
    id: &ConnectionId,
    found: &BreakConnection,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "UPDATE connections SET state = $3, reason_code = $4, reason = $5, updated_at = $6 \
         WHERE id = $1 AND tenant = $2 AND state IN ('active', 'needs_setup') AND ($7 IS NULL OR EXISTS \
         (SELECT 1 FROM credentials k WHERE k.connection = connections.id AND k.row_version = $7)) \
         RETURNING connector",
    )
    .bind(id.as_str())
    .bind(tenant.as_str())
    .bind(found.state.as_str())
    .bind(found.code.id())
    .bind(found.person.as_str())
    .bind(now.as_micros())
    .bind(found.row_version)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(false) };
    parted::put_aside(&mut *tx, store, id, now).await?;
    let connector: String = Reader::of(&row, "connections").next("connector")?;
    let data = serde_json::json!({
        "connection": id, "connector": connector, "state": found.state.as_str(), "code": found.code.id(),
    });
    let (kind, subject) = (EventKind::ConnectionBroken, id.to_string());
    emit(tx, &NewEvent { id: store.event_id(), tenant: tenant.clone(), kind, subject, data }, now).await?;
    Ok(true)
}

/// When an active connection was consented to last, inside a transaction; none for one that is not active.
pub(crate) async fn works_since(tx: &mut AnyConnection, id: &ConnectionId) -> Result<Option<Timestamp>, StoreError> {
    let statement = sqlx::query_scalar(
        "SELECT authorized_at FROM connections WHERE id = $1 AND state IN ('active', 'needs_setup')",
    );
    let at: Option<i64> = statement.bind(id.as_str()).fetch_optional(tx).await?;
    Ok(at.map(Timestamp::from_micros))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use patchbay_model::RunState;

    use super::*;
    use crate::{Connection, RunEnd, SyncRow, testing::World};

    const CODE: Code = Code::CredentialRefused;

    async fn consent_again(world: &World, id: &ConnectionId) -> Connection {
        let mut again = world.consent("b1");
        (again.id, again.expected_version, again.row_version) = (id.clone(), Some(1), 2);
        world.store.settle(again).await.expect("renewed").connection
    }

    /// The end of a run whose credential of this version was refused.
    fn refused(row_version: Option<i64>) -> RunEnd {
        let found =
            BreakConnection { state: ConnectionState::Broken, row_version, code: CODE, person: "Connect again".into() };
        RunEnd { due_at: Some(None), breaks: Some(found), ..RunEnd::of(RunState::Failed) }
    }

    async fn sync(world: &World, id: &ConnectionId) -> SyncRow {
        world.store.syncs(&world.tenant, id).await.expect("syncs").remove(0)
    }

    #[tokio::test]
    async fn a_connection_is_broken_with_its_reason_once() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        let (store, tenant) = (&world.store, &world.tenant);
        assert_eq!(store.break_connection(tenant, &id, Some(1), CODE, "Connect again").await, Ok(true));
        let there = store.connection(tenant, &id).await.expect("read");
        assert_eq!((there.state, there.reason_code), (ConnectionState::Broken, Some(CODE)));
        assert_eq!(there.reason.as_deref(), Some("Connect again"));
        assert_eq!(store.break_connection(tenant, &id, None, Code::Conflict, "Other").await, Ok(false));
        assert_eq!(store.connection(tenant, &id).await, Ok(there), "the first reason stays");
        assert_eq!(world.number("SELECT count(*) FROM audit WHERE action = 'connection.state'").await, 1);
    }

    #[tokio::test]
    async fn a_refusal_of_an_older_credential_does_not_undo_a_fresh_consent() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        let fresh = consent_again(&world, &id).await;
        let (store, tenant) = (&world.store, &world.tenant);
        assert_eq!(store.break_connection(tenant, &id, Some(1), CODE, "Connect again").await, Ok(false));
        assert_eq!(store.connection(tenant, &id).await, Ok(fresh));
        let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        assert_eq!(store.break_connection(&other, &id, Some(2), CODE, "x").await, Ok(false), "not theirs");
        assert_eq!(world.number("SELECT count(*) FROM audit WHERE action = 'connection.state'").await, 0);
        assert_eq!(store.break_connection(tenant, &id, None, CODE, "x").await, Ok(true), "whatever the credential is");
    }

    #[tokio::test]
    async fn days_without_a_refresh_break_the_credential_that_failed_and_a_consent_restores_the_connection() {
        let world = World::open().await;
        let id = world.connect("b1").await.connection.id;
        let (store, tenant, code) = (&world.store, &world.tenant, Code::RefreshExhausted);
        assert_eq!(store.break_connection(tenant, &id, Some(2), code, "Connect again").await, Ok(false));
        assert_eq!(store.break_connection(tenant, &id, Some(1), code, "Connect again").await, Ok(true));
        assert_eq!(store.connection(tenant, &id).await.map(|there| there.reason_code), Ok(Some(code)));
        let fresh = consent_again(&world, &id).await;
        assert_eq!((fresh.state, fresh.reason_code, fresh.reason), (ConnectionState::Active, None, None));
        assert_eq!((world.told("connection.renewed").await, world.told("connection.restored").await), (1, 1));
    }

    #[tokio::test]
    async fn a_run_whose_credential_was_replaced_meanwhile_breaks_nothing_and_is_made_up_for() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let id = settled.connection.id;
        world.clock.advance(Duration::from_secs(1));
        consent_again(&world, &id).await;
        world.clock.advance(Duration::from_secs(1));
        world.store.finish_run(&run.run, run.epoch, refused(Some(1))).await.expect("ended");
        let there = world.store.connection(&world.tenant, &id).await.expect("read");
        assert_eq!((there.state, there.reason), (ConnectionState::Active, None));
        let sync = sync(&world, &id).await;
        assert_eq!((sync.last_state, sync.next_due_at), (Some(RunState::Failed), Some(world.store.now())));
        assert_eq!(world.store.schedule_due(10).await, Ok(1));
        let run = world.claim().await.remove(0);
        world.store.finish_run(&run.run, run.epoch, refused(Some(2))).await.expect("ended");
        let there = world.store.connection(&world.tenant, &id).await.expect("read");
        assert_eq!(there.state, ConnectionState::Broken, "the new one was refused as well");
    }

    #[tokio::test]
    async fn a_run_whose_credential_was_refreshed_meanwhile_keeps_its_schedule() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let id = settled.connection.id;
        let before = sync(&world, &id).await.next_due_at;
        let lease = world.store.lease_refresh(&id, crate::testing::LEASE).await.expect("asked").expect("a lease");
        world.store.store_refreshed(&id, lease.epoch, 1, vec![2], 2, None).await.expect("refreshed");
        world.store.finish_run(&run.run, run.epoch, refused(Some(1))).await.expect("ended");
        assert!(before > Some(world.store.now()));
        assert_eq!(sync(&world, &id).await.next_due_at, before, "neither at once nor never");
    }

    #[tokio::test]
    async fn a_run_that_finds_its_connection_broken_already_takes_its_sync_off_the_schedule() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let id = settled.connection.id;
        world.store.break_connection(&world.tenant, &id, Some(1), CODE, "Connect again").await.expect("broken");
        world.store.finish_run(&run.run, run.epoch, refused(Some(1))).await.expect("ended");
        assert_eq!(sync(&world, &id).await.next_due_at, None);
    }
}
