//! `patchbay publish`: puts a packaged connector into a registry, with its signature, and says what an operator types.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_app::{ArtifactKind, Publication, Reference, publish};
use patchbay_egress::{Gate, Rewrite};
use patchbay_model::{
    Clock, Code, Fault, SystemClock,
    package::{
        Inspected,
        signature::{self, Document, Signed},
    },
};
use serde_json::json;

use super::{
    package as packing,
    packed::{Packed, aloud, packed},
    progress::Progress,
    sign::read_key,
};
use crate::{
    config::Config,
    exit::{Exit, Stop},
    serve,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to: registry.example/acme/books:1.2.0. The login stands in [[registries.login]] of the configuration.
    reference: String,
    /// The file that `patchbay package` wrote; the project of this folder when it is not given.
    file: Option<PathBuf>,
    /// Its signature; FILE.sig when it is there.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    signature: Option<PathBuf>,
    /// Sign it now, with the key of this file.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Its license, as an SPDX expression.
    #[arg(long, value_name = "SPDX")]
    license: Option<String>,
    /// With the config of an image, for a registry that takes nothing else.
    #[arg(long)]
    as_image: bool,
    /// Put it in the place of something else under that tag: whoever was given the tag gets another component.
    #[arg(long)]
    replace: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let reference = Reference::parse(&args.reference)?;
    let config = Config::load(config)?;
    let packed = packed(args.file.as_deref(), &mut aloud)?;
    let inspected = packed.inspect()?;
    let signature = signature_of(args, &packed, &inspected)?;
    let signer = signature.as_ref().and_then(|document| document.key().ok()).map(|key| key.fingerprint());
    let registries = config.sources.registries().map_err(|why| Fault::because(Code::ConfigInvalid, why))?;
    let gate = gate(&config, reference.registry())?;
    let publication = Publication {
        component: packed.bytes,
        signature: signature.map(|document| document.to_json()),
        license: args.license.clone(),
        created: SystemClock.now(),
        kind: if args.as_image { ArtifactKind::Image } else { ArtifactKind::Wasm },
        replace: args.replace,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Stop::failed(error.to_string()))?;
    let progress = Progress::begin(format!("publishing {}", packed.name));
    let published = runtime.block_on(publish(&gate, &registries, &reference, publication))?;
    drop(progress);
    if args.json {
        let said = json!({
            "connector": published.connector, "version": published.version, "reference": args.reference,
            "pinned": published.pinned, "size": published.size, "sha256": published.sha256, "signed_by": signer,
            "was_there": published.was_there,
        });
        println!("{said:#}");
        return Ok(Exit::Done);
    }
    let how = signer.map_or_else(|| "unsigned: most hosts refuse it".to_owned(), |key| format!("signed by {key}"));
    println!("{} {} ({} KiB, {how})", published.connector, published.version, published.size.div_ceil(1024));
    println!("  {}", published.pinned);
    if published.was_there {
        println!("It lay there already; nothing was sent.");
    }
    if reference.only_tag().is_some_and(|tag| names_another(tag, &published.version)) {
        println!("Its tag is not its version, {}: whoever reads the tag expects another one.", published.version);
    }
    let registry = reference.registry();
    // It speaks no TLS, so a host has to be told.
    let plain = if registry.starts_with("localhost:") { " and registries.plain_http have" } else { " has" };
    println!("An operator whose registries.allowed{plain} {registry} types");
    println!("  patchbay connectors install {}", args.reference);
    Ok(Exit::Done)
}

/// Whether a tag reads as a version, and as another one; `stable` and the like promise none.
fn names_another(tag: &str, version: &str) -> bool {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    tag.starts_with(|letter: char| letter.is_ascii_digit()) && tag != version
}

/// The signature that goes with it, proved: a wrong one is found here and not by everybody who installs it.
fn signature_of(args: &Args, packed: &Packed, inspected: &Inspected) -> Result<Option<Document>, Stop> {
    let is =
        Signed { connector: &inspected.manifest.id, version: &inspected.manifest.version, sha256: &inspected.digest };
    if let Some(path) = &args.key {
        return Ok(Some(signature::sign(&read_key(path)?, is)));
    }
    let text = match (&args.signature, &args.file) {
        (Some(path), _) => Some(text_of(path, packing::read(path)?)?),
        (None, Some(file)) if packed.project.is_none() => beside(file)?,
        _ => None,
    };
    let Some(text) = text else { return Ok(None) };
    let document = Document::read(text.as_bytes()).and_then(|document| document.verify(is).map(|_| document));
    document.map(Some).map_err(|error| Stop { exit: Exit::Refused, ..Stop::failed(error.to_string()) })
}

/// The signature that lies beside a packaged connector, if one does.
pub(super) fn beside(file: &Path) -> Result<Option<String>, Stop> {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    let path = PathBuf::from(name);
    if path.is_file() { text_of(&path, packing::read(&path)?).map(Some) } else { Ok(None) }
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, Stop> {
    String::from_utf8(bytes).map_err(|_| Stop::failed(format!("{} is not UTF-8", path.display())))
}

/// The gate of the configuration. A registry on this very machine speaks no TLS.
fn gate(config: &Config, registry: &str) -> Result<Arc<Gate>, Stop> {
    let mut egress = serve::egress(config)?;
    let origin = format!("https://{registry}");
    if registry.starts_with("localhost:") && egress.rewrite.iter().all(|known| known.origin != origin) {
        egress.rewrite.push(Rewrite { origin, connect: format!("http://{registry}"), browser: None });
    }
    let gate = Gate::build(egress, Arc::new(SystemClock));
    gate.map_err(|error| Fault::because(Code::ConfigInvalid, error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_reads_as_another_version_is_told() {
        for (tag, another) in [("1.2.0", false), ("v1.2.0", false), ("stable", false), ("1.1.0", true), ("1", true)] {
            assert_eq!(names_another(tag, "1.2.0"), another, "{tag}");
        }
    }
}
