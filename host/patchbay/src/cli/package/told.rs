//! What `patchbay package` says of the file that it made: what an operator will see, and what comes next.

use std::{collections::BTreeSet, path::Path};

use patchbay_model::package::Inspected;
use serde_json::{Value, json};

/// Components in components that are looked into; real ones have two.
const DEEPEST: usize = 8;
const HEADER: usize = 8;

pub(super) fn text(inspected: &Inspected, packed: &[u8], out: &Path) -> String {
    let manifest = &inspected.manifest;
    let mut text = format!("{} {} {} bytes {}\n\n", manifest.id, manifest.version, packed.len(), out.display());
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<9} {value}\n"));
    line("contract", inspected.contract.clone());
    line("WASI", wasi(inspected));
    line("size", Parts::of(packed).text());
    line("digest", format!("sha256:{}", inspected.digest));
    text.push_str("\nasks for\n");
    for sentence in manifest.asks().sentences(manifest) {
        text.push_str(&format!("  - {sentence}\n"));
    }
    let file = out.display();
    text.push_str(&format!(
        "\nnext\n\
         \x20 patchbay sign {file} --key KEY-FILE             so that operators can tell that it is yours\n\
         \x20 patchbay connectors install {file}              into a running host\n\
         \x20 patchbay publish REGISTRY/NAME:VERSION {file}   for everybody\n"
    ));
    text
}

pub(super) fn json(inspected: &Inspected, packed: &[u8], out: &Path) -> Value {
    let manifest = &inspected.manifest;
    let Parts { code, data, manifest: own, rest } = Parts::of(packed);
    json!({
        "id": manifest.id,
        "version": manifest.version,
        "file": out,
        "digest": inspected.digest,
        "contract": inspected.contract,
        "wasi": inspected.wasi,
        "imports": inspected.imports,
        "size": { "all": packed.len(), "code": code, "data": data, "manifest": own, "rest": rest },
        "asks": manifest.asks().sentences(manifest),
    })
}

/// The version of WASI and what is imported of it. A host refuses imports of anything else.
fn wasi(inspected: &Inspected) -> String {
    let packages: BTreeSet<&str> = inspected
        .imports
        .iter()
        .filter_map(|name| name.strip_prefix("wasi:"))
        .filter_map(|name| name.split('/').next())
        .collect();
    match &inspected.wasi {
        None => "none is needed".to_owned(),
        Some(version) => {
            format!("{version}, of it {}", packages.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}

/// What the bytes of a component are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    /// Machine-independent code of its core modules.
    code: usize,
    /// Their data: texts, and the heap of a language that was started before it was packed.
    data: usize,
    /// The manifest in front.
    manifest: usize,
    /// Types, names and glue.
    rest: usize,
}

impl Parts {
    fn of(packed: &[u8]) -> Self {
        let mut parts = Self::default();
        parts.component(packed, 0);
        parts.rest = packed.len().saturating_sub(parts.code + parts.data + parts.manifest);
        parts
    }

    fn component(&mut self, bytes: &[u8], depth: usize) {
        for (index, (id, body)) in Sections::of(bytes).enumerate() {
            match id {
                0 if depth == 0 && index == 0 => self.manifest = body.len(),
                1 => self.module(body),
                4 if depth < DEEPEST => self.component(body, depth + 1),
                _ => {}
            }
        }
    }

    fn module(&mut self, bytes: &[u8]) {
        for (id, body) in Sections::of(bytes) {
            match id {
                10 => self.code += body.len(),
                11 => self.data += body.len(),
                _ => {}
            }
        }
    }

    fn text(&self) -> String {
        let kib = |bytes: usize| bytes.div_ceil(1024);
        format!(
            "{} KiB: {} KiB code, {} KiB data, {} KiB manifest, {} KiB types and glue",
            kib(self.code + self.data + self.manifest + self.rest),
            kib(self.code),
            kib(self.data),
            kib(self.manifest),
            kib(self.rest)
        )
    }
}

/// The sections of a module or a component: the number and the body of each, up to the first that is broken.
struct Sections<'a>(&'a [u8]);

impl<'a> Sections<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self(bytes.get(HEADER..).unwrap_or_default())
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (id, mut rest) = self.0.split_first()?;
        let mut length = 0_usize;
        for shift in (0..35).step_by(7) {
            let (byte, after) = rest.split_first()?;
            rest = after;
            length |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                let (body, after) = rest.split_at_checked(length)?;
                self.0 = after;
                return Some((*id, body));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_component_are_told_apart() {
        let module = [b"\0asm\x01\0\0\0".as_slice(), &[10, 3, 1, 2, 3, 11, 2, 1, 2]].concat();
        let length = u8::try_from(module.len()).expect("short");
        let packed = [b"\0asm\x0d\0\x01\0".as_slice(), &[0, 4, 1, b'm', b'{', b'}', 1, length], &module].concat();
        let parts = Parts::of(&packed);
        assert_eq!((parts.code, parts.data, parts.manifest), (3, 2, 4));
        assert_eq!(parts.rest, packed.len() - 9);
    }

    #[test]
    fn broken_bytes_end_the_walk() {
        for bytes in
            [&b""[..], b"\0asm", b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\xff\xff", b"\0asm\x0d\0\x01\0\x01\x7f"]
        {
            assert_eq!(Parts::of(bytes).rest, bytes.len());
        }
    }
}
