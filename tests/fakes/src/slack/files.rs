//! Files, in three steps: room is asked for, the bytes go to the second host without any credential, and the file is
//! completed. Nobody sees a file before that.

use serde_json::{Value, json};

use super::{
    FILES, Slack,
    args::Args,
    data::{File, Space},
    message::Message,
    problem, refusal,
    tokens::Caller,
    writes::{escaped, exists, warned, writable},
};
use crate::{
    exchange::{Answer, Incoming},
    journal::Created,
    lock, seed, strict,
};

/// `files.getUploadURLExternal`.
pub(super) fn room(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &["filename", "length"])?;
    let (name, length) = (args.needed("filename")?.to_owned(), args.number("length", 0)?);
    if length == 0 {
        return Err(problem("invalid_arguments"));
    }
    let (ticket, id) = lock(&slack.spaces).of(caller.team, |space| {
        let number = space.next();
        let id = format!("F0{}{number:05}", caller.team.get(2..5).unwrap_or_default());
        let ticket = seed::secret(slack.seed, &format!("slack/ticket/{id}"), 40);
        space.files.push(File { id: id.clone(), ticket: ticket.clone(), name, length, sha256: None, shared: None });
        (ticket, id)
    });
    Ok(warned(&args, json!({ "upload_url": format!("https://{FILES}/upload/v1/{ticket}"), "file_id": id })))
}

/// `POST /upload/v1/TICKET` at the second host: the bytes, and nothing that says who sends them. Again is allowed.
pub(super) fn bytes(slack: &Slack, request: &Incoming, ticket: &str) -> Result<Answer, Answer> {
    let known = strict::host(request, FILES)
        .and_then(|()| strict::headers(request, &["transfer-encoding"]))
        .and_then(|()| strict::no_query(request));
    known.map_err(|why| refusal(&why))?;
    if request.method != "POST" {
        return Err(refusal("the bytes come by POST"));
    }
    if request.header("authorization").is_some() {
        return Err(refusal("the address is the permission: no token goes to this host"));
    }
    if request.media_type().starts_with("multipart/") {
        return Err(refusal("the bytes are sent as they are, and not in a form"));
    }
    let mut spaces = lock(&slack.spaces);
    let spaces = &mut *spaces;
    let mut all = spaces.main.files.iter_mut().chain(&mut spaces.other.files);
    let Some(file) = all.find(|file| file.ticket == ticket && file.shared.is_none()) else {
        return Err(Answer { status: 404, ..Answer::default() });
    };
    if request.body.len() != file.length {
        return Err(refusal(&format!("{} bytes came, and length said {}", request.body.len(), file.length)));
    }
    file.sha256 = Some(seed::sha256(&request.body));
    let text = format!("OK - {}", request.body.len());
    Ok(Answer { status: 200, body: text.into_bytes(), ..Answer::default() }.with("content-type", "text/plain"))
}

/// `files.completeUploadExternal`: all of these files, or none.
pub(super) fn complete(slack: &Slack, request: &Incoming, caller: &Caller) -> Result<Answer, Answer> {
    let args = Args::of_write(request, &["files", "channel_id", "initial_comment", "thread_ts"])?;
    let wanted = wanted(&args)?;
    let (channel, thread) = (args.text("channel_id"), args.text("thread_ts"));
    let comment = args.text("initial_comment").unwrap_or_default();
    escaped(slack, caller, comment)?;
    let seconds = slack.seconds();
    let shown: Vec<Value> = lock(&slack.spaces).of(caller.team, |space| {
        if let Some(channel) = channel {
            writable(space, caller, channel)?;
            // The scope for public channels is one for messages.
            let joined = space.channel(channel).is_some_and(|channel| space.is_in(channel));
            if !joined {
                return Err(problem("not_in_channel"));
            }
            exists(space, channel, thread)?;
        } else if thread.is_some() {
            return Err(problem("invalid_arguments"));
        }
        let shown = share(space, &wanted, channel)?;
        let bot = space.bot.clone();
        let make = |ts| Message { files: shown.clone(), ..Message::of(ts, thread, &bot, comment) };
        if let Some(channel) = channel {
            space.post(channel, seconds, make);
        }
        Ok(shown)
    })?;
    let ids: Vec<&str> = wanted.iter().map(|(id, _)| id.as_str()).collect();
    let created = Created {
        kind: "file".to_owned(),
        id: ids.join(","),
        parent: channel.unwrap_or_default().to_owned(),
        content: json!({ "files": shown, "comment": comment, "thread": thread }),
    };
    let briefly: Vec<Value> = shown.iter().map(|file| json!({ "id": file["id"], "title": file["title"] })).collect();
    Ok(warned(&args, json!({ "files": briefly })).after(created))
}

/// Ids and titles, each once.
fn wanted(args: &Args) -> Result<Vec<(String, String)>, Answer> {
    let Some(Value::Array(files)) = args.nested("files")? else { return Err(problem("invalid_arguments")) };
    let mut wanted: Vec<(String, String)> = Vec::new();
    for file in files {
        let members = file.as_object().ok_or_else(|| problem("invalid_arguments"))?;
        if let Some(other) = members.keys().find(|name| !["id", "title"].contains(&name.as_str())) {
            return Err(refusal(&format!("files {other:?} is not in the sheet")));
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if wanted.iter().any(|(id, _)| *id == text("id")) {
            return Err(problem("invalid_arguments"));
        }
        wanted.push((text("id"), text("title")));
    }
    if wanted.is_empty() { Err(problem("invalid_arguments")) } else { Ok(wanted) }
}

/// Lets people see these files, whose bytes have come and which nobody has seen yet.
fn share(space: &mut Space, wanted: &[(String, String)], channel: Option<&str>) -> Result<Vec<Value>, Answer> {
    let ready = |file: &File| file.sha256.is_some() && file.shared.is_none();
    if !wanted.iter().all(|(id, _)| space.files.iter().any(|file| file.id == *id && ready(file))) {
        return Err(problem("invalid_arguments"));
    }
    let mut shown = Vec::new();
    for (id, title) in wanted {
        for file in space.files.iter_mut().filter(|file| file.id == *id) {
            let title = if title.is_empty() { file.name.clone() } else { title.clone() };
            shown.push(json!({ "id": file.id, "name": file.name, "title": title, "size": file.length }));
            file.shared = Some((channel.map(str::to_owned), title));
        }
    }
    Ok(shown)
}
