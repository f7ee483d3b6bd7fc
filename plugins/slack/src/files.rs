//! Files, in three steps: Slack gives an address, the bytes go there, and then all of them are shared at once.
//!
//! Until then they are nowhere, so only the sharing is a write. The address is Slack's word, and a credential is never sent to
//! it: it has to be on the server that the manifest names, and the gate sees to that once more.

use patchbay_sdk::{
    Error, Item, Object, Result,
    http::{self, Credential, Effect, Request},
};
use serde::{Deserialize, Serialize};

use crate::{
    compose::Post,
    push::write,
    refusal::{self, Doing, nameless},
    wire::{Api, is_id},
};

const SHARE: &str = "share-";
const IN: &str = "-in-";
const BYTES: &str = "application/octet-stream";

/// A file whose bytes Slack has.
pub(crate) struct Uploaded {
    id: String,
    title: String,
}

#[derive(Deserialize)]
struct Slot {
    upload_url: String,
    file_id: String,
}

#[derive(Serialize)]
struct ToShare<'a> {
    files: Vec<Named<'a>>,
    channel_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    title: &'a str,
}

/// The files of an item, and the text that a message had no room for, with their bytes at Slack: uploaded now, or by an
/// attempt before this one that shared them already.
pub(crate) fn ready(api: &Api, item: &Item, post: &Post) -> Result<Vec<Uploaded>> {
    let names = item.attachments.iter().map(|file| &file.name).chain(post.whole.iter().map(|(name, _)| name));
    let names: Vec<&String> = names.collect();
    let Some(step) = step_of(item) else { return upload(api, item, post) };
    match (of_step(step), names.as_slice()) {
        (Some((id, _)), _) if item.found(step).is_some() => Ok(vec![Uploaded { id, title: String::new() }]),
        // The very request of before: its answer comes again.
        (Some((id, _)), [name]) => Ok(vec![Uploaded { id, title: (*name).clone() }]),
        // The step names only the first file, so that request cannot be made again; what became of it is looked for.
        _ => Err(Error::outcome_unknown("Files were sent before, and it is not known whether they arrived.")),
    }
}

fn upload(api: &Api, item: &Item, post: &Post) -> Result<Vec<Uploaded>> {
    let mut uploaded = Vec::new();
    for (at, file) in item.attachments.iter().enumerate() {
        if file.size == 0 {
            return Err(Error::invalid_input("One of the files is empty.")
                .field(format!("/attachments/{at}"), "Slack takes no empty file."));
        }
        uploaded.push(one(api, &file.name, file.size, |to| to.blob(BYTES, file.blob.as_str()))?);
    }
    if let Some((name, text)) = &post.whole {
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        uploaded.push(one(api, name, size, |to| to.bytes(BYTES, text.as_bytes().to_vec()))?);
    }
    Ok(uploaded)
}

fn one(api: &Api, name: &str, size: u64, fill: impl FnOnce(Request) -> Request) -> Result<Uploaded> {
    let asked = api.ask("files.getUploadURLExternal")?.query("filename", name).query("length", size);
    let answer = asked.send().and_then(|answer| refusal::ok(answer, Doing::Repeating)).map_err(nameless)?;
    let slot: Slot = answer.json().map_err(nameless)?;
    let begins = format!("{}{}", api.assumed.upload_origin.trim_end_matches('/'), api.assumed.upload_path);
    if !slot.upload_url.starts_with(&begins) {
        return Err(answer.unreadable("an address for the upload on another server"));
    }
    if !is_id(&slot.file_id, "F") {
        return Err(answer.unreadable("a file without its id"));
    }
    let to = http::post(slot.upload_url).credential(Credential::Nothing).effect(Effect::Repeatable);
    let taken = fill(to).send()?;
    if !taken.is_success() {
        return Err(taken.error().message("Slack did not take the file."));
    }
    Ok(Uploaded { id: slot.file_id, title: name.to_owned() })
}

/// The step of an attempt before this one that shared the files.
fn step_of(item: &Item) -> Option<&str> {
    item.answered().find(|step| of_step(step).is_some())
}

/// Shares what was uploaded.
pub(crate) fn share(
    api: &Api,
    item: &Item,
    channel: &str,
    thread: Option<&str>,
    comment: Option<&str>,
    uploaded: &[Uploaded],
) -> Result<Object> {
    let Some(first) = uploaded.first() else {
        return Err(Error::other("This connector has a mistake: no files to share."));
    };
    // Files that were shared before are shared where they were then, whatever the settings say by now: another name of the step
    // would be another write.
    let before = step_of(item).and_then(|step| Some((step.to_owned(), of_step(step)?.1)));
    let (step, thread) = before.unwrap_or_else(|| {
        let named = first.id.to_ascii_lowercase();
        match thread {
            Some(thread) => (format!("{SHARE}{named}{IN}{}", thread.replace('.', "-")), Some(thread.to_owned())),
            None => (format!("{SHARE}{named}"), None),
        }
    });
    if item.found(&step).is_some() {
        return Ok(object(channel, &first.id));
    }
    let files = uploaded.iter().map(|file| Named { id: &file.id, title: &file.title }).collect();
    let body = ToShare { files, channel_id: channel, initial_comment: comment, thread_ts: thread.as_deref() };
    write(api.tell("files.completeUploadExternal", &body)?, &step)?;
    Ok(object(channel, &first.id))
}

/// The file that a step shared first, and the thread that it was shared in. Steps are named in small letters, ids in capitals.
pub(crate) fn of_step(step: &str) -> Option<(String, Option<String>)> {
    let (file, thread) = match step.strip_prefix(SHARE)?.split_once(IN) {
        Some((file, thread)) => (file, Some(thread.replacen('-', ".", 1))),
        None => (step.strip_prefix(SHARE)?, None),
    };
    let file = file.to_ascii_uppercase();
    is_id(&file, "F").then_some((file, thread))
}

/// A file as the result of an item.
pub(crate) fn object(channel: &str, file: &str) -> Object {
    Object::of(format!("{channel}:{file}"))
}

#[cfg(test)]
mod tests {
    use super::of_step;

    #[test]
    fn the_name_of_a_step_says_which_file_and_in_which_thread() {
        let file = || "F0123AB".to_owned();
        assert_eq!(of_step("share-f0123ab"), Some((file(), None)));
        let in_thread = of_step("share-f0123ab-in-1763700000-000216");
        assert_eq!(in_thread, Some((file(), Some("1763700000.000216".to_owned()))));
        for odd in ["message", "share-", "share-x/../y", "upload-f0123ab"] {
            assert_eq!(of_step(odd), None, "{odd}");
        }
    }
}
