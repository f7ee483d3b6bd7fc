//! Streams.

use std::time::Duration;

use super::{names, root};
use crate::{
    manifest::{
        CursorKind, CursorRule, Manifest, StreamMode, duration_text, parse_duration,
        problem::{Findings, Path},
    },
    schedule::{Schedule, zone_name},
};

/// How far a run may begin before the place up to which the stream was read.
const LOOK_BACK: Duration = Duration::from_secs(31 * 86_400);

/// Letters of what discovered names begin with.
const PREFIX: usize = 24;
/// Discovered streams of one connection.
const DISCOVERED: u32 = 500;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let at = |index, key: &str| root().entry("stream", index).key(key);
    for (index, stream) in manifest.streams.iter().enumerate() {
        names::name(&stream.name, at(index, "name"), findings);
        names::said(&stream.title, 100, at(index, "title"), findings);
        names::said(&stream.meaning, 400, at(index, "meaning"), findings);
        if stream.key.is_empty() {
            findings.add(
                at(index, "key"),
                "a record of this stream has no key",
                "name the values that make it, as JSON pointers: key = [\"/id\"]",
            );
        }
        for (place, pointer) in stream.key.iter().enumerate() {
            names::pointer(pointer, root().entry("stream", index).entry("key", place), findings);
        }
        for (place, auth) in stream.auth.iter().enumerate() {
            if manifest.auth(auth).is_none() {
                let message = format!("there is no way to log in {auth:?}");
                findings.add(
                    root().entry("stream", index).entry("auth", place),
                    message,
                    "write the id of an [[auth]]",
                );
            }
        }
        schedule(&stream.schedule, at(index, "schedule"), findings);
        if let Some(rule) = &stream.cursor {
            placed(stream.mode, rule, &at(index, "cursor"), findings);
        }
    }
    discovered(manifest, findings);
    names::unique(
        manifest.streams.iter().enumerate().map(|(i, stream)| (stream.name.as_str(), at(i, "name"))),
        findings,
    );
}

/// What discovered streams have in common; no declared one may be taken for one of them.
fn discovered(manifest: &Manifest, findings: &mut Findings) {
    let Some(asked) = &manifest.discovered else { return };
    let path = root().key("discovered");
    let word = asked.prefix.strip_suffix(['.', '_', '-']);
    if asked.prefix.len() > PREFIX || !word.is_some_and(names::is_name) {
        let message = format!("{:?} is no beginning of a name", asked.prefix);
        let remedy = format!("write a word and a dot, e.g. prefix = \"model.\", at most {PREFIX} letters");
        findings.add(path.key("prefix"), message, remedy);
    }
    for stream in manifest.streams.iter().filter(|stream| stream.name.starts_with(&asked.prefix)) {
        let message = format!("the stream {:?} begins with it too", stream.name);
        findings.add(path.key("prefix"), message, "write another prefix; with a dot no declared name begins with it");
    }
    names::said(&asked.meaning, 400, path.key("meaning"), findings);
    schedule(&asked.schedule, path.key("schedule"), findings);
    if let Some(rule) = &asked.cursor {
        placed(asked.mode, rule, &path.key("cursor"), findings);
    }
    if !(1..=DISCOVERED).contains(&asked.limit) {
        let message = format!("{} streams cannot be had", asked.limit);
        findings.add(path.key("limit"), message, format!("write 1 to {DISCOVERED}, or leave it out for 200"));
    }
}

/// A place to go on from, of a stream that has one.
fn placed(mode: StreamMode, rule: &CursorRule, path: &Path, findings: &mut Findings) {
    if mode == StreamMode::Full {
        let message = "a stream that is read from its beginning each time has no place to go on from";
        findings.add(path.clone(), message, "leave cursor out, or write mode = \"incremental\"");
    }
    cursor(rule, path, findings);
}

fn schedule(text: &str, path: Path, findings: &mut Findings) {
    let bare = parse_duration(text).map(Schedule::Every);
    match bare.or_else(|_| Schedule::parse(text)) {
        Ok(Schedule::Every(every)) if every < Duration::from_secs(60) => {
            findings.add(path, "it is read more than once a minute", "write 1m or longer");
        }
        Ok(_) => {}
        Err(error) => {
            let (message, remedy) = error.rsplit_once("; ").unwrap_or((&error, "write it, e.g. 15m, 6h or 1d"));
            findings.add(path, message, remedy);
        }
    }
}

fn cursor(rule: &CursorRule, path: &Path, findings: &mut Findings) {
    if !rule.pointer.is_empty() {
        names::pointer(&rule.pointer, path.key("pointer"), findings);
    }
    if let Some(zone) = &rule.zone {
        if rule.kind != CursorKind::Time {
            findings.add(path.key("zone"), "a number has no zone", "leave zone out, or write kind = \"time\"");
        }
        if let Err(error) = zone_name(zone) {
            let (message, remedy) = error.split_once("; ").unwrap_or((&error, "write a name of the IANA list"));
            findings.add(path.key("zone"), message, remedy);
        }
    }
    if let Some(text) = &rule.look_back {
        if rule.kind == CursorKind::Number {
            let remedy = "leave look-back out, or write the kind of time that it is";
            findings.add(path.key("look-back"), "a length of time cannot be taken from a number", remedy);
        }
        match parse_duration(text) {
            Ok(length) if length > LOOK_BACK => {
                let message = format!("each run would read {text} again");
                findings.add(path.key("look-back"), message, format!("write {} or less", duration_text(LOOK_BACK)));
            }
            Ok(_) => {}
            Err(error) => findings.add(path.key("look-back"), error, "write how far a run goes back, e.g. 10m"),
        }
    }
}
