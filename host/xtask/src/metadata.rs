//! What cargo knows of the workspace: packages, their folders, and whom they name directly.

use std::path::Path;

use serde::Deserialize;

use crate::shell::{Result, Run};

/// `cargo metadata --no-deps`.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// Members of the workspace.
    pub(crate) packages: Vec<Package>,
    workspace_root: String,
}

/// A member.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    manifest_path: String,
    /// Whom it names in its Cargo.toml.
    pub(crate) dependencies: Vec<Dependency>,
    /// What is built of it.
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

/// A direct dependency.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The crate's own name, whatever it is renamed to.
    pub(crate) name: String,
    /// Its folder, when it is one of ours.
    pub(crate) path: Option<String>,
    /// `dev`, `build`, or none for a normal one.
    pub(crate) kind: Option<String>,
}

/// Something that is built.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// `lib`, `cdylib`, `bin`, `example`, …
    pub(crate) kind: Vec<String>,
}

impl Metadata {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let text = Run::cargo(&["metadata", "--format-version", "1", "--no-deps"]).output()?;
        serde_json::from_str(&text).map_err(|error| format!("cargo metadata cannot be read: {error}"))
    }

    /// The folder of a package from the root, e.g. `host/store`.
    pub(crate) fn room(&self, package: &Package) -> String {
        let folder = Path::new(&package.manifest_path).parent().unwrap_or(Path::new(""));
        self.below_root(folder)
    }

    /// The folder of a dependency that is one of ours.
    pub(crate) fn ours(&self, dependency: &Dependency) -> Option<String> {
        dependency.path.as_deref().map(|path| self.below_root(Path::new(path)))
    }

    /// Members in a folder, e.g. `plugins`.
    pub(crate) fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (String, &'a Package)> {
        self.packages.iter().filter_map(move |package| {
            let room = self.room(package);
            let inside = room == folder || room.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
            inside.then_some((room, package))
        })
    }

    fn below_root(&self, path: &Path) -> String {
        path.strip_prefix(&self.workspace_root).unwrap_or(path).to_string_lossy().into_owned()
    }
}
