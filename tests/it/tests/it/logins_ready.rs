//! Before any test over a kind of login: its connector is one that the host would take.

use std::collections::BTreeSet;

use patchbay_it::{Enter, Rig, Variant, everything, hidden, kinds, login_manifest, oidc_kind, oidc_machine_kind};
use patchbay_test_support::{
    Result,
    fakes::{Fakes, FakesConfig},
};
use serde_json::json;

#[test]
fn each_kind_of_login_has_a_manifest_without_a_mistake() -> Result<()> {
    let fakes = Fakes::start(FakesConfig::small())?;
    let all = kinds(&fakes.logins.provider);
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|kind| login_manifest(kind.name, &kind.tables).err())
        .map(|error| error.to_string())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(all.iter().map(|kind| kind.name).collect::<BTreeSet<_>>().len(), all.len());
    login_manifest("oidc", &oidc_kind())?;
    login_manifest("oidc-machine", &oidc_machine_kind())?;
    Ok(())
}

#[test]
fn each_kind_of_login_is_packed_and_installed() -> Result<()> {
    let rig = Rig::start()?;
    for kind in kinds(&rig.fakes.logins.provider) {
        rig.install(Variant::of_login(kind.name, &kind.tables)?.pack()?)?;
    }
    Ok(())
}

#[test]
fn the_connector_that_reports_everything_reports_what_its_provider_said() -> Result<()> {
    let rig = Rig::start()?;
    let all = kinds(&rig.fakes.logins.provider);
    let kind = all.iter().find(|kind| kind.name == "key-header").expect("it is there");
    let Enter::Fields(fields) = &kind.enter else { panic!("it is entered") };
    rig.install(Variant::of_login(kind.name, &kind.tables)?.pack()?)?;
    let tenant = rig.tenant("A")?;
    let body = json!({ "connector": "patchbay.key-header", "fields": fields });
    let made = tenant.api.post("/v1/connections", &body)?.expect(201)?;
    assert_eq!(made.text_at("/state")?, "active");
    let connection = made.text_at("/id")?;
    let run = tenant.first_run(&connection)?;
    assert_eq!(run["state"], json!("done"), "{run}");
    let feed = tenant.feed(0)?;
    let record = feed[0]["record"].clone();
    for (place, sign) in [("headers", "x-echo-host: logins.example"), ("body", "business-one"), ("config", "\"ask\"")] {
        assert!(record[place].as_str().is_some_and(|text| text.contains(sign)), "{place}: {record}");
    }
    // The provider had the key and said it back: what the record holds of it is the gate's mask.
    assert!(record["body"].as_str().is_some_and(|text| text.contains("x-api-key: ")), "{record}");
    let log = std::fs::read_to_string(rig.host.log_path())?;
    assert!(log.contains("headers-0="), "identify wrote to the log");

    let answers = everything(&rig, &tenant, "patchbay.key-header", &connection)?;
    assert!(answers.iter().filter(|answer| answer.status == 200).count() > 10, "there is something to search");
    hidden(&rig, &answers, &kind.secrets)?;
    let shown = record["config"].as_str().unwrap_or_default().to_owned();
    assert!(hidden(&rig, &answers, &[shown[..24].to_owned()]).is_err(), "what is shown is found");
    Ok(())
}
