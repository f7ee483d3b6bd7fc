//! Compiled once, loaded many times, and never from bytes that are not ours.

use std::{fs, path::Path, sync::Arc};

use patchbay_engine::{Component, Engine, EngineConfig};
use patchbay_model::contract::{Context, Exports};
use tempfile::TempDir;

use crate::setup::{Run, WORKER, config, digest, guests, request};

/// A cache folder, and a compile child that leaves a mark each time it is started.
struct Counted {
    folder: TempDir,
}

impl Counted {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn config(&self) -> EngineConfig {
        let script = "echo started >> \"$0\"; exec \"$1\"";
        let marks = self.folder.path().join("marks");
        let compiler = ["/bin/sh", "-c", script].map(Into::into).into_iter().chain([marks.into(), WORKER.into()]);
        EngineConfig { compiler: compiler.collect(), ..config(&self.folder.path().join("compiled")) }
    }

    fn children(&self) -> usize {
        fs::read_to_string(self.folder.path().join("marks")).unwrap_or_default().lines().count()
    }

    fn entry(&self) -> std::path::PathBuf {
        let entries = fs::read_dir(self.folder.path().join("compiled")).expect("a cache");
        let paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(paths.len(), 1, "{paths:?}");
        paths[0].clone()
    }
}

async fn load(config: EngineConfig) -> (Arc<Engine>, Arc<Component>) {
    let engine = Engine::build(config).expect("an engine");
    let component = engine.load(&digest(guests()), guests()).await.expect("a component");
    (engine, component)
}

#[tokio::test]
async fn a_second_host_on_the_same_cache_starts_no_child() {
    let counted = Counted::new();
    let (engine, component) = load(counted.config()).await;
    assert_eq!(engine.probe(&component).await.expect("it starts"), Exports { auth: true, fetch: true, push: true });
    drop((engine, component));
    let (engine, component) = load(counted.config()).await;
    assert_eq!(counted.children(), 1);
    let mut instance = engine.open(&component, Run::new().scope()).await.expect("an instance");
    assert!(instance.read(&Context::default(), &request("page:1")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_who_ask_at_once_start_one_child() {
    let counted = Counted::new();
    let engine = Engine::build(counted.config()).expect("an engine");
    let loads: Vec<_> = (0..10)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.load(&digest(guests()), guests()).await.expect("a component") })
        })
        .collect();
    let mut components = Vec::new();
    for load in loads {
        components.push(load.await.expect("a task"));
    }
    assert!(components.iter().all(|component| Arc::ptr_eq(component, &components[0])));
    assert_eq!(counted.children(), 1);
}

/// The guests with another custom section in front, as packing puts a manifest there.
fn packed(note: &[u8]) -> Vec<u8> {
    let (header, rest) = guests().split_at(8);
    let name = b"patchbay:manifest";
    let mut section =
        vec![0, u8::try_from(1 + name.len() + note.len()).expect("short"), u8::try_from(name.len()).expect("short")];
    section.extend_from_slice(name);
    section.extend_from_slice(note);
    [header, &section, rest].concat()
}

#[tokio::test]
async fn two_packages_of_one_code_are_compiled_once_and_stay_two() {
    let counted = Counted::new();
    let engine = Engine::build(counted.config()).expect("an engine");
    let (one, other) = (packed(br#"{"id":"a.one"}"#), packed(br#"{"id":"a.other"}"#));
    let (one_digest, other_digest) = (digest(&one), digest(&other));
    let (one, other) = tokio::join!(engine.load(&one_digest, &one), engine.load(&other_digest, &other));
    let (one, other) = (one.expect("a component"), other.expect("a component"));
    assert_eq!(counted.children(), 1);
    assert_eq!((one.digest(), other.digest()), (one_digest.as_str(), other_digest.as_str()));
    assert_eq!(counted.entry().extension().and_then(|end| end.to_str()), Some("cwasm"));
    let mut instance = engine.open(&other, Run::new().scope()).await.expect("an instance");
    assert!(instance.read(&Context::default(), &request("page:1")).await.is_ok());
    drop((instance, one, other, engine));
    let third = packed(br#"{"id":"a.third"}"#);
    let engine = Engine::build(counted.config()).expect("an engine");
    engine.load(&digest(&third), &third).await.expect("a component");
    assert_eq!(counted.children(), 1, "the cache knows the code of the third as well");
}

#[tokio::test]
async fn a_flipped_bit_in_the_code_is_compiled_again_and_never_mapped() {
    let counted = Counted::new();
    drop(load(counted.config()).await);
    let path = counted.entry();
    flip(&path, |bytes| bytes.len() / 2);
    let changed = fs::read(&path).expect("readable");
    let (engine, component) = load(counted.config()).await;
    assert_eq!(counted.children(), 2);
    assert_ne!(fs::read(counted.entry()).expect("readable"), changed, "the entry was not replaced");
    assert!(engine.probe(&component).await.is_ok());
}

#[tokio::test]
async fn an_entry_sealed_with_another_key_is_compiled_again() {
    let counted = Counted::new();
    drop(load(counted.config()).await);
    drop(load(EngineConfig { cache_key: [8; 32], ..counted.config() }).await);
    assert_eq!(counted.children(), 2);
}

#[tokio::test]
async fn what_cannot_be_mapped_is_never_sealed() {
    let counted = Counted::new();
    let script = "cat > /dev/null; echo nonsense";
    let compiler = ["/bin/sh", "-c", script].map(Into::into).to_vec();
    let engine = Engine::build(EngineConfig { compiler, ..counted.config() }).expect("an engine");
    assert!(engine.load(&digest(guests()), guests()).await.is_err());
    assert_eq!(fs::read_dir(counted.folder.path().join("compiled")).expect("a cache").count(), 0);
    drop(load(counted.config()).await);
    assert_eq!(counted.children(), 1);
}

fn flip(path: &Path, at: impl Fn(&[u8]) -> usize) {
    let mut bytes = fs::read(path).expect("readable");
    let at = at(&bytes);
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("writable");
}
