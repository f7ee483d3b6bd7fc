//! The packaged component that a command is about: the file that was named, or the project in a folder, built and packed.
//!
//! A person who works on a project says nothing: `patchbay check` in its folder builds it and checks what came of it, in memory, with
//! the recorded answers beside it.

use std::path::{Path, PathBuf};

use patchbay_model::{
    manifest::Manifest,
    package::{self, Inspected, Limits},
};

use super::{
    build::{self, Project},
    package as packing,
};
use crate::exit::Stop;

/// A component with its manifest in front.
pub(crate) struct Packed {
    /// All bytes.
    pub(crate) bytes: Vec<u8>,
    /// What it is called to a person: a file, or the folder of a project.
    pub(crate) name: String,
    /// Recorded answers beside it, where there are any.
    pub(crate) fixtures: Option<PathBuf>,
    /// The project that it was built from.
    pub(crate) project: Option<Project>,
}

/// Reads the file that was named, or builds the project of a folder; this folder's when nothing is named. `told` gets what the
/// tools of a build say.
pub(crate) fn packed(named: Option<&Path>, told: &mut dyn FnMut(String)) -> Result<Packed, Stop> {
    let named = named.unwrap_or(Path::new("."));
    if named.is_dir() {
        return built(Project::find(named)?, told);
    }
    let fixtures = named.parent().map(|folder| folder.join("fixtures")).filter(|folder| folder.is_dir());
    Ok(Packed { bytes: packing::read(named)?, name: named.display().to_string(), fixtures, project: None })
}

/// Builds a project and packs it.
pub(crate) fn built(project: Project, told: &mut dyn FnMut(String)) -> Result<Packed, Stop> {
    // A manifest that is wrong is told at once, and not after a build.
    let manifest = manifest(&project)?;
    let component = packing::read(&build::build(&project, told)?)?;
    let bytes = packing::pack(&component, &manifest)?;
    let fixtures = Some(project.fixtures()).filter(|folder| folder.is_dir());
    Ok(Packed { bytes, name: project.dir.display().to_string(), fixtures, project: Some(project) })
}

/// The manifest of a project as it is packed.
pub(crate) fn manifest(project: &Project) -> Result<Manifest, Stop> {
    packing::whole_manifest(&project.manifest(), None)
}

impl Packed {
    /// What it is and asks for.
    pub(crate) fn inspect(&self) -> Result<Inspected, Stop> {
        Ok(package::inspect(&self.bytes, Limits::default())?)
    }
}

/// For a command that prints its own answer: what tools say goes to standard error.
pub(crate) fn aloud(line: String) {
    eprintln!("{line}");
}
