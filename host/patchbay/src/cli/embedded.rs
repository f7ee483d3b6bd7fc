//! What the binary carries for authors: the SDKs, the example in each language, and the contract.
//!
//! They are on no registry of packages: a project gets them into its folder `.patchbay`, laid out as in the repository (`sdk/…`
//! beside `wit/`), so that each SDK finds the contract where it always does. The SDKs belong to the binary, so a newer one
//! replaces them at the next build; nobody edits there.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use rust_embed::RustEmbed;
use toml::{Table, Value};

use super::build::Language;
use crate::exit::Stop;

#[derive(RustEmbed)]
#[folder = "../../sdk"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/target/*"]
#[exclude = "*/dist/*"]
#[exclude = "*/__pycache__/*"]
#[exclude = "*/.venv/*"]
#[exclude = "*/.pytest_cache/*"]
#[exclude = "*/.patchbay/*"]
#[exclude = "definition/*"]
#[exclude = "client/*"]
struct Sdk;

#[derive(RustEmbed)]
#[folder = "../../wit"]
struct Contract;

/// The repository's own, for the versions of what the Rust SDK leans on.
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// What every key of a manifest means, for an author who has nothing but the binary.
const MANIFEST: &str = include_str!("../../../../plugins/README.md");

/// The folder of a project that belongs to `patchbay`.
pub(super) const OWN: &str = ".patchbay";

/// A file of a project: its path, and its bytes.
pub(super) type Written = (PathBuf, Cow<'static, [u8]>);

/// The example in a language, as `new` writes it: what all languages share, the language's own, and over it what holds only
/// outside of the repository.
pub(super) fn example(language: Language) -> Vec<Written> {
    let mut files: Vec<Written> = Vec::new();
    let own = [format!("{language}/example/"), format!("{language}/project/")];
    for folder in std::iter::once("example/").chain(own.iter().map(String::as_str)) {
        for (rest, bytes) in below::<Sdk>(folder) {
            let path = PathBuf::from(if rest == "gitignore" { ".gitignore".to_owned() } else { rest });
            files.retain(|(known, _)| *known != path);
            files.push((path, bytes));
        }
    }
    if language == Language::Rust {
        files.push((PathBuf::from("Cargo.lock"), Cow::Owned(lock().into_bytes())));
    }
    files
}

/// Puts SDK and contract into a project, or brings them up to date. Only what differs is written, so that a build does not
/// begin afresh; what is not of them any more goes.
pub(super) fn lay_out(project: &Path, language: Language) -> Result<(), Stop> {
    let own = project.join(OWN);
    let mut beside = BTreeSet::new();
    for (folder, files) in folders(language) {
        let root = own.join(&folder);
        beside.extend(files.iter().map(|(path, _)| Path::new(&folder).join(path)));
        let wanted: BTreeSet<PathBuf> = files.iter().map(|(path, _)| root.join(path)).collect();
        for file in present(&root).into_iter().filter(|file| !wanted.contains(file)) {
            std::fs::remove_file(&file).map_err(|error| Stop::file("removed", &file, &error))?;
        }
        for (path, bytes) in files {
            write_changed(&root.join(path), &bytes)?;
        }
    }
    write_changed(&own.join("manifest.md"), page(MANIFEST, &beside).as_bytes())?;
    if language == Language::Rust {
        write_changed(&own.join("sdk/Cargo.toml"), workspace().as_bytes())?;
    }
    Ok(())
}

/// A page of `plugins/` as a project has it: its links lead to what stands beside it; of the others the words stay.
fn page(text: &str, beside: &BTreeSet<PathBuf>) -> String {
    let (mut page, mut rest) = (String::new(), text);
    while let Some((before, link)) = rest.split_once("](") {
        page.push_str(before);
        let (target, after) = link.split_once(')').unwrap_or((link, ""));
        rest = after;
        let place = target.strip_prefix("../").filter(|place| beside.contains(Path::new(place)));
        match (place, page.rfind('[')) {
            (Some(place), _) => page.push_str(&format!("]({place})")),
            (None, Some(opens)) if !target.starts_with('#') && !target.contains("://") => drop(page.remove(opens)),
            _ => page.push_str(&format!("]({target})")),
        }
    }
    page + rest
}

/// What goes below `.patchbay`, by folder.
fn folders(language: Language) -> Vec<(String, Vec<Written>)> {
    let sdk = |name: &str| {
        let ours =
            |(path, _): &(String, _)| !["example/", "project/", "tests/"].iter().any(|own| path.starts_with(own));
        (format!("sdk/{name}"), below::<Sdk>(&format!("{name}/")).into_iter().filter(ours).map(placed).collect())
    };
    let mut folders = vec![("wit".to_owned(), below::<Contract>("").into_iter().map(placed).collect())];
    folders.push(sdk(language.name()));
    if language == Language::Rust {
        folders.push(sdk("fixture"));
    }
    folders
}

fn placed((path, bytes): (String, Cow<'static, [u8]>)) -> Written {
    (PathBuf::from(path), bytes)
}

/// The files of a folder that the binary carries, by their paths below it.
fn below<T: RustEmbed>(folder: &str) -> Vec<(String, Cow<'static, [u8]>)> {
    let paths = T::iter().filter_map(|path| path.strip_prefix(folder).map(str::to_owned));
    paths.filter_map(|rest| Some((rest.clone(), T::get(&format!("{folder}{rest}"))?.data))).collect()
}

/// The files of a folder that are there, but for what tools keep in it.
fn present(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != "node_modules" && name != "__pycache__" => {
                files.extend(present(&entry.path()));
            }
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
    files
}

/// Writes a file where it is not so already.
pub(super) fn write_changed(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Stop::file("made", folder, &error))?;
    }
    std::fs::write(path, bytes).map_err(|error| Stop::file("written", path, &error))
}

/// The workspace that the SDK's own manifests inherit from: those of the repository, with nothing but the two crates.
fn workspace() -> String {
    let all: Table = WORKSPACE.parse().unwrap_or_default();
    let mut workspace = all.get("workspace").and_then(Value::as_table).cloned().unwrap_or_default();
    workspace.insert("members".to_owned(), Value::Array(vec!["rust".into(), "fixture".into()]));
    if let Some(Value::Table(dependencies)) = workspace.get_mut("dependencies") {
        dependencies.retain(|_, dependency| dependency.get("path").is_none());
        let fixture = Table::from_iter([("path".to_owned(), Value::from("fixture"))]);
        dependencies.insert("patchbay-fixture".to_owned(), Value::Table(fixture));
    }
    toml::to_string(&Table::from_iter([("workspace".to_owned(), Value::Table(workspace))])).unwrap_or_default()
}

/// The versions that the repository is tested with, of what the SDK and what it leans on need. Cargo adds the project itself.
fn lock() -> String {
    let mut lock: Table = LOCK.parse().unwrap_or_default();
    let Some(Value::Array(packages)) = lock.get_mut("package") else { return String::new() };
    let name = |package: &Value| package.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut needed = BTreeSet::from(["patchbay-sdk".to_owned()]);
    let mut open = vec!["patchbay-sdk".to_owned()];
    while let Some(next) = open.pop() {
        for package in packages.iter().filter(|package| name(package) == next) {
            let leans = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
            // `name`, or `name version` where there are several.
            for other in leans.filter_map(Value::as_str).filter_map(|text| text.split(' ').next()) {
                if needed.insert(other.to_owned()) {
                    open.push(other.to_owned());
                }
            }
        }
    }
    packages.retain(|package| needed.contains(&name(package)));
    toml::to_string(&lock).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_has_a_manifest_fixtures_and_a_test_in_every_language() {
        for language in Language::ALL {
            let files: Vec<String> = example(*language).iter().map(|(path, _)| path.display().to_string()).collect();
            for file in ["connector.toml", "README.md", "fixtures/identify.json", ".gitignore", language.mark()] {
                assert!(files.iter().any(|known| known == file), "{language}: {file} is not among {files:?}");
            }
            assert!(files.iter().any(|file| file.starts_with("tests/")), "{language}: {files:?}");
            assert!(!files.iter().any(|file| file.contains("node_modules")), "{files:?}");
        }
    }

    #[test]
    fn the_sdk_of_rust_inherits_from_a_workspace_of_its_own() {
        let workspace: Table = workspace().parse().expect("TOML");
        let dependencies = &workspace["workspace"]["dependencies"];
        assert_eq!(dependencies["patchbay-fixture"]["path"].as_str(), Some("fixture"));
        assert!(dependencies.get("wit-bindgen").is_some() && dependencies.get("patchbay-model").is_none());
    }

    #[test]
    fn the_lock_of_a_project_holds_what_the_sdk_needs_and_nothing_of_the_host() {
        let lock = lock();
        assert!(lock.contains("name = \"wit-bindgen\"") && lock.contains("name = \"serde_json\""));
        assert!(!lock.contains("name = \"wasmtime\"") && !lock.contains("name = \"patchbay-model\""));
    }

    #[test]
    fn links_of_a_page_lead_to_what_is_there_or_are_words() {
        let beside = BTreeSet::from([PathBuf::from("wit/README.md")]);
        let text =
            "See [the contract](../wit/README.md), [one](github), [below](#keys), [it](https://a.example/) `[[host]]`";
        let wanted = "See [the contract](wit/README.md), one, [below](#keys), [it](https://a.example/) `[[host]]`";
        assert_eq!(page(text, &beside), wanted);
    }

    #[test]
    fn laying_out_writes_what_differs_and_removes_what_is_not_ours_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        lay_out(folder.path(), Language::Rust).expect("laid out");
        let at = |path: &str| folder.path().join(OWN).join(path);
        assert!(at("wit/world.wit").is_file() && at("sdk/rust/src/lib.rs").is_file() && at("sdk/Cargo.toml").is_file());
        assert!(!at("sdk/rust/example").exists());
        let manifest = std::fs::read_to_string(at("manifest.md")).expect("the book of the manifest");
        assert!(manifest.contains("connector.toml") && manifest.contains("[[host]]"));
        assert!(manifest.contains("](wit/README.md)") && manifest.contains("](sdk/rust/README.md)"));
        for link in manifest.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let leads = link.starts_with('#') || link.starts_with("https://") || at(link).is_file();
            assert!(leads, "`{link}` leads nowhere in a project");
        }
        let before = std::fs::metadata(at("wit/world.wit")).and_then(|file| file.modified()).expect("a time");
        std::fs::write(at("wit/stranger.wit"), "").expect("written");
        std::fs::write(at("sdk/rust/src/lib.rs"), "").expect("written");
        lay_out(folder.path(), Language::Rust).expect("laid out");
        assert!(!at("wit/stranger.wit").exists());
        assert!(std::fs::metadata(at("sdk/rust/src/lib.rs")).expect("a file").len() > 0);
        assert_eq!(std::fs::metadata(at("wit/world.wit")).and_then(|file| file.modified()).expect("a time"), before);
    }
}
