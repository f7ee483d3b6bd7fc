//! A file that is no connector, or the wrong one, is refused with what is wrong and what to do; whatever was
//! installed stays.

use std::{fs, path::Path, process::Output};

use patchbay_it::{Rig, Variant, guest_component, guest_manifest, patchbay};
use patchbay_test_support::{Result, fakes::FakesConfig};
use serde_json::json;

/// A file of which every `patchbay:connector/…@0.1.0` is of another contract.
fn of_another_contract(mut packed: Vec<u8>) -> Vec<u8> {
    const PACKAGE: &[u8] = b"patchbay:connector/";
    const VERSION: &[u8] = b"@0.1.0";
    let mut changed = 0;
    for at in 0..packed.len().saturating_sub(64) {
        if packed[at..].starts_with(PACKAGE) {
            let from = at + PACKAGE.len();
            if let Some(found) = packed[from..from + 16].windows(VERSION.len()).position(|part| part == VERSION) {
                packed[from + found + 1] = b'9';
                changed += 1;
            }
        }
    }
    assert!(changed >= 6, "imports and exports name the contract: {changed}");
    packed
}

#[test]
fn what_cannot_be_installed_is_refused_by_its_code_and_nothing_is_lost() -> Result<()> {
    let good = Variant::of_guests("0.1.0")?;
    let limit = good.pack()?.len() + 1_000;
    let rig = Rig::with(FakesConfig::small(), &format!("[limits]\ncomponent_bytes = {limit}\n"))?;
    rig.install(good.pack()?)?;
    let before = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.json;
    let bare = fs::read(guest_component()?)?;
    let next = Variant::of_guests("0.2.0")?;
    let packed = next.pack()?;
    let mut no_push = Variant::of_guests("0.2.0")?;
    no_push.manifest.actions.clear();
    let mut wide = Variant::of_guests("0.2.0")?;
    "https://*.example".clone_into(&mut wide.manifest.hosts[0].origin);
    let mut no_key = Variant::of_guests("0.2.0")?;
    no_key.manifest.streams[0].key.clear();
    let mut half = packed.clone();
    half.truncate(packed.len() / 2);
    let mut wrong_code = packed.clone();
    // A quarter of the file, in the middle: its own sections are whole, the module inside is not.
    wrong_code[packed.len() * 3 / 8..packed.len() * 5 / 8].fill(0xff);
    let mut wrong_types = packed.clone();
    // A core module that exports a function that is not there.
    wrong_types.extend(b"\x01\x0f\0asm\x01\0\0\0\x07\x05\x01\x01x\0\x05");
    for (what, bytes, status, code, says) in [
        ("text", b"hello".to_vec(), 422, "PB1001", "not a WebAssembly component"),
        ("nothing", Vec::new(), 422, "PB1001", "not a WebAssembly component"),
        ("a core module", b"\0asm\x01\0\0\0".to_vec(), 422, "PB1002", "core module"),
        ("a component that is not packed", bare, 422, "PB1004", "manifest"),
        ("half a component", half, 422, "PB1001", "damaged"),
        ("code that is none", wrong_code, 422, "PB1001", "damaged"),
        ("code that does not hold together", wrong_types, 422, "PB1007", "compiled"),
        ("another contract", of_another_contract(packed.clone()), 422, "PB1003", "9.1.0; this host speaks 0.1.0"),
        ("exports without a manifest for them", no_push.pack()?, 422, "PB1009", "push"),
        ("a wildcard", wide.pack()?, 422, "PB1005", "manifest"),
        ("a stream without a key", no_key.pack()?, 422, "PB1005", "manifest"),
        ("too large", [packed.clone(), vec![0; 2_000]].concat(), 413, "PB1006", "larger than the limit"),
    ] {
        let answer = rig.post(bytes)?;
        assert_eq!((answer.status, answer.json["code"].as_str()), (status, Some(code)), "{what}: {}", answer.text());
        assert!(answer.text().contains(says), "{what}: {}", answer.text());
        let now = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?;
        let active = now.array_at("/items")?.into_iter().filter(|release| release["state"] == json!("active"));
        assert_eq!(active.collect::<Vec<_>>(), before["items"].as_array().cloned().unwrap_or_default(), "{what}");
        rig.stranger().get("/readyz")?.expect(200)?;
    }
    let wildcard = rig.post(wide.pack()?)?;
    let told = wildcard.array_at("/errors")?;
    assert!(told.iter().any(|error| error["pointer"] == json!("/host/0/origin")), "{told:?}");

    // None of it is in the way of the good one.
    let tenant = rig.tenant("A")?;
    rig.install(packed)?;
    tenant.connect_guests("0123456789", "page:1").map(drop)
}

/// What a command said, and its exit code.
fn told(output: &Output) -> (Option<i32>, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn a_wrong_manifest_is_refused_before_packing_with_line_and_remedy() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = fs::read_to_string(guest_manifest())?;
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).map(|line| line + 1);
    let component = guest_component()?;
    let component = component.to_string_lossy();
    for (what, from, to, place, says) in [
        ("an unknown key", "summary =", "sumary =", "sumary", "summary"),
        ("a host in plain", "origin = \"https://", "origin = \"http://", "origin = \"http://", "https://echo.example"),
        ("a wildcard", "https://echo.example", "https://*.example", "https://*", "name each host"),
        ("an address of numbers", "https://echo.example", "https://10.0.0.1", "https://10", "host's name"),
        ("a method that is none", "[\"GET\", \"POST\"]", "[\"FETCH\"]", "FETCH", "GET"),
        ("a stream without a key", "key = [\"/id\"]", "key = []", "key = []", "key = [\"/id\"]"),
        ("an action without a schema", "schema = '{", "# schema = '{", "[[action]]", "schema"),
        ("a schema that is none", "\"type\": \"object\"", "\"type\": \"thing\"", "schema", "schema"),
        ("a version that is none", "version = \"0.1.0\"", "version = \"one\"", "version = \"one\"", "three numbers"),
        ("a function that is none", "function = \"notes\"", "function = \"nots\"", "function = \"nots\"", "notes"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text, "{what}");
        let manifest = folder.path().join("connector.toml");
        fs::write(&manifest, &wrong)?;
        let line = line_of(&wrong, place).unwrap_or_default();
        let out = folder.path().join("out.wasm");
        let pack = ["package", component.as_ref(), "--manifest", "connector.toml", "--out", "out.wasm"];
        for arguments in [&pack[..], &["check", "connector.toml"]] {
            let (code, said) = told(&patchbay(folder.path(), arguments)?);
            assert_eq!(code, Some(5), "{what}: {said}");
            assert!(said.contains("PB1005") && said.contains(says), "{what}: {says:?} is not in {said}");
            assert!(said.contains(&format!("connector.toml:{line}:")), "{what}: line {line} is not in {said}");
        }
        assert!(!out.exists(), "{what}");
    }
    Ok(())
}

#[test]
fn the_commands_say_by_their_exit_code_what_became_of_a_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes);
    let variant = Variant::of_guests("0.1.0")?;
    write("good.wasm", &variant.pack()?)?;
    write("text.wasm", b"hello")?;
    write("module.wasm", b"\0asm\x01\0\0\0")?;
    write("other.wasm", &of_another_contract(variant.pack()?))?;
    let run = |arguments: &[&str]| -> Result<(Option<i32>, String)> { Ok(told(&patchbay(folder.path(), arguments)?)) };
    for (arguments, code, says) in [
        (&["check", "good.wasm"][..], 0, "ok: good.wasm is patchbay.guests 0.1.0"),
        (&["check", "text.wasm"], 5, "PB1001"),
        (&["check", "module.wasm"], 5, "PB1002"),
        (&["check", "other.wasm"], 5, "PB1003"),
        (&["check", "missing.wasm"], 1, "missing.wasm"),
        (&["check"], 2, "is no project"),
        (&["explain", "PB1003"], 0, "# PB1003"),
        (&["connectors", "--config", "none.toml", "list"], 3, "none.toml"),
    ] {
        let (found, said) = run(arguments)?;
        assert_eq!(found, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    let (code, said) = run(&["check", "--json", "module.wasm"])?;
    let said: serde_json::Value = serde_json::from_str(&said)?;
    assert_eq!((code, &said["ok"], &said["code"]), (Some(5), &json!(false), &json!("PB1002")));
    Ok(())
}

#[test]
fn the_guests_of_the_tree_can_be_packed_and_installed_by_the_command_line() -> Result<()> {
    let rig = Rig::start()?;
    let folder = rig.host.folder();
    let (component, manifest) = (guest_component()?, guest_manifest());
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (component, manifest) = (text(&component), text(&manifest));
    let (code, said) =
        told(&patchbay(folder, &["package", &component, "--manifest", &manifest, "--out", "guests.wasm"])?);
    assert_eq!(code, Some(0), "{said}");
    let key = text(&rig.host.data_dir().join("operator.key"));
    let host = rig.host.base();
    let at_host = ["connectors", "--host", &host, "--key-file", &key];
    let (code, said) = told(&patchbay(folder, &[&at_host[..], &["install", "guests.wasm"]].concat())?);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("patchbay.guests 0.1.0 active"), "{said}");
    let (code, said) = told(&patchbay(folder, &[&at_host[..], &["list"]].concat())?);
    assert_eq!(code, Some(0), "{said}");
    let row = said.lines().find(|line| line.contains("patchbay.guests")).unwrap_or_default();
    assert!(row.contains("0.1.0") && row.contains("active"), "{said}");
    Ok(())
}
