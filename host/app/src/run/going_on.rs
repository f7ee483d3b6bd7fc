//! Whether a run can go on from a cursor that another release wrote.
//!
//! A cursor is a release's own note, kept with the release that wrote it. A newer release knows what older ones wrote and
//! says `cursor-invalid` when it cannot read it. An older release, to which somebody went back, cannot know what a newer
//! one writes: where that one declared the stream otherwise, it would be handed a place that it takes for another. And
//! whoever comes, records under other keys are other records. In both cases the stream is read from its beginning: what
//! is stored stays, and the new pass finds out what is gone.

use patchbay_model::manifest::Stream;
use semver::Version;

/// Why a stream is read from its beginning by `reader`, where it has a cursor of `writer`; none where it goes on.
pub(super) fn afresh(writer: (&Stream, &str), reader: (&Stream, &str)) -> Option<&'static str> {
    let ((wrote, by), (reads, at)) = (writer, reader);
    if wrote.key != reads.key {
        return Some("another key for its records");
    }
    let older = match (Version::parse(at), Version::parse(by)) {
        (Ok(at), Ok(by)) => at < by,
        // Versions were checked when they came.
        _ => true,
    };
    let otherwise = wrote.cursor != reads.cursor || wrote.mode != reads.mode || wrote.per_account != reads.per_account;
    (older && otherwise).then_some("another cursor")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(key: &str, cursor: &str) -> Stream {
        let text = format!(
            r#"{{"name": "notes", "title": "Notes", "key": ["{key}"], "schedule": "15m", "function": "notes",
            "meaning": "Notes.", "cursor": {cursor}}}"#
        );
        serde_json::from_str(&text).expect("a stream")
    }

    #[test]
    fn a_cursor_of_a_newer_release_that_declares_the_stream_otherwise_is_not_gone_on_from() {
        let (time, number) = (r#"{"pointer": "/since", "kind": "time"}"#, r#"{"pointer": "/since", "kind": "number"}"#);
        let (old, new) = (stream("/id", time), stream("/id", number));
        assert_eq!(afresh((&old, "1.0.0"), (&old, "1.1.0")), None, "the same declaration");
        assert_eq!(afresh((&old, "1.1.0"), (&old, "1.0.0")), None, "also after going back");
        assert_eq!(afresh((&old, "1.0.0"), (&new, "1.1.0")), None, "a newer one knows what older ones wrote");
        assert_eq!(afresh((&new, "1.1.0"), (&old, "1.0.0")), Some("another cursor"));
        assert_eq!(afresh((&new, "1.10.0"), (&old, "1.9.0")), Some("another cursor"), "versions are no words");
    }

    #[test]
    fn other_keys_are_other_records_whoever_comes() {
        let (one, other) = (stream("/id", "null"), stream("/number", "null"));
        for (by, at) in [("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")] {
            assert_eq!(afresh((&one, by), (&other, at)), Some("another key for its records"));
        }
    }
}
