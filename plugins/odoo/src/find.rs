//! What a step wrote although its answer was lost.
//!
//! The step alone says what is looked for: since it was sent, a person may have chosen that to-dos become something other,
//! or go elsewhere. Messages, activities and tasks carry a mark; a task is looked for everywhere, because people move tasks
//! from project to project. A file carries none: it is known by the record that it hangs on, its name, the hash of its
//! content, and by not being older than the step.

use patchbay_sdk::{Attachment, Context, Error, Item, Object, Result, blob, time};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    push::{self, ACTIVITY, MESSAGE, TASK, Target},
    sha1::Sha1,
    text, walk,
    wire::Api,
};

/// How far the clocks of host and server may be apart.
const SKEW_MS: u64 = 600_000;
/// Files of one name and content that a record may have had lately.
const MOST: usize = 100;
/// Bytes that are read at a time.
const PIECE: u32 = 1024 * 1024;

#[derive(Deserialize)]
struct Row {
    id: u64,
}

pub(crate) fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
    if !["note", "report", "file", "todo", "task"].contains(&item.action.as_str()) {
        return Err(item.unsupported());
    }
    let api = Api::of(ctx)?;
    if step == TASK {
        let found = first(&api, "project.task", json!([["description", "ilike", text::mark(TASK)?]]))?;
        return Ok(found.map(|id| Object::of(id).url(text::link(&api, "project.task", id))));
    }
    let target = push::target(item)?;
    let found = match step {
        MESSAGE => message(&api, &target, MESSAGE)?,
        ACTIVITY => {
            let domain = json!([
                ["res_model", "=", target.model],
                ["res_id", "=", target.id],
                ["note", "ilike", text::mark(ACTIVITY)?]
            ]);
            match first(&api, "mail.activity", domain)? {
                Some(id) => Some(id),
                // What was done meanwhile is no activity any more, but a message with its text.
                None => message(&api, &target, ACTIVITY)?,
            }
        }
        step => file(&api, item, &target, step, sent_ms)?,
    };
    Ok(found.map(|id| Object::of(id).url(text::link(&api, &target.model, target.id))))
}

fn message(api: &Api, target: &Target, step: &str) -> Result<Option<u64>> {
    let domain =
        json!([["model", "=", target.model], ["res_id", "=", target.id], ["body", "ilike", text::mark(step)?]]);
    first(api, "mail.message", domain)
}

fn first(api: &Api, model: &str, domain: Value) -> Result<Option<u64>> {
    let rows: Vec<Row> = api.search(model, domain, &["id"], "id asc", 1)?;
    Ok(rows.first().map(|row| row.id))
}

fn file(api: &Api, item: &Item, target: &Target, step: &str, sent_ms: u64) -> Result<Option<u64>> {
    let at = (0..item.attachments.len()).find(|at| push::file_step(*at) == step);
    let (Some(at), Some(attachment)) = (at, at.and_then(|at| item.attachments.get(at))) else {
        return Err(Error::other("This step is none of this item's.").detail(format!("step `{step}`")));
    };
    // An item may carry the same file twice: the first of them is the step before.
    let same = |other: &&Attachment| other.name == attachment.name && other.sha256 == attachment.sha256;
    let before = item.attachments.iter().take(at).filter(same).count();
    let since = walk::odoo(&time::rfc3339(sent_ms.saturating_sub(SKEW_MS)));
    let domain = json!([
        ["res_model", "=", target.model],
        ["res_id", "=", target.id],
        ["name", "=", attachment.name],
        ["checksum", "=", checksum(attachment)?],
        ["create_date", ">=", since],
    ]);
    let rows: Vec<Row> = api.search("ir.attachment", domain, &["id"], "id asc", MOST)?;
    Ok(rows.get(before).map(|row| row.id))
}

/// What Odoo knows the content by.
fn checksum(attachment: &Attachment) -> Result<String> {
    let mut hash = Sha1::default();
    let mut read = 0;
    while read < attachment.size {
        let piece = blob::read(&attachment.blob, read, PIECE).filter(|piece| !piece.is_empty());
        let piece = piece.ok_or_else(|| Error::other("The file cannot be read again, so it cannot be looked for."))?;
        read = read.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        hash.update(&piece);
    }
    Ok(hash.hex())
}
