//! Components that were built against each released version of the contract, kept as they were: they load and work for
//! ever, in every later host.
//!
//! `golden/VERSION/NAME.wasm.gz` is a packaged connector, and `golden/digests.txt` says which bytes it has. `cargo xtask
//! golden FILE NAME` adds one. Nothing of it is ever built again: that a component still builds is the SDKs' matter, that
//! one from years ago still runs is this one's. So the manifest inside, its signature message, the custom section and the
//! WASI versions that its toolchain imported are kept with it.
//!
//! The example connector (`sdk/example`) is there in each language, and does the same in each.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::read::GzDecoder;
use patchbay_model::{
    contract::{Exports, Item, Page, Position, PushOutcome, ReadRequest},
    package,
};
use serde_json::{Value, json};

use crate::{host::Host, provider::Book};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// A kept component.
fn kept(version: &str, name: &str) -> Vec<u8> {
    unpacked(&folder().join(version).join(format!("{name}.wasm.gz")))
}

fn unpacked(path: &Path) -> Vec<u8> {
    let packed = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).expect("gzip");
    bytes
}

/// `VERSION/NAME` and digest, as `digests.txt` says.
fn listed() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("digests.txt")).expect("digests.txt");
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(digest, place)| (place.to_owned(), digest.to_owned())).collect()
}

#[test]
fn no_kept_component_is_ever_replaced_or_removed() {
    let mut found = BTreeMap::new();
    for version in fs::read_dir(folder()).expect("golden/").map(|entry| entry.expect("an entry").path()) {
        if !version.is_dir() {
            continue;
        }
        for file in fs::read_dir(&version).expect("a version").map(|entry| entry.expect("an entry").path()) {
            let name = file.file_name().and_then(|name| name.to_str()?.strip_suffix(".wasm.gz")).expect("NAME.wasm.gz");
            let version = version.file_name().expect("a name").to_string_lossy();
            found.insert(format!("{version}/{name}"), package::digest(&unpacked(&file)));
        }
    }
    assert_eq!(found, listed());
}

#[test]
fn every_released_version_has_components_of_its_own() {
    for version in package::SPOKEN {
        let names: Vec<String> =
            listed().into_keys().filter_map(|place| Some(place.strip_prefix(version)?.to_owned())).collect();
        for language in LANGUAGES {
            assert!(names.contains(&format!("/{language}")), "{version} has no {language}: {names:?}");
        }
    }
    for place in listed().into_keys() {
        let (version, name) = place.split_once('/').expect("VERSION/NAME");
        let inspected = package::inspect(&kept(version, name), package::Limits::default());
        assert_eq!(inspected.map(|inspected| inspected.contract).as_deref(), Ok(version), "{place}");
    }
}

/// The languages of the SDKs.
const LANGUAGES: &[&str] = &["rust", "js", "python"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_example_of_0_1_0_works() {
    the_example_works(&kept("0.1.0", "rust")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_example_of_0_1_0_works() {
    the_example_works(&kept("0.1.0", "js")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_example_of_0_1_0_works() {
    the_example_works(&kept("0.1.0", "python")).await;
}

/// Says whose it is, reads both streams to their end, writes a note and finds it again.
async fn the_example_works(packaged: &[u8]) {
    let host = Host::of(packaged).await;
    assert_eq!(host.exports, Exports { auth: true, fetch: true, push: true });
    let ctx = host.context();
    let mut instance = host.reading().await;
    let identity = instance.identify(&ctx).await.expect("an identity");
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("7", "Kantoor Voorbeeld"));
    assert_eq!(identity.login.as_deref(), Some("els@voorbeeld.example"));

    let first = instance.read(&ctx, &request("notes", None)).await.expect("a page");
    assert_eq!(ids(&first), [json!(101), json!(102)]);
    let Position::More(cursor) = &first.position else { panic!("{:?}", first.position) };
    // As after a crash of the host: another instance goes on where the first one was.
    let mut instance = host.reading().await;
    let second = instance.read(&ctx, &request("notes", Some(cursor))).await.expect("a page");
    assert_eq!(ids(&second), [json!(103)]);
    assert!(matches!(second.position, Position::End(_)), "{:?}", second.position);
    let notebooks = instance.read(&ctx, &request("notebooks", None)).await.expect("a page");
    assert_eq!(ids(&notebooks), [json!("nb-1")]);
    assert!(matches!(notebooks.position, Position::Complete(_)), "{:?}", notebooks.position);

    let book = Arc::new(Book::default());
    let mut instance = host.writing(&book).await;
    let outcome = instance.push(&ctx, &item()).await.expect("an outcome");
    let PushOutcome::Created(object) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((object.id.as_str(), object.url.as_deref()), ("501", Some("https://notebook.example/notes/501")));
    assert_eq!(book.answered(), ["create"]);
    let found = instance.find(&ctx, &item(), "create", 1_795_255_200_000).await.expect("an answer");
    assert_eq!(found.map(|object| object.id).as_deref(), Some("501"));
}

/// A connector that only reads has no `push`, which no world of a language can say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_0_1_0_without_push_works() {
    let host = Host::of(&kept("0.1.0", "rust-reader")).await;
    assert_eq!(host.exports, Exports { auth: true, fetch: true, push: false });
    let mut instance = host.reading().await;
    let identity = instance.identify(&host.context()).await.expect("an identity");
    assert_eq!(identity.id, "7");
    let page = instance.read(&host.context(), &request("notes", None)).await.expect("a page");
    assert_eq!(ids(&page).len(), 2);
}

/// It imports files, sockets, names and the environment of WASI, asks for all of them, and is given nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_0_1_0_that_looks_around_in_wasi_works() {
    let host = Host::of(&kept("0.1.0", "rust-wasi")).await;
    let imports = host.inspected.imports.join(" ");
    for interface in ["wasi:filesystem/", "wasi:sockets/", "wasi:cli/environment", "wasi:clocks/"] {
        assert!(imports.contains(interface), "{interface}: {imports}");
    }
    let mut instance = host.reading().await;
    let page = instance.read(&host.context(), &request("report", None)).await.expect("a page");
    let seen: Vec<Value> = serde_json::from_slice(&page.records).expect("records");
    for nothing in ["root", "file", "address", "listener", "datagram", "name"] {
        assert_eq!(seen[0][nothing], json!(false), "{nothing}");
    }
}

fn request(stream: &str, cursor: Option<&Vec<u8>>) -> ReadRequest {
    ReadRequest { stream: stream.to_owned(), cursor: cursor.cloned(), page_hint: 100, since_ms: None }
}

fn item() -> Item {
    Item {
        action: "note".to_owned(),
        key: "meeting-1".to_owned(),
        target: br#"{"id":"nb-1"}"#.to_vec(),
        payload: br#"{"text":"Call back on Monday."}"#.to_vec(),
        attachments: Vec::new(),
        attempt: 1,
        ext: Vec::new(),
    }
}

fn ids(page: &Page) -> Vec<Value> {
    let records: Vec<Value> = serde_json::from_slice(&page.records).expect("records");
    records.into_iter().map(|mut record| record["id"].take()).collect()
}
