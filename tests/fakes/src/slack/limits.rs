//! Limits of calls (sheet 7): by method and workspace, and of messages by channel. Not counted unless a test says so.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::Timestamp;

use super::problem;
use crate::exchange::Answer;

const MINUTE: Duration = Duration::from_secs(60);
/// About one message a second in a channel, with short bursts.
const POSTS: (usize, Duration) = (5, Duration::from_secs(5));
/// What an application outside the marketplace may ask for once a minute only.
const OF_MESSAGES: [&str; 2] = ["conversations.history", "conversations.replies"];
/// Objects of a page of messages for an application outside the marketplace.
pub(super) const FEW: usize = 15;

/// What was called, and how much of it is allowed.
#[derive(Debug)]
pub(super) struct Limits {
    /// Whether the tiers are counted.
    pub(super) tiers: bool,
    /// Time in which an application outside the marketplace may ask once for messages; none for the others.
    pub(super) outside: Option<Duration>,
    /// Most rows of a page, whatever is asked for.
    pub(super) rows: usize,
    calls: BTreeMap<String, Vec<Timestamp>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tiers: false, outside: None, rows: 10, calls: BTreeMap::new() }
    }
}

impl Limits {
    /// Counts a call of a method; an error when it is one too many.
    pub(super) fn call(&mut self, team: &str, method: &str, now: Timestamp) -> Result<(), Answer> {
        let allowed = match self.outside {
            Some(window) if OF_MESSAGES.contains(&method) => (1, window),
            _ if !self.tiers => return Ok(()),
            _ => (tier(method), MINUTE),
        };
        self.count(format!("{team}/{method}"), allowed, now)
    }

    /// Counts a message into a channel.
    pub(super) fn post(&mut self, channel: &str, now: Timestamp) -> Result<(), Answer> {
        if self.tiers { self.count(format!("post/{channel}"), POSTS, now) } else { Ok(()) }
    }

    fn count(&mut self, what: String, (most, window): (usize, Duration), now: Timestamp) -> Result<(), Answer> {
        let calls = self.calls.entry(what).or_default();
        calls.retain(|at| now.since(*at) < window);
        let Some(first) = calls.first().filter(|_| calls.len() >= most) else {
            calls.push(now);
            return Ok(());
        };
        let left = window.saturating_sub(now.since(*first));
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Err(Answer { status: 429, ..problem("ratelimited") }.with("retry-after", &seconds.max(1).to_string()))
    }

    /// Most rows of a page of this method.
    pub(super) fn page(&self, method: &str) -> usize {
        match self.outside {
            Some(_) if OF_MESSAGES.contains(&method) => self.rows.min(FEW),
            _ => self.rows,
        }
    }
}

/// Calls a minute of a method.
fn tier(method: &str) -> usize {
    match method {
        "users.list" | "conversations.list" | "usergroups.list" => 20,
        "conversations.members" | "chat.postMessage" | "auth.test" => 100,
        _ => 50,
    }
}
