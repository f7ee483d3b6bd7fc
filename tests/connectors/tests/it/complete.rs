//! **Nothing of a connector is untested** (as wasmtime's test programs see to it): a folder of `plugins/` without
//! fixtures, without a fake or without a case fails here, and so does a stream or action that no case reads or writes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use patchbay_connector_tests::Case;
use patchbay_model::manifest::{self, Availability, Manifest};
use patchbay_test_support::{Result, Trouble, fakes::also};

/// Fakes that every test has beside it.
const ALWAYS: [&str; 2] = ["github", "silverfin"];

/// The connectors with code: folder and manifest.
fn connectors() -> Result<Vec<(PathBuf, Manifest)>> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut connectors = Vec::new();
    for entry in fs::read_dir(plugins)? {
        let folder = entry?.path();
        let Ok(text) = fs::read_to_string(folder.join("connector.toml")) else {
            if folder.join("Cargo.toml").is_file() {
                return Err(Trouble::new(format!("{} has no connector.toml", folder.display())));
            }
            continue;
        };
        let beside = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let manifest = manifest::parse::parse(&text, &beside)
            .map_err(|problems| Trouble::new(format!("{}: {problems:?}", folder.display())))?;
        if manifest.availability != Availability::ComingSoon {
            connectors.push((folder, manifest));
        }
    }
    connectors.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(connectors)
}

/// What is missing for a connector, one line each.
fn missing(folder: &Path, manifest: &Manifest, cases: &[Case]) -> Vec<String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut missing = Vec::new();
    if !ALWAYS.contains(&name) && !also::all().iter().any(|fake| fake.name() == name) {
        missing.push(format!("{name}: no fake of this name in tests/fakes/src/also.rs"));
    }
    let cases: Vec<&Case> = cases.iter().filter(|case| case.connector == name).collect();
    if cases.is_empty() {
        missing.push(format!("{name}: no case in tests/connectors/tests/it"));
        return missing;
    }
    let read: BTreeSet<&str> = cases.iter().flat_map(|case| &case.streams).map(|stream| stream.name).collect();
    let written: BTreeSet<&str> = cases.iter().flat_map(|case| &case.actions).map(|action| action.name).collect();
    let streams: BTreeSet<&str> = manifest.streams.iter().map(|stream| stream.name.as_str()).collect();
    let actions: BTreeSet<&str> = manifest.actions.iter().map(|action| action.name.as_str()).collect();
    missing.extend(streams.difference(&read).map(|stream| format!("{name}: no case reads the stream {stream}")));
    missing.extend(actions.difference(&written).map(|action| format!("{name}: no case writes by the action {action}")));
    let has = |file: String| folder.join("fixtures").join(file).is_file();
    let fixtures = ["identify.json".to_owned()]
        .into_iter()
        .chain(streams.iter().map(|stream| format!("streams/{stream}.json")))
        .chain(actions.iter().map(|action| format!("actions/{action}.json")));
    missing.extend(fixtures.filter(|file| !has(file.clone())).map(|file| format!("{name}: no fixtures/{file}")));
    if cases.iter().all(|case| case.broken.is_empty()) {
        missing.push(format!("{name}: no case breaks its credential"));
    }
    missing
}

#[test]
fn every_connector_has_fixtures_a_fake_and_a_case_that_reads_and_writes_all_that_it_can() -> Result<()> {
    let cases = super::cases();
    let connectors = connectors()?;
    assert!(connectors.len() >= 2, "plugins/ was not found");
    let missing: Vec<String> =
        connectors.iter().flat_map(|(folder, manifest)| missing(folder, manifest, &cases)).collect();
    assert!(missing.is_empty(), "{} things are missing:\n{}", missing.len(), missing.join("\n"));
    Ok(())
}

#[test]
fn what_is_left_out_is_named() -> Result<()> {
    let connectors = connectors()?;
    let (folder, github) = connectors.iter().find(|(folder, _)| folder.ends_with("github")).expect("github");
    let without = |change: fn(&mut Case)| {
        let mut case = super::github::case();
        change(&mut case);
        missing(folder, github, &[case]).into_iter().filter(|line| line.contains("no case")).collect::<Vec<_>>()
    };
    let no_streams = without(|case| case.streams.truncate(1));
    assert_eq!(no_streams.len(), 2, "{no_streams:?}");
    assert!(no_streams.iter().any(|line| line.ends_with("no case reads the stream issues")), "{no_streams:?}");
    assert_eq!(without(|case| case.actions.truncate(1)), ["github: no case writes by the action comment"]);
    assert_eq!(without(|case| case.connector = "other"), ["github: no case in tests/connectors/tests/it"]);
    assert_eq!(without(|_| {}), Vec::<String>::new());
    let elsewhere = folder.join("src");
    assert!(missing(&elsewhere, github, &[]).iter().any(|line| line.contains("no fake")));
    Ok(())
}
