//! Whether a build of the tests asks a library for more features than one without them does.
//!
//! Cargo builds a library once for each set of features. One `[dev-dependencies]` that asks tokio for more has a second tokio
//! built, and with it all that leans on tokio, our rooms included: that was a third of a build from nothing. So what tests ask
//! more of stands in `tests/features`, and is everybody's.

use std::collections::{BTreeMap, BTreeSet};

use super::Breach;
use crate::shell::{Result, Run};

const WHY: &str = "with other features for its tests it is built twice, and with it all of the host that leans on it";
const INSTEAD: &str = "ask for the features in tests/features/Cargo.toml too";

/// Libraries by name and version, with each of their sets of features.
type Sets = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check() -> Result<Vec<Breach>> {
    Ok(compare(&read(&asked("normal,build")?), &read(&asked("normal,build,dev")?)))
}

fn asked(edges: &str) -> Result<String> {
    Run::cargo(&["tree", "--quiet", "--workspace", "--prefix=none", "--format={p}|{f}", "--edges", edges]).output()
}

fn read(tree: &str) -> Sets {
    let mut sets = Sets::new();
    for line in tree.lines() {
        let Some((package, features)) = line.trim_end().trim_end_matches(" (*)").split_once('|') else { continue };
        let package = package.replace(" (proc-macro)", "");
        sets.entry(package).or_default().insert(features.to_owned());
    }
    sets
}

fn compare(without: &Sets, with: &Sets) -> Vec<Breach> {
    let differ = without.iter().filter_map(|(package, plain)| {
        let tested = with.get(package)?;
        plain.iter().any(|features| !tested.contains(features)).then(|| Breach {
            place: package.clone(),
            what: format!("has the features {} without tests and {} with them", told(plain), told(tested)),
            why: WHY,
            instead: INSTEAD,
        })
    });
    differ.collect()
}

fn told(sets: &BTreeSet<String>) -> String {
    let sets: Vec<String> = sets.iter().map(|features| format!("[{features}]")).collect();
    sets.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "a v1.0.0|net,rt\nb v2.0.0 (proc-macro)|\na v1.0.0|net (*)\n\nours v0.0.0 (/tree/host/ours)|\n";

    #[test]
    fn a_library_of_which_tests_ask_more_is_named_with_both_sets() {
        let with = PLAIN.replace("net,rt", "net,rt,test-util");
        let breaches = compare(&read(PLAIN), &read(&with));
        let [breach] = breaches.as_slice() else { panic!("{breaches:?}") };
        assert_eq!(breach.place, "a v1.0.0");
        assert_eq!(
            breach.what,
            "has the features [net] and [net,rt] without tests and [net] and [net,rt,test-util] with them"
        );
    }

    #[test]
    fn a_library_that_only_tests_use_is_built_once_anyway() {
        assert_eq!(compare(&read(PLAIN), &read(&format!("{PLAIN}c v1.0.0|std\nb v2.0.0|full\n"))), []);
    }
}
