//! A push is accepted while nothing is connected yet, and is sent when there is a connection, and only one.

use std::time::Duration;

use patchbay_it::{Rig, Tenant};
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::{Value, json};

fn item(rig: &Rig, key: &str) -> Result<Value> {
    let repository = rig.fakes.github.provider.repositories().into_iter().next();
    let repository = repository.ok_or_else(|| Trouble::new("no repository"))?;
    Ok(json!({"connector": "patchbay.github", "action": "issue", "key": key,
        "target": {"id": repository}, "payload": {"title": "Send the accounts"}}))
}

fn connect(rig: &Rig, tenant: &Tenant, token: &str) -> Result<String> {
    let fields = json!({"token": rig.fakes.github.provider.token(token)});
    let answer = tenant.api.post("/v1/connections", &json!({"connector": "patchbay.github", "fields": fields}))?;
    assert!([200, 201].contains(&answer.status), "{}", answer.text());
    answer.text_at("/id")
}

#[test]
fn a_push_waits_for_a_connection_and_is_then_sent_once() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_connectors(&["github"])?;
    let tenant = rig.tenant("A")?;
    let body = item(&rig, "early")?;
    let accepted = tenant.api.post("/v1/pushes", &body)?.expect(201)?;
    assert_eq!(accepted.text_at("/state")?, "waiting");
    let push = accepted.text_at("/id")?;
    assert_eq!(tenant.api.post("/v1/pushes", &body)?.expect(200)?.text_at("/duplicate_of")?, push);

    let connection = connect(&rig, &tenant, "owner")?;
    let done = tenant.push_is(&push, &["done", "failed", "rejected"])?;
    assert_eq!((&done["state"], &done["connection"]), (&json!("done"), &json!(connection)), "{done}");
    assert_eq!(rig.fakes.github.journal.objects().len(), 1);
    Ok(())
}

#[test]
fn with_several_connections_nobody_but_the_caller_chooses() -> Result<()> {
    let rig = Rig::start()?;
    rig.install_connectors(&["github"])?;
    let tenant = rig.tenant("A")?;
    let owner = connect(&rig, &tenant, "owner")?;
    let stranger = connect(&rig, &tenant, "stranger")?;
    assert_ne!(owner, stranger);
    let accepted = tenant.api.post("/v1/pushes", &item(&rig, "undecided")?)?.expect(201)?;
    assert_eq!(accepted.text_at("/state")?, "waiting");
    let push = accepted.text_at("/id")?;

    // Renewing one of them is no choice.
    assert_eq!(connect(&rig, &tenant, "stranger")?, stranger);
    tenant.settled()?;
    // A push that is named goes by it; when it is done, the other had its chance.
    let mut named = item(&rig, "decided")?;
    named["connection"] = json!(owner);
    let decided = tenant.api.post("/v1/pushes", &named)?.expect(201)?.text_at("/id")?;
    assert_eq!(tenant.push_is(&decided, &["done", "failed", "rejected"])?["state"], json!("done"));
    let waits = tenant.get(&format!("/v1/pushes/{push}"))?;
    assert_eq!((waits.text_at("/state")?, &waits.json["connection"]), ("waiting".to_owned(), &Value::Null));
    assert_eq!(rig.fakes.github.journal.objects().len(), 1);
    Ok(())
}

#[test]
fn a_note_at_silverfin_whose_answer_was_lost_is_found_too() -> Result<()> {
    use patchbay_test_support::fakes::{Act, Rule};

    let rig = Rig::start()?;
    rig.install_connectors(&["silverfin"])?;
    crate::oauth::register(&rig)?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_silverfin(&rig)?;
    tenant.settled()?;
    let periods = tenant.get(&format!("/v1/connections/{connection}/records/periods?limit=1"))?;
    let company = periods.json["items"][0]["record"]["company_id"].clone();
    let company = company.as_str().map_or_else(|| company.to_string(), str::to_owned);
    rig.fakes.silverfin.script.add(Rule::on("POST", "/api/", Act::LoseAnswer));
    let body = json!({"connection": connection, "action": "note", "key": "note-1", "target": {"id": company},
        "payload": {"text": "All is well."}});
    let push = tenant.api.post("/v1/pushes", &body)?.expect(201)?.text_at("/id")?;
    wait_until("the lost write", Duration::from_secs(30), || {
        Ok((rig.fakes.silverfin.journal.objects().len() == 1).then_some(()))
    })?;
    let done = tenant.push_is(&push, &["done", "failed", "rejected"])?;
    assert_eq!(done["state"], json!("done"), "{done}");
    let objects = rig.fakes.silverfin.journal.objects();
    assert_eq!((objects.len(), done["object"]["id"].as_str()), (1, Some(objects[0].id.as_str())));
    assert_eq!(tenant.api.post("/v1/pushes", &body)?.expect(200)?.text_at("/duplicate_of")?, push);
    Ok(())
}
