//! Streams: paging, cursors, deletions.

use serde_json::Value;

use super::{Place, body, headers, maybe_pointer, path, plain_value, pointer, template, texts};
use crate::{
    definition::{Cursor, CursorFormat, Deletes, DeletesStyle, Paging, PagingStyle, Stream},
    finding::{Findings, Path},
};

pub(super) fn check(stream: &Stream, at: &Path, findings: &mut Findings) {
    path(&stream.path, Place::Stream, &at.key("path"), findings);
    texts(&stream.query, Place::Stream, &at.key("query"), findings);
    headers(&stream.headers, Place::Stream, &at.key("headers"), findings);
    pointer(&stream.records, &at.key("records"), findings);
    keys(&stream.key, true, &at.key("key"), findings);
    let posts = stream.method == "POST";
    match &stream.body {
        Some(_) if !posts => {
            findings.add(at.key("body"), "a GET has no body", "write method = \"POST\", or leave body out");
        }
        Some(value) => body(value, Place::Stream, &at.key("body"), findings),
        None => {}
    }
    paging(&stream.paging, posts.then_some(stream.body.as_ref()), &at.key("paging"), findings);
    if let Some(cursor) = &stream.cursor {
        self::cursor(cursor, posts.then_some(stream.body.as_ref()), &at.key("cursor"), findings);
    }
    deletes(&stream.deletes, stream.cursor.as_ref(), &at.key("deletes"), findings);
}

fn keys(keys: &[String], needed: bool, at: &Path, findings: &mut Findings) {
    if keys.is_empty() && needed {
        findings.add(at.clone(), "a row has no key", "write key = [\"/id\"], as in connector.toml");
    }
    for (index, one) in keys.iter().enumerate() {
        pointer(one, &at.at(index), findings);
    }
}

/// `posted`: the body, where the list is asked for by a `POST`.
pub(super) fn paging(paging: &Paging, posted: Option<Option<&Value>>, at: &Path, findings: &mut Findings) {
    let (needed, may): (&[&str], &[&str]) = match paging.style {
        PagingStyle::None => (&[], &[]),
        PagingStyle::Page => (&["page-param"], &["first-page", "total-pages", "size-param", "size", "total"]),
        PagingStyle::Offset => (&["offset-param"], &["limit-param", "size", "total"]),
        PagingStyle::Cursor => (&["param", "next"], &["has-more", "size-param", "size"]),
        PagingStyle::Body => (&["pointer", "next"], &["has-more", "size-pointer", "size"]),
        PagingStyle::NextUrl => (&["next"], &["drop-params"]),
        PagingStyle::LinkHeader => (&[], &["rel", "drop-params"]),
    };
    let written = [
        ("page-param", paging.page_param.is_some()),
        ("first-page", paging.first_page.is_some()),
        ("total-pages", paging.total_pages.is_some()),
        ("size-param", paging.size_param.is_some()),
        ("offset-param", paging.offset_param.is_some()),
        ("limit-param", paging.limit_param.is_some()),
        ("size", paging.size.is_some()),
        ("total", paging.total.is_some()),
        ("param", paging.param.is_some()),
        ("pointer", paging.pointer.is_some()),
        ("size-pointer", paging.size_pointer.is_some()),
        ("next", paging.next.is_some()),
        ("has-more", paging.has_more.is_some()),
        ("rel", paging.rel.is_some()),
        ("drop-params", !paging.drop_params.is_empty()),
    ];
    let style = paging.style.word();
    for (key, is_written) in written {
        if is_written && !needed.contains(&key) && !may.contains(&key) {
            let known: Vec<&str> = needed.iter().chain(may).copied().collect();
            let remedy = if known.is_empty() {
                "leave it out".to_owned()
            } else {
                format!("leave it out; this style has {}", known.join(", "))
            };
            findings.add(at.key(key), format!("paging of the style {style} has no {key}"), remedy);
        }
        if !is_written && needed.contains(&key) {
            findings.add(
                at.key("style"),
                format!("paging of the style {style} needs {key}"),
                format!("write {key} = \"…\""),
            );
        }
    }
    for (key, text) in [
        ("total-pages", &paging.total_pages),
        ("total", &paging.total),
        ("next", &paging.next),
        ("has-more", &paging.has_more),
        ("pointer", &paging.pointer),
        ("size-pointer", &paging.size_pointer),
    ] {
        maybe_pointer(text.as_deref(), &at.key(key), findings);
    }
    for (key, is_written) in [
        ("size-param", paging.size_param.is_some()),
        ("limit-param", paging.limit_param.is_some()),
        ("size-pointer", paging.size_pointer.is_some()),
    ] {
        if is_written && paging.size.is_none() {
            findings.add(at.key(key), "nothing says how many rows to ask for", "write size = 100");
        }
    }
    if paging.style == PagingStyle::Body {
        match posted {
            None => findings.add(
                at.key("style"),
                "a GET has no body to put the token in",
                "write method = \"POST\" in the [[stream]]",
            ),
            Some(body) => {
                for (key, text) in [("pointer", &paging.pointer), ("size-pointer", &paging.size_pointer)] {
                    room(text.as_deref(), body, &at.key(key), findings);
                }
            }
        }
    }
}

/// Whether a pointer leads to a member of an object that the body has.
fn room(text: Option<&str>, body: Option<&Value>, at: &Path, findings: &mut Findings) {
    let Some((parent, _)) = text.and_then(|text| text.rsplit_once('/')) else {
        if text.is_some() {
            findings.add(at.clone(), "this is the whole body", "name a member of it: \"/page_token\"");
        }
        return;
    };
    let found = match body {
        None => parent.is_empty(),
        Some(body) => body.pointer(parent).is_some_and(Value::is_object),
    };
    if !found {
        findings.add(at.clone(), "the body has no object there", format!("write the object {parent:?} into the body"));
    }
}

fn cursor(cursor: &Cursor, posted: Option<Option<&Value>>, at: &Path, findings: &mut Findings) {
    pointer(&cursor.field, &at.key("field"), findings);
    maybe_pointer(cursor.pointer.as_deref(), &at.key("pointer"), findings);
    match (&cursor.param, &cursor.pointer, posted) {
        (None, None, _) => {
            findings.add(at.clone(), "nothing says how to ask for changes", "write param = \"updated_since\"")
        }
        (Some(_), Some(_), _) => {
            findings.add(at.key("pointer"), "changes are asked for in two ways", "write param or pointer, not both");
        }
        (_, Some(_), None) => findings.add(
            at.key("pointer"),
            "a GET has no body",
            "write param = \"…\", or method = \"POST\" in the [[stream]]",
        ),
        (_, Some(text), Some(body)) => room(Some(text), body, &at.key("pointer"), findings),
        (Some(_), None, _) => {}
    }
    if cursor.format == CursorFormat::Text && cursor.overlap_seconds > 0 {
        let remedy = "leave overlap-seconds out, or write the format of time that it is";
        findings.add(at.key("overlap-seconds"), "a length of time cannot be taken from a text", remedy);
    }
    if let Some(start) = &cursor.start
        && !is_of(start, cursor.format)
    {
        let remedy = match cursor.format {
            CursorFormat::Rfc3339 => "write it like \"2024-01-01T00:00:00Z\"",
            CursorFormat::Date => "write it like \"2024-01-01\"",
            CursorFormat::UnixSeconds => "write seconds since 1970, like \"1704067200\"",
            CursorFormat::UnixMillis => "write milliseconds since 1970, like \"1704067200000\"",
            CursorFormat::Text => "write what the first pass begins with",
        };
        findings.add(at.key("start"), format!("{start:?} is not of the format"), remedy);
    }
}

/// Whether a text looks like the format; what it means is found out when it is used.
fn is_of(text: &str, format: CursorFormat) -> bool {
    let date = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        let digits = |part: &&str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
    };
    match format {
        CursorFormat::Rfc3339 => {
            let zone =
                |clock: &str| clock.ends_with(['Z', 'z']) || clock.contains('+') || clock.matches('-').count() == 1;
            text.split_once(['T', 't']).is_some_and(|(day, clock)| date(day) && clock.len() >= 9 && zone(clock))
        }
        CursorFormat::Date => date(text),
        CursorFormat::UnixSeconds | CursorFormat::UnixMillis => text.parse::<u64>().is_ok(),
        CursorFormat::Text => !text.is_empty(),
    }
}

fn deletes(deletes: &Deletes, cursor: Option<&Cursor>, at: &Path, findings: &mut Findings) {
    let (needed, may): (&[&str], &[&str]) = match deletes.style {
        DeletesStyle::None | DeletesStyle::FullCompare => (&[], &[]),
        DeletesStyle::Flag => (&["pointer", "equals"], &[]),
        DeletesStyle::StatusList => (&["path"], &["query", "records", "key", "param", "paging"]),
    };
    let style = match deletes.style {
        DeletesStyle::None => "none",
        DeletesStyle::FullCompare => "full-compare",
        DeletesStyle::Flag => "flag",
        DeletesStyle::StatusList => "status-list",
    };
    for (key, is_written) in [
        ("pointer", deletes.pointer.is_some()),
        ("equals", deletes.equals.is_some()),
        ("path", deletes.path.is_some()),
        ("query", !deletes.query.is_empty()),
        ("records", !deletes.records.is_empty()),
        ("key", !deletes.key.is_empty()),
        ("param", deletes.param.is_some()),
        ("paging", deletes.paging != Paging::default()),
    ] {
        if is_written && !needed.contains(&key) && !may.contains(&key) {
            findings.add(at.key(key), format!("deletes of the style {style} has no {key}"), "leave it out");
        }
        if !is_written && needed.contains(&key) {
            findings.add(
                at.key("style"),
                format!("deletes of the style {style} needs {key}"),
                format!("write {key} = …"),
            );
        }
    }
    if deletes.style == DeletesStyle::FullCompare && cursor.is_some() {
        let message = "what is absent among the changes is not gone";
        findings.add(at.key("style"), message, "leave the cursor of this stream out, or write another style");
    }
    if deletes.param.is_some() && cursor.is_none() {
        findings.add(at.key("param"), "a stream without a cursor knows no moment to ask from", "leave param out");
    }
    maybe_pointer(deletes.pointer.as_deref(), &at.key("pointer"), findings);
    plain_value(deletes.equals.as_ref(), &at.key("equals"), findings);
    if let Some(text) = &deletes.path {
        path(text, Place::Stream, &at.key("path"), findings);
    }
    for (name, text) in &deletes.query {
        template(text, Place::Stream, &at.key("query").key(name), findings);
    }
    pointer(&deletes.records, &at.key("records"), findings);
    keys(&deletes.key, false, &at.key("key"), findings);
    if deletes.style == DeletesStyle::StatusList {
        paging(&deletes.paging, None, &at.key("paging"), findings);
    }
}
