//! A dry run: the connector does everything but the write, and what it would have sent is told.
//!
//! Reads go out as ever. The first request that would change something is noted by the gate instead of being sent, and
//! the connector is told to stop: what it would do next depends on an answer that nobody has.

use std::sync::{Arc, Mutex, PoisonError};

use patchbay_egress::{Rehearsal, WouldSend, Writes};
use patchbay_engine::{RunScope, Steps as _};
use patchbay_model::{
    Code, Fault, PushId, PushState, TenantId,
    contract::{Attachment, Ext, Item, Object, PushOutcome},
    manifest::Idempotency,
};
use patchbay_store::Accepted;
use tokio::time::Instant;

use super::{
    PushRequest,
    accept::{self, Prepared},
    deliver,
    journal::RehearsedSteps,
};
use crate::{
    App,
    blobs::RunBlobs,
    runlog::RunLog,
    work::{context_of, refused},
};

/// What would become of an item.
pub struct Rehearsed {
    /// `planned`: it would be sent at once; `waiting` or `skipped`: it would not.
    pub state: PushState,
    /// Why it would not.
    pub reason: Option<(Code, String)>,
    /// The push that has this key already.
    pub duplicate_of: Option<PushId>,
    /// What would leave first, without secrets.
    pub requests: Vec<WouldSend>,
    /// Whether that is all; otherwise what follows depends on the answer.
    pub whole: bool,
    /// The object, where the connector says that it is there as wanted.
    pub exists: Option<Object>,
}

impl Rehearsed {
    /// What is known before the connector is asked.
    fn of(item: &Prepared) -> Self {
        let (state, reason) = (item.new.state, item.new.reason.clone());
        Self { state, reason, duplicate_of: None, requests: Vec::new(), whole: true, exists: None }
    }
}

/// Notes what would be sent.
struct Noted {
    requests: Mutex<Vec<WouldSend>>,
    /// Whether each write has to carry its key.
    keyed: bool,
}

impl Rehearsal for Noted {
    fn would_send(&self, request: WouldSend) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    fn key(&self, step: &str) -> Option<String> {
        self.keyed.then(|| RehearsedSteps.key(step))
    }
}

impl App {
    /// Does everything for an item but write it down and send it.
    pub async fn rehearse_push(self: &Arc<Self>, tenant: TenantId, request: PushRequest) -> Result<Rehearsed, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            let payload = request.payload.to_string().into_bytes();
            let prepared = app.prepare(&tenant, request).await?;
            let (mut rehearsed, mut ext) = (Rehearsed::of(&prepared), Ext::new());
            let judged = app.store.judge_push(prepared.new.clone()).await.map_err(accept::refused)?;
            match judged {
                None | Some(Accepted::New(_) | Accepted::Claimed(_)) => {}
                Some(Accepted::Duplicate(first)) => {
                    rehearsed.duplicate_of = Some(first.id);
                    return Ok(rehearsed);
                }
                Some(Accepted::Revived(next) | Accepted::Updated(next)) => {
                    rehearsed.state = next.state;
                    ext = deliver::told_of(&next, &[]);
                }
                Some(Accepted::OtherContent(first)) => return Err(super::key_reused(&first)),
                Some(Accepted::Busy(first)) => return Err(super::busy(&first)),
                Some(Accepted::Elsewhere(first)) => return Err(super::elsewhere(&first)),
            }
            if prepared.goes_now() {
                app.play(&prepared, payload, ext, &mut rehearsed).await?;
            }
            Ok(rehearsed)
        })
        .await
    }

    async fn play(
        self: &Arc<Self>,
        item: &Prepared,
        payload: Vec<u8>,
        ext: Ext,
        told: &mut Rehearsed,
    ) -> Result<(), Fault> {
        let Some(connection) = &item.connection else { return Ok(()) };
        let (release, component) = self.release(&item.release.id).await?;
        let action = release.manifest.action(&item.new.action);
        let keyed = action.is_some_and(|action| action.idempotency == Idempotency::Key);
        let noted = Arc::new(Noted { requests: Mutex::default(), keyed });
        let writes = Writes::Rehearse(Arc::clone(&noted) as _);
        let deadline = Instant::now() + self.settings.call_timeout;
        let (door, _) = self
            .door(connection, None, &release, writes, deadline, self.stop.clone())
            .await
            .map_err(|failure| refused(&failure))?;
        let scope = RunScope {
            door,
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_connect(&release.manifest.id)),
            steps: Arc::new(RehearsedSteps),
            blobs: RunBlobs::of(self, &item.files),
        };
        let mut instance = self.engine.open(&component, scope).await.map_err(|failure| refused(&failure))?;
        let context = context_of(connection, None, &release.manifest);
        let target = if item.new.target == "null" { Vec::new() } else { item.new.target.clone().into_bytes() };
        let shown = Item {
            action: item.new.action.clone(),
            key: item.new.key.clone(),
            target,
            payload,
            attachments: item.files.iter().map(Attachment::from).collect(),
            attempt: 1,
            ext,
        };
        let outcome = instance.push(&context, &shown).await;
        told.requests = std::mem::take(&mut *noted.requests.lock().unwrap_or_else(PoisonError::into_inner));
        told.whole = told.requests.is_empty() || !action.is_some_and(|action| action.multi_step);
        match outcome {
            Ok(PushOutcome::Exists(object)) if told.requests.is_empty() => told.exists = Some(object),
            // It was told to stop; whatever it makes of that is no answer.
            _ if !told.requests.is_empty() => {}
            Ok(_) => {}
            Err(failure) => return Err(refused(&failure)),
        }
        Ok(())
    }
}
