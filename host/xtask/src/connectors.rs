//! Connectors: built for the sandbox in one call of cargo, packed with their manifests.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use patchbay_model::{
    manifest::{self, Availability, Manifest},
    package,
};
use serde::Deserialize;

use crate::{
    metadata::{Metadata, Package},
    shell::{Result, Run, root, target},
};

const TRIPLE: &str = "wasm32-wasip2";
const PROFILE: &str = "connector";
const GUESTS: &str = "tests/guests";
/// Manifests without code: cards of connectors that are to come.
const ANNOUNCED: &str = "plugins/coming-soon";
/// Further definitions for the component of a connector, and where they are packed.
const DEFINITIONS: &str = "definitions";
/// Connectors of fakes: packed like the others, into the folder of the guests, so that no host is ever given one
/// that was not asked for by a test.
const FOR_TESTS: &[&str] = &["tests/desk", "tests/ledger"];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pack one connector (the name of its folder) under another version, for tests of replacing one.
    #[arg(value_name = "NAME", requires = "version")]
    name: Option<String>,
    /// The version to pack it as, e.g. 0.2.0.
    #[arg(long, requires = "out", requires = "name")]
    version: Option<String>,
    /// Where to write it.
    #[arg(long, value_name = "FILE", requires = "version")]
    out: Option<PathBuf>,
}

/// What was built.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    /// Packaged connectors, by the name of their folder.
    pub(crate) connectors: Vec<(String, PathBuf)>,
    /// The folder of the packaged connectors.
    pub(crate) folder: PathBuf,
    /// What is for tests, all in one folder: hostile and odd components, and connectors of fakes, packaged.
    pub(crate) guests: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let components = compile()?;
    if let (Some(name), Some(version), Some(out)) = (&args.name, &args.version, &args.out) {
        let mut all = components.connectors.iter().chain(&components.for_tests);
        let connector = all.find(|connector| &connector.name == name);
        let connector = connector.ok_or_else(|| format!("there is no connector plugins/{name}"))?;
        pack(connector, Some(version), out)?;
        println!("{}", out.display());
        return Ok(());
    }
    let built = package_all(&components)?;
    for (_, file) in &built.connectors {
        println!("{}", file.display());
    }
    Ok(())
}

/// Builds and packs everything; cheap when nothing has changed.
pub(crate) fn build() -> Result<Built> {
    package_all(&compile()?)
}

/// A connector before packing.
struct Connector {
    name: String,
    source: PathBuf,
    component: PathBuf,
}

/// What cargo made.
struct Components {
    connectors: Vec<Connector>,
    /// Connectors of fakes.
    for_tests: Vec<Connector>,
    guests: Vec<PathBuf>,
}

/// A line of cargo's `--message-format=json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

fn compile() -> Result<Components> {
    add_target()?;
    let metadata = Metadata::load()?;
    let connectors: Vec<(String, &Package)> = metadata.under("plugins").collect();
    let for_tests: Vec<(String, &Package)> = FOR_TESTS.iter().flat_map(|room| metadata.under(room)).collect();
    let guests: Vec<(String, &Package)> = metadata.under(GUESTS).collect();

    let mut cargo =
        Run::cargo(&["build", "--profile", PROFILE, "--target", TRIPLE, "--message-format=json-render-diagnostics"])
            .env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", same_paths_everywhere());
    for (_, package) in connectors.iter().chain(&for_tests).chain(&guests) {
        cargo = cargo.arg("--package").arg(&package.name);
    }
    for (_, package) in &guests {
        for example in package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "example")) {
            cargo = cargo.arg("--example").arg(&example.name);
        }
    }
    let messages = cargo.output()?;
    let made = |room: &str| components(&messages, &root().join(room).join("Cargo.toml"));

    let connector = |room: &String| -> Result<Connector> {
        let name = room.rsplit('/').next().unwrap_or(room).to_owned();
        let component = made(room).pop().ok_or_else(|| {
            format!("{room} made no component: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\", \"lib\"]`")
        })?;
        Ok(Connector { name, source: root().join(room), component })
    };
    Ok(Components {
        connectors: connectors.iter().map(|(room, _)| connector(room)).collect::<Result<_>>()?,
        for_tests: for_tests.iter().map(|(room, _)| connector(room)).collect::<Result<_>>()?,
        guests: guests.iter().flat_map(|(room, _)| made(room)).collect(),
    })
}

/// The components that cargo says it made of the package with this manifest.
fn components(messages: &str, manifest: &Path) -> Vec<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    messages
        .filter(|message| message.reason == "compiler-artifact" && Path::new(&message.manifest_path) == manifest)
        .flat_map(|message| message.filenames)
        .filter(|file| file.extension().is_some_and(|end| end == "wasm"))
        .collect()
}

/// Flags that keep the folders of the machine out of a component, so that the same source makes the same
/// bytes anywhere: panics carry the paths of the files that they stand in.
fn same_paths_everywhere() -> String {
    #[expect(clippy::disallowed_methods, reason = "cargo tells its folder in no other way")]
    let named = std::env::var("CARGO_HOME").ok();
    #[expect(clippy::disallowed_methods, reason = "the default of cargo's folder stands in the home folder")]
    let home = named.or_else(|| std::env::var("HOME").ok().map(|home| format!("{home}/.cargo")));
    let mut flags = format!("--remap-path-prefix={}=/patchbay", root().display());
    if let Some(home) = home {
        flags.push_str(&format!(" --remap-path-prefix={home}=/cargo"));
    }
    flags
}

/// Adds the sandbox's target where rustup has not got it. Without rustup the build itself will tell.
fn add_target() -> Result<()> {
    let rustup = Run::program("rustup", &["target", "list", "--installed"]);
    if !rustup.succeeds() || rustup.output()?.lines().any(|line| line.trim() == TRIPLE) {
        return Ok(());
    }
    Run::program("rustup", &["target", "add", TRIPLE]).status()
}

fn package_all(components: &Components) -> Result<Built> {
    let folder = target().join("connectors");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut connectors = Vec::new();
    for connector in &components.connectors {
        connectors.push((connector.name.clone(), package_into(&folder, connector)?));
    }
    for connector in defined(&components.connectors) {
        let further = folder.join(DEFINITIONS);
        std::fs::create_dir_all(&further).map_err(|error| format!("{}: {error}", further.display()))?;
        package_into(&further, &connector)?;
    }
    announce(&folder)?;
    let mut guests = components.guests.clone();
    for connector in &components.for_tests {
        // Beside the component itself, which has the long name of its package.
        let beside = connector.component.parent().unwrap_or(&folder);
        guests.push(package_into(beside, connector)?);
    }
    Ok(Built { connectors, folder, guests })
}

/// Further connectors of one component: each folder of `definitions/` beside it has a manifest and a definition of its own.
/// They are examples, so they stand in a folder of their own that no host is given.
fn defined(connectors: &[Connector]) -> Vec<Connector> {
    let further = connectors.iter().flat_map(|connector| {
        let folders = std::fs::read_dir(connector.source.join(DEFINITIONS)).into_iter().flatten().flatten();
        folders.filter(|folder| folder.path().is_dir()).map(|folder| Connector {
            name: folder.file_name().to_string_lossy().into_owned(),
            source: folder.path(),
            component: connector.component.clone(),
        })
    });
    further.collect()
}

/// Puts the manifests without code beside the packaged connectors, as a host takes both from one folder.
fn announce(folder: &Path) -> Result<()> {
    let told = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let wanted = announced_manifests();
    for old in tomls(folder).iter().filter(|old| !wanted.iter().any(|new| new.file_name() == old.file_name())) {
        std::fs::remove_file(old).map_err(|error| told(old, &error))?;
    }
    for path in wanted {
        let manifest = read_manifest(&path)?;
        if manifest.availability != Availability::ComingSoon {
            return Err(told(&path, &"a manifest without code says `availability = \"coming-soon\"`"));
        }
        let out = folder.join(path.file_name().unwrap_or_default());
        std::fs::copy(&path, &out).map_err(|error| told(&out, &error))?;
    }
    Ok(())
}

/// The manifests without code.
pub(crate) fn announced_manifests() -> Vec<PathBuf> {
    tomls(&root().join(ANNOUNCED))
}

fn tomls(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut tomls: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    tomls.sort();
    tomls
}

/// The manifest of a connector; where a definition stands beside it, that is its configuration.
pub(crate) fn manifest_of(source: &Path) -> Result<Manifest> {
    let mut manifest = read_manifest(&source.join("connector.toml"))?;
    let file = source.join("definition.toml");
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(manifest) };
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let json = serde_json::to_value(&manifest).map_err(|error| wrong(&error))?;
    let config = patchbay_definition::config(&text, &json).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        format!("{}:\n{}", file.display(), lines.join("\n"))
    })?;
    manifest.config = Some(serde_json::from_value(config).map_err(|error| wrong(&error))?);
    match manifest::validate(&manifest).first() {
        None => Ok(manifest),
        Some(problem) => Err(wrong(problem)),
    }
}

/// A manifest with what stands beside it.
pub(crate) fn read_manifest(file: &Path) -> Result<Manifest> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let beside = |name: &str| std::fs::read_to_string(file.with_file_name(name)).ok();
    manifest::parse::parse(&text, &beside).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        format!("{}:\n{}", file.display(), lines.join("\n"))
    })
}

fn package_into(folder: &Path, connector: &Connector) -> Result<PathBuf> {
    let out = folder.join(format!("{}.wasm", connector.name));
    if !fresh(&out, &sources(connector)) {
        pack(connector, None, &out)?;
    }
    Ok(out)
}

/// Everything that the packaged file is made of, this program among it.
fn sources(connector: &Connector) -> Vec<PathBuf> {
    let beside = std::fs::read_dir(&connector.source).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut sources: Vec<PathBuf> = beside.filter(|path| path.is_file()).collect();
    sources.push(connector.component.clone());
    sources.extend(std::env::current_exe());
    sources
}

/// Whether a file is there and younger than all that it is made of.
fn fresh(out: &Path, sources: &[PathBuf]) -> bool {
    let time = |path: &Path| -> Option<SystemTime> { std::fs::metadata(path).ok()?.modified().ok() };
    let Some(made) = time(out) else { return false };
    sources.iter().all(|source| time(source).is_some_and(|changed| changed < made))
}

fn pack(connector: &Connector, version: Option<&str>, out: &Path) -> Result<()> {
    let mut parsed = manifest_of(&connector.source)?;
    if let Some(version) = version {
        version.clone_into(&mut parsed.version);
    }
    let component =
        std::fs::read(&connector.component).map_err(|error| format!("{}: {error}", connector.component.display()))?;
    package::check_source(&component, &parsed)
        .map_err(|fault| format!("{}: component and manifest do not agree: {fault:?}", connector.source.display()))?;
    let packed = package::pack(&component, &parsed)
        .map_err(|error| format!("{} cannot be packed: {error}", connector.source.display()))?;
    // Whole or not at all: a host may be watching the folder.
    let part = out.with_extension("part");
    std::fs::write(&part, packed).map_err(|error| format!("{}: {error}", part.display()))?;
    std::fs::rename(&part, out).map_err(|error| format!("{}: {error}", out.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_taken_from_what_cargo_says() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","manifest_path":"/t/plugins/a/Cargo.toml","filenames":["/t/a.wasm","/t/a.d"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/t/sdk/Cargo.toml","filenames":["/t/sdk.wasm"]}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(components(messages, Path::new("/t/plugins/a/Cargo.toml")), [PathBuf::from("/t/a.wasm")]);
    }

    #[test]
    fn what_is_announced_has_a_manifest_that_a_host_takes() {
        let folder = tempfile();
        std::fs::write(folder.join("gone.toml"), "").expect("a file");
        announce(&folder).expect("the manifests are sound");
        let names: Vec<PathBuf> = tomls(&folder);
        assert!(names.len() >= 3 && names.iter().all(|name| !name.ends_with("gone.toml")), "{names:?}");
        std::fs::remove_dir_all(&folder).expect("a folder");
    }

    /// A folder of this test alone.
    fn tempfile() -> PathBuf {
        let folder = target().join(format!("announced-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn a_packaged_file_is_made_again_when_its_source_is_younger_or_gone() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(!fresh(&here, std::slice::from_ref(&here)), "not younger than itself");
        assert!(!fresh(Path::new("/no/such/file"), &[]));
        assert!(!fresh(&here, &[PathBuf::from("/no/such/file")]));
        assert!(fresh(&here, &[]));
    }
}
