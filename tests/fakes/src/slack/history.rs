//! Messages: of a channel from the newest to the oldest, without replies; of a thread from the oldest, its first message
//! before all others.

use serde_json::{Value, json};

use super::{
    Slack,
    api::page,
    args::Args,
    data::Space,
    fine,
    lists::allowed,
    message::{Message, moment},
    problem, served,
    tokens::Caller,
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
};

const NAMES: [&str; 8] = ["channel", "oldest", "latest", "inclusive", "limit", "cursor", "include_all_metadata", "ts"];

/// From when to when.
struct Window {
    oldest: Option<(u64, u32)>,
    latest: Option<(u64, u32)>,
    inclusive: bool,
}

/// `conversations.history`.
pub(super) fn channel(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let (names, _) = NAMES.split_at(7);
    let args = Args::of_read(request, names)?;
    let (channel, window) = (args.needed("channel")?, Window::of(&args)?);
    let metadata = args.flag("include_all_metadata", false)?;
    let all: Vec<Value> = lock(&slack.spaces).of(caller.team, |space| {
        let messages = readable(space, caller, channel)?;
        let wanted = messages.iter().rev().filter(|message| message.thread.is_none() && window.holds(&message.ts));
        Ok(wanted.map(|message| message.json(messages, space.id, metadata)).collect())
    })?;
    shown(slack, "conversations.history", &args, "message", &all)
}

/// `conversations.replies`.
pub(super) fn thread(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &NAMES)?;
    let (channel, ts, window) = (args.needed("channel")?, args.needed("ts")?, Window::of(&args)?);
    let metadata = args.flag("include_all_metadata", false)?;
    let all: Vec<Value> = lock(&slack.spaces).of(caller.team, |space| {
        let messages = readable(space, caller, channel)?;
        let first = messages.iter().find(|message| message.ts == ts && message.thread.is_none());
        let first = first.ok_or_else(|| problem("thread_not_found"))?;
        let replies = messages.iter().filter(|one| one.thread.as_deref() == Some(ts) && window.holds(&one.ts));
        Ok([first].into_iter().chain(replies).map(|message| message.json(messages, space.id, metadata)).collect())
    })?;
    shown(slack, "conversations.replies", &args, "reply", &all)
}

/// The messages of a channel that the bot is in.
fn readable<'a>(space: &'a Space, caller: &Caller, channel: &str) -> Result<&'a [Message], Answer> {
    allowed(space, caller, channel, "history")?;
    let channel = space.channel(channel).ok_or_else(|| problem("channel_not_found"))?;
    if space.is_in(channel) { Ok(&channel.messages) } else { Err(problem("not_in_channel")) }
}

fn shown(slack: &Slack, method: &str, args: &Args, kind: &str, all: &[Value]) -> Result<Answer, Answer> {
    let (shown, next) = page(slack, method, args, all)?;
    let channel = args.text("channel").unwrap_or_default();
    let id = |message: &Value| format!("{channel}/{}", message["ts"].as_str().unwrap_or_default());
    let served = shown.iter().map(|message| served(kind, &id(message), message)).collect();
    let mut body = json!({ "messages": shown, "has_more": !next.is_empty() });
    // Missing where nothing follows: one of the two ways of saying so.
    if let (false, Some(members)) = (next.is_empty(), body.as_object_mut()) {
        members.insert("response_metadata".to_owned(), json!({ "next_cursor": next }));
    }
    Ok(fine(body).serving(served))
}

impl Window {
    fn of(args: &Args) -> Result<Self, Answer> {
        let read = |name: &str, wrong: &'static str| {
            args.text(name).map(|text| moment(text).ok_or_else(|| problem(wrong))).transpose()
        };
        let (oldest, latest) = (read("oldest", "invalid_ts_oldest")?, read("latest", "invalid_ts_latest")?);
        Ok(Self { oldest, latest, inclusive: args.flag("inclusive", false)? })
    }

    fn holds(&self, ts: &str) -> bool {
        let Some(at) = moment(ts) else { return false };
        let newer = self.oldest.is_none_or(|oldest| at > oldest || (self.inclusive && at == oldest));
        newer && self.latest.is_none_or(|latest| at < latest || (self.inclusive && at == latest))
    }
}
