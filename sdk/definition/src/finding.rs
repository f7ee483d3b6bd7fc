//! What is wrong with a definition, where, and what to write instead.

use std::fmt;

/// One thing that is wrong; written for the definition's author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub path: Path,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

/// One step of a way into a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A key of a table.
    Key(String),
    /// A place in a list, from 0.
    At(usize),
}

/// The way to a value, in the definition's own names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(Vec<Step>);

impl Finding {
    pub(crate) fn of(path: Path, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path, message: message.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.0.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} — {}", self.message, self.remedy)
    }
}

impl Path {
    /// One key further.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// One entry of the list here.
    #[must_use]
    pub fn at(&self, index: usize) -> Self {
        self.then(Step::At(index))
    }

    /// The steps from the document on.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The same as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
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

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
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

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    /// Writes down one.
    pub(crate) fn add(&mut self, path: Path, message: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding::of(path, message, remedy));
    }
}

/// The known word that is nearest to what was written, as a remedy.
pub(crate) fn nearest(written: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&written.replace('_', "-"), known), *known))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(2))
        .min_by_key(|(distance, _)| *distance);
    match near {
        Some((_, known)) => format!("did you mean {known}?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None => format!("write one of {}", known.join(", ")),
    }
}
