//! Each rule is broken once, and the suite names it.

use patchbay_check::{
    Check, State,
    perform::{Ask, Provider, perform},
};

use crate::setup::{Folder, failed, hostile, stage};

const ENDS: &str = "streams/notes: reads to its end";
const ROWS: &str = "errors come out as the right case";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_as_it_should_be_passes_every_check() {
    let (stage, folder) = (stage().await, Folder::good());
    let report = patchbay_check::run(&stage, folder.path()).await;
    assert!(report.passed(), "{}", report.text());
    assert!(report.checks.len() > 25, "{}", report.text());
    assert_eq!((report.figures.records, report.figures.read_requests), (5, 3));
    assert!(report.figures.memory_bytes > 0 && report.figures.host_calls > 0, "{:?}", report.figures);
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["checks"][0]["state"], "passed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_offence_is_named_by_its_rule() {
    let stage = stage().await;
    for (offence, rule) in [
        ("elsewhere", ENDS),
        ("own-credential", ENDS),
        ("endless", ENDS),
        ("greedy", "streams/notes: pages keep their bounds and records their keys"),
        ("forgetful", "streams/notes: resumes from each cursor in a fresh instance"),
        ("strict", "streams/notes: survives an unknown field in every object"),
        ("hasty", &format!("identify: {ROWS}")),
        ("hasty", &format!("streams/notes: {ROWS}")),
        ("hasty", &format!("pickers/folders: {ROWS}")),
        ("hasty", &format!("actions/note: {ROWS}")),
        ("impatient", &format!("streams/notes: {ROWS}")),
        ("trusting", &format!("streams/notes: {ROWS}")),
        ("deaf", "streams/notes: stops when it is told to, and goes on from there"),
        ("talkative", "words: no credential and no personal data in logs and errors"),
        ("quoting", "words: no credential and no personal data in logs and errors"),
        ("obliging", "manifest: what it does not have is refused"),
        ("boastful", "streams/notes: the discovered schema describes its records"),
        ("twice", "actions/note: writes in declared steps"),
        ("silent", "actions/note: writes in declared steps"),
        ("seeing", "actions/note.absent: what was not written is not found"),
        ("blind", &format!("actions/note.found: {ROWS}")),
        ("hungry", "limits: memory is a quarter below what the manifest asks for"),
    ] {
        let folder = Folder::of(offence);
        if offence == "silent" {
            folder.change("actions/note.json", |fixture| {
                fixture["exchanges"][0]["request"]["effect"] = "repeatable".into();
                fixture["exchanges"][0]["request"].as_object_mut().expect("a request").remove("step");
            });
        }
        let report = patchbay_check::run(&stage, folder.path()).await;
        assert!(
            failed(&report).iter().any(|found| found == rule),
            "{offence} is not named by {rule}:\n{}",
            report.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_attempt_that_writes_again_is_named() {
    let (stage, folder) = (stage().await, Folder::of("twice"));
    folder.change("actions/note.json", |fixture| {
        let mut first = fixture["exchanges"][0].clone();
        first["request"]["step"] = "note-1".into();
        fixture["exchanges"] = serde_json::json!([first]);
    });
    let report = patchbay_check::run(&stage, folder.path()).await;
    let rule = "actions/note: a second attempt is a duplicate: same object, no new write";
    assert!(failed(&report).iter().any(|found| found == rule), "{}", report.text());
}

/// The functions of the sandbox have numbers at best; where its author has to look is in what it said last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_that_breaks_down_is_quoted_where_it_did() {
    let (stage, folder) = (hostile("trap").await, Folder::good());
    folder.write(
        "streams/trap.json",
        &serde_json::json!({ "fixture": 1, "call": { "read": { "stream": "trap" } }, "exchanges": [] }),
    );
    let report = patchbay_check::run(&stage, folder.path()).await;
    let broken = |check: &&Check| check.of == "streams/trap" && check.state == State::Failed;
    let check = report.checks.iter().find(broken).expect("a stream that breaks down does not pass");
    let what = check.findings.first().map(|finding| finding.what.clone()).unwrap_or_default();
    let (reason, said) = what.split_once("\nit said last:\n").unwrap_or((&what, ""));
    assert!(reason.starts_with("a trap: ") && reason.contains("unreachable"), "{what}");
    assert!(said.contains("misbehave.rs:") && said.contains("on purpose"), "the panic's place and its text:\n{what}");
    assert!(said.lines().count() <= 5, "{what}");
    assert!(report.text().contains("\n    on purpose"), "{}", report.text());

    // Who called it to see what it does reads that first, and the trap behind it.
    let ask = Ask::Read { stream: "trap".to_owned(), pages: None };
    let provider = Provider::Recorded { folder: folder.path(), fixture: None };
    let failure = perform(&stage, &ask, &provider).await.expect("it was called").failure.expect("it breaks down");
    let detail = failure.detail.unwrap_or_default();
    let (said, reason) = detail.rsplit_once('\n').unwrap_or_default();
    assert!(said.starts_with("it said last:\n") && said.contains("misbehave.rs:"), "{detail}");
    assert!(reason.starts_with('(') && reason.contains("unreachable"), "{detail}");
}
