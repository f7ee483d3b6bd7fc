//! What a guest can do wrong in any of its exports.

use std::hint::black_box;

use crate::{
    bindings::patchbay::connector::{blob, http, run, types::ConnectorError},
    info, prying,
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
        ("mutual", _) => {
            black_box(ping(1));
        }
        ("flood-log", "gigabyte") => flood_gigabyte(),
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
        ("many-headers", n) => many_headers(n.parse().unwrap_or(0)),
        ("many-fields", n) => many_fields(n.parse().unwrap_or(0)),
        ("handles", _) => hoard(),
        ("sockets", _) => sockets(),
        ("polls", _) => polls(),
        ("zeroes", _) => zeroes(),
        ("ask", url) => {
            black_box(prying::send(&serde_json::json!({ "url": url })).is_ok());
        }
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

#[inline(never)]
fn ping(n: u64) -> u64 {
    if black_box(n) == 0 { 0 } else { black_box(pong(black_box(n + 1))) + 1 }
}

#[inline(never)]
fn pong(n: u64) -> u64 {
    if black_box(n) == 0 { 0 } else { black_box(ping(black_box(n + 1))) + 1 }
}

/// A request of so many headers that say nothing: small here, three times as large in the host.
fn many_headers(n: usize) {
    let request = http::Request {
        method: "GET".to_owned(),
        url: "https://wire.example/many".to_owned(),
        headers: vec![(String::new(), String::new()); n],
        body: http::Body::Empty,
        credential: http::Credential::Nothing,
        effect: http::Effect::Read,
        step: None,
        timeout_ms: None,
        into_blob: false,
        ext: Vec::new(),
    };
    black_box(http::send(&request).is_ok());
}

fn many_fields(n: usize) {
    run::log(1, "many", &vec![(String::new(), String::new()); n]);
}

/// Sockets of every kind; none is to become a descriptor of the host.
fn sockets() {
    #[cfg(target_family = "wasm")]
    for _ in 0..60_000_u32 {
        use wasip2::sockets::{network::IpAddressFamily, tcp_create_socket, udp_create_socket};
        black_box(tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).is_ok());
        black_box(udp_create_socket::create_udp_socket(IpAddressFamily::Ipv6).is_ok());
    }
}

/// Waits for the same thing a great many times at once.
fn polls() {
    #[cfg(target_family = "wasm")]
    {
        let far = wasip2::clocks::monotonic_clock::subscribe_duration(3_600_000_000_000);
        let all = vec![&far; 200_000];
        black_box(wasip2::io::poll::poll(&all).len());
    }
}

/// Has the host write zeroes that nobody has to send.
fn zeroes() {
    #[cfg(target_family = "wasm")]
    {
        let out = wasip2::cli::stdout::get_stdout();
        black_box(out.write_zeroes(1 << 40).is_ok());
        black_box(out.write_zeroes(u64::MAX).is_ok());
    }
}

/// A gigabyte if anybody listened.
fn flood_gigabyte() {
    let message = format!("\u{1b}[2J\r\nERROR forged\u{202e}{}", "x".repeat(11_000));
    for _ in 0..99_000_u32 {
        run::log(1, &message, &[]);
    }
}

/// Escapes, forged lines, and a runtime's own output.
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
        "escapes" => {
            info.message = "\u{1b}[2J\r\nERROR forged\u{202e}".to_owned();
            info.detail = Some("\u{1b}]0;title\u{7}".to_owned());
            ConnectorError::Other(info)
        }
        "long" => {
            info.message = "é".repeat(100_000);
            ConnectorError::Other(info)
        }
        _ => ConnectorError::Other(info),
    }
}
