use patchbay_test_support::{Result, fakes::registry::Answers};
use serde_json::json;

use super::{Author, REGISTRY, fetch, reference, releases};

/// Each lie, the code, and a part of what the operator reads.
const LIES: &[(Answers, &str, &str)] = &[
    (Answers::OtherBytes, "PB1033", "the bytes that came have the digest"),
    (Answers::OtherManifest, "PB1033", "names another digest than the manifest"),
    (Answers::WrongDigestHeader, "PB1033", "names another digest than the manifest"),
    (Answers::EndlessBlob, "PB1033", "sends more than"),
    (Answers::EndlessManifest, "PB1033", "sends more than 1048576 bytes"),
    (Answers::ShortBlob, "PB1033", "bytes came, and the manifest names"),
    (Answers::RedirectInside, "PB1031", "169.254.169.254"),
    (Answers::RedirectAway, "PB1031", "files.evil.example"),
    (Answers::RedirectRound, "PB1032", "from one place to the next"),
    (Answers::RedirectToFiles, "PB1031", "registries.also = [\"files.example\"]"),
    (Answers::Busy, "PB1032", "asks to wait"),
    (Answers::Broken, "PB1032", "500"),
];

#[test]
fn each_lie_of_a_registry_is_refused_by_its_own_name_and_leaves_nothing() -> Result<()> {
    let author = Author::start()?;
    let published = author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    let rig = author.host("")?;
    for (answers, code, part) in LIES {
        author.registry.answer(*answers);
        let answer = fetch(&rig, &reference("0.1.0"), &author.key)?;
        assert_eq!(answer.text_at("/code")?, *code, "{answers:?}: {}", answer.text());
        assert!(answer.text_at("/detail")?.contains(part), "{answers:?}: {}", answer.text());
        assert_eq!(releases(&rig)?.len(), 0, "{answers:?}");
    }
    // Pinned, a manifest that is another is found out without the registry's help.
    author.registry.answer(Answers::OtherManifest);
    let answer = fetch(&rig, published["pinned"].as_str().unwrap_or_default(), &author.key)?;
    assert!(answer.text_at("/detail")?.contains("not the one that was asked for"), "{}", answer.text());
    let kept = std::fs::read_dir(rig.host.data_dir().join("components")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "nothing of a lie lies about");

    author.registry.answer(Answers::Honest);
    fetch(&rig, &reference("0.1.0"), &author.key)?.expect(201)?;
    Ok(())
}

#[test]
fn a_registry_that_says_nothing_holds_nobody_up_for_long() -> Result<()> {
    let author = Author::start()?;
    author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    let limits = "first_byte_seconds = 1\nprogress_seconds = 1\n";
    let mut setup = author.setup("");
    for line in limits.lines() {
        let (key, value) = line.split_once(" = ").unwrap_or_default();
        setup.variables.push((format!("PATCHBAY_EGRESS__{}", key.to_uppercase()), value.to_owned()));
    }
    let rig = setup.start()?;
    author.registry.answer(Answers::Silent);
    let answer = fetch(&rig, &reference("0.1.0"), &author.key)?;
    assert_eq!(answer.text_at("/code")?, "PB1032", "{}", answer.text());
    assert!(answer.text().contains("no answer"), "{}", answer.text());
    Ok(())
}

#[test]
fn what_is_no_connector_is_refused_by_what_it_is() -> Result<()> {
    let author = Author::start()?;
    author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    let (_, good) = author.registry.manifest("patchbay/guests", "0.1.0").expect("it is there");
    let rig = author.host("")?;
    let layer = good["layers"][0].clone();
    let other = author.registry.put_blob(b"no component at all");
    for (name, change, part) in [
        ("two", json!({ "layers": [layer, layer] }), "it has 2 layers"),
        ("none", json!({ "layers": [] }), "it has 0 layers"),
        (
            "tar",
            json!({ "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "size": 3, "digest": other }] }),
            "v1.tar",
        ),
        (
            "huge",
            json!({ "layers": [{ "mediaType": "application/wasm", "size": 1_u64 << 40, "digest": other }] }),
            "limits.component_bytes",
        ),
        ("list", json!({ "layers": null, "config": null, "manifests": [] }), "several machines"),
        (
            "text",
            json!({ "layers": [{ "mediaType": "application/wasm", "size": 19, "digest": other }] }),
            "not a WebAssembly",
        ),
    ] {
        let mut manifest = good.clone();
        for (key, value) in change.as_object().expect("an object") {
            manifest[key] = value.clone();
        }
        author.registry.put_manifest("patchbay/guests", name, &manifest);
        let answer = fetch(&rig, &format!("{REGISTRY}/patchbay/guests:{name}"), &author.key)?;
        assert!(answer.status >= 400 && answer.text().contains(part), "{name}: {}", answer.text());
        assert_eq!(releases(&rig)?.len(), 0, "{name}");
    }
    // The layer of older tools is the same bytes under another name.
    let mut old = good;
    old["layers"][0]["mediaType"] = json!("application/vnd.wasm.content.layer.v1+wasm");
    author.registry.put_manifest("patchbay/guests", "old", &old);
    fetch(&rig, &format!("{REGISTRY}/patchbay/guests:old"), &author.key)?.expect(201)?;
    Ok(())
}

#[test]
fn a_signature_of_other_bytes_is_refused_wherever_it_lies() -> Result<()> {
    let author = Author::start()?;
    author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    author.publish(&author.pack("0.2.0")?, "0.2.0")?;
    let (_, first) = author.registry.manifest("patchbay/guests", "0.1.0").expect("it is there");
    let (_, mut second) = author.registry.manifest("patchbay/guests", "0.2.0").expect("it is there");
    let rig = author.host("")?;
    second["annotations"]["dev.patchbay.signature"] = first["annotations"]["dev.patchbay.signature"].clone();
    author.registry.put_manifest("patchbay/guests", "swapped", &second);
    let answer = fetch(&rig, &reference("swapped"), &author.key)?;
    assert!(answer.status >= 400, "{}", answer.text());
    let long = "x".repeat(100_000);
    second["annotations"]["dev.patchbay.signature"] = json!(long);
    author.registry.put_manifest("patchbay/guests", "long", &second);
    let answer = fetch(&rig, &reference("long"), &author.key)?;
    assert!(answer.status >= 400 && answer.text().len() < 2_000, "{}", answer.text());
    assert_eq!(releases(&rig)?.len(), 0);
    Ok(())
}
