//! The sections of the outermost component, one after another.

use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::BinaryReader;

use crate::{Code, Fault};

/// Magic number, version and layer of a component.
pub(super) const HEADER: [u8; 8] = *b"\0asm\x0d\x00\x01\x00";

/// Magic number, version and layer of a core module.
const CORE_HEADER: [u8; 8] = *b"\0asm\x01\x00\x00\x00";

/// Number of the custom section.
const CUSTOM: u8 = 0;
/// Number of the section of imports.
pub(super) const IMPORTS: u8 = 10;
/// Number of the section of exports.
pub(super) const EXPORTS: u8 = 11;

/// How compiled code begins: executables and libraries of Linux (what wasmtime makes of a component is one), Windows and
/// macOS, static libraries, and entries of the host's own cache.
const COMPILED: &[&[u8]] = &[
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"!<arch>\n",
    b"patchbay-cwasm-",
];

/// One section.
pub(super) struct Section<'a> {
    /// Its number.
    pub(super) id: u8,
    /// What is in it.
    pub(super) body: &'a [u8],
    /// Number, length and body.
    pub(super) whole: &'a [u8],
}

impl<'a> Section<'a> {
    /// Name and content, where it is a custom section.
    pub(super) fn custom(&self) -> Option<(&'a str, &'a [u8])> {
        if self.id != CUSTOM {
            return None;
        }
        let mut reader = BinaryReader::new(self.body, 0);
        let name = reader.read_string().ok()?;
        Some((name, self.body.get(reader.current_position()..)?))
    }

    /// Its name, where it is a custom section.
    pub(super) fn custom_name(&self) -> Option<&'a str> {
        self.custom().map(|(name, _)| name)
    }
}

/// Walks over the sections; ends after the first that is broken.
pub(super) struct Sections<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Sections<'a> {
    /// The sections of a component.
    ///
    /// # Errors
    /// As [`header`].
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Fault> {
        header(bytes)?;
        Ok(Self { bytes, at: HEADER.len() })
    }

    fn step(&mut self) -> Option<Section<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let mut reader = BinaryReader::new(rest, self.at);
        let id = reader.read_u8().ok()?;
        let length = usize::try_from(reader.read_var_u32().ok()?).ok()?;
        let body = reader.read_bytes(length).ok()?;
        let whole = rest.get(..reader.current_position())?;
        self.at = self.at.checked_add(whole.len())?;
        Some(Section { id, body, whole })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let at = self.at;
        let section = self.step();
        if section.is_none() {
            self.at = self.bytes.len();
        }
        Some(section.ok_or_else(|| damaged(at)))
    }
}

/// Whether it begins as a component does.
///
/// # Errors
/// `NotAComponent`, `CoreModule` or `CompiledCode`.
pub(super) fn header(bytes: &[u8]) -> Result<(), Fault> {
    match bytes.first_chunk::<8>() {
        Some(&HEADER) => Ok(()),
        Some(&CORE_HEADER) => Err(Fault::new(Code::CoreModule)
            .operator("build it for wasm32-wasip2, or wrap it with `wasm-tools component new`")),
        Some(header) if header.starts_with(b"\0asm") => Err(Fault::because(
            Code::NotAComponent,
            "This file is WebAssembly of a version that this host does not know",
        )),
        _ if COMPILED.iter().any(|begin| bytes.starts_with(begin)) => {
            Err(Fault::new(Code::CompiledCode).operator("install the component itself; the host compiles it"))
        }
        _ => Err(Fault::new(Code::NotAComponent)),
    }
}

/// The fault of a file whose bytes at `at` cannot be read.
pub(super) fn damaged(at: usize) -> Fault {
    Fault::because(Code::NotAComponent, "This file is damaged or was cut off")
        .operator(format!("the section at byte {at} cannot be read"))
}

/// Appends a custom section.
pub(super) fn write_custom(to: &mut Vec<u8>, name: &str, content: &[u8]) {
    CustomSection { name: name.into(), data: content.into() }.append_to_component(to);
}
