//! Another key of a publisher, and one that is revoked.

use patchbay_it::publisher_key;
use patchbay_model::package::signature::SigningKey;
use patchbay_test_support::{Answer, Result};
use serde_json::json;

use super::{guests, install, post, refused, strict, versions};

fn revoke(rig: &patchbay_it::Rig, key: &SigningKey) -> Result<Answer> {
    let fingerprint = key.public().fingerprint().replace('/', "%2F").replace('+', "%2B").replace(':', "%3A");
    rig.operator.delete(&format!("/v1/publishers/patchbay/keys/{fingerprint}"))
}

fn trust(rig: &patchbay_it::Rig, key: &str) -> Result<Answer> {
    rig.operator.post("/v1/publishers/patchbay/keys", &json!({ "key": key }))
}

#[test]
fn another_key_of_a_known_publisher_waits_and_approving_the_release_trusts_it() -> Result<()> {
    let rig = strict()?;
    let (key, second) = (publisher_key(1), publisher_key(2));
    install(&rig, &guests("0.1.0")?, &key, Some(&key))?;
    let waiting = post(&rig, &guests("0.1.1")?, &second, None)?.expect(201)?;
    let beyond = waiting.array_at("/asks_beyond")?;
    assert_eq!(beyond.len(), 1, "{beyond:?}");
    assert!(beyond[0].as_str().is_some_and(|line| line.contains(&second.public().fingerprint())), "{beyond:?}");
    assert_eq!(versions(&rig)?[0], ("0.1.1".to_owned(), "ready".to_owned()));
    let release = waiting.text_at("/release/id")?;
    let shown = rig.operator.get(&format!("/v1/releases/{release}"))?.expect(200)?;
    assert!(shown.text().contains("another key of patchbay"), "{}", shown.text());
    let keys = rig.operator.get("/v1/publishers")?.expect(200)?;
    let states: Vec<_> = keys.array_at("/items/0/keys")?.iter().map(|key| key["state"].clone()).collect();
    assert_eq!(states, [json!("trusted"), json!("seen")]);

    rig.operator.post(&format!("/v1/releases/{release}/approve"), &json!({}))?.expect(200)?;
    install(&rig, &guests("0.1.2")?, &second, None)?;
    install(&rig, &guests("0.1.3")?, &key, None)?;
    Ok(())
}

#[test]
fn nothing_that_a_revoked_key_signed_is_taken_into_use_and_what_was_in_use_stays() -> Result<()> {
    let rig = strict()?;
    let key = publisher_key(1);
    let first = install(&rig, &guests("0.1.0")?, &key, Some(&key))?;
    install(&rig, &guests("0.1.1")?, &key, None)?;
    let mut more = patchbay_it::Variant::of_guests("0.1.2")?;
    more.manifest.hosts[0].methods.push("DELETE".to_owned());
    let waiting = post(&rig, &more.pack()?, &key, None)?.expect(201)?.text_at("/release/id")?;

    let revoked = revoke(&rig, &key)?.expect(200)?;
    assert_eq!(revoked.text_at("/state")?, "revoked");
    let answer = post(&rig, &guests("0.1.3")?, &key, None)?.expect(409)?;
    assert_eq!(refused(&answer, &[&key.public().fingerprint(), "revoked"])?, "PB1022");
    // Naming it at the install is no way around a revocation.
    assert_eq!(refused(&post(&rig, &guests("0.1.3")?, &key, Some(&key))?, &[])?, "PB1022");
    let approve = |release: &str| rig.operator.post(&format!("/v1/releases/{release}/approve"), &json!({}));
    assert_eq!(refused(&approve(&waiting)?, &["revoked"])?, "PB1022");

    // What is in use goes on, and what was in use can come back: those bytes were approved.
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789abcdef", "paged:1:https://echo.example/echo")?;
    assert_eq!(tenant.first_run(&connection)?["state"], json!("done"));
    assert_eq!(approve(&first)?.expect(200)?.text_at("/state")?, "active");
    assert_eq!(post(&rig, &guests("0.1.0")?, &key, None)?.expect(200)?.text_at("/release/state")?, "active");

    trust(&rig, &key.public().to_string())?.expect(201)?;
    approve(&waiting)?.expect(200)?;
    Ok(())
}

#[test]
fn a_key_is_said_whole_and_one_that_is_none_is_refused() -> Result<()> {
    let rig = strict()?;
    let key = publisher_key(1).public();
    for wrong in
        [String::new(), "AAAA".to_owned(), key.fingerprint(), format!("AQ{}=", "A".repeat(41)), format!(" {key}")]
    {
        assert_eq!(refused(&trust(&rig, &wrong)?, &["no publisher's key"])?, "PB1027", "{wrong}");
    }
    let path = "/v1/publishers/Not%20a%20name/keys";
    assert_eq!(rig.operator.post(path, &json!({ "key": key.to_string() }))?.text_at("/code")?, "PB5008");
    assert_eq!(revoke(&rig, &publisher_key(9))?.expect(404)?.text_at("/code")?, "PB1028");
    let tenant = rig.tenant("A")?;
    for (method, path) in [
        ("GET", "/v1/publishers"),
        ("POST", "/v1/publishers/patchbay/keys"),
        ("DELETE", "/v1/publishers/patchbay/keys/x"),
    ] {
        let body = json!({ "key": key.to_string() }).to_string().into_bytes();
        let media_type = (method == "POST").then_some("application/json");
        tenant.api.send(method, path, media_type, body)?.expect(403)?;
    }
    assert!(rig.operator.get("/v1/publishers")?.array_at("/items")?.is_empty());
    Ok(())
}
