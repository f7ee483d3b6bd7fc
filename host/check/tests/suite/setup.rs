//! The connectors of `tests/offender` and `tests/guests`, packed, and a folder of fixtures for the first.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use patchbay_check::{Check, Compiled, Report, Stage, State};
use patchbay_egress::EgressConfig;
use patchbay_model::{
    ManualClock,
    manifest::{Manifest, parse},
    package,
};
use serde_json::{Value, json};

/// This crate's own compile child.
const WORKER: &str = env!("CARGO_BIN_EXE_patchbay-check-compile-worker");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A component that misbehaves for these tests.
#[derive(Clone, Copy)]
struct Guest {
    folder: &'static str,
    package: &'static str,
    file: &'static str,
    /// The variable that names it where it is built already.
    variable: &'static str,
}

const OFFENDER: Guest = Guest {
    folder: "tests/offender",
    package: "patchbay-test-offender",
    file: "patchbay_test_offender.wasm",
    variable: "PATCHBAY_OFFENDER",
};

/// The guests of the engine's tests: what they do is the name of the stream that they are asked for.
const HOSTILE: Guest = Guest {
    folder: "tests/guests",
    package: "patchbay-guests",
    file: "patchbay_guests.wasm",
    variable: "PATCHBAY_HOSTILE",
};

impl Guest {
    /// Its component, built here when it is missing or older than its sources.
    fn component(self) -> Vec<u8> {
        fs::read(self.path()).expect("the guest is readable")
    }

    fn path(self) -> PathBuf {
        #[expect(clippy::disallowed_methods, reason = "a test's own input, not the host's")]
        if let Some(named) = std::env::var_os(self.variable) {
            return PathBuf::from(named);
        }
        let target = Path::new(WORKER).ancestors().nth(2).expect("a target folder");
        let built = target.join("wasm32-wasip2/connector").join(self.file);
        // Marks the last build, because cargo leaves a file alone that it would only make again.
        let mark = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-built", self.package));
        if !built.exists() || !self.is_older(&mark) {
            let done = Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--package", self.package, "--target", "wasm32-wasip2"])
                .args(["--profile", "connector", "--target-dir"])
                .arg(target)
                .current_dir(root())
                .status();
            assert!(done.is_ok_and(|status| status.success()), "{} does not build", self.package);
            fs::write(&mark, b"").expect("a mark");
        }
        built
    }

    /// Whether every source of it was written before `mark`.
    fn is_older(self, mark: &Path) -> bool {
        let changed = |path: PathBuf| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
        let Some(built) = changed(mark.to_owned()) else { return false };
        let folder = root().join(self.folder);
        let sources = fs::read_dir(folder.join("src")).expect("a folder of sources");
        sources
            .map(|source| source.expect("a source").path())
            .chain([folder.join("Cargo.toml")])
            .all(|path| changed(path).is_some_and(|time| time <= built))
    }
}

/// The offender's component.
fn component() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| OFFENDER.component())
}

/// Its manifest, after `change`.
pub(crate) fn manifest(change: impl FnOnce(&mut String)) -> Manifest {
    manifest_of(OFFENDER, change)
}

fn manifest_of(guest: Guest, change: impl FnOnce(&mut String)) -> Manifest {
    let mut text = fs::read_to_string(root().join(guest.folder).join("connector.toml")).expect("a manifest");
    change(&mut text);
    parse::parse(&text, &|_| None).expect("a manifest that is right")
}

/// The connector with this manifest, ready to be tried.
pub(crate) async fn stage_of(manifest: &Manifest, egress: EgressConfig) -> Stage {
    stage_with(component(), manifest, egress).await
}

/// A hostile guest as a connector with one stream, whose name is what it does.
pub(crate) async fn hostile(deed: &str) -> Stage {
    let manifest = manifest_of(HOSTILE, |text| *text = text.replace("name = \"chosen\"", &format!("name = {deed:?}")));
    stage_with(&HOSTILE.component(), &manifest, EgressConfig::default()).await
}

async fn stage_with(component: &[u8], manifest: &Manifest, egress: EgressConfig) -> Stage {
    let packed = package::pack(component, manifest).expect("packed");
    let clock = Arc::new(ManualClock::default());
    let compiled = Compiled::once().expect("a folder");
    Stage::build(&packed, vec![OsString::from(WORKER)], compiled, egress, clock).await.expect("a stage")
}

pub(crate) async fn stage() -> Stage {
    stage_of(&manifest(|_| {}), EgressConfig::default()).await
}

/// A folder of fixtures that is gone with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// All that the connector needs, as it should be.
    pub(crate) fn good() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.write("context.json", &json!({ "now": "2026-11-21T10:00:00Z" }));
        folder.write(
            "identify.json",
            &json!({
                "fixture": 1,
                "call": { "identify": {} },
                "exchanges": [get("/me", json!({ "id": 7, "name": "Kantoor Claes" }))]
            }),
        );
        folder.write(
            "streams/notes.json",
            &json!({
                "fixture": 1,
                "call": { "read": { "stream": "notes", "page-hint": 2 } },
                "exchanges": [
                    notes(1, &[1, 2], false),
                    notes(2, &[3, 4], false),
                    notes(3, &[5], true)
                ]
            }),
        );
        folder.write(
            "pickers/folders.json",
            &json!({
                "fixture": 1,
                "call": { "pick": { "picker": "folders", "query": "cl" } },
                "exchanges": [get("/folders?q=cl", json!([{ "id": 3, "name": "Claes" }]))]
            }),
        );
        folder.write(
            "actions/note.json",
            &json!({
                "fixture": 1,
                "call": { "push": { "action": "note", "payload": { "text": "Bel de klant" } } },
                "exchanges": [posted()]
            }),
        );
        for (word, found) in [("found", json!([{ "id": 41 }])), ("absent", json!([]))] {
            folder.write(&format!("actions/note.{word}.json"), &json!({
                "fixture": 1,
                "call": { "find": { "action": "note", "payload": { "text": "Bel de klant" }, "step": "note", "expects": word } },
                "exchanges": [get("/notes/search?key=note2222222222222222222222", found)]
            }));
        }
        folder
    }

    /// The same for a connector that commits this offence.
    pub(crate) fn of(offence: &str) -> Self {
        let folder = Self::good();
        folder.write("context.json", &json!({ "context": { "config": { "offence": offence } } }));
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, file: &str, value: &Value) {
        self.text(file, &value.to_string());
    }

    pub(crate) fn text(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.path().join(file)).expect("removed");
    }

    /// Changes a file.
    pub(crate) fn change(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let text = fs::read_to_string(self.path().join(file)).expect("a file");
        let mut value = serde_json::from_str(&text).expect("JSON");
        change(&mut value);
        self.write(file, &value);
    }
}

pub(crate) fn get(path: &str, body: Value) -> Value {
    let url = format!("https://api.offender.example{path}");
    json!({ "request": { "method": "GET", "url": url }, "answer": { "body": body } })
}

pub(crate) fn notes(page: u32, ids: &[u32], last: bool) -> Value {
    let note =
        |id: &u32| json!({ "id": id, "title": format!("Gesprek met Els Claes {id}"), "mail": "els@claes.example" });
    let all: Vec<Value> = ids.iter().map(note).collect();
    get(&format!("/notes?page={page}&size=2"), json!({ "notes": all, "last": last }))
}

pub(crate) fn posted() -> Value {
    json!({
        "request": {
            "method": "POST", "url": "https://api.offender.example/notes", "effect": "write", "step": "note",
            "body": { "text": "Bel de klant", "key": "note2222222222222222222222" }
        },
        "answer": { "status": 201, "body": { "id": 41, "title": "Bel de klant" } }
    })
}

/// Failed checks, as `of: rule`.
pub(crate) fn failed(report: &Report) -> Vec<String> {
    let failed = report.checks.iter().filter(|check| check.state == State::Failed);
    failed.map(|Check { of, rule, .. }| format!("{of}: {rule}")).collect()
}
