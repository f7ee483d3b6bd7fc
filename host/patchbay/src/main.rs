//! `patchbay`: the host in one binary, and the tools of people who build connectors or run the host.
//!
//! This crate reads the outside world (arguments, variables, files, signals), builds the rooms, and owns
//! their end. It decides nothing about connectors, credentials or records.

mod cli;
mod compiler;
mod config;
mod exit;
mod folder;
#[cfg(debug_assertions)]
mod hooks;
mod key_source;
mod lifecycle;
mod operator_key;
mod serve;
mod settings;
mod telemetry;

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Gives back what large pages took. The system's own kept some for each thread that ever had one: `host/decisions`, 20261123-d.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    // The compile child limits itself before it reads a hostile byte: no configuration, no runtime, no
    // parser of arguments may have run before.
    if std::env::args_os().nth(1).is_some_and(|command| command == compiler::WORKER) {
        return patchbay_engine::compile_worker();
    }
    #[cfg(debug_assertions)]
    if let Some(code) = hooks::compile_kept() {
        return code;
    }
    cli::run()
}
