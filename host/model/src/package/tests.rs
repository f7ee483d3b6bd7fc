use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentInstanceSection,
    ComponentTypeRef, ComponentTypeSection, InstanceType, NestedComponentSection,
};

use super::*;

const MANIFEST: &str = r#"
id = "acme.books"
version = "0.1.0"
contract = "0.1.0"
name = "Books"
category = "accounting"
summary = "Reads the books."

[[auth]]
id = "key"
kind = "fields"
label = "Key"

[[stream]]
name = "invoices"
title = "Invoices"
key = ["/id"]
schedule = "6h"
function = "accounting"
meaning = "all invoices"
"#;

fn manifest() -> Manifest {
    crate::manifest::parse::parse(MANIFEST, &|_| None).unwrap()
}

/// A component that imports and exports empty instances of these names.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    let mut imported = ComponentImportSection::new();
    for name in imports {
        imported.import(*name, ComponentTypeRef::Instance(0));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.export_items::<&str, _>([]);
    let mut exported = ComponentExportSection::new();
    for name in exports {
        exported.export(*name, ComponentExportKind::Instance, u32::try_from(imports.len()).unwrap(), None);
    }
    let mut component = Component::new();
    component.section(&types).section(&imported).section(&instances).section(&exported);
    component.finish()
}

fn source() -> Vec<u8> {
    component(
        &[
            "patchbay:connector/types@0.1.0",
            "patchbay:connector/http@0.1.0",
            "wasi:io/poll@0.2.6",
            "wasi:cli/exit@0.2.3",
        ],
        &["patchbay:connector/auth@0.1.0", "patchbay:connector/fetch@0.1.0"],
    )
}

fn look(bytes: &[u8]) -> Result<Inspected, Fault> {
    inspect(bytes, Limits::default())
}

fn refusal(bytes: &[u8]) -> Fault {
    look(bytes).unwrap_err()
}

#[test]
fn what_is_packed_is_found_again() {
    let packed = pack(&source(), &manifest()).unwrap();
    let inspected = look(&packed).unwrap();
    assert_eq!(inspected.manifest, manifest());
    assert_eq!(inspected.exports, Exports { auth: true, fetch: true, push: false });
    assert_eq!(inspected.contract, "0.1.0");
    assert_eq!(inspected.wasi.as_deref(), Some("0.2.6"));
    assert_eq!(inspected.imports.len(), 4);
    assert_eq!(inspected.size, packed.len());
    assert_eq!(inspected.digest, HEXLOWER.encode(&Sha256::digest(&packed)));
    wasmparser::Validator::new().validate_all(&packed).unwrap();
}

#[test]
fn packing_again_replaces_the_manifest() {
    let mut other = manifest();
    other.version = "0.2.0".to_owned();
    let packed = pack(&pack(&source(), &other).unwrap(), &manifest()).unwrap();
    assert_eq!(packed, pack(&source(), &manifest()).unwrap());
}

#[test]
fn what_is_no_packed_component_says_what_it_is() {
    assert_eq!(refusal(b"").code, Code::NotAComponent);
    assert_eq!(refusal(b"PK\x03\x04 a zip").code, Code::NotAComponent);
    assert_eq!(refusal(b"\0asm\x0e\0\x02\0").code, Code::NotAComponent);
    assert_eq!(refusal(&wasm_encoder::Module::new().finish()).code, Code::CoreModule);
    assert_eq!(refusal(&source()).code, Code::ManifestMissing);
    assert_eq!(
        refusal(&[pack(&source(), &manifest()).unwrap().as_slice(), b"\x07"].concat()).code,
        Code::NotAComponent
    );
    let bytes = pack(&source(), &manifest()).unwrap();
    assert_eq!(inspect(&bytes, Limits { component_bytes: bytes.len() - 1 }).unwrap_err().code, Code::ComponentTooLarge);
    assert!(inspect(&bytes, Limits { component_bytes: bytes.len() }).is_ok());
}

#[test]
fn compiled_code_is_told_apart_from_what_is_no_component_at_all() {
    for compiled in [
        b"\x7fELF\x02\x01\x01\xc8 what wasmtime makes".as_slice(),
        b"MZ\x90\0 a program",
        b"\xcf\xfa\xed\xfe\x07\0\0\x01",
        b"!<arch>\nlib.o",
        b"patchbay-cwasm-2 and what follows in the cache",
    ] {
        let fault = refusal(compiled);
        assert_eq!(fault.code, Code::CompiledCode, "{compiled:?}");
    }
    assert_eq!(refusal(b"\x7fEL").code, Code::NotAComponent);
}

#[test]
fn a_manifest_that_is_not_in_front_is_not_found() {
    let mut bytes = source();
    sections::write_custom(&mut bytes, SECTION, &serde_json::to_vec(&manifest()).unwrap());
    assert_eq!(refusal(&bytes).code, Code::ManifestMissing);
}

fn with_json(json: &[u8]) -> Vec<u8> {
    let mut bytes = sections::HEADER.to_vec();
    sections::write_custom(&mut bytes, SECTION, json);
    bytes.extend_from_slice(&source()[sections::HEADER.len()..]);
    bytes
}

#[test]
fn a_wrong_manifest_names_all_its_places() {
    let mut value = serde_json::to_value(manifest()).unwrap();
    value["version"] = "x".into();
    value["stream"][0]["key"] = serde_json::json!([]);
    let fault = refusal(&with_json(&serde_json::to_vec(&value).unwrap()));
    assert_eq!(fault.code, Code::ManifestInvalid);
    let pointers: Vec<_> = fault.fields.iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!(pointers, ["/version", "/stream/0/key"]);
}

#[test]
fn a_manifest_that_cannot_be_read_is_refused() {
    let json = serde_json::to_string(&manifest()).unwrap();
    let unknown = json.replacen('{', "{\"more\":1,", 1);
    let twice = json.replacen('{', "{\"id\":\"acme.books\",", 1);
    let deep = "[".repeat(100_000);
    let large = format!("{json}{}", " ".repeat(MANIFEST_BYTES));
    for json in [unknown.as_str(), &twice, &deep, &large, "", "null", "{}"] {
        assert_eq!(refusal(&with_json(json.as_bytes())).code, Code::ManifestInvalid, "{json:.40}");
    }
}

#[test]
fn another_contract_is_refused_with_the_versions_that_are_spoken() {
    let other = component(&[], &["patchbay:connector/auth@0.2.0", "patchbay:connector/later@0.2.0"]);
    let preview = component(&["patchbay:connector/http@0.1.0-rc.1"], &["patchbay:connector/auth@0.1.0"]);
    let unknown_import = component(&["patchbay:connector/later@1.0.0"], &["patchbay:connector/auth@1.0.0"]);
    for bytes in [other, preview, unknown_import] {
        let fault = refusal(&bytes);
        assert_eq!(fault.code, Code::ContractUnsupported);
        assert!(fault.person.contains("0.1.0"), "{fault:?}");
    }
    let mut value = serde_json::to_value(manifest()).unwrap();
    value["contract"] = "0.9.0".into();
    value["a-later-key"] = 1.into();
    assert_eq!(refusal(&with_json(&serde_json::to_vec(&value).unwrap())).code, Code::ContractUnsupported);
    let wasi = component(&["wasi:http/types@0.3.0"], &["patchbay:connector/auth@0.1.0"]);
    assert_eq!(refusal(&wasi).code, Code::ContractUnsupported);
}

#[test]
fn a_later_patch_of_the_contract_is_spoken() {
    let later = component(
        &["patchbay:connector/http@0.1.7"],
        &["patchbay:connector/auth@0.1.7", "patchbay:connector/fetch@0.1.7"],
    );
    let mut manifest = manifest();
    assert_eq!(check_source(&later, &manifest).unwrap_err().code, Code::ExportsDisagree);
    manifest.contract = "0.1.7".to_owned();
    assert!(check_source(&later, &manifest).is_ok());
}

#[test]
fn exports_have_to_fit_the_manifest() {
    let auth = "patchbay:connector/auth@0.1.0";
    let fetch = "patchbay:connector/fetch@0.1.0";
    let push = "patchbay:connector/push@0.1.0";
    for (exports, word) in [
        (&[][..], "auth"),
        (&[fetch], "auth"),
        (&[auth], "does not export fetch"),
        (&[auth, fetch, push], "exports push"),
    ] {
        let fault = check_source(&component(&[], exports), &manifest()).unwrap_err();
        assert_eq!(fault.code, Code::ExportsDisagree);
        assert!(fault.person.contains(word), "{fault:?}");
    }
    let exports = check_source(&component(&[], &[auth, fetch]), &manifest()).unwrap();
    assert_eq!(exports, Exports { auth: true, fetch: true, push: false });
}

#[test]
fn an_import_that_nobody_offers_is_named() {
    for name in ["other:thing/api@1.0.0", "patchbay:connector/raw@0.1.0", "env", "wasi-like:x/y@0.2.0"] {
        let fault = refusal(&component(&[name], &["patchbay:connector/auth@0.1.0"]));
        assert_eq!(fault.code, Code::ProbeFailed);
        assert!(fault.person.contains(name), "{fault:?}");
    }
}

#[test]
fn names_of_a_nested_component_do_not_count() {
    let mut inner = Component::new();
    let mut imports = ComponentImportSection::new();
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    imports.import("other:thing/api@1.0.0", ComponentTypeRef::Instance(0));
    inner.section(&types).section(&imports);
    let mut bytes = source();
    let mut outer = Component::new();
    outer.section(&NestedComponentSection(&inner));
    bytes.extend_from_slice(&outer.finish()[sections::HEADER.len()..]);
    assert!(look(&pack(&bytes, &manifest()).unwrap()).is_ok());
}

#[test]
fn hostile_bytes_are_refused_and_never_panic() {
    use crate::Random as _;
    let packed = pack(&source(), &manifest()).unwrap();
    for end in 0..packed.len() {
        // The whole sections before a cut are a component with fewer exports.
        assert!(look(&packed[..end]).is_err(), "cut at {end}");
    }
    let random = crate::SeededRandom::new(7);
    let mut draw = [0_u8; 8];
    for _ in 0..20_000 {
        random.fill(&mut draw);
        let mut bytes = packed.clone();
        let at = usize::from(u16::from_le_bytes([draw[0], draw[1]])) % bytes.len();
        match draw[2] % 3 {
            0 => bytes[at] = draw[3],
            1 => drop(bytes.splice(at..at, [draw[3], draw[4], draw[5]])),
            _ => bytes.truncate(at),
        }
        let _ = look(&bytes);
        let _ = pack(&bytes, &manifest());
        let mut noise = vec![0_u8; usize::from(draw[6])];
        random.fill(&mut noise);
        let _ = look(&noise);
        let _ = look(&[sections::HEADER.as_slice(), &noise].concat());
    }
}
