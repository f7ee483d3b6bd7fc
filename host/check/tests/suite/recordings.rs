//! What is recorded of a live provider replays, and holds nothing that it should not.

use std::{collections::BTreeMap, fs, path::Path};

use patchbay_check::record::{Wanted, record};
use patchbay_egress::{EgressConfig, Rewrite};
use patchbay_model::{Secret, SeededRandom, Timestamp};
use serde_json::json;

use crate::{
    provider::Provider,
    setup::{manifest, stage_of},
};

const KEY: &str = "sk-live-5b1e77aa90cc4f6d8812";

fn all_text(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        text += &if path.is_dir() { all_text(&path) } else { fs::read_to_string(path).expect("a file") };
    }
    text
}

pub(crate) fn wanted() -> Wanted {
    let item = json!({ "action": "note", "payload": { "text": "Bel Jan Peeters terug" } });
    Wanted {
        auth: None,
        facts: BTreeMap::new(),
        secrets: BTreeMap::from([("key".to_owned(), Secret::new(KEY))]),
        account: None,
        settings: None,
        config: None,
        items: vec![serde_json::from_value(item).expect("an item")],
        pages: 3,
        page_hint: 2,
        keep_text: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_replays_and_holds_no_secret_and_nobody() {
    let (provider, address) = Provider::start(9).await;
    let rewrite = Rewrite { origin: "https://api.offender.example".to_owned(), connect: address, browser: None };
    let egress = EgressConfig { rewrite: vec![rewrite], ..EgressConfig::default() };
    let stage = stage_of(&manifest(|_| {}), egress).await;
    let out = tempfile::tempdir().expect("a folder");
    let now: Timestamp = "2026-11-21T10:00:00Z".parse().expect("a time");
    let recorded = record(&stage, &wanted(), now, &SeededRandom::new(3), out.path()).await.expect("recorded");
    assert_eq!(recorded.missing, Vec::<String>::new());
    assert!(provider.keys.lock().expect("a lock").iter().all(|key| key == KEY), "the gate filled the key in");
    let files: Vec<String> =
        recorded.files.iter().map(|file| file.strip_prefix(out.path()).expect("below").display().to_string()).collect();
    for file in [
        "context.json",
        "identify.json",
        "streams/notes.json",
        "pickers/folders.json",
        "actions/note.json",
        "actions/note.found.json",
        "actions/note.absent.json",
    ] {
        assert!(files.iter().any(|written| written == file), "{file} is not among {files:?}");
    }
    let text = all_text(out.path());
    for gone in [KEY, "Claes", "claes", "Vermeulen", "Peeters", "kantoor.be", "\"server\"", "connection"] {
        assert!(!text.contains(gone), "{gone} was written:\n{text}");
    }
    for stays in ["\"state\": \"open\"", "x-trace", "note2222222222222222222222", "\"pages\": 3"] {
        assert!(text.contains(stays), "{stays} was not written:\n{text}");
    }
    let report = patchbay_check::run(&stage, out.path()).await;
    assert!(report.passed(), "{}", report.text());
    assert_eq!(report.figures.records, 6, "three pages of two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_recorded_is_told_and_a_wrong_auth_ends_it() {
    // Nobody listens there.
    let rewrite = Rewrite {
        origin: "https://api.offender.example".to_owned(),
        connect: "http://127.0.0.1:9".to_owned(),
        browser: None,
    };
    let egress = EgressConfig { rewrite: vec![rewrite], ..EgressConfig::default() };
    let stage = stage_of(&manifest(|_| {}), egress).await;
    let out = tempfile::tempdir().expect("a folder");
    let random = SeededRandom::new(3);
    let nobody = record(&stage, &wanted(), Timestamp::default(), &random, out.path()).await.expect_err("nobody");
    assert!(nobody.to_string().starts_with("identify: transient"), "{nobody}");
    let other = Wanted { auth: Some("password".to_owned()), ..wanted() };
    let refused = record(&stage, &other, Timestamp::default(), &random, out.path()).await.expect_err("refused");
    assert!(refused.to_string().contains("auth method"), "{refused}");
    assert_eq!(fs::read_dir(out.path()).expect("a folder").count(), 0, "nothing was written");
}
