//! H12: records, pages and answers without measure. A page beyond the contract is refused whole, a record beyond it is set
//! aside with its reason, and neither costs memory or time that anybody would feel.

use patchbay_test_support::Result;
use serde_json::json;

use super::{Guest, Stand, assert_ended};

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    for (deed, code, says) in [
        // 100 MiB are more than it may have itself; 9 more than a page; 2 more than a record.
        ("huge-record:104857600", "PB1102", ""),
        ("huge-record:9437184", "PB1104", "bytes of a page"),
        ("huge-record:2097152", "PB3014", "could not be read"),
        ("million:1000000", "PB1104", "1000"),
        ("count:1000000", "PB1104", "records of a page: 1000000 of at most 1000"),
        ("deep:100000", "PB3014", "could not be read"),
        ("deep:1000000", "PB3014", "could not be read"),
        ("deletions:2000", "PB1104", "deletions of a page: 2000 of at most 1000"),
    ] {
        assert_ended(&guest.reads(deed)?, "failed", code, says);
    }
    // Fields that are new in each record: they are kept, and what is remembered of them is bounded.
    for seed in 0..3 {
        let run = guest.reads(&format!("fields:10000:s{seed}"))?;
        assert_eq!((&run["state"], &run["records"]), (&json!("done"), &json!(1)), "{run}");
    }
    let sync = guest.tenant.sync(&guest.connection, "chosen")?;
    let drifts = patchbay_it::items(&guest.tenant.api, &format!("/v1/syncs/{sync}/drifts?limit=200"))?;
    assert!(drifts.len() <= 501, "{} places are told", drifts.len());
    for (answer, what) in [
        (guest.identifies("accounts:10001")?, "accounts"),
        (guest.identifies("facts:1001")?, "facts"),
        (guest.picks("choices:101")?, "choices"),
        (guest.discovers("streams:1001")?, "streams"),
    ] {
        assert_eq!(answer.json["code"].as_str(), Some("PB1104"), "{what}: {}", answer.text());
    }
    assert_ended(&guest.pushes("long-object:1048576")?, "failed", "PB1104", "the id of an object");
    Ok(())
}

#[test]
fn records_pages_and_answers_without_measure_are_refused_by_their_bound() -> Result<()> {
    Stand::start()?.beside(|stand| deeds(&stand.guest("h12")?)).map(drop)
}
