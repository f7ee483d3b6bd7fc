//! Every way of writing that there is, once through the whole host: the item arrives as it was said, and the answer
//! tells which object it became.

use patchbay_it::{ACTIONS, DeskItem, Rig, Tenant, pdf};
use patchbay_test_support::{Result, fakes::desk::Kind};
use serde_json::{Value, json};

/// Bytes of a report's file.
const FILE: usize = 1024 * 1024;

fn connected(rig: &Rig) -> Result<(Tenant, String)> {
    rig.install_desk()?;
    let tenant = rig.tenant("A")?;
    let connection = tenant.connect_desk(&rig.fakes.desk, "owner")?;
    Ok((tenant, connection))
}

#[test]
fn each_action_writes_its_item_once_and_tells_the_object() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, _) = connected(&rig)?;
    let blob = tenant.upload("report.pdf", "application/pdf", pdf(7, FILE))?;
    let items: Vec<DeskItem> = ACTIONS
        .iter()
        .map(|(action, _)| match *action {
            "report" => DeskItem::report("one", &blob),
            action => DeskItem::of(action, "one"),
        })
        .collect();
    for item in &items {
        let push = tenant.push_ended(&tenant.push(item)?)?;
        assert_eq!(push["state"], json!("done"), "{push}");
        let objects = item.objects(&rig.fakes.desk);
        let ids: Vec<&str> = objects.iter().map(|object| object.id.as_str()).collect();
        assert_eq!(push["object"]["id"].as_str().into_iter().collect::<Vec<_>>(), ids);
        assert!(push["object"]["url"].as_str().is_some_and(|url| url.ends_with(ids[0])), "{push}");
    }
    assert_eq!(rig.written_once(&items)?, items.len());
    let files = rig.fakes.desk.provider.objects(Kind::File);
    let of_blob = tenant.get(&format!("/v1/blobs/{blob}"))?;
    assert_eq!((files.len(), files[0].text("sha256")), (1, of_blob.text_at("/sha256")?.as_str()));
    assert_eq!(files[0].content["size"], json!(FILE));
    Ok(())
}

#[test]
fn a_note_under_the_same_key_is_changed_and_settings_go_with_what_is_written() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, connection) = connected(&rig)?;
    let settings = json!({ "partner_code": "FID-1", "default_folder": "2026", "default_assignee": "An" });
    tenant.change(&connection, &json!({ "settings": settings }))?;
    let note = DeskItem::of("note", "one");
    let push = tenant.push(&note)?;
    assert_eq!(tenant.push_ended(&push)?["state"], json!("done"));
    let changed = note.clone().text("Agreed otherwise.");
    tenant.send(&changed)?.expect(200)?;
    assert_eq!(tenant.push_ended(&push)?["state"], json!("done"));
    let task = DeskItem::of("task", "one");
    tenant.push_ended(&tenant.push(&task)?)?;
    let notes = note.objects(&rig.fakes.desk);
    assert_eq!((notes.len(), notes[0].writes, notes[0].text("text")), (1, 2, "Agreed otherwise."));
    let task = task.objects(&rig.fakes.desk).remove(0);
    assert_eq!((task.text("partner"), task.text("folder"), task.text("assignee")), ("FID-1", "2026", "An"));
    Ok(())
}

#[test]
fn clients_and_their_folders_are_picked_from_what_was_read_and_at_the_desk() -> Result<()> {
    let rig = Rig::start()?;
    let desk = &rig.fakes.desk.provider;
    let (one, two) = (desk.add_client("Zoë Décor NV"), desk.add_client("Zoë Décor NV"));
    let folder = desk.add_folder(&two, "Only here");
    let (tenant, connection) = connected(&rig)?;
    tenant.settled()?;
    let ids = |choices: Vec<Value>| -> Vec<Value> { choices.into_iter().map(|choice| choice["id"].clone()).collect() };
    for (clients, folders) in [("clients", "folders"), ("search_clients", "search_folders")] {
        let found = tenant.pick(&connection, clients, "décor", &[])?;
        assert_eq!(found.len(), 2, "{clients}: {found:?}");
        assert_ne!(found[0]["hint"], found[1]["hint"], "the code tells equal names apart");
        assert_eq!(ids(found), [json!(one), json!(two)]);
        let of = |client: &str| tenant.pick(&connection, folders, "only", &[(clients, client)]);
        assert_eq!((ids(of(&one)?), ids(of(&two)?)), (vec![], vec![json!(folder)]), "{folders}");
    }
    Ok(())
}
