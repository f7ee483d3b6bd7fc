//! What is said: messages, and answers in threads.
//!
//! **A window, from newest to oldest.** Slack walks a channel backwards, so a pass fixes its own beginning as the newest
//! moment, goes through each channel down to where the last pass began, and only then that moment counts as read. A run that
//! ends half way goes on at the very page. The last day before is read again: a thread that begins late changes its first
//! message, and answers do not stand among the messages.
//!
//! **Answers** are not listed anywhere but thread by thread. So the first messages of the last weeks are walked through once
//! more, and each thread that was answered since is read.
//!
//! **Pace.** To some apps Slack gives messages once a minute. Then a call asks as often as that allows, and the cursor says
//! when the next one may.

use patchbay_sdk::{Error, PAGE_RECORDS, Page, ReadRequest, Records, Result, run};
use serde::{Deserialize, Serialize};

use crate::{
    channels::{Channels, REQUESTS},
    marks::Marks,
    walk::{Step, Walk},
    wire::Api,
};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// How far back the first pass reads where the settings say nothing.
const HISTORY_DAYS: u64 = 365;
/// How long a thread is looked at where they say nothing.
const THREAD_DAYS: u64 = 30;
/// A pace from which on the rate of the manifest is enough.
const UNHURRIED: u32 = 50;

/// What is wanted of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    Messages,
    Replies,
}

/// Where a stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// When the last whole pass began, ms: up to then `known` was read. A pass takes from it what it comes to.
    until: Option<u64>,
    known: Marks,
    /// What is under way; none between two passes.
    pass: Option<Pass>,
    /// Before this moment nothing more may be asked, ms.
    not_before: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    began: u64,
    channels: Channels,
    done: Marks,
    at: Option<Walk>,
    /// Rows so far.
    read: u64,
}

pub(crate) fn read(api: &Api, request: &ReadRequest, goal: Goal) -> Result<Page> {
    let now = run::now_ms();
    let mut cursor = request.cursor::<Cursor>()?.unwrap_or_default();
    let mut left = turns(api, &mut cursor, now)?;
    let paced = left < REQUESTS;
    let mut pass = cursor.pass.take().unwrap_or_else(|| Pass::beginning(now));
    let size = request.page_size(api.messages_page());
    let room = request.page_hint.clamp(size, PAGE_RECORDS);
    let mut records = Records::empty();
    for _ in 0..REQUESTS {
        let Some(mut at) = pass.at.take().or_else(|| cursor.walk(&mut pass, api, request.since_ms, goal)) else {
            if pass.channels.is_listed() {
                let read = pass.read.saturating_add(u64::from(records.count()));
                run::progress(read, None);
                let (until, known) = (Some(pass.began), pass.done);
                return Page::end(records, &Cursor { until, known, pass: None, not_before: cursor.not_before });
            }
            pass.channels.list(api, |channel| channel.is_member)?;
            continue;
        };
        if left == 0 {
            pass.at = Some(at);
            break;
        }
        left -= 1;
        if paced {
            let share = MINUTE / u64::from(api.messages_per_minute());
            cursor.not_before = Some(cursor.not_before.unwrap_or(now).max(now).saturating_add(share));
        }
        match at.step(api, goal, (pass.began, size), &mut records)? {
            Step::On => pass.at = Some(at),
            Step::Full => {
                pass.at = Some(at);
                break;
            }
            Step::Done => {
                pass.done.insert(&at.into_channel());
            }
            Step::Over => {}
        }
        if records.count().saturating_add(size) > room || run::should_stop() {
            break;
        }
    }
    pass.read = pass.read.saturating_add(u64::from(records.count()));
    run::progress(pass.read, None);
    cursor.pass = Some(pass);
    Page::more(records, &cursor)
}

/// How many requests for messages this call may send.
fn turns(api: &Api, cursor: &mut Cursor, now: u64) -> Result<u32> {
    if let Some(wait) = cursor.not_before.take().and_then(|then| then.checked_sub(now)).filter(|wait| *wait > 0) {
        return Err(Error::rate_limited(
            "The settings say how often Slack is asked for messages. It goes on by itself.",
        )
        .detail("the pace of the settings")
        .retry_after_ms(wait)
        .waits_alone());
    }
    let pace = api.messages_per_minute();
    Ok(if pace >= UNHURRIED { REQUESTS } else { pace.min(REQUESTS - 1) })
}

impl Cursor {
    /// Where to begin in the next channel, which is where it was left, and all the way back in one that is new here.
    fn walk(&mut self, pass: &mut Pass, api: &Api, since: Option<u64>, goal: Goal) -> Option<Walk> {
        // A list that shifts while it is read names one twice.
        let channel = std::iter::from_fn(|| pass.channels.take()).find(|channel| !pass.done.contains(channel))?;
        // It stands in the walk from here on, and then among those that are done: cursors are short.
        let known = self.known.remove(&channel);
        let began = pass.began;
        let days =
            |days: Option<u64>, otherwise: u64| began.saturating_sub(days.unwrap_or(otherwise).saturating_mul(DAY));
        let first = days(api.settings.history_days, HISTORY_DAYS).max(since.unwrap_or_default());
        let reread = api.assumed.reread_hours.saturating_mul(HOUR);
        let until = self.until.filter(|_| known).map(|until| until.saturating_sub(reread));
        let oldest = match (goal, until) {
            (_, None) => first,
            (Goal::Messages, Some(until)) => first.max(until),
            (Goal::Replies, Some(_)) => first.max(days(api.settings.thread_days, THREAD_DAYS)),
        };
        Some(Walk::of(channel, oldest, until))
    }
}

impl Pass {
    fn beginning(now: u64) -> Self {
        Self { began: now, channels: Channels::default(), done: Marks::default(), at: None, read: 0 }
    }
}
