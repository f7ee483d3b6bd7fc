//! Node.js: what the tests run a certified OpenID provider in. Looked for before the tests, because a
//! provider that never starts looks like a host that hangs.

use serde::Deserialize;

use crate::shell::{Result, Run, root};

/// The provider's folder; its tests run `npm ci` there themselves.
const PROVIDER: &str = "tests/oidc/package.json";

#[derive(Deserialize)]
struct Package {
    engines: Engines,
}

#[derive(Deserialize)]
struct Engines {
    node: String,
}

/// Whether Node.js and npm are there, and new enough for the provider.
pub(crate) fn check() -> Result<()> {
    let text = std::fs::read_to_string(root().join(PROVIDER)).map_err(|error| format!("{PROVIDER}: {error}"))?;
    let package: Package = serde_json::from_str(&text).map_err(|error| format!("{PROVIDER}: {error}"))?;
    let needed = &package.engines.node;
    let found = said("node", needed)?;
    said("npm", needed)?;
    if new_enough(&found, needed)? { Ok(()) } else { Err(advice(&format!("this is Node.js {found}"), needed)) }
}

/// What a program says of its version.
fn said(program: &str, needed: &str) -> Result<String> {
    let version = Run::program(program, &["--version"]).output();
    version.map(|text| text.trim().to_owned()).map_err(|why| advice(&why, needed))
}

fn advice(why: &str, needed: &str) -> String {
    format!(
        "{why}; the tests run an OpenID provider in Node.js ({PROVIDER} asks for {needed}): install Node.js with npm, \
         e.g. `apt-get install nodejs npm`"
    )
}

/// Whether `v20.20.2` is at least what `>=20.19` asks for. Only that form is read.
fn new_enough(found: &str, needed: &str) -> Result<bool> {
    let least = needed.strip_prefix(">=").and_then(numbers);
    let least = least.ok_or_else(|| format!("{PROVIDER}: engines.node has to be like >=20.19, not {needed}"))?;
    let found = numbers(found.trim_start_matches('v')).ok_or_else(|| format!("`{found}` is no version of Node.js"))?;
    Ok(found >= least)
}

/// Major and minor number.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next().and_then(std::result::Result::ok).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (found, fits) in [("v20.19.0", true), ("v20.9.1", false), ("v22.0.0", true), ("v8.100.0", false)] {
            assert_eq!(new_enough(found, ">=20.19"), Ok(fits), "{found}");
        }
        assert!(new_enough("v20.19.0", "^20").is_err());
        assert!(new_enough("nonsense", ">=20").is_err());
    }

    #[test]
    fn a_missing_program_is_named_with_what_to_install() {
        let why = said("no-such-node", ">=20.19").expect_err("it is not there");
        assert!(why.contains("no-such-node") && why.contains("install Node.js with npm"), "{why}");
    }
}
