//! The way through the parties to their files: a page of parties, then the files of each of them.

use std::collections::VecDeque;

use patchbay_sdk::{Case, Error, PAGE_RECORDS, Page, ReadRequest, Records, Result, log, run};
use serde::{Deserialize, Serialize};

use crate::{
    fetch::{self, Place},
    wire::{Api, Id, LENGTH},
};

/// Requests of one call of `read`, so that what was read is stored from time to time.
const REQUESTS: usize = 25;

/// Where the walk stands.
#[derive(Clone, Serialize, Deserialize)]
struct Walk {
    /// Where the next page of parties begins; none when all are listed.
    parties: Option<Place>,
    /// Parties whose files are still to come.
    waiting: VecDeque<u64>,
    /// Where the files of the first of them are read from.
    files: Place,
    /// Parties met.
    met: u64,
    /// Whether the files of any party could be listed.
    answered: bool,
    /// Something may not have been met.
    slipped: bool,
}

impl Walk {
    fn start() -> Self {
        let (parties, waiting, files) = (Some(Place::default()), VecDeque::new(), Place::default());
        Self { parties, waiting, files, met: 0, answered: false, slipped: false }
    }
}

pub(crate) fn read(api: &Api, request: &ReadRequest) -> Result<Page> {
    let mut walk = request.cursor::<Walk>()?.unwrap_or_else(Walk::start);
    let (length, room) = (request.page_size(LENGTH), request.page_hint.clamp(1, PAGE_RECORDS));
    let mut records = Records::empty();
    for _ in 0..REQUESTS {
        if let Some(party) = walk.waiting.front().copied() {
            if !walk.files_of(api, party, length, &mut records)? {
                break;
            }
        } else if let Some(place) = walk.parties.take() {
            let Some(step) = fetch::step(api, "/parties", place, LENGTH, &mut Records::empty())? else { break };
            walk.slipped |= step.place.slipped;
            walk.met += u64::try_from(step.ids.len()).unwrap_or_default();
            for id in step.ids {
                let Id::Number(party) = id else { return Err(not_a_party()) };
                walk.waiting.push_back(party);
            }
            walk.parties = step.next;
            run::progress(walk.met, step.total);
        } else {
            return over(walk, records);
        }
        if records.count() + length > room || run::should_stop() {
            break;
        }
    }
    if walk.waiting.is_empty() && walk.parties.is_none() { over(walk, records) } else { Page::more(records, &walk) }
}

fn not_a_party() -> Error {
    Error::invalid_response("Brokercloud's answer cannot be read.").detail("a party whose id is no number")
}

/// Not read: the next pass begins at the start.
pub(crate) fn nothing() -> Result<Page> {
    Page::end(Records::empty(), &Walk::start())
}

fn over(walk: Walk, records: Records) -> Result<Page> {
    if walk.met > 0 && !walk.answered {
        return Err(Error::not_found("Brokercloud lists no files here. The path in the configuration may be wrong.")
            .detail("the files of every party answered 404"));
    }
    if walk.slipped {
        return fetch::slipped(records, "files of parties", &Walk::start());
    }
    Page::complete(records, &Walk::start())
}

impl Walk {
    /// Takes a page of a party's files; false when it does not fit any more.
    fn files_of(&mut self, api: &Api, party: u64, length: u32, records: &mut Records) -> Result<bool> {
        let step = match fetch::step(api, &api.assumed.files_of(party), self.files.clone(), length, records) {
            Err(error) if error.case() == Case::NotFound => {
                log::info("a party that is hidden or gone was passed over", &[("party", &party)]);
                self.next_party();
                return Ok(true);
            }
            step => step?,
        };
        let Some(step) = step else { return Ok(false) };
        self.answered = true;
        self.slipped |= step.place.slipped;
        match step.next {
            Some(next) => self.files = next,
            None => self.next_party(),
        }
        Ok(true)
    }

    fn next_party(&mut self) {
        self.waiting.pop_front();
        self.files = Place::default();
    }
}
