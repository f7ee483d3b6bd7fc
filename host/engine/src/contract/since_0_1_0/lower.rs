//! The model's types, as the guest takes them.

use patchbay_model::contract as model;

use super::{fetch, push, types};

fn ext(pairs: &model::Ext) -> Vec<types::Ext> {
    pairs.iter().map(|(key, value)| types::Ext { key: key.clone(), value: value.clone() }).collect()
}

pub(super) fn context(ctx: &model::Context) -> types::Context {
    types::Context {
        auth: ctx.auth.clone(),
        account: ctx.account.clone(),
        facts: ext(&ctx.facts),
        account_facts: ext(&ctx.account_facts),
        settings: ctx.settings.clone(),
        config: ctx.config.clone(),
        ext: Vec::new(),
    }
}

pub(super) fn read_request(request: &model::ReadRequest) -> fetch::ReadRequest {
    fetch::ReadRequest {
        stream_name: request.stream.clone(),
        cursor: request.cursor.clone(),
        page_hint: request.page_hint,
        since_ms: request.since_ms,
        ext: Vec::new(),
    }
}

pub(super) fn pick_request(request: &model::PickRequest) -> fetch::PickRequest {
    fetch::PickRequest {
        picker: request.picker.clone(),
        query: request.query.clone(),
        parents: request.parents.clone(),
        cursor: request.cursor.clone(),
        ext: Vec::new(),
    }
}

pub(super) fn item(item: &model::Item) -> push::Item {
    push::Item {
        action: item.action.clone(),
        key: item.key.clone(),
        target: item.target.clone(),
        payload: item.payload.clone(),
        attachments: item.attachments.iter().map(attachment).collect(),
        attempt: item.attempt,
        ext: ext(&item.ext),
    }
}

fn attachment(file: &model::Attachment) -> push::Attachment {
    push::Attachment {
        blob: file.blob.clone(),
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size: file.size,
        sha256: file.sha256.clone(),
        ext: Vec::new(),
    }
}
