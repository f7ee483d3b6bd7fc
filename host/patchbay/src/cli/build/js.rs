//! A project in TypeScript or JavaScript: the SDK's own build, run by Node.
//!
//! What is worth reading is in `sdk/js/build`: it installs its tools from a lock file (npm, without running anything of the
//! packages), makes one file of the author's many, and puts an engine around it. Here stands what comes before: is there a Node
//! that can do that, and which interfaces does the manifest need. The build is not asked for that, because it runs an author's
//! code only inside of the sandbox, and a component that exports too little is a mistake to be told, not a wish.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use toml::Table;

use super::{super::embedded, component, tool};
use crate::exit::Stop;

/// The oldest Node that the SDK's build and tests run on.
const OLDEST: (u32, u32) = (20, 19);
/// The build, below the project.
const BUILD: &str = "sdk/js/build/build.mjs";

pub(super) fn build(dir: &Path, told: &mut dyn FnMut(String)) -> Result<PathBuf, Stop> {
    node_is_there(told)?;
    let manifest = dir.join("connector.toml");
    let text = std::fs::read_to_string(&manifest).map_err(|error| Stop::file("read", &manifest, &error))?;
    let world = world(&text)?;
    let mut node = Command::new("node");
    node.current_dir(dir).arg(dir.join(embedded::OWN).join(BUILD)).arg(dir).arg(world);
    tool::output(&mut node, told)?;
    Ok(component(dir))
}

/// The world of the contract that holds what a manifest speaks of.
fn world(manifest: &str) -> Result<&'static str, Stop> {
    let manifest: Table = manifest.parse().map_err(|error| Stop::failed(format!("connector.toml: {error}")))?;
    let reads = ["stream", "picker", "discovered"].iter().any(|key| manifest.contains_key(*key));
    match (reads, manifest.contains_key("action")) {
        (true, true) => Ok("connector"),
        (true, false) => Ok("source"),
        (false, true) => Ok("sink"),
        (false, false) => Err(Stop::failed("connector.toml has neither a [[stream]] nor an [[action]]")),
    }
}

fn node_is_there(told: &mut dyn FnMut(String)) -> Result<(), Stop> {
    let (major, minor) = OLDEST;
    let install = format!("install Node {major}.{minor} or later with npm from https://nodejs.org, then build again");
    if !tool::is_there("node") {
        return Err(Stop::failed(format!("node is missing: {install}")));
    }
    let version = tool::output(Command::new("node").arg("--version"), told)?;
    if !is_new_enough(&version) {
        return Err(Stop::failed(format!("node is {}: {install}", version.trim())));
    }
    if !tool::is_there("npm") {
        return Err(Stop::failed(format!("npm is missing: {install}")));
    }
    Ok(())
}

/// `v20.20.2`: whether the build runs on it.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_what_the_manifest_speaks_of() {
        assert_eq!(world("[[stream]]\n[[action]]").expect("a world"), "connector");
        assert_eq!(world("[discovered]\n").expect("a world"), "source");
        assert_eq!(world("[[action]]").expect("a world"), "sink");
        assert!(world("id = \"acme.nothing\"").expect_err("nothing to do").fault.person.contains("[[stream]]"));
        assert!(world("id = ").is_err());
    }

    #[test]
    fn a_node_that_is_too_old_is_told_apart() {
        for (version, fits) in
            [("v20.19.0\n", true), ("v20.18.9", false), ("v18.20.0", false), ("v22.1.0", true), ("what", false)]
        {
            assert_eq!(is_new_enough(version), fits, "{version}");
        }
    }
}
