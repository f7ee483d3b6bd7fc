//! What people are led to type into the settings of a connection.
//!
//! It is kept in plain text and told to the connector, so the words that lead somebody are a power like the label of a
//! secret: "Acme API password" above a setting is a login that nobody sealed. Switches and choices are none, because
//! nobody types there.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manifest::typed::{Typed, typed};

/// One place in the settings where something is typed, by the words that stand there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingAsked {
    /// Its name.
    pub name: String,
    /// What stands above it; its name where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What stands below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What it is read as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// What it may look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// What stands in it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

impl SettingAsked {
    /// All that a person reads of it.
    pub(super) fn in_words(&self) -> String {
        let name = self.title.as_ref().map(|_| self.name.clone()).filter(|name| !name.is_empty());
        let format = self.format.as_ref().map(|format| format!("read as {format}"));
        let example = self.example.as_ref().map(|example| format!("such as {example}"));
        let start = self.start.as_ref().map(|start| format!("begins as {start}"));
        let more: Vec<String> = [name, self.help.clone(), format, example, start].into_iter().flatten().collect();
        let called = self.title.as_ref().unwrap_or(&self.name);
        if more.is_empty() { called.clone() } else { format!("{called} ({})", more.join("; ")) }
    }
}

impl From<Typed<'_>> for SettingAsked {
    fn from(typed: Typed<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            name: typed.name.to_owned(),
            title: owned(typed.title),
            help: owned(typed.help),
            format: owned(typed.format),
            example: owned(typed.example),
            start: typed.start,
        }
    }
}

/// Whatever is typed, wherever it stands: a setting that only moves is none that is new.
pub(super) fn asked(settings: Option<&Value>) -> BTreeSet<SettingAsked> {
    settings.into_iter().flat_map(typed).map(Into::into).collect()
}
