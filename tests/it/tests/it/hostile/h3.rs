//! H3: memory. What is grown is refused by the run's limit; what is declared beyond what any component may have is refused
//! when it is installed, and what is declared beyond the connector's own limit does not start.

use patchbay_test_support::Result;

use super::{Guest, Stand, assert_all, assert_ended, odd::Behind};

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    assert_all(&guest.everywhere("grow")?, "PB1102");
    Ok(())
}

/// Components that were never written in Rust.
pub(super) fn odd_ones(stand: &Stand) -> Result<()> {
    // MiB that no place has, memories that no place has, tables, and a host of small modules.
    for (name, behind) in [
        ("one-large", Behind::memories(1, 300)),
        ("all-large", Behind::memories(3, 100)),
        ("many-memories", Behind::memories(40, 1)),
        ("many-tables", Behind::tables(40, 10)),
        ("large-table", Behind::tables(1, 200_000)),
        ("large-tables", Behind::tables(8, 20_000)),
        ("many-modules", Behind::instances(400)),
    ] {
        let answer = stand.install(name, &behind)?;
        assert_eq!((answer.status, answer.json["code"].as_str()), (422, Some("PB1008")), "{name}: {}", answer.text());
        println!("{name}: {}", answer.json["detail"]);
    }
    // It starts where there is more room than its manifest asks for.
    for (name, behind) in [("three-memories", Behind::memories(3, 32)), ("grows-at-start", Behind::grows_at_start(100))]
    {
        stand.install(name, &behind)?.expect(201)?;
        let tenant = stand.rig.tenant(name)?;
        let fields = serde_json::json!({ "token": "0123456789", "choice": "none/quiet" });
        let body = serde_json::json!({ "connector": format!("patchbay.hostile-{name}"), "fields": fields });
        for _ in 0..3 {
            let made = tenant.api.post("/v1/connections", &body)?;
            assert_eq!(made.json["code"].as_str(), Some("PB1102"), "{name}: {}", made.text());
        }
    }
    Ok(())
}

#[test]
fn a_memory_bomb_in_any_export_ends_as_out_of_memory_and_the_memory_comes_back() -> Result<()> {
    Stand::start()?
        .beside(|stand| {
            let guest = stand.guest("h3")?;
            deeds(&guest)?;
            for _ in 0..4 {
                assert_ended(&guest.reads("grow")?, "failed", "PB1102", "");
            }
            Ok(())
        })
        .map(drop)
}

#[test]
fn memories_tables_and_modules_beyond_measure_are_refused_before_they_run() -> Result<()> {
    Stand::start()?.beside(odd_ones).map(drop)
}
