//! H8: an address that was not granted is refused in each of its spellings, and told; nobody is connected to.

use patchbay_test_support::Result;
use serde_json::json;

use super::{Guest, Stand, assert_ended};

/// None of these is `https://wire.example/…` or `https://bare.example/…`.
const ADDRESSES: [&str; 40] = [
    "https://elsewhere.example/",
    "https://wire.example.evil.example/",
    "https://evilwire.example/",
    "https://wire.example./",
    "https://wire.example:8443/",
    "https://wire.example:80/",
    "https://wire.example:0/",
    "http://wire.example/",
    "ftp://wire.example/",
    "file:///etc/passwd",
    "//wire.example/",
    "https://user@wire.example/",
    "https://user:password@wire.example/",
    "https://wire.example@elsewhere.example/",
    "https://wire.example%40elsewhere.example/",
    "https://elsewhere.example#@wire.example/",
    "https://elsewhere.example\\@wire.example/",
    "https://w\u{456}re.example/",
    "https://xn--wre-zha.example/",
    "https://wire\u{3002}example/",
    "https://wire%2eexample/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/",
    "https://wire.example/../x",
    "https://wire.example/%2e%2e/x",
    "https://wire.example/a\r\nhost: elsewhere.example",
    "https://wire.example/a b",
    " https://wire.example/",
    "https:wire.example/",
    "",
];

pub(super) fn deeds(guest: &Guest<'_>, every: usize) -> Result<()> {
    let wire = &guest.stand.wire;
    let before = wire.accepted();
    for address in ADDRESSES.iter().step_by(every) {
        let run = guest.reads(&format!("request:{}", json!({ "url": address, "slot": "" })))?;
        assert_ended(&run, "failed", "PB6001", "");
        assert!(run["operator"].as_str().is_some_and(|why| !why.is_empty()), "{address:?}: {run}");
        // One that makes nothing of the refusal is refused all the same.
        let swallowed = guest.reads(&format!("swallow:{address}"))?;
        assert_ended(&swallowed, "failed", "PB6001", "");
    }
    let slash = guest.reads(&format!("request:{}", json!({ "url": "https://bare.example/a", "slot": "bearer" })))?;
    assert_ended(&slash, "failed", "PB6001", "bare.example");
    assert_eq!(wire.accepted(), before, "nobody was connected to");
    // The spelling of the manifest itself, or this proves nothing.
    let granted = guest.reads(&format!("request:{}", json!({ "url": "https://wire.example/a" })))?;
    assert_eq!((&granted["state"], wire.accepted()), (&json!("done"), before + 1), "{granted}");
    Ok(())
}

#[test]
fn an_address_that_was_not_granted_is_refused_in_every_spelling_and_nobody_is_connected_to() -> Result<()> {
    Stand::start()?.beside(|stand| deeds(&stand.guest("h8")?, 1)).map(drop)
}
