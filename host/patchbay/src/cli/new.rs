//! `patchbay new NAME`: a connector that works, to be changed into another.
//!
//! It is the example of the SDKs under another name: a manifest, recorded answers, the code in one file and tests of it. It checks,
//! packs and syncs as it stands, so that whatever does not work later was changed since.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use patchbay_model::manifest;

use super::{
    build::Language,
    embedded::{self, Written},
};
use crate::exit::{Exit, Stop};

/// What the example is called, and its package.
const ID: &str = "example.notebook";
const PACKAGES: &[&str] = &["notebook-connector", "notebook_connector"];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What it is called: publisher.name, each of lower-case letters, digits and hyphens.
    name: String,
    /// What it is written in.
    #[arg(long, value_enum)]
    lang: Language,
    /// The folder to make; the part behind the dot when it is not given.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let files = named(embedded::example(args.lang), &args.name)?;
    let part = args.name.split_once('.').map_or(args.name.as_str(), |(_, part)| part);
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(part));
    if std::fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        let text = format!("{} is there already, and nothing is overwritten; name another with --dir", dir.display());
        return Err(Stop { exit: Exit::Usage, ..Stop::failed(text) });
    }
    for (path, bytes) in &files {
        embedded::write_changed(&dir.join(path), bytes)?;
    }
    embedded::lay_out(&dir, args.lang)?;
    print!("{}", next(&args.name, args.lang, &dir, files.len()));
    Ok(Exit::Done)
}

/// The example under another name.
fn named(example: Vec<Written>, name: &str) -> Result<Vec<Written>, Stop> {
    let wrong = |remedy: &str| {
        let text = format!("{name:?} is no name of a connector: {remedy}");
        Stop { exit: Exit::Usage, ..Stop::failed(text) }
    };
    let Some((_, part)) = name.split_once('.') else { return Err(wrong("write publisher.name")) };
    // Only plain letters may go into the files, whatever else is wrong with them.
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')) {
        return Err(wrong("write publisher.name, each of lower-case letters, digits and hyphens"));
    }
    let mut files = Vec::with_capacity(example.len());
    for (path, bytes) in example {
        let Ok(text) = std::str::from_utf8(&bytes) else {
            files.push((path, bytes));
            continue;
        };
        let mut text = text.replace(ID, name);
        for package in PACKAGES {
            let separator = package.trim_start_matches("notebook").trim_end_matches("connector");
            text = text.replace(package, &format!("{}{separator}connector", part.replace('-', separator)));
        }
        if path == Path::new("connector.toml") {
            let logo = |_: &str| Some("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned());
            if let Err(problems) = manifest::parse::parse(&text, &logo)
                && let Some(problem) = problems.first()
            {
                return Err(wrong(&problem.remedy));
            }
        }
        files.push((path, Cow::Owned(text.into_bytes())));
    }
    Ok(files)
}

/// What to do now.
fn next(name: &str, language: Language, dir: &Path, files: usize) -> String {
    format!(
        "{name}, a connector in {language}, stands in {dir}: {files} files\n\n\
         \x20 cd {dir}\n\
         \x20 patchbay check      builds it, and tries it over its recorded answers\n\
         \x20 patchbay dev        builds it again whenever it changes, in a host of its own\n\
         \x20 patchbay package    makes one file of it, to install or to publish\n",
        dir = dir.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_goes_into_manifest_package_and_test() {
        let files = named(embedded::example(Language::Rust), "acme.day-books").expect("named");
        let text = |name: &str| {
            let (_, bytes) = files.iter().find(|(path, _)| path == Path::new(name)).expect("a file");
            String::from_utf8(bytes.to_vec()).expect("text")
        };
        assert!(text("connector.toml").contains("id = \"acme.day-books\""));
        assert!(text("Cargo.toml").contains("name = \"day-books-connector\""));
        assert!(text("tests/connector.rs").contains("use day_books_connector::Connector;"));
        for (path, bytes) in &files {
            assert!(!String::from_utf8_lossy(bytes).contains(ID), "{}", path.display());
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused_before_anything_is_written() {
        for name in ["books", "acme.", ".books", "Acme.books", "acme.bo oks", "acme.b\"", "a.b.c", "acme.books-"] {
            let stop = named(embedded::example(Language::Rust), name).expect_err(name);
            assert_eq!(stop.exit, Exit::Usage, "{name}");
            assert!(stop.fault.person.contains("write publisher.name"), "{}", stop.fault.person);
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("mine.txt"), "mine").expect("written");
        let args = Args { name: "acme.books".to_owned(), lang: Language::Rust, dir: Some(folder.path().to_owned()) };
        assert_eq!(run(&args).expect_err("refused").exit, Exit::Usage);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
