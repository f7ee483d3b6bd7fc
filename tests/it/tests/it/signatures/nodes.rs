//! Two nodes on one PostgreSQL database: what is said on one holds on the other, and of two who come at once one wins.

use patchbay_it::{Nodes, RigSetup, ServerDatabase, Variant, post_signed, publisher_key, signature_of};
use patchbay_test_support::{Result, Trouble};
use serde_json::json;

use super::{CONNECTORS, guests};

#[test]
fn a_key_that_is_trusted_on_one_node_holds_on_the_other_and_a_version_is_installed_once() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let setup = RigSetup { more: CONNECTORS.to_owned(), ..RigSetup::default() };
    let nodes = Nodes::start(2, &database, setup)?;
    let (one, other) = (nodes.operator(0)?, nodes.operator(1)?);
    let key = publisher_key(1);
    let trusted = one.post("/v1/publishers/patchbay/keys", &json!({ "key": key.public().to_string() }))?;
    trusted.expect(201)?;
    let post = |api: &patchbay_test_support::Api, packed: &[u8]| {
        let document = signature_of(packed, &key)?.to_json();
        post_signed(api, packed, Some(document.as_bytes()), None)
    };
    assert_eq!(post(&other, &guests("0.1.0")?)?.expect(201)?.text_at("/release/state")?, "active");

    // Two sets of bytes for one version, at once, on two nodes: one is installed, the other refused.
    for version in ["0.1.1", "0.1.2", "0.1.3"] {
        let mut words = Variant::of_guests(version)?;
        "Other words.".clone_into(&mut words.manifest.summary);
        let (plain, words) = (guests(version)?, words.pack()?);
        let answers = std::thread::scope(|scope| {
            let first = scope.spawn(|| post(&one, &plain));
            let second = scope.spawn(|| post(&other, &words));
            [first, second].map(|thread| thread.join().unwrap_or_else(|_| Err(Trouble::new("a thread broke down"))))
        });
        let [first, second] = answers;
        let (first, second) = (first?, second?);
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", first.text(), second.text());
        let refused = if first.status == 409 { first } else { second };
        assert_eq!(refused.text_at("/code")?, "PB1010", "{}", refused.text());
    }

    let fingerprint = key.public().fingerprint().replace('/', "%2F").replace('+', "%2B").replace(':', "%3A");
    one.delete(&format!("/v1/publishers/patchbay/keys/{fingerprint}"))?.expect(200)?;
    assert_eq!(post(&other, &guests("0.1.4")?)?.expect(409)?.text_at("/code")?, "PB1022");
    Ok(())
}
