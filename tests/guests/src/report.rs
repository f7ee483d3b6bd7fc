//! What a guest sees around itself, as a page of one record.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::bindings::patchbay::connector::run;

/// Everything that should not be there, tried; and what should be.
pub(crate) fn surroundings() -> String {
    #[expect(clippy::disallowed_methods, reason = "a guest tries what it likes")]
    let variables = std::env::vars().count();
    let arguments = std::env::args().count();
    let root = std::fs::read_dir("/").is_ok();
    let file = std::fs::write("left-behind", b"x").is_ok();
    let address = std::net::TcpStream::connect("127.0.0.1:80").is_ok();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").is_ok();
    let datagram = std::net::UdpSocket::bind("127.0.0.1:0").is_ok();
    let name = std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok();
    let before = std::time::Instant::now();
    let spun: u64 = (0..1_000_000_u64).map(std::hint::black_box).sum();
    let elapsed = before.elapsed().as_nanos();
    let random = run::random(2_000);
    format!(
        "[{{\"variables\":{variables},\"arguments\":{arguments},\"root\":{root},\"file\":{file},\
         \"address\":{address},\"listener\":{listener},\"datagram\":{datagram},\"name\":{name},\
         \"elapsed\":{elapsed},\"spun\":{spun},\"now\":{now},\"random\":{length},\"key\":{key:?}}}]",
        now = run::now_ms(),
        length = random.len(),
        key = run::step_key("note"),
    )
}

/// Works until it is asked to stop, then gives what it has.
pub(crate) fn wait_for_stop() -> String {
    run::progress(1, Some(2));
    while !run::should_stop() {
        // A pause without a clock: few enough calls to stay within the call's budget.
        for n in 0..1_000_000_u32 {
            std::hint::black_box(n);
        }
    }
    "[{\"stopped\":true}]".to_owned()
}

static CALLS: AtomicU32 = AtomicU32::new(0);

/// How many calls this instance has had.
pub(crate) fn calls_so_far() -> String {
    format!("[{{\"calls\":{}}}]", CALLS.fetch_add(1, Ordering::Relaxed) + 1)
}
