//! What is wrong with a manifest, where, and what to write instead.

use std::fmt;

/// One thing that is wrong with a manifest; written for the connector's author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line in `connector.toml`, from 1; none for a manifest that was read from packed JSON.
    pub line: Option<usize>,
    /// Where, as a dotted path: `auth[0].slot[1].value`; empty for the document.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connector.toml")?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {} — {}", self.message, self.remedy)
    }
}

/// One step of a way into the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A key of a table, as the TOML spells it.
    Key(String),
    /// A place in a list, from 0.
    At(usize),
}

/// The way to a value in the manifest, in the TOML's own names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    /// One key further.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// One entry of the list under `key`.
    pub(crate) fn entry(&self, key: &str, index: usize) -> Self {
        self.key(key).then(Step::At(index))
    }

    pub(crate) fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The same as a JSON pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.0 {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Step::At(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::At(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A problem before its line is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: Path,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Finding {
    pub(crate) fn on_line(self, line: Option<usize>) -> Problem {
        Problem { line, key: self.path.to_string(), message: self.message, remedy: self.remedy }
    }
}

/// Findings that are told at once; who mends so many tries again anyway.
const MOST: usize = 500;
/// Letters of a message and of a remedy: they quote what a stranger wrote, and name whatever else there is.
const TOLD: usize = 2_000;

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    /// Writes down one.
    pub(crate) fn add(&mut self, path: Path, message: impl Into<String>, remedy: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(Finding { path, message: told(message.into()), remedy: told(remedy.into()) });
        }
    }
}

fn told(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TOLD) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_toml_and_like_a_pointer() {
        let path = Path::default().entry("auth", 0).key("token").key("params").key("a/b");
        assert_eq!(path.to_string(), "auth[0].token.params.a/b");
        assert_eq!(path.pointer(), "/auth/0/token/params/a~1b");
    }

    #[test]
    fn what_is_told_of_a_strangers_manifest_has_an_end() {
        let mut findings = Findings::default();
        for _ in 0..MOST + 1 {
            findings.add(Path::default(), "é".repeat(TOLD + 1), "é".repeat(TOLD));
        }
        assert_eq!(findings.0.len(), MOST);
        let first = &findings.0[0];
        assert_eq!((first.message.chars().count(), first.remedy.chars().count()), (TOLD + 1, TOLD));
        assert!(first.message.ends_with('…') && first.remedy.ends_with('é'));
    }

    #[test]
    fn a_problem_is_printed_with_file_line_key_and_remedy() {
        let problem = Problem {
            line: Some(14),
            key: "stream[0].key".into(),
            message: "no key".into(),
            remedy: "write one".into(),
        };
        assert_eq!(problem.to_string(), "connector.toml:14: stream[0].key: no key — write one");
    }
}
