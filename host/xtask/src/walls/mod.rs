//! The walls of `architecture.md`, held mechanically: who may name which crate, and what may stand in
//! which file. A wall that falls says which it is, why it stands, and what to do instead.

mod arrows;
mod families;
mod features;
mod hooks;
mod lexer;
mod lock;
mod sources;

use std::fmt;

use crate::{
    connectors::announced_manifests,
    metadata::Metadata,
    shell::{Result, root},
};

/// Something that crosses a wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Where: a package's folder, or file and line.
    place: String,
    /// What crosses.
    what: String,
    /// Why the wall stands.
    why: &'static str,
    /// What to do instead.
    instead: &'static str,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    why:     {}\n    instead: {}", self.place, self.what, self.why, self.instead)
    }
}

/// Checks the whole tree.
pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::load()?;
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    let tree = sources::read(root())?;
    let rooms = metadata.under("plugins").filter_map(|(room, _)| Some(room.rsplit('/').next()?.to_owned()));
    let announced = announced_manifests().into_iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let connectors: Vec<String> = rooms.chain(announced).collect();

    let mut breaches = arrows::check(&metadata);
    breaches.extend(families::check(&metadata));
    breaches.extend(features::check()?);
    breaches.extend(lock::check(&lock));
    breaches.extend(sources::check(&tree, &connectors));
    breaches.extend(hooks::check(&tree));
    for long in sources::long(&tree) {
        println!("warning: {long}");
    }
    if breaches.is_empty() {
        println!("walls: {} packages, {} files, nothing crosses", metadata.packages.len(), tree.len());
        return Ok(());
    }
    for breach in &breaches {
        eprintln!("\nwall: {breach}");
    }
    Err(format!("{} breaches of the walls in host/xtask/src/walls", breaches.len()))
}

#[cfg(test)]
pub(crate) mod testing {
    use serde_json::{Value, json};

    use crate::metadata::Metadata;

    /// A workspace of one package with dependencies: `(name, path in the tree, kind)`.
    pub(crate) fn workspace(room: &str, dependencies: &[(&str, Option<&str>, Option<&str>)]) -> Metadata {
        let dependencies: Vec<Value> = dependencies
            .iter()
            .map(|(name, path, kind)| json!({"name": name, "path": path.map(|path| format!("/tree/{path}")), "kind": kind}))
            .collect();
        let package = json!({
            "name": room.replace('/', "-"),
            "manifest_path": format!("/tree/{room}/Cargo.toml"),
            "dependencies": dependencies,
        });
        serde_json::from_value(json!({"packages": [package], "workspace_root": "/tree"})).expect("metadata")
    }
}
