//! From the contract's generated types to the SDK's, and back.

use std::marker::PhantomData;

use crate::bindings::host::patchbay::connector::types;
use crate::{
    Account, Attachment, Case, Context, Error, Identity, Item, Object, Outcome, Page, PickRequest, Position,
    ReadRequest,
};

/// A connector behind the contract's export traits.
#[derive(Debug)]
pub struct Exported<C>(PhantomData<C>);

fn pairs(list: Vec<types::Ext>) -> Vec<(String, String)> {
    list.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

fn ext(list: Vec<(String, String)>) -> Vec<types::Ext> {
    list.into_iter().map(|(key, value)| types::Ext { key, value }).collect()
}

fn context(ctx: types::Context) -> Context {
    Context {
        auth: ctx.auth,
        account: ctx.account,
        facts: pairs(ctx.facts),
        account_facts: pairs(ctx.account_facts),
        settings: ctx.settings,
        config: ctx.config,
    }
}

fn failure(error: Error) -> types::ConnectorError {
    let inner = error.into_inner();
    let info = types::ErrorInfo {
        message: inner.message,
        detail: inner.detail,
        http_status: inner.http_status,
        provider_code: inner.provider_code,
        retry_after_ms: inner.retry_after_ms,
        fields: inner.fields.into_iter().map(|(pointer, message)| types::FieldError { pointer, message }).collect(),
        ext: if inner.waits_alone { ext(vec![("waits".to_owned(), "alone".to_owned())]) } else { Vec::new() },
    };
    match inner.case {
        Case::AuthRequired => types::ConnectorError::AuthRequired(info),
        Case::PermissionDenied => types::ConnectorError::PermissionDenied(info),
        Case::InvalidConfig => types::ConnectorError::InvalidConfig(info),
        Case::InvalidInput => types::ConnectorError::InvalidInput(info),
        Case::NotFound => types::ConnectorError::NotFound(info),
        Case::Conflict => types::ConnectorError::Conflict(info),
        Case::RateLimited => types::ConnectorError::RateLimited(info),
        Case::CursorInvalid => types::ConnectorError::CursorInvalid(info),
        Case::Transient => types::ConnectorError::Transient(info),
        Case::OutcomeUnknown => types::ConnectorError::OutcomeUnknown(info),
        Case::InvalidResponse => types::ConnectorError::InvalidResponse(info),
        Case::Unsupported => types::ConnectorError::Unsupported(info),
        Case::Other => types::ConnectorError::Other(info),
    }
}

mod auth_side {
    use super::{Account, Exported, Identity, context, ext, failure, types};
    use crate::bindings::auth::exports::patchbay::connector::auth;

    impl<C: crate::Auth> auth::Guest for Exported<C> {
        fn identify(ctx: types::Context) -> Result<auth::Identity, types::ConnectorError> {
            let identity: Identity = C::identify(&context(ctx)).map_err(failure)?;
            Ok(auth::Identity {
                id: identity.id,
                name: identity.name,
                login: identity.login,
                accounts: identity.accounts.into_iter().map(account).collect(),
                facts: ext(identity.facts),
                scopes: identity.scopes,
                credential_ends_ms: identity.credential_ends_ms,
                ext: Vec::new(),
            })
        }
    }

    fn account(account: Account) -> auth::Account {
        auth::Account {
            id: account.id,
            name: account.name,
            usable: account.usable,
            note: account.note,
            facts: ext(account.facts),
            ext: if account.selected { Vec::new() } else { ext(vec![("selected".to_owned(), "no".to_owned())]) },
        }
    }
}

mod fetch_side {
    use super::{Exported, Page, PickRequest, Position, ReadRequest, context, failure, types};
    use crate::bindings::fetch::exports::patchbay::connector::fetch;

    impl<C: crate::Fetch> fetch::Guest for Exported<C> {
        fn discover(ctx: types::Context) -> Result<Vec<fetch::StreamInfo>, types::ConnectorError> {
            let streams = C::discover(&context(ctx)).map_err(failure)?;
            Ok(streams
                .into_iter()
                .map(|stream| fetch::StreamInfo {
                    name: stream.name,
                    title: stream.title,
                    key: stream.key,
                    schema: stream.schema,
                    per_account: stream.per_account,
                    ext: Vec::new(),
                })
                .collect())
        }

        fn read(ctx: types::Context, req: fetch::ReadRequest) -> Result<fetch::Page, types::ConnectorError> {
            let request = ReadRequest {
                stream: req.stream_name,
                cursor: req.cursor,
                page_hint: req.page_hint,
                since_ms: req.since_ms,
            };
            let page: Page = C::read(&context(ctx), &request).map_err(failure)?;
            Ok(fetch::Page {
                records: page.records,
                count: page.count,
                deleted: page.deleted,
                position: match page.position {
                    Position::More(cursor) => fetch::Position::More(cursor),
                    Position::Wait(cursor, wait) => fetch::Position::Wait((cursor, wait)),
                    Position::End(cursor) => fetch::Position::End(cursor),
                    Position::Complete(cursor) => fetch::Position::Complete(cursor),
                },
                ext: Vec::new(),
            })
        }

        fn pick(ctx: types::Context, req: fetch::PickRequest) -> Result<fetch::Choices, types::ConnectorError> {
            let request =
                PickRequest { picker: req.picker, query: req.query, parents: req.parents, cursor: req.cursor };
            let choices = C::pick(&context(ctx), &request).map_err(failure)?;
            Ok(fetch::Choices {
                items: choices
                    .items
                    .into_iter()
                    .map(|choice| fetch::Choice {
                        id: choice.id,
                        label: choice.label,
                        hint: choice.hint,
                        ext: Vec::new(),
                    })
                    .collect(),
                next: choices.next,
                ext: Vec::new(),
            })
        }
    }
}

mod push_side {
    use super::{Attachment, Exported, Item, Object, Outcome, context, failure, types};
    use crate::bindings::push::exports::patchbay::connector::push;

    impl<C: crate::Push> push::Guest for Exported<C> {
        fn push(ctx: types::Context, item: push::Item) -> Result<push::Outcome, types::ConnectorError> {
            let outcome = C::push(&context(ctx), &incoming(item)).map_err(failure)?;
            Ok(match outcome {
                Outcome::Created(there) => push::Outcome::Created(object(there)),
                Outcome::Updated(there) => push::Outcome::Updated(object(there)),
                Outcome::Exists(there) => push::Outcome::Exists(object(there)),
            })
        }

        fn find(
            ctx: types::Context,
            item: push::Item,
            step: String,
            sent_ms: u64,
        ) -> Result<Option<push::Object>, types::ConnectorError> {
            let found = C::find(&context(ctx), &incoming(item), &step, sent_ms).map_err(failure)?;
            Ok(found.map(object))
        }
    }

    fn incoming(item: push::Item) -> Item {
        Item {
            action: item.action,
            key: item.key,
            target: item.target,
            payload: item.payload,
            attachments: item
                .attachments
                .into_iter()
                .map(|file| Attachment {
                    blob: file.blob,
                    name: file.name,
                    media_type: file.media_type,
                    size: file.size,
                    sha256: file.sha256,
                })
                .collect(),
            attempt: item.attempt,
            ext: item.ext.into_iter().map(|ext| (ext.key, ext.value)).collect(),
        }
    }

    fn object(there: Object) -> push::Object {
        push::Object { id: there.id, url: there.url, ext: Vec::new() }
    }
}
