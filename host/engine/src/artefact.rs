//! Compiled code, and the one place that maps it.

use wasmtime::{Engine, component::Component};

/// Compiled code whose origin is known: this host's compile child made it just now, or the cache checked
/// its MAC. There is no other way to one, and only such code is mapped.
pub(crate) struct Artefact(Vec<u8>);

impl Artefact {
    /// What the compile child wrote. A publisher's bytes never come here.
    pub(crate) fn of_child(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What the cache held, once its MAC was found right over exactly these bytes.
    pub(crate) fn of_checked_entry(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Makes compiled code runnable.
///
/// # Errors
///
/// wasmtime says that it was made for another version or with other settings.
#[expect(unsafe_code, reason = "mapping compiled code is what an engine does; only an Artefact gets here")]
pub(crate) fn map(engine: &Engine, artefact: &Artefact) -> wasmtime::Result<Component> {
    // SAFETY: `Component::deserialize` asks that the bytes are the unchanged output of
    // `Engine::precompile_component`. An `Artefact` is made in two places only: from the answer of our own
    // compile child, over a pipe that nobody else writes to, and from a cache entry whose HMAC under this
    // host's key was right over the bytes now in memory. wasmtime copies them; nobody can change them later.
    unsafe { Component::deserialize(engine, artefact.bytes()) }
}
