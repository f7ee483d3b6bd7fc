//! What may stand in which file.

use std::path::Path;

use super::{Breach, lexer::code_only};
use crate::shell::Result;

/// A longer file is a warning: it holds two things, most likely.
const LINES: usize = 500;

/// A source file of ours.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// From the root, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// A file as it would be read.
    #[cfg(test)]
    pub(super) fn of(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Words of code that are nowhere, why, and what to do.
const WORDS: &[(&str, &str, &str)] = &[
    ("#[allow(", "an exception has to be noticed when its reason is gone", "use #[expect(lint, reason = \"…\")]"),
    ("#![allow(", "an exception has to be noticed when its reason is gone", "use #[expect(lint, reason = \"…\")]"),
    ("todo!(", "the tree works at every commit", "write it, or leave it out and say so in the issue"),
    ("unimplemented!(", "the tree works at every commit", "write it, or leave it out and say so in the issue"),
    (
        "#[ignore",
        "a test that does not run proves nothing",
        "make it fast, move it to `cargo xtask soak`, or delete it",
    ),
    ("#![feature(", "the tree builds with the pinned stable toolchain", "do without"),
];

/// Every Rust file under the folders that are ours.
pub(super) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut folders: Vec<_> = ["host", "plugins", "sdk", "tests"].iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with("target") && !path.ends_with("node_modules") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Folders of `plugins/` that are no provider's name.
const NO_PROVIDERS: [&[&str]; 1] = [&["generic"]];
/// What providers are called besides the names of their folders, and those of the next connectors.
const FAMILIES: [&str; 6] = ["hubspot", "quickbooks", "sarehub", "workdrive", "xero", "zoho"];

/// Every breach; `connectors` are the names of the folders in `plugins/`.
pub(super) fn check(sources: &[Source], connectors: &[String]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut unsafe_files = Vec::new();
    for source in sources {
        let code = code_only(&source.text);
        for (word, why, instead) in WORDS {
            for line in lines_with(&code, |line| line.contains(word)) {
                breaches.push(breach(source, line, format!("`{word}`"), why, instead));
            }
        }
        if let Some(line) = lines_with(&code, |line| keywords(line).any(|word| word == "unsafe")).next() {
            unsafe_files.push((source, line));
        }
        breaches.extend(provider_names(source, connectors));
        breaches.extend(calls_out(source));
    }
    breaches.extend(unsafe_code(&unsafe_files));
    breaches
}

/// Files that are longer than they should be.
pub(super) fn long(sources: &[Source]) -> Vec<String> {
    let count = |source: &Source| source.text.lines().count();
    let long = sources.iter().filter(|source| count(source) > LINES);
    long.map(|source| format!("{} has {} lines; split it by capability below {LINES}", source.path, count(source)))
        .collect()
}

/// A hostile guest that reads its own memory word by word. It runs inside of the sandbox only.
const PRYING: &str = "tests/guests/src/prying.rs";

/// `unsafe` stands in one file of the engine (mapping what it compiled itself) and in one guest, and nowhere else.
fn unsafe_code(files: &[(&Source, usize)]) -> Vec<Breach> {
    let home = files.iter().find(|(source, _)| source.path.starts_with("host/engine/src/"));
    let allowed = |path: &str| path == PRYING || home.is_some_and(|(home, _)| home.path == path);
    let others = files.iter().filter(|(source, _)| !allowed(&source.path));
    let breach = |(source, line): &(&Source, usize)| {
        breach(
            source,
            *line,
            "`unsafe`".to_owned(),
            "one file of the engine maps compiled components; everything else is checked by the compiler",
            "use a crate that has been looked at, or call the engine's function",
        )
    };
    others.map(breach).collect()
}

/// The API may name hyper because it serves with it (see `families`). Its tests are clients of it.
fn calls_out(source: &Source) -> Option<Breach> {
    if !source.path.starts_with("host/api/") || is_test(source) {
        return None;
    }
    let code = code_only(product(source));
    let line =
        lines_with(&code, |line| line.contains("hyper::client") || line.contains("hyper_util::client")).next()?;
    Some(breach(
        source,
        line,
        "a client of hyper".to_owned(),
        "every byte that leaves goes through the gate, which checks addresses, scopes and secrets",
        "use patchbay_egress::Gate, through a use case of patchbay_app",
    ))
}

/// Whether the whole file is tests.
pub(super) fn is_test(source: &Source) -> bool {
    let file = source.path.rsplit('/').next().unwrap_or_default();
    file == "tests.rs" || file == "testing.rs" || ["/tests/", "/testing/"].iter().any(|part| source.path.contains(part))
}

/// The part before the tests, which stand last in a file.
pub(super) fn product(source: &Source) -> &str {
    source.text.split_once("#[cfg(test)]\nmod ").map_or(source.text.as_str(), |(before, _)| before)
}

/// Whether a name stands among the words, its own words one after the other.
fn says(said: &[&str], name: &str) -> bool {
    let name: Vec<&str> = words(name).collect();
    !NO_PROVIDERS.contains(&name.as_slice()) && said.windows(name.len().max(1)).any(|some| some == name.as_slice())
}

/// The host knows no provider's name: neither in code, nor in a text, nor in a comment. Its tests may use a
/// real connector's manifest as an example. `xtask` is no part of the host: its demo connects to named
/// providers. One breach a file is enough to send somebody there.
fn provider_names(source: &Source, connectors: &[String]) -> Option<Breach> {
    if !source.path.starts_with("host/") || source.path.starts_with("host/xtask/") || is_test(source) {
        return None;
    }
    product(source).lines().enumerate().find_map(|(number, line)| {
        let lower = line.to_lowercase();
        let said: Vec<&str> = words(&lower).collect();
        let name = connectors.iter().map(String::as_str).chain(FAMILIES).find(|name| says(&said, name))?;
        Some(breach(
            source,
            number + 1,
            format!("names the provider {name}"),
            "every quirk lives in a connector or its manifest; a host that knows one provider treats the others worse",
            "say it in the manifest, or write `acme` and example.com in documentation",
        ))
    })
}

/// Parts of a line between anything that is no letter or digit; `_` divides, so that `github_token` counts.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Identifiers and keywords of a line.
fn keywords(line: &str) -> impl Iterator<Item = &str> {
    line.split(|char: char| !char.is_alphanumeric() && char != '_').filter(|word| !word.is_empty())
}

fn lines_with(code: &str, found: impl Fn(&str) -> bool) -> impl Iterator<Item = usize> {
    code.lines().enumerate().filter(move |(_, line)| found(line)).map(|(number, _)| number + 1)
}

pub(super) fn breach(source: &Source, line: usize, what: String, why: &'static str, instead: &'static str) -> Breach {
    Breach { place: format!("{}:{line}", source.path), what, why, instead }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::of(path, text)
    }

    fn places(sources: &[Source]) -> Vec<String> {
        check(sources, &["acmebooks", "big-ledger", "generic"].map(str::to_owned))
            .into_iter()
            .map(|breach| breach.place)
            .collect()
    }

    #[test]
    fn an_exception_without_expect_is_found_and_one_in_a_text_is_not() {
        let text = "// #[allow(x)]\nconst A: &str = \"#[allow(\";\n#[allow(dead_code)]\nfn a() { todo!() }\n#[ignore = \"x\"]\n";
        assert_eq!(
            places(&[source("host/app/src/a.rs", text)]),
            ["host/app/src/a.rs:3", "host/app/src/a.rs:4", "host/app/src/a.rs:5"]
        );
    }

    #[test]
    fn unsafe_has_one_file_and_no_second() {
        let engine = source("host/engine/src/artefact.rs", "fn a() { unsafe { b() } }\n");
        assert_eq!(places(std::slice::from_ref(&engine)), Vec::<String>::new());
        let second = source("host/engine/src/call.rs", "\nunsafe impl Send for A {}\n");
        assert_eq!(places(&[engine, second]), ["host/engine/src/call.rs:2"]);
        assert_eq!(places(&[source("tests/it/src/main.rs", "unsafe fn a() {}")]), ["tests/it/src/main.rs:1"]);
        assert_eq!(places(&[source("tests/guests/src/lib.rs", "unsafe fn a() {}")]), ["tests/guests/src/lib.rs:1"]);
        assert_eq!(places(&[source(PRYING, "unsafe fn a() {}")]), Vec::<String>::new());
        assert_eq!(places(&[source("host/app/src/a.rs", "#![forbid(unsafe_code)] // unsafe\n")]), Vec::<String>::new());
    }

    #[test]
    fn a_provider_is_named_only_outside_the_host() {
        let text = "fn acme() {}\nfn acmebooks_quirk() {}\n/// As AcmeBooks does.\n";
        assert_eq!(places(&[source("host/app/src/a.rs", text)]), ["host/app/src/a.rs:2"]);
        let tested = "fn a() {}\n#[cfg(test)]\nmod tests {\n    // acmebooks\n}\n";
        assert_eq!(places(&[source("host/app/src/a.rs", tested)]), Vec::<String>::new());
        assert_eq!(places(&[source("host/app/src/a/testing/b.rs", "// acmebooks")]), Vec::<String>::new());
        assert_eq!(places(&[source("host/app/src/a.rs", "// see acmebooks\n")]), ["host/app/src/a.rs:1"]);
        assert_eq!(places(&[source("host/xtask/src/demo.rs", "const A: &str = \"acmebooks\";")]), Vec::<String>::new());
        assert_eq!(places(&[source("tests/fakes/src/a.rs", "// acmebooks")]), Vec::<String>::new());
        // However a name of several words is written, and what is no provider's.
        for text in ["// as Big-Ledger does", "const BIG_LEDGER: u8 = 1;", "/// See big ledger.", "// Zoho's way"] {
            assert_eq!(places(&[source("host/app/src/a.rs", text)]), ["host/app/src/a.rs:1"], "{text}");
        }
        assert_eq!(places(&[source("host/app/src/a.rs", "// a big one, a ledger, generic")]), Vec::<String>::new());
    }

    #[test]
    fn the_api_serves_with_hyper_and_calls_nobody_with_it() {
        let text = "use hyper::server;\nuse hyper_util::client::legacy::Client;\n";
        assert_eq!(places(&[source("host/api/src/a.rs", text)]), ["host/api/src/a.rs:2"]);
        assert_eq!(places(&[source("host/api/src/a/tests.rs", text)]), Vec::<String>::new());
        assert_eq!(places(&[source("host/egress/src/a.rs", text)]), Vec::<String>::new());
    }

    #[test]
    fn a_long_file_is_pointed_out() {
        assert_eq!(long(&[source("host/a.rs", &"\n".repeat(501)), source("host/b.rs", &"\n".repeat(500))]).len(), 1);
    }
}
