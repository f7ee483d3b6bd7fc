//! Promise 4: **a connector can do only what its operator approved**, and a new version that asks for more
//! waits for consent.

use patchbay_it::{Rig, Variant};
use patchbay_test_support::Result;
use serde_json::{Value, json};

#[test]
fn what_the_manifest_does_not_grant_is_refused_with_the_line_that_would() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    for (choice, lines) in [
        ("send:https://evil.example/x", &["[[host]]", "origin = \"https://evil.example\""][..]),
        ("send:https://echo.example:8443/echo", &["[[host]]", "origin = \"https://echo.example:8443\""]),
        ("send:https://echo.example/private", &["paths = [", "\"/private\""]),
        ("send:https://echo.example/echo/../private", &["segments"]),
        ("send:http://echo.example/echo", &["https://"]),
        ("send:https://127.0.0.1/echo", &["a host, not an IP address"]),
        ("send:https://2130706433/echo", &["a host, not an IP address"]),
        ("send:https://user@echo.example/echo", &["user"]),
        ("authorization:https://echo.example/echo", &["authorization", "slot"]),
        ("write-outside-push:https://echo.example/echo", &["push"]),
        ("swallow:https://evil.example/x", &["origin = \"https://evil.example\""]),
    ] {
        let tenant = rig.tenant(choice)?;
        let connection = tenant.connect_guests("0123456789abcdef", choice)?;
        let run = tenant.first_run(&connection)?;
        assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB6001")), "{choice}: {run}");
        assert!(run["operator"].is_null(), "{choice}: a tenant does not read what is the operator's");
        let path = format!("/v1/runs/{}", run["id"].as_str().unwrap_or_default());
        let seen = rig.operator_of(&tenant).get(&path)?.expect(200)?;
        let text = seen.text_at("/operator")?;
        for line in lines {
            assert!(text.to_lowercase().contains(&line.to_lowercase()), "{choice}: {text:?} does not say {line:?}");
        }
        assert_eq!(tenant.feed(0)?, Vec::<Value>::new(), "{choice}");
    }
    assert_eq!(rig.echo.received().len(), 0, "nothing left");
    Ok(())
}

/// The state of a release, and the version of the active one.
fn stands(rig: &Rig, release: &str) -> Result<(String, String)> {
    let releases = rig.operator.get("/v1/connectors/patchbay.guests")?.expect(200)?.array_at("/items")?;
    let found = releases.iter().find(|row| row["id"] == json!(release));
    let state = found.and_then(|row| row["state"].as_str()).unwrap_or_default().to_owned();
    let all = rig.operator.get("/v1/connectors")?.expect(200)?.array_at("/items")?;
    let guests = all.iter().find(|connector| connector["id"] == json!("patchbay.guests"));
    let active = guests.map(|guests| guests["active"]["version"].clone()).unwrap_or_default();
    Ok((state, active.as_str().unwrap_or_default().to_owned()))
}

#[test]
fn a_release_that_asks_for_more_waits_and_one_that_does_not_is_active_at_once() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let same = rig.install_guests("0.2.0")?;
    assert_eq!(stands(&rig, &same)?, ("active".to_owned(), "0.2.0".to_owned()));

    let mut more = Variant::of_guests("0.3.0")?;
    let mut host = more.manifest.hosts[0].clone();
    "https://more.example".clone_into(&mut host.origin);
    more.manifest.hosts.push(host);
    let answer = rig.post(more.pack()?)?.expect(201)?;
    let release = answer.text_at("/release/id")?;
    let beyond = answer.array_at("/asks_beyond")?;
    assert!(beyond.iter().any(|line| line.as_str().is_some_and(|line| line.contains("more.example"))), "{beyond:?}");
    assert_eq!(stands(&rig, &release)?, ("ready".to_owned(), "0.2.0".to_owned()));

    // What runs meanwhile runs the old one.
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", "page:1")?;
    assert_eq!(tenant.first_run(&connection)?["release"], json!(same));
    tenant.api.post(&format!("/v1/releases/{release}/approve"), &json!({}))?.expect(403)?;
    assert_eq!(stands(&rig, &release)?, ("ready".to_owned(), "0.2.0".to_owned()));

    rig.operator.post(&format!("/v1/releases/{release}/approve"), &json!({}))?.expect(200)?;
    assert_eq!(stands(&rig, &release)?, ("active".to_owned(), "0.3.0".to_owned()));
    let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "chosen")?)?)?;
    assert_eq!(run["release"], json!(release));

    // Back to the one before: it asks for less, and it was approved before.
    rig.operator.post(&format!("/v1/releases/{same}/approve"), &json!({}))?.expect(200)?;
    assert_eq!(stands(&rig, &same)?, ("active".to_owned(), "0.2.0".to_owned()));
    Ok(())
}

#[test]
fn approving_the_active_release_takes_back_what_it_does_not_ask() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let wider = |version: &str| -> Result<Vec<u8>> {
        let mut wider = Variant::of_guests(version)?;
        wider.manifest.hosts[0].methods.push("DELETE".to_owned());
        wider.pack()
    };
    rig.install_and_approve(wider("0.2.0")?)?;
    // It asks for less, and what was granted stays until somebody says otherwise.
    let less = rig.install_guests("0.3.0")?;
    for _ in ["said", "said twice"] {
        rig.operator.post(&format!("/v1/releases/{less}/approve"), &json!({}))?.expect(200)?;
    }
    let lines = rig.operator.get(&format!("/v1/audit?subject={less}"))?.expect(200)?.text();
    assert_eq!(lines.matches("release.approved").count(), 1, "{lines}");
    let waiting = rig.post(wider("0.4.0")?)?.expect(201)?.text_at("/release/id")?;
    assert_eq!(stands(&rig, &waiting)?, ("ready".to_owned(), "0.3.0".to_owned()));
    Ok(())
}

/// A host that starts finds every file of its folder again: what waited goes on waiting, even when as much
/// was approved for another release since.
#[test]
fn a_release_that_waits_does_not_replace_a_later_one_when_its_bytes_come_again() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let asking_for_more = |version: &str| -> Result<Vec<u8>> {
        let mut more = Variant::of_guests(version)?;
        let mut host = more.manifest.hosts[0].clone();
        "https://more.example".clone_into(&mut host.origin);
        more.manifest.hosts.push(host);
        more.pack()
    };
    let waiting = rig.post(asking_for_more("0.2.0")?)?.expect(201)?.text_at("/release/id")?;
    let later = rig.post(asking_for_more("0.3.0")?)?.expect(201)?.text_at("/release/id")?;
    rig.operator.post(&format!("/v1/releases/{later}/approve"), &json!({}))?.expect(200)?;

    assert_eq!(rig.post(asking_for_more("0.2.0")?)?.expect(200)?.text_at("/release/id")?, waiting);
    assert_eq!(stands(&rig, &waiting)?, ("ready".to_owned(), "0.3.0".to_owned()));
    Ok(())
}

#[test]
fn a_release_with_a_wider_path_a_new_method_or_a_new_action_waits_too() -> Result<()> {
    type Change = fn(&mut Variant);
    let changes: [(&str, Change); 5] = [
        ("a wider path", |variant| variant.manifest.hosts[0].paths = vec!["/".to_owned()]),
        ("a new method", |variant| variant.manifest.hosts[0].methods.push("DELETE".to_owned())),
        ("another stream", |variant| {
            let mut stream = variant.manifest.streams[0].clone();
            "remember".clone_into(&mut stream.name);
            variant.manifest.streams.push(stream);
        }),
        ("another action", |variant| {
            let mut action = variant.manifest.actions[0].clone();
            "refused".clone_into(&mut action.name);
            variant.manifest.actions.push(action);
        }),
        ("more memory", |variant| variant.manifest.limits.memory_mib = 128),
    ];
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    for (place, (what, change)) in changes.into_iter().enumerate() {
        let mut variant = Variant::of_guests(&format!("0.2.{place}"))?;
        change(&mut variant);
        let answer = rig.post(variant.pack()?)?.expect(201)?;
        let release = answer.text_at("/release/id")?;
        assert_eq!(stands(&rig, &release)?, ("ready".to_owned(), "0.1.0".to_owned()), "{what}");
        assert_ne!(answer.array_at("/asks_beyond")?, Vec::<Value>::new(), "{what}");
    }
    Ok(())
}
