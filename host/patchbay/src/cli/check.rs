//! `patchbay check FILE`: what a host would say at the door, without a host.

use std::path::{Path, PathBuf};

use patchbay_model::{
    Fault,
    contract::Exports,
    manifest::Manifest,
    package::{self, Inspected, Limits},
};
use serde_json::{Value, json};

use super::{package as packing, progress::Progress};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A packaged component, or a connector.toml.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let checked = {
        let _progress = Progress::begin(format!("checking {}", args.file.display()));
        check(&args.file)
    };
    match checked {
        Ok(found) if args.json => println!("{:#}", found.json()),
        Ok(found) => print!("{}", found.text(&args.file)),
        Err(stop) if args.json && stop.exit == Exit::Refused => {
            println!("{:#}", refusal(&stop.fault));
            return Ok(stop.exit);
        }
        Err(stop) => return Err(stop),
    }
    Ok(Exit::Done)
}

/// What a file that can be used is.
enum Found {
    Manifest(Box<Manifest>),
    Component(Box<Inspected>),
}

fn check(file: &Path) -> Result<Found, Stop> {
    if file.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml")) {
        return Ok(Found::Manifest(Box::new(packing::read_manifest(file)?)));
    }
    let bytes = packing::read(file)?;
    Ok(Found::Component(Box::new(package::inspect(&bytes, Limits::default())?)))
}

impl Found {
    fn manifest(&self) -> &Manifest {
        match self {
            Self::Manifest(manifest) => manifest,
            Self::Component(inspected) => &inspected.manifest,
        }
    }

    fn text(&self, file: &Path) -> String {
        let manifest = self.manifest();
        let mut text = format!("ok: {} is {} {}, {}\n", file.display(), manifest.id, manifest.version, manifest.name);
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

    fn json(&self) -> Value {
        let manifest = self.manifest();
        let mut value =
            json!({"ok": true, "id": manifest.id, "version": manifest.version, "contract": manifest.contract});
        if let (Self::Component(inspected), Value::Object(fields)) = (self, &mut value) {
            fields.insert("exports".to_owned(), json!(exports(inspected.exports)));
            fields.insert("size".to_owned(), json!(inspected.size));
            fields.insert("digest".to_owned(), json!(inspected.digest));
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
