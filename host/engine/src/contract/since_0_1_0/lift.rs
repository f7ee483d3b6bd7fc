//! What a guest answers, as the model's types, once it keeps the contract's bounds.
//!
//! Texts that only people read are cut; what the host works with (a key, a cursor, a count) is refused
//! when it is too long, because a cut one would be another one.

use std::time::Duration;

use patchbay_model::contract::{self as model, limits};

use super::{Wrong, auth, fetch, push, types};

/// Bytes of a message, of a detail, of a provider's code.
const MESSAGE: usize = 4 * 1024;
const DETAIL: usize = 16 * 1024;
const PROVIDER_CODE: usize = 256;
/// Fields that an error may name, facts of one owner, scopes, streams, choices.
const FIELDS: usize = 100;
const FACTS: usize = 1_000;
const SCOPES: usize = 1_000;
const STREAMS: usize = 1_000;
const CHOICES: usize = 100;
/// Bytes of a name that people read, of an id, of a fact or an address.
const NAME: usize = 1024;
const ID: usize = limits::KEY_BYTES;
const VALUE: usize = 8 * 1024;
/// Bytes of a stream's schema.
const SCHEMA: usize = limits::DOCUMENT_BYTES;
/// Pointers that make a key.
const POINTERS: usize = 16;

type Lifted<T> = Result<T, Wrong>;

fn broken<T>(what: impl Into<String>) -> Lifted<T> {
    Err(Wrong::Broken(what.into()))
}

/// Refuses what is longer than it may be.
fn at_most(what: &str, size: usize, most: usize) -> Lifted<()> {
    if size <= most { Ok(()) } else { broken(format!("{what}: {size} of at most {most}")) }
}

/// A text that the host works with.
fn exact(what: &str, text: String, most: usize) -> Lifted<String> {
    at_most(what, text.len(), most)?;
    if text.contains('\0') {
        return broken(format!("{what} has a NUL in it"));
    }
    Ok(text)
}

/// A text that people read.
fn cut(text: String, most: usize) -> String {
    // No database and no log wants it.
    let mut text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

fn facts(what: &str, pairs: Vec<types::Ext>) -> Lifted<model::Ext> {
    at_most(what, pairs.len(), FACTS)?;
    pairs.into_iter().map(|pair| Ok((exact(what, pair.key, ID)?, exact(what, pair.value, VALUE)?))).collect()
}

pub(super) fn refusal(error: types::ConnectorError) -> Wrong {
    use model::ConnectorError as M;
    use types::ConnectorError as W;
    Wrong::Connector(Box::new(match error {
        W::AuthRequired(info) => M::AuthRequired(error_info(info)),
        W::PermissionDenied(info) => M::PermissionDenied(error_info(info)),
        W::InvalidConfig(info) => M::InvalidConfig(error_info(info)),
        W::InvalidInput(info) => M::InvalidInput(error_info(info)),
        W::NotFound(info) => M::NotFound(error_info(info)),
        W::Conflict(info) => M::Conflict(error_info(info)),
        W::RateLimited(info) => M::RateLimited(error_info(info)),
        W::CursorInvalid(info) => M::CursorInvalid(error_info(info)),
        W::Transient(info) => M::Transient(error_info(info)),
        W::OutcomeUnknown(info) => M::OutcomeUnknown(error_info(info)),
        W::InvalidResponse(info) => M::InvalidResponse(error_info(info)),
        W::Unsupported(info) => M::Unsupported(error_info(info)),
        W::Other(info) => M::Other(error_info(info)),
    }))
}

fn error_info(info: types::ErrorInfo) -> model::ErrorInfo {
    let field = |field: types::FieldError| model::FieldError {
        pointer: cut(field.pointer, NAME),
        message: cut(field.message, NAME),
    };
    model::ErrorInfo {
        message: cut(info.message, MESSAGE),
        detail: info.detail.map(|text| cut(text, DETAIL)),
        http_status: info.http_status,
        provider_code: info.provider_code.map(|text| cut(text, PROVIDER_CODE)),
        retry_after: info.retry_after_ms.map(Duration::from_millis),
        waits_alone: info.ext.iter().any(|ext| ext.key == "waits" && ext.value == "alone"),
        fields: info.fields.into_iter().take(FIELDS).map(field).collect(),
    }
}

pub(super) fn identity(identity: auth::Identity) -> Lifted<model::Identity> {
    at_most("accounts of an identity", identity.accounts.len(), limits::ACCOUNTS)?;
    if identity.id.is_empty() {
        return broken("the identity has no id");
    }
    Ok(model::Identity {
        id: exact("the id of an identity", identity.id, ID)?,
        name: cut(identity.name, NAME),
        login: identity.login.map(|text| cut(text, NAME)),
        accounts: identity.accounts.into_iter().map(account).collect::<Lifted<_>>()?,
        facts: facts("facts of an identity", identity.facts)?,
        scopes: identity.scopes.map(scopes).transpose()?,
        credential_ends_ms: identity.credential_ends_ms,
    })
}

fn scopes(scopes: Vec<String>) -> Lifted<Vec<String>> {
    at_most("scopes of an identity", scopes.len(), SCOPES)?;
    scopes.into_iter().map(|scope| exact("a scope", scope, ID)).collect()
}

fn account(account: auth::Account) -> Lifted<model::Account> {
    if account.id.is_empty() {
        return broken("an account has no id");
    }
    Ok(model::Account {
        id: exact("the id of an account", account.id, ID)?,
        name: cut(account.name, NAME),
        usable: account.usable,
        unselected: account.ext.iter().any(|ext| ext.key == "selected" && ext.value == "no"),
        note: account.note.map(|text| cut(text, NAME)),
        facts: facts("facts of an account", account.facts)?,
    })
}

pub(super) fn streams(streams: Vec<fetch::StreamInfo>) -> Lifted<Vec<model::StreamInfo>> {
    at_most("streams", streams.len(), STREAMS)?;
    streams.into_iter().map(stream).collect()
}

fn stream(stream: fetch::StreamInfo) -> Lifted<model::StreamInfo> {
    at_most("pointers of a key", stream.key.len(), POINTERS)?;
    at_most("bytes of a schema", stream.schema.len(), SCHEMA)?;
    Ok(model::StreamInfo {
        name: exact("a stream's name", stream.name, ID)?,
        title: cut(stream.title, NAME),
        key: stream.key.into_iter().map(|pointer| exact("a pointer", pointer, ID)).collect::<Lifted<_>>()?,
        schema: stream.schema,
        per_account: stream.per_account,
    })
}

pub(super) fn page(page: fetch::Page) -> Lifted<model::Page> {
    at_most("bytes of a page", page.records.len(), limits::PAGE_BYTES)?;
    let most = usize::try_from(limits::PAGE_RECORDS).unwrap_or(usize::MAX);
    at_most("records of a page", usize::try_from(page.count).unwrap_or(usize::MAX), most)?;
    at_most("deletions of a page", page.deleted.len(), most)?;
    Ok(model::Page {
        records: page.records,
        count: page.count,
        deleted: page
            .deleted
            .into_iter()
            .map(|key| exact("a deleted key", key, limits::KEY_BYTES))
            .collect::<Lifted<_>>()?,
        position: position(page.position)?,
    })
}

fn position(position: fetch::Position) -> Lifted<model::Position> {
    use fetch::Position as W;
    use model::Position as M;
    let lifted = match position {
        W::More(cursor) => M::More(cursor),
        W::Wait((cursor, ms)) => M::Wait(cursor, Duration::from_millis(ms)),
        W::End(cursor) => M::End(cursor),
        W::Complete(cursor) => M::Complete(cursor),
    };
    at_most("bytes of a cursor", lifted.cursor().len(), limits::CURSOR_BYTES)?;
    Ok(lifted)
}

pub(super) fn choices(choices: fetch::Choices) -> Lifted<model::Choices> {
    at_most("choices", choices.items.len(), CHOICES)?;
    at_most("bytes of a cursor", choices.next.as_ref().map_or(0, Vec::len), limits::CURSOR_BYTES)?;
    let choice = |choice: fetch::Choice| -> Lifted<model::Choice> {
        Ok(model::Choice {
            id: exact("the id of a choice", choice.id, ID)?,
            label: cut(choice.label, NAME),
            hint: choice.hint.map(|text| cut(text, NAME)),
        })
    };
    Ok(model::Choices { items: choices.items.into_iter().map(choice).collect::<Lifted<_>>()?, next: choices.next })
}

pub(super) fn outcome(outcome: push::Outcome) -> Lifted<model::PushOutcome> {
    use model::PushOutcome as M;
    use push::Outcome as W;
    Ok(match outcome {
        W::Created(found) => M::Created(object(found)?),
        W::Updated(found) => M::Updated(object(found)?),
        W::Exists(found) => M::Exists(object(found)?),
    })
}

pub(super) fn object(found: push::Object) -> Lifted<model::Object> {
    Ok(model::Object {
        id: exact("the id of an object", found.id, ID)?,
        // It was written, whatever is said of where it can be seen: an address that nobody should follow is none.
        url: found.url.filter(|url| is_followed(url)),
    })
}

/// Whether people may be sent to an address that a connector names: `https`, to a host and not as somebody, and nothing in it
/// that ends it early where it is shown.
fn is_followed(url: &str) -> bool {
    let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\' | '`');
    !host.is_empty() && !host.contains('@') && url.len() <= VALUE && !url.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(message: &str) -> types::ErrorInfo {
        types::ErrorInfo {
            message: message.to_owned(),
            detail: None,
            http_status: None,
            provider_code: None,
            retry_after_ms: None,
            fields: Vec::new(),
            ext: Vec::new(),
        }
    }

    #[test]
    fn a_long_message_is_cut_between_two_characters() {
        let Wrong::Connector(error) = refusal(types::ConnectorError::Other(info(&"é".repeat(5_000)))) else {
            panic!("not the connector's");
        };
        assert_eq!(error.info().message.chars().count(), MESSAGE / 2 + 1);
    }

    #[test]
    fn only_the_word_for_it_makes_one_run_wait_alone() {
        for (key, value, alone) in [("waits", "alone", true), ("waits", "all", false), ("alone", "waits", false)] {
            let ext = vec![types::Ext { key: key.to_owned(), value: value.to_owned() }];
            let info = types::ErrorInfo { ext, ..info("slow down") };
            let Wrong::Connector(error) = refusal(types::ConnectorError::RateLimited(info)) else {
                panic!("not the connector's");
            };
            assert_eq!(error.info().waits_alone, alone, "{key}: {value}");
        }
    }

    #[test]
    fn a_nul_that_no_database_takes_is_mended_in_a_text_and_refused_in_a_key() {
        let Wrong::Connector(error) = refusal(types::ConnectorError::Other(info("a\0b"))) else {
            panic!("not the connector's");
        };
        assert_eq!(error.info().message, "a\u{fffd}b");
        let found = push::Object { id: "x\0".to_owned(), url: None, ext: Vec::new() };
        assert!(matches!(object(found), Err(Wrong::Broken(text)) if text.contains("NUL")));
    }

    #[test]
    fn a_key_that_is_too_long_is_refused_rather_than_cut() {
        let found = push::Object { id: "x".repeat(ID + 1), url: None, ext: Vec::new() };
        assert!(matches!(object(found), Err(Wrong::Broken(text)) if text.contains("1025 of at most 1024")));
    }

    #[test]
    fn an_address_that_nobody_should_follow_is_none_and_the_object_is_there_all_the_same() {
        let at = |url: &str| {
            let found = push::Object { id: "1".to_owned(), url: Some(url.to_owned()), ext: Vec::new() };
            object(found).map(|object| object.url).ok().flatten()
        };
        for good in ["https://books.example/8812", "https://b.example", "https://b.example:8443/a?at=x@y#z"] {
            assert_eq!(at(good).as_deref(), Some(good));
        }
        let long = format!("https://b.example/{}", "x".repeat(VALUE));
        for bad in [
            "javascript:alert(1)",
            "http://b.example/",
            "data:text/html,x",
            "https://",
            "https:///a",
            "https://me@b.example/",
            "https://b.example/\"onclick=\"x",
            "https://b.example/\n",
            "HTTPS://b.example\\@c.example/",
            "",
            &long,
        ] {
            assert_eq!(at(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_cursor_may_have_64_kib_and_not_a_byte_more() {
        assert!(position(fetch::Position::End(vec![0; limits::CURSOR_BYTES])).is_ok());
        assert!(position(fetch::Position::End(vec![0; limits::CURSOR_BYTES + 1])).is_err());
    }
}
