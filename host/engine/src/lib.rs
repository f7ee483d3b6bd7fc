//! The sandbox: components are compiled elsewhere, loaded from a sealed cache, and run with exactly the
//! powers that one run has.
//!
//! **What a guest can reach is one struct**, [`RunScope`]: a door to the connection's provider, a clock,
//! random bytes, a log with a budget, the step keys of its push, the blobs of its item, and how long and
//! how large it may be. Nothing else is linked: WASI is there because JavaScript and Python components
//! import it, with a context that denies everything (`wasi`).
//!
//! A component's way:
//!
//! 1. [`Engine::load`] looks into the cache (`cache`), whose entries carry a MAC under a key of this host.
//!    A miss starts the compile child (`compile`), because compiling hostile bytes is outside wasmtime's
//!    promise: the child has limits on time and memory and may die, this process may not.
//! 2. [`Engine::open`] takes a place in the pool and makes a fresh store with the run's limits (`limits`).
//! 3. Each call of [`Instance`] runs under clocks (`call`, `compute`, `slow_lane`): epochs stop code that computes, a timer stops
//!    code that waits. After anything but an answer of the connector the store is thrown away.
//!
//! The generated bindings do not leave `contract`; every other room sees the plain types of
//! [`patchbay_model::contract`].

mod artefact;
mod cache;
mod call;
mod capability;
mod code;
mod compile;
mod compute;
mod config;
mod contract;
mod engine;
mod error;
mod instance;
mod limits;
mod log;
mod registry;
mod scope;
mod slow_lane;
mod state;
mod ticker;
mod wasi;
mod worker;

pub use engine::{Engine, EngineConfig};
pub use error::{EngineError, LoadError};
pub use instance::{Figures, Instance};
pub use registry::Component;
pub use scope::{Blobs, LogSink, NoBlobs, NoLog, NoSteps, RunScope, Steps};
pub use worker::compile_worker;
