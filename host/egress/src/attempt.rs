//! One attempt: a connection, the credential, the request, the answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use patchbay_model::contract::limits::ANSWER_BYTES;
use tokio::time::{Instant, timeout_at};

use crate::{
    Gate, Grant, Values,
    answer::{self, Answer, ReadError, To},
    dial::DialError,
    order::Order,
    outflow::{EndedEarly, Going, Outflow},
    pool::PoolKey,
    redact::Masker,
    slots,
    wire::{Wire, WireError},
};

/// Bytes a second that a line carries at least: a file gets time for that.
const SLOWEST: u64 = 128 * 1024;
/// Kept connections that are tried before a fresh one is opened.
const STALE: usize = 3;

/// Why an attempt brought no answer.
#[derive(Debug)]
pub(crate) enum AttemptError {
    /// An address that may not be reached, or a slot that cannot be filled.
    Denied(String),
    /// Surely nothing left, and another attempt would end the same.
    Untrusted(String),
    /// Surely nothing left.
    NotSent(String),
    /// It may have left; the connection broke.
    Unknown(String),
    /// It may have left; nothing came in the time that the gate gives.
    Slow(String),
    /// It ended on our side: the guest's own limit or the run's time was shorter than what the gate
    /// gives, or a file of the request ended early; `left`: something may have left.
    CutShort { left: bool, reason: String },
    /// The answer passes this many bytes.
    TooLarge(u64),
    /// The answer cannot be read.
    Broken(String),
}

/// How far an attempt got; outlives one that is cut off.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    left: AtomicBool,
    came: AtomicU64,
    going: Arc<Going>,
}

impl UnderWay {
    /// Whether something of the request may have left.
    pub(crate) fn left(&self) -> bool {
        self.left.load(Ordering::SeqCst)
    }

    /// Bytes of the request's body that went to a connection.
    pub(crate) fn went(&self) -> u64 {
        self.going.bytes()
    }

    /// Bytes of the answer's body that came.
    pub(crate) fn came(&self) -> u64 {
        self.came.load(Ordering::SeqCst)
    }
}

/// Runs one attempt until `deadline` or its own limit.
pub(crate) async fn run(
    gate: &Gate,
    grant: &Grant,
    order: &Order,
    values: &Values,
    masker: &Arc<Masker>,
    deadline: Instant,
    under_way: &UnderWay,
) -> Result<Answer, AttemptError> {
    let total = gate.timeouts().total + files_time(order);
    let limit = order.timeout.map_or(total, |asked| asked.min(total));
    let now = Instant::now();
    let ends = deadline.min(now + limit);
    let attempt = Box::pin(attempt(gate, grant, order, values, masker, under_way));
    match timeout_at(ends, attempt).await {
        Ok(done) => done,
        Err(_) if ends < now + total => Err(AttemptError::CutShort { left: under_way.left(), reason: no_time(limit) }),
        Err(_) if under_way.left() => Err(AttemptError::Slow(no_time(limit))),
        Err(_) => Err(AttemptError::NotSent(no_time(limit))),
    }
}

/// What a request may take besides for the files that it carries. One that stands still is ended long before.
fn files_time(order: &Order) -> Duration {
    let bytes: u64 = order.outgoing.body.files().iter().map(|file| file.size).sum();
    Duration::from_secs(bytes / SLOWEST)
}

fn no_time(limit: Duration) -> String {
    format!("it was not done within {} s, or within the run's time", limit.as_secs_f32())
}

async fn attempt(
    gate: &Gate,
    grant: &Grant,
    order: &Order,
    values: &Values,
    masker: &Arc<Masker>,
    under_way: &UnderWay,
) -> Result<Answer, AttemptError> {
    let timeouts = gate.timeouts();
    let key = PoolKey {
        tenant: grant.tenant.clone(),
        connector: grant.connector.clone(),
        connection: grant.connection.clone(),
        origin: order.outgoing.target.origin.clone(),
    };
    let mut stale = 0;
    loop {
        // A kept connection may be closed in the very moment it is used, and then nobody knows what
        // the other side took; a read is sent again, a write would be a question for a person.
        // One that carries files has a connection of its own too: the other side may answer before it
        // took them, and what is then still on its way ends with the connection.
        let kept = order.write.is_none() && !order.has_files() && stale < STALE;
        let mut wire = connection(gate, &key, kept).await?;
        let outgoing = slots::put(&order.slots, grant, values, &order.outgoing).map_err(AttemptError::Denied)?;
        let pieces = outgoing.body.pieces().map_err(AttemptError::Denied)?;
        let mut body = Outflow::of(&pieces, Arc::clone(&under_way.going));
        let ended = |left, error: EndedEarly| AttemptError::CutShort { left, reason: error.to_string() };
        body.prime().await.map_err(|error| ended(false, error))?;
        under_way.left.store(true, Ordering::SeqCst);
        let response = match wire.send(&outgoing, body, timeouts.first_byte).await {
            Ok(response) => response,
            // The other side closed a kept connection before it took anything: not this request's failure.
            Err(WireError::NotSent(_)) if wire.reused => {
                under_way.left.store(false, Ordering::SeqCst);
                under_way.going.again();
                stale += 1;
                continue;
            }
            Err(WireError::NotSent(reason)) => return Err(AttemptError::NotSent(reason)),
            Err(WireError::Unknown(reason)) => return Err(AttemptError::Unknown(reason)),
            Err(WireError::Slow(reason)) => return Err(AttemptError::Slow(reason)),
            Err(WireError::EndedEarly(error)) => return Err(ended(true, error)),
            Err(WireError::TooLarge(bytes)) => return Err(AttemptError::TooLarge(bytes)),
        };
        let to = match &order.sink {
            // Another status is an error to read, or a word about the credential.
            Some(sink) if response.status().is_success() => To::Sink(Arc::clone(sink), Arc::clone(masker)),
            _ => To::Memory(ANSWER_BYTES),
        };
        let answer = answer::read(response, to, timeouts.progress, &under_way.came).await;
        let answer = answer.map_err(|error| match error {
            ReadError::TooLarge(bytes) => AttemptError::TooLarge(bytes),
            ReadError::Broken(reason) => AttemptError::Broken(reason),
            ReadError::Lost(reason) => AttemptError::Unknown(reason),
        })?;
        let len = pieces.iter().fold(0, |sum: u64, piece| sum.saturating_add(piece.len()));
        if under_way.went() >= len {
            gate.pool().put(key, wire);
        }
        return Ok(answer);
    }
}

async fn connection(gate: &Gate, key: &PoolKey, kept: bool) -> Result<Wire, AttemptError> {
    if kept && let Some(wire) = gate.pool().take(key) {
        return Ok(wire);
    }
    gate.dialer().open(&key.origin).await.map_err(|error| match error {
        DialError::Denied(reason) => AttemptError::Denied(reason),
        DialError::Untrusted(reason) => AttemptError::Untrusted(reason),
        DialError::Failed(reason) => AttemptError::NotSent(reason),
    })
}
