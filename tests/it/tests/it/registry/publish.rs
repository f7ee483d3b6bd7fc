use patchbay_test_support::Result;
use serde_json::json;

use super::{Author, REGISTRY, fetch, reference, releases};

#[test]
fn what_an_author_publishes_is_installed_by_its_reference_and_syncs() -> Result<()> {
    let author = Author::start()?;
    let published = author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    assert_eq!(published["signed_by"], json!(author.key.fingerprint()));
    let rig = author.host("[connectors]\nunsigned = \"refuse\"\n")?;

    // Nobody is trusted because a registry has his file.
    let first = rig.operator.post("/v1/connectors/fetch", &json!({ "reference": reference("0.1.0") }))?.expect(409)?;
    assert_eq!(first.text_at("/code")?, "PB1020", "{}", first.text());
    assert!(first.text().contains(&author.key.fingerprint()), "{}", first.text());
    assert_eq!(releases(&rig)?.len(), 0);

    let answer = fetch(&rig, &reference("0.1.0"), &author.key)?.expect(201)?;
    let pinned = published["pinned"].clone();
    let release = &answer.json["release"];
    let told = (&release["state"], &release["source"], &release["signed_by"], &release["digest"]);
    assert_eq!(told, (&json!("active"), &pinned, &json!(author.key.fingerprint()), &published["sha256"]));

    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
    let run = tenant.first_run(&connection)?;
    assert_eq!((&run["state"], &run["release"]), (&json!("done"), &release["id"]), "{run}");

    let again = fetch(&rig, pinned.as_str().unwrap_or_default(), &author.key)?.expect(200)?;
    assert_eq!(&again.json["release"]["id"], &release["id"]);
    Ok(())
}

#[test]
fn a_tag_that_moves_changes_nothing_until_it_is_fetched_again() -> Result<()> {
    let author = Author::start()?;
    let first = author.publish(&author.pack("0.1.0")?, "stable")?;
    let mut rig = author.host("")?;
    fetch(&rig, &reference("stable"), &author.key)?.expect(201)?;
    author.publish_with(&author.pack("0.2.0")?, "stable", &["--replace"])?;
    author.registry.forget();
    rig.host.restart()?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", "paged:1:https://echo.example/echo")?;
    assert_eq!(tenant.first_run(&connection)?["state"], json!("done"));
    let known = releases(&rig)?;
    assert_eq!((known.len(), &known[0]["version"], &known[0]["source"]), (1, &json!("0.1.0"), &first["pinned"]));
    assert_eq!(author.registry.asked(), [], "what is installed is asked for no more");

    // The old digest is still what it was; the tag is now the new one.
    let old = fetch(&rig, first["pinned"].as_str().unwrap_or_default(), &author.key)?.expect(200)?;
    assert_eq!(old.text_at("/release/version")?, "0.1.0");
    assert_eq!(fetch(&rig, &reference("stable"), &author.key)?.expect(201)?.text_at("/release/version")?, "0.2.0");
    Ok(())
}

#[test]
fn what_was_published_stays_what_it_is_when_a_command_is_repeated_or_meets_other_bytes() -> Result<()> {
    let author = Author::start()?;
    let (file, other) = (author.pack("0.1.0")?, author.pack("0.2.0")?);
    let first = author.publish(&file, "0.1.0")?;
    assert_eq!(first["was_there"], json!(false));
    let lies = || author.registry.manifest("patchbay/guests", "0.1.0").map(|(digest, _)| digest);
    let is = lies();
    assert!(is.is_some());

    // An answer that was lost is no reason for another digest: the one that was handed on has to stay.
    let again = author.publish(&file, "0.1.0")?;
    assert_eq!((&again["pinned"], &again["was_there"]), (&first["pinned"], &json!(true)));
    assert_eq!(lies(), is);

    let refused = author.publish(&other, "0.1.0").expect_err("another component under the same tag").to_string();
    assert!(refused.contains("PB1036") && refused.contains("--replace"), "{refused}");
    assert_eq!(lies(), is, "and nothing changed");

    let replaced = author.publish_with(&other, "0.1.0", &["--replace"])?;
    assert_eq!((&replaced["version"], &replaced["was_there"]), (&json!("0.2.0"), &json!(false)));
    assert_ne!(lies(), is);
    Ok(())
}

#[test]
fn an_artifact_is_laid_out_as_other_tools_lay_it_out() -> Result<()> {
    let author = Author::start()?;
    let published = author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    let (digest, manifest) = author.registry.manifest("patchbay/guests", "0.1.0").expect("it is there");
    assert_eq!(published["pinned"], json!(format!("{REGISTRY}/patchbay/guests@{digest}")));
    let layers = manifest["layers"].as_array().expect("layers");
    assert_eq!((layers.len(), &layers[0]["mediaType"]), (1, &json!("application/wasm")));
    assert_eq!(layers[0]["digest"], json!(format!("sha256:{}", published["sha256"].as_str().unwrap_or_default())));
    assert_eq!(manifest["config"]["mediaType"], json!("application/vnd.wasm.config.v0+json"));
    let said = &manifest["annotations"];
    assert_eq!(said["org.opencontainers.image.version"], json!("0.1.0"));
    assert!(said["dev.patchbay.signature"].as_str().is_some_and(|text| text.contains("patchbay-sign/1")));
    assert!(said["dev.patchbay.manifest"].as_str().is_some_and(|text| text.contains("patchbay.guests")));

    // For a registry that knows images only, the same layer under another config.
    let file = author.pack("0.1.0")?.display().to_string();
    let as_image = format!("{}/patchbay/guests:image", author.registry.host());
    author.run(&["publish", &as_image, &file, "--key", "author.key", "--as-image"])?;
    let (_, image) = author.registry.manifest("patchbay/guests", "image").expect("it is there");
    assert_eq!(image["config"]["mediaType"], json!("application/vnd.oci.image.config.v1+json"));
    assert_eq!(image["layers"], manifest["layers"]);
    let rig = author.host("")?;
    fetch(&rig, &reference("image"), &author.key)?.expect(201)?;
    Ok(())
}

#[test]
fn what_is_not_allowed_is_not_even_asked() -> Result<()> {
    let author = Author::start()?;
    author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    author.registry.forget();
    let rig = author.host("")?;
    for (reference, code) in [
        (format!("{REGISTRY}/other/guests:0.1.0"), "PB1031"),
        (format!("{REGISTRY}/patchbay-evil/guests:0.1.0"), "PB1031"),
        ("elsewhere.example/patchbay/guests:0.1.0".to_owned(), "PB1031"),
        (format!("{REGISTRY}/patchbay/guests"), "PB1030"),
        ("guests:0.1.0".to_owned(), "PB1030"),
        (format!("{REGISTRY}/patchbay/../other:1"), "PB1030"),
    ] {
        let answer = fetch(&rig, &reference, &author.key)?.expect(422)?;
        assert_eq!(answer.text_at("/code")?, code, "{reference}");
    }
    assert_eq!(author.registry.asked(), []);
    Ok(())
}
