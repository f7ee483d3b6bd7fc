//! Pickers that search the records which the host holds.

use std::sync::Arc;

use patchbay_model::{Code, ConnectionState, Fault, RunId};
use patchbay_store::{Connection, RecordSearch};

use super::{Picked, Question, SHOWN};
use crate::{App, connectors::Release};

/// Records that are told in one transaction, and transactions of one round; the next round takes the rest.
const BITE: u32 = 500;
const BITES: usize = 200;

impl App {
    pub(super) async fn pick_from_records(&self, stream: &str, question: Question<'_>) -> Result<Picked, Fault> {
        let Question { row, release, picker, query, parents, account, cursor } = question;
        let skip = cursor.as_deref().map_or(Some(0), page);
        let Some(skip) = skip else {
            return Err(Fault::new(Code::ParameterInvalid).field("/cursor", "is not the `next` of an earlier answer"));
        };
        let pointers = picker.parents.iter().map(|parent| parent.pointer.clone().unwrap_or_default());
        let search = RecordSearch {
            stream: stream.to_owned(),
            account: account.map(|account| account.provider_id),
            parents: pointers.zip(parents).map(|(pointer, (_, id))| (pointer, id)).collect(),
            value: picker.value.clone().unwrap_or_default(),
            label: picker.label.clone().unwrap_or_default(),
            hint: picker.hint.clone(),
            query: query.to_owned(),
            skip,
            limit: SHOWN,
        };
        let mut found = self.store.search_records(&row.tenant, &row.id, &search).await?;
        if found.unmarked && self.keep_picked(row, release).await? {
            found = self.store.search_records(&row.tenant, &row.id, &search).await?;
        }
        let next = found.more.then(|| (skip + SHOWN).to_string().into_bytes());
        // A run that may not begin does not refresh anything.
        let refreshing = found.refreshing && row.enabled && row.state == ConnectionState::Active;
        Ok(Picked { choices: found.choices, next, as_of: found.as_of, refreshing })
    }

    /// Sees that the streams of all pickers of a release are read for them; whether that is news. The connection may be
    /// older than the release.
    async fn keep_picked(&self, row: &Connection, release: &Release) -> Result<bool, Fault> {
        let mut streams: Vec<String> =
            release.manifest.pickers.iter().filter_map(|picker| picker.from_stream.clone()).collect();
        streams.sort_unstable();
        streams.dedup();
        Ok(self.store.set_picked(&row.tenant, &row.id, &streams).await?)
    }

    pub(super) async fn refresh_records(
        self: &Arc<Self>,
        row: &Connection,
        release: &Release,
        stream: &str,
        account: Option<&str>,
    ) -> Result<Option<RunId>, Fault> {
        if !row.enabled {
            return Err(Fault::because(Code::Conflict, "This connection is switched off."));
        }
        let mut syncs = self.store.syncs(&row.tenant, &row.id).await?;
        if syncs.iter().any(|sync| sync.stream == stream && !sync.picked) && self.keep_picked(row, release).await? {
            syncs = self.store.syncs(&row.tenant, &row.id).await?;
        }
        let mut first = None;
        let wanted = |sync: &str| account.is_none_or(|account| account == sync);
        for sync in syncs.iter().filter(|sync| sync.stream == stream && sync.read && wanted(&sync.account)) {
            let run = self.run_now(&row.tenant, &sync.id).await?;
            first = first.or(Some(run));
        }
        Ok(first)
    }

    /// Tells records that were a picker's only and are extracted now: one step of the upkeep.
    pub(crate) async fn tell_unseen(&self) -> Result<(), Fault> {
        for _ in 0..BITES {
            if *self.stop.borrow() || self.store.show_records(BITE).await? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// How many choices the pages before had.
fn page(cursor: &[u8]) -> Option<u32> {
    std::str::from_utf8(cursor).ok()?.parse().ok()
}
