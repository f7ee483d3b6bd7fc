//! Streams, and the pickers that search them.

use std::time::Duration;

use super::{names, root};
use crate::manifest::{Manifest, Picker, parse_duration, problem::Findings};

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    streams(manifest, findings);
    pickers(manifest, findings);
}

fn streams(manifest: &Manifest, findings: &mut Findings) {
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
        match parse_duration(&stream.schedule) {
            Ok(every) if every < Duration::from_secs(60) => {
                findings.add(at(index, "schedule"), "it is read more than once a minute", "write 1m or longer");
            }
            Ok(_) => {}
            Err(error) => findings.add(at(index, "schedule"), error, "write how often it is read, e.g. 15m, 6h or 1d"),
        }
    }
    names::unique(
        manifest.streams.iter().enumerate().map(|(i, stream)| (stream.name.as_str(), at(i, "name"))),
        findings,
    );
}

fn pickers(manifest: &Manifest, findings: &mut Findings) {
    let at = |index, key: &str| root().entry("picker", index).key(key);
    for (index, picker) in manifest.pickers.iter().enumerate() {
        names::name(&picker.name, at(index, "name"), findings);
        names::said(&picker.title, 100, at(index, "title"), findings);
        from_stream(manifest, picker, index, findings);
    }
    names::unique(
        manifest.pickers.iter().enumerate().map(|(i, picker)| (picker.name.as_str(), at(i, "name"))),
        findings,
    );
}

fn from_stream(manifest: &Manifest, picker: &Picker, index: usize, findings: &mut Findings) {
    let path = root().entry("picker", index);
    let pointers = [("value", &picker.value), ("label", &picker.label), ("hint", &picker.hint)];
    for (key, pointer) in pointers {
        if let Some(pointer) = pointer {
            names::pointer(pointer, path.key(key), findings);
        }
        let searches = picker.from_stream.is_none();
        if searches && pointer.is_some() {
            findings.add(
                path.key(key),
                format!("{key} means nothing without from-stream"),
                "write from-stream = \"…\", or leave it out when the connector searches by itself",
            );
        }
        if !searches && pointer.is_none() && key != "hint" {
            findings.add(
                path.key(key),
                format!("a picker from a stream needs {key}"),
                format!("write {key} = \"/…\", the JSON pointer into the stream's records"),
            );
        }
    }
    if let Some(stream) = &picker.from_stream
        && manifest.stream(stream).is_none()
    {
        let streams: Vec<_> = manifest.streams.iter().map(|stream| stream.name.as_str()).collect();
        findings.add(
            path.key("from-stream"),
            format!("there is no stream {stream:?}"),
            format!("name one of the streams: {}", streams.join(", ")),
        );
    }
}
