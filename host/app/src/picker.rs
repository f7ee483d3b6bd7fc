//! Typeaheads: targets that a person chooses for a push.
//!
//! A picker `from-stream` searches the records that the host holds; *refresh* runs that stream now. A
//! picker without a stream asks the connector.

use std::sync::Arc;

use patchbay_egress::Writes;
use patchbay_engine::{NoBlobs, NoSteps, RunScope};
use patchbay_model::{
    Code, ConnectionId, Failure, Fault, RunId, TenantId, Timestamp,
    contract::{Choice, PickRequest},
    manifest::Picker,
};
use patchbay_store::{Connection, RecordSearch};
use tokio::time::Instant;

use crate::{
    App,
    connectors::Release,
    runlog::RunLog,
    work::{context_of, refused},
};

/// Choices in one answer.
const SHOWN: u32 = 20;

/// An answer of a picker.
pub struct Picked {
    /// The choices, in the order to show.
    pub choices: Vec<Choice>,
    /// When the searched records were last read to their end; none when the provider was asked.
    pub as_of: Option<Timestamp>,
}

fn picker<'r>(release: &'r Release, name: &str) -> Result<&'r Picker, Fault> {
    release.manifest.picker(name).ok_or_else(|| Fault::because(Code::NotFound, format!("There is no picker {name:?}.")))
}

impl App {
    /// What fits the text typed so far.
    pub async fn pick(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        name: &str,
        query: &str,
    ) -> Result<Picked, Fault> {
        let row = self.store.connection(tenant, connection).await?;
        let release = self.release_of(&row).await?;
        let picker = picker(&release, name)?;
        match (&picker.from_stream, &picker.value, &picker.label) {
            (Some(stream), Some(value), Some(label)) => {
                let search = RecordSearch {
                    stream: stream.clone(),
                    account: None,
                    parents: Vec::new(),
                    value: value.clone(),
                    label: label.clone(),
                    hint: picker.hint.clone(),
                    query: query.to_owned(),
                    limit: SHOWN,
                };
                let found = self.store.search_records(tenant, connection, &search).await?;
                let choices = found
                    .into_iter()
                    .map(|found| Choice { id: found.value, label: found.label, hint: found.hint })
                    .collect();
                let syncs = self.store.syncs(tenant, connection).await?;
                // As old as the account that was read longest ago.
                let read = syncs.iter().filter(|sync| sync.stream == *stream && sync.enabled);
                let as_of = read.map(|sync| sync.last_success_at).min().flatten();
                Ok(Picked { choices, as_of })
            }
            _ => self.pick_at_provider(&row, &release, name, query).await,
        }
    }

    async fn pick_at_provider(
        self: &Arc<Self>,
        connection: &Connection,
        release: &Release,
        name: &str,
        query: &str,
    ) -> Result<Picked, Fault> {
        let refused = |failure: Failure| refused(&failure);
        let (release, component) = self.release(&release.id).await?;
        let deadline = Instant::now() + self.settings.call_timeout;
        let (door, _) = self
            .door(connection, None, &release, Writes::Forbidden, deadline, self.stop.clone())
            .await
            .map_err(refused)?;
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
            blobs: Arc::new(NoBlobs),
        };
        let mut instance = self.engine.open(&component, scope).await.map_err(refused)?;
        let context = context_of(connection, None, &release.manifest);
        let request =
            PickRequest { picker: name.to_owned(), query: query.to_owned(), parents: Vec::new(), cursor: None };
        let choices = instance.pick(&context, &request).await.map_err(refused)?;
        Ok(Picked { choices: choices.items, as_of: None })
    }

    /// Reads the picker's stream now; the answer is the run to follow.
    pub async fn refresh_picker(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        name: &str,
    ) -> Result<Option<RunId>, Fault> {
        let row = self.store.connection(tenant, connection).await?;
        let release = self.release_of(&row).await?;
        let Some(stream) = &picker(&release, name)?.from_stream else { return Ok(None) };
        let syncs = self.store.syncs(tenant, connection).await?;
        let mut first = None;
        for sync in syncs.iter().filter(|sync| sync.stream == *stream) {
            let run = self.run_now(tenant, &sync.id).await?;
            first = first.or(Some(run));
        }
        Ok(first)
    }
}
