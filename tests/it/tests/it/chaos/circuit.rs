//! A provider that is down is left alone, and asked again by one request.

use patchbay_test_support::{
    Result,
    fakes::{Act, ledger::Change},
    wait_until,
};
use serde_json::json;

use super::{FIRST, LIMIT, Lay, list};

#[test]
fn five_failures_open_the_circuit_for_the_tenant_and_a_probe_closes_it() -> Result<()> {
    let ground = Lay::default().start()?;
    let mut cell = ground.cell(FIRST, "down", "entries")?;
    let mut other = ground.cell(FIRST + 1, "another tenant", "entries")?;
    ground.change(&[Change::Touch { list: list("entries"), one_in: 2 }])?;
    ground.ledger().script.add(cell.rule(Act::status(503)).times(0));
    for _ in 0..5 {
        cell.ends("failed", Some("PB3004"))?;
    }
    let before = ground.ledger().journal.last();
    let refused = cell.ends("failed", Some("PB3016"))?;
    assert_eq!(cell.visits(&ground, before).len(), 0, "nothing is sent: {refused}");
    let next = cell.open()?;
    assert!(next.is_some_and(|next| next["trigger"] == json!("retry")), "it is tried again by itself");
    let operator = ground.rig.operator_of(&cell.book.tenant);
    let breaker = wait_until("the circuit in the list", LIMIT, || {
        Ok(operator.get("/v1/circuit-breakers")?.expect(200)?.array_at("/items")?.into_iter().next())
    })?;
    assert!(breaker["origin"].as_str().is_some_and(|origin| origin.contains("ledger.test")), "{breaker}");
    // It is this tenant's: the same provider answers another one.
    other.ends("done", None)?;
    other.catches_up(&ground)?;

    // Somebody knows that it is back, and is wrong: one failure more opens it again, after five.
    let close = json!({ "tenant": cell.book.tenant.id, "origin": breaker["origin"] });
    ground.rig.operator.post("/v1/circuit-breakers/close", &close)?.expect(204)?;
    for _ in 0..5 {
        cell.ends("failed", Some("PB3004"))?;
    }
    let refused = cell.ends("failed", Some("PB3016"))?;
    // Half a minute later one request finds out by itself.
    ground.ledger().script.clear();
    let mut run = refused;
    while run["state"] != json!("done") {
        run = cell.goes_on(&run)?;
        assert!(run["state"] == json!("done") || run["reason"]["code"] == json!("PB3016"), "{run}");
    }
    cell.catches_up(&ground)?;
    let listed = || Ok(operator.get("/v1/circuit-breakers")?.expect(200)?.array_at("/items")?.is_empty().then_some(()));
    wait_until("the circuit to be closed", LIMIT, listed)
}
