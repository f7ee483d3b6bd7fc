//! What is wrong with a signature, and what the host says about it.

use patchbay_it::{post_signed, publisher_key, signature_of};
use patchbay_model::package::signature::{self, Document, Signed};
use patchbay_test_support::Result;

use super::{guests, install, post, refused, strict, versions};

#[test]
fn everything_that_can_be_wrong_with_a_signature_is_refused_with_its_own_words() -> Result<()> {
    let rig = strict()?;
    let (key, other) = (publisher_key(1), publisher_key(2));
    let (packed, another) = (guests("0.1.0")?, guests("0.1.1")?);
    let good = signature_of(&packed, &key)?;
    let with = |change: &dyn Fn(&mut Document)| {
        let mut document = good.clone();
        change(&mut document);
        document.to_json()
    };
    // A sound signature, by a key that is trusted, of something else.
    let of = |connector: &str, version: &str, sha256: &str| {
        signature::sign(&key, Signed { connector, version, sha256 }).to_json()
    };
    let json = good.to_json();
    let zeros = "A".repeat(86);
    let cases: Vec<(&str, String, &str, &[&str])> = vec![
        ("other bytes", signature_of(&another, &key)?.to_json(), "PB1018", &["0.1.1"]),
        (
            "other bytes of the same name",
            of("patchbay.guests", "0.1.0", &good.sha256.replace(&good.sha256[..2], "00")),
            "PB1018",
            &["the bytes"],
        ),
        ("another version", of("patchbay.guests", "0.2.0", &good.sha256), "PB1018", &["version", "0.2.0", "0.1.0"]),
        ("another connector", of("patchbay.other", "0.1.0", &good.sha256), "PB1018", &["patchbay.other"]),
        ("another key's name", with(&|d| d.key = other.public().to_string()), "PB1019", &["did not sign this"]),
        (
            "a version that was made to fit",
            with(&|d| d.signature = signature_of(&another, &key).expect("one").signature),
            "PB1019",
            &["did not sign this"],
        ),
        ("no signature at all", with(&|d| d.signature = format!("{zeros}==")), "PB1019", &["did not sign this"]),
        ("half of a signature", with(&|d| d.signature.truncate(40)), "PB1017", &["64 bytes"]),
        ("a weak key", with(&|d| d.key = format!("AQ{}=", "A".repeat(41))), "PB1017", &["key"]),
        ("a short key", with(&|d| d.key = "AAAA".to_owned()), "PB1017", &["32 bytes"]),
        ("cut off", json[..json.len() / 2].to_owned(), "PB1017", &["cannot be read"]),
        ("something behind it", format!("{json}{{}}"), "PB1017", &["trailing"]),
        ("a member more", json.replacen('{', "{\"trusted\": true,", 1), "PB1017", &["trusted"]),
        ("a member twice", json.replacen('{', "{\"version\": \"9.9.9\",", 1), "PB1017", &["duplicate"]),
        ("another format", with(&|d| d.format = "patchbay-sign/9".to_owned()), "PB1017", &["patchbay-sign/9"]),
        ("a huge one", " ".repeat(9_000), "PB1017", &["8192"]),
        ("no JSON", "hello".to_owned(), "PB1017", &["cannot be read"]),
        ("nothing", String::new(), "PB1017", &["cannot be read"]),
    ];
    let trust = key.public().fingerprint();
    for (what, document, code, says) in &cases {
        // Even for somebody who confirms the key: what is wrong is not made right by that.
        let answer = post_signed(&rig.operator, &packed, Some(document.as_bytes()), Some(&trust))?;
        assert_eq!(refused(&answer, says)?, *code, "{what}: {}", answer.text());
    }
    let answer = rig.operator.send_with(
        "POST",
        "/v1/connectors",
        &[("patchbay-signature", "§")],
        Some("application/wasm"),
        packed.clone(),
    )?;
    assert_eq!(answer.text_at("/code")?, "PB5008", "what is no Base64 is not taken for none");
    assert_eq!(versions(&rig)?, [], "nothing of a refused file stays");
    assert!(rig.operator.get("/v1/publishers")?.array_at("/items")?.is_empty(), "and no key was trusted");
    assert_eq!(cases.len(), 18);

    // The same with the right one.
    install(&rig, &packed, &key, Some(&key))?;
    Ok(())
}

#[test]
fn a_first_key_is_trusted_only_when_somebody_says_so() -> Result<()> {
    let rig = strict()?;
    let (key, other) = (publisher_key(1), publisher_key(2));
    let (packed, fingerprint) = (guests("0.1.0")?, key.public().fingerprint());
    let command = format!("patchbay publishers trust patchbay {}", key.public());
    let answer = post(&rig, &packed, &key, None)?.expect(409)?;
    assert_eq!(refused(&answer, &[&fingerprint, &command])?, "PB1020");
    // Somebody has the fingerprint of another key: this file is not by whom they think.
    let answer = post(&rig, &packed, &key, Some(&other))?.expect(409)?;
    assert_eq!(refused(&answer, &[&fingerprint, &other.public().fingerprint()])?, "PB1021");
    assert_eq!(versions(&rig)?, []);

    install(&rig, &packed, &key, Some(&key))?;
    // From then on nobody is asked.
    install(&rig, &guests("0.1.1")?, &key, None)?;
    let shown = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?;
    assert_eq!(shown.text_at("/items/0/signed_by")?, fingerprint);
    let keys = rig.operator.get("/v1/publishers")?.expect(200)?;
    assert_eq!(
        (keys.text_at("/items/0/id")?, keys.text_at("/items/0/keys/0/state")?),
        ("patchbay".into(), "trusted".into())
    );
    assert!(keys.text_at("/items/0/keys/0/trusted_by")?.starts_with("operator key_"), "{}", keys.text());
    let audit = rig.operator.get("/v1/audit?limit=100")?.expect(200)?;
    assert!(audit.text().contains("publisher_key.trusted"), "{}", audit.text());
    Ok(())
}

#[test]
fn an_unsigned_file_is_refused_unless_the_configuration_takes_it_and_shown_as_what_it_is() -> Result<()> {
    let rig = strict()?;
    let answer = rig.post(guests("0.1.0")?)?.expect(409)?;
    assert_eq!(refused(&answer, &["not signed", "connectors.unsigned"])?, "PB1023");
    assert_eq!(versions(&rig)?, []);

    let lax = patchbay_it::Rig::start()?;
    let taken = lax.post(guests("0.1.0")?)?.expect(201)?;
    assert!(taken.json["release"]["signed_by"].is_null(), "{}", taken.text());
    let shown = lax.operator.get("/v1/connectors")?.expect(200)?;
    assert!(shown.json["items"][0]["active"]["signed_by"].is_null(), "{}", shown.text());
    Ok(())
}

/// Leaving the signature out would else be the way around it.
#[test]
fn a_publisher_that_signs_does_not_come_back_unsigned_whatever_the_configuration_says() -> Result<()> {
    let all = "[connectors]\nunsigned = \"all\"\nupgrades = \"all\"\n".to_owned();
    let rig = patchbay_it::RigSetup { more: all, ..patchbay_it::RigSetup::default() }.start()?;
    let key = publisher_key(1);
    install(&rig, &guests("0.1.0")?, &key, Some(&key))?;
    let answer = rig.post(guests("0.1.1")?)?.expect(409)?;
    assert_eq!(refused(&answer, &["patchbay", "signed"])?, "PB1024");
    // Nor once its key is revoked.
    let fingerprint = key.public().fingerprint().replace('/', "%2F").replace('+', "%2B").replace(':', "%3A");
    rig.operator.delete(&format!("/v1/publishers/patchbay/keys/{fingerprint}"))?.expect(200)?;
    assert_eq!(rig.post(guests("0.1.1")?)?.expect(409)?.text_at("/code")?, "PB1024");
    assert_eq!(versions(&rig)?, [("0.1.0".to_owned(), "active".to_owned())]);
    Ok(())
}

#[test]
fn an_older_version_is_refused_with_the_way_back_and_a_version_has_one_set_of_bytes() -> Result<()> {
    let rig = strict()?;
    let key = publisher_key(1);
    install(&rig, &guests("0.1.9")?, &key, Some(&key))?;
    install(&rig, &guests("0.1.10")?, &key, None)?;
    let older = post(&rig, &guests("0.1.8")?, &key, None)?.expect(409)?;
    assert_eq!(refused(&older, &["0.1.8", "0.1.10", "patchbay connectors rollback patchbay.guests"])?, "PB1025");
    // What was in use before changes nothing when it comes again.
    assert_eq!(post(&rig, &guests("0.1.9")?, &key, None)?.expect(200)?.text_at("/release/state")?, "retained");

    let mut words = patchbay_it::Variant::of_guests("0.1.10")?;
    "Other words.".clone_into(&mut words.manifest.summary);
    let other = post(&rig, &words.pack()?, &key, None)?.expect(409)?;
    assert_eq!(refused(&other, &[])?, "PB1010");
    Ok(())
}
