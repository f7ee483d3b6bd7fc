//! Messages to people, and the conversations that they go to. Nothing here is idempotent: what is sent twice is there twice,
//! and only the metadata of a message tells later which one it was.

use serde_json::{Value, json};

use super::{
    Slack, api,
    args::Args,
    data::{Kind, Space},
    fine,
    message::{Message, unescaped},
    problem, refusal,
    tokens::Caller,
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock,
};

/// Characters of a message.
const LONGEST: usize = 40_000;
/// Characters of `markdown_text`.
const LONGEST_MARKDOWN: usize = 12_000;
const POST: [&str; 7] = ["channel", "text", "blocks", "thread_ts", "unfurl_links", "metadata", "markdown_text"];

/// `chat.postMessage`.
pub(super) fn post(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_write(request, &POST)?;
    let text = said(slack, caller, &args)?;
    args.flag("unfurl_links", true)?;
    let metadata = metadata(&args)?;
    let blocks = args.nested("blocks")?;
    if blocks.as_ref().is_some_and(|blocks| !blocks.is_array()) {
        return Err(problem("invalid_blocks"));
    }
    let thread = args.text("thread_ts");
    let seconds = slack.seconds();
    let (channel, ts, shown) = lock(&slack.spaces).of(caller.team, |space| {
        let channel = place(space, args.needed("channel")?, seconds)?;
        writable(space, caller, &channel)?;
        exists(space, &channel, thread)?;
        lock(&slack.limits).post(&channel, slack.clock.now())?;
        let bot = space.bot.clone();
        let make = |ts| Message { blocks, metadata: metadata.clone(), ..Message::of(ts, thread, &bot, &text) };
        let ts = space.post(&channel, seconds, make).ok_or_else(|| problem("channel_not_found"))?;
        let messages = space.channel(&channel).map(|channel| channel.messages.as_slice()).unwrap_or_default();
        let shown = messages.last().map(|message| message.json(messages, space.id, true));
        Ok((channel, ts, shown))
    })?;
    let created = Created {
        kind: "message".to_owned(),
        id: format!("{channel}:{ts}"),
        parent: thread.map_or_else(|| channel.clone(), |thread| format!("{channel}:{thread}")),
        content: json!({ "text": text, "metadata": metadata }),
    };
    Ok(warned(&args, json!({ "channel": channel, "ts": ts, "message": shown })).after(created))
}

/// `chat.update`: only what the bot said itself.
pub(super) fn update(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_write(request, &["channel", "ts", "text"])?;
    let text = said(slack, caller, &args)?;
    let (channel, ts) = (args.needed("channel")?, args.needed("ts")?);
    lock(&slack.spaces).of(caller.team, |space| {
        let bot = space.bot.clone();
        let edited = space.stamp(slack.seconds());
        space.visible(channel).ok_or_else(|| problem("channel_not_found"))?;
        let messages = space.channel_mut(channel).map(|channel| channel.messages.iter_mut());
        let found = messages.and_then(|mut messages| messages.find(|message| message.ts == ts && message.user == bot));
        let message = found.ok_or_else(|| problem("message_not_found"))?;
        message.text.clone_from(&text);
        message.edited = Some(edited);
        Ok(())
    })?;
    let (kind, id) = ("change".to_owned(), format!("{channel}:{ts}"));
    let created = Created { kind, id, parent: channel.to_owned(), content: json!({ "text": text }) };
    Ok(warned(&args, json!({ "channel": channel, "ts": ts, "text": text })).after(created))
}

/// `conversations.open`: the direct channel of one person. Nobody sees one without messages.
pub(super) fn open(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_write(request, &["users"])?;
    let user = args.needed("users")?;
    let channel = lock(&slack.spaces).of(caller.team, |space| person(space, user, slack.seconds()))?;
    Ok(warned(&args, json!({ "channel": { "id": channel } })))
}

/// `conversations.join`.
pub(super) fn join(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_write(request, &["channel"])?;
    let id = args.needed("channel")?;
    let (shown, joined) = lock(&slack.spaces).of(caller.team, |space| {
        let bot = space.bot.clone();
        let channel = space.channel_mut(id).filter(|channel| channel.kind == Kind::Public);
        let channel = channel.ok_or_else(|| problem("channel_not_found"))?;
        if channel.archived {
            return Err(problem("is_archived"));
        }
        let joined = !channel.members.contains(&bot);
        if joined {
            channel.members.push(bot);
        }
        Ok((space.channel(id).map(|channel| space.channel_json(channel)), joined))
    })?;
    if !joined {
        let metadata = json!({ "warnings": ["already_in_channel"] });
        return Ok(fine(json!({ "channel": shown, "warning": "already_in_channel", "response_metadata": metadata })));
    }
    let (kind, parent) = ("join".to_owned(), String::new());
    let created = Created { kind, id: id.to_owned(), parent, content: json!({}) };
    Ok(warned(&args, json!({ "channel": shown })).after(created))
}

/// The conversation that is meant: a person's is opened.
fn place(space: &mut Space, channel: &str, now: i64) -> Result<String, Answer> {
    if channel.starts_with(['U', 'W']) { person(space, channel, now) } else { Ok(channel.to_owned()) }
}

fn person(space: &mut Space, user: &str, now: i64) -> Result<String, Answer> {
    if space.user(user).is_none_or(|user| user["deleted"] == true) {
        return Err(problem("user_not_found"));
    }
    Ok(space.direct(user, now))
}

/// Whether the bot may write there: its scope for public channels covers those that it is not in.
pub(super) fn writable(space: &Space, caller: &Caller, id: &str) -> Result<(), Answer> {
    let channel = space.visible(id).ok_or_else(|| problem("channel_not_found"))?;
    if channel.archived {
        return Err(problem("is_archived"));
    }
    if space.is_in(channel) || api::may(caller, "chat:write.public").is_ok() {
        return Ok(());
    }
    Err(problem("not_in_channel"))
}

/// Whether the thread is there that is replied in.
pub(super) fn exists(space: &Space, channel: &str, thread: Option<&str>) -> Result<(), Answer> {
    let Some(thread) = thread else { return Ok(()) };
    let messages = space.channel(channel).map(|channel| channel.messages.as_slice()).unwrap_or_default();
    let there = messages.iter().any(|message| message.ts == thread && message.thread.is_none());
    if there { Ok(()) } else { Err(problem("thread_not_found")) }
}

/// The text of a message, escaped and not too long.
fn said(slack: &Slack, caller: &Caller, args: &Args) -> Result<String, Answer> {
    if let Some(markdown) = args.text("markdown_text") {
        if args.text("text").is_some() || args.nested("blocks")?.is_some() {
            return Err(problem("invalid_arguments"));
        }
        if markdown.chars().count() > LONGEST_MARKDOWN {
            return Err(problem("msg_too_long"));
        }
        return Ok(markdown.to_owned());
    }
    let text = args.text("text").unwrap_or_default();
    if text.trim().is_empty() && args.nested("blocks")?.is_none() {
        return Err(problem("no_text"));
    }
    if text.chars().count() > LONGEST {
        return Err(problem("msg_too_long"));
    }
    escaped(slack, caller, text)?;
    Ok(text.to_owned())
}

/// Refuses what would be read as markup and was none, and mentions of whom nobody looked up.
pub(super) fn escaped(slack: &Slack, caller: &Caller, text: &str) -> Result<(), Answer> {
    lock(&slack.spaces).of(caller.team, |space| match unescaped(text, &space.looked_up) {
        Some(rest) => {
            Err(refusal(&format!("& and < are sent as entities: {:?}", rest.chars().take(20).collect::<String>())))
        }
        None => Ok(()),
    })
}

fn metadata(args: &Args) -> Result<Option<Value>, Answer> {
    let Some(metadata) = args.nested("metadata")? else { return Ok(None) };
    let members = metadata.as_object().ok_or_else(|| problem("invalid_arguments"))?;
    if let Some(other) = members.keys().find(|name| !["event_type", "event_payload"].contains(&name.as_str())) {
        return Err(refusal(&format!("metadata {other:?} is not in the sheet")));
    }
    let whole = members.get("event_type").is_some_and(Value::is_string);
    let payload = members.get("event_payload").and_then(Value::as_object).filter(|_| whole);
    let payload = payload.ok_or_else(|| problem("invalid_arguments"))?;
    // Every application of the workspace reads it: the key, and nothing about anybody.
    match payload.keys().find(|name| *name != "key") {
        Some(other) => Err(refusal(&format!("event_payload {other:?} is not in the sheet"))),
        None => Ok(Some(metadata)),
    }
}

/// A success, which says what it did not like about the request.
pub(super) fn warned(args: &Args, mut body: Value) -> Answer {
    if let (true, Some(members)) = (args.missing_charset, body.as_object_mut()) {
        members.insert("warning".to_owned(), json!("missing_charset"));
        members.insert("response_metadata".to_owned(), json!({ "warnings": ["missing_charset"] }));
    }
    fine(body)
}
