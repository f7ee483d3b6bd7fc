//! **A connector that reports everything it can see reports no credential**, for every kind of login. Its
//! provider says back all that it was sent, in every spelling; the connector puts that into the identity's login,
//! facts and accounts, into the log and into its records.

use patchbay_it::{Kind, Rig, Tenant, items, kinds};
use patchbay_test_support::{
    Result,
    fakes::{Act, Rule},
};
use serde_json::{Value, json};

use crate::canary::{every_get, kept, none_in, rig, walk, written};

/// The same kind with accounts at its provider, each with what the connector sees as note and facts.
fn with_accounts(kind: Kind) -> Kind {
    let tables = kind.tables.replacen("{\"ask\":", "{\"accounts\":2,\"ask\":", 1);
    assert_ne!(tables, kind.tables, "{} has no config that asks", kind.name);
    Kind { tables, ..kind }
}

/// What must not be seen: what was entered, what the provider gave, what was made of it.
fn secrets(rig: &Rig, kind: &Kind) -> Vec<String> {
    let logins = &rig.fakes.logins.provider;
    let mut secrets = kind.secrets.clone();
    for value in logins.values() {
        if kind.name == "code-signed" {
            secrets.push(logins.proof(&value));
        }
        secrets.push(value);
    }
    secrets
}

/// That the connector said what it saw: a search of nothing would find nothing.
fn assert_echoed(tenant: &Tenant, rig: &Rig, kind: &Kind, connection: &str) -> Result<()> {
    let records = items(&tenant.api, &format!("/v1/connections/{connection}/records/chosen"))?;
    let record = &records.first().unwrap_or(&Value::Null)["record"];
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let by_headers = kind.name == "json-body" || text("headers").contains("x-echo-");
    assert!(by_headers, "{}: {record}", kind.name);
    // What the provider was sent came back, masked: raw, as JSON, in base64, in hex and percent-encoded.
    let body = text("body");
    for sign in ["\"raw\":", "\"base64\":", "\"hex\":", "\"percent\":", "\"json\":"] {
        assert!(body.contains(sign), "{}: {sign} in {body}", kind.name);
    }
    assert!(body.contains("[secret]") && body.contains("business-one") || kind.name == "machine-operator", "{body}");
    let log = std::fs::read_to_string(rig.host.log_path())?;
    assert!(log.contains(&format!("patchbay.{}", kind.name)), "{} wrote to the log", kind.name);
    Ok(())
}

/// Connects by a link, reads once, asks again who it is, and searches everything.
fn reports_no_credential(named: &[&str]) -> Result<()> {
    let rig = rig(&["https://odoo.kantoor.example"])?;
    let tenant = rig.tenant("A")?;
    let return_to = tenant.return_address()?;
    let all = kinds(&rig.fakes.logins.provider);
    let chosen: Vec<Kind> = all.into_iter().filter(|kind| named.contains(&kind.name)).map(with_accounts).collect();
    assert_eq!(chosen.len(), named.len(), "a kind of {named:?} is not there");
    let (mut answers, mut pages, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for kind in &chosen {
        rig.install_kind(kind)?;
        let walked = walk(&rig, &tenant, kind, &return_to)?;
        let path = format!("/v1/connections/{}", walked.connection);
        let again = tenant.api.post(&format!("{path}/identify"), &json!({}))?.expect(200)?;
        assert_eq!(again.array_at("/accounts")?.len(), 2, "{}: {}", kind.name, again.text());
        let accounts = again.array_at("/accounts")?;
        let account = accounts[0]["id"].as_str().unwrap_or_default();
        let change = json!({ "accounts": { account: true } });
        answers.push(tenant.api.patch(&path, &change)?.expect(200)?);
        answers.push(again);
        let run = tenant.first_run(&walked.connection)?;
        assert_eq!(run["state"], json!("done"), "{}: {run}", kind.name);
        assert_echoed(&tenant, &rig, kind, &walked.connection)?;
        answers.extend(every_get(&rig, &tenant, &walked.connection, &walked.session)?);
        answers.push(tenant.get("/v1/changes?limit=1000")?);
        pages.extend(walked.pages);
        all.extend(secrets(&rig, kind));
    }
    let folder = tempfile::tempdir()?;
    let mut places = kept(&rig)?;
    places.push(written(folder.path(), &answers, &pages)?);
    none_in(&places, &all)?;
    assert!(
        none_in(&places, &["x-echo-host".to_owned()]).is_err(),
        "what the connector reported is where it was sought"
    );
    Ok(())
}

#[test]
fn keys_and_passwords_of_a_form_are_never_reported() -> Result<()> {
    reports_no_credential(&["key-header", "key-query", "basic", "pair", "json-body"])
}

#[test]
fn passwords_and_tokens_of_a_session_are_never_reported() -> Result<()> {
    reports_no_credential(&["session", "session-rpc", "customer"])
}

#[test]
fn secrets_and_tokens_of_client_credentials_are_never_reported() -> Result<()> {
    reports_no_credential(&["machine", "machine-operator"])
}

#[test]
fn tokens_of_a_login_at_the_provider_are_never_reported() -> Result<()> {
    reports_no_credential(&["code-basic", "code-odd", "code-fixed", "code-exchanged"])
}

#[test]
fn signatures_and_their_keys_are_never_reported() -> Result<()> {
    reports_no_credential(&["code-signed"])
}

#[test]
fn what_opens_a_region_is_never_reported() -> Result<()> {
    reports_no_credential(&["region-callback", "region-field"])
}

#[test]
fn each_kind_of_login_is_in_one_of_these_tests() -> Result<()> {
    let source = include_str!("identify_echo.rs");
    let fakes = patchbay_test_support::fakes::Fakes::start(patchbay_test_support::fakes::FakesConfig::small())?;
    for kind in kinds(&fakes.logins.provider) {
        let calls = source.lines().filter(|line| line.trim_start().starts_with("reports_no_credential(&["));
        let named = calls.filter(|line| line.contains(&format!("\"{}\"", kind.name))).count();
        assert_eq!(named, 1, "{}", kind.name);
    }
    Ok(())
}

/// A provider's answer in which a word stands wherever it can.
fn full_of(word: &str) -> String {
    let nested = json!({ "role": word, "list": [word, { word: word }], word: [word] });
    json!({
        "id": "business-one",
        "name": word,
        "login": word,
        "password": word,
        "user": { "password": word, "name": word, "roles": [word] },
        "text": format!("{word}:{word} signed in as {word}; ?password={word}&user={word}"),
        "basic": "one@office.example",
        "json": nested.to_string(),
        "nested": nested,
        "form": format!("user={word}&password={word}"),
        word: word,
    })
    .to_string()
}

#[test]
fn the_password_admin_changes_no_record() -> Result<()> {
    let rig = Rig::start()?;
    let logins = &rig.fakes.logins.provider;
    logins.set_password("one", "admin");
    let tenant = rig.tenant("A")?;
    let all = kinds(logins);
    for name in ["basic", "json-body", "session"] {
        let kind = all.iter().find(|kind| kind.name == name).expect("it is there");
        assert_eq!(kind.secrets, ["admin"], "{name}");
        rig.install_kind(kind)?;
        let connection = tenant.connect_kind(&rig, kind)?;
        drop(tenant.first_run(&connection)?);

        // From now on its provider's records are full of the word.
        let mut sent = full_of("admin");
        let (method, path) = match name {
            "json-body" => ("POST", "/jsonrpc"),
            "session" => ("GET", "/api/session/me"),
            _ => ("GET", "/api/basic/me"),
        };
        if name == "json-body" {
            sent = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{sent}}}");
        }
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let act = Act::Answer { status: 200, headers, body: sent.clone() };
        rig.fakes.logins.script.add(Rule::on(method, path, act).times(0));
        let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "chosen")?)?)?;
        assert_eq!(run["state"], json!("done"), "{name}: {run}");
        let records = tenant.get(&format!("/v1/connections/{connection}/records/chosen"))?;
        assert_eq!(records.json["items"][0]["record"]["body"], json!(sent), "{name}: the record is what was sent");
        let feed = tenant.feed(0)?;
        let told = feed.iter().rfind(|change| change["connection"] == json!(connection));
        assert_eq!(told.map(|change| &change["record"]["body"]), Some(&json!(sent)), "{name}: {feed:?}");
        rig.fakes.logins.script.clear();
    }
    Ok(())
}
