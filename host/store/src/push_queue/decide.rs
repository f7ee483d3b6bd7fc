//! What a person can say about a push: how it ended, that it is to be sent after all, that it is not to be sent.
//!
//! Nobody's word is taken about a push that a worker has. Sending again is safe in any case: the journal of steps tells
//! what was answered and what may have been written, whoever sends ([`crate::push_steps`]).

use patchbay_model::{Code, ConnectionId, PushId, PushState, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{is_told, leave, tell};
use crate::{
    Push, PushEnd, Store, StoreError,
    audit::{Entry, NewAudit, append},
    push_moves, push_steps,
    pushes::{conflicts, keep_files, named_in, of_tenant},
    row::{Row as _, one},
};

/// How a push is to be sent after all.
#[derive(Debug, Clone, Default)]
pub struct SendPush {
    /// By this connection; without it by the one that it has.
    pub connection: Option<ConnectionId>,
    /// To this target, canonical JSON; without it to the one that it has.
    pub target: Option<String>,
    /// The lane of the target; without either of them it keeps its own.
    pub lane: Option<String>,
    /// When it ends as expired should it wait again.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// A person's decision about a push of which it is not known whether it was written: any end, `planned` to send it
    /// again (what was lost is open for that), `unknown` with a time to look for it again. A push that was given up or
    /// refused can be said to be done.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] while a worker has it, or when there is nothing to decide.
    pub async fn decide_push(
        &self,
        tenant: &TenantId,
        push: &PushId,
        end: PushEnd,
        actor: &str,
    ) -> Result<Push, StoreError> {
        use PushState as S;
        let (store, tenant, push, now) = (self.clone(), tenant.clone(), push.clone(), self.now());
        let detail = serde_json::json!({ "state": end.state.as_str() });
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "push.decided", &push).detail(&detail));
        let decided = self
            .write(move |tx| {
                Box::pin(async move {
                    let there = of_tenant(&mut *tx, &tenant, &push).await?;
                    let may = match there.state {
                        S::Unknown => !matches!(end.state, S::Waiting | S::Sending),
                        S::Failed | S::Rejected => end.state == S::Done,
                        _ => false,
                    };
                    if there.lease_until.is_some() || !may {
                        return Err(StoreError::Conflict("the push cannot be decided now"));
                    }
                    if end.state == S::Planned || (end.state == S::Unknown && end.next_at.is_some()) {
                        usable(&mut *tx, &tenant, &there, there.connection.as_ref()).await?;
                    }
                    if end.state == S::Planned {
                        push_steps::open_lost(&mut *tx, &there).await?;
                    }
                    // The count of attempts begins afresh with what a person wants tried once more.
                    let statement = "UPDATE pushes SET epoch = epoch + 1, looks = CASE WHEN $2 THEN 0 ELSE looks END, \
                        attempts = CASE WHEN $3 THEN 0 ELSE attempts END WHERE id = $1";
                    sqlx::query(statement)
                        .bind(push.as_str())
                        .bind(matches!(end.state, S::Unknown | S::Planned))
                        .bind(end.state == S::Planned)
                        .execute(&mut *tx)
                        .await?;
                    let actor = line.actor().to_owned();
                    let left = leave(&mut *tx, &push, None, end, Some(&actor), now).await?;
                    let known = there.state == S::Unknown && there.next_at.is_none();
                    if left.ended_at.is_some() || (is_told(&left) && !known) {
                        tell(&mut *tx, &store, &left, now).await?;
                    }
                    append(tx, &line).await?;
                    Ok(left)
                })
            })
            .await?;
        self.woke();
        Ok(decided)
    }

    /// Sends a push that waits, was not sent, or came to nothing; what of it was refused is sent afresh.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] in any other state, without a connection, for a file that is gone,
    /// and for another connection or target than the one to which something of it may have been written ([`conflicts`] tells
    /// them apart).
    pub async fn send_push(
        &self,
        tenant: &TenantId,
        push: &PushId,
        send: SendPush,
        actor: &str,
    ) -> Result<Push, StoreError> {
        let (tenant, push, now) = (tenant.clone(), push.clone(), self.now());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "push.sent", &push));
        let sent = self
            .write(move |tx| {
                Box::pin(async move {
                    let there = of_tenant(&mut *tx, &tenant, &push).await?;
                    plan(tx, &tenant, &there, send, now, &line).await
                })
            })
            .await?;
        self.woke();
        Ok(sent)
    }

    /// Takes a push back of which nothing was sent.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it neither waits nor is planned, or something was sent.
    pub async fn withdraw_push(&self, tenant: &TenantId, push: &PushId, actor: &str) -> Result<Push, StoreError> {
        let (store, tenant, push, now) = (self.clone(), tenant.clone(), push.clone(), self.now());
        let line = self.audit_line(NewAudit::of(Some(&tenant), actor, "push.withdrawn", &push));
        let withdrawn = self
            .write(move |tx| {
                Box::pin(async move {
                    let there = of_tenant(&mut *tx, &tenant, &push).await?;
                    let unsent = matches!(there.state, PushState::Waiting | PushState::Planned);
                    if there.lease_until.is_some() || !unsent {
                        return Err(StoreError::Conflict("the push cannot be taken back now"));
                    }
                    if push_steps::in_doubt(&mut *tx, &there).await? {
                        return Err(StoreError::Conflict("something of the push was sent"));
                    }
                    let (code, mut end) = (Code::Withdrawn, PushEnd::of(PushState::Skipped));
                    (end.code, end.person) = (Some(code), Some(code.title().to_owned()));
                    let actor = line.actor().to_owned();
                    let left = leave(&mut *tx, &push, None, end, Some(&actor), now).await?;
                    tell(&mut *tx, &store, &left, now).await?;
                    append(tx, &line).await?;
                    Ok(left)
                })
            })
            .await?;
        self.woke();
        Ok(withdrawn)
    }
}

/// The connection is there, of this tenant and connector.
async fn usable(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    push: &Push,
    connection: Option<&ConnectionId>,
) -> Result<(), StoreError> {
    let connection = connection.ok_or(StoreError::Conflict(conflicts::NO_CONNECTION))?;
    let found: Option<String> =
        sqlx::query_scalar("SELECT connector FROM connections WHERE id = $1 AND tenant = $2 AND state <> 'deleted'")
            .bind(connection.as_str())
            .bind(tenant.as_str())
            .fetch_optional(tx)
            .await?;
    match found {
        Some(connector) if connector == push.connector => Ok(()),
        Some(_) => Err(StoreError::Conflict(conflicts::OTHER_CONNECTOR)),
        None if push.connection.as_ref() == Some(connection) => Err(StoreError::Conflict(conflicts::CONNECTION_GONE)),
        None => Err(StoreError::NotFound),
    }
}

async fn plan(
    tx: &mut AnyConnection,
    tenant: &TenantId,
    there: &Push,
    send: SendPush,
    now: Timestamp,
    line: &Entry,
) -> Result<Push, StoreError> {
    use PushState as S;
    let may = matches!(there.state, S::Waiting | S::Skipped | S::Expired | S::Failed | S::Rejected | S::Planned);
    if there.lease_until.is_some() || !may {
        return Err(StoreError::Conflict(conflicts::NOT_NOW));
    }
    let connection = send.connection.as_ref().or(there.connection.as_ref());
    usable(&mut *tx, tenant, there, connection).await?;
    // What was begun in one place is not ended in another.
    let moves = there.connection.is_some() && connection != there.connection.as_ref();
    let aims = there.target != "null" && send.target.as_ref().is_some_and(|target| *target != there.target);
    if (moves || aims) && (there.object_id.is_some() || push_steps::in_doubt(&mut *tx, there).await?) {
        return Err(StoreError::Conflict(conflicts::SENT_ELSEWHERE));
    }
    keep_files(&mut *tx, tenant, &there.id, &named_in(there)?.iter().map(String::as_str).collect()).await?;
    push_steps::open_refused(&mut *tx, there).await?;
    let keeps_lane = send.target.is_none() && send.lane.is_none();
    let statement = sqlx::query(AssertSqlSafe(format!(
        "UPDATE pushes SET connection = $2, target = coalesce($3, target), lane = CASE WHEN $4 THEN lane ELSE $5 END, \
         expires_at = $6, state = 'planned', result = NULL, code = NULL, person = NULL, operator = NULL, fields = '[]', \
         on_demand = FALSE, attempts = 0, deaths = 0, looks = 0, epoch = epoch + 1, next_at = $7, queued_at = $7, \
         updated_at = $7, ended_at = NULL WHERE id = $1 RETURNING {}",
        Push::COLUMNS
    )))
    .bind(there.id.as_str())
    .bind(connection.map(ConnectionId::as_str))
    .bind(send.target)
    .bind(keeps_lane)
    .bind(send.lane)
    .bind(send.expires_at.map(Timestamp::as_micros))
    .bind(now.as_micros());
    let sent = one(&mut *tx, statement).await?;
    push_moves::note(&mut *tx, &[there.id.as_str()], Some(line.actor()), now).await?;
    append(tx, line).await?;
    Ok(sent)
}
