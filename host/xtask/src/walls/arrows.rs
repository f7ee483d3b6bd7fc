//! Which room may lean on which: arrows only point down.

use super::Breach;
use crate::metadata::Metadata;

const WHY: &str = "arrows only point down, so that a room can be read, tested and replaced without those above it";
const INSTEAD: &str =
    "move what both need down into host/model, or let the room above pass it in as a value or a trait";

/// A room and the rooms it may name; `*` stands for every folder beside.
const ARROWS: &[(&str, &[&str])] = &[
    ("host/model", &[]),
    ("host/store", &["host/model"]),
    ("host/credentials", &["host/model"]),
    ("host/egress", &["host/model"]),
    ("host/engine", &["host/egress", "host/model"]),
    ("host/app", &["host/credentials", "host/egress", "host/engine", "host/model", "host/store"]),
    ("host/api", &["host/app", "host/model"]),
    // Runs a connector over recorded answers, and records them: the host's sandbox and gate without the rest of it.
    ("host/check", &["host/egress", "host/engine", "host/model", "sdk/fixture"]),
    (
        "host/patchbay",
        &[
            "host/api",
            "host/app",
            "host/check",
            "host/credentials",
            "host/egress",
            "host/engine",
            "host/model",
            "host/store",
            "sdk/definition",
        ],
    ),
    ("host/xtask", &["host/model", "sdk/definition", "tests/fakes", "tests/support"]),
    // Read by the packers and by the generic connector, so that both mean the same.
    ("sdk/definition", &[]),
    ("sdk/fixture", &[]),
    ("sdk/rust", &["sdk/fixture"]),
    ("sdk/rust/example", &["sdk/rust"]),
    ("plugins/generic", &["sdk/definition", "sdk/rust"]),
    ("plugins/*", &["sdk/rust"]),
    // Measures the host beside the same loop without a sandbox, so that it leans on what both share.
    (
        "tests/bench",
        &[
            "host/app",
            "host/credentials",
            "host/egress",
            "host/engine",
            "host/model",
            "host/store",
            "tests/it",
            "tests/support",
        ],
    ),
    ("tests/connectors", &["host/model", "tests/it", "tests/support"]),
    // Old components and new ones against the engine of now.
    ("tests/contract", &["host/egress", "host/engine", "host/model"]),
    ("tests/fakes", &["host/model"]),
    ("tests/guests", &["sdk/rust"]),
    ("tests/desk", &["sdk/rust"]),
    ("tests/ledger", &["sdk/rust"]),
    ("tests/features", &[]),
    ("tests/offender", &["sdk/rust"]),
    ("tests/support", &["host/model", "tests/fakes"]),
    ("tests/it", &["host/model", "tests/fakes", "tests/support"]),
];

pub(super) fn check(metadata: &Metadata) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for package in &metadata.packages {
        let room = metadata.room(package);
        let Some((_, allowed)) = ARROWS.iter().find(|(pattern, _)| fits(pattern, &room)) else {
            breaches.push(Breach {
                place: room,
                what: "this room is not on the map".to_owned(),
                why: WHY,
                instead: "add it to ARROWS in host/xtask/src/walls/arrows.rs and to host/ARCHITECTURE.md, or put the code into a room that exists",
            });
            continue;
        };
        for other in package.dependencies.iter().filter_map(|dependency| metadata.ours(dependency)) {
            if !allowed.contains(&other.as_str()) {
                let what = if allowed.is_empty() {
                    format!("names {other}, and may name no room of ours")
                } else {
                    format!("names {other}, and may name only {}", allowed.join(", "))
                };
                breaches.push(Breach { place: room.clone(), what, why: WHY, instead: INSTEAD });
            }
        }
    }
    breaches
}

/// Whether a folder fits a pattern of which the last part may be `*`.
pub(super) fn fits(pattern: &str, room: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(before) => room.strip_prefix(before).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
        None => pattern == room,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::workspace, *};

    #[test]
    fn an_arrow_that_points_up_is_a_breach() {
        let found = check(&workspace("host/store", &[("patchbay-app", Some("host/app"), None)]));
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|breach| breach.what.contains("names host/app, and may name only host/model")));
    }

    #[test]
    fn a_test_may_not_look_into_a_room_either() {
        let found = check(&workspace("tests/it", &[("patchbay-store", Some("host/store"), Some("dev"))]));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_room_that_nobody_drew_is_a_breach() {
        assert_eq!(check(&workspace("host/utils", &[])).len(), 1);
    }

    #[test]
    fn arrows_that_point_down_are_fine() {
        let down = [("patchbay-egress", Some("host/egress"), None), ("serde", None, None)];
        assert_eq!(check(&workspace("host/engine", &down)), []);
        assert_eq!(check(&workspace("plugins/anything", &[("patchbay-sdk", Some("sdk/rust"), None)])), []);
    }
}
