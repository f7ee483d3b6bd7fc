//! Connectors that are to come: a manifest in the folder of connectors is a card, until the file goes or code comes.

use std::{fs, path::Path, time::Duration};

use patchbay_it::{Rig, Tenant, Variant};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

fn card(tenant: &Tenant, connector: &str) -> Result<Option<Value>> {
    let cards = tenant.get("/v1/catalog")?.array_at("/items")?;
    Ok(cards.into_iter().find(|card| card["connector"] == json!(connector)))
}

/// Waits until the card of a connector has this status; none for no card.
fn becomes(tenant: &Tenant, connector: &str, status: Option<&str>) -> Result<()> {
    wait_until(&format!("{connector} to be {status:?}"), LIMIT, || {
        let found = card(tenant, connector)?.map(|card| card["status"].clone());
        Ok((found == status.map(|status| json!(status))).then_some(()))
    })
}

#[test]
fn a_manifest_without_code_is_a_card_that_cannot_be_connected_until_the_code_comes() -> Result<()> {
    let mut rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let folder = rig.host.data_dir().join("connectors");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/coming-soon");
    let mut names = Vec::new();
    for entry in fs::read_dir(ours)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        fs::copy(&path, folder.join(format!("{name}.toml")))?;
        names.push(format!("patchbay.{name}"));
    }
    assert!(names.len() >= 3, "{names:?}");
    for name in &names {
        becomes(&tenant, name, Some("coming_soon"))?;
        let entry = tenant.get(&format!("/v1/catalog/{name}"))?;
        assert!(entry.text_at("/logo")?.contains("<svg"), "{}", entry.text());
        for (path, body) in [
            ("/v1/connections", json!({ "connector": name, "fields": {} })),
            ("/v1/connect-sessions", json!({ "connector": name, "verification": "off" })),
        ] {
            let refused = tenant.api.post(path, &body)?;
            assert_eq!((refused.status, &refused.json["code"]), (404, &json!("PB1013")), "{}", refused.text());
            assert!(refused.text_at("/detail")?.contains("is announced"), "{}", refused.text());
        }
    }

    // What could be connected is none of these, and a mistake costs no other card.
    let head = |id: &str| format!("id = \"{id}\"\nversion = \"0.0.0\"\ncontract = \"0.1.0\"\nname = \"Guests\"\n");
    let more = "category = \"productivity\"\nsummary = \"To come.\"\n";
    fs::write(folder.join("wrong.toml"), format!("{}{more}availability = \"soon\"\n", head("acme.wrong")))?;
    fs::write(folder.join("code.toml"), format!("{}{more}", head("acme.code")))?;
    let coming = format!("{}{more}availability = \"coming-soon\"\n", head("patchbay.guests"));
    fs::write(folder.join("guests.toml"), coming)?;
    becomes(&tenant, "patchbay.guests", Some("coming_soon"))?;
    assert_eq!((card(&tenant, "acme.wrong")?, card(&tenant, "acme.code")?), (None, None));

    // The code comes: the announcement is over, though its file still lies there, also after a start.
    rig.install(Variant::of_guests("0.1.0")?.pack()?)?;
    becomes(&tenant, "patchbay.guests", Some("connect"))?;
    rig.host.restart()?;
    becomes(&tenant, "patchbay.guests", Some("connect"))?;
    becomes(&tenant, &names[0], Some("coming_soon"))?;
    let cards = tenant.get("/v1/catalog")?.array_at("/items")?;
    assert_eq!(cards.len(), names.len() + 1, "{cards:?}");

    let first = names[0].trim_start_matches("patchbay.");
    fs::remove_file(folder.join(format!("{first}.toml")))?;
    becomes(&tenant, &names[0], None)?;
    assert_eq!(tenant.api.get(&format!("/v1/catalog/{}", names[0]))?.status, 404);
    becomes(&tenant, &names[1], Some("coming_soon"))
}
