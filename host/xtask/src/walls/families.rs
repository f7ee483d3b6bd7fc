//! Which crates of others may be named where.

use super::{Breach, arrows::fits};
use crate::metadata::Metadata;

/// Crates that only some rooms may name.
struct Family {
    /// Names; a `*` at the end takes every ending.
    crates: &'static [&'static str],
    /// Rooms that may name them.
    rooms: &'static [&'static str],
    why: &'static str,
    instead: &'static str,
}

const FAMILIES: &[Family] = &[
    Family {
        crates: &["sqlx*", "libsqlite3-sys", "rusqlite"],
        rooms: &["host/store"],
        why: "SQL stands in one room, where each statement is reviewed and run against every database",
        instead: "add a function to host/store that says what is wanted in the product's words",
    },
    Family {
        crates: &["axum*", "tower*", "utoipa*"],
        rooms: &["host/api", "tests/fakes"],
        why: "HTTP to us is one room's business; a use case that knows status codes cannot be called from elsewhere",
        instead: "answer with a value or a model::Fault and let host/api turn it into HTTP",
    },
    Family {
        crates: &["wasmtime*", "cranelift*"],
        rooms: &["host/engine"],
        why: "the sandbox is one room, so that its settings and limits hold for every call",
        instead: "use the plain types of patchbay_engine",
    },
    Family {
        crates: &["oci-client"],
        // It brings a client of its own; which registries it may ask is the operator's list (`app/src/oci`).
        rooms: &["host/app"],
        why: "releases come into the host at one place, where their digest and signature are checked",
        instead: "hand the bytes to App::install",
    },
    Family {
        crates: &["wit-bindgen*"],
        rooms: &["sdk/rust", "tests/guests"],
        why: "connectors see the contract only through the SDK, which keeps old connectors building",
        instead: "use patchbay-sdk",
    },
    Family {
        crates: &["oauth2", "chacha20poly1305", "hkdf"],
        rooms: &["host/credentials"],
        why: "an opened secret and the protocol that obtains it stand in one room",
        instead: "use patchbay_credentials",
    },
    Family {
        crates: &["hyper", "hyper-util"],
        // The API and the fakes serve with hyper, which bounds what a client may cost; they
        // call nobody (for the API, `calls_out` in sources.rs looks).
        rooms: &["host/api", "host/egress", "tests/fakes"],
        why: "every byte that leaves goes through the gate, which checks addresses, scopes and secrets",
        instead: "use patchbay_egress::Gate",
    },
    Family {
        crates: &["hyper-*", "reqwest", "h2", "isahc", "curl"],
        rooms: &["host/egress"],
        why: "every byte that leaves goes through the gate, which checks addresses, scopes and secrets",
        instead: "use patchbay_egress::Gate",
    },
    Family {
        crates: &["ureq"],
        // The command line calls the host's own API from beside it, with the operator's key and without TLS;
        // it carries no connector's request, so the gate has nothing to check there.
        rooms: &["host/patchbay", "host/xtask", "tests/fakes", "tests/support"],
        why: "a blocking HTTP client exists for people at a terminal and for tests, never inside the host",
        instead: "use patchbay_egress::Gate",
    },
    Family {
        crates: &["getrandom", "rand", "fastrand"],
        rooms: &["host/model", "tests/*"],
        why: "randomness is a parameter, so that a test can repeat a run by its seed",
        instead: "take a model::Random",
    },
    Family {
        crates: &["jiff", "chrono", "time"],
        // The gate reads the dates of `Retry-After`.
        rooms: &["host/egress", "host/model", "tests/*", "plugins/*", "sdk/rust"],
        why: "time is a parameter, and one type of ours stands for a moment",
        instead: "use model::Timestamp and model::Clock",
    },
];

/// Crates that a room must not name, though others may.
struct Never {
    rooms: &'static [&'static str],
    crates: &'static [&'static str],
    why: &'static str,
    instead: &'static str,
}

const NEVER: &[Never] = &[Never {
    rooms: &["host/model"],
    crates: &["tokio*", "http", "http-body*", "tracing*"],
    why: "the model is plain types that every room shares: no runtime, no I/O",
    instead: "put what runs into the room that needs it",
}];

/// What a connector may name besides the SDK: crates that only compute. Add a crate here when a connector
/// needs it, after looking that it opens no file, socket or clock.
const PURE: &[&str] = &[
    "base64",
    "csv",
    "hmac",
    "jiff",
    "percent-encoding",
    // Only in tests.
    "proptest",
    "quick-xml",
    "serde",
    "serde_json",
    "sha2",
    "url",
];

/// Crates that are nowhere, not even in tests.
const NOWHERE: &[&str] = &["anyhow", "eyre", "lazy_static", "once_cell", "openssl*", "native-tls", "hyper-tls"];

pub(super) fn check(metadata: &Metadata) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for package in &metadata.packages {
        let room = metadata.room(package);
        for dependency in &package.dependencies {
            if dependency.path.is_some() {
                continue;
            }
            let name = dependency.name.as_str();
            let what = match dependency.kind.as_deref() {
                Some(kind) => format!("names the crate {name} ({kind}-dependency)"),
                None => format!("names the crate {name}"),
            };
            breaches.extend(crossed(&room, name).map(|(why, instead)| Breach {
                place: room.clone(),
                what,
                why,
                instead,
            }));
        }
    }
    breaches
}

/// The wall that a room breaks by naming a crate.
fn crossed(room: &str, name: &str) -> Option<(&'static str, &'static str)> {
    let among = |patterns: &[&str]| patterns.iter().any(|pattern| named(pattern, name));
    let inside = |rooms: &[&str]| rooms.iter().any(|pattern| fits(pattern, room));
    if among(NOWHERE) {
        return Some((
            "it is banned everywhere (see .deny.toml and NOWHERE in families.rs)",
            "use rustls, std, or an enum of errors",
        ));
    }
    if fits("plugins/*", room) && !PURE.contains(&name) {
        return Some((
            "a connector depends on the SDK and on crates that only compute: the host does the rest for it",
            "use patchbay-sdk; or add the crate to PURE in host/xtask/src/walls/families.rs after looking at it",
        ));
    }
    if let Some(never) = NEVER.iter().find(|never| inside(never.rooms) && among(never.crates)) {
        return Some((never.why, never.instead));
    }
    // The first family that names the crate decides, so that one of `hyper-*` can have rooms of its own.
    let family = FAMILIES.iter().find(|family| among(family.crates))?;
    (!inside(family.rooms)).then_some((family.why, family.instead))
}

fn named(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::{super::testing::workspace, *};

    fn falls(room: &str, name: &str) -> bool {
        !check(&workspace(room, &[(name, None, None)])).is_empty()
    }

    #[test]
    fn each_family_stays_in_its_room() {
        for (room, name) in [
            ("host/app", "sqlx"),
            ("host/app", "axum"),
            ("host/app", "tower-http"),
            ("host/app", "wasmtime"),
            ("host/api", "wasmtime-wasi"),
            ("plugins/one", "wit-bindgen"),
            ("host/app", "oauth2"),
            ("host/credentials", "hyper"),
            ("host/app", "hyper-util"),
            ("host/api", "hyper-rustls"),
            ("host/app", "reqwest"),
            ("host/app", "ureq"),
            ("host/model", "tokio"),
            ("plugins/one", "tokio"),
            ("host/store", "openssl-sys"),
        ] {
            assert!(falls(room, name), "{room} may name {name}");
        }
    }

    #[test]
    fn a_dev_dependency_is_no_way_around() {
        assert_eq!(check(&workspace("host/app", &[("sqlx", None, Some("dev"))])).len(), 1);
    }

    #[test]
    fn each_family_is_allowed_at_home() {
        for (room, name) in [
            ("host/store", "sqlx"),
            ("host/api", "utoipa-axum"),
            ("host/api", "hyper-util"),
            ("tests/fakes", "axum"),
            ("tests/fakes", "hyper-util"),
            ("host/engine", "wasmtime-wasi"),
            ("sdk/rust", "wit-bindgen"),
            ("host/egress", "hyper"),
            ("host/patchbay", "ureq"),
            ("plugins/one", "serde_json"),
        ] {
            assert!(!falls(room, name), "{room} may not name {name}");
        }
    }
}
