//! The journal of writes: which step of which push left, with which request, and what came back.
//!
//! | step is | same request | other request |
//! |---|---|---|
//! | not there, `open` | send | send |
//! | `answered` | replay the stored answer | mismatch |
//! | `sending`, `lost` | unknown: do not send | mismatch |
//!
//! `sending` is committed before the first byte leaves; one that an earlier attempt left behind has no
//! known outcome. A step is begun only under a lease that has not lapsed. What became of it is a fact that
//! is stored as long as nobody else has taken the push over: its epoch alone fences that, so an answer
//! that comes after the push was put aside (a deploy) is not lost.

use patchbay_model::{PushId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Store, StoreError,
    dialect::Dialect,
    row::{Reader, Row, json, many, maybe, select, words},
};

/// Bytes of an answer's body that are kept.
const BODY_BYTES: usize = 64 * 1024;

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It may have left; no answer yet.
    Sending,
    /// The answer is stored.
    Answered,
    /// It surely did nothing and may be sent (again).
    Open,
    /// It may have left, and no answer came.
    Lost,
}

impl StepState {
    /// The word of the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Answered => "answered",
            Self::Open => "open",
            Self::Lost => "lost",
        }
    }

    /// The case of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Sending, Self::Answered, Self::Open, Self::Lost].into_iter().find(|state| state.as_str() == word)
    }
}
words!(StepState);

/// An answer of a provider, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body, at most 64 KiB.
    pub body: Vec<u8>,
}

/// How often the provider has said that it does not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Once: look again later.
    Once,
    /// Twice: the step is open again.
    Twice,
}

/// What to do with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepBegin {
    /// Send it: the intent is on disk.
    Send,
    /// It was answered: hand this on and send nothing.
    Replay(StepAnswer),
    /// It may have been written: send nothing, look it up.
    Unknown,
    /// The step was used for another request: a defect of the connector.
    Mismatch,
}

/// A step of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushStep {
    /// Its name.
    pub step: String,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
    /// How it stands.
    pub state: StepState,
    /// The answer.
    pub answer: Option<StepAnswer>,
    /// When it was begun last.
    pub sent_at: Timestamp,
    /// When the answer came.
    pub answered_at: Option<Timestamp>,
    /// When the provider said that it does not have it, once so far since the step was begun.
    pub absent_at: Option<Timestamp>,
    /// How often it was opened again because the provider said so twice.
    pub reopened: u32,
}

impl Row for PushStep {
    const TABLE: &'static str = "push_steps";
    const FROM: &'static str = "push_steps t";
    const COLUMNS: &'static str = "t.step, t.request_hash, t.state, t.status, t.headers, t.body, t.sent_at, t.answered_at, t.absent_at, t.reopened";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let step: String = r.next("step")?;
        let (request_hash, state) = (r.next("request_hash")?, r.next("state")?);
        let (status, headers) = (r.next::<Option<u16>>("status")?, r.next::<Option<String>>("headers")?);
        let body = r.next::<Option<Vec<u8>>>("body")?;
        let answer = match (status, headers) {
            (Some(status), Some(headers)) => {
                let bad = |_| StoreError::Inconsistent { table: Self::TABLE, column: "headers", row: step.clone() };
                let headers = serde_json::from_str(&headers).map_err(bad)?;
                Some(StepAnswer { status, headers, body: body.unwrap_or_default() })
            }
            _ => None,
        };
        let (sent_at, answered_at) = (r.next("sent_at")?, r.next("answered_at")?);
        let (absent_at, reopened) = (r.next("absent_at")?, r.next("reopened")?);
        Ok(Self { step, request_hash, state, answer, sent_at, answered_at, absent_at, reopened })
    }
}

impl Store {
    /// Begins a step; committed when this answers.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease lapsed or another has taken over: send nothing.
    pub async fn step_begin(
        &self,
        push: &PushId,
        epoch: i64,
        step: &str,
        request_hash: [u8; 32],
    ) -> Result<StepBegin, StoreError> {
        let (push, step, clock) = (push.clone(), step.to_owned(), self.clock.clone());
        self.write_beside(move |tx| {
            Box::pin(async move {
                let now = clock.now();
                fence(&mut *tx, &push, epoch, Some(now)).await?;
                let statement = sqlx::query(select::<PushStep>("WHERE t.push = $1 AND t.step = $2"));
                let there: Option<PushStep> =
                    maybe(&mut *tx, statement.bind(push.as_str()).bind(step.as_str())).await?;
                match there {
                    None => {}
                    Some(there) if there.state == StepState::Open => {}
                    Some(there) if there.request_hash != request_hash => return Ok(StepBegin::Mismatch),
                    Some(PushStep { state: StepState::Answered, answer: Some(answer), .. }) => {
                        return Ok(StepBegin::Replay(answer));
                    }
                    Some(_) => return Ok(StepBegin::Unknown),
                }
                sqlx::query(
                    "INSERT INTO push_steps (push, step, request_hash, state, sent_at) \
                     VALUES ($1, $2, $3, 'sending', $4) ON CONFLICT (push, step) DO UPDATE SET \
                     request_hash = excluded.request_hash, state = 'sending', status = NULL, headers = NULL, \
                     body = NULL, sent_at = excluded.sent_at, answered_at = NULL, absent_at = NULL",
                )
                .bind(push.as_str())
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
        let state = if opens_again { StepState::Open } else { StepState::Answered };
        self.write_beside(move |tx| {
            Box::pin(async move {
                fence(&mut *tx, &push, epoch, None).await?;
                let done = sqlx::query(
                    "UPDATE push_steps SET state = $3, status = $4, headers = $5, body = $6, answered_at = $7 \
                     WHERE push = $1 AND step = $2 AND state IN ('sending', 'lost')",
                )
                .bind(push.as_str())
                .bind(step)
                .bind(state.as_str())
                .bind(i64::from(status))
                .bind(headers)
                .bind(body)
                .bind(now.as_micros())
                .execute(tx)
                .await?;
                if done.rows_affected() == 0 { Err(StoreError::Conflict("the step is not under way")) } else { Ok(()) }
            })
        })
        .await
    }

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

    /// The provider was asked and does not have it. Said once, it is only noted, because a provider may
    /// list what it took only after a while; said twice, the step may be sent again.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a step that is not lost.
    pub async fn step_absent(&self, push: &PushId, epoch: i64, step: &str) -> Result<Absent, StoreError> {
        let (push, step, now) = (push.clone(), step.to_owned(), self.now());
        self.write_beside(move |tx| {
            Box::pin(async move {
                fence(&mut *tx, &push, epoch, None).await?;
                let open = sqlx::query(
                    "UPDATE push_steps SET state = 'open', absent_at = NULL, reopened = reopened + 1 \
                     WHERE push = $1 AND step = $2 AND state IN ('lost', 'sending') AND absent_at IS NOT NULL",
                );
                if open.bind(push.as_str()).bind(&step).execute(&mut *tx).await?.rows_affected() > 0 {
                    return Ok(Absent::Twice);
                }
                let note = sqlx::query(
                    "UPDATE push_steps SET absent_at = $3 \
                     WHERE push = $1 AND step = $2 AND state IN ('lost', 'sending')",
                );
                let noted = note.bind(push.as_str()).bind(&step).bind(now.as_micros()).execute(tx).await?;
                if noted.rows_affected() == 0 {
                    Err(StoreError::Conflict("the step is elsewhere"))
                } else {
                    Ok(Absent::Once)
                }
            })
        })
        .await
    }

    /// A write that does nothing twice is begun again although its answer was lost. What the provider said
    /// about the earlier one says nothing about this one.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over; [`StoreError::Conflict`] for a step that is not lost.
    pub async fn step_repeat(&self, push: &PushId, epoch: i64, step: &str) -> Result<(), StoreError> {
        self.move_step(push, epoch, step, StepState::Sending, "lost sending").await
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
                fence(&mut *tx, &push, epoch, None).await?;
                let statement = sqlx::query(
                    "UPDATE push_steps SET state = $3, sent_at = CASE $3 WHEN 'sending' THEN $5 ELSE sent_at END, \
                     absent_at = CASE $3 WHEN 'sending' THEN NULL ELSE absent_at END \
                     WHERE push = $1 AND step = $2 AND instr($4, state)",
                );
                let statement = statement.bind(push.as_str()).bind(step).bind(to.as_str()).bind(from);
                let done = statement.bind(now.as_micros()).execute(tx).await?;
                if done.rows_affected() == 0 { Err(StoreError::Conflict("the step is elsewhere")) } else { Ok(()) }
            })
        })
        .await
    }

    /// Steps of a push that the caller already found for its tenant, in the order in which they were begun.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn push_steps(&self, push: &PushId) -> Result<Vec<PushStep>, StoreError> {
        let statement = sqlx::query(select::<PushStep>("WHERE t.push = $1 ORDER BY t.sent_at, t.step LIMIT 1000"));
        many(self.read(), statement.bind(push.as_str())).await
    }
}

/// Nobody else has taken the push over; with `now`, and our lease has not lapsed. On PostgreSQL the push stays ours until
/// the end of the transaction: whoever wants to take it over waits, and sees what was written.
async fn fence(tx: &mut AnyConnection, push: &PushId, epoch: i64, now: Option<Timestamp>) -> Result<(), StoreError> {
    let locked = Dialect::of(tx).pick("", "FOR UPDATE");
    let ours: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT CAST(1 AS BIGINT) FROM pushes WHERE id = $1 AND epoch = $2 AND ($3 IS NULL OR lease_until > $3) {locked}"
    )))
    .bind(push.as_str())
    .bind(epoch)
    .bind(now.map(Timestamp::as_micros))
    .fetch_optional(tx)
    .await?;
    ours.map(|_| ()).ok_or(StoreError::Stale)
}

#[cfg(test)]
mod tests {
    use patchbay_model::PushState;

    use super::*;
    use crate::{
        Accepted, ClaimedPush, PushEnd,
        testing::{LEASE, World},
    };

    async fn claimed(world: &World) -> ClaimedPush {
        let id = world.connect("b1").await.connection.id;
        world.store.accept_push(world.push("k1", Some(&id))).await.expect("accepted");
        world.store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0)
    }

    fn answer(status: u16) -> StepAnswer {
        StepAnswer { status, headers: vec![("etag".into(), "1".into())], body: b"{}".to_vec() }
    }

    #[tokio::test]
    async fn a_step_is_sent_replayed_or_unknown_by_its_journal() {
        let world = World::open().await;
        let push = claimed(&world).await.push;
        let (store, id, epoch) = (&world.store, &push.id, push.epoch);
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Send));
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Unknown), "no answer yet");
        assert_eq!(store.step_begin(id, epoch, "create", [2; 32]).await, Ok(StepBegin::Mismatch));
        store.step_answered(id, epoch, "create", &answer(201), false).await.expect("stored");
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Replay(answer(201))));
        assert_eq!(store.step_begin(id, epoch, "create", [2; 32]).await, Ok(StepBegin::Mismatch));
        store.step_refused(id, epoch, "create").await.expect("a refusal inside a 200");
        assert_eq!(store.step_begin(id, epoch, "create", [2; 32]).await, Ok(StepBegin::Send), "open: other bytes too");
        store.step_answered(id, epoch, "create", &answer(422), true).await.expect("a refusal");
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Send));
        store.step_not_sent(id, epoch, "create").await.expect("nothing left");
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Send));
        store.step_lost(id, epoch, "create").await.expect("lost");
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Unknown));
        assert!(store.step_refused(id, epoch, "create").await.is_err(), "a lost step has no answer");
        assert_eq!(store.step_absent(id, epoch, "create").await, Ok(Absent::Once));
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Unknown), "said only once");
        assert_eq!(store.step_absent(id, epoch, "create").await, Ok(Absent::Twice));
        assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Send));
        assert_eq!(store.step_begin(id, epoch, "upload", [1; 32]).await, Ok(StepBegin::Send), "another step");
    }

    #[tokio::test]
    async fn a_worker_that_was_overtaken_sends_nothing_and_its_open_step_is_unknown() {
        let world = World::open().await;
        let old = claimed(&world).await;
        assert_eq!((old.was, old.push.state), (PushState::Planned, PushState::Sending));
        let id = &old.push.id;
        world.store.step_begin(id, old.push.epoch, "create", [1; 32]).await.expect("begun");
        world.clock.advance(LEASE);
        assert_eq!(world.store.step_begin(id, old.push.epoch, "next", [1; 32]).await, Err(StoreError::Stale));
        assert_eq!(world.store.heartbeat_push(id, old.push.epoch, LEASE).await, Err(StoreError::Stale));
        let ours = world.store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0);
        assert_eq!((ours.was, ours.push.attempts), (PushState::Sending, 2));
        let late = world.store.step_answered(id, old.push.epoch, "create", &answer(201), false).await;
        assert_eq!(late, Err(StoreError::Stale));
        let end = world.store.finish_push(id, old.push.epoch, PushEnd::of(PushState::Done)).await;
        assert_eq!(end, Err(StoreError::Stale));
        let begin = world.store.step_begin(id, ours.push.epoch, "create", [1; 32]).await;
        assert_eq!(begin, Ok(StepBegin::Unknown));
        let left = world.store.finish_push(id, ours.push.epoch, PushEnd::of(PushState::Unknown)).await.expect("left");
        assert_eq!((left.next_at, left.ended_at), (None, None), "it waits for a person");
        world.clock.advance(LEASE);
        assert!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").is_empty());
        let again = PushEnd { next_at: Some(world.store.now()), ..PushEnd::of(PushState::Planned) };
        world.store.decide_push(&world.tenant, id, again, "person").await.expect("decided");
        let third = world.store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0);
        assert_eq!(world.store.step_begin(id, third.push.epoch, "create", [1; 32]).await, Ok(StepBegin::Send));
    }

    #[tokio::test]
    async fn a_key_is_used_once_for_ever() {
        let world = World::open().await;
        let Ok(Accepted::New(first)) = world.store.accept_push(world.push("k1", None)).await else { panic!("not new") };
        let same = world.store.accept_push(world.push("k1", None)).await;
        assert_eq!(same, Ok(Accepted::Duplicate(first.clone())));
        let mut other = world.push("k1", None);
        other.content_hash = [2; 32];
        assert_eq!(world.store.accept_push(other).await, Ok(Accepted::OtherContent(first)));
        assert_eq!(world.number("SELECT count(*) FROM pushes").await, 1);
        world.connect("b1").await;
        assert!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").is_empty(), "it waits");
        assert_eq!(world.store.wake_waiting_pushes().await, Ok(1));
        assert_eq!(world.store.claim_pushes(LEASE, 10).await.expect("claimed").len(), 1);
    }

    #[tokio::test]
    async fn an_answer_that_comes_after_the_push_was_put_aside_is_stored_and_the_push_stays_as_it_is() {
        let world = World::open().await;
        let push = claimed(&world).await.push;
        let (store, id, epoch) = (&world.store, &push.id, push.epoch);
        for step in ["create", "upload", "pay", "send"] {
            assert_eq!(store.step_begin(id, epoch, step, [1; 32]).await, Ok(StepBegin::Send));
        }
        let end = PushEnd { next_at: Some(store.now()), ..PushEnd::of(PushState::Unknown) };
        let left = store.finish_push(id, epoch, end).await.expect("put aside");
        world.clock.advance(LEASE * 2);
        assert_eq!(store.step_answered(id, epoch, "create", &answer(201), false).await, Ok(()));
        assert_eq!(store.step_not_sent(id, epoch, "upload").await, Ok(()));
        assert_eq!(store.step_lost(id, epoch, "pay").await, Ok(()));
        assert_eq!(store.step_absent(id, epoch, "pay").await, Ok(Absent::Once));
        assert_eq!(store.step_repeat(id, epoch, "pay").await, Ok(()));
        assert_eq!(store.step_answered(id, epoch, "send", &answer(200), false).await, Ok(()));
        assert_eq!(store.step_refused(id, epoch, "send").await, Ok(()));
        assert_eq!(store.push(&world.tenant, id).await, Ok(left));
        assert_eq!(store.step_begin(id, epoch, "new", [1; 32]).await, Err(StoreError::Stale), "nothing more is sent");

        let next = store.claim_pushes(LEASE, 10).await.expect("claimed").remove(0);
        assert_eq!((next.was, next.push.state), (PushState::Unknown, PushState::Unknown));
        let begin = store.step_begin(id, next.push.epoch, "create", [1; 32]).await;
        assert_eq!(begin, Ok(StepBegin::Replay(answer(201))));
        for late in [
            store.step_answered(id, epoch, "pay", &answer(201), false).await,
            store.step_not_sent(id, epoch, "pay").await,
            store.step_lost(id, epoch, "pay").await,
            store.step_repeat(id, epoch, "pay").await,
            store.step_refused(id, epoch, "create").await,
            store.step_absent(id, epoch, "pay").await.map(|_| ()),
        ] {
            assert_eq!(late, Err(StoreError::Stale), "somebody else has it now");
        }
    }

    #[tokio::test]
    async fn a_step_that_is_repeated_was_sent_now_and_an_earlier_absence_says_nothing_about_it() {
        let world = World::open().await;
        let push = claimed(&world).await.push;
        let (store, id, epoch) = (&world.store, &push.id, push.epoch);
        store.step_begin(id, epoch, "create", [1; 32]).await.expect("begun");
        store.step_lost(id, epoch, "create").await.expect("lost");
        let step = || async { store.push_steps(id).await.expect("steps").remove(0) };
        let begun = store.now();
        world.clock.advance(std::time::Duration::from_secs(5));
        store.step_absent(id, epoch, "create").await.expect("asked");
        assert_eq!((step().await.sent_at, step().await.absent_at), (begun, Some(store.now())));
        store.step_repeat(id, epoch, "create").await.expect("repeated");
        let again = step().await;
        assert_eq!((again.state, again.sent_at, again.absent_at), (StepState::Sending, store.now(), None));
        assert_eq!(store.step_absent(id, epoch, "create").await, Ok(Absent::Once));
    }

    #[tokio::test]
    async fn how_often_a_step_was_opened_again_is_counted_over_all_attempts() {
        let world = World::open().await;
        let push = claimed(&world).await.push;
        let (store, id, epoch) = (&world.store, &push.id, push.epoch);
        for round in 1..=2 {
            assert_eq!(store.step_begin(id, epoch, "create", [1; 32]).await, Ok(StepBegin::Send));
            store.step_absent(id, epoch, "create").await.expect("once");
            assert_eq!(store.push_steps(id).await.expect("steps").remove(0).reopened, round - 1);
            store.step_absent(id, epoch, "create").await.expect("twice");
            let step = store.push_steps(id).await.expect("steps").remove(0);
            assert_eq!((step.state, step.absent_at, step.reopened), (StepState::Open, None, round));
        }
    }
}
