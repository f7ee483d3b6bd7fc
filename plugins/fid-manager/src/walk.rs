//! The way through the clients to their folders.
//!
//! FID-Manager has no list of all folders: each client has its own. A walk remembers where it is, small enough for a
//! cursor, and takes one request at a time, so that it can stop after any of them. There is no filter by change: a walk is
//! a whole pass, and what it did not meet is gone.

use std::collections::VecDeque;

use patchbay_sdk::{Case, PAGE_BYTES, PAGE_RECORDS, Records, Result, log};
use serde::{Deserialize, Serialize};

use crate::wire::Api;

/// Where a walk is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// The same for the whole walk: pages of another size would not fit together.
    pub(crate) per_page: u32,
    /// The next page of clients; none when all are listed.
    clients_page: Option<u64>,
    /// Clients whose folders are still to come; the first of them is the one that the walk is at.
    clients: VecDeque<String>,
    /// The next page of its folders.
    folders_page: u64,
    /// Its folders so far.
    folders_read: u64,
    /// Folders that it had when it was first asked, where FID-Manager says so.
    folders_total: Option<u64>,
    /// Clients listed so far, those that are not active any more too.
    pub(crate) listed: u64,
    /// Clients that there were when they were first asked for, where FID-Manager says so.
    pub(crate) total: Option<u64>,
    /// A client or a folder may have slipped over the edge of a page.
    slipped: bool,
}

/// How one step went.
#[derive(PartialEq, Eq)]
pub(crate) enum Step {
    /// One request further.
    On,
    /// What came does not fit into this page; the same step comes again.
    Full,
    /// There is nothing left.
    Done,
}

impl Walk {
    pub(crate) fn start(per_page: u32) -> Self {
        Self {
            per_page,
            clients_page: Some(1),
            clients: VecDeque::new(),
            folders_page: 1,
            folders_read: 0,
            folders_total: None,
            listed: 0,
            total: None,
            slipped: false,
        }
    }

    /// Whether every client was met. Pages shift when one goes meanwhile, and another may slip through.
    pub(crate) fn is_whole(&self) -> bool {
        !self.slipped && self.total.is_none_or(|total| self.listed >= total)
    }

    /// Takes one request's step.
    pub(crate) fn step(&mut self, api: &Api, records: &mut Records) -> Result<Step> {
        let Some(client) = self.clients.front().cloned() else { return self.list_clients(api) };
        match self.folders(api, &client, records) {
            Err(error) if error.case() == Case::NotFound => {
                log::info("a client that is hidden or gone was passed over", &[("client", &client)]);
                self.next_client();
                Ok(Step::On)
            }
            other => other,
        }
    }

    fn list_clients(&mut self, api: &Api) -> Result<Step> {
        let Some(page) = self.clients_page else { return Ok(Step::Done) };
        let names = &api.assumed.fields.client;
        let listing = api.list(&api.assumed.paths.clients, page, self.per_page, &[])?;
        let found = listing.rows(&api.assumed, self.listed)?;
        for row in &found.rows {
            let id = row.text(&names.id).ok_or_else(|| listing.unreadable("a client without an id"))?;
            if !row.is_inactive(&names.active) {
                self.clients.push_back(id);
            }
        }
        self.listed = found.read;
        self.total = self.total.or(found.total);
        self.slipped |= found.slipped || shrank(self.total, found.total);
        self.clients_page = (!found.is_last).then_some(page.saturating_add(1));
        Ok(Step::On)
    }

    fn folders(&mut self, api: &Api, client: &str, records: &mut Records) -> Result<Step> {
        let names = api.assumed.fields.folder.names();
        let path = &api.assumed.paths.folders;
        let listing = api.list_of(path, client, self.folders_page, self.per_page, &[])?;
        let found = listing.rows(&api.assumed, self.folders_read)?;
        // What the client's id adds to a row, generously.
        let bytes = listing.bytes().saturating_add(found.rows.len().saturating_mul(256));
        let count = u32::try_from(found.rows.len()).unwrap_or(u32::MAX);
        let is_full =
            records.bytes().saturating_add(bytes) > PAGE_BYTES || records.count().saturating_add(count) > PAGE_RECORDS;
        if records.count() > 0 && is_full {
            return Ok(Step::Full);
        }
        for row in &found.rows {
            row.add_to(records, &[("client_id", client)], &names)?;
        }
        self.folders_total = self.folders_total.or(found.total);
        self.slipped |= found.slipped || shrank(self.folders_total, found.total);
        if found.is_last {
            self.next_client();
        } else {
            (self.folders_page, self.folders_read) = (self.folders_page.saturating_add(1), found.read);
        }
        Ok(Step::On)
    }

    fn next_client(&mut self) {
        self.clients.pop_front();
        (self.folders_page, self.folders_read, self.folders_total) = (1, 0, None);
    }
}

/// Whether a list got shorter since it was first asked: the pages behind moved up, maybe past the one that was read.
pub(crate) fn shrank(first: Option<u64>, now: Option<u64>) -> bool {
    first.zip(now).is_some_and(|(first, now)| now < first)
}
