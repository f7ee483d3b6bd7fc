//! H10: a connector that guesses at what belongs to other connections (their files, their slots, their steps) finds
//! nothing, and no secret of theirs is in anything that it is given, that it leaves behind, or that it sends.

use patchbay_test_support::{Result, canary};
use serde_json::json;

use super::{Guest, Prepared, Stand, assert_ended, odd::Behind};

/// Guesses in one call: three calls of the host each.
const GUESSES: u64 = 10_000;
/// Other tenants' connections.
const OTHERS: usize = 10;

/// What others of the same connector have.
struct Others {
    secrets: Vec<String>,
    files: Vec<String>,
    ids: Vec<String>,
}

/// Others, each with a secret and a file of its own, and one that looks for them.
pub(super) fn prepared<'a>(stand: &'a Stand, name: &str) -> Result<Prepared<'a>> {
    stand.install(name, &Behind::default())?.expect(201)?;
    let (mut secrets, mut files, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for other in 0..OTHERS {
        let secret = format!("secret-of-{name}-{other}-Zq81LmX7");
        let victim = stand.connect(name, &format!("{name}, {other}"), &secret)?;
        let file = format!("file of {other}: {secret}").into_bytes();
        files.push(victim.tenant.upload("secret.txt", "text/plain", file)?);
        ids.push(victim.connection.clone());
        secrets.push(secret);
    }
    let guest = stand.connect(name, &format!("{name}, curious"), "token-of-the-curious-7Qk2pWz9")?;
    let others = Others { secrets, files, ids };
    Ok(Box::new(move || deeds(&guest, &others)))
}

fn deeds(guest: &Guest<'_>, Others { secrets, files, ids }: &Others) -> Result<()> {
    let stand = guest.stand;
    let before = stand.wire.requests().len();
    let asked = json!({ "blobs": files, "count": GUESSES.saturating_sub(files.len() as u64) });
    let run = guest.reads(&format!("guess:{asked}"))?;
    assert_eq!(run["state"], json!("done"), "{run}");
    let record = guest.record("guesses")?;
    assert_eq!((&record["tried"], &record["hits"]), (&json!(GUESSES), &json!([])), "{record}");
    // In a push there are files, which are its own.
    let push = guest.pushes(&format!("guess:{asked}"))?;
    assert_eq!((&push["state"], &push["object"]["id"]), (&json!("done"), &json!("0 of 10000")), "{push}");
    for id in files.iter().chain(ids).take(6) {
        let sent =
            json!({ "url": "https://wire.example/upload", "method": "POST", "effect": "repeatable", "blob": id });
        assert_eq!(guest.reads(&format!("request:{sent}"))?["state"], json!("done"));
        let told = guest.record("error")?;
        assert!(told["error"].as_str().is_some_and(|error| error.contains("does not have")), "{told}");
    }
    // Slots that it does not have, by every name that could be one.
    let of_others = ids.iter().flat_map(|id| [id.clone(), format!("{id}/bearer"), format!("bearer@{id}")]).take(9);
    let names = ["Bearer", "bearer ", "token", "standard", "refresh_token", "client_secret", "../bearer", "bearer\0x"];
    for slot in of_others.chain(names.map(str::to_owned)) {
        let run = guest.reads(&format!("request:{}", json!({ "url": "https://wire.example/slot", "slot": slot })))?;
        assert_ended(&run, "failed", "PB6001", "");
    }
    found_nothing(guest, secrets, before)
}

/// Nothing that the curious one left behind or sent has a secret of another in it.
fn found_nothing(guest: &Guest<'_>, secrets: &[String], before: usize) -> Result<()> {
    let rig = &guest.stand.rig;
    for request in guest.stand.wire.requests().into_iter().skip(before) {
        let text = String::from_utf8_lossy(&request).into_owned();
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
    let kept = tempfile::tempdir()?;
    for (place, path) in ["/v1/changes", "/v1/runs", "/v1/pushes", "/v1/connections"].iter().enumerate() {
        let answer = guest.tenant.get(path)?;
        std::fs::write(kept.path().join(place.to_string()), answer.text())?;
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let (log, folder) = (rig.host.log_path(), kept.path());
    assert_eq!(canary::search(&[folder, &log], &secrets)?, []);
    Ok(())
}

#[test]
fn ten_thousand_guesses_at_what_others_have_find_nothing() -> Result<()> {
    Stand::start()?.beside(|stand| prepared(stand, "h10")?()).map(drop)
}
