//! What must not be anywhere in the tree of dependencies, however deep.

use super::Breach;

const NOWHERE: &[(&str, &str, &str)] = &[
    (
        "openssl",
        "one TLS library, in Rust, for all",
        "turn off the crate's default features and take its rustls feature",
    ),
    (
        "openssl-sys",
        "one TLS library, in Rust, for all",
        "turn off the crate's default features and take its rustls feature",
    ),
    (
        "native-tls",
        "one TLS library, in Rust, for all",
        "turn off the crate's default features and take its rustls feature",
    ),
];

/// Reads the names out of Cargo.lock.
pub(super) fn check(lock: &str) -> Vec<Breach> {
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    names
        .filter_map(|name| NOWHERE.iter().find(|(banned, ..)| *banned == name))
        .map(|(name, why, instead)| Breach {
            place: "Cargo.lock".to_owned(),
            what: format!("{name} came into the tree; `cargo tree -i {name}` says through whom"),
            why,
            instead,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_is_found_however_deep() {
        let lock = "[[package]]\nname = \"openssl-sys\"\nversion = \"0.9.1\"\n";
        assert_eq!(check(lock).len(), 1);
        assert_eq!(check("[[package]]\nname = \"openssl-probe\"\n"), []);
    }
}
