//! Pickers that the connector answers.

use std::{future::Future, sync::Arc};

use patchbay_egress::Writes;
use patchbay_engine::{NoSteps, RunScope};
use patchbay_model::{
    Code, Failure, Fault, choice,
    contract::{Choices, PickRequest},
    manifest::Picker,
};
use patchbay_store::{Account, Connection};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{
    Picked, Question,
    answers::{Answer, Asked, Ticket, Turn},
};
use crate::{
    App,
    blobs::RunBlobs,
    connectors::Release,
    runlog::RunLog,
    work::{context_of, refused},
};

/// Bytes of a place to go on from that fits into an address.
const CURSOR: usize = 16 * 1024;
/// How often somebody asks again whose question was dropped by the one who asked it first.
const AGAIN: usize = 3;

impl App {
    pub(super) async fn pick_at_provider(self: &Arc<Self>, question: Question<'_>) -> Result<Picked, Fault> {
        let Question { row, release, picker, query, parents, account, cursor } = question;
        if !row.enabled {
            return Err(Fault::because(Code::Conflict, "This connection is switched off."));
        }
        if cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR) {
            return Err(no_place());
        }
        let asked = Asked {
            connection: row.id.clone(),
            of: fingerprint(row, release, account.as_ref()),
            picker: picker.name.clone(),
            query: query.to_owned(),
            parents,
            cursor,
        };
        let answer = self.answer(asked, |asked| {
            let (app, row, picker) = (Arc::clone(self), row.clone(), picker.clone());
            async move { app.ask_connector(&row, account.as_ref(), &picker, &asked).await }
        });
        let Answer { choices, next, at } = answer.await?;
        Ok(Picked { choices, next, as_of: Some(at), refreshing: false })
    }

    /// The answer that is known, or that is being asked for; else asks. Whoever asks does so in a task of the host, and
    /// no longer than somebody waits for it.
    async fn answer<F>(self: &Arc<Self>, asked: Asked, ask: impl FnOnce(Asked) -> F) -> Result<Answer, Fault>
    where
        F: Future<Output = Result<Answer, Fault>> + Send + 'static,
    {
        let mut ask = Some(ask);
        for _ in 0..AGAIN {
            let mut waits = match self.answers.turn(&asked, self.clock.now()) {
                Turn::Known(answer) => return Ok(answer),
                Turn::Wait(waits) => waits,
                Turn::Ask(ticket, waits) => {
                    let Some(ask) = ask.take() else { break };
                    let work = ask(asked.clone());
                    self.tasks.spawn(Arc::clone(self).ask_for(ticket, work));
                    waits
                }
            };
            // Copied out before the answer's lock is let go of.
            let answer = waits.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
            if let Some(answer) = answer {
                return answer;
            }
        }
        Err(Fault::new(Code::Internal).operator("nobody answered what a picker asked"))
    }

    async fn ask_for(self: Arc<Self>, ticket: Ticket, work: impl Future<Output = Result<Answer, Fault>>) {
        let answer = tokio::select! {
            answer = work => answer,
            () = ticket.nobody_waits() => return,
        };
        ticket.answered(answer);
    }

    async fn ask_connector(
        self: &Arc<Self>,
        row: &Connection,
        account: Option<&Account>,
        picker: &Picker,
        asked: &Asked,
    ) -> Result<Answer, Fault> {
        let refused = |failure: Failure| refused(&failure);
        let release = self.release_of(row).await?;
        let (release, component) = self.release(&release.id).await?;
        let deadline = Instant::now() + self.settings.call_timeout;
        let (door, _) =
            self.door(row, account, &release, Writes::Forbidden, deadline, self.stop.clone()).await.map_err(refused)?;
        let scope = RunScope {
            door,
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_connect(&release.manifest.id)),
            steps: Arc::new(NoSteps),
            blobs: RunBlobs::none(self),
        };
        let mut instance = self.engine.open(&component, scope).await.map_err(refused)?;
        let context = context_of(row, account, &release.manifest);
        let request = PickRequest {
            picker: picker.name.clone(),
            query: asked.query.clone(),
            parents: asked.parents.clone(),
            cursor: asked.cursor.clone(),
        };
        let picked = instance.pick(&context, &request).await;
        let Choices { items, next } = picked.map_err(|failure| match failure.code() {
            // Whoever asks named a place that the connector or its provider never gave, or has forgotten since.
            Code::CursorRefused if asked.cursor.is_some() => no_place(),
            _ => refused(failure),
        })?;
        let next = next.filter(|next| {
            let fits = next.len() <= CURSOR;
            if !fits {
                let size = next.len();
                tracing::warn!(connection.id = %row.id, "picker {}: a place of {size} bytes to go on is too long", picker.name);
            }
            fits
        });
        Ok(Answer { choices: items.into_iter().filter_map(choice::shown).collect(), next, at: self.clock.now() })
    }
}

fn no_place() -> Fault {
    Fault::new(Code::ParameterInvalid).field("/cursor", "is not the `next` of an earlier answer")
}

/// What the answer depends on besides the question: another release, login, setting or account has answers of its own.
fn fingerprint(row: &Connection, release: &Release, account: Option<&Account>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let login = row.authorized_at.as_micros().to_string();
    let account = account.map_or(["", ""], |account| [account.provider_id.as_str(), account.facts.as_str()]);
    for part in [release.id.as_str(), &row.auth, &login, &row.facts, &row.settings, account[0], account[1]] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
