//! What a guest can do wrong in any of its exports.

use std::hint::black_box;

use crate::{
    bindings::patchbay::connector::{blob, run, types::ConnectorError},
    info,
};

/// Does what `choice` says; comes back when it is none of these.
pub(crate) fn misbehave(choice: &str) -> Result<(), ConnectorError> {
    match choice.split_once(':').unwrap_or((choice, "")) {
        ("loop", _) => spin(),
        ("trap", _) => panic!("on purpose"),
        ("grow", _) => grow(),
        ("recurse", _) => {
            black_box(recurse(1));
        }
        ("flood-log", _) => flood_log(),
        ("flood-calls", _) => {
            for _ in 0..10_000_000_u32 {
                black_box(run::now_ms());
            }
        }
        ("flood-wasi", _) => {
            for _ in 0..10_000_000_u32 {
                #[expect(clippy::disallowed_methods, reason = "a guest does what it likes")]
                black_box(std::time::SystemTime::now());
            }
        }
        ("large-argument", _) => {
            blob::append("none", &vec![0; 13 * 1024 * 1024]);
        }
        ("handles", _) => hoard(),
        ("exit", _) => std::process::exit(3),
        ("sleep", _) => std::thread::sleep(std::time::Duration::from_secs(3_600)),
        ("fail", case) => return Err(fail(case)),
        _ => {}
    }
    Ok(())
}

fn spin() {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

fn grow() {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(black_box(vec![1; 1024 * 1024]));
    }
}

#[expect(unconditional_recursion, reason = "on purpose")]
fn recurse(n: u64) -> u64 {
    black_box(recurse(black_box(n + 1))) + 1
}

/// A gigabyte if anybody listened: escapes, forged lines, and a runtime's own output.
fn flood_log() {
    let message = format!("\u{1b}[2J\r\nERROR forged\u{202e}{}", "x".repeat(1_000));
    for _ in 0..10_000 {
        run::log(1, &message, &[("field\n".to_owned(), "\u{7}".to_owned())]);
        println!("{message}");
    }
}

/// Takes handles of the host and gives none back.
fn hoard() {
    #[cfg(target_family = "wasm")]
    for _ in 0..10_000_000_u32 {
        std::mem::forget(wasip2::clocks::monotonic_clock::subscribe_duration(1));
    }
}

fn fail(case: &str) -> ConnectorError {
    let mut info = info("it failed".to_owned());
    info.retry_after_ms = Some(1_500);
    info.http_status = Some(503);
    match case {
        "transient" => ConnectorError::Transient(info),
        "auth-required" => ConnectorError::AuthRequired(info),
        "long" => {
            info.message = "é".repeat(100_000);
            ConnectorError::Other(info)
        }
        _ => ConnectorError::Other(info),
    }
}
