//! What was found out about a step after it was sent.

use std::time::Duration;

use patchbay_model::{PushId, Timestamp};
use sqlx::AssertSqlSafe;

use super::fence;
use crate::{
    PushStep, StepState, Store, StoreError,
    row::{Reader, Row as _},
};

/// A step that is not where it would have to be.
const ELSEWHERE: StoreError = StoreError::Conflict("the step is elsewhere");

/// How often the provider has said that it does not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Once: look again later.
    Once,
    /// Once more, too soon after the first time to count.
    TooSoon,
    /// Twice: the step is open again.
    Twice,
    /// The step was opened again for that once before: it stays as it is, and a person has to look.
    Never,
}

impl Store {
    /// Nothing of the step left: it may be sent again.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over.
    pub async fn step_not_sent(&self, push: &PushId, epoch: i64, step: &str) -> Result<(), StoreError> {
        self.move_step(push, epoch, step, StepState::Open, "sending").await
    }

    /// The step may have left, and no answer will come; or what came says neither yes nor no.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over.
    pub async fn step_lost(&self, push: &PushId, epoch: i64, step: &str) -> Result<(), StoreError> {
        self.move_step(push, epoch, step, StepState::Lost, "sending answered").await
    }

    /// The answer was a refusal in the guise of a success: the step may be sent again.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a step without an answer.
    pub async fn step_refused(&self, push: &PushId, epoch: i64, step: &str) -> Result<(), StoreError> {
        self.move_step(push, epoch, step, StepState::Open, "answered").await
    }

    /// A write that does nothing twice is begun again although its answer was lost. What the provider said
    /// about the earlier one says nothing about this one.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a step that is not lost.
    pub async fn step_repeat(&self, push: &PushId, epoch: i64, step: &str) -> Result<(), StoreError> {
        self.move_step(push, epoch, step, StepState::Sending, "lost sending").await
    }

    /// What the step wrote was found at the provider although its answer was lost: it is never sent again, and the
    /// steps behind it can go on from the object.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a step that is not lost.
    pub async fn step_found(
        &self,
        push: &PushId,
        epoch: i64,
        step: &str,
        object_id: &str,
        object_url: Option<&str>,
    ) -> Result<(), StoreError> {
        let (push, step) = (push.clone(), step.to_owned());
        let (object_id, object_url) = (object_id.to_owned(), object_url.map(str::to_owned));
        self.write_beside(move |tx| {
            Box::pin(async move {
                let revision = fence(&mut *tx, &push, epoch).await?;
                let done = sqlx::query(
                    "UPDATE push_steps SET state = 'found', object_id = $4, object_url = $5, absent_at = NULL, lost_at = NULL \
                     WHERE push = $1 AND revision = $2 AND step = $3 AND state IN ('lost', 'sending')",
                )
                .bind(push.as_str())
                .bind(revision)
                .bind(step)
                .bind(object_id)
                .bind(object_url)
                .execute(tx)
                .await?;
                if done.rows_affected() == 0 { Err(ELSEWHERE) } else { Ok(()) }
            })
        })
        .await
    }

    /// The provider was asked and does not have it. Said once, it is only noted, because a provider may list what it took
    /// only after a while; said once more at least `apart` later, the step may be sent again. That happens to a step only
    /// once: a provider that was wrong about it twice is not believed a third time.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a step that is not lost.
    pub async fn step_absent(
        &self,
        push: &PushId,
        epoch: i64,
        step: &str,
        apart: Duration,
    ) -> Result<Absent, StoreError> {
        let (push, step, now) = (push.clone(), step.to_owned(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let revision = fence(&mut *tx, &push, epoch).await?;
                let there = "SELECT absent_at, reopened FROM push_steps \
                    WHERE push = $1 AND revision = $2 AND step = $3 AND state IN ('lost', 'sending')";
                let there = sqlx::query(there).bind(push.as_str()).bind(revision).bind(step.as_str());
                let there = there.fetch_optional(&mut *tx).await?.ok_or(ELSEWHERE)?;
                let mut reader = Reader::of(&there, PushStep::TABLE);
                let (absent_at, reopened): (Option<Timestamp>, u32) =
                    (reader.next("absent_at")?, reader.next("reopened")?);
                let (absent, change) = match absent_at {
                    _ if reopened > 0 => return Ok(Absent::Never),
                    None => (Absent::Once, "absent_at = $4"),
                    Some(first) if now < first.plus(apart) => return Ok(Absent::TooSoon),
                    Some(_) => {
                        (Absent::Twice, "state = 'open', absent_at = NULL, lost_at = NULL, reopened = reopened + 1")
                    }
                };
                let change = format!("UPDATE push_steps SET {change} WHERE push = $1 AND revision = $2 AND step = $3");
                let mut change = sqlx::query(AssertSqlSafe(change)).bind(push.as_str()).bind(revision).bind(step);
                if absent == Absent::Once {
                    change = change.bind(now.as_micros());
                }
                change.execute(tx).await?;
                Ok(absent)
            })
        })
        .await
    }

    async fn move_step(
        &self,
        push: &PushId,
        epoch: i64,
        step: &str,
        to: StepState,
        from: &'static str,
    ) -> Result<(), StoreError> {
        let (push, step, now) = (push.clone(), step.to_owned(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let revision = fence(&mut *tx, &push, epoch).await?;
                let statement = sqlx::query(
                    "UPDATE push_steps SET state = $4, sent_at = CASE $4 WHEN 'sending' THEN $6 ELSE sent_at END, \
                     lost_at = CASE $4 WHEN 'lost' THEN $6 END, \
                     absent_at = CASE $4 WHEN 'sending' THEN NULL ELSE absent_at END \
                     WHERE push = $1 AND revision = $2 AND step = $3 AND instr($5, state)",
                );
                let statement = statement.bind(push.as_str()).bind(revision).bind(step).bind(to.as_str()).bind(from);
                let done = statement.bind(now.as_micros()).execute(tx).await?;
                if done.rows_affected() == 0 { Err(ELSEWHERE) } else { Ok(()) }
            })
        })
        .await
    }
}
