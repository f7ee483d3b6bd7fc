//! Promise 1: **a credential never enters a connector.** Not at login, not in a request, not in an answer;
//! nor does it lie open anywhere else.

use std::path::Path;

use patchbay_it::{Rig, Tenant};
use patchbay_test_support::{Answer, Result, canary};
use serde_json::json;

/// Long enough to be masked anywhere, and found nowhere by chance.
const TOKEN: &str = "canary/7Qk2+pWz9_Lr4~Vt8nXc5Bm1";

/// Every answer of the API that has something to do with a connection.
fn everything(rig: &Rig, tenant: &Tenant, connection: &str) -> Result<Vec<Answer>> {
    let operator = rig.operator_of(tenant);
    let mut answers = Vec::new();
    for path in [
        format!("/v1/connections/{connection}"),
        format!("/v1/connections/{connection}/syncs"),
        format!("/v1/connections/{connection}/records/chosen"),
        "/v1/connections".to_owned(),
        "/v1/runs".to_owned(),
        "/v1/changes".to_owned(),
        "/v1/pushes".to_owned(),
        "/v1/catalog".to_owned(),
        "/v1/catalog/patchbay.guests".to_owned(),
    ] {
        answers.push(tenant.get(&path)?);
        answers.push(operator.get(&path)?.expect(200)?);
    }
    Ok(answers)
}

/// Whether a secret lies open in the host's folder (database, WAL, cache, log) or in these answers.
fn assert_hidden(rig: &Rig, answers: &[Answer], secrets: &[&str]) -> Result<()> {
    let kept = tempfile::tempdir()?;
    for (place, answer) in answers.iter().enumerate() {
        std::fs::write(kept.path().join(place.to_string()), format!("{:?}\n{}", answer.headers, answer.text()))?;
    }
    let (data, log) = (rig.host.data_dir(), rig.host.log_path());
    let places: [&Path; 3] = [&data, &log, kept.path()];
    assert!(canary::files(&places)?.len() > answers.len() + 3, "there must be something to search");
    assert_eq!(canary::search(&places, secrets)?, []);
    Ok(())
}

#[test]
fn a_connector_that_reports_all_it_is_given_reports_no_credential() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_guests(TOKEN, "echo:https://echo.example/echo")?;
    let run = tenant.first_run(&connection)?;
    assert_eq!(run["state"], json!("done"), "{run}");

    // The provider had it, or this proves nothing.
    let received = rig.echo.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].headers["authorization"], format!("Bearer {TOKEN}"));

    // The connector had the answer that says it three times, and everything else that it is given.
    let records = tenant.get(&format!("/v1/connections/{connection}/records/chosen"))?;
    let record = &records.json["items"][0]["record"];
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    assert!(text("headers").contains("x-echo-authorization: Bearer [secret]"), "{record}");
    assert!(text("body").contains("\"authorization\":\"Bearer [secret]\""), "{record}");
    assert!(text("body").contains("\"doubled\":\"Bearer [secret]Bearer [secret]\""), "{record}");
    assert_eq!((text("auth"), text("facts")), ("token", "choice=echo:https://echo.example/echo"));

    assert_hidden(&rig, &everything(&rig, &tenant, &connection)?, &[TOKEN, &tenant.key])
}

#[test]
fn a_secret_that_a_connector_got_by_another_way_ends_its_run_before_a_byte_leaves() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_guests("0.1.0")?;
    let tenant = rig.tenant("A")?;
    // The person pasted the token into the other field, too.
    let token = "pasted-twice-0123456789abcdef";
    let connection = tenant.connect_guests(token, &format!("echo:https://echo.example/echo?leak={token}"))?;
    let run = tenant.first_run(&connection)?;
    assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB6002")), "{run}");
    assert_eq!(rig.echo.received().len(), 0);
    assert_eq!(tenant.feed(0)?, Vec::<serde_json::Value>::new());
    Ok(())
}

#[test]
fn a_refused_credential_is_in_no_answer_and_in_no_file() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_connectors(&["github"])?;
    let tenant = rig.tenant("A")?;
    let token = rig.fakes.github.provider.token("revoked");
    let body = json!({"connector": "patchbay.github", "fields": {"token": token}});
    let refused = tenant.api.post("/v1/connections", &body)?;
    assert!((400..500).contains(&refused.status) || refused.status == 502, "{refused:?}");
    let wrong = json!({"connector": "patchbay.github", "fields": {"token": format!("{token} ")}});
    let wrong = tenant.api.post("/v1/connections", &wrong)?.expect(422)?;
    let unknown = json!({"connector": "patchbay.github", "fields": {"token": token}, "tokn": token});
    let unknown = tenant.api.post("/v1/connections", &unknown)?.expect(422)?;
    assert_hidden(&rig, &[refused, wrong, unknown], &[&token])
}

#[test]
fn tokens_of_a_login_lie_nowhere_but_sealed() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_connectors(&["silverfin"])?;
    let tenant = rig.tenant("A")?;
    crate::oauth::register(&rig)?;
    rig.fakes.silverfin.provider.set_access_life(crate::oauth::SHORT);
    let connection = tenant.connect_silverfin(&rig)?;
    tenant.settled()?;
    crate::oauth::wait_for_its_end(&rig)?;
    let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "companies")?)?)?;
    assert_eq!(run["state"], json!("done"), "{run}");

    let mut secrets = rig.fakes.silverfin.provider.secrets();
    secrets.push(rig.fakes.silverfin.provider.login().password);
    assert!(secrets.len() >= 6, "two pairs, the client's secret, a password");
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let answers = [
        tenant.get(&format!("/v1/connections/{connection}"))?,
        tenant.get("/v1/runs")?,
        rig.operator.get("/v1/connectors/patchbay.silverfin/oauth-client")?.expect(200)?,
    ];
    assert_hidden(&rig, &answers, &secrets)
}
