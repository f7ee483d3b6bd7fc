//! **Tables and plots need nothing but the API**: lists in any order with how many there are and why something is a
//! warning, used systems, records by their keys, and what went on.

mod live;

use std::collections::BTreeSet;

use patchbay_it::{Rig, Tenant, items};
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::{Value, json};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);
/// What the guests do not know: their run fails, and is not tried again.
const NONSENSE: &str = "nonsense";
/// What they read to its end.
const READS: &str = "paged:1:https://echo.example/echo";
const SORTS: [&str; 9] = [
    "created",
    "name",
    "updated",
    "connector",
    "business_name",
    "account_status",
    "business_id",
    "authorized",
    "state",
];

/// A tenant with four offices of the desk and a connection whose stream fails; that connection.
fn furnished(rig: &Rig) -> Result<(Tenant, String)> {
    rig.install_desk()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    for office in ["load-1", "load-2", "load-3", "owner"] {
        tenant.connect_desk(&rig.fakes.desk, office)?;
    }
    let troubled = tenant.connect_guests("0123456789", NONSENSE)?;
    let run = tenant.first_run(&troubled)?;
    assert_eq!(run["state"], json!("failed"), "{run}");
    Ok((tenant, troubled))
}

/// The connection with this id in a list.
fn listed(tenant: &Tenant, id: &str) -> Result<Value> {
    let all = items(&tenant.api, "/v1/connections?limit=200")?;
    all.into_iter().find(|row| row["id"] == json!(id)).ok_or_else(|| Trouble::new(format!("{id} is not listed")))
}

#[test]
fn connections_come_in_any_order_each_once_with_how_many_there_are() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, _) = furnished(&rig)?;
    tenant.settled()?;
    let all: BTreeSet<String> =
        items(&tenant.api, "/v1/connections")?.iter().map(|row| row["id"].to_string()).collect();
    assert_eq!(all.len(), 5);
    for sort in SORTS {
        let mut ways = Vec::new();
        for order in ["asc", "desc"] {
            let (mut ids, mut next) = (Vec::new(), String::new());
            loop {
                let page = tenant.get(&format!("/v1/connections?sort={sort}&order={order}&limit=2{next}"))?;
                assert_eq!(page.json["total"], json!(5), "{sort} {order}");
                ids.extend(page.array_at("/items")?.iter().map(|row| row["id"].to_string()));
                let Some(after) = page.json["next"].as_str() else { break };
                next = format!("&after={}", encoded(after));
            }
            assert_eq!(ids.len(), 5, "{sort} {order}: {ids:?}");
            assert_eq!(BTreeSet::from_iter(ids.iter().cloned()), all, "{sort} {order}");
            ways.push(ids);
        }
        ways[1].reverse();
        assert_eq!(ways[0], ways[1], "{sort}: down is up the other way round");
    }
    let page = tenant.get("/v1/connections?sort=name&limit=1")?;
    let after = encoded(&page.text_at("/next")?);
    tenant.api.get(&format!("/v1/connections?sort=updated&limit=1&after={after}"))?.expect(422)?;
    tenant.api.get("/v1/connections?order=sideways")?.expect(422)?;
    // What a person sees is found: also the provider's name.
    for (query, found) in [("guests", 1), ("GUEST", 1), ("desk", 4), ("no such thing", 0)] {
        let page = tenant.get(&format!("/v1/connections?q={}", encoded(query)))?;
        assert_eq!((page.array_at("/items")?.len(), &page.json["total"]), (found, &json!(found)), "{query}");
    }
    Ok(())
}

/// As a query takes it.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[test]
fn a_warning_says_why_and_the_card_says_the_same() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, troubled) = furnished(&rig)?;
    let row = listed(&tenant, &troubled)?;
    assert_eq!((&row["status"], &row["warning_count"]), (&json!("warning"), &json!(1)), "{row}");
    let warning = &row["warnings"][0];
    assert_eq!((&warning["code"], &warning["stream"]), (&json!("PB1106"), &json!("chosen")), "{warning}");
    assert!(warning["text"].as_str().is_some_and(|text| !text.is_empty()), "{warning}");
    let path = format!("/v1/connections/{troubled}");
    assert_eq!(tenant.get(&path)?.json["warnings"], row["warnings"]);
    let card = || -> Result<Value> {
        let cards = items(&tenant.api, "/v1/catalog")?;
        let found = cards.into_iter().find(|card| card["connector"] == json!("patchbay.guests"));
        found.ok_or_else(|| Trouble::new("no card"))
    };
    assert_eq!((&card()?["status"], &card()?["connections"]), (&json!("warning"), &json!(1)));
    assert_eq!(card()?["functions"], json!(["notes"]));
    // What is switched off has no trouble.
    tenant.api.patch(&path, &json!({ "enabled": false }))?.expect(200)?;
    let row = listed(&tenant, &troubled)?;
    assert_eq!((&row["status"], &row["warnings"]), (&json!("active"), &json!([])), "{row}");
    assert_eq!(card()?["status"], json!("active"));
    // Nobody else sees any of it.
    let other = rig.tenant("B")?;
    let cards = items(&other.api, "/v1/catalog")?;
    assert!(cards.iter().all(|card| card["connections"] == json!(0) && card["status"] == json!("connect")));
    assert_eq!(other.get("/v1/connections")?.json["total"], json!(0));
    Ok(())
}

#[test]
fn used_systems_say_for_each_function_what_serves_it_and_whether_it_is_switched_on() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, troubled) = furnished(&rig)?;
    let function = |name: &str| -> Result<Value> {
        let all = items(&tenant.api, "/v1/used-systems")?;
        let found = all.iter().find(|row| row["function"] == json!(name)).cloned();
        found.ok_or_else(|| Trouble::new(format!("nothing serves {name}: {all:?}")))
    };
    let notes = function("notes")?;
    let systems = notes["systems"].as_array().cloned().unwrap_or_default();
    let guests = systems.iter().find(|system| system["connection"] == json!(troubled));
    let guests = guests.ok_or_else(|| Trouble::new(format!("the guests serve notes: {notes}")))?;
    assert_eq!(guests["provider"], json!("Guests"));
    assert_eq!((&guests["status"], &guests["enabled"]), (&json!("warning"), &json!(true)));
    assert_eq!(guests["function_enabled"], json!(true));
    assert_eq!(notes["total"], json!(systems.len()));
    let path = format!("/v1/connections/{troubled}");
    tenant.api.patch(&path, &json!({ "functions": { "notes": false } }))?.expect(200)?;
    let systems = function("notes")?["systems"].as_array().cloned().unwrap_or_default();
    let guests = systems.iter().find(|system| system["connection"] == json!(troubled)).cloned().unwrap_or_default();
    assert_eq!((&guests["enabled"], &guests["function_enabled"]), (&json!(true), &json!(false)), "{guests}");

    // Somebody who has connected nothing sees what could be.
    let other = rig.tenant("B")?;
    let all = items(&other.api, "/v1/used-systems")?;
    assert!(!all.is_empty() && all.iter().all(|row| row["systems"] == json!([]) && row["total"] == json!(0)));
    let available: BTreeSet<String> = all
        .iter()
        .flat_map(|row| row["available"].as_array().cloned().unwrap_or_default())
        .map(|one| one["connector"].to_string())
        .collect();
    assert_eq!(available, [json!("acme.desk"), json!("patchbay.guests")].map(|id| id.to_string()).into());
    Ok(())
}

#[test]
fn records_are_found_by_the_beginning_of_their_keys() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", READS)?;
    assert_eq!(tenant.first_run(&connection)?["state"], json!("done"));
    let path = format!("/v1/connections/{connection}/records/chosen");
    let all = tenant.get(&path)?;
    let keys: Vec<String> =
        all.array_at("/items")?.iter().map(|row| row["key"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(all.json["total"], json!(keys.len()));
    let first = keys.first().ok_or_else(|| Trouble::new("no record"))?;
    let found = tenant.get(&format!("{path}?key={}", encoded(first)))?;
    let expected = keys.iter().filter(|key| key.starts_with(first.as_str())).count();
    assert_eq!((found.array_at("/items")?.len(), &found.json["total"]), (expected, &Value::Null));
    assert_eq!(tenant.get(&format!("{path}?key=no-such-key"))?.array_at("/items")?.len(), 0);
    Ok(())
}

#[test]
fn an_operator_sees_what_went_on_and_what_was_refused() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests("0123456789", "echo:https://elsewhere.example/")?;
    assert_eq!(tenant.first_run(&connection)?["reason"]["code"], json!("PB6001"));
    let health = rig.operator.get("/v1/health")?.expect(200)?.json;
    let refused = &health["refusals"][0];
    assert_eq!((&refused["code"], &refused["connector"]), (&json!("PB6001"), &json!("patchbay.guests")), "{health}");
    assert!(refused["count_day"].as_u64() >= Some(1), "{health}");
    assert_eq!(health["nodes"].as_array().map(Vec::len), Some(1), "{health}");
    let node = rig.operator.get("/v1/node")?.expect(200)?.json;
    assert_eq!((&health["nodes"][0]["node"], &health["nodes"][0]["self"]), (&node["node"], &json!(true)));
    assert_eq!((&health["queue"]["running"], &health["pushes"]["unknown"]), (&json!(0), &json!(0)));

    let count = |api: &patchbay_test_support::Api, query: &str, what: &str| -> Result<u64> {
        let plot = api.get(&format!("/v1/activity{query}"))?.expect(200)?;
        Ok(plot.array_at("/points")?.iter().filter_map(|point| point[what].as_u64()).sum())
    };
    for (query, points, step) in [("", 60, 60), ("?span=day", 96, 900), ("?span=week", 168, 3_600)] {
        let plot = tenant.get(&format!("/v1/activity{query}"))?;
        assert_eq!((plot.array_at("/points")?.len(), &plot.json["step_seconds"]), (points, &json!(step)), "{query}");
        assert_eq!((count(&tenant.api, query, "runs")?, count(&tenant.api, query, "failed")?), (1, 1), "{query}");
        assert_eq!(count(&rig.operator, query, "runs")?, 1, "the whole deployment");
    }
    assert_eq!(count(&tenant.api, &format!("?connection={connection}"), "runs")?, 1);
    let other = rig.tenant("B")?;
    assert_eq!(count(&other.api, "", "runs")?, 0);
    other.api.get(&format!("/v1/activity?connection={connection}"))?.expect(404)?;
    rig.operator.get(&format!("/v1/activity?connection={connection}"))?.expect(422)?;
    Ok(())
}

/// Waits until a connection is listed with a status.
fn becomes(tenant: &Tenant, connection: &str, status: &str) -> Result<()> {
    wait_until(&format!("{connection} to be {status}"), LIMIT, || {
        Ok((listed(tenant, connection)?["status"] == json!(status)).then_some(()))
    })
}
