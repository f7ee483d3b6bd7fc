//! Beginning a step, and what came back.

use patchbay_model::PushId;
use sqlx::AssertSqlSafe;

use super::fence_statement;
use crate::{
    PushStep, StepAnswer, StepBegin, StepState, Store, StoreError,
    dialect::Dialect,
    row::{Row as _, Statement, json},
    writer::{Answer, together},
};

/// Bytes of an answer's body that are kept.
const BODY_BYTES: usize = 64 * 1024;

impl Store {
    /// Begins a step; committed when this answers. `several` for an action that writes in several steps: of any other, the
    /// first step that did something is the only one, whatever name the next one has.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease lapsed or another has taken over: send nothing.
    pub async fn step_begin(
        &self,
        push: &PushId,
        epoch: i64,
        step: &str,
        request_hash: [u8; 32],
        several: bool,
    ) -> Result<StepBegin, StoreError> {
        let (push, step, clock) = (push.clone(), step.to_owned(), self.clock.clone());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                // The fence, here of a lease that has not lapsed, and the step in one look.
                let statement = format!(
                    "SELECT p.revision, {} FROM pushes p LEFT JOIN push_steps t ON t.push = p.id AND t.revision = p.revision \
                     AND t.step = $4 WHERE p.id = $1 AND p.epoch = $2 AND p.lease_until > $3 {}",
                    PushStep::COLUMNS,
                    Dialect::of(tx).pick("", "FOR UPDATE OF p"),
                );
                let fenced = sqlx::query(AssertSqlSafe(statement)).bind(push.as_str()).bind(epoch);
                let fenced = fenced.bind(now.as_micros()).bind(step.as_str());
                let [fenced, other] = together(&mut *tx, [fenced, others_asked(&push)]).await?;
                let Some(mut reader) = fenced.first("pushes") else { return Err(StoreError::Stale) };
                let revision: i64 = reader.next("revision")?;
                if let Some(there) = reader.outer_join::<PushStep>()?
                    && let Some(answer) = judge(there, request_hash)
                {
                    return Ok(answer);
                }
                if let Some(answer) = in_the_way(&other, &step, several)? {
                    return Ok(answer);
                }
                sqlx::query(
                    "INSERT INTO push_steps (push, revision, step, request_hash, state, first_sent_at, sent_at) \
                     VALUES ($1, $2, $3, $4, 'sending', $5, $5) ON CONFLICT (push, revision, step) DO UPDATE SET \
                     request_hash = excluded.request_hash, state = 'sending', status = NULL, headers = NULL, \
                     body = NULL, whole = TRUE, first_sent_at = excluded.first_sent_at, sent_at = excluded.sent_at, \
                     answered_at = NULL, lost_at = NULL, absent_at = NULL",
                )
                .bind(push.as_str())
                .bind(revision)
                .bind(step)
                .bind(request_hash.to_vec())
                .bind(now.as_micros())
                .execute(tx)
                .await?;
                Ok(StepBegin::Send)
            })
        })
        .await
    }

    /// Stores a step's answer; `opens_again` for a refusal after which the step may be sent once more. The
    /// push stays as it is: one that was left as `unknown` finds the answer at its next look.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over.
    pub async fn step_answered(
        &self,
        push: &PushId,
        epoch: i64,
        step: &str,
        answer: &StepAnswer,
        opens_again: bool,
    ) -> Result<(), StoreError> {
        let (push, step, now) = (push.clone(), step.to_owned(), self.now());
        let (status, headers) = (answer.status, json(&answer.headers)?);
        let body: Vec<u8> = answer.body.iter().copied().take(BODY_BYTES).collect();
        let whole = answer.whole && answer.body.len() <= BODY_BYTES;
        let state = if opens_again { StepState::Open } else { StepState::Answered };
        self.write_beside(move |tx| {
            Box::pin(async move {
                let statement = fence_statement(Dialect::of(tx));
                let fenced = sqlx::query(AssertSqlSafe(statement)).bind(push.as_str()).bind(epoch);
                let kept = sqlx::query(
                    "UPDATE push_steps SET state = $4, status = $5, headers = $6, body = $7, whole = $9, \
                     answered_at = $8, lost_at = NULL WHERE push = $1 \
                     AND revision = (SELECT p.revision FROM pushes p WHERE p.id = $1 AND p.epoch = $2) \
                     AND step = $3 AND state IN ('sending', 'lost')",
                )
                .bind(push.as_str())
                .bind(epoch)
                .bind(step)
                .bind(state.as_str())
                .bind(i64::from(status))
                .bind(headers)
                .bind(body)
                .bind(now.as_micros())
                .bind(whole);
                let [fenced, kept] = together(tx, [fenced, kept]).await?;
                if fenced.first("pushes").is_none() {
                    return Err(StoreError::Stale);
                }
                if kept.changed() == 0 { Err(StoreError::Conflict("the step is not under way")) } else { Ok(()) }
            })
        })
        .await
    }
}

/// Asks for the first other step of this content that did something. Behind the fence: the push is ours until the end of
/// the transaction, and what was begun a moment ago is seen, too.
fn others_asked(push: &PushId) -> Statement<'_> {
    let statement = "SELECT step, state FROM push_steps WHERE push = $1 \
        AND revision = (SELECT p.revision FROM pushes p WHERE p.id = $1) AND state <> 'open' \
        ORDER BY CASE WHEN state IN ('sending', 'lost') THEN 0 ELSE 1 END, first_sent_at, step LIMIT 1";
    sqlx::query(statement).bind(push.as_str())
}

/// What it says against sending this one; nothing where it may be sent.
fn in_the_way(first: &Answer, step: &str, several: bool) -> Result<Option<StepBegin>, StoreError> {
    let Some(mut reader) = first.first(PushStep::TABLE) else { return Ok(None) };
    let (other, state): (String, StepState) = (reader.next("step")?, reader.next("state")?);
    Ok(match state {
        StepState::Sending | StepState::Lost if other == step => Some(StepBegin::Unknown),
        StepState::Sending | StepState::Lost => Some(StepBegin::InDoubt { step: other }),
        _ if several => None,
        _ => Some(StepBegin::Single { step: other }),
    })
}

/// What to do with a step that is there; none where it is to be sent.
fn judge(there: PushStep, request_hash: [u8; 32]) -> Option<StepBegin> {
    match there {
        PushStep { state: StepState::Open, .. } => None,
        PushStep { state: StepState::Found, object_id: Some(id), object_url: url, .. } => {
            Some(StepBegin::Found { id, url })
        }
        there if there.request_hash != request_hash => Some(StepBegin::Mismatch),
        PushStep { state: StepState::Answered, answer: Some(answer), .. } => Some(StepBegin::Replay(answer)),
        _ => Some(StepBegin::Unknown),
    }
}
