//! A large file through an action of two steps: it goes through the host and does not stay in it, and what was uploaded
//! is not uploaded again.

use std::time::Duration;

use patchbay_it::{DeskItem, Rig, pdf};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{
        Act,
        desk::{DeskObject, Kind, Lag},
    },
    wait_until,
};
use serde_json::{Value, json};

use super::{LIMIT, Scene};

const MIB: usize = 1024 * 1024;
const LARGE: usize = 20 * MIB;
/// How much more the host may hold while a large file goes through it, kilobytes.
const GROWTH: u64 = 8 * 1024;
/// How long a rewritten memory mark may be asked for.
const QUICK: Duration = Duration::from_secs(5);

/// Kilobytes that the host has in memory, and had at most since [`forget_peak`].
fn memory(rig: &Rig) -> Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", rig.host.pid()))?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok())
    };
    line("VmRSS:").zip(line("VmHWM:")).ok_or_else(|| Trouble::new("the system does not say"))
}

fn forget_peak(rig: &Rig) -> Result<()> {
    std::fs::write(format!("/proc/{}/clear_refs", rig.host.pid()), "5")?;
    wait_until("the mark", QUICK, || memory(rig).map(|(now, peak)| (peak <= now + 1024).then_some(())))
}

/// The steps of a push: name, state, and whether an object was found.
fn steps(push: &Value) -> Vec<(String, String, bool)> {
    let steps = push["steps"].as_array().cloned().unwrap_or_default();
    let told = |step: &Value| (super::text(step, "step"), super::text(step, "state"), step["object"].is_object());
    steps.iter().map(told).collect()
}

/// The one upload and the one report that the desk has, the file as it was sent.
fn filed_once(scene: &Scene, item: &DeskItem, blob: &str, push: &Value) -> Result<()> {
    let provider = &scene.desk().provider;
    let (files, reports) = (provider.objects(Kind::File), provider.objects(Kind::Report));
    let ids = |objects: &[DeskObject]| objects.iter().map(|object| object.id.clone()).collect::<Vec<_>>();
    assert_eq!((files.len(), reports.len()), (1, 1), "{:?} {:?}", ids(&files), ids(&reports));
    assert_eq!(reports[0].text("file"), files[0].id);
    let sha256 = scene.tenant.get(&format!("/v1/blobs/{blob}"))?.text_at("/sha256")?;
    assert_eq!((files[0].text("sha256"), &files[0].content["size"]), (sha256.as_str(), &json!(LARGE)));
    assert_eq!((&push["state"], &push["object"]["id"]), (&json!("done"), &json!(reports[0].id)), "{push}");
    assert_eq!(scene.tenant.send(item)?.expect(200)?.text_at("/duplicate_of")?, super::text(push, "id"));
    Ok(())
}

/// Kills the host while a request is held, and starts it again.
fn kill_while_held(scene: &mut Scene, name: &str) -> Result<()> {
    assert!(scene.desk().script.wait_until_held(name, LIMIT), "the request did not arrive");
    scene.rig.host.kill()?;
    wait_until(
        "the held request to be given up",
        LIMIT,
        || Ok((scene.desk().script.holding(name) == 0).then_some(())),
    )?;
    scene.desk().script.clear();
    scene.rig.host.restart()
}

#[test]
fn a_pdf_of_20_mib_goes_through_two_steps_and_the_host_does_not_hold_it() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let (rig, tenant) = (&scene.rig, &scene.tenant);
    tenant.settled()?;
    let file = pdf(20, LARGE);
    let small = tenant.upload("small.pdf", "application/pdf", pdf(1, 1_000))?;
    scene.done(&DeskItem::report("warm", &small))?;
    forget_peak(rig)?;
    let (before, _) = memory(rig)?;

    let blob = tenant.upload("large.pdf", "application/pdf", file)?;
    scene.done(&DeskItem::report("large", &blob))?;
    let (_, peak) = memory(rig)?;
    println!("{before} KiB before, {peak} KiB at most");
    assert!(peak < before + GROWTH, "{before} KiB before, {peak} KiB at most");
    let files = rig.fakes.desk.provider.objects(Kind::File);
    assert_eq!(
        files.iter().map(|file| file.content["size"].as_u64()).collect::<Vec<_>>(),
        [Some(1_000), u64::try_from(LARGE).ok()]
    );
    let sha256 = tenant.get(&format!("/v1/blobs/{blob}"))?.text_at("/sha256")?;
    assert_eq!(files[1].text("sha256"), sha256, "it arrived as it was sent");
    Ok(())
}

#[test]
fn killed_between_the_upload_and_the_report_it_goes_on_with_the_report() -> Result<()> {
    let (mut scene, _) = Scene::connected()?;
    let blob = scene.tenant.upload("large.pdf", "application/pdf", pdf(21, LARGE))?;
    let item = DeskItem::report("killed", &blob);
    // A search for the upload would not find it: nobody may come to look for what was answered.
    scene.desk().provider.lag(Kind::File, Lag::UntilTold);
    scene.desk().script.add(item.on("report", Act::Hold { name: "report".to_owned(), applied: false }));
    let push = scene.tenant.push(&item)?;
    kill_while_held(&mut scene, "report")?;
    let push = scene.tenant.push_ended(&push)?;
    filed_once(&scene, &item, &blob, &push)?;
    assert_eq!((scene.writes_to("/files"), scene.writes_to("/reports")), (1, 2));
    let answered = |step: &str| (step.to_owned(), "answered".to_owned(), false);
    assert_eq!(steps(&push), [answered("upload"), answered("report")]);
    Ok(())
}

#[test]
fn killed_after_the_report_was_taken_it_is_found_and_nothing_is_sent_again() -> Result<()> {
    let (mut scene, _) = Scene::connected()?;
    let blob = scene.tenant.upload("large.pdf", "application/pdf", pdf(22, LARGE))?;
    let item = DeskItem::report("killed", &blob);
    scene.desk().script.add(item.on("report", Act::Hold { name: "report".to_owned(), applied: true }));
    let push = scene.tenant.push(&item)?;
    kill_while_held(&mut scene, "report")?;
    let push = scene.tenant.push_ended(&push)?;
    filed_once(&scene, &item, &blob, &push)?;
    assert_eq!((scene.writes_to("/files"), scene.writes_to("/reports")), (1, 1));
    assert_eq!(steps(&push)[1], ("report".to_owned(), "found".to_owned(), true));
    Ok(())
}

#[test]
fn an_upload_whose_answer_was_lost_is_found_and_the_report_names_what_was_found() -> Result<()> {
    let (scene, _) = Scene::connected()?;
    let blob = scene.tenant.upload("large.pdf", "application/pdf", pdf(23, LARGE))?;
    let item = DeskItem::report("lost", &blob);
    scene.desk().script.add(item.on("upload", Act::LoseAnswer));
    let push = scene.tenant.push_ended(&scene.tenant.push(&item)?)?;
    filed_once(&scene, &item, &blob, &push)?;
    assert_eq!((scene.writes_to("/files"), scene.writes_to("/reports")), (1, 1));
    assert_eq!(
        steps(&push),
        [("upload".to_owned(), "found".to_owned(), true), ("report".to_owned(), "answered".to_owned(), false)]
    );
    let file = scene.desk().provider.objects(Kind::File).remove(0);
    assert_eq!(push["steps"][0]["object"]["id"], json!(file.id));
    Ok(())
}
