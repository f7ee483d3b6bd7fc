//! One channel, walked from newest to oldest: its messages as records, or the threads that begin with them.

use std::collections::VecDeque;

use patchbay_sdk::{RawValue, Records, Result, log};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    refusal::Open,
    talk::Goal,
    wire::{Api, Listing, moment, moment_ms},
};

/// Where a walk is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Walk {
    channel: String,
    /// What is older is not wanted, ms.
    oldest: u64,
    /// Threads that were last answered before this were read, ms; none when none was.
    answered: Option<u64>,
    /// The next page of its messages.
    next: Option<String>,
    /// Its messages were walked through to the end.
    walked: bool,
    /// Threads that are still to be read, by their first message.
    threads: VecDeque<String>,
    /// The next page of the first of them.
    thread_next: Option<String>,
}

/// How one request went.
pub(crate) enum Step {
    On,
    /// What came does not fit into this page; the same comes again.
    Full,
    /// The channel is read.
    Done,
    /// The channel cannot be read.
    Over,
}

/// A message, as far as it matters here.
#[derive(Deserialize)]
struct Said {
    ts: Option<String>,
    thread_ts: Option<String>,
    #[serde(default)]
    reply_count: u64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Walk {
    pub(crate) fn of(channel: String, oldest: u64, answered: Option<u64>) -> Self {
        let (threads, thread_next) = (VecDeque::new(), None);
        Self { channel, oldest, answered, next: None, walked: false, threads, thread_next }
    }

    pub(crate) fn into_channel(self) -> String {
        self.channel
    }

    /// Sends one request, for what is not newer than a moment and so many rows, and takes what came.
    pub(crate) fn step(
        &mut self,
        api: &Api,
        goal: Goal,
        (newest, size): (u64, u32),
        records: &mut Records,
    ) -> Result<Step> {
        if let Some(thread) = self.threads.front().cloned() {
            return self.answers(api, &thread, size, records);
        }
        let asked = api
            .ask("conversations.history")?
            .query("channel", &self.channel)
            .query("oldest", moment(self.oldest))
            .query("latest", moment(newest));
        let Open::Yes(listing) = api.list_if_open(asked, size, self.next.as_deref())? else {
            log::info("a channel that is gone, or closed to the app, was passed over", &[("channel", &self.channel)]);
            return Ok(Step::Over);
        };
        let rows = listing.rows()?;
        match goal {
            Goal::Messages if !listing.fits(records) => return Ok(Step::Full),
            Goal::Messages => self.gather(&rows, records)?,
            Goal::Replies => {
                for row in rows {
                    self.threads.extend(self.thread(api, listing.row(row)?));
                }
            }
        }
        self.next = listing.next()?;
        self.walked = self.next.is_none();
        Ok(self.on())
    }

    /// A page of a thread. Its first message stands among the messages, and is left out here.
    fn answers(&mut self, api: &Api, thread: &str, size: u32, records: &mut Records) -> Result<Step> {
        let asked = api.ask("conversations.replies")?.query("channel", &self.channel).query("ts", thread);
        let Open::Yes(listing) = api.list_if_open(asked, size, self.thread_next.as_deref())? else {
            log::info("a thread that is gone, or closed to the app, was passed over", &[("channel", &self.channel)]);
            self.pass_thread();
            return Ok(self.on());
        };
        if !listing.fits(records) {
            return Ok(Step::Full);
        }
        let answers = self.answers_of(&listing, thread)?;
        self.gather(&answers, records)?;
        self.thread_next = listing.next()?;
        if self.thread_next.is_none() {
            self.pass_thread();
        }
        Ok(self.on())
    }

    fn answers_of<'a>(&self, listing: &'a Listing, thread: &str) -> Result<Vec<&'a RawValue>> {
        let mut answers = Vec::new();
        for row in listing.rows()? {
            if listing.row::<Said>(row)?.ts.as_deref() != Some(thread) {
                answers.push(row);
            }
        }
        Ok(answers)
    }

    /// Adds rows with the channel that they are of.
    fn gather(&self, rows: &[&RawValue], records: &mut Records) -> Result<()> {
        rows.iter().try_for_each(|row| records.push_with(row, &[("channel_id", &self.channel)]))
    }

    /// The thread that begins with this message, if it was answered since it was read last.
    fn thread(&self, api: &Api, said: Said) -> Option<String> {
        let ts = said.ts?;
        // An answer that was shown in the channel as well begins nothing.
        if said.reply_count == 0 || said.thread_ts.is_some_and(|thread| thread != ts) {
            return None;
        }
        let newest = said.rest.get(&api.assumed.newest_reply).and_then(Value::as_str).and_then(moment_ms);
        let known = matches!((self.answered, newest), (Some(answered), Some(newest)) if newest < answered);
        (!known && moment_ms(&ts).is_some()).then_some(ts)
    }

    fn pass_thread(&mut self) {
        self.threads.pop_front();
        self.thread_next = None;
    }

    fn on(&self) -> Step {
        if self.walked && self.threads.is_empty() { Step::Done } else { Step::On }
    }
}
