//! `check.toml`: where a provider's sheet says something else than the table of the suite.

use std::{fs, path::Path};

use serde::Deserialize;

use crate::{report::Finding, trouble::Trouble};

/// The cases of the contract, and `ok`: the call goes well all the same.
const CASES: &[&str] = &[
    "ok",
    "auth-required",
    "permission-denied",
    "invalid-config",
    "invalid-input",
    "not-found",
    "conflict",
    "rate-limited",
    "cursor-invalid",
    "transient",
    "outcome-unknown",
    "invalid-response",
    "unsupported",
    "other",
];
/// What is no answer that goes wrong and may deviate all the same.
const UNKNOWN_FIELD: &str = "unknown-field";

/// All that `check.toml` says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviations {
    #[serde(default, rename = "deviation")]
    all: Vec<Deviation>,
}

/// One of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviation {
    /// `streams/tasks`, `actions/note`, `identify`; everywhere when left out.
    #[serde(default)]
    call: Option<String>,
    /// What goes wrong.
    when: String,
    /// The case that is right for it.
    #[serde(default)]
    is: String,
    /// Why: what the provider's sheet says.
    reason: String,
}

impl Deviations {
    /// Reads the file beside the fixtures, where there is one.
    pub(crate) fn read(folder: &Path) -> Result<Self, Finding> {
        let file = folder.join("check.toml");
        if !file.exists() {
            return Ok(Self::default());
        }
        let wrong = |what: String| {
            let remedy =
                "write [[deviation]] call = \"streams/NAME\" when = \"403\" is = \"rate-limited\" reason = \"…\"";
            Finding::of(what, file.display().to_string(), remedy)
        };
        let text = fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        let read: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let known: Vec<String> = Trouble::ALL.iter().chain(Trouble::OF_WRITES).map(|trouble| trouble.word()).collect();
        for Deviation { when, is, reason, .. } in &read.all {
            if when != UNKNOWN_FIELD && !known.contains(when) {
                return Err(wrong(format!("when = {when:?} is none of {}, {UNKNOWN_FIELD}", known.join(", "))));
            }
            if when != UNKNOWN_FIELD && !CASES.contains(&is.as_str()) {
                return Err(wrong(format!("is = {is:?} is none of {}", CASES.join(", "))));
            }
            if reason.trim().is_empty() {
                return Err(wrong(format!("the deviation for {when:?} has no reason")));
            }
        }
        Ok(read)
    }

    /// What is right in this call instead; the one that names the call wins.
    pub(crate) fn of(&self, call: &str, trouble: Trouble) -> Option<&str> {
        self.find(call, &trouble.word()).map(|deviation| deviation.is.as_str())
    }

    /// Why unknown fields are not put into the answers of this call.
    pub(crate) fn unknown_field(&self, call: &str) -> Option<&str> {
        self.find(call, UNKNOWN_FIELD).map(|deviation| deviation.reason.as_str())
    }

    fn find(&self, call: &str, when: &str) -> Option<&Deviation> {
        let of = |named: bool| {
            self.all.iter().find(|one| {
                one.when == when && if named { one.call.as_deref() == Some(call) } else { one.call.is_none() }
            })
        };
        of(true).or_else(|| of(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Deviations, Finding> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("check.toml"), text).expect("written");
        Deviations::read(folder.path())
    }

    #[test]
    fn the_deviation_of_a_call_wins_over_that_of_all() {
        let text = r#"
            [[deviation]]
            when = "403"
            is = "rate-limited"
            reason = "the provider throttles so"
            [[deviation]]
            call = "streams/tasks"
            when = "403"
            is = "ok"
            reason = "closed parts are passed over"
        "#;
        let read = read(text).expect("deviations");
        assert_eq!(read.of("streams/tasks", Trouble::Status(403)), Some("ok"));
        assert_eq!(read.of("identify", Trouble::Status(403)), Some("rate-limited"));
        assert_eq!(read.of("identify", Trouble::Html), None);
    }

    #[test]
    fn what_is_none_is_told() {
        for (text, word) in [
            ("[[deviation]]\nwhen = \"418\"\nis = \"ok\"\nreason = \"x\"", "418"),
            ("[[deviation]]\nwhen = \"403\"\nis = \"okay\"\nreason = \"x\"", "okay"),
            ("[[deviation]]\nwhen = \"403\"\nis = \"ok\"\nreason = \" \"", "no reason"),
            ("[[deviations]]\n", "deviations"),
        ] {
            assert!(read(text).expect_err("a finding").what.contains(word), "{word}");
        }
    }
}
