//! What Claritalk does, from the first item to the last switch.

use patchbay_it::{DeskItem, pdf};
use patchbay_test_support::{Result, fakes::desk::Kind};
use serde_json::{Value, json};

use super::{Scene, stands};

const SOME_KIB: usize = 300 * 1024;

/// The choices for a company while its name is typed; the id of the one that is left at the end.
fn typed(scene: &Scene, connection: &str, name: &str) -> Result<Value> {
    let mut found = Vec::new();
    let mut written = String::new();
    for letter in name.chars() {
        written.push(letter);
        found = scene.tenant.pick(connection, "clients", &written, &[])?;
        assert!(found.iter().any(|choice| choice["label"] == json!(name)), "{written:?}: {found:?}");
    }
    assert_eq!(found.len(), 1, "{found:?}");
    Ok(found[0]["id"].clone())
}

#[test]
fn the_whole_journey_of_a_report_from_the_choice_of_a_company_to_the_switch_that_is_on_again() -> Result<()> {
    let (scene, first) = Scene::connected()?;
    let (tenant, desk) = (&scene.tenant, scene.desk());
    desk.provider.add_client("Brouwerij Ten Einde");
    tenant.settled()?;
    tenant.run_all(&first)?;
    tenant.settled()?;
    let company = typed(&scene, &first, "Brouwerij Ten Einde")?;
    // The office leaves; what comes in the meantime waits for the next connection.
    tenant.api.delete(&format!("/v1/connections/{first}"))?.expect(204)?;

    let blob = tenant.upload("talk.pdf", "application/pdf", pdf(1, SOME_KIB))?;
    let report = DeskItem::report("talk-1", &blob).with("target", json!({ "id": company }));
    let accepted = tenant.send(&report)?.expect(201)?;
    let push = accepted.text_at("/id")?;
    assert_eq!((accepted.text_at("/change")?, stands(&accepted.json)), ("created".to_owned(), ("waiting", "PB4013")));
    assert_eq!((scene.listed("state=waiting")?, scene.listed("ready=true")?), (vec![push.clone()], vec![]));
    assert_eq!((scene.listed("ready=false")?, scene.writes()), (vec![push.clone()], 0));

    let second = scene.connect("other")?;
    let done = tenant.push_ended(&push)?;
    assert_eq!((&done["state"], &done["connection"]), (&json!("done"), &json!(second)), "{done}");
    let reports = desk.provider.objects(Kind::Report);
    assert_eq!(
        (reports.len(), json!(reports[0].id), json!(reports[0].text("client"))),
        (1, done["object"]["id"].clone(), company)
    );
    let states: Vec<&str> =
        done["history"].as_array().into_iter().flatten().filter_map(|to| to["state"].as_str()).collect();
    assert_eq!(states, ["waiting", "planned", "sending", "done"]);
    for step in done["steps"].as_array().into_iter().flatten() {
        assert!(step["request_id"].as_str().is_some_and(|id| id.starts_with("desk-")), "{step}");
    }

    let again = tenant.send(&report)?.expect(200)?;
    assert_eq!((again.text_at("/change")?, again.text_at("/duplicate_of")?), ("duplicate".to_owned(), push));
    let before = scene.writes();

    tenant.change(&second, &json!({ "functions": { "reports": false } }))?;
    let later = DeskItem::report("talk-2", &blob);
    let skipped = tenant.send(&later)?.expect(201)?;
    let push = skipped.text_at("/id")?;
    assert_eq!(stands(&skipped.json), ("skipped", "PB4009"));
    assert!(skipped.text_at("/reason/detail")?.contains("reports"), "{}", skipped.text());
    assert_eq!(tenant.send(&later)?.expect(200)?.text_at("/duplicate_of")?, push, "it is still off");
    assert_eq!((scene.listed("state=skipped")?, scene.writes()), (vec![push.clone()], before));

    tenant.change(&second, &json!({ "functions": { "reports": true } }))?;
    let revived = tenant.send(&later)?.expect(200)?;
    assert_eq!((revived.text_at("/change")?, revived.text_at("/id")?), ("revived".to_owned(), push.clone()));
    assert_eq!(revived.json["duplicate_of"], Value::Null);
    assert_eq!(tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!(scene.rig.written_once(&[report, later])?, 2);
    Ok(())
}

#[test]
fn an_item_that_came_before_the_connection_and_the_company_is_sent_when_both_are_there() -> Result<()> {
    let scene = Scene::bare()?;
    let (tenant, desk) = (&scene.tenant, scene.desk());
    desk.provider.add_client("Brouwerij Ten Einde");
    let note = DeskItem::of("note", "early");
    let push = tenant.push(&note.clone().with("target", Value::Null))?;
    let connection = scene.connect("owner")?;
    tenant.settled()?;
    let company = typed(&scene, &connection, "Brouwerij Ten Einde")?;
    let waits = scene.push(&push)?;
    assert_eq!((stands(&waits).0, &waits["target"], scene.writes()), ("waiting", &Value::Null, 0), "{waits}");
    assert_eq!(scene.listed("ready=true")?, Vec::<String>::new());

    scene.say(&push, "send", &json!({ "target": { "id": company } }))?.expect(200)?;
    assert_eq!(tenant.push_ended(&push)?["state"], json!("done"));
    assert_eq!(json!(note.objects(desk)[0].text("client")), company);
    assert_eq!(scene.rig.written_once(&[note])?, 1);
    Ok(())
}
