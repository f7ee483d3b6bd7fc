//! Today's text and the released ones.

use std::{collections::BTreeMap, fs};

use patchbay_model::package;

use crate::text::{Text, Verdict, folder};

/// The released versions, each with the digest of its text. A line is added when a version is released, and none is ever
/// changed: strangers have compiled against it.
const RELEASED: &[(&str, &str)] = &[("0.1.0", "70d1683c71d8bc536be5d9d8bb9f4ffdd60794ee72715555d8021151b6793422")];

/// The copies under `wit/since-…`, by version.
fn copies() -> BTreeMap<String, Text> {
    let entries = fs::read_dir(folder()).expect("wit/").map(|entry| entry.expect("an entry").path());
    let copies = entries.filter_map(|path| {
        let version = path.file_name()?.to_str()?.strip_prefix("since-")?.to_owned();
        Some((version, Text::of(&path)))
    });
    copies.collect()
}

#[test]
fn a_released_text_never_changes_and_never_goes() {
    let found: BTreeMap<String, String> = copies().iter().map(|(name, text)| (name.clone(), text.digest())).collect();
    let released: BTreeMap<String, String> =
        RELEASED.iter().map(|(version, digest)| ((*version).to_owned(), (*digest).to_owned())).collect();
    assert_eq!(found, released, "wit/since-… are what strangers compiled against; see wit/README.md");
    for (version, text) in copies() {
        assert_eq!(text.version(), version, "wit/since-{version}");
    }
}

#[test]
fn what_was_built_against_a_released_text_fits_todays_and_the_other_way_round() {
    let today = Text::of(&folder());
    for (version, released) in copies() {
        assert_eq!(released.judge(&today), Verdict::Fits, "since {version}");
    }
}

#[test]
fn what_is_added_has_a_version_of_its_own() {
    let today = Text::of(&folder());
    match copies().get(&today.version()) {
        Some(released) => assert_eq!(
            released.says_the_same(&today),
            Ok(()),
            "{} is released: what is added needs the next patch version",
            today.version()
        ),
        None => assert!(newer(&today.version()), "{} is older than what is released", today.version()),
    }
}

/// Whether a version comes after all that are released.
fn newer(version: &str) -> bool {
    let numbers =
        |version: &str| -> Vec<u64> { version.split('.').map(|part| part.parse().expect("a number")).collect() };
    RELEASED.iter().all(|(released, _)| numbers(version) > numbers(released))
}

#[test]
fn a_host_speaks_every_released_version() {
    for (version, _) in RELEASED {
        assert!(package::SPOKEN.contains(version), "{version} is released, and package::SPOKEN does not name it");
    }
}
