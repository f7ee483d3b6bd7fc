//! `patchbay verify FILE`: what the signature beside a packaged connector says, without a host and without a network.

use std::path::{Path, PathBuf};

use patchbay_model::{
    Code, Fault,
    package::{
        self, Limits,
        signature::{self, Document, LONGEST, PublicKey, SignatureError, Signed},
    },
};
use serde_json::json;

use super::sign;
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The packaged connector.
    file: PathBuf,
    /// Its signature; FILE.sig when it is not given.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// The publisher's key or its fingerprint, SHA256:…, where you have it from elsewhere: another one is refused.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let bytes = super::package::read(&args.file)?;
    let inspected = package::inspect(&bytes, Limits::default())?;
    let path = args.signature.clone().unwrap_or_else(|| sign::beside(&args.file));
    let document = Document::read(&read(&path)?).map_err(refusal)?;
    let (connector, version) = (&inspected.manifest.id, &inspected.manifest.version);
    let key = document.verify(Signed { connector, version, sha256: &inspected.digest }).map_err(refusal)?;
    let fingerprint = key.fingerprint();
    if let Some(named) = &args.key {
        check(&key, named)?;
    }
    if args.json {
        let told = json!({"connector": connector, "version": version, "sha256": inspected.digest,
            "fingerprint": fingerprint, "key": key.to_string(), "expected": args.key.is_some()});
        println!("{told:#}");
        return Ok(Exit::Done);
    }
    println!("{connector} {version} is whole, and signed by {fingerprint}");
    if args.key.is_none() {
        let publisher = signature::publisher(connector);
        println!(
            "Whether that is a key of {publisher} only {publisher} can tell: compare it with what they show elsewhere."
        );
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| {
        let text = format!("{} cannot be read: {error}", path.display());
        Stop { exit: Exit::Refused, fault: Fault::because(Code::SignatureMissing, text) }
    })?;
    // One more than it may have, so that a longer one is seen to be longer.
    let read = file.take(LONGEST as u64 + 1).read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|error| Stop::file("read", path, &error))
}

fn check(key: &PublicKey, named: &str) -> Result<(), Stop> {
    if named == key.fingerprint() || named == key.to_string() {
        return Ok(());
    }
    let text = format!("it is signed by {}, and you named another key", key.fingerprint());
    Err(Stop { exit: Exit::Refused, fault: Fault::because(Code::KeyNotExpected, text) })
}

fn refusal(error: SignatureError) -> Stop {
    let code = match error {
        SignatureError::Other { .. } => Code::SignatureOfAnother,
        SignatureError::Wrong(_) => Code::SignatureWrong,
        _ => Code::SignatureUnreadable,
    };
    Stop { exit: Exit::Refused, fault: Fault::because(code, error.to_string()) }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{SeededRandom, package::signature::SigningKey};

    use super::*;

    #[test]
    fn a_key_is_named_whole_or_by_its_fingerprint() {
        let key = SigningKey::fresh(&SeededRandom::new(1)).public();
        assert!(check(&key, &key.fingerprint()).is_ok() && check(&key, &key.to_string()).is_ok());
        for other in ["", "SHA256:", &key.fingerprint()[..20]] {
            assert_eq!(check(&key, other).expect_err("another").fault.code, Code::KeyNotExpected);
        }
    }
}
