//! What is asked of the work itself: how things are read and told apart, how writes are repeated, how fast a provider is
//! asked, and what people are shown when they decide where something goes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::manifest::{
    Action, Discovered, Function, Idempotency, Manifest, MeetingPart, Picker, PickerParent, Rate, RateScope, Stream,
    StreamMode,
};

/// What one stream asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StreamAsked {
    /// The switch it belongs to.
    pub function: Function,
    /// What tells records apart.
    pub key: Vec<String>,
    /// Whether what is absent at the end of a pass is gone.
    pub mode: StreamMode,
    /// Whether only the accounts that were chosen are read.
    pub per_account: bool,
    /// When it is read where nobody says otherwise.
    pub schedule: String,
}

/// What discovered streams ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DiscoveredAsked {
    /// The switch they belong to.
    pub function: Function,
    /// How many there may be.
    pub limit: u32,
    /// Whether what is absent at the end of a pass is gone.
    pub mode: StreamMode,
    /// When they are read where nobody says otherwise.
    pub schedule: String,
}

/// What one action asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ActionAsked {
    /// The switch it belongs to.
    pub function: Function,
    /// How a lost answer is resolved.
    pub idempotency: Idempotency,
    /// For how long a key is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_life: Option<String>,
    /// How soon a look for what was lost is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<String>,
    /// Whether items of a target wait for each other.
    pub ordered: bool,
    /// Whether an item may take several requests.
    pub multi_step: bool,
    /// Whether it changes what it wrote before.
    pub update: bool,
    /// The schema of its targets, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What offers its targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picker: Option<String>,
    /// How many files an item may carry, and which; all types where the list is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<(u32, BTreeSet<String>)>,
    /// What of a meeting is sent with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meeting: Option<(MeetingPart, String)>,
}

/// What one picker offers: its choice decides where something is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PickerAsked {
    /// The stream whose records are offered; the connector itself where there is none.
    pub from_stream: Option<String>,
    /// Pointers to the id, the label and the hint.
    pub pointers: [Option<String>; 3],
    /// Choices that it depends on, each with its pointer.
    pub parents: Vec<(String, Option<String>)>,
}

/// How fast a provider may be asked; none is no bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RateAsked {
    /// Who shares it.
    pub scope: RateScope,
    /// For which paths.
    pub path: Option<String>,
    /// In a second, in a minute, and at the same time.
    pub bounds: [Option<u32>; 3],
    /// Headers by which the provider says that enough is enough.
    pub headers: [Option<String>; 2],
    /// Whether a request to wait holds back only those who share it.
    pub alone: bool,
}

impl From<&Stream> for StreamAsked {
    fn from(stream: &Stream) -> Self {
        Self {
            function: stream.function,
            key: stream.key.clone(),
            mode: stream.mode,
            per_account: stream.per_account,
            schedule: stream.schedule.clone(),
        }
    }
}

impl From<&Discovered> for DiscoveredAsked {
    fn from(asked: &Discovered) -> Self {
        Self { function: asked.function, limit: asked.limit, mode: asked.mode, schedule: asked.schedule.clone() }
    }
}

impl From<&Action> for ActionAsked {
    fn from(action: &Action) -> Self {
        Self {
            function: action.function,
            idempotency: action.idempotency,
            key_life: action.key_life.clone(),
            settle: action.settle.clone(),
            ordered: action.ordered,
            multi_step: action.multi_step,
            update: action.update,
            target: action.target.as_ref().map(ToString::to_string),
            picker: action.picker.clone(),
            files: action.attachments.as_ref().map(|files| (files.max, files.types.iter().cloned().collect())),
            meeting: action.meeting.as_ref().map(|meeting| {
                let todos = meeting.todos.as_ref().map(|todos| format!(" {} {}", todos.into, todos.payload));
                (meeting.part, format!("{}{}", meeting.payload, todos.unwrap_or_default()))
            }),
        }
    }
}

impl From<&Picker> for PickerAsked {
    fn from(picker: &Picker) -> Self {
        let parent = |parent: &PickerParent| (parent.picker.clone(), parent.pointer.clone());
        Self {
            from_stream: picker.from_stream.clone(),
            pointers: [picker.value.clone(), picker.label.clone(), picker.hint.clone()],
            parents: picker.parents.iter().map(parent).collect(),
        }
    }
}

impl From<&Rate> for RateAsked {
    fn from(rate: &Rate) -> Self {
        Self {
            scope: rate.scope,
            path: rate.path.clone(),
            bounds: [rate.per_second, rate.per_minute, rate.concurrency],
            headers: [rate.remaining_header.clone(), rate.reset_header.clone()],
            alone: rate.alone,
        }
    }
}

/// Where what people read leads them: hosts of links, and whatever else stands in the place of one. A guide is Markdown, so
/// a link need not look like one; what is no plain address is kept as it is written.
pub(super) fn links(manifest: &Manifest) -> BTreeSet<String> {
    let fields = manifest.auths.iter().flat_map(|auth| &auth.fields).filter_map(|field| field.help.as_deref());
    let guides = manifest.guides.iter().flat_map(|guide| [guide.title.as_str(), guide.text.as_str()]);
    let words = manifest.checklist.iter().map(String::as_str).chain([manifest.summary.as_str()]);
    fields.chain(guides).chain(words).flat_map(links_of).collect()
}

fn links_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mark in ["](", "]:", "mailto:"] {
        for (at, _) in text.match_indices(mark) {
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            // A mark in what follows begins a place of its own: else a text of nothing but marks is kept once for each.
            let rest = rest.get(..rest.find(mark).unwrap_or(rest.len())).unwrap_or_default();
            let rest = rest.trim_start().trim_start_matches('<');
            let end = rest.find(|c: char| c.is_whitespace() || "()<>\"".contains(c)).unwrap_or(rest.len());
            let place = rest.get(..end).unwrap_or_default();
            if !place.is_empty() && !place.contains("://") {
                found.push(place.to_owned());
            }
        }
    }
    for (at, _) in text.match_indices("://") {
        let rest = text.get(at + "://".len()..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || "/?#()<>\"'`,;".contains(c)).unwrap_or(rest.len());
        let host = rest.get(..end).unwrap_or_default().trim_end_matches(['.', ':', '*']);
        if !host.is_empty() {
            found.push(host.to_ascii_lowercase());
        }
    }
    found
}

/// By name.
pub(super) fn named<'m, T: 'm, A: From<&'m T>>(
    all: impl IntoIterator<Item = &'m T>,
    name: impl Fn(&T) -> &str,
) -> BTreeMap<String, A> {
    all.into_iter().map(|one| (name(one).to_owned(), A::from(one))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_however_it_is_written() {
        for (text, wanted) in [
            ("go to https://App.Acme.example/settings, then", &["app.acme.example"][..]),
            ("[here](https://a.example/x) and <http://b.example>", &["a.example", "b.example"]),
            ("[here]( <https:&#47;/evil.example> )", &["https:&#47;/evil.example"]),
            ("[here][1]\n\n[1]: https&colon;//evil.example", &["https&colon;//evil.example"]),
            ("[write](mailto:help@acme.example)", &["mailto:help@acme.example", "help@acme.example"]),
            ("https://user@evil.example:8443/x", &["user@evil.example:8443"]),
            ("mailto:a@b.example mailto:x@y.example", &["a@b.example", "x@y.example"]),
            ("no link: just text (and more).", &[]),
        ] {
            assert_eq!(links_of(text), wanted, "{text}");
        }
    }

    #[test]
    fn marks_without_end_make_no_more_than_the_text_that_they_stand_in() {
        for mark in ["]:", "](", "mailto:", "://"] {
            let text = mark.repeat(50_000 / mark.len());
            let all: usize = links_of(&text).iter().map(String::len).sum();
            assert!(all <= text.len(), "{mark}: {all}");
        }
    }
}
