//! Bad components and bad children: a clear error each, and a host that goes on.

use std::{
    ffi::OsString,
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use patchbay_engine::{Engine, EngineConfig, LoadError};
use patchbay_model::{
    Code, Failure,
    contract::{ConnectorError, Context},
};

use crate::setup::{Run, WORKER, config, digest, guests, item};

/// What a component comes to in an engine of its own, with the real compile child.
async fn load(component: &[u8]) -> Result<(), LoadError> {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::build(config(folder.path())).expect("an engine");
    let loaded = engine.load(&digest(component), component).await.map(drop);
    engine.load(&digest(EMPTY), EMPTY).await.expect("the engine goes on");
    loaded
}

/// What the guests come to with this shell script as the compile child.
async fn with_child(script: &str) -> LoadError {
    let folder = tempfile::tempdir().expect("a folder");
    let compiler: Vec<OsString> = vec!["/bin/sh".into(), "-c".into(), script.into()];
    let engine = Engine::build(EngineConfig { compiler, ..config(folder.path()) }).expect("an engine");
    engine.load(&digest(guests()), guests()).await.expect_err("an error")
}

/// A component without anything in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

#[tokio::test]
async fn what_is_no_component_is_told_apart_before_any_child() {
    let wrong = load(b"MZ").await.expect_err("an error");
    assert!(matches!(wrong, LoadError::NotAComponent), "{wrong}");
    let core = load(b"\0asm\x01\0\0\0").await.expect_err("an error");
    assert!(matches!(core, LoadError::CoreModule), "{core}");
    assert!(core.fault().person.contains("wasm32-wasip2"));
    for compiled in [b"\x7fELF\x02\x01\x01\xc8".as_slice(), b"patchbay-cwasm-2"] {
        let wrong = load(compiled).await.expect_err("an error");
        assert!(matches!(wrong, LoadError::CompiledCode), "{wrong}");
        assert_eq!(wrong.fault().code, Code::CompiledCode);
    }
    let large = load(&vec![0; 16 * 1024 * 1024 + 1]).await.expect_err("an error");
    assert_eq!(large.fault().code, Code::ComponentTooLarge);
}

#[tokio::test]
async fn bytes_of_another_digest_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::build(config(folder.path())).expect("an engine");
    let wrong = engine.load(&digest(b"other"), EMPTY).await.expect_err("an error");
    assert!(matches!(wrong, LoadError::OtherBytes { .. }), "{wrong}");
}

#[tokio::test]
async fn garbage_behind_a_good_header_says_what_the_compiler_says() {
    let wrong = load(&[EMPTY, &[0xff; 100]].concat()).await.expect_err("an error");
    assert!(matches!(&wrong, LoadError::Compile(text) if !text.is_empty()), "{wrong}");
    let cut = load(&guests()[..guests().len() / 2]).await.expect_err("an error");
    assert!(matches!(cut, LoadError::Compile(_)), "{cut}");
}

#[tokio::test]
async fn components_nested_two_thousand_deep_leave_the_host_as_it_was() {
    let mut nested = EMPTY.to_vec();
    for _ in 0..2_000 {
        let mut outer = EMPTY.to_vec();
        outer.push(4);
        outer.extend(leb128(nested.len()));
        outer.extend(nested);
        nested = outer;
    }
    // Whether the compiler takes it is the compiler's matter; `load` asserts that the engine goes on.
    if let Err(wrong) = load(&nested).await {
        assert!(matches!(wrong, LoadError::Compile(_) | LoadError::CompileLimit(_)), "{wrong}");
    }
}

#[test]
fn the_child_limits_itself_before_it_reads_a_byte() {
    let mut child = Command::new(WORKER).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a child");
    let limits = format!("/proc/{}/limits", child.id());
    let limited = |text: &str, name: &str, to: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().filter(|word| *word == to).count() == 2
    };
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let text = fs::read_to_string(&limits).expect("the limits of a child that waits for its component");
        // The last one that is set before it reads.
        if limited(&text, "Max file size", "0") {
            assert!(limited(&text, "Max address space", "2147483648"), "{text}");
            assert!(limited(&text, "Max core file size", "0"), "{text}");
            assert!(limited(&text, "Max open files", "16"), "{text}");
            // It steps back, so that those who are served are not made to wait by what is installed.
            let (own, its) = (niceness("self"), niceness(&child.id().to_string()));
            assert!(its == (own + 10).min(19), "{its} beside {own}");
            break;
        }
        assert!(Instant::now() < patience, "{text}");
        std::thread::yield_now();
    }
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("an end").code(), Some(2), "nothing at all is no component");
}

/// Field 19 of `stat` (proc(5)); the name in field 2 may hold anything.
fn niceness(process: &str) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    let rest = stat.rsplit_once(')').expect("its name").1;
    rest.split_whitespace().nth(16).and_then(|word| word.parse().ok()).expect("a number")
}

#[tokio::test]
async fn another_contract_version_is_named_with_the_one_that_is_spoken() {
    let other = replaced(guests(), "@0.1.0", "@0.2.0");
    let wrong = load(&other).await.expect_err("an error");
    let LoadError::Contract { found } = &wrong else { panic!("{wrong}") };
    assert!(found.starts_with("patchbay:connector/") && found.ends_with("@0.2.0"), "{found}");
    assert_eq!(wrong.fault().code, Code::ContractUnsupported);
    assert!(wrong.fault().person.contains("0.1.x"));
}

#[tokio::test]
async fn a_component_without_push_answers_that_it_does_not_do_this() {
    let source = replaced(guests(), "patchbay:connector/push@0.1.0", "patchbay:connector/pusx@0.1.0");
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::build(config(folder.path())).expect("an engine");
    let component = engine.load(&digest(&source), &source).await.expect("a component");
    let exports = engine.probe(&component).await.expect("it starts");
    assert_eq!((exports.auth, exports.fetch, exports.push), (true, true, false));
    let mut instance = engine.open(&component, Run::new().scope()).await.expect("an instance");
    let failure = instance.push(&Context::default(), &item("x")).await.expect_err("a failure");
    assert!(matches!(failure, Failure::Connector(ConnectorError::Unsupported(_))), "{failure:?}");
    assert!(instance.identify(&Context::default()).await.is_ok());
}

#[tokio::test]
async fn a_child_that_dies_floods_or_is_missing_is_an_error_of_its_own() {
    let dead = with_child("kill -9 $$").await;
    assert!(matches!(dead, LoadError::CompileLimit(_)), "{dead}");
    let flood = with_child("cat /dev/zero").await;
    assert!(matches!(&flood, LoadError::CompileLimit(text) if text.contains("larger than")), "{flood}");
    let silent = with_child("cat > /dev/null").await;
    assert!(matches!(silent, LoadError::Child(_)), "{silent}");
    let folder = tempfile::tempdir().expect("a folder");
    let compiler = vec![OsString::from("/nowhere/patchbay")];
    let engine = Engine::build(EngineConfig { compiler, ..config(folder.path()) }).expect("an engine");
    let missing = engine.load(&digest(EMPTY), EMPTY).await.expect_err("an error");
    assert!(matches!(missing, LoadError::Child(_)), "{missing}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hangs_is_killed_after_twenty_seconds() {
    let before = tokio::time::Instant::now();
    let hung = with_child("exec sleep 1000").await;
    assert!(matches!(&hung, LoadError::CompileLimit(text) if text.contains("20 s")), "{hung}");
    assert!(before.elapsed() < Duration::from_secs(40));
}

#[tokio::test]
async fn a_child_gets_no_environment_of_the_host() {
    let said = with_child("cat > /dev/null; env >&2; exit 2").await;
    let LoadError::Compile(text) = &said else { panic!("{said}") };
    assert!(!text.contains("CARGO") && !text.contains("HOME="), "{text}");
}

fn leb128(mut size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(size & 0x7f).expect("seven bits");
        size >>= 7;
        if size == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The component with every `from` as `to`, which has to be as long.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|window| window == from.as_bytes()) {
        bytes[at + found..at + found + to.len()].copy_from_slice(to.as_bytes());
        at += found + to.len();
    }
    bytes
}
