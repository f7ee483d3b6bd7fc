//! A fixture that is wrong makes the suite red, and the finding says where and what helps.

use patchbay_check::{Finding, Report, State};
use serde_json::json;

use crate::setup::{Folder, failed, get, manifest, stage};

/// The findings of a check.
fn findings<'a>(report: &'a Report, of: &str, rule: &str) -> Vec<&'a Finding> {
    let found =
        report.checks.iter().filter(|check| check.of == of && check.rule == rule && check.state == State::Failed);
    let found: Vec<&Finding> = found.flat_map(|check| &check.findings).collect();
    assert!(!found.is_empty(), "{of}: {rule} did not fail:\n{}", report.text());
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_manifest_has_needs_a_fixture() {
    let stage = stage().await;
    for file in ["identify", "streams/notes", "pickers/folders", "actions/note"] {
        let folder = Folder::good();
        folder.remove(&format!("{file}.json"));
        let report = patchbay_check::run(&stage, folder.path()).await;
        let found = findings(&report, file, "has a fixture");
        assert!(found[0].what == "no fixture" && found[0].at == format!("fixtures/{file}.json"), "{found:?}");
        assert!(found[0].remedy.contains("patchbay record"), "{found:?}");
    }
    for (word, rule) in [("found", "what was written is found again"), ("absent", "what was not written is not found")]
    {
        let folder = Folder::good();
        folder.remove(&format!("actions/note.{word}.json"));
        let report = patchbay_check::run(&stage, folder.path()).await;
        assert_eq!(findings(&report, "actions/note", rule)[0].what, "no fixture");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixture_that_does_not_fit_the_code_is_told_both_ways() {
    let stage = stage().await;
    let rule = "reads to its end";
    let folder = Folder::good();
    folder.change("streams/notes.json", |fixture| {
        fixture["exchanges"][1]["request"]["url"] = "https://api.offender.example/notes?page=9&size=2".into();
    });
    let report = patchbay_check::run(&stage, folder.path()).await;
    let found = findings(&report, "streams/notes", rule);
    assert!(found[0].what.contains("page=2&size=2") && found[0].what.contains("page=9"), "{found:?}");
    let folder = Folder::good();
    folder.change("streams/notes.json", |fixture| {
        let more = get("/notes?page=4&size=2", json!({ "notes": [], "last": true }));
        fixture["exchanges"].as_array_mut().expect("a list").push(more);
    });
    let report = patchbay_check::run(&stage, folder.path()).await;
    assert!(findings(&report, "streams/notes", rule)[0].what.contains("nobody asked for"));
    let folder = Folder::good();
    folder.text("streams/notes.json", "{ \"fixture\": 1, \"exchanges\": [{ \"request\": 7 }] }");
    let report = patchbay_check::run(&stage, folder.path()).await;
    let found = findings(&report, "fixtures", "each can be read and belongs to something");
    assert!(found[0].what.contains("exchanges[0].request"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_makes_the_wrong_case_is_red_and_a_deviation_needs_a_reason() {
    let stage = stage().await;
    let folder = Folder::good();
    folder.change("identify.json", |fixture| fixture["exchanges"][0]["answer"] = json!({ "status": 403, "body": {} }));
    let report = patchbay_check::run(&stage, folder.path()).await;
    assert!(findings(&report, "identify", "tells whose account it is")[0].what.contains("permission-denied"));
    let folder = Folder::of("hasty");
    let deviations: String = ["403", "404", "409", "429", "5xx"]
        .iter()
        .map(|when| format!("[[deviation]]\nwhen = \"{when}\"\nis = \"auth-required\"\nreason = \"the sheet\"\n"))
        .collect();
    folder.text("check.toml", &deviations);
    let report = patchbay_check::run(&stage, folder.path()).await;
    assert_eq!(failed(&report), Vec::<String>::new(), "{}", report.text());
    folder.text("check.toml", "[[deviation]]\nwhen = \"403\"\nis = \"ok\"\nreason = \"\"\n");
    let report = patchbay_check::run(&stage, folder.path()).await;
    let found = findings(&report, "fixtures", "each can be read and belongs to something");
    assert!(found[0].what.contains("no reason"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_manifest_does_not_grant_or_point_to_is_a_finding() {
    let (stage, folder) = (stage().await, Folder::good());
    let narrow = manifest(|text| *text = text.replace("\"/notes\", ", ""));
    let stage = stage.with_manifest(narrow);
    let report = patchbay_check::run(&stage, folder.path()).await;
    let found = findings(&report, "streams/notes", "reads to its end");
    assert!(found[0].what.contains("the gate refuses") && found[0].what.contains("paths = "), "{found:?}");
    let keyless = manifest(|text| *text = text.replace("key = [\"/id\"]", "key = [\"/number\"]"));
    let stage = stage.with_manifest(keyless);
    let report = patchbay_check::run(&stage, folder.path()).await;
    let found = findings(&report, "streams/notes", "pages keep their bounds and records their keys");
    assert!(found[0].what.contains("/number"), "{found:?}");
    let labels = manifest(|text| *text = text.replace("label = \"/title\"", "label = \"/naam\""));
    let stage = stage.with_manifest(labels);
    let report = patchbay_check::run(&stage, folder.path()).await;
    assert!(findings(&report, "pickers/notes", "its pointers lead into the records")[0].what.contains("`label`"));
    let loose =
        manifest(|text| *text = text.replace("\"text\": { \"type\": \"string\", \"minLength\": 1 }", "\"text\": {}"));
    let stage = stage.with_manifest(loose);
    let report = patchbay_check::run(&stage, folder.path()).await;
    let rule = "a payload with a wrong type is refused before anything leaves";
    assert!(findings(&report, "actions/note", rule)[0].what.contains("`text` may be anything"));
    let by_key = manifest(|text| *text = text.replace("idempotency = \"find\"", "idempotency = \"key\""));
    let stage = stage.with_manifest(by_key);
    let report = patchbay_check::run(&stage, folder.path()).await;
    assert!(!failed(&report).iter().any(|found| found.contains("writes in declared steps")), "the key is in the body");
    let folder = Folder::of("unkeyed");
    folder.change("actions/note.json", |fixture| fixture["exchanges"][0]["request"]["body"]["key"] = "".into());
    let report = patchbay_check::run(&stage, folder.path()).await;
    let found = findings(&report, "actions/note", "writes in declared steps");
    assert!(found[0].what.contains("idempotency key"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_a_host_would_refuse_is_a_finding() {
    let (stage, folder) = (stage().await, Folder::good());
    folder.change("actions/note.json", |fixture| fixture["call"]["push"]["payload"] = json!({ "text": 7 }));
    let report = patchbay_check::run(&stage, folder.path()).await;
    findings(&report, "actions/note", "its item fits payload, target and attachments");
    folder.change("actions/note.json", |fixture| {
        fixture["call"]["push"]["payload"] = json!({ "text": "Bel de klant" });
        fixture["call"]["push"]["attachments"] = json!([{ "name": "a", "media-type": "text/plain", "text": "x" }]);
    });
    let report = patchbay_check::run(&stage, folder.path()).await;
    let found = findings(&report, "actions/note", "its item fits payload, target and attachments");
    assert!(found[0].what.contains("takes none"), "{found:?}");
}
