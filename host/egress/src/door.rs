//! One run's way out. The stack reads downwards; each layer stands where it does for a reason:
//!
//! | layer | why here |
//! |---|---|
//! | incident, open circuit | a run that gave itself away sends nothing more, and one that has to stop does no work for it |
//! | `order`: parse, reserved headers, `scope`, slot, effect, body, key of the step | needs nothing but the request, so a refusal costs nothing and connects to nothing |
//! | rehearsal: what is not read ends here | nothing is set in motion for what is not sent; secrets are looked for all the same, because it is shown |
//! | tape: plays what follows, or listens to it | only for connectors that are tried and recorded; below all checks, so that no tape answers what may not be asked |
//! | circuit | nobody waits, and no credential is fetched, for a host that is left alone |
//! | `rate` | before the credential, so that a token does not age in line |
//! | credential | as late as can be; one refresh for all who ask |
//! | secrets in what the guest sent | before the gate fills its own in, or it would find its own work; files that the guest made are read for it |
//! | circuit once more | the line may have been long; the probe of a host that was down is taken here |
//! | `journal` begin | after everything that can refuse, before anything that can leave |
//! | `attempt`: resolve, judge, connect, fill, send, read | the credential is filled only for a connection that was judged; files are read while they leave, once more for each attempt |
//! | mask | before the journal keeps the answer and before the guest sees it; of an answer that goes to a sink, while it is read |
//! | `journal` answered | before the guest sees it |
//! | expired, `Retry-After`, failures | each starts again at the circuit, and a sink from its beginning |
//! | sink | last: an error and an answer of the journal go there when nothing follows upon them |

mod circuit;
mod failed;
mod given;
mod journaled;
mod masked;
mod rehearse;
mod taped;
mod told;

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use tokio::time::{Instant, sleep_until};

use given::given;
use journaled::{answered, unkept};

use crate::{
    AnswerSink, CredentialError, CredentialSource, DoorScope, Gate, Grant, Incident, Request, Response, SendError,
    Tape, Usage, Values,
    answer::HEAD_BYTES,
    attempt::{self, UnderWay},
    breaker::CircuitKey,
    order::Order,
    outflow::EndedEarly,
    rate::Lane,
    redact::Masker,
    retry,
    tape::Said,
};

/// The gate bound to one run: its grant, its credential, its journal and its time.
pub struct Door {
    run: Arc<Run>,
}

struct Run {
    gate: Arc<Gate>,
    grant: Arc<Grant>,
    credential: Arc<dyn CredentialSource>,
    scope: DoorScope,
    tape: Option<Tape>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    usage: Usage,
    incident: Option<Incident>,
    known: Vec<Arc<Values>>,
    masker: Arc<Masker>,
    pause: Option<Instant>,
    /// That pause holds back nobody but those who share a rate.
    pauses_alone: bool,
    /// Why the run has to stop, and until when the provider is left alone.
    circuit: Option<Instant>,
    /// Requests that a rehearsal showed.
    shown: u32,
}

impl Door {
    pub(crate) fn bind(
        gate: Arc<Gate>,
        grant: Arc<Grant>,
        credential: Arc<dyn CredentialSource>,
        scope: DoorScope,
    ) -> Self {
        Self { run: Arc::new(Run { gate, grant, credential, scope, tape: None, state: Mutex::default() }) }
    }

    pub(crate) fn bind_taped(
        gate: Arc<Gate>,
        grant: Arc<Grant>,
        credential: Arc<dyn CredentialSource>,
        scope: DoorScope,
        tape: Tape,
    ) -> Self {
        Self { run: Arc::new(Run { gate, grant, credential, scope, tape: Some(tape), state: Mutex::default() }) }
    }

    /// Sends one request of the guest and waits for its answer.
    ///
    /// A write goes on in its own task when this future is dropped, so that its answer reaches the
    /// journal.
    pub async fn send(&self, request: Request) -> Result<Response, SendError> {
        self.ask(request, None).await
    }

    /// As [`Door::send`], for an answer of up to 50 MiB: its body goes to `sink`, piece by piece, and the
    /// answer that comes back has none. What the sink took of a request that failed is worth nothing.
    pub async fn send_into(&self, request: Request, sink: Arc<dyn AnswerSink>) -> Result<Response, SendError> {
        self.ask(request, Some(sink)).await
    }

    async fn ask(&self, request: Request, sink: Option<Arc<dyn AnswerSink>>) -> Result<Response, SendError> {
        let run = &self.run;
        match run.state().incident.clone() {
            Some(Incident::SecretSeen) => return Err(SendError::SecretSeen),
            Some(Incident::CredentialDead(reason)) => return Err(SendError::CredentialDead(reason)),
            // The run fails, but what it may do it may still do.
            Some(Incident::Denied(_)) | None => {}
        }
        if run.state().circuit.is_some() {
            return Err(SendError::Stopped);
        }
        run.state().usage.requests += 1;
        let tape = run.tape.as_ref().map(|tape| (tape, Said::of(&request)));
        let order = Order::check(&run.grant, run.gate.ports(), &run.scope.writes, request);
        let sent = match order.map(|order| order.answered_to(sink)) {
            Err(reason) => Err(SendError::Denied(reason)),
            Ok(order) if order.held_back.is_some() => Err(run.hold_back(&order).await),
            Ok(order) => match tape {
                Some((tape, said)) => Box::pin(run.taped(tape, said, order)).await,
                None => run.sent(order).await,
            },
        };
        if let Err(error) = &sent {
            run.note(error);
        }
        sent
    }

    /// What the run used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.run.state().usage
    }

    /// What ends the run, whatever the guest does; stays once it is there.
    #[must_use]
    pub fn incident(&self) -> Option<Incident> {
        self.run.state().incident.clone()
    }

    /// How long the provider still wants to be left alone, where that is why the run has to stop.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        let until = self.run.state().pause?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// Whether that pause holds back no more than what shares a rate that waits alone, and not the connection.
    #[must_use]
    pub fn pauses_alone(&self) -> bool {
        self.run.state().pauses_alone
    }

    /// How long the provider's host is still left alone, where an open circuit is why the run has to
    /// stop; stays once it is there, zero when the time is over.
    #[must_use]
    pub fn circuit_open(&self) -> Option<Duration> {
        Some(self.run.state().circuit?.saturating_duration_since(Instant::now()))
    }
}

impl Run {
    /// A write goes on in its own task, whoever waits for it.
    async fn sent(self: &Arc<Self>, order: Order) -> Result<Response, SendError> {
        if order.write.is_some() {
            let task = tokio::spawn(Arc::clone(self).send(order));
            return task
                .await
                .unwrap_or_else(|error| Err(SendError::Unknown(format!("the write's task ended: {error}"))));
        }
        Box::pin(Arc::clone(self).send(order)).await
    }

    async fn send(self: Arc<Self>, order: Order) -> Result<Response, SendError> {
        let origin = &order.outgoing.target.origin;
        let lane = self.gate.rates().lane(&self.grant, origin, &order.outgoing.target.path);
        let circuit = CircuitKey::of(&self.grant.tenant, origin);
        let (mut attempts, mut failures, mut waits) = (0_u64, 0, 0);
        let mut renewed: Option<Arc<Values>> = None;
        let mut searched = None;
        loop {
            self.unless_open(&circuit)?;
            let turn = self.turn(&lane).await?;
            let values = match &renewed {
                Some(values) => Arc::clone(values),
                None => self.unless_stopped(self.credential.current()).await?.map_err(lacking)?,
            };
            let masker = self.learn(&values)?;
            // The same search again would find the same.
            if !searched.as_ref().is_some_and(|searched| Arc::ptr_eq(searched, &masker)) {
                if self.unless_stopped(order.betrays(&masker)).await?.map_err(gone)? {
                    return Err(SendError::SecretSeen);
                }
                searched = Some(Arc::clone(&masker));
            }
            let pass = self.pass(&circuit)?;
            if let Some(step) = &order.write
                && let Some(known) = self.begin(step).await?
            {
                return given(&order, known, false).await;
            }
            self.state().usage.retries += u64::from(attempts > 0);
            attempts += 1;
            let (started, under_way) = (Instant::now(), UnderWay::default());
            let attempt =
                attempt::run(&self.gate, &self.grant, &order, &values, &masker, self.scope.deadline, &under_way);
            // A write that began is not cut off: half a write is a question for a person.
            let outcome = match &order.write {
                Some(_) => Ok(attempt.await),
                None => self.unless_stopped(attempt).await,
            };
            let outcome = outcome.inspect_err(|_| {
                self.used(&under_way, under_way.left());
            })?;
            drop(turn);
            self.audit(&order, &outcome, &under_way, started, &masker);
            circuit::tell(pass, &outcome, &masker);
            let answer = match outcome {
                Ok(answer) => answer,
                Err(error) => {
                    let again = order.write.is_none() && failures < retry::FAILURES;
                    failures += 1;
                    self.failed(&order, &circuit, error, again.then(|| retry::backoff(failures))).await?;
                    continue;
                }
            };
            let expired = !order.slots.is_empty()
                && retry::is_expired(&self.grant.expired, &answer)
                // A manifest's rule may not make an unclear answer to a write a clear one.
                && (order.write.is_none() || answer.status.is_success() || retry::opens_again(answer.status));
            let now = self.gate.clock().now();
            lane.learn(&answer.headers, now);
            let wait = retry::asked_to_wait(answer.status, &answer.headers, now);
            let (status, in_sink, whole) = (answer.status, answer.in_sink, answer.whole);
            let response = masked::masked(answer, &masker);
            if let Some(step) = &order.write {
                answered(step, &response, whole, expired || retry::opens_again(status)).await?;
            }
            if expired && renewed.is_none() && self.worth_renewing(&values) {
                let values = self.unless_stopped(self.credential.renew(&values)).await?.map_err(lacking)?;
                renewed = Some(values);
                continue;
            }
            if let Some(wait) = wait {
                if status == StatusCode::TOO_MANY_REQUESTS {
                    lane.throttle(wait);
                } else {
                    lane.pause(wait);
                }
                let fits = Instant::now() + wait <= self.scope.deadline && wait <= retry::SHORT_WAIT;
                if order.write.is_none() && waits < retry::WAITS && fits {
                    waits += 1;
                    continue;
                }
                self.paused(&lane, wait);
            }
            return given(&order, response, in_sink).await;
        }
    }

    /// Waits in line; a wait that the run's time does not suffice for ends the run.
    async fn turn(&self, lane: &Lane) -> Result<crate::rate::Turn, SendError> {
        let since = Instant::now();
        let turn = self.unless_stopped(lane.turn(self.scope.deadline)).await;
        self.state().usage.waited += since.elapsed();
        turn?.map_err(|left| {
            self.paused(lane, left);
            SendError::Stopped
        })
    }

    /// Notes why the run has to stop, and for whom.
    fn paused(&self, lane: &Lane, left: Duration) {
        let (now, mut state) = (Instant::now(), self.state());
        state.pause = Some(now + left);
        state.pauses_alone = lane.waits_alone(now);
    }

    /// A token that is young, or was itself fetched for a refusal, was refused for another reason.
    fn worth_renewing(&self, values: &Values) -> bool {
        let age = self.gate.clock().now().since(values.obtained_at);
        values.renewable && !values.after_refusal && age >= retry::FRESH
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, SendError> {
        let mut stop = self.scope.stop.clone();
        let stopped = async {
            if stop.wait_for(|stop| *stop).await.is_err() {
                // Nobody is left who could stop it.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => Err(SendError::Stopped),
            done = work => Ok(done),
            () = sleep_until(self.scope.deadline) => Err(SendError::Stopped),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lacking(error: CredentialError) -> SendError {
    match error {
        CredentialError::Dead(reason) => SendError::CredentialDead(reason),
        CredentialError::Busy(reason) => SendError::CredentialBusy(reason),
    }
}

/// A file of the request that is not there any more: nothing left.
fn gone(error: EndedEarly) -> SendError {
    SendError::NotSent(error.to_string())
}
