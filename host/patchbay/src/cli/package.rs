//! `patchbay package COMPONENT`: manifest and component become one file.
//!
//! With a `definition.toml` beside the manifest, or the one that is named, the component is the generic one: the definition
//! is checked against the manifest and becomes its `[config]`.

use std::path::{Path, PathBuf};

use patchbay_model::{
    Code, Fault,
    manifest::{self, Manifest},
    package::{self, PackError},
};

use super::progress::Progress;
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component, as `cargo build --target wasm32-wasip2` makes it.
    component: PathBuf,
    /// Its manifest.
    #[arg(long, value_name = "FILE", default_value = "connector.toml")]
    manifest: PathBuf,
    /// What the generic connector reads and writes; definition.toml beside the manifest, where there is one.
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// Where to write; {id}-{version}.wasm when it is not given.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let manifest = read_manifest(&args.manifest)?;
    let manifest = match definition_of(args) {
        Some(definition) => defined(manifest, &definition)?,
        None => manifest,
    };
    let component = read(&args.component)?;
    let packed = {
        let _progress = Progress::begin(format!("packing {}", args.component.display()));
        package::check_source(&component, &manifest)?;
        package::pack(&component, &manifest).map_err(unpackable)?
    };
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-{}.wasm", manifest.id, manifest.version)));
    write_whole(&out, &packed)?;
    println!("{} {} {} bytes {}", manifest.id, manifest.version, packed.len(), out.display());
    Ok(Exit::Done)
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
            fault = fault.field(place, format!("{}: {} — {}", problem.key, problem.message, problem.remedy));
        }
        fault.into()
    })
}

/// The definition that was named, or that stands beside the manifest.
fn definition_of(args: &Args) -> Option<PathBuf> {
    let beside = || Some(args.manifest.with_file_name("definition.toml")).filter(|path| path.exists());
    args.definition.clone().or_else(beside)
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

    fn example(folder: &str) -> Args {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/generic").join(folder);
        Args { component: PathBuf::new(), manifest: folder.join("connector.toml"), definition: None, out: None }
    }

    #[test]
    fn a_definition_beside_the_manifest_becomes_its_configuration() {
        for (folder, streams) in [(".", 8), ("definitions/bookings", 1)] {
            let args = example(folder);
            let manifest = read_manifest(&args.manifest).expect("a manifest");
            assert!(manifest.config.is_none());
            let path = definition_of(&args).expect("a definition");
            let manifest = defined(manifest, &path).unwrap_or_else(|stop| panic!("{:?}", stop.fault.fields));
            let config = manifest.config.expect("a configuration");
            assert_eq!(config.defaults["stream"].as_array().map(Vec::len), Some(streams));
        }
    }

    #[test]
    fn each_wrong_line_of_a_definition_is_told_with_its_number_and_remedy() {
        let args = example("definitions/bookings");
        let text = std::fs::read_to_string(definition_of(&args).expect("a definition")).expect("readable");
        let folder = tempfile::tempdir().expect("a folder");
        let wrong = folder.path().join("definition.toml");
        let text =
            text.replace("style = \"page\"", "style = \"pages\"").replace("name = \"create_note\"", "nam = \"x\"");
        std::fs::write(&wrong, text).expect("writable");
        let args = Args { definition: Some(wrong.clone()), ..args };
        let manifest = read_manifest(&args.manifest).expect("a manifest");
        let stop = defined(manifest, &definition_of(&args).expect("it was named")).expect_err("it is wrong");
        assert_eq!((stop.exit, stop.fault.code), (Exit::Refused, Code::ManifestInvalid));
        let told: Vec<String> =
            stop.fault.fields.iter().map(|field| format!("{}: {}", field.pointer, field.message)).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with(&format!("{}:19: stream[0].paging.style", wrong.display())), "{told:?}");
        assert!(told[0].ends_with("did you mean page?"), "{told:?}");
    }
}
