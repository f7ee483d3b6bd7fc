//! `connector.toml` to a [`Manifest`], with line and remedy of everything that is wrong.

mod lines;

use serde::Deserialize;
use toml::de::{DeTable, Deserializer};

use self::lines::Lines;
use super::{Manifest, Problem, findings, problem::Findings};

/// Bytes of a `connector.toml`.
const BYTES: usize = 1024 * 1024;

/// Reads a manifest as its author wrote it. `read_file` gives the text of a file beside it (the logo).
///
/// # Errors
/// Everything that is wrong: all errors of syntax; or the first key or value that means nothing; or all
/// that is readable and still wrong.
pub fn parse(text: &str, read_file: &dyn Fn(&str) -> Option<String>) -> Result<Manifest, Vec<Problem>> {
    if text.len() > BYTES {
        let message = format!("the file has {} bytes", text.len());
        let remedy = format!("write at most {BYTES} bytes");
        return Err(vec![Problem { line: None, key: String::new(), message, remedy }]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| syntax(text, error)).collect());
    }
    let lines = Lines::of(text, document.get_ref().clone());
    let mut manifest =
        Manifest::deserialize(Deserializer::from(document)).map_err(|error| vec![meaning(&lines, &error)])?;
    let mut all = Findings::default();
    logo(&mut manifest, read_file, &mut all);
    all.0.extend(findings(&manifest));
    if all.0.is_empty() {
        return Ok(manifest);
    }
    let mut problems: Vec<Problem> = all
        .0
        .into_iter()
        .map(|finding| {
            let line = lines.line_of(&finding.path);
            finding.on_line(Some(line))
        })
        .collect();
    problems.sort_by_key(|problem| problem.line);
    Err(problems)
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| lines::line_at(text, span.start));
    let written = error.span().and_then(|span| text.get(span)).map(|key| key.trim().trim_matches('"'));
    if let ("duplicate key", Some(key)) = (error.message(), written) {
        let message = format!("`{key}` stands here for the second time");
        return Problem {
            line,
            key: String::new(),
            message,
            remedy: "keep one of the two, with what both say".to_owned(),
        };
    }
    let remedy = "write it as TOML: key = \"value\", [table], [[list of tables]]".to_owned();
    Problem { line, key: String::new(), message: error.message().to_owned(), remedy }
}

/// What serde says about a key or value, with a remedy.
fn meaning(lines: &Lines<'_>, error: &toml::de::Error) -> Problem {
    let (line, key) = match error.span() {
        Some(span) => (Some(lines.line_at(span.start)), lines.path_at(&span).to_string()),
        None => (None, String::new()),
    };
    let message = error.message().trim().to_owned();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let remedy = if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let written = quoted.next().unwrap_or_default();
        nearest(written, &quoted.collect::<Vec<_>>())
    } else if message.starts_with("missing field") {
        format!("write {} = …", quoted.next().unwrap_or_default())
    } else if message.contains("this is not JSON") {
        "write JSON between ''' and '''".to_owned()
    } else {
        "write a value of the kind that is expected".to_owned()
    };
    Problem { line, key, message, remedy }
}

fn nearest(written: &str, known: &[&str]) -> String {
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

/// Puts the logo's text in the place of its file's name.
fn logo(manifest: &mut Manifest, read_file: &dyn Fn(&str) -> Option<String>, findings: &mut Findings) {
    let Some(name) = manifest.logo.take() else { return };
    let path = super::problem::Path::default().key("logo");
    if name.trim_start().starts_with('<') {
        manifest.logo = Some(name);
    } else if !name.ends_with(".svg") || name.starts_with('/') || name.contains("..") || name.contains('\\') {
        let message = format!("{name:?} is not a logo");
        findings.add(path, message, "name an SVG file beside connector.toml: logo = \"logo.svg\"");
    } else if let Some(text) = read_file(&name) {
        manifest.logo = Some(text);
    } else {
        findings.add(path, format!("the file {name:?} cannot be read"), "put the SVG file beside connector.toml");
    }
}

#[cfg(test)]
mod tests;
