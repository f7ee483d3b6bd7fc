//! What is generated into the tree, and the check that it is still what would be generated.

mod client;
mod connectors;
pub(crate) mod languages;
mod readme;

use std::path::PathBuf;

use crate::shell::{Result, Run, root, target};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only compare, and fail where the tree differs.
    #[arg(long)]
    check: bool,
    /// Only these files, from the root, e.g. plugins/README.md.
    #[arg(value_name = "FILE", conflicts_with = "check")]
    only: Vec<String>,
}

/// A file in the tree that a program writes.
struct Generated {
    /// From the root.
    path: &'static str,
    make: fn() -> Result<String>,
    /// How what is in the tree differs from what would be written; none where it does not.
    stale: fn(&str) -> Result<Option<String>>,
}

const GENERATED: &[Generated] = &[
    Generated { path: "host/api/openapi.json", make: openapi, stale: |present| Ok(differs(present, &openapi()?)) },
    Generated { path: client::PATH, make: client::schema, stale: |present| Ok(differs(present, &client::schema()?)) },
    Generated { path: "plugins/README.md", make: connectors::readme, stale: connectors::stale },
    Generated { path: "sdk/README.md", make: languages::readme, stale: languages::stale },
];

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.check {
        return check();
    }
    let known = |file: &&String| GENERATED.iter().any(|generated| generated.path == file.as_str());
    if let Some(unknown) = args.only.iter().find(|file| !known(file)) {
        return Err(format!("{unknown} is not generated, or only together with others"));
    }
    let wanted = |path: &str| args.only.is_empty() || args.only.iter().any(|file| file == path);
    for generated in GENERATED.iter().filter(|generated| wanted(generated.path)) {
        let (path, text) = (generated.path(), (generated.make)()?);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            println!("{} is up to date", generated.path);
            continue;
        }
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{} written", generated.path);
    }
    if args.only.is_empty() { readme::write() } else { Ok(()) }
}

/// Compares everything with the tree.
pub(crate) fn check() -> Result<()> {
    let mut stale = Vec::new();
    for generated in GENERATED {
        let present = std::fs::read_to_string(generated.path()).unwrap_or_default();
        if let Some(why) = (generated.stale)(&present)? {
            stale.push(format!("{} {why}", generated.path));
        }
    }
    stale.extend(readme::stale()?);
    if stale.is_empty() {
        println!("{} generated files, and the READMEs of connectors, are what would be generated", GENERATED.len());
        return Ok(());
    }
    Err(format!("{}; `cargo xtask generate` writes it, and the difference belongs into the review", stale.join("; ")))
}

impl Generated {
    fn path(&self) -> PathBuf {
        root().join(self.path)
    }
}

/// The API's document, as the binary serves it.
fn openapi() -> Result<String> {
    // The same build as that of the tests: of the binary alone, cargo would make half of it once more.
    Run::cargo(&["build", "--quiet", "--workspace", "--exclude", "patchbay-it"]).status()?;
    let binary = target().join("debug").join("patchbay");
    let text = Run::program(&binary.to_string_lossy(), &["openapi"]).output()?;
    Ok(format!("{}\n", text.trim_end()))
}

fn differs(present: &str, wanted: &str) -> Option<String> {
    first_difference(present, wanted).map(|line| format!("differs from line {line} on"))
}

/// The first line, from 1, in which two texts differ.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named_by_its_line() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
    }
}
