//! `patchbay check FILE`: what a host would say at the door, and the conformance suite, without a host.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_check::{Compiled, Report, Stage};
use patchbay_egress::EgressConfig;
use patchbay_model::{Fault, SystemClock, contract::Exports, manifest::Manifest, package::Inspected};
use serde_json::{Value, json};

use super::{
    package as packing,
    packed::{aloud, packed},
    progress::Progress,
};
use crate::{
    config::ambient::caches_folder,
    exit::{Exit, Stop},
};

const HELP: &str = "\
With fixtures, the component is run in the sandbox of a host, over recorded answers: every stream is read, ended and resumed, \
every action written, repeated and found again, and each thing that can go wrong at a provider has to come out as the right \
error. No network, no credential and no host is needed. One line for each check: `ok`, `FAIL` (explained below, with a remedy) \
or `-` (not asked, and why).

Fixtures:
  identify.json, discover.json (where discovery asks the provider), streams/STREAM.json, pickers/PICKER.json (where the \
connector searches), actions/ACTION.json, actions/ACTION.found.json and actions/ACTION.absent.json (where idempotency is find), \
context.json (what holds for all), check.toml (where the provider means something else by an answer). The format is in \
`.patchbay/manifest.md` of the project, under Fixtures; `patchbay record` writes it.

The suite ends with 1 when a check failed, and with 5 when the file is none that a host would take.";

#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// A packaged component, a connector.toml, or the folder of a project, which is built first; this folder when it is not given.
    file: Option<PathBuf>,
    /// The folder of recorded answers; `fixtures` beside the file when it is there.
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Compile it although its code is kept from an earlier command: how long that took is then what it takes a host.
    #[arg(long)]
    anew: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let (report, found, name) = match args.checked() {
        Ok(checked) => checked,
        Err(stop) if args.json && stop.exit == Exit::Refused => {
            println!("{:#}", refusal(&stop.fault));
            return Ok(stop.exit);
        }
        Err(stop) => return Err(stop),
    };
    if args.json {
        println!("{:#}", found.json(report.as_ref()));
    } else {
        print!("{}", found.text(&name));
        match &report {
            Some(report) => print!("\n{}", report.text()),
            None if matches!(found, Found::Manifest(_)) => {
                println!(
                    "Only the manifest was read: `patchbay check` without a file builds the component and tries it."
                );
            }
            None => println!("no fixtures: nothing was read and nothing was written; name them with --fixtures"),
        }
    }
    Ok(if report.is_none_or(|report| report.passed()) { Exit::Done } else { Exit::Failed })
}

impl Args {
    /// What the file is, what the suite says of it, and what it is called.
    fn checked(&self) -> Result<(Option<Report>, Found, String), Stop> {
        if let Some(file) = self.file.as_deref().filter(|file| is_manifest(file)) {
            let manifest = packing::read_manifest(file)?;
            return Ok((None, Found::Manifest(Box::new(manifest)), file.display().to_string()));
        }
        let packed = packed(self.file.as_deref(), &mut aloud)?;
        let _progress = Progress::begin(format!("checking {}", packed.name));
        let found = Found::Component(Box::new(packed.inspect()?));
        let report = match self.fixtures.clone().or(packed.fixtures) {
            None => None,
            Some(folder) if folder.is_dir() => Some(tried(&packed.bytes, &folder, self.anew)?),
            Some(folder) => return Err(Stop::failed(format!("{} is no folder of fixtures", folder.display()))),
        };
        Ok((report, found, packed.name))
    }
}

fn is_manifest(file: &Path) -> bool {
    file.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"))
}

/// What the suite says of a component over a folder of fixtures.
fn tried(bytes: &[u8], fixtures: &Path, anew: bool) -> Result<Report, Stop> {
    let (compiler, compiled) = (compiler()?, compiled(anew)?);
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Stop::failed(error.to_string()))?;
    runtime.block_on(async {
        let stage = Stage::build(bytes, compiler, compiled, EgressConfig::default(), Arc::new(SystemClock)).await;
        let stage = stage.map_err(|error| error.fault())?;
        Ok(patchbay_check::run(&stage, fixtures).await)
    })
}

/// This program as the compile child.
pub(super) fn compiler() -> Result<Vec<OsString>, Stop> {
    crate::compiler::command().map_err(|error| Stop::failed(format!("this program is nowhere: {error}")))
}

/// Where compiled code stays for the next command: below this user's folder for what can be made again. Where that is not there, or
/// not theirs alone, it stays nowhere.
pub(super) fn compiled(anew: bool) -> Result<Compiled, Stop> {
    let kept = caches_folder().filter(|_| !anew).and_then(|caches| Compiled::kept(&caches.join("patchbay")).ok());
    let once = || Compiled::once().map_err(|error| Stop::failed(format!("no folder for compiled code: {error}")));
    kept.map_or_else(once, Ok)
}

/// What a file that can be used is.
enum Found {
    Manifest(Box<Manifest>),
    Component(Box<Inspected>),
}

impl Found {
    fn manifest(&self) -> &Manifest {
        match self {
            Self::Manifest(manifest) => manifest,
            Self::Component(inspected) => &inspected.manifest,
        }
    }

    fn text(&self, file: &str) -> String {
        let manifest = self.manifest();
        let mut text = format!("ok: {file} is {} {}, {}\n", manifest.id, manifest.version, manifest.name);
        let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<10} {value}\n"));
        if let Self::Component(inspected) = self {
            line("contract", inspected.contract.clone());
            line("exports", exports(inspected.exports).join(", "));
            line("size", format!("{} bytes", inspected.size));
            line("digest", format!("sha256:{}", inspected.digest));
        } else {
            line("contract", manifest.contract.clone());
        }
        line("logs in by", names(manifest.auths.iter().map(|auth| auth.id.as_str())));
        line("reads", names(manifest.streams.iter().map(|stream| stream.name.as_str())));
        line("writes", names(manifest.actions.iter().map(|action| action.name.as_str())));
        text
    }

    fn json(&self, report: Option<&Report>) -> Value {
        let manifest = self.manifest();
        let mut value = json!({"ok": report.is_none_or(Report::passed), "id": manifest.id, "version": manifest.version, "contract": manifest.contract});
        if let (Self::Component(inspected), Value::Object(fields)) = (self, &mut value) {
            fields.insert("exports".to_owned(), json!(exports(inspected.exports)));
            fields.insert("size".to_owned(), json!(inspected.size));
            fields.insert("digest".to_owned(), json!(inspected.digest));
        }
        if let Value::Object(fields) = &mut value {
            fields.insert("checks".to_owned(), json!(report.map(|report| &report.checks)));
            fields.insert("figures".to_owned(), json!(report.map(|report| report.figures)));
        }
        value
    }
}

fn refusal(fault: &Fault) -> Value {
    let problems: Vec<Value> =
        fault.fields.iter().map(|field| json!({"place": field.pointer, "message": field.message})).collect();
    json!({"ok": false, "code": fault.code.id(), "message": fault.person, "reason": fault.operator, "problems": problems})
}

fn exports(exports: Exports) -> Vec<&'static str> {
    let all = [("auth", exports.auth), ("fetch", exports.fetch), ("push", exports.push)];
    all.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    use patchbay_model::Code;

    use super::*;

    fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).expect("written");
        (folder, file)
    }

    fn check(file: &Path) -> Result<Found, Stop> {
        let args = Args { file: Some(file.to_owned()), fixtures: None, anew: false, json: false };
        args.checked().map(|(_, found, _)| found)
    }

    #[test]
    fn a_wrong_manifest_is_refused_with_its_lines() {
        let (_folder, file) = written("connector.toml", b"id = \"acme.books\"\nverzion = \"1.0.0\"\n");
        let stop = check(&file).err().expect("refused");
        assert_eq!((stop.exit, stop.fault.code), (Exit::Refused, Code::ManifestInvalid));
        assert!(stop.fault.fields.iter().any(|field| field.pointer.ends_with("connector.toml:2")), "{:?}", stop.fault);
        assert_eq!(refusal(&stop.fault).get("ok"), Some(&json!(false)));
    }

    #[test]
    fn a_core_module_and_a_text_are_told_apart() {
        let (_folder, module) = written("a.wasm", b"\0asm\x01\0\0\0");
        assert_eq!(check(&module).err().expect("refused").fault.code, Code::CoreModule);
        let (_folder, text) = written("b.wasm", b"hello");
        assert_eq!(check(&text).err().expect("refused").fault.code, Code::NotAComponent);
    }
}
