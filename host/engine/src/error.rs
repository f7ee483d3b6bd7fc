//! What can go wrong before a component runs.

use std::{io, path::PathBuf, time::Duration};

use patchbay_model::{Code, Fault};

/// The sandbox cannot be set up; the host does not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refuses its settings on this machine.
    #[error("wasmtime does not start with these settings: {0:#}")]
    Settings(wasmtime::Error),
    /// The folder of compiled components cannot be had.
    #[error("the cache folder {} cannot be used: {source}", folder.display())]
    Cache {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The thread that counts epochs did not start.
    #[error("the epoch thread does not start: {0}")]
    Ticker(io::Error),
    /// No compile child is named.
    #[error("no program is named that compiles components")]
    NoCompiler,
}

impl EngineError {
    /// For the person at the terminal.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::new(Code::Internal).operator(self)
    }
}

/// A component cannot be used. Each case says what its author or the operator can do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// These bytes are no WebAssembly.
    #[error("these bytes are not a WebAssembly component")]
    NotAComponent,
    /// A core module: it was built for another target or not wrapped.
    #[error("this is a core module; build it for the target wasm32-wasip2 or wrap it with wasm-tools component new")]
    CoreModule,
    /// Machine code: an executable, a library, or what another host compiled.
    #[error("this is compiled code; a host runs only what it compiled itself, from a component")]
    CompiledCode,
    /// More bytes than a component may have.
    #[error("the component has {size} bytes, {limit} are allowed")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The bytes are not those of the digest.
    #[error("the component's SHA-256 is {found}, not {wanted}")]
    OtherBytes {
        /// What was asked for.
        wanted: String,
        /// What the bytes have.
        found: String,
    },
    /// It speaks a contract that this host does not.
    #[error("the component was built for {found}; this host speaks patchbay:connector@0.1.x")]
    Contract {
        /// The interface it names, with its version.
        found: String,
    },
    /// The compiler refuses it.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// Compiling took more than it may.
    #[error("compiling it was stopped: {0}")]
    CompileLimit(String),
    /// The compile child could not be run at all: the host's fault.
    #[error("the compile child could not be run: {0}")]
    Child(String),
    /// It imports what the host does not have, or does not fit a place in the pool.
    #[error("it cannot be linked ({0}); this host offers patchbay:connector@0.1.x and WASI 0.2")]
    Link(String),
    /// It did not start.
    #[error("it did not start: {0}")]
    Start(String),
}

impl LoadError {
    pub(crate) fn cpu_time(limit: Duration) -> Self {
        Self::CompileLimit(format!("it took more than {} s", limit.as_secs()))
    }

    /// For the person who installs it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let code = match self {
            Self::NotAComponent => Code::NotAComponent,
            Self::CoreModule => Code::CoreModule,
            Self::CompiledCode => Code::CompiledCode,
            Self::TooLarge { .. } => Code::ComponentTooLarge,
            Self::OtherBytes { .. } | Self::Child(_) => Code::ReleaseUnusable,
            Self::Contract { .. } => Code::ContractUnsupported,
            Self::Compile(_) | Self::CompileLimit(_) => Code::CompileFailed,
            Self::Link(_) | Self::Start(_) => Code::ProbeFailed,
        };
        Fault::because(code, format!("{}: {self}", code.title()))
    }
}
