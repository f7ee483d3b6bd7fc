//! `patchbay package [COMPONENT]`: manifest and component become one file.
//!
//! In the folder of a project the component is built first. With a `definition.toml` beside the manifest, or the one that is named,
//! the component is the generic one: the definition is checked against the manifest and becomes its `[config]`.

mod told;

use std::path::{Path, PathBuf};

use patchbay_model::{
    Code, Fault,
    manifest::{self, Manifest},
    package::{self, Limits, PackError},
};

use super::{
    build::{self, Project},
    packed::aloud,
    progress::Progress,
};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component, as `patchbay build` or `cargo build --target wasm32-wasip2` makes it; that of the project in this folder,
    /// built now, when it is not given.
    component: Option<PathBuf>,
    /// Its manifest; connector.toml in this folder when it is not given.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// What the generic connector reads and writes; definition.toml beside the manifest, where there is one.
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// Where to write; {id}-{version}.wasm when it is not given.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let manifest = whole_manifest(&args.manifest(), args.definition.as_deref())?;
    let component = match &args.component {
        Some(file) if !file.is_dir() => read(file)?,
        folder => {
            let project = Project::find(folder.as_deref().unwrap_or(Path::new(".")))?;
            read(&build::build(&project, &mut aloud)?)?
        }
    };
    let packed = {
        let _progress = Progress::begin("packing");
        pack(&component, &manifest)?
    };
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-{}.wasm", manifest.id, manifest.version)));
    write_whole(&out, &packed)?;
    let inspected = package::inspect(&packed, Limits::default())?;
    if signed_otherwise(&out, &inspected) {
        eprintln!(
            "{}.sig is of other bytes: sign it again, and raise `version` if those were published",
            out.display()
        );
    }
    if args.json {
        println!("{:#}", told::json(&inspected, &packed, &out));
    } else {
        print!("{}", told::text(&inspected, &packed, &out));
    }
    Ok(Exit::Done)
}

/// Whether what lies beside the file is the signature of something else: of what was packed before.
fn signed_otherwise(out: &Path, inspected: &package::Inspected) -> bool {
    let Ok(Some(text)) = super::publish::beside(out) else { return false };
    let is = package::signature::Signed {
        connector: &inspected.manifest.id,
        version: &inspected.manifest.version,
        sha256: &inspected.digest,
    };
    package::signature::Document::read(text.as_bytes()).and_then(|document| document.verify(is)).is_err()
}

impl Args {
    fn manifest(&self) -> PathBuf {
        let folder = self.component.as_deref().filter(|component| component.is_dir());
        let beside = || folder.unwrap_or(Path::new("")).join("connector.toml");
        self.manifest.clone().unwrap_or_else(beside)
    }
}

/// Puts a manifest in front of the component that it fits.
pub(super) fn pack(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, Stop> {
    package::check_source(component, manifest)?;
    package::pack(component, manifest).map_err(unpackable)
}

/// A manifest as it is packed: with the definition that was named, or that stands beside it.
pub(super) fn whole_manifest(path: &Path, definition: Option<&Path>) -> Result<Manifest, Stop> {
    let manifest = read_manifest(path)?;
    match definition_of(path, definition) {
        Some(definition) => defined(manifest, &definition),
        None => Ok(manifest),
    }
}

/// Reads and checks a manifest; each problem is a line of the refusal.
pub(super) fn read_manifest(path: &Path) -> Result<Manifest, Stop> {
    let text = String::from_utf8(read(path)?)
        .map_err(|_| Fault::because(Code::ManifestInvalid, format!("{} is not UTF-8", path.display())))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    manifest::parse::parse(&text, &beside).map_err(|problems| {
        let mut fault = Fault::because(Code::ManifestInvalid, format!("{} is wrong", path.display()));
        for problem in problems {
            let line = problem.line.map_or_else(String::new, |line| format!(":{line}"));
            let place = format!("{}{line}", path.display());
            // What is no TOML has no key yet.
            let key = if problem.key.is_empty() { String::new() } else { format!("{}: ", problem.key) };
            fault = fault.field(place, format!("{key}{} — {}", problem.message, problem.remedy));
        }
        fault.into()
    })
}

/// The definition that was named, or that stands beside the manifest.
fn definition_of(manifest: &Path, named: Option<&Path>) -> Option<PathBuf> {
    let beside = || Some(manifest.with_file_name("definition.toml")).filter(|path| path.exists());
    named.map(Path::to_owned).or_else(beside)
}

/// Puts a definition into the manifest; each problem is a line of the refusal.
fn defined(mut manifest: Manifest, path: &Path) -> Result<Manifest, Stop> {
    let wrong = || Fault::because(Code::ManifestInvalid, format!("{} is wrong", path.display()));
    let text = String::from_utf8(read(path)?)
        .map_err(|_| Fault::because(Code::ManifestInvalid, format!("{} is not UTF-8", path.display())))?;
    let json = serde_json::to_value(&manifest).map_err(|error| wrong().operator(error.to_string()))?;
    let config = patchbay_definition::config(&text, &json).map_err(|problems| {
        problems.into_iter().fold(wrong(), |fault, problem| {
            let place = format!("{}:{}", path.display(), problem.line);
            fault.field(place, format!("{}: {} — {}", problem.key, problem.message, problem.remedy))
        })
    })?;
    manifest.config = Some(serde_json::from_value(config).map_err(|error| wrong().operator(error.to_string()))?);
    let problems = manifest::validate(&manifest);
    if problems.is_empty() {
        return Ok(manifest);
    }
    let told = |fault: Fault, problem: manifest::Problem| {
        fault.field(problem.key, format!("{} — {}", problem.message, problem.remedy))
    };
    Err(problems.into_iter().fold(wrong(), told).into())
}

fn unpackable(error: PackError) -> Stop {
    let code = match &error {
        PackError::NotAComponent(_) => Code::NotAComponent,
        PackError::ManifestTooLarge(_) | PackError::Json(_) => Code::ManifestInvalid,
    };
    Fault::because(code, error.to_string()).into()
}

/// Reads a file that somebody named.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    std::fs::read(path).map_err(|error| Stop::file("read", path, &error))
}

/// Writes a file whole or not at all: a host may be watching the folder.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let part = path.with_extension("part");
    std::fs::write(&part, bytes).map_err(|error| Stop::file("written", &part, &error))?;
    std::fs::rename(&part, path).map_err(|error| Stop::file("written", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(folder: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/generic").join(folder).join("connector.toml")
    }

    #[test]
    fn a_definition_beside_the_manifest_becomes_its_configuration() {
        for (folder, streams) in [(".", 8), ("definitions/bookings", 1)] {
            let path = example(folder);
            assert!(read_manifest(&path).expect("a manifest").config.is_none());
            let manifest = whole_manifest(&path, None).unwrap_or_else(|stop| panic!("{:?}", stop.fault.fields));
            let config = manifest.config.expect("a configuration");
            assert_eq!(config.defaults["stream"].as_array().map(Vec::len), Some(streams));
        }
    }

    #[test]
    fn each_wrong_line_of_a_definition_is_told_with_its_number_and_remedy() {
        let path = example("definitions/bookings");
        let text = std::fs::read_to_string(definition_of(&path, None).expect("a definition")).expect("readable");
        let folder = tempfile::tempdir().expect("a folder");
        let wrong = folder.path().join("definition.toml");
        let text =
            text.replace("style = \"page\"", "style = \"pages\"").replace("name = \"create_note\"", "nam = \"x\"");
        std::fs::write(&wrong, text).expect("writable");
        let stop = whole_manifest(&path, Some(&wrong)).expect_err("it is wrong");
        assert_eq!((stop.exit, stop.fault.code), (Exit::Refused, Code::ManifestInvalid));
        let told: Vec<String> =
            stop.fault.fields.iter().map(|field| format!("{}: {}", field.pointer, field.message)).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with(&format!("{}:19: stream[0].paging.style", wrong.display())), "{told:?}");
        assert!(told[0].ends_with("did you mean page?"), "{told:?}");
    }
}
