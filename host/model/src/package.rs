//! A component with its manifest in front, and what can be told of it without compiling anything.
//!
//! The bytes come from strangers. They are walked section by section, so the work is bounded by the file's size: once at
//! all depths, to count what would keep a compiler busy (`census`), and once on the outside only, where names stand
//! (`surface`). What an interface is called decides, what it contains is for the compiler in its own process.

mod census;
mod sections;
pub mod signature;
mod surface;

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::{
    sections::{Section, Sections},
    surface::Surface,
};
use crate::{
    Code, Fault,
    contract::Exports,
    manifest::{Manifest, findings},
};

/// Name of the custom section that carries the manifest as JSON; the first section of a component.
pub const SECTION: &str = "patchbay:manifest";

/// Contract versions that this host speaks; of each, every later patch as well.
pub const SPOKEN: &[&str] = &["0.1.0"];

/// Bytes of a packed manifest.
pub const MANIFEST_BYTES: usize = 1024 * 1024;

/// Upper bounds of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a component.
    pub component_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { component_bytes: 64 * 1024 * 1024 }
    }
}

/// What is known of a component before it is compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// Its manifest, checked.
    pub manifest: Manifest,
    /// Which interfaces of the contract it exports; they fit the manifest.
    pub exports: Exports,
    /// The contract version that it was built against.
    pub contract: String,
    /// The newest WASI version that it imports, where it imports any.
    pub wasi: Option<String>,
    /// Names of all imports.
    pub imports: Vec<String>,
    /// SHA-256 of all bytes, hex.
    pub digest: String,
    /// All bytes.
    pub size: usize,
}

/// Why a component cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The bytes are no component.
    #[error("{0}")]
    NotAComponent(String),
    /// The manifest's JSON is larger than [`MANIFEST_BYTES`].
    #[error("the manifest has {0} bytes of JSON; {MANIFEST_BYTES} are the most")]
    ManifestTooLarge(usize),
    /// The manifest cannot be written as JSON.
    #[error("the manifest cannot be written as JSON: {0}")]
    Json(String),
}

/// Puts the manifest in front of a component's other sections; one that was there is replaced.
///
/// # Errors
/// See [`PackError`].
pub fn pack(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, PackError> {
    let json = serde_json::to_vec(manifest).map_err(|error| PackError::Json(error.to_string()))?;
    if json.len() > MANIFEST_BYTES {
        return Err(PackError::ManifestTooLarge(json.len()));
    }
    let sections = Sections::of(component).map_err(|fault| PackError::NotAComponent(fault.person))?;
    let mut packed = sections::HEADER.to_vec();
    sections::write_custom(&mut packed, SECTION, &json);
    for section in sections {
        let section = section.map_err(|fault| PackError::NotAComponent(fault.person))?;
        if section.custom_name() != Some(SECTION) {
            packed.extend_from_slice(section.whole);
        }
    }
    Ok(packed)
}

/// Tells what a packed component is and asks for; neither compiles nor runs anything.
///
/// # Errors
/// A fault with the code of the first thing that is wrong; for a wrong manifest, with a field for
/// everything that is wrong in it.
pub fn inspect(bytes: &[u8], limits: Limits) -> Result<Inspected, Fault> {
    if bytes.len() > limits.component_bytes {
        let text = format!("This component has {} bytes; {} are the most", bytes.len(), limits.component_bytes);
        return Err(Fault::because(Code::ComponentTooLarge, text));
    }
    let surface = look(bytes)?;
    let first = Sections::of(bytes)?.next().transpose()?;
    let section = first.as_ref().and_then(Section::custom).filter(|(name, _)| *name == SECTION);
    let Some((_, json)) = section else {
        return Err(Fault::new(Code::ManifestMissing)
            .operator(format!("the first section is not the custom section {SECTION:?}; run `patchbay package`")));
    };
    let manifest = read(json)?;
    surface.agrees(&manifest)?;
    Ok(Inspected {
        manifest,
        exports: surface.exports,
        contract: surface.contract,
        wasi: surface.wasi,
        imports: surface.imports,
        digest: digest(bytes),
        size: bytes.len(),
    })
}

/// What names a component: SHA-256 of its bytes, hex.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Whether a component that is not packed yet fits its manifest; the same checks as on upload.
///
/// # Errors
/// A fault with the code of the first thing that is wrong.
pub fn check_source(component: &[u8], manifest: &Manifest) -> Result<Exports, Fault> {
    let surface = look(component)?;
    surface.agrees(manifest)?;
    Ok(surface.exports)
}

/// What stands on the outside of a component; what is too much inside is refused first.
fn look(component: &[u8]) -> Result<Surface, Fault> {
    sections::header(component)?;
    census::take(component)?;
    Surface::of(component)
}

fn read(json: &[u8]) -> Result<Manifest, Fault> {
    if json.len() > MANIFEST_BYTES {
        let text = format!("The manifest has {} bytes; {MANIFEST_BYTES} are the most", json.len());
        return Err(Fault::because(Code::ManifestInvalid, text));
    }
    let unreadable = |error: serde_json::Error| {
        Fault::because(Code::ManifestInvalid, format!("The manifest cannot be read: {error}"))
    };
    let value: Value = serde_json::from_slice(json).map_err(unreadable)?;
    // A manifest of another contract may well have other keys; then its version is the thing to say.
    if let Some(contract) = value.get("contract").and_then(Value::as_str) {
        surface::spoken(contract)?;
    }
    // From the bytes again and not from the value, so that a key that is there twice is refused.
    let manifest: Manifest = serde_json::from_slice(json).map_err(unreadable)?;
    let wrong = findings(&manifest);
    if wrong.is_empty() {
        return Ok(manifest);
    }
    let fault = Fault::because(Code::ManifestInvalid, format!("The manifest is wrong in {} places", wrong.len()));
    Err(wrong.into_iter().fold(fault, |fault, finding| {
        fault.field(finding.path.pointer(), format!("{} — {}", finding.message, finding.remedy))
    }))
}

#[cfg(test)]
mod tests;
