//! `patchbay sign FILE --key KEYFILE`: a publisher says that a packaged connector is its own.
//!
//! The signature stands in a file beside the connector, `FILE.sig`: it goes where the file goes, and whoever installs the
//! file finds it there. The component itself stays as it is, so that its digest does.

use std::{
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use patchbay_model::{
    Code, Fault,
    package::{
        self, Limits,
        signature::{self, Signed, SigningKey},
    },
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::exit::{Exit, Stop};

/// Bytes of a key file.
const LARGEST_KEY: usize = 4 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The packaged connector, as `patchbay package` writes it.
    file: PathBuf,
    /// The file of your signing key; `patchbay publishers keygen FILE` makes one.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where to write the signature; beside the connector, as FILE.sig, when it is not given.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let bytes = super::package::read(&args.file)?;
    let inspected = package::inspect(&bytes, Limits::default())?;
    let key = read_key(&args.key)?;
    let (connector, version) = (&inspected.manifest.id, &inspected.manifest.version);
    let document = signature::sign(&key, Signed { connector, version, sha256: &inspected.digest });
    let out = args.out.clone().unwrap_or_else(|| beside(&args.file));
    // Whole or not at all: a host may be watching the folder.
    let part = out.with_extension("sig-part");
    std::fs::write(&part, document.to_json()).map_err(|error| Stop::file("written", &part, &error))?;
    std::fs::rename(&part, &out).map_err(|error| Stop::file("written", &out, &error))?;
    let (public, publisher) = (key.public(), signature::publisher(connector));
    let fingerprint = public.fingerprint();
    if args.json {
        let key = public.to_string();
        let told = json!({"connector": connector, "version": version, "sha256": inspected.digest, "file": out,
            "fingerprint": fingerprint, "key": key});
        println!("{told:#}");
        return Ok(Exit::Done);
    }
    println!("{connector} {version} is signed by {fingerprint}: {}", out.display());
    println!("Whoever installs it first has to trust that key: patchbay publishers trust {publisher} {public}");
    println!("or, by its fingerprint: patchbay connectors install FILE --trust-key {fingerprint}");
    Ok(Exit::Done)
}

/// Where the signature of a file lies.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Reads a signing key. A file that others may read is refused: whoever reads it can publish in your name.
pub(super) fn read_key(path: &Path) -> Result<SigningKey, Stop> {
    let failed = |error: std::io::Error| Stop::file("read", path, &error);
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(refused(format!("{} is no file", path.display())));
    }
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(refused(format!(
            "{path} can be read or written by others (mode {mode:o}), and whoever reads it can publish in your name. If \
             nobody has: chmod 600 {path}"
        )));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_KEY + 1));
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LARGEST_KEY as u64).read_to_end(&mut bytes).map_err(failed)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    SigningKey::from_text(text).map_err(|error| refused(format!("{} holds no signing key: {error}", path.display())))
}

/// Writes a new signing key, mode 0600; a file that is there is left alone.
pub(super) fn write_key(path: &Path, key: &SigningKey) -> Result<(), Stop> {
    let failed = |error: std::io::Error| Stop::file("written", path, &error);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(key.to_text().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

fn refused(text: String) -> Stop {
    Stop { exit: Exit::Refused, fault: Fault::because(Code::KeyInvalid, text) }
}

#[cfg(test)]
mod tests {
    use patchbay_model::SeededRandom;

    use super::*;

    #[test]
    fn a_key_is_written_for_its_owner_only_and_never_over_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("acme.key");
        let key = SigningKey::fresh(&SeededRandom::new(1));
        write_key(&path, &key).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(read_key(&path).expect("read").public(), key.public());
        assert!(write_key(&path, &SigningKey::fresh(&SeededRandom::new(2))).is_err());
        assert_eq!(read_key(&path).expect("as before").public(), key.public());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("acme.key");
        write_key(&path, &SigningKey::fresh(&SeededRandom::new(1))).expect("written");
        for mode in [0o640, 0o604, 0o660, 0o620] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            let stop = read_key(&path).map(|key| key.public()).expect_err("refused");
            assert!(stop.fault.person.contains("chmod 600"), "{}", stop.fault.person);
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).expect("set");
        assert!(read_key(&path).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("acme.key");
        for text in ["", "hunter2hunter2", "patchbay-signing-key 1\nhunter2hunter2\n", &"x".repeat(100_000)] {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
            let stop = read_key(&path).map(|key| key.public()).expect_err("no key");
            assert!(!stop.fault.person.contains("hunter2"), "{}", stop.fault.person);
        }
        assert!(read_key(folder.path()).is_err() && read_key(&folder.path().join("none")).is_err());
        assert_eq!(beside(Path::new("a/b.wasm")), Path::new("a/b.wasm.sig"));
    }
}
