//! Files of an item: as many, of such types, and whose they are.

use patchbay_it::{DeskItem, pdf};
use patchbay_test_support::{Result, fakes::desk::Kind};
use serde_json::{Value, json};

use super::{Scene, refusal, refused};

const SMALL: usize = 64 * 1024;

#[test]
fn a_file_that_the_action_does_not_take_is_refused_and_nothing_leaves() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let tenant = &scene.tenant;
    let blob = tenant.upload("a.pdf", "application/pdf", pdf(1, SMALL))?;
    let image = tenant.upload("a.png", "image/png", b"\x89PNG".to_vec())?;
    let report = |files: Value| DeskItem::report("one", &blob).with("attachments", files);
    let file = |blob: &str| json!([{ "blob": blob }]);
    for (item, code, pointer) in [
        (report(json!([])), "PB4002", "/attachments"),
        (report(Value::Null), "PB4002", "/attachments"),
        (report(json!([{ "blob": blob }, { "blob": blob }])), "PB4002", "/attachments"),
        (DeskItem::of("task", "one").with("attachments", file(&blob)), "PB4002", "/attachments"),
        (report(file(&image)), "PB4011", "/attachments/0/blob"),
        (report(file("blb_00000000000000000000000000")), "PB4011", "/attachments/0/blob"),
        (report(file("blb_1")), "PB5001", "/attachments/0/blob"),
        (report(json!([{ "blob": blob, "path": "/etc/passwd" }])), "PB5001", "/attachments/0/path"),
        (report(json!([{ "blob": blob, "name": "../../a.pdf" }])), "PB4011", "/attachments/0/name"),
        (report(json!([{ "blob": blob, "name": "" }])), "PB4011", "/attachments/0/name"),
        (report(json!([{ "blob": blob, "name": "a\r\nx: y" }])), "PB4011", "/attachments/0/name"),
        (report(json!([{ "blob": blob, "name": "x".repeat(256) }])), "PB4011", "/attachments/0/name"),
    ] {
        assert_eq!(refusal(&tenant.send(&item)?), refused(422, code, &[pointer]), "{}", item.body);
    }
    assert_eq!((scene.writes(), scene.listed("")?.len()), (0, 0));
    Ok(())
}

#[test]
fn another_tenants_file_is_no_file() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let other = scene.rig.tenant("B")?;
    let theirs = other.upload("secret.pdf", "application/pdf", pdf(2, SMALL))?;
    let item = DeskItem::report("stolen", &theirs);
    let mine = refusal(&scene.tenant.send(&item)?);
    assert_eq!(mine, refused(422, "PB4011", &["/attachments/0/blob"]));
    let nobody = scene.tenant.send(&DeskItem::report("stolen", "blb_00000000000000000000000000"))?;
    assert_eq!(
        (refusal(&nobody), &nobody.json["errors"]),
        (mine, &scene.tenant.send(&item)?.json["errors"]),
        "not even that it is there"
    );
    assert_eq!((scene.writes(), scene.listed("")?.len()), (0, 0));
    Ok(())
}

#[test]
fn a_file_that_was_removed_is_no_file_and_one_that_an_item_needs_stays() -> Result<()> {
    let scene = Scene::bare()?;
    let tenant = &scene.tenant;
    let (gone, kept) = (
        tenant.upload("gone.pdf", "application/pdf", pdf(3, SMALL))?,
        tenant.upload("kept.pdf", "application/pdf", pdf(4, SMALL))?,
    );
    tenant.api.delete(&format!("/v1/blobs/{gone}"))?.expect(204)?;
    let answer = tenant.send(&DeskItem::report("gone", &gone))?;
    assert_eq!(refusal(&answer), refused(422, "PB4011", &["/attachments/0/blob"]));

    let item = DeskItem::report("kept", &kept);
    let push = tenant.push(&item)?;
    tenant.api.delete(&format!("/v1/blobs/{kept}"))?.expect(409)?;
    assert_eq!(tenant.get(&format!("/v1/blobs/{kept}"))?.json["expires_at"], Value::Null);
    scene.connect("owner")?;
    assert_eq!(tenant.push_ended(&push)?["state"], json!("done"));
    tenant.api.delete(&format!("/v1/blobs/{kept}"))?.expect(204)?;
    assert_eq!(
        tenant.send(&item)?.expect(200)?.text_at("/duplicate_of")?,
        push,
        "it is the same item though its file is gone"
    );
    let other = tenant.send(&item.with("key", json!("other")))?;
    assert_eq!(refusal(&other), refused(422, "PB4011", &["/attachments/0/blob"]));
    assert_eq!(scene.writes(), 2);
    Ok(())
}

#[test]
fn the_same_file_uploaded_again_is_the_same_item_and_another_file_is_not() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let upload = |seed: u64| scene.tenant.upload("talk.pdf", "application/pdf", pdf(seed, SMALL));
    let done = scene.done(&DeskItem::report("one", &upload(5)?))?;
    let again = scene.tenant.send(&DeskItem::report("one", &upload(5)?))?.expect(200)?;
    assert_eq!(json!(again.text_at("/duplicate_of")?), done["id"]);
    let other = scene.tenant.send(&DeskItem::report("one", &upload(6)?))?;
    assert_eq!(refusal(&other), refused(409, "PB4003", &["/key"]));
    let files = scene.desk().provider.objects(Kind::File);
    assert_eq!((files.len(), files[0].text("name"), scene.writes()), (1, "talk.pdf", 2));
    Ok(())
}

#[test]
fn a_file_has_the_name_that_the_item_gives_it() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let blob = scene.tenant.upload("a.pdf", "application/pdf", pdf(7, SMALL))?;
    let name = "Übersicht \"Q3\"; x=y.pdf";
    let item = DeskItem::report("named", &blob).with("attachments", json!([{ "blob": blob, "name": name }]));
    let done = scene.done(&item)?;
    assert_eq!(done["attachments"][0]["name"], json!(name));
    let file = scene.desk().provider.objects(Kind::File).remove(0);
    assert_eq!(
        (file.text("media_type"), file.content["size"].as_u64()),
        ("application/pdf", u64::try_from(SMALL).ok())
    );
    assert!(file.text("name").contains("Q3"), "{:?}", file.text("name"));
    Ok(())
}
