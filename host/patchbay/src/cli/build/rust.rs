//! A project in Rust: cargo, for the target `wasm32-wasip2`.
//!
//! The folders of the machine are kept out of the component (panics carry the paths of their files), so that one source makes the
//! same bytes on every machine with the same toolchain.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use super::{component, tool};
use crate::exit::Stop;

const TRIPLE: &str = "wasm32-wasip2";

/// A line of cargo's `--message-format=json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

pub(super) fn build(dir: &Path, told: &mut dyn FnMut(String)) -> Result<PathBuf, Stop> {
    if !tool::is_there("cargo") {
        return Err(Stop::failed("cargo is missing: install Rust from https://rustup.rs, then build again"));
    }
    add_target(dir, told)?;
    let format = "--message-format=json-render-diagnostics";
    let mut cargo = Command::new("cargo");
    cargo.current_dir(dir).args(["build", "--lib", "--profile", "connector", "--target", TRIPLE, format]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", same_paths_everywhere(dir));
    let messages = tool::output(&mut cargo, told)?;
    let made = made(&messages, &dir.join("Cargo.toml")).ok_or_else(|| {
        Stop::failed("cargo made no component: Cargo.toml needs [lib] with crate-type = [\"cdylib\", \"rlib\"]")
    })?;
    let component = component(dir);
    std::fs::copy(&made, &component).map_err(|error| Stop::file("written", &component, &error))?;
    Ok(component)
}

/// The component that cargo says it made of the package with this manifest.
fn made(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    messages
        .filter(|message| message.reason == "compiler-artifact" && Path::new(&message.manifest_path) == manifest)
        .flat_map(|message| message.filenames)
        .find(|file| file.extension().is_some_and(|end| end == "wasm"))
}

/// Adds the sandbox's target where it is missing and rustup can.
fn add_target(dir: &Path, told: &mut dyn FnMut(String)) -> Result<(), Stop> {
    let mut rustc = Command::new("rustc");
    let root = tool::output(rustc.current_dir(dir).args(["--print", "sysroot"]), told)?;
    if Path::new(root.trim()).join("lib/rustlib").join(TRIPLE).is_dir() {
        return Ok(());
    }
    let by_hand = format!("Rust has no target {TRIPLE} here: run `rustup target add {TRIPLE}`, then build again");
    if !tool::is_there("rustup") {
        return Err(Stop::failed(by_hand));
    }
    told(format!("rustup target add {TRIPLE}"));
    let mut rustup = Command::new("rustup");
    let added = tool::output(rustup.current_dir(dir).args(["target", "add", TRIPLE]), told);
    added.map(|_| ()).map_err(|_| Stop::failed(by_hand))
}

fn same_paths_everywhere(dir: &Path) -> String {
    #[expect(clippy::disallowed_methods, reason = "cargo tells its folder in no other way")]
    let named = std::env::var("CARGO_HOME").ok();
    #[expect(clippy::disallowed_methods, reason = "the default of cargo's folder stands in the home folder")]
    let home = named.or_else(|| std::env::var("HOME").ok().map(|home| format!("{home}/.cargo")));
    let mut flags: Vec<String> = home.map(|home| format!("--remap-path-prefix={home}=/cargo")).into_iter().collect();
    // Last, because of several prefixes that fit the last one is taken.
    flags.push(format!("--remap-path-prefix={}=/connector", dir.display()));
    // As cargo takes flags that may have spaces in them.
    flags.join("\u{1f}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_that_cargo_makes_the_component_of_the_project_is_taken() {
        let messages = "{\"reason\":\"compiler-artifact\",\"manifest_path\":\"/a/sdk/Cargo.toml\",\"filenames\":[\"/t/sdk.wasm\"]}\n\
                        not json\n\
                        {\"reason\":\"compiler-artifact\",\"manifest_path\":\"/a/Cargo.toml\",\"filenames\":[\"/t/a.rlib\",\"/t/a.wasm\"]}\n";
        assert_eq!(made(messages, Path::new("/a/Cargo.toml")), Some(PathBuf::from("/t/a.wasm")));
        assert_eq!(made(messages, Path::new("/b/Cargo.toml")), None);
    }
}
