//! `cargo xtask golden FILE NAME`: keeps a packaged component for ever.
//!
//! When a version of the contract is released, the example connector is built with each SDK of that day and kept under
//! `tests/contract/golden/VERSION`; so is whatever a toolchain made that was odd. The version is the one that the component
//! names. What is kept is never replaced: it stands for what strangers have built, and they do not build again.

use std::{fs, io::Write as _, path::PathBuf};

use flate2::{Compression, GzBuilder};
use patchbay_model::package;

use crate::shell::{Result, root};

/// What the tree should not carry; a component that is larger is built smaller, or not kept.
const KEPT_BYTES: usize = 6 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The packaged component, as `patchbay package` writes it.
    file: PathBuf,
    /// What to call it: `rust`, `js`, `python`, or a language with what is odd about it.
    name: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let bytes = fs::read(&args.file).map_err(|error| format!("{}: {error}", args.file.display()))?;
    let inspected = package::inspect(&bytes, package::Limits::default())
        .map_err(|fault| format!("{}: {} ({fault:?})", args.file.display(), fault.person))?;
    let place = place(&inspected.contract, &args.name)?;
    let folder = root().join("tests/contract/golden");
    let file = folder.join(format!("{place}.wasm.gz"));
    if file.exists() {
        return Err(format!("{place} is kept already, and nothing that is kept is replaced; take another name"));
    }
    let packed = gzip(&bytes)?;
    if packed.len() > KEPT_BYTES {
        return Err(format!("{} bytes compressed are too much for the tree; {KEPT_BYTES} are the most", packed.len()));
    }
    let told = |error: std::io::Error| format!("{}: {error}", file.display());
    fs::create_dir_all(folder.join(&inspected.contract)).map_err(told)?;
    fs::write(&file, &packed).map_err(told)?;
    let list = folder.join("digests.txt");
    let known = fs::read_to_string(&list).unwrap_or_default();
    let text = format!("{known}{}  {place}\n", inspected.digest);
    fs::write(&list, text).map_err(|error| format!("{}: {error}", list.display()))?;
    println!("{place}: {} bytes, {} compressed", bytes.len(), packed.len());
    Ok(())
}

/// Where it is kept, below the folder.
fn place(contract: &str, name: &str) -> Result<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !package::SPOKEN.contains(&contract) {
        return Err(format!("contract {contract} is not released; released are {}", package::SPOKEN.join(", ")));
    }
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(format!("{name:?} is no name: small letters, digits and hyphens"));
    }
    Ok(format!("{contract}/{name}"))
}

/// The same bytes each time: without a name and a time in front.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packing = GzBuilder::new().write(Vec::new(), Compression::best());
    packing.write_all(bytes).and_then(|()| packing.finish()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_released_contract_is_kept_and_under_a_plain_name() {
        assert_eq!(place("0.1.0", "rust-reader"), Ok("0.1.0/rust-reader".to_owned()));
        for (contract, name) in [("0.9.0", "rust"), ("0.1.0", "../rust"), ("0.1.0", ""), ("0.1.0", "Rust")] {
            assert!(place(contract, name).is_err(), "{contract} {name}");
        }
    }

    #[test]
    fn the_same_bytes_are_packed_to_the_same_bytes() {
        assert_eq!(gzip(b"component").expect("packed"), gzip(b"component").expect("packed"));
    }
}
