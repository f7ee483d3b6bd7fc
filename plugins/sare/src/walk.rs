//! The way through the groups to their contacts.
//!
//! SARE lists the addresses of a group, and tells what is known of addresses that it is asked for. A walk remembers group and
//! page, small enough for a cursor: the addresses themselves are not kept, a page that was only half asked for is asked
//! again. Who is in two groups comes twice; that is one record.
//!
//! A walk is whole only when every group was read to its end and nobody slipped over the edge of a page meanwhile.

use std::collections::VecDeque;

use patchbay_sdk::{Case, Error, PAGE_BYTES, PAGE_RECORDS, RawValue, Records, Result, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    edge::Edge,
    wire::{Api, Said},
};

/// Statuses of somebody who was removed, by hand or by itself, or has asked for it.
const REMOVED: [u64; 3] = [2, 3, 4];

/// Where a walk is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// Groups that are still to come, the first of them is the one that the walk is in; none before they are listed.
    groups: Option<VecDeque<u64>>,
    /// The page of that group.
    page: u64,
    /// Addresses of that page that are done.
    done: usize,
    edge: Edge,
    /// Groups done so far.
    pub(crate) walked: u64,
}

/// How one step went.
#[derive(PartialEq, Eq)]
pub(crate) enum Step {
    /// Some requests further.
    On,
    /// What came does not fit into this page; the same step comes again.
    Full,
    /// There is nothing left.
    Done,
}

#[derive(Deserialize)]
struct Group {
    id: u64,
}

/// A row of a group: an object in our reading of the sheet, and a bare text in another one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Address {
    Row { email: String },
    Text(String),
}

#[derive(Serialize)]
struct Asked<'a> {
    emails: Vec<AskedAddress<'a>>,
}

#[derive(Serialize)]
struct AskedAddress<'a> {
    email: &'a str,
}

#[derive(Deserialize)]
struct Contact {
    email: String,
    status: Option<u64>,
}

impl Walk {
    /// How many groups there are, as far as it is known.
    pub(crate) fn total(&self) -> Option<u64> {
        let left = u64::try_from(self.groups.as_ref()?.len()).ok()?;
        Some(self.walked.saturating_add(left))
    }

    /// Whether nobody can have slipped by.
    pub(crate) fn is_whole(&self) -> bool {
        !self.edge.slipped
    }

    /// Takes one step: the groups, or some contacts of one of them, of which at most `room` are asked for.
    pub(crate) fn step(
        &mut self,
        api: &Api,
        room: usize,
        records: &mut Records,
        gone: &mut Vec<String>,
    ) -> Result<Step> {
        let Some(groups) = &self.groups else {
            let said = api.get(&["group", "list"])?;
            let ids = said.rows()?.into_iter().map(|row| Ok(read::<Group>(&said, row)?.id));
            self.groups = Some(ids.collect::<Result<_>>()?);
            return Ok(Step::On);
        };
        let Some(group) = groups.front().copied() else { return Ok(Step::Done) };
        match self.contacts(api, group, room, records, gone) {
            Err(error) if error.case() == Case::NotFound => {
                log::info("a group that is gone was passed over", &[("group", &group)]);
                self.edge.slipped = true;
                self.next_group();
                Ok(Step::On)
            }
            other => other,
        }
    }

    fn contacts(
        &mut self,
        api: &Api,
        group: u64,
        room: usize,
        records: &mut Records,
        gone: &mut Vec<String>,
    ) -> Result<Step> {
        let addresses = addresses(api, group, self.page)?;
        let addresses: Vec<&str> = addresses.iter().map(Address::as_str).collect();
        if addresses.is_empty() {
            self.look_back(api, group)?;
            self.next_group();
            return Ok(Step::On);
        }
        let wanted: Vec<&str> = addresses.iter().skip(self.done).take(room).copied().collect();
        let Details { found, is_whole } = details(api, &wanted)?;
        let bytes: usize = found.iter().map(|(row, _)| row.get().len().saturating_add(256)).sum();
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        let is_full =
            records.bytes().saturating_add(bytes) > PAGE_BYTES || records.count().saturating_add(count) > PAGE_RECORDS;
        if records.count() > 0 && is_full {
            return Ok(Step::Full);
        }
        self.edge.slipped |= !is_whole;
        if self.done > 0 {
            self.edge.resumed(&addresses, self.done);
        } else {
            self.look_back(api, group)?;
        }
        for (row, contact) in found {
            let email = contact.email.to_lowercase();
            if contact.status.is_some_and(|status| REMOVED.contains(&status)) {
                gone.push(email);
            } else {
                records.push_with(&row, &[("email", &email)])?;
            }
        }
        self.done = self.done.saturating_add(wanted.len());
        self.edge.took(&addresses, self.done);
        if self.done >= addresses.len() {
            (self.page, self.done) = (self.page.saturating_add(1), 0);
        }
        Ok(Step::On)
    }

    /// Looks at the page before once more, now that the one behind it was read.
    fn look_back(&mut self, api: &Api, group: u64) -> Result<()> {
        let Some(before) = self.page.checked_sub(1) else { return Ok(()) };
        let before = addresses(api, group, before)?;
        self.edge.looked_back(&before.iter().map(Address::as_str).collect::<Vec<_>>());
        Ok(())
    }

    fn next_group(&mut self) {
        if let Some(groups) = &mut self.groups {
            groups.pop_front();
        }
        (self.page, self.done) = (0, 0);
        self.edge.next_list();
        self.walked = self.walked.saturating_add(1);
    }
}

impl Address {
    fn as_str(&self) -> &str {
        match self {
            Self::Row { email } | Self::Text(email) => email,
        }
    }
}

/// The addresses of one page of a group.
fn addresses(api: &Api, group: u64, page: u64) -> Result<Vec<Address>> {
    let said = api.get(&["group", "emails", &group.to_string(), &page.to_string()])?;
    said.rows()?.into_iter().map(|row| read(&said, row)).collect()
}

/// What is known of some addresses.
struct Details {
    found: Vec<(Box<RawValue>, Contact)>,
    /// Whether none can have slipped from one page of the answer to another.
    is_whole: bool,
}

/// What is known of these addresses; one that went meanwhile is not among them.
fn details(api: &Api, emails: &[&str]) -> Result<Details> {
    let asked = Asked { emails: emails.iter().map(|email| AskedAddress { email }).collect() };
    let mut found = Vec::with_capacity(emails.len());
    // Each page has at least one of them, so there are no more pages than addresses.
    let mut pages = 0_u32;
    for page in 0..=emails.len() {
        if emails.is_empty() {
            break;
        }
        let said = api.ask(&["email", "by_email_list", &page.to_string()], &asked)?;
        let rows = said.rows()?;
        let is_end = rows.is_empty();
        pages = pages.saturating_add(u32::from(!is_end));
        for row in rows {
            found.push((row.to_owned(), read::<Contact>(&said, row)?));
        }
        if is_end || found.len() >= emails.len() {
            break;
        }
        if run::should_stop() {
            return Err(Error::transient("The run was stopped."));
        }
    }
    let is_whole = pages <= 1 || found.len() >= emails.len();
    Ok(Details { found, is_whole })
}

fn read<'a, T: Deserialize<'a>>(said: &Said<'_>, row: &'a RawValue) -> Result<T> {
    serde_json::from_str(row.get()).map_err(|_| said.unreadable("a row of an unexpected shape"))
}
