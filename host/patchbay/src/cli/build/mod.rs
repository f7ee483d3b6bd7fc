//! `patchbay build [DIR]`: the component of a project, whatever it is written in.
//!
//! Each language is built by its own tools, which this command finds or installs: cargo with the target `wasm32-wasip2`, npm with
//! the project's lock file, pip in an environment of the project. What comes out is the same in all: one component at
//! `.patchbay/component.wasm`, without a manifest yet. An operator needs none of this; a host takes what `patchbay package` made.

mod js;
mod python;
mod rust;
mod tool;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{embedded, package as packing};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project: the folder with its connector.toml.
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let project = Project::find(&args.dir)?;
    let component = build(&project, &mut |line| eprintln!("{line}"))?;
    let size = packing::read(&component)?.len();
    println!("{} {size} bytes", component.display());
    Ok(Exit::Done)
}

/// What a connector is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust.
    Rust,
    /// JavaScript or TypeScript.
    #[value(aliases = ["ts", "typescript"])]
    Js,
    /// Python.
    Python,
}

impl Language {
    /// All of them.
    pub(crate) const ALL: &[Self] = &[Self::Rust, Self::Js, Self::Python];

    /// Its name on the command line, and of its folder in `sdk/`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
        }
    }

    /// The file that tells that a project is written in it.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Js => "package.json",
            Self::Python => "pyproject.toml",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A folder with a connector in it.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// Where it is; absolute.
    pub(crate) dir: PathBuf,
    /// What it is written in.
    pub(crate) language: Language,
}

impl Project {
    /// The project in a folder.
    pub(crate) fn find(dir: &Path) -> Result<Self, Stop> {
        let dir = dir.canonicalize().map_err(|error| Stop::file("read", dir, &error))?;
        if !dir.join("connector.toml").is_file() {
            let text = format!("{} is no project: it has no connector.toml; `patchbay new` makes one", dir.display());
            return Err(Stop { exit: Exit::Usage, ..Stop::failed(text) });
        }
        let written = Language::ALL.iter().copied().find(|language| dir.join(language.mark()).is_file());
        let language = written.ok_or_else(|| {
            let marks: Vec<String> = Language::ALL.iter().map(|known| format!("{} ({known})", known.mark())).collect();
            let text = format!("{} is in no known language: there is none of {}", dir.display(), marks.join(", "));
            Stop { exit: Exit::Usage, ..Stop::failed(text) }
        })?;
        Ok(Self { dir, language })
    }

    /// Its manifest.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.dir.join("connector.toml")
    }

    /// Its recorded answers.
    pub(crate) fn fixtures(&self) -> PathBuf {
        self.dir.join("fixtures")
    }
}

/// Builds a project and says where its component is. `told` gets each line that the tools print.
pub(crate) fn build(project: &Project, told: &mut dyn FnMut(String)) -> Result<PathBuf, Stop> {
    embedded::lay_out(&project.dir, project.language)?;
    match project.language {
        Language::Rust => rust::build(&project.dir, told),
        Language::Js => js::build(&project.dir, told),
        Language::Python => python::build(&project.dir, told),
    }
}

/// Where the component of a project stands.
fn component(dir: &Path) -> PathBuf {
    dir.join(embedded::OWN).join("component.wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_known_by_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let why = |folder: &Path| Project::find(folder).expect_err("no project").fault.person;
        assert!(why(folder.path()).contains("patchbay new"));
        std::fs::write(folder.path().join("connector.toml"), "").expect("written");
        assert!(why(folder.path()).contains("pyproject.toml (python)"));
        for language in Language::ALL.iter().rev() {
            std::fs::write(folder.path().join(language.mark()), "").expect("written");
            assert_eq!(Project::find(folder.path()).expect("a project").language, *language);
        }
    }
}
