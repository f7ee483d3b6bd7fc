//! The way through the groups to their contacts.
//!
//! SARE lists the addresses of a group, and tells what is known of addresses that it is asked for. A walk remembers group and
//! page, small enough for a cursor: the addresses themselves are not kept, a page that was only half asked for is asked
//! again. Who is in two groups comes twice; that is one record.

use std::collections::VecDeque;

use patchbay_sdk::{Case, Error, PAGE_BYTES, PAGE_RECORDS, RawValue, Records, Result, log, run};
use serde::{Deserialize, Serialize};

use crate::wire::{Api, Said};

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
        let (number, page) = (group.to_string(), self.page.to_string());
        let said = api.get(&["group", "emails", &number, &page])?;
        let addresses: Vec<Address> = said.rows()?.into_iter().map(|row| read(&said, row)).collect::<Result<_>>()?;
        if addresses.is_empty() {
            self.next_group();
            return Ok(Step::On);
        }
        let wanted: Vec<&str> = addresses.iter().skip(self.done).take(room).map(Address::as_str).collect();
        let found = details(api, &wanted)?;
        let bytes: usize = found.iter().map(|(row, _)| row.get().len().saturating_add(256)).sum();
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        let is_full =
            records.bytes().saturating_add(bytes) > PAGE_BYTES || records.count().saturating_add(count) > PAGE_RECORDS;
        if records.count() > 0 && is_full {
            return Ok(Step::Full);
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
        if self.done >= addresses.len() {
            (self.page, self.done) = (self.page.saturating_add(1), 0);
        }
        Ok(Step::On)
    }

    fn next_group(&mut self) {
        if let Some(groups) = &mut self.groups {
            groups.pop_front();
        }
        (self.page, self.done) = (0, 0);
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

/// What is known of these addresses; one that went meanwhile is not among them.
fn details(api: &Api, emails: &[&str]) -> Result<Vec<(Box<RawValue>, Contact)>> {
    let asked = Asked { emails: emails.iter().map(|email| AskedAddress { email }).collect() };
    let mut found = Vec::with_capacity(emails.len());
    // Each page has at least one of them, so there are no more pages than addresses.
    for page in 0..=emails.len() {
        let said = api.ask(&["email", "by_email_list", &page.to_string()], &asked)?;
        let rows = said.rows()?;
        let is_end = rows.is_empty();
        for row in rows {
            found.push((row.to_owned(), read::<Contact>(&said, row)?));
        }
        if is_end || found.len() >= emails.len() {
            return Ok(found);
        }
        if run::should_stop() {
            return Err(Error::transient("The run was stopped."));
        }
    }
    Ok(found)
}

fn read<'a, T: Deserialize<'a>>(said: &Said<'_>, row: &'a RawValue) -> Result<T> {
    serde_json::from_str(row.get()).map_err(|_| said.unreadable("a row of an unexpected shape"))
}
