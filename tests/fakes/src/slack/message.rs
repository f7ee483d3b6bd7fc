//! A message, and how it is shown. Its `ts` is a text of seconds and microseconds: its id in the channel, and its place.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// A message of a channel or of a thread.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) ts: String,
    /// The first message of the thread that it is a reply in.
    pub(super) thread: Option<String>,
    pub(super) user: String,
    pub(super) text: String,
    pub(super) edited: Option<String>,
    pub(super) blocks: Option<Value>,
    pub(super) metadata: Option<Value>,
    pub(super) files: Vec<Value>,
}

impl Message {
    pub(super) fn of(ts: String, thread: Option<&str>, user: &str, text: &str) -> Self {
        Self {
            ts,
            thread: thread.map(str::to_owned),
            user: user.to_owned(),
            text: text.to_owned(),
            edited: None,
            blocks: None,
            metadata: None,
            files: Vec::new(),
        }
    }

    /// As it is shown among these; the metadata only where they were asked for.
    pub(super) fn json(&self, all: &[Self], team: &str, metadata: bool) -> Value {
        let mut shown = Map::from_iter([
            ("type".to_owned(), json!("message")),
            ("user".to_owned(), json!(self.user)),
            ("text".to_owned(), json!(self.text)),
            ("ts".to_owned(), json!(self.ts)),
            ("team".to_owned(), json!(team)),
        ]);
        let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
        let replies: Vec<&Self> = all.iter().filter(|other| other.thread.as_deref() == Some(&self.ts)).collect();
        if let Some(last) = replies.last() {
            put("thread_ts", json!(self.ts));
            put("reply_count", json!(replies.len()));
            put("latest_reply", json!(last.ts));
        }
        if let Some(thread) = &self.thread {
            put("thread_ts", json!(thread));
        }
        if let Some(at) = &self.edited {
            put("edited", json!({ "user": self.user, "ts": at }));
        }
        if let Some(blocks) = &self.blocks {
            put("blocks", blocks.clone());
        }
        if !self.files.is_empty() {
            put("files", json!(self.files));
        }
        if let (true, Some(said)) = (metadata, &self.metadata) {
            put("metadata", said.clone());
        }
        Value::Object(shown)
    }
}

/// A moment as texts of messages and of `oldest` say it: seconds, and microseconds after a point.
pub(super) fn moment(text: &str) -> Option<(u64, u32)> {
    let (seconds, micros) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(micros) || micros.len() > 6 {
        return None;
    }
    Some((seconds.parse().ok()?, format!("{micros:0<6}").parse().ok()?))
}

/// Text as Slack wants it: the three letters that its own markup is made of are entities.
pub(super) fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What of a text is neither an entity nor a mention or link. Only who was looked up is mentioned, and nobody calls a channel
/// together: both come from a text that was not escaped.
pub(super) fn unescaped<'a>(text: &'a str, looked_up: &BTreeSet<String>) -> Option<&'a str> {
    let good = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        let markup = ["<#", "<https://", "<http://", "<mailto:"];
        let entity = ["&amp;", "&lt;", "&gt;"].iter().any(|known| rest.starts_with(known));
        let mentioned = rest.strip_prefix("<@").and_then(|rest| rest.split_once('>')).map(|(user, _)| user);
        entity
            || mentioned.is_some_and(|user| looked_up.contains(user))
            || (markup.iter().any(|known| rest.starts_with(known)) && rest.contains('>'))
    };
    let wrong = text.char_indices().find(|(at, letter)| ['&', '<'].contains(letter) && !good(*at));
    wrong.and_then(|(at, _)| text.get(at..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_compared_by_its_digits_and_never_as_a_fraction() {
        assert_eq!(moment("1763700000.000216"), Some((1_763_700_000, 216)));
        assert_eq!(moment("1763700000"), Some((1_763_700_000, 0)));
        assert!(moment("1763700000.1") > moment("1763700000.000216"));
        for wrong in ["", "soon", "1.0000001", "-1", "1e9", "1763700000."] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_entities_mentions_and_links_may_hold_the_letters_of_the_markup() {
        let known = BTreeSet::from(["U1".to_owned()]);
        let unescaped = |text: &'static str| unescaped(text, &known);
        for good in ["a &lt; b &amp; c", "<@U1> see <https://example.org/?a=1&amp;b=2|here>", "a > b"] {
            assert_eq!(unescaped(good), None, "{good}");
        }
        assert_eq!(unescaped("a & b"), Some("& b"));
        assert_eq!(unescaped("a < b"), Some("< b"));
        assert_eq!(unescaped("<https://example.org/?a=1&b=2>"), Some("&b=2>"));
        assert_eq!(super::unescaped(&entities("<b> & <!here> \"c\""), &known), None);
    }

    #[test]
    fn only_who_was_looked_up_is_mentioned_and_nobody_calls_a_channel() {
        let known = BTreeSet::from(["U1".to_owned()]);
        for wrong in ["<!channel>", "<!here> hello", "<!subteam^S1>", "<@U2>", "<@U1", "<@U1|Els>"] {
            assert_eq!(unescaped(wrong, &known), Some(wrong), "{wrong}");
        }
    }
}
